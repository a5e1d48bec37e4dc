with

children as (
    select * from {{ ref('stg_ees__children_looked_after__ceased') }}
),

-- One row: the children who ceased at 18, and beside them those who ceased at 16 and at 17.
counts as (
    select
        'ceased_at_18' as series_id,
        {{ row_columns() }},
        {%- set at_16 = sibling('number', "characteristic = '16 years'") %}
        {%- set at_17 = sibling('number', "characteristic = '17 years'") %}
        {{ cell(at_16) }} as at_16_cell,
        {{ cell(at_17) }} as at_17_cell,
        {{ cell('number') }} as at_18_cell,
        {{ is_corrected(['number', at_16, at_17]) }} as is_corrected
    from children
    where
        cla_group = 'Age on ceasing'
        and characteristic in ('16 years', '17 years', '18 years and over')
    qualify characteristic = '18 years and over'
),

final as (
    {{ ees_share_figures(
        'counts',
        numerator='at_18_cell',
        denominator=['at_16_cell', 'at_17_cell', 'at_18_cell']
    ) }}
)

select * from final

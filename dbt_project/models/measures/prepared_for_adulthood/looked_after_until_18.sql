with

children as (
    select * from {{ ref('stg_ees__children_looked_after__ceased') }}
),

-- One row: the children who ceased at 18, and beside them those who ceased at 16 and at 17.
counts as (
    select
        'ceased_at_18' as series_id,
        {{ row_columns() }},
        {%- set at_16 = other_part('ceased_at_18', 'at_16', 'number') %}
        {%- set at_17 = other_part('ceased_at_18', 'at_17', 'number') %}
        {{ cell(at_16) }} as at_16_cell,
        {{ cell(at_17) }} as at_17_cell,
        {{ cell('number') }} as at_18_cell,
        {{ is_corrected(['number', at_16, at_17]) }} as is_corrected
    from children
    qualify {{ series_rows('ceased_at_18', part='at_18') }}
),

final as (
    {{ ees_share_figures(
        'counts',
        numerator='at_18_cell',
        denominator=['at_16_cell', 'at_17_cell', 'at_18_cell']
    ) }}
)

select * from final

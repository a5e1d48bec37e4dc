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
        {{ part(at_16, 'at_16') }},
        {{ part(at_17, 'at_17') }},
        {{ part('number', 'at_18') }},
        {{ is_corrected(['number', at_16, at_17]) }} as is_corrected
    from children
    qualify {{ series_rows('ceased_at_18', part='at_18') }}
),

final as (
    {{ share_figures('counts', numerator='at_18', denominator=['at_16', 'at_17', 'at_18']) }}
)

select * from final

with

children as (
    select * from {{ ref('stg_ees__children_looked_after__placement_stability') }}
),

cells as (
    select
        'during_year' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=whole('during_year', 'number')
        ) }}
    from children
    qualify {{ series_rows('during_year') }}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

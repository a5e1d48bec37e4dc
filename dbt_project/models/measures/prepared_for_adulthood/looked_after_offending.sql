with

children as (
    select * from {{ ref('stg_ees__children_looked_after__convictions_and_health') }}
),

cells as (
    select
        'convicted_or_cautioned' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=whole('convicted_or_cautioned', 'number')
        ) }}
    from children
    qualify {{ series_rows('convicted_or_cautioned') }}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

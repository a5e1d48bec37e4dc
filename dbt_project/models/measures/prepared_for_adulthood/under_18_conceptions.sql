with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

conceptions as (
    select * from {{ ref('stg_ons__conceptions__under_18') }}
),

cells as (
    select
        'rate_per_1000' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('rate_per_1000', file='20401/indicator_data') }}
),

older_cells as (
    select
        'rate_per_1000' as series_id,
        {{ row_columns() }},
        {{ cells(value='rate', numerator='conceptions') }}
    from conceptions
    where {{ series_rows('rate_per_1000', file='conception-statistics/under_18') }}
),

fingertips as (
    {{ fingertips_figures('cells', interval='poisson', per=1000) }}
),

older as (
    {{ figures('select * from older_cells') }}
),

final as (
    select * from fingertips
    union all by name
    select * from older
)

select * from final

with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'pooled_3_years' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('pooled_3_years') }}
),

final as (
    {{ fingertips_figures('cells', interval='poisson', per=100000) }}
)

select * from final

with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'age_0_to_14' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('age_0_to_14') }}
),

final as (
    {{ fingertips_figures('cells', interval='poisson', per=10000) }}
)

select * from final

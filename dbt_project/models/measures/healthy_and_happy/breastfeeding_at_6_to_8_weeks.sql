with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'current_method' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('current_method') }}
),

final as (
    {{ fingertips_figures('cells', interval='wilson') }}
)

select * from final

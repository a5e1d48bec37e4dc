with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    {% for series_id in ['age_0_to_14', 'age_0_to_4', 'age_15_to_24'] %}
        select
            '{{ series_id }}' as series_id,
            {{ row_columns() }},
            {{ fingertips_cells() }}
        from indicator_data
        where {{ series_rows(series_id) }}
        {{ 'union all by name' if not loop.last }}
    {% endfor %}
),

final as (
    {{ fingertips_figures('cells', interval='poisson', per=10000) }}
)

select * from final

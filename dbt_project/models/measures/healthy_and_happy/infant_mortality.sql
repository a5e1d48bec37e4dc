with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    {% for series_id in ['pooled_3_years', 'single_year'] %}
        select
            '{{ series_id }}' as series_id,
            {{ row_columns() }},
            {{ fingertips_cells() }}
        from indicator_data
        where {{ series_rows(series_id) }}
        {% if not loop.last %}
            union all by name
        {% endif %}
    {% endfor %}
),

final as (
    {{ fingertips_figures('cells', interval='poisson', per=1000) }}
)

select * from final

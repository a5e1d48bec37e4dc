{{ config(materialized='view') }}

-- The publications of each series in the order in which they serve, from the measures' YAML.
with

listed as (
    select
        null::varchar as measure_id,
        null::varchar as series_id,
        null::varchar as publication, -- noqa: RF04
        null::integer as preference,
        null::boolean as is_of_several_releases
    where false
    {% for series in core_series() %}
        {% for publication in series.publications %}
            union all
            select
                {{ literal(series.measure_id) }},
                {{ literal(series.series_id) }},
                {{ literal(publication) }},
                {{ loop.index }},
                {{ literal(series.of_several_releases | default(false)) }}
        {% endfor %}
    {% endfor %}
),

final as (
    select * from listed
)

select * from final

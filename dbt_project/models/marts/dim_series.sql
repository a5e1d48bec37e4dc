with

series as (
    {% for series in core_series() %}
        select
            {{ literal(series.measure_id) }} as measure_id,
            {{ literal(series.series_id) }} as series_id,
            {{ literal(series.title) }} as title,
            {{ literal(series.description) }} as description,
            {{ literal(series.unit) }} as unit,
            {{ literal(series.polarity) }} as polarity,
            {{ literal(series.figure_kind) }} as figure_kind,
            {{ literal(series.decimals) }} as decimals,
            {{ literal(series.period_type) }} as period_type,
            {{ literal(series.headline | default(false)) }} as is_headline,
            {{ literal(series.derivation) }} as derivation,
            {{ literal(series.breaks) }} as breaks,
            {{ literal(series.publications | join(', ')) }} as publications,
            {{ literal(series.column) }} as council_year_column
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

final as (
    select * from series
)

select * from final
order by measure_id asc, is_headline desc, series_id asc

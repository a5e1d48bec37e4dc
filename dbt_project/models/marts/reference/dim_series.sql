with

figures as (
    select * from {{ ref('int_core_measure') }}
),

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
            {{ literal(series.last_year) }}::integer as last_year,
            {{ literal(series.ended) }} as ended_because,
            {{ literal(series.publications | join(', ')) }} as publications,
            {{ literal(series.no_release) }} as no_release,
            {{ literal((series.break_years | default([])) | join(', ') or none) }} as break_years,
            {{ literal(series.column) }} as council_year_column,
            {{ loop.index }} as place
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

held as (
    select
        measure_id,
        series_id,
        count(distinct concat_ws('/', publication, release, version))::integer as releases_held,
        min(year)::integer as first_year_held,
        max(year)::integer as last_year_held,
        max(period_end) filter (where area_level = 'council' and value is not null)
            as last_figure_on,
    from figures
    group by all
),

-- What stands for a measure: its headline series, or, where that has no figure of any council, the
-- one whose figures are newest, said to be another. Topics of one survey, of which none is the
-- headline, stand each for itself.
standing as (
    select
        series.measure_id,
        series.series_id,
        bool_or(series.is_headline) over of_measure as has_headline,
        max(case when series.is_headline then series.title end) over of_measure as headline_title,
        held.last_figure_on is not null as has_figures,
        row_number() over (
            of_measure
            order by
                (series.is_headline and held.last_figure_on is not null) desc,
                held.last_figure_on desc nulls last,
                series.is_headline desc,
                series.place asc
        ) as place,
    from series
    left join held using (measure_id, series_id)
    window of_measure as (partition by series.measure_id)
),

final as (
    select
        series.measure_id,
        series.series_id,
        series.title,
        series.description,
        series.unit,
        series.polarity,
        series.figure_kind,
        series.decimals,
        series.period_type,
        series.is_headline,
        series.derivation,
        series.breaks,
        series.last_year,
        series.ended_because,
        series.publications,
        coalesce(held.releases_held, 0) as releases_held,
        held.first_year_held,
        held.last_year_held,
        case
            when held.releases_held is null then coalesce(
                series.no_release,
                case when series.publications <> '' then 'No release with its figures is held.' end,
                'No release that prints it is held.'
            )
        end as not_held_because,
        series.break_years,
        series.council_year_column,
        case
            when standing.has_headline then standing.place = 1
            else standing.has_figures
        end as stands_for_measure,
        case
            when not stands_for_measure or series.is_headline then null
            when not standing.has_headline
                then 'One of several topics of the measure, none of which is its headline.'
            else
                'Not the headline series, ' || standing.headline_title
                || ': no figure of that is held.'
        end as stands_because,
    from series
    inner join standing using (measure_id, series_id)
    left join held using (measure_id, series_id)
)

select * from final
order by measure_id asc, is_headline desc, series_id asc

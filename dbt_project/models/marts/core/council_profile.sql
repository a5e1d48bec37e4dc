with

figures as (
    select * from {{ ref('fct_core_measure_today') }}
),

comparisons as (
    select
        fct_comparison.*,
        dim_council.current_code,
    from {{ ref('fct_comparison') }} as fct_comparison
    inner join {{ ref('dim_council') }} as dim_council using (council_code)
),

changes as (
    select * from {{ ref('fct_change') }}
),

councils as (
    select * from {{ ref('dim_council') }}
    where is_current
),

measures as (
    select * from {{ ref('dim_measure') }}
),

-- Every measure has its place: one of which nothing is held, and that has no headline, too.
standing as (
    select * from {{ ref('dim_series') }}
    where stands_for_measure
),

newest as (
    select * from figures
    qualify
        row_number() over (
            partition by measure_id, series_id, council_code
            order by period_end desc, period_start desc
        ) = 1
),

-- Where the newest period has a mark, what was last printed for the council.
last_figures as (
    select
        measure_id,
        series_id,
        council_code,
        max_by(value, period_end) as last_value,
        max_by(period_label, period_end) as last_value_period_label,
    from figures
    where value is not null
    group by all
),

last_period as (
    select * from changes
    where span = 'last_period'
),

five_periods as (
    select * from changes
    where span = 'five_periods'
),

trend as (
    select * from changes
    where span = 'trend'
),

final as (
    select
        councils.council_code,
        councils.council_name,
        measures.lga_number,
        measures.ambition,
        measures.ambition_title,
        measures.measure_id,
        measures.title as measure_title,
        standing.series_id,
        standing.title as series_title,
        standing.unit,
        standing.decimals,
        standing.polarity,
        coalesce(standing.is_headline, false) as is_headline,
        standing.stands_because,

        newest.period_label,
        newest.period_type,
        newest.period_end,
        newest.year,
        newest.value,
        newest.lower_95,
        newest.upper_95,
        newest.interval_method,
        coalesce(newest.status, 'not_available') as status,
        case when newest.status is null then 'No release of it is held.' else newest.reason end
            as reason,
        coalesce(newest.method, 'none') as method,
        coalesce(newest.is_recast, false) as is_recast,
        last_figures.last_value,
        last_figures.last_value_period_label,

        comparisons.england_value,
        comparisons.difference_from_england,
        comparisons.interval_overlaps_england,
        comparisons.interval_holds_england,
        councils.region_name,
        comparisons.region_value,
        comparisons.difference_from_region,
        comparisons.interval_overlaps_region,
        comparisons.neighbours_median,
        comparisons.neighbours_with_value,
        comparisons.neighbours_of,
        comparisons.neighbour_model,
        comparisons.difference_from_neighbours,
        comparisons.quintile,
        comparisons.councils_with_value,

        last_period.change as change_on_last,
        last_period.direction as direction_on_last,
        last_period.is_more_than_chance as last_is_more_than_chance,
        last_period.test as test_on_last,
        last_period.p_value as p_on_last,
        last_period.not_tested as last_not_tested,
        five_periods.change as change_on_five,
        five_periods.direction as direction_on_five,
        five_periods.is_more_than_chance as five_is_more_than_chance,
        five_periods.test as test_on_five,
        five_periods.p_value as p_on_five,
        five_periods.not_tested as five_not_tested,
        trend.direction as direction_of_trend,
        trend.is_more_than_chance as trend_is_more_than_chance,
        trend.points as trend_points,
        trend.test as test_of_trend,
        trend.p_value as p_of_trend,
        trend.not_tested as trend_not_tested,

        newest.publication,
        newest.release,
        newest.version,
        newest.published,
        newest.source_file,
        newest.source_sheet,
        newest.source_row,
    from measures
    left join standing using (measure_id)
    cross join councils
    left join newest
        on
            standing.measure_id = newest.measure_id
            and standing.series_id = newest.series_id
            and councils.council_code = newest.council_code
    left join last_figures
        on
            standing.measure_id = last_figures.measure_id
            and standing.series_id = last_figures.series_id
            and councils.council_code = last_figures.council_code
    left join comparisons
        on
            newest.measure_id = comparisons.measure_id
            and newest.series_id = comparisons.series_id
            and newest.council_code = comparisons.current_code
            and newest.period_type = comparisons.period_type
            and newest.period_start = comparisons.period_start
            and newest.period_end = comparisons.period_end
    left join last_period
        on
            standing.measure_id = last_period.measure_id
            and standing.series_id = last_period.series_id
            and councils.council_code = last_period.council_code
    left join five_periods
        on
            standing.measure_id = five_periods.measure_id
            and standing.series_id = five_periods.series_id
            and councils.council_code = five_periods.council_code
    left join trend
        on
            standing.measure_id = trend.measure_id
            and standing.series_id = trend.series_id
            and councils.council_code = trend.council_code
)

select * from final
order by council_code, lga_number, measure_id

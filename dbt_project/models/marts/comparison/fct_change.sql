{%- set series_key = 'measure_id, series_id' -%}

with

figures as (
    select * from {{ ref('fct_core_measure_today') }}
),

series as (
    select
        measure_id,
        series_id,
        polarity,
        figure_kind,
        {{ unit_scale('unit') }} as scale,
    from {{ ref('dim_series') }}
),

breaks as (
    select * from {{ ref('series_break') }}
),

chances as (
    select * from {{ ref('kendall_null') }}
),

held as (
    select distinct
        measure_id,
        series_id,
        period_type,
        period_start,
        period_end,
        year,
        {{ period_step_months('period_type') }} as step,
    from figures
),

periods as (
    select
        *,
        row_number() over (
            partition by measure_id, series_id, period_type order by period_end, period_start
        ) as place,
    from held
),

years as (
    select distinct
        measure_id,
        series_id,
        year,
    from held
),

newest as (
    select * from periods
    qualify
        row_number() over (
            partition by measure_id, series_id order by period_end desc, period_start desc
        ) = 1
),

-- Years of a series between which it begins anew are not set against each other.
broken as (
    select
        older.measure_id,
        older.series_id,
        older.year as older_year,
        newer.year as newer_year,
        string_agg(breaks.what_changed, ' ' order by breaks.first_year) as what_changed,
    from years as older
    inner join years as newer
        on
            older.measure_id = newer.measure_id
            and older.series_id = newer.series_id
            and older.year < newer.year
    inner join breaks
        on
            older.measure_id = breaks.measure_id
            and older.series_id = breaks.series_id
            and newer.year >= breaks.first_year
            and older.year < coalesce(breaks.last_year, 9999)
    group by all
),

-- One period before, and five: by the calendar, or by their order where they keep none.
spans as (
    select
        newest.measure_id,
        newest.series_id,
        newest.period_type,
        newest.period_start,
        newest.period_end,
        span.name as span,
        span.periods as periods_back,
        earlier.period_start as from_start,
        earlier.period_end as from_end,
    from newest
    cross join (values ('last_period', 1), ('five_periods', 5)) as span (name, periods)
    left join periods as earlier
        on
            newest.measure_id = earlier.measure_id
            and newest.series_id = earlier.series_id
            and newest.period_type = earlier.period_type
            and case
                when newest.step is null then earlier.place = newest.place - span.periods
                else
                    earlier.period_start
                    = cast(newest.period_start - to_months(newest.step * span.periods) as date)
            end
),

pairs as (
    select
        spans.span,
        spans.periods_back,
        spans.from_end,
        newer.measure_id,
        newer.series_id,
        newer.council_code,
        newer.council_name,
        newer.unit,
        newer.period_label as to_label,
        newer.period_type,
        newer.period_end as to_end,
        newer.year as to_year,
        newer.value as to_value,
        newer.numerator as to_numerator,
        newer.denominator as to_denominator,
        newer.lower_95 as to_lower,
        newer.upper_95 as to_upper,
        newer.interval_method as to_method,
        newer.reason as to_reason,
        older.period_label as from_label,
        older.year as from_year,
        older.value as from_value,
        older.numerator as from_numerator,
        older.denominator as from_denominator,
        older.lower_95 as from_lower,
        older.upper_95 as from_upper,
        older.interval_method as from_method,
        older.reason as from_reason,
        newer.is_recast or coalesce(older.is_recast, false) as is_recast,
        newer.publication as to_publication,
        older.publication as from_publication,
        newer.has_its_counts and older.has_its_counts as have_counts,
        coalesce(spans.from_end >= spans.period_start, false) as share_days,
        broken.what_changed,
        series.polarity,
        series.figure_kind,
        series.scale,
    from spans
    inner join figures as newer using (measure_id, series_id, period_type, period_start, period_end)
    left join figures as older
        on
            spans.measure_id = older.measure_id
            and spans.series_id = older.series_id
            and spans.period_type = older.period_type
            and spans.from_start = older.period_start
            and spans.from_end = older.period_end
            and newer.council_code = older.council_code
    left join broken
        on
            newer.measure_id = broken.measure_id
            and newer.series_id = broken.series_id
            and older.year = broken.older_year
            and newer.year = broken.newer_year
    inner join series on newer.measure_id = series.measure_id and newer.series_id = series.series_id
),

judged as (
    select
        *,
        case when what_changed is null then round(to_value - from_value, 6) end as change,
        case
            when from_end is null and periods_back = 1
                then 'No figures are held of the period before.'
            when from_end is null then 'No figures are held of five periods before.'
            when to_value is null then 'No figure in the newest period. ' || to_reason
            when from_value is null then 'No figure in the earlier period. ' || from_reason
            when what_changed is not null then 'The series is broken in between. ' || what_changed
            when share_days then 'The two periods overlap.'
            when period_type = 'snapshot'
                then 'Both days count largely the same ones; the tests are of independent counts.'
            when figure_kind not in ('proportion', 'rate') or scale is null
                then 'There is no test of a ' || figure_kind || ' without its spread.'
            when not have_counts then 'The counts behind the figures are not published.'
            when not {{ expects_five(
                'from_numerator', 'from_denominator', 'to_numerator', 'to_denominator',
                "(figure_kind = 'proportion')"
            ) }} then 'Too few events: the test expects five of either kind in each period.'
        end as not_tested,
    from pairs
),

tested as (
    select
        *,
        case
            when not_tested is not null then null
            when figure_kind = 'proportion'
                then {{ z_of_two_proportions(
                    'from_numerator', 'from_denominator', 'to_numerator', 'to_denominator'
                ) }}
            else
                {{ z_of_two_rates(
                    'from_numerator', 'from_denominator', 'to_numerator', 'to_denominator'
                ) }}
        end as z,
        change is not null and not share_days and from_lower is not null and to_lower is not null
            as has_interval,
    from judged
),

changes as (
    select
        measure_id,
        series_id,
        council_code,
        council_name,
        span,
        from_label,
        from_year,
        from_value,
        to_label,
        to_year,
        to_value,
        unit,
        change,
        case when has_interval then {{ bound_of_difference(
            'lower', 'from_value', 'from_lower', 'from_upper', 'to_value', 'to_lower', 'to_upper'
        ) }} end as change_lower_95,
        case when has_interval then {{ bound_of_difference(
            'upper', 'from_value', 'from_lower', 'from_upper', 'to_value', 'to_lower', 'to_upper'
        ) }} end as change_upper_95,
        case
            when not has_interval then null
            when from_method = 'wilson' and to_method = 'wilson' then 'newcombe'
            else 'mover'
        end as change_interval_method,
        {{ direction('change', 'polarity') }} as direction,
        case when from_value is not null and to_value is not null then 2 end as points,
        case
            when z is null then null
            when figure_kind = 'proportion' then 'z_two_proportions'
            else 'z_two_rates'
        end as test,
        round(z, 6) as statistic,
        {{ two_sided_p('z') }} as p_value,
        not_tested,
        is_recast,
        case
            when from_value is null or to_value is null then null
            when from_publication = to_publication then to_publication
            else
                least(from_publication, to_publication)
                || ', ' || greatest(from_publication, to_publication)
        end as publications,
    from tested
),

-- A trend is of the newest figures in a row, at most ten: it ends at a gap, a mark or a break. Of
-- three-year pools every third is taken, so that no two share a year.
candidates as (
    select
        figures.* replace (
            -- Publications round the same figure at different places.
            round(figures.value, 4) as value
        ),
        case
            when newest.period_type = 'pooled_3_years' then 36
            else newest.step
        end as step,
    from figures
    inner join newest
        on
            figures.measure_id = newest.measure_id
            and figures.series_id = newest.series_id
            and figures.period_type = newest.period_type
    where
        newest.period_type not in ('pooled_3_years', 'snapshot')
        or (newest.period_type = 'pooled_3_years' and (newest.year - figures.year) % 3 = 0)
),

beside_newer as (
    select
        *,
        lag(period_start) over newest_first as newer_start,
        lag(year) over newest_first as newer_year,
        row_number() over newest_first as place,
    from candidates
    window newest_first as (
        partition by measure_id, series_id, council_code
        order by period_end desc, period_start desc
    )
),

runs as (
    select
        beside_newer.*,
        sum(
            case
                when beside_newer.value is null then 1
                when broken.what_changed is not null then 1
                when beside_newer.period_end >= beside_newer.newer_start then 1
                when
                    beside_newer.period_start
                    <> cast(beside_newer.newer_start - to_months(beside_newer.step) as date)
                    then 1
                else 0
            end
        ) over (
            partition by
                beside_newer.measure_id, beside_newer.series_id, beside_newer.council_code
            order by beside_newer.place
        ) as stops,
    from beside_newer
    left join broken
        on
            beside_newer.measure_id = broken.measure_id
            and beside_newer.series_id = broken.series_id
            and beside_newer.year = broken.older_year
            and beside_newer.newer_year = broken.newer_year
),

points as (
    select * from runs
    where stops = 0 and place <= 10
),

groups as (
    select
        measure_id,
        series_id,
        council_code,
        value,
        count(*) as how_many,
    from points
    group by all
),

equal_points as (
    select
        measure_id,
        series_id,
        council_code,
        string_agg(cast(how_many as varchar), ' ' order by how_many) as ties,
    from groups
    group by all
),

rises as (
    select
        older.measure_id,
        older.series_id,
        older.council_code,
        cast(sum(sign(newer.value - older.value)) as integer) as s,
    from points as older
    inner join points as newer
        on
            older.measure_id = newer.measure_id
            and older.series_id = newer.series_id
            and older.council_code = newer.council_code
            and older.place > newer.place
    group by all
),

lines as (
    select
        measure_id,
        series_id,
        council_code,
        count(*) as points,
        min_by(period_label, period_end) as from_label,
        min_by(year, period_end) as from_year,
        min_by(value, period_end) as from_value,
        max_by(period_label, period_end) as to_label,
        max_by(year, period_end) as to_year,
        max_by(value, period_end) as to_value,
        bool_or(is_recast) as is_recast,
        string_agg(distinct publication, ', ' order by publication) as publications,
    from points
    group by all
),

councils as (
    select
        figures.measure_id,
        figures.series_id,
        figures.council_code,
        figures.council_name,
        figures.period_type,
        figures.value,
        figures.unit,
        figures.reason,
    from figures
    inner join newest using (measure_id, series_id, period_type, period_start, period_end)
),

trends as (
    select
        councils.measure_id,
        councils.series_id,
        councils.council_code,
        councils.council_name,
        'trend' as span,
        lines.from_label,
        lines.from_year,
        lines.from_value,
        lines.to_label,
        lines.to_year,
        lines.to_value,
        councils.unit,
        case when lines.points >= 5 then round(lines.to_value - lines.from_value, 6) end as change,
        cast(null as double) as change_lower_95,
        cast(null as double) as change_upper_95,
        cast(null as varchar) as change_interval_method,
        -- Of what was tested, and not of the first figure and the last; none where it may be
        -- chance.
        case when chances.p_value < 0.05 then {{ direction('rises.s', 'series.polarity') }} end
            as direction,
        coalesce(lines.points, 0) as points,
        case when chances.p_value is not null then 'mann_kendall_exact' end as test,
        case when chances.p_value is not null then rises.s end as statistic,
        round(chances.p_value, 6) as p_value,
        case
            when councils.value is null then 'No figure in the newest period. ' || councils.reason
            when councils.period_type = 'snapshot'
                then 'Days count largely the same ones; the test is of independent figures.'
            when lines.points = 1 then 'One figure stands alone; a trend needs five in a row.'
            when lines.points < 5 then lines.points || ' figures in a row; a trend needs five.'
        end as not_tested,
        coalesce(lines.is_recast, false) as is_recast,
        lines.publications,
    from councils
    inner join series using ({{ series_key }})
    left join lines using (measure_id, series_id, council_code)
    left join rises using (measure_id, series_id, council_code)
    left join equal_points using (measure_id, series_id, council_code)
    left join chances
        on
            lines.points = chances.points
            and equal_points.ties = chances.ties
            and abs(rises.s) = chances.s
),

every_span as (
    select * from changes

    union all by name

    select * from trends
),

final as (
    select
        measure_id,
        series_id,
        council_code,
        council_name,
        span,
        from_label,
        from_year,
        from_value,
        to_label,
        to_year,
        to_value,
        unit,
        change,
        change_lower_95,
        change_upper_95,
        change_interval_method,
        direction,
        cast(points as integer) as points,
        test,
        cast(statistic as double) as statistic,
        p_value,
        p_value < 0.05 as is_more_than_chance,
        not_tested,
        is_recast,
        publications,
    from every_span
)

select * from final
order by measure_id, series_id, council_code, span

-- Councils of each year, not rows: a council recoded within a year is one, and of several days in
-- a year the last counts, as in council_year.
with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

-- 2009 is where the list of councils begins, not where they do.
standing as (
    select
        current_code,
        case when valid_from > date '2009-04-01' then valid_from else date '0001-01-01' end
            as valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
    from councils
),

by_council as (
    select
        facts.measure_id,
        facts.series_id,
        facts.year,
        councils.current_code,
        max_by(facts.status, facts.period_end) as status,
    from facts
    inner join councils on facts.council_code = councils.council_code
    group by all
),

periods as (
    select
        measure_id,
        series_id,
        year,
        max(period_end) as period_end,
    from facts
    group by all
),

spans as (
    select
        measure_id,
        series_id,
        min(year) as first_year,
        max(year) as last_year,
        -- Where a year of the series has no figure at all: its councils are those of its end.
        max(extract(month from period_end)) as end_month,
    from periods
    group by all
),

years as (
    select
        spans.measure_id,
        spans.series_id,
        unnest(generate_series(spans.first_year, spans.last_year))::integer as year, -- noqa: RF04
        spans.end_month,
    from spans
),

days as (
    select
        years.measure_id,
        years.series_id,
        years.year,
        coalesce(periods.period_end, last_day(make_date(years.year, years.end_month::integer, 1)))
            as period_end,
    from years
    left join periods using (measure_id, series_id, year)
),

expected as (
    select distinct
        days.measure_id,
        days.series_id,
        days.year,
        standing.current_code,
    from days
    inner join standing on days.period_end between standing.valid_from and standing.valid_to
),

both_sides as (
    select
        measure_id,
        series_id,
        year,
        expected.current_code is not null as is_expected,
        by_council.status,
    from expected
    full join by_council using (measure_id, series_id, year, current_code)
),

final as (
    select
        measure_id,
        series_id,
        year,
        count_if(is_expected)::integer as councils,
        {% for status in [
            'published', 'suppressed', 'not_applicable', 'low_reliability', 'not_available',
            'conflicting', 'unrecognised',
        ] %}
            count_if(is_expected and coalesce(status = '{{ status }}', false))::integer
                as {{ status }},
        {% endfor %}
        count_if(is_expected and status is null)::integer as absent,
        count_if(not is_expected and status = 'published')::integer as rebuilt,
    from both_sides
    group by all
)

select * from final
order by measure_id, series_id, year

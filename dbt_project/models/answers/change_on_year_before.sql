with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

beside_before as (
    select
        facts.*,
        series.break_years,
        lag(facts.value) over periods as value_before,
        lag(facts.year) over periods as year_before,
    from facts
    inner join councils using (council_code)
    inner join series using (measure_id, series_id)
    window periods as (
        partition by
            facts.measure_id, facts.series_id, councils.current_code, facts.period_type
        order by facts.period_end
    )
),

final as (
    select
        measure_id,
        series_id,
        council_code,
        council_name,
        year,
        period_type,
        unit,
        value_before,
        value,
        round(value - value_before, 6) as change_on_year,
    from beside_before
    where
        value is not null
        and value_before is not null
        and year_before = year - 1
        -- Pools overlap, and a year that a break begins with has no year before it.
        and period_type <> 'pooled_3_years'
        and not coalesce(
            list_contains(string_split(break_years, ', '), cast(year as varchar)), false
        )
)

select * from final

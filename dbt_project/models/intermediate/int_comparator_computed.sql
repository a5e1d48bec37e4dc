{{ config(materialized='view') }}

{%- set period = 'measure_id, series_id, period_type, period_start, period_end, year' %}
{%- set counted -%}
    any_value(period_label) as period_label,
    any_value(unit) as unit,
    count(value) as councils_with_value,
    bool_or(is_corrected) as is_corrected,
    {{ last_to_come_out(['publication', 'release', 'version']) }},
    max(published) as published
{%- endset %}

with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

published as (
    select * from {{ ref('fct_comparator_vintage') }}
    where superseded_on is null
),

series as (
    select
        measure_id,
        series_id,
        figure_kind,
        decimals,
        {{ unit_scale('unit') }} as scale,
    from {{ ref('dim_series') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

neighbours as (
    select * from {{ ref('int_statistical_neighbour') }}
),

models as (
    select * from {{ ref('statistical_neighbour_model') }}
),

figures as (
    select
        facts.*,
        councils.dfe_code,
        series.figure_kind,
        series.scale,
        {{ counts_give_value(
            'facts.value', 'facts.value_as_published', 'facts.numerator', 'facts.denominator',
            'series.scale', 'series.decimals'
        ) }} as has_its_counts,
    from facts
    inner join councils using (council_code)
    inner join series using (measure_id, series_id)
),

-- England and the regions from the counts of all their councils, where no figure is published.
members as (
    select
        'england' as comparator,
        'E92000001' as area_code,
        'England' as area_name,
        null as region_code,
        null as region_name,
        * exclude (region_code, region_name),
    from figures

    union all

    select
        'region' as comparator,
        region_code as area_code,
        region_name as area_name,
        region_code,
        region_name,
        * exclude (region_code, region_name),
    from figures
),

periods as (
    select distinct
        period_type,
        period_end,
    from facts
),

councils_there_were as (
    select
        periods.period_type,
        periods.period_end,
        councils.region_code as area_code,
        count(*) as councils_of,
    from periods
    inner join councils
        on
            periods.period_end >= councils.valid_from
            and periods.period_end <= coalesce(councils.valid_to, date '9999-12-31')
    group by all

    union all

    select
        periods.period_type,
        periods.period_end,
        'E92000001' as area_code,
        count(*) as councils_of,
    from periods
    inner join councils
        on
            periods.period_end >= councils.valid_from
            and periods.period_end <= coalesce(councils.valid_to, date '9999-12-31')
    group by all
),

added_up as (
    select
        comparator,
        area_code,
        area_name,
        region_code,
        region_name,
        {{ period }},
        figure_kind,
        scale,
        {{ counted }},
        count_if(has_its_counts) as councils_with_counts,
        count_if(has_its_counts and interval_method is not null) as councils_with_interval,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
    from members
    where figure_kind in ('proportion', 'rate') and scale is not null
    group by all
),

sums as (
    select
        added_up.comparator,
        added_up.area_code as council_code,
        added_up.area_name as council_name,
        added_up.region_code,
        added_up.region_name,
        added_up.measure_id,
        added_up.series_id,
        added_up.period_type,
        added_up.period_start,
        added_up.period_end,
        added_up.year,
        added_up.period_label,
        round(added_up.scale * added_up.numerator / added_up.denominator, 6) as value,
        cast(null as double) as mean,
        added_up.unit,
        added_up.numerator,
        added_up.denominator,
        {%- for bound in ['lower', 'upper'] %}
            case
                -- Where a council's share has no interval, so has its region's.
                when added_up.councils_with_interval < added_up.councils_with_counts then null
                when added_up.figure_kind = 'rate'
                    then {{ interval_bound(
                        'poisson', 'added_up.numerator', 'added_up.denominator', bound,
                        'added_up.scale'
                    ) }}
                else {{ interval_bound(
                    'wilson', 'added_up.numerator', 'added_up.denominator', bound
                ) }}
            end as {{ bound }}_95,
        {%- endfor %}
        case
            when added_up.councils_with_interval < added_up.councils_with_counts then null
            when added_up.figure_kind = 'rate'
                then {{ interval_name('poisson', 'added_up.numerator') }}
            else 'wilson'
        end as interval_method,
        'sum_of_counts' as statistic,
        cast(null as varchar) as neighbour_model,
        added_up.councils_with_value,
        councils_there_were.councils_of,
        added_up.is_corrected,
        added_up.publication,
        added_up.release,
        added_up.version,
        added_up.published,
    from added_up
    inner join councils_there_were using (period_type, period_end, area_code)
    left join published
        on
            added_up.area_code = published.council_code
            and added_up.measure_id = published.measure_id
            and added_up.series_id = published.series_id
            and added_up.period_type = published.period_type
            and added_up.period_start = published.period_start
            and added_up.period_end = published.period_end
            and published.value is not null
    where
        published.council_code is null
        and added_up.councils_with_counts = councils_there_were.councils_of
),

-- The model of the time, and of each group those that have a figure of the same series and period.
grouped as (
    select
        figures.council_code,
        figures.measure_id,
        figures.series_id,
        figures.period_type,
        figures.period_start,
        figures.period_end,
        models.model as neighbour_model,
        neighbours.neighbour_dfe_code as dfe_code,
    from figures
    inner join models
        on
            figures.period_end >= coalesce(models.valid_from, date '0001-01-01')
            and figures.period_end <= coalesce(models.valid_to, date '9999-12-31')
    inner join neighbours
        on
            models.model = neighbours.model
            and figures.dfe_code = neighbours.dfe_code
),

-- By the key alone: ten neighbours a figure, with all that a figure says, would be most of a build.
of_neighbours as (
    select
        grouped.council_code,
        grouped.measure_id,
        grouped.series_id,
        grouped.period_type,
        grouped.period_start,
        grouped.period_end,
        grouped.neighbour_model,
        count(figures.value) as councils_with_value,
        case when councils_with_value >= 5 then round(median(figures.value), 6) end as value,
        -- In order: a sum of the same figures ends otherwise when they are added otherwise.
        case
            when councils_with_value >= 5 then round(avg(figures.value order by figures.value), 6)
        end as mean,
        count(*) as councils_of,
        coalesce(bool_or(figures.is_corrected and figures.value is not null), false)
            as is_corrected,
        {{ last_to_come_out(['publication', 'release', 'version'], of='figures') }},
        max(figures.published) as published,
    from grouped
    left join figures using (measure_id, series_id, period_type, period_start, period_end, dfe_code)
    group by all
),

medians as (
    select
        'statistical_neighbours' as comparator,
        facts.council_code,
        facts.council_name,
        facts.region_code,
        facts.region_name,
        facts.measure_id,
        facts.series_id,
        facts.period_type,
        facts.period_start,
        facts.period_end,
        facts.year,
        facts.period_label,
        of_neighbours.councils_with_value,
        of_neighbours.value,
        of_neighbours.mean,
        facts.unit,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as lower_95,
        cast(null as double) as upper_95,
        cast(null as varchar) as interval_method,
        'median' as statistic,
        of_neighbours.neighbour_model,
        of_neighbours.councils_of,
        of_neighbours.is_corrected,
        of_neighbours.publication,
        of_neighbours.release,
        of_neighbours.version,
        of_neighbours.published,
    from of_neighbours
    inner join facts
        using (council_code, measure_id, series_id, period_type, period_start, period_end)
),

final as (
    select * from sums

    union all by name

    select * from medians
)

select * from final

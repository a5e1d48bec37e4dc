-- England is an average of its regions, unless things are counted: outside their range, its row
-- holds something else (a sum, another unit).
{{ config(severity='warn') }}

with

comparators as (
    select * from {{ ref('fct_comparator') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

figures as (
    select comparators.*
    from comparators
    inner join series using (measure_id, series_id)
    where
        comparators.value is not null
        and series.figure_kind <> 'count'
),

england as (
    select * from figures
    where comparator = 'england'
),

regions as (
    select
        measure_id,
        series_id,
        period_type,
        period_end,
        min(value) as lowest,
        max(value) as highest,
    from figures
    where comparator = 'region'
    group by all
    having count(*) >= 9
)

select
    england.measure_id,
    england.series_id,
    england.period_label,
    england.value,
    regions.lowest,
    regions.highest,
    england.source_file,
    england.publication,
    england.release,
    england.source_row
from england
inner join regions using (measure_id, series_id, period_type, period_end)
where england.value not between regions.lowest and regions.highest

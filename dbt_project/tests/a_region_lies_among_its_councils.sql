-- A region is an average of its councils, unless things are counted: where every one of them has a
-- figure and the region's lies outside them all, its row holds something else.
{{ config(severity='warn') }}

with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

comparators as (
    select * from {{ ref('fct_comparator') }}
    where comparator = 'region' and value is not null
),

series as (
    select * from {{ ref('dim_series') }}
    where figure_kind <> 'count'
),

councils as (
    select
        measure_id,
        series_id,
        period_type,
        period_start,
        period_end,
        region_code,
        min(value) as lowest,
        max(value) as highest,
    from facts
    group by all
    having count(*) = count(value)
)

select
    comparators.measure_id,
    comparators.series_id,
    comparators.council_name,
    comparators.period_label,
    comparators.value,
    councils.lowest,
    councils.highest,
    comparators.publication,
    comparators.release,
    comparators.source_file,
    comparators.source_row
from comparators
inner join series using (measure_id, series_id)
inner join councils
    on
        comparators.measure_id = councils.measure_id
        and comparators.series_id = councils.series_id
        and comparators.period_type = councils.period_type
        and comparators.period_start = councils.period_start
        and comparators.period_end = councils.period_end
        and comparators.council_code = councils.region_code
where
    -- Printed figures are rounded, each by itself.
    comparators.value < councils.lowest - 0.5
    or comparators.value > councils.highest + 0.5

-- A break that is of no series, or whose years are upside down, would guard nothing.
with

breaks as (
    select * from {{ ref('series_break') }}
),

series as (
    select * from {{ ref('dim_series') }}
)

select
    breaks.measure_id,
    breaks.series_id,
    breaks.first_year,
    breaks.last_year
from breaks
left join series using (measure_id, series_id)
where
    series.measure_id is null
    or breaks.last_year < breaks.first_year

-- A series that a measure's SQL yields and its YAML does not name has no unit and no column.
select distinct
    figures.measure_id,
    figures.series_id
from {{ ref('int_core_measure') }} as figures
left join {{ ref('dim_series') }} as series using (measure_id, series_id)
where series.unit is null

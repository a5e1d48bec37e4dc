-- A second publication of a series would serve by chance: the series' YAML lists them in order.
select distinct
    figures.measure_id,
    figures.series_id,
    figures.publication
from {{ ref('int_core_measure') }} as figures
left join {{ ref('int_series_publication') }} as listed
    using (measure_id, series_id, publication)
where listed.preference is null

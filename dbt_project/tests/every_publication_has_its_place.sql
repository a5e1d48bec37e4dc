-- A second publication of a series would serve by chance: the series' YAML lists them in order. One
-- that serves alone needs no list.
with

printed as (
    select distinct
        measure_id,
        series_id,
        publication,
    from {{ ref('int_core_measure') }}
),

listed as (
    select * from {{ ref('int_series_publication') }}
),

either as (
    select
        measure_id,
        series_id,
        publication,
    from printed

    union all

    select
        measure_id,
        series_id,
        publication,
    from listed
),

of_series as (
    select
        measure_id,
        series_id,
        count(distinct publication) as publications,
    from either
    group by all
),

final as (
    select printed.*
    from printed
    inner join of_series using (measure_id, series_id)
    left join listed using (measure_id, series_id, publication)
    where of_series.publications > 1 and listed.preference is null
)

select * from final

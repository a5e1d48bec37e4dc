-- What we compute is what the counts beside it make, and lies in the interval computed for it: to
-- the digits that the cell prints, where it is one.
with

series as (
    select
        measure_id,
        series_id,
        {{ unit_scale('unit') }} as scale,
    from {{ ref('dim_series') }}
),

figures as (
    select
        figures.*,
        series.scale,
        case
            when figures.value_as_published is null then 0.000001
            else {{ last_place('figures.value_as_published') }}
        end as rounding,
    from {{ ref('int_core_measure') }} as figures
    left join series using (measure_id, series_id)
),

faults as (
    select
        *,
        case
            when
                value_as_published is null
                and numerator is not null
                and denominator > 0
                and scale is not null
                and abs(value - scale * numerator / denominator) > rounding
                then 'the value is not what its counts make'
            when
                interval_method <> 'published'
                and (value < lower_95 - rounding or value > upper_95 + rounding)
                then 'the value lies outside the interval that we computed'
        end as fault,
    from figures
)

select
    fault,
    measure_id,
    series_id,
    area_code,
    period_label,
    value,
    numerator,
    denominator,
    lower_95,
    upper_95,
    source_file,
    publication,
    release,
    source_row
from faults
where fault is not null

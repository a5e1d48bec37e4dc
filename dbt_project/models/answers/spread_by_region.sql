with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

final as (
    select
        measure_id,
        series_id,
        region_name,
        year,
        period_type,
        period_end,
        any_value(unit) as unit,
        count(*) as councils,
        count(value) as councils_with_value,
        min(value) as lowest,
        quantile_cont(value, 0.25) as lower_quartile,
        median(value) as median,
        quantile_cont(value, 0.75) as upper_quartile,
        max(value) as highest,
    from facts
    group by all
)

select * from final

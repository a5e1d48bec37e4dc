with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

england as (
    select * from {{ ref('fct_comparator') }}
    where comparator = 'england' and value is not null
),

final as (
    select
        facts.measure_id,
        facts.series_id,
        facts.council_code,
        facts.council_name,
        facts.region_name,
        facts.year,
        facts.period_label,
        facts.unit,
        facts.value,
        facts.lower_95,
        facts.upper_95,
        england.value as england,
        round(facts.value - england.value, 6) as difference,
        case
            when facts.lower_95 > england.value then 'above'
            when facts.upper_95 < england.value then 'below'
            when facts.lower_95 is not null then 'interval holds england'
        end as interval_says,
    from facts
    inner join england using (measure_id, series_id, period_type, period_start, period_end)
    where facts.value is not null
)

select * from final

with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

measures as (
    select * from {{ ref('dim_measure') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

final as (
    select
        measures.ambition,
        measures.lga_number,
        measures.title as measure_title,
        series.title as series_title,
        series.polarity,
        facts.measure_id,
        facts.series_id,
        facts.council_code,
        facts.council_name,
        facts.region_name,
        facts.year,
        facts.period_label,
        facts.value,
        facts.unit,
        facts.lower_95,
        facts.upper_95,
    from facts
    inner join series using (measure_id, series_id)
    inner join measures using (measure_id)
    inner join councils on facts.council_code = councils.council_code
    where
        series.stands_for_measure
        and facts.value is not null
        and facts.period_type = series.period_type
    qualify row_number() over (
        partition by facts.measure_id, facts.series_id, councils.current_code
        order by facts.period_end desc
    ) = 1
)

select * from final

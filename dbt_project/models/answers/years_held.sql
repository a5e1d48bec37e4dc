with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

final as (
    select
        series.measure_id,
        series.series_id,
        series.title as series_title,
        series.is_headline,
        min(facts.year) as first_year,
        max(facts.year) as last_year,
        count(distinct facts.year) as years,
        count(facts.council_code) as figures,
        count(facts.value) as figures_with_value,
        series.breaks,
    from series
    left join facts using (measure_id, series_id)
    group by all
)

select * from final

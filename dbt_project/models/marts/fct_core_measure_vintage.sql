with

figures as (
    select * from {{ ref('int_core_measure') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

facts as (
    select
        figures.*,
        figures.area_code as council_code,
        figures.area_name as council_name,
        series.unit,
    from figures
    left join series using (measure_id, series_id)
    where figures.area_level = 'council'
),

final as (
    select
        {{ fact_columns() }},
        {{ superseded_on() }} as superseded_on,
    from facts
)

select * from final
order by {{ fact_order() }}

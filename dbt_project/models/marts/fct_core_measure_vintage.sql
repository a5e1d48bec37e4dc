with

figures as (
    select * from {{ ref('int_core_measure') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

series_publications as (
    select * from {{ ref('int_series_publication') }}
),

facts as (
    select
        figures.*,
        figures.area_code as council_code,
        figures.area_name as council_name,
        series.unit,
        coalesce(series_publications.preference, 1) as publication_preference,
        {{ edition_published('figures') }} as edition_published,
    from figures
    left join series using (measure_id, series_id)
    left join series_publications using (measure_id, series_id, publication)
    where figures.area_level = 'council'
),

final as (
    select
        {{ fact_columns() }},
        {{ superseded_on() }} as superseded_on,
        publication_preference,
    from facts
)

select * from final
order by {{ fact_order() }}

with

figures as (
    select * from {{ ref('int_core_measure') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

vintages as (
    select * from {{ ref('int_vintage') }}
),

series_publications as (
    select * from {{ ref('int_series_publication') }}
),

flags as (
    {{ flags_of_figures() }}
),

facts as (
    select
        figures.*,
        figures.area_code as council_code,
        figures.area_name as council_name,
        series.unit,
        flags.flags is not null as is_flagged,
        coalesce(flags.flags, []::varchar[]) as flags,
        coalesce(series_publications.preference, 1) as publication_preference,
        -- What is summed over several releases is as new as the last of them.
        case
            when series_publications.is_of_several_releases then figures.published
            else vintages.first_published
        end as first_published,
    from figures
    left join series using (measure_id, series_id)
    left join series_publications using (measure_id, series_id, publication)
    left join vintages using (publication, release, version)
    left join flags using ({{ flag_key() }})
    where figures.area_level = 'council'
),

final as (
    select
        {{ fact_columns() }},
        {{ superseded_on() }} as superseded_on,
        publication_preference,
        first_published,
    from facts
)

select * from final
order by {{ fact_order() }}

with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

releases as (
    select * from {{ ref('dim_release') }}
),

final as (
    select
        facts.measure_id,
        facts.series_id,
        facts.council_code,
        facts.council_name,
        facts.year,
        facts.value,
        facts.status,
        facts.value_as_published,
        facts.is_corrected,
        releases.publisher,
        releases.title as publication_title,
        facts.release,
        facts.version,
        facts.published,
        facts.source_file,
        facts.source_row,
        facts.source_sha256,
        releases.landing_page,
        releases.licence,
    from facts
    left join releases using (publication, release, version)
)

select * from final

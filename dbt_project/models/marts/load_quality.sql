with

checks as (
    select * from {{ ref('stg_archive__checks') }}
),

loads as (
    select * from {{ ref('stg_archive__loads') }}
),

admissions as (
    select
        publisher,
        publication,
        release,
        version,
        source_file,
        file_id,
        bool_and(admitted) as admitted,
    from loads
    group by all
),

final as (
    select
        checks.publisher,
        checks.publication,
        checks.release,
        checks.version,
        checks.source_file,
        checks.source_sha256,
        checks.file_id,
        checks.check_name,
        checks.check_column,
        checks.severity,
        checks.success,
        checks.observed,
        checks.explanation,
        admissions.admitted,
    from checks
    left join admissions
        using (publisher, publication, release, version, source_file, file_id)
)

select * from final
order by
    publisher,
    publication,
    release,
    version,
    source_file,
    file_id,
    check_name,
    check_column,
    severity,
    explanation,
    observed

with

checks as (
    select * from {{ ref('stg_archive__checks') }}
),

loads as (
    select * from {{ ref('stg_archive__loads') }}
),

releases as (
    select * from {{ ref('stg_archive__releases') }}
),

differences as (
    select * from {{ ref('int_publication_difference') }}
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

of_loads as (
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
),

of_publications as (
    select
        releases.publisher,
        differences.publication,
        differences.release,
        differences.version,
        differences.source_file,
        differences.source_sha256,
        'publications_agree' as check_name,
        differences.measure_id || '.' || differences.series_id as check_column,
        'warn' as severity,
        differences.is_agreed as success,
        differences.observed,
        'Two publications of one series print the same figures, but for rounding; the preferred'
        || ' one serves.' as explanation,
        true as admitted,
    from differences
    inner join releases using (publication, release, version)
),

final as (
    select * from of_loads
    union all by name
    select * from of_publications
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

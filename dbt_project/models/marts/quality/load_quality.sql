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

-- One line a pair of publications, series and release: each figure is in the differences.
pairs as (
    select
        measure_id,
        series_id,
        publication,
        release,
        version,
        source_file,
        source_sha256,
        served_publication,
        count(*) as figure_count,
        count_if(is_different) as difference_count,
        first(
            format(
                '{} in {}, {} here and {} there',
                council_name,
                period_label,
                printed,
                served_printed
            )
            order by is_different desc, abs(difference) desc, council_name asc, period_label asc
        ) as furthest_apart,
    from differences
    group by all
),

of_publications as (
    select
        releases.publisher,
        pairs.publication,
        pairs.release,
        pairs.version,
        pairs.source_file,
        pairs.source_sha256,
        'publications_agree' as check_name,
        pairs.measure_id || '.' || pairs.series_id as check_column,
        'warn' as severity,
        pairs.difference_count = 0 as success,
        case
            when pairs.difference_count = 0
                then format('{} figures as in {}', pairs.figure_count, pairs.served_publication)
            else format(
                '{} of {} figures ({:.1f} %) are not as in {}; furthest apart: {}',
                pairs.difference_count,
                pairs.figure_count,
                100.0 * pairs.difference_count / pairs.figure_count,
                pairs.served_publication,
                pairs.furthest_apart
            )
        end as observed,
        'Two publications of one series print the same figures, but for rounding; the preferred'
        || ' one serves. Each figure is in intermediate.int_publication_difference.' as explanation,
        true as admitted,
    from pairs
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

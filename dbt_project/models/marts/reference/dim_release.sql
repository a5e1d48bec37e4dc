with

releases as (
    select * from {{ ref('stg_archive__releases') }}
),

loads as (
    select * from {{ ref('stg_archive__loads') }}
),

loads_by_release as (
    select
        publisher,
        publication,
        release,
        version,
        string_agg(source_file, ', ' order by source_file) as files_read,
        count_if(admitted) as loads_admitted,
        count_if(not admitted) as loads_quarantined,
    from loads
    group by all
),

vintages as (
    select * from {{ ref('int_vintage') }}
),

final as (
    select
        releases.publisher,
        releases.publication,
        releases.title,
        releases.release,
        releases.version,
        releases.published,
        releases.published_precision,
        releases.landing_page,
        releases.licence,
        releases.layout,
        releases.note,
        loads_by_release.files_read,
        coalesce(loads_by_release.loads_admitted, 0)::integer as loads_admitted,
        coalesce(loads_by_release.loads_quarantined, 0)::integer as loads_quarantined,
        row_number() over (
            partition by releases.publisher, releases.publication
            order by {{ vintage_order('desc', of='vintages') }}
        ) = 1 as is_newest,
    from releases
    left join vintages using (publication, release, version)
    left join loads_by_release using (publisher, publication, release, version)
)

select * from final
order by publisher, publication, published, release, version

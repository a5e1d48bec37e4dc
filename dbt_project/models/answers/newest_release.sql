with

releases as (
    select * from {{ ref('dim_release') }}
),

final as (
    select
        publisher,
        publication,
        title,
        release,
        version,
        published,
        published_precision,
        loads_admitted,
        loads_quarantined,
        landing_page,
    from releases
    where is_newest
)

select * from final

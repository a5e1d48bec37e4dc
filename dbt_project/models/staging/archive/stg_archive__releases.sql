with

source as (
    select * from {{ source('archive', 'releases') }}
),

staged as (
    select
        publisher,
        publication,
        release,
        version,
        title,
        published,
        published_precision,
        landing_page,
        licence,
        layout,
        note,
    from source
)

select * from staged

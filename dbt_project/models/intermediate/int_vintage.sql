{{ config(materialized='view') }}

-- A release in one of its versions is a vintage. A release is as new as the first of its versions
-- that anybody saw, admitted or not: what a publisher says of an amended one is reset to the
-- amendment's day.
with

releases as (
    select * from {{ ref('stg_archive__releases') }}
),

final as (
    select
        publication,
        release,
        version,
        published,
        min(published) over (partition by publication, release) as first_published,
    from releases
)

select * from final

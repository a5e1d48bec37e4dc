{{ config(materialized='table') }}

with

lookups as (
    select * from {{ ref('stg_ons__lower_to_upper_tier') }}
),

vintages as (
    select * from {{ ref('int_vintage') }}
),

lookup as (
    select lookups.*
    from lookups
    left join vintages using (publication, release, version)
    qualify row_number() over (
        partition by lookups.district_code
        order by {{ vintage_order('desc', of='vintages') }}
    ) = 1
),

districts as (
    select * from {{ ref('district') }}
),

-- The lookup says where a standing district lies; it lacks those that were abolished before it.
final as (
    select
        districts.district_code,
        districts.district_name,
        coalesce(lookup.council_code, districts.council_code) as council_code,
        districts.valid_from,
        coalesce(districts.valid_to, date '9999-12-31') as valid_to,
        districts.source,
        lookup.district_code is not null as is_in_lookup,
    from districts
    left join lookup on districts.district_code = lookup.district_code
)

select * from final

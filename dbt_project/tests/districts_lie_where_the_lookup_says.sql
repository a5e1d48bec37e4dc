-- The list of districts and ONS's lookup must say the same of every district that both know, and
-- the lookup of April 2023 must know all that stood then.
with

lookup as (
    select * from {{ ref('stg_ons__lower_to_upper_tier') }}
),

districts as (
    select * from {{ ref('district') }}
)

select
    coalesce(lookup.district_code, districts.district_code) as district_code,
    lookup.district_name,
    lookup.council_code as by_the_lookup,
    districts.council_code as by_the_list,
    lookup.publication,
    lookup.release,
from lookup
full join districts on lookup.district_code = districts.district_code
where
    exists (from lookup)
    and (
        districts.district_code is null
        or lookup.council_code <> districts.council_code
        or (
            lookup.district_code is null
            and date '2023-04-01' between districts.valid_from
            and coalesce(districts.valid_to, date '9999-12-31')
        )
    )

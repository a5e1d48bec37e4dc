{{ config(materialized='view') }}

-- The council that each of the Department for Education's three digits stands for, under its last
-- code: a recoded council keeps its digits.
with

councils as (
    select * from {{ ref('int_council') }}
),

final as (
    select
        dfe_code,
        max_by(council_code, valid_from) as council_code,
        max_by(region_code, valid_from) as region_code,
    from councils
    where dfe_code is not null
    group by all
)

select * from final

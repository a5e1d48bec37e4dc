with

source as (
    select * from {{ source('loads', 'ons__lower_to_upper_tier') }}
),

staged as (
    select
        {{ load_columns() }},

        trim(ltla_code) as district_code,
        trim(ltla_name) as district_name,
        trim(utla_code) as council_code,
        trim(utla_name) as council_name,
    from source
    where left(trim(ltla_code), 1) = 'E'
)

select * from staged

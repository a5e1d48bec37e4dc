with

source as (
    select * from {{ source('loads', 'ons__mid_year_estimates') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ gss_area_columns('area_code') }},
        trim(area_name) as area_name,
        make_date(time_period::integer, 6, 30) as mid_year,

        lower(trim(sex)) as sex,
        -- 90 is 90 and over; all ages have none.
        try_cast(rtrim(trim(age), '+') as integer) as age,
        {{ cell_value(cell('population')) }} as population,
    from source
)

select * from staged

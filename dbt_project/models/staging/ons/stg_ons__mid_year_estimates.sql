with

source as (
    select * from {{ source('loads', 'ons__mid_year_estimates') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        row_period_end as mid_year,

        lower(trim(sex)) as sex,
        -- 90 is 90 and over; all ages have none.
        try_cast(rtrim(trim(age), '+') as integer) as age,
        {{ number('population') }} as population,
    from source
)

select * from staged

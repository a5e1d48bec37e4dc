with

source as (
    select * from {{ source('loads', 'nomis__population') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        row_period_end as mid_year,

        case trim(gender) when '0' then 'persons' when '1' then 'males' when '2' then 'females' end
            as sex,
        -- A single year of age is its code less 101; other codes are bands, and 200 all ages.
        case when age::integer between 101 and 191 then age::integer - 101 end as age,
        age::integer = 200 as is_all_ages,
        {{ number('population') }} as population,
    from source
)

select * from staged
where age is not null or is_all_ages

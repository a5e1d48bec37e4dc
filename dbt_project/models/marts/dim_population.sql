with

estimates as (
    select * from {{ ref('stg_ons__mid_year_estimates') }}

    union all by name

    select * exclude (is_all_ages) from {{ ref('stg_nomis__population') }}
),

editions as (
    select
        *,
        {{ edition_published('estimates') }} as edition_published,
    from estimates
),

-- The newest estimate of a year: ONS rebases them after a census.
newest as (
    select *
    from editions
    where area_level is not null and population is not null
    qualify row_number() over (
        partition by area_code, mid_year, sex, age
        order by edition_published desc, version desc, release desc, publication desc
    ) = 1
),

final as (
    select
        area_level,
        area_code,
        area_name,
        year(mid_year)::integer as year, -- noqa: RF04
        mid_year,
        sex,
        age,
        population,
        publication,
        release,
        version,
        published,
        source_file,
        source_sheet,
        source_row,
    from newest
)

select * from final
order by area_code, mid_year, sex, age nulls first

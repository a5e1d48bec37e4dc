with

estimates as (
    select * from {{ ref('stg_ons__mid_year_estimates') }}

    union all by name

    select * exclude (is_all_ages) from {{ ref('stg_nomis__population') }}
),

vintages as (
    select * from {{ ref('int_vintage') }}
),

-- The newest estimate of a year: ONS rebases them after a census.
newest as (
    select estimates.*
    from estimates
    left join vintages using (publication, release, version)
    where estimates.area_level is not null and estimates.population is not null
    qualify row_number() over (
        partition by estimates.area_code, estimates.mid_year, estimates.sex, estimates.age
        order by {{ vintage_order('desc', of='vintages') }}, estimates.publication desc
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

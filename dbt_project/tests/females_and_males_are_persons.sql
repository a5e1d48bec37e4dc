-- Estimates are not rounded: where the three are printed the two sexes add up, and single years of
-- age to all ages.
with

populations as (
    select * from {{ ref('dim_population') }}
),

by_sex as (
    select
        area_code,
        mid_year,
        'both sexes at ' || coalesce(age::varchar, 'all ages') as what,
        sum(population) filter (where sex <> 'persons') as added,
        sum(population) filter (where sex = 'persons') as printed,
    from populations
    group by all
    having count(*) = 3
),

by_age as (
    select
        area_code,
        mid_year,
        'all ages of ' || sex as what,
        sum(population) filter (where age is not null) as added,
        sum(population) filter (where age is null) as printed,
    from populations
    group by all
    having count(*) = 92
)

select * from by_sex
where added <> printed
union all
select * from by_age
where added <> printed

-- Of the 1,510 neighbours of 2025 whose council has some of 2021, 54 % stand in both models: where
-- less than three in ten stay, a list may be another's.
{{ config(severity='warn') }}

with

neighbours as (
    select distinct
        release,
        dfe_code,
        neighbour_dfe_code,
    from {{ ref('stg_dfe__statistical_neighbours') }}
),

models as (
    select
        release,
        lag(release) over (order by release) as release_before,
    from (select distinct neighbours.release from neighbours) as releases
),

compared as (
    select
        models.release,
        models.release_before,
        count(*) as neighbours,
        count(earlier.neighbour_dfe_code) as in_both,
    from models
    inner join neighbours on models.release = neighbours.release
    left join neighbours as earlier
        on
            models.release_before = earlier.release
            and neighbours.dfe_code = earlier.dfe_code
            and neighbours.neighbour_dfe_code = earlier.neighbour_dfe_code
    where
        neighbours.dfe_code in (
            select named.dfe_code from neighbours as named
            where named.release = models.release_before
        )
    group by all
)

select *
from compared
where in_both < 0.3 * neighbours

-- A model that the seed does not name serves no year: a new one waits for somebody to say which.
{{ config(severity='warn') }}

with

held as (
    select distinct release
    from {{ ref('stg_dfe__statistical_neighbours') }}
),

models as (
    select * from {{ ref('statistical_neighbour_model') }}
)

select held.release
from held
left join models on held.release = models.model
where models.model is null

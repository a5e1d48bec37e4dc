with

neighbours as (
    select * from {{ ref('int_statistical_neighbour') }}
),

models as (
    select * from {{ ref('statistical_neighbour_model') }}
),

codes as (
    select * from {{ ref('int_dfe_code') }}
),

councils as (
    select * from {{ ref('int_council') }}
),

named as (
    select
        codes.dfe_code,
        councils.council_code,
        councils.council_name,
    from codes
    inner join councils using (council_code)
),

final as (
    select
        neighbours.model,
        models.valid_from,
        models.valid_to,
        named.council_code,
        named.council_name,
        neighbours.dfe_code,
        cast(neighbours.place as integer) as place,
        of_neighbours.council_code as neighbour_code,
        of_neighbours.council_name as neighbour_name,
        neighbours.neighbour_dfe_code,
        models.why,
        neighbours.publication,
        neighbours.version,
        neighbours.published,
        neighbours.source_file,
        neighbours.source_row,
    from neighbours
    left join models using (model)
    left join named using (dfe_code)
    left join named as of_neighbours on neighbours.neighbour_dfe_code = of_neighbours.dfe_code
)

select * from final
order by model, council_code, place

{{ config(materialized='view') }}

with

neighbours as (
    select * from {{ ref('stg_dfe__statistical_neighbours') }}
),

vintages as (
    select * from {{ ref('int_vintage') }}
),

-- A model that its publisher changed is the model as changed.
final as (
    select
        neighbours.release as model,
        neighbours.dfe_code,
        neighbours.place,
        neighbours.neighbour_dfe_code,
        neighbours.publication,
        neighbours.version,
        neighbours.published,
        neighbours.source_file,
        neighbours.source_row,
    from neighbours
    left join vintages using (publication, release, version)
    qualify
        dense_rank() over (
            partition by neighbours.release order by {{ vintage_order('desc', of='vintages') }}
        ) = 1
)

select * from final

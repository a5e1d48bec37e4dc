{{ config(materialized='ephemeral') }}

with

neighbours as (
    select * from {{ ref('stg_dfe__statistical_neighbours') }}
),

-- A model that its publisher changed is the model as changed.
final as (
    select
        release as model,
        dfe_code,
        place,
        neighbour_dfe_code,
    from neighbours
    qualify version = max(version) over (partition by release)
)

select * from final

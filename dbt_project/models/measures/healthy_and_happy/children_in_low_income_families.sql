with

relative_poverty as (
    select * from {{ ref('stg_ons__relative_poverty') }}
),

relative_poverty_2026 as (
    select * from {{ ref('stg_ons__relative_poverty_2026') }}
),

cells as (
    select
        'relative_before_housing_costs' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from relative_poverty
),

cells_2026 as (
    select
        'relative_before_housing_costs_2026' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from relative_poverty_2026
),

both_calibrations as (
    select * from cells
    union all
    select * from cells_2026
),

final as (
    {{ ons_figures('both_calibrations') }}
)

select * from final

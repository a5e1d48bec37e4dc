with

relative_poverty as (
    select * from {{ ref('stg_ons__relative_poverty') }}
),

relative_poverty_2026 as (
    select * from {{ ref('stg_ons__relative_poverty_2026') }}
),

workbook as (
    select * from {{ ref('stg_dwp__low_income__relative') }}
),

cells as (
    select
        'relative_before_housing_costs' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from relative_poverty
    where {{ series_rows(
        'relative_before_housing_costs', file='children-in-relative-poverty/relative_poverty'
    ) }}
),

-- The publisher's own workbook has shares between 0 and 1, and counts without their population.
workbook_cells as (
    select
        'relative_before_housing_costs' as series_id,
        {{ row_columns() }},
        {{ cells(value='share', numerator='children') }}
    from workbook
    where {{ series_rows(
        'relative_before_housing_costs',
        file='children-in-low-income-families-local-area-statistics/relative'
    ) }}
),

workbook_read as (
    select * replace (round(100 * value, 6) as value) -- noqa: RF04
    from workbook_cells
),

cells_2026 as (
    select
        'relative_before_housing_costs_2026' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from relative_poverty_2026
    where {{ series_rows(
        'relative_before_housing_costs_2026',
        file='children-in-relative-poverty/relative_poverty_2026'
    ) }}
),

both_calibrations as (
    select * from cells
    union all
    select * from cells_2026
),

republished as (
    {{ figures('select * from both_calibrations') }}
),

own as (
    {{ figures('select * from workbook_read') }}
),

final as (
    select * from republished
    union all by name
    select * from own
)

select * from final

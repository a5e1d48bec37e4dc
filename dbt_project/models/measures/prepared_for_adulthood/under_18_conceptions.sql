with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

conceptions as (
    select * from {{ ref('stg_ons__conceptions__under_18') }}
),

cells as (
    select
        'rate_per_1000' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('rate_per_1000', file='20401/indicator_data') }}
),

older_cells as (
    select
        'rate_per_1000' as series_id,
        {{ row_columns() }},
        {{ cells(value='rate', numerator='conceptions') }},
        {{ cell('rate_flag') }} as flag
    from conceptions
    where {{ series_rows('rate_per_1000', file='conception-statistics/under_18') }}
),

-- A flag stands beside a rate that is printed all the same: it is told, and the rate kept.
older_read as (
    select
        *,
        {{ cell_value('value_cell') }} as value, -- noqa: RF04
        case
            when trim(value_cell) = '' and flag <> '' then {{ cell_status('flag') }}
            else {{ cell_status('value_cell') }}
        end as status,
        coalesce(nullif(flag, ''), {{ cell_symbol('value_cell') }}) as status_symbol,
        {{ read_counts() }}
    from older_cells
),

fingertips as (
    {{ fingertips_figures('cells', interval='poisson', per=1000) }}
),

older as (
    {{ figures('select * from older_read') }}
),

final as (
    select * from fingertips
    union all by name
    select * from older
)

select * from final

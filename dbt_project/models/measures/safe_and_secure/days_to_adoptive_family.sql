with

timeliness as (
    select * from {{ ref('stg_dfe__adoption__timeliness') }}
),

spellings as (
    select distinct
        spelling,
        area_code,
    from {{ ref('area_spelling') }}
),

-- The publisher's codes are its own, and some are of councils long gone: the name tells.
areas as (
    select
        timeliness.*,
        {{ gss_area_columns('spellings.area_code') }},
    from timeliness
    inner join spellings on timeliness.area_name = spellings.spelling
    -- The county that was: its two councils are printed together still.
    where timeliness.area_name <> 'Northamptonshire'
),

cells as (
    select
        'children_adopted_in_period' as series_id,
        {{ row_columns() }},
        {{ cells(value='days') }}
    from areas
    where {{ series_rows('children_adopted_in_period') }}
),

figures_read as (
    select
        *,
        {{ cell_value('value_cell') }} as value, -- noqa: RF04
        -- A point is not applicable here: a council that is printed with another.
        case
            when trim(value_cell) in ('.', '') then 'not_applicable'
            else {{ cell_status('value_cell') }}
        end as status,
        {{ cell_symbol('value_cell') }} as status_symbol,
        {{ read_counts() }}
    from cells
),

final as (
    {{ figures('select * from figures_read') }}
)

select * from final

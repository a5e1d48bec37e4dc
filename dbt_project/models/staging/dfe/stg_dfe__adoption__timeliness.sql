with

source as (
    select * from {{ source('loads', 'dfe__adoption__timeliness') }}
),

staged as (
    select
        {{ load_columns() }},

        -- The publisher's codes are its own, and some are of councils long gone: the name tells.
        {{ area_columns() }},
        trim(area_name) as area_name,
        {{ period_columns() }},

        {{ figures_read(['days']) }},
    from source
)

select * from staged

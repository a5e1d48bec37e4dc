with

source as (
    select * from {{ source('loads', 'dfe__adoption__timeliness') }}
),

staged as (
    select
        {{ load_columns() }},

        trim(dfe_code) as dfe_code,
        trim(area_name) as area_name,

        period_type,
        regexp_extract(trim(time_period), '[0-9]{4}/[0-9]{2}') as period_label,
        {{ period_year('period_label') }} as year, -- noqa: RF04
        {{ period_start('period_type', 'year') }} as period_start,
        {{ period_end('period_type', 'year') }} as period_end,

        days,
    from source
)

select * from staged

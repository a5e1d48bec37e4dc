with

source as (
    select * from {{ source('loads', 'dfe__performance_tables__level_4') }}
),

staged as (
    select
        {{ load_columns() }},

        case trim(record_type)
            when '3' then 'council'
            when '5' then 'country'
        end as area_level,
        case trim(record_type) when '5' then 'E92000001' end as area_code,
        trim(la_number) as dfe_code,
        trim(record_type) as record_type,
        {{ period_columns("replace(trim(time_period), '-', '/')") }},

        level_4,
        eligible_pupils,
    from source
)

select * from staged
-- Rows of schools belong to no series.
where area_level is not null

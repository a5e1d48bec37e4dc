with

source as (
    select * from {{ source('loads', 'dfe__performance_tables__level_4') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(record_type) as record_type,
        {{ period_columns() }},

        {{ figures_read(['level_4', 'eligible_pupils']) }},
    from source
)

select * from staged
-- Rows of schools belong to no series.
where area_level is not null

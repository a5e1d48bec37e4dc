with

source as (
    select * from {{ source('loads', 'ees__neet__dashboard') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(age) as age,

        {{ figures_read(['cohort', 'neet_not_known_percent', 'neet_percent']) }},
    from source
)

select * from staged

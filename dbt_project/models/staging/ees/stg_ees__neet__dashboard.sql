with

source as (
    select * from {{ source('loads', 'ees__neet__dashboard') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_area_columns() }},
        {{ ees_period_columns() }},

        trim(age) as age,

        cohort,
        neet_not_known_percent,
        neet_percent,
    from source
)

select * from staged

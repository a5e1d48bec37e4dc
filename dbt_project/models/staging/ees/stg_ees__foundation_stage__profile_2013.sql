with

source as (
    select * from {{ source('loads', 'ees__foundation_stage__profile_2013') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_area_columns() }},
        {{ ees_period_columns() }},

        trim(gender) as gender,

        number_of_children,
        gld_number,
        gld_percent,
    from source
)

select * from staged

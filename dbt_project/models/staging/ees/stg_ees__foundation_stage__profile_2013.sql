with

source as (
    select * from {{ source('loads', 'ees__foundation_stage__profile_2013') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(gender) as gender,

        {{ figures_read(['number_of_children', 'gld_number', 'gld_percent']) }},
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'ees__foundation_stage__profile_2021') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(characteristic) as characteristic,
        trim(characteristic_type) as characteristic_type,
        trim(gender) as gender,

        {{ figures_read(['children_number', 'gld_number', 'gld_percentage']) }},
    from source
)

select * from staged

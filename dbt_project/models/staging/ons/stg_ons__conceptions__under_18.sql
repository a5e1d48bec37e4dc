with

source as (
    select * from {{ source('loads', 'ons__conceptions__under_18') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        {{ period_columns() }},

        {{ figures_read(['conceptions', 'rate']) }},
    from source
)

select * from staged

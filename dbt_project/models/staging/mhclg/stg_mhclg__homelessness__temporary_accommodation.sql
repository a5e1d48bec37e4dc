with

source as (
    select * from {{ source('loads', 'mhclg__homelessness__temporary_accommodation') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        {{ period_columns() }},

        {{ figures_read(['households', 'families', 'children', 'households_in_area_thousands']) }},
    from source
)

select * from staged

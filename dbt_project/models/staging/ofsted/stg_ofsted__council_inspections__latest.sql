with

source as (
    select * from {{ source('loads', 'ofsted__council_inspections__latest') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        row_period_end as as_of,

        try_cast(trim(inspection_date) as date) as inspection_date,
        trim(inspection_date) as inspection_date_as_published,

        nullif(trim(overall_effectiveness), '') as overall_effectiveness,
        nullif(trim(leaders), '') as leaders,
        nullif(trim(help_and_protection), '') as help_and_protection,
        nullif(trim(children_in_care), '') as children_in_care,
        nullif(trim(care_leavers), '') as care_leavers,
    from source
)

select * from staged

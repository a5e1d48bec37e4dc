with

source as (
    select * from {{ source('loads', 'ofsted__council_inspections__history') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        row_period_end as as_of,

        case trim(inspection) when 'First' then 1 when 'Second' then 2 when 'Third' then 3 end
            as ordinal,
        -- Printed since 2025.
        try_cast(trim(inspection_date) as date) as inspection_date,
        try_cast(trim(publication_date) as date) as publication_date,
        nullif(trim(inspection_type), '') as inspection_type,

        nullif(trim(overall_effectiveness), '') as overall_effectiveness,
        nullif(trim(leaders), '') as leaders,
        nullif(trim(help_and_protection), '') as help_and_protection,
        nullif(trim(children_in_care), '') as children_in_care,
        nullif(trim(care_leavers), '') as care_leavers,
    from source
)

select * from staged

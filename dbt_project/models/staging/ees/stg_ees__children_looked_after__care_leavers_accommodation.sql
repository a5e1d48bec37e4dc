with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__care_leavers_accommodation') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(age) as age,
        trim(accommodation_suitability) as accommodation_suitability,

        {{ figures_read(['number', 'percentage']) }},
    from source
)

select * from staged

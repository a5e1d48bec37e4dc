with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__care_leavers_activity') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(age) as age,
        trim(activity) as activity,

        {{ figures_read(['number', 'percentage']) }},
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__care_leavers_activity') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_area_columns() }},
        {{ ees_period_columns() }},

        trim(age) as age,
        trim(activity) as activity,

        number,
        percentage,
    from source
)

select * from staged

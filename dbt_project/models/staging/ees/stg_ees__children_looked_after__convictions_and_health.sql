with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__convictions_and_health') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_area_columns() }},
        {{ ees_period_columns() }},

        trim(cla_group) as cla_group,
        trim(characteristic) as characteristic,

        number,
        percentage,
    from source
)

select * from staged

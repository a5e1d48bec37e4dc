with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__ceased') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(cla_group) as cla_group,
        trim(characteristic) as characteristic,

        {{ figures_read(['number', 'percentage']) }},
    from source
)

select * from staged

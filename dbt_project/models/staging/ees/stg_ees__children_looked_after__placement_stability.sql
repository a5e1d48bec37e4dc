with

source as (
    select * from {{ source('loads', 'ees__children_looked_after__placement_stability') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(cla_group) as cla_group,
        trim(placement_stability) as placement_stability,

        {{ figures_read(['number', 'percentage']) }},
    from source
)

select * from staged

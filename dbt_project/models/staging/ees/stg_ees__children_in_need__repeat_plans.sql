with

source as (
    select * from {{ source('loads', 'ees__children_in_need__repeat_plans') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(category) as category,

        {{ figures_read(['cpp_start', 'cpp_subsequent', 'cpp_subsequent_percent']) }},
    from source
)

select * from staged

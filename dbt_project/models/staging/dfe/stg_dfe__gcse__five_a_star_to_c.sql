with

source as (
    select * from {{ source('loads', 'dfe__gcse__five_a_star_to_c') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        {{ figures_read(['five_a_star_to_c']) }},
    from source
)

select * from staged

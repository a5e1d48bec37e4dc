with

source as (
    select * from {{ source('loads', 'dfe__gcse__five_a_star_to_c') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ fingertips_area_columns() }},
        {{ period_columns("replace(trim(time_period), '-', '/')") }},

        five_a_star_to_c,
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'fingertips__indicator_data') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(parent_code) as parent_code,
        {{ period_columns() }},
        trim(time_period_range) as time_period_range,

        trim(indicator_id) as indicator_id,
        trim(indicator_name) as indicator_name,
        trim(sex) as sex,
        trim(age) as age,
        trim(category_type) as category_type,

        {{ figures_read(['value', 'lower_ci_95', 'upper_ci_95', 'count', 'denominator']) }},
    from source
)

select * from staged

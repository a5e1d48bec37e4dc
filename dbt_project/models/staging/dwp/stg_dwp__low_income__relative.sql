with

source as (
    select * from {{ source('loads', 'dwp__low_income__relative') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ gss_area_columns('area_code') }},
        trim(area_name) as area_name,
        {{ period_columns("concat(time_period::integer - 1, '/', right(time_period, 2))") }},

        children,
        share,
    from source
)

select * from staged

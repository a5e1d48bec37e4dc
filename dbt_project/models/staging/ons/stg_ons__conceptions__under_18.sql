with

source as (
    select * from {{ source('loads', 'ons__conceptions__under_18') }}
),

staged as (
    select
        {{ load_columns() }},

        -- Of two codes in one cell the first is the council that carries the other.
        {{ gss_area_columns('left(trim(area_code), 9)') }},
        trim(area_name) as area_name,
        {{ period_columns('trim(time_period)') }},

        conceptions,
        rate,
        trim(rate_flag) as rate_flag,
    from source
)

select * from staged

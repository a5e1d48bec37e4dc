with

source as (
    select * from {{ source('loads', 'mhclg__homelessness__temporary_accommodation') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ gss_area_columns('area_code', unit='district') }},
        trim(area_name) as area_name,
        {{ words_period_columns() }},

        households,
        families,
        children,
        households_in_area_thousands,
    from source
)

select * from staged

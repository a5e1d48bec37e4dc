with

source as (
    select * from {{ source('loads', 'mhclg__homelessness__duties') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ gss_area_columns('area_code', unit='district') }},
        trim(area_name) as area_name,
        {{ words_period_columns() }},

        trim(duty) as duty,

        households,
        single_fathers,
        single_mothers,
        single_parents_other,
        couples,
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'mhclg__homelessness__duties') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        trim(area_name) as area_name,
        {{ period_columns() }},

        trim(duty) as duty,

        {{ figures_read([
            'households',
            'single_fathers',
            'single_mothers',
            'single_parents_other',
            'couples',
        ]) }},
    from source
)

select * from staged

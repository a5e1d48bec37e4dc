with

source as (
    select * from {{ source('loads', 'ees__key_stage_4__local_authority') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(establishment_type) as establishment_type,
        trim(gender) as gender,
        trim(version_of_figures) as version_of_figures,

        {{ figures_read([
            't_pupils',
            't_l2basics_95',
            't_l2basics_94',
            'pt_l2basics_95',
            'pt_l2basics_94',
        ]) }},
    from source
)

select * from staged

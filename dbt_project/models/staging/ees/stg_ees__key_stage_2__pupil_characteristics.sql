with

source as (
    select * from {{ source('loads', 'ees__key_stage_2__pupil_characteristics') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(characteristic_group) as characteristic_group,
        trim(characteristic) as characteristic,
        trim(gender) as gender,
        trim(version_of_figures) as version_of_figures,

        {{ figures_read(['pt_rwm_met_expected_standard']) }},
    from source
)

select * from staged

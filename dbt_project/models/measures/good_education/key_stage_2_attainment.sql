with

pupils as (
    select * from {{ ref('stg_ees__key_stage_2__pupil_characteristics') }}
),

explore_local_statistics as (
    select * from {{ ref('stg_ons__explore_local_statistics') }}
),

dfe_cells as (
    select
        'expected_standard' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='pt_rwm_met_expected_standard'
        ) }}
    from pupils
    where {{ series_rows(
        'expected_standard', file='key-stage-2-attainment/pupil_characteristics'
    ) }}
),

ons_cells as (
    select
        'expected_standard' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from explore_local_statistics
    where {{ series_rows(
        'expected_standard', file='pupils-at-expected-standard-at-key-stage-2/expected_standard'
    ) }}
),

dfe_figures as (
    {{ ees_figures('dfe_cells') }}
),

ons_figures as (
    {{ ons_figures('ons_cells') }}
),

final as (
    select * from dfe_figures
    union all
    select * from ons_figures
)

select * from final

with

pupils as (
    select * from {{ ref('stg_ees__key_stage_2__pupil_characteristics') }}
),

explore_local_statistics as (
    select * from {{ ref('stg_ons__explore_local_statistics') }}
),

performance_tables as (
    select * from {{ ref('stg_dfe__performance_tables__level_4') }}
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

level_4_cells as (
    select
        'level_4' as series_id,
        {{ row_columns() }},
        {{ cells(value='level_4', denominator='eligible_pupils') }}
    from performance_tables
    where {{ series_rows('level_4') }}
),

dfe_figures as (
    {{ figures('select * from dfe_cells') }}
),

ons_figures as (
    {{ figures('select * from ons_cells') }}
),

level_4_figures as (
    {{ figures('select * from level_4_cells', interval='wilson') }}
),

final as (
    select * from dfe_figures
    union all
    select * from level_4_figures
    union all
    select * from ons_figures
)

select * from final

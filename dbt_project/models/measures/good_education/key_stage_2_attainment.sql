with

pupils as (
    select * from {{ ref('stg_ees__key_stage_2__pupil_characteristics') }}
),

cells as (
    select
        'expected_standard' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='pt_rwm_met_expected_standard'
        ) }}
    from pupils
    where
        characteristic_group = 'Total'
        and characteristic = 'Total'
        and gender = 'Total'
),

final as (
    {{ ees_figures('cells') }}
)

select * from final

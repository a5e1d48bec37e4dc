with

pupils as (
    select * from {{ ref('stg_ees__key_stage_4__local_authority') }}
),

grade_5_cells as (
    select
        'grade_5_or_above' as series_id,
        {{ row_columns() }},
        {{ cells(value='pt_l2basics_95', numerator='t_l2basics_95', denominator='t_pupils') }}
    from pupils
    where
        gender = 'Total'
        and establishment_type = 'State-funded schools (LA)'
),

grade_4_cells as (
    select
        'grade_4_or_above' as series_id,
        {{ row_columns() }},
        {{ cells(value='pt_l2basics_94', numerator='t_l2basics_94', denominator='t_pupils') }}
    from pupils
    where
        gender = 'Total'
        and establishment_type = 'State-funded schools (LA)'
),

cells as (
    select * from grade_5_cells
    union all by name
    select * from grade_4_cells
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

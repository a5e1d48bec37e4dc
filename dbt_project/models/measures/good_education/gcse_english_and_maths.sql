with

pupils as (
    select * from {{ ref('stg_ees__key_stage_4__local_authority') }}
),

five_a_star_to_c as (
    select * from {{ ref('stg_dfe__gcse__five_a_star_to_c') }}
),

grade_5_cells as (
    select
        'grade_5_or_above' as series_id,
        {{ row_columns() }},
        {{ cells(value='pt_l2basics_95', numerator='t_l2basics_95', denominator='t_pupils') }}
    from pupils
    where {{ series_rows('grade_5_or_above') }}
),

grade_4_cells as (
    select
        'grade_4_or_above' as series_id,
        {{ row_columns() }},
        {{ cells(value='pt_l2basics_94', numerator='t_l2basics_94', denominator='t_pupils') }}
    from pupils
    where {{ series_rows('grade_4_or_above') }}
),

cells as (
    select * from grade_5_cells
    union all by name
    select * from grade_4_cells
),

five_a_star_to_c_cells as (
    select
        'five_a_star_to_c' as series_id,
        {{ row_columns() }},
        {{ cells(value='five_a_star_to_c') }}
    from five_a_star_to_c
    where {{ series_rows('five_a_star_to_c') }}
),

graded_figures as (
    {{ figures('select * from cells', interval='wilson') }}
),

-- Printed as a share of 1.
five_a_star_to_c_figures as (
    select * replace (round(100 * value, 6) as value) -- noqa: RF04
    from ({{ figures('select * from five_a_star_to_c_cells') }})
),

final as (
    select * from graded_figures
    union all
    select * from five_a_star_to_c_figures
)

select * from final

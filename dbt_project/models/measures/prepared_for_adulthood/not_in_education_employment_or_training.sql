with

young_people as (
    select * from {{ ref('stg_ees__neet__dashboard') }}
),

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

neet_or_not_known_cells as (
    select
        'neet_or_not_known' as series_id,
        {{ row_columns() }},
        {{ cells(value='neet_not_known_percent', denominator='cohort') }}
    from young_people
    where {{ series_rows('neet_or_not_known') }}
),

neet_cells as (
    select
        'neet' as series_id,
        {{ row_columns() }},
        {{ cells(value='neet_percent', denominator='cohort') }}
    from young_people
    where {{ series_rows('neet') }}
),

cells as (
    select * from neet_or_not_known_cells
    union all by name
    select * from neet_cells
),

age_16_to_18_cells as (
    select
        'age_16_to_18' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('age_16_to_18') }}
),

age_16_and_17_figures as (
    {{ figures('select * from cells') }}
),

age_16_to_18_figures as (
    {{ fingertips_figures('age_16_to_18_cells', interval='wilson') }}
),

final as (
    select * from age_16_and_17_figures
    union all
    select * from age_16_to_18_figures
)

select * from final

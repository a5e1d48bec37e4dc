with

young_people as (
    select * from {{ ref('stg_ees__neet__dashboard') }}
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

final as (
    {{ ees_figures('cells') }}
)

select * from final

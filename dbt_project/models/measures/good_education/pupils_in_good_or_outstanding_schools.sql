with

explore_local_statistics as (
    select * from {{ ref('stg_ons__explore_local_statistics') }}
),

schools_cells as (
    select
        'schools' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from explore_local_statistics
    where publication = 'schools-rated-good-or-outstanding'
),

final as (
    {{ ons_figures('schools_cells') }}
)

select * from final

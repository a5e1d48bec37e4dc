with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

explore_local_statistics as (
    select * from {{ ref('stg_ons__explore_local_statistics') }}
),

fingertips_cells as (
    select
        'overweight_including_obesity' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '20601'
        and sex = 'Persons'
        and age = '4-5 yrs'
        and category_type = ''
),

ons_cells as (
    select
        'overweight_including_obesity' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from explore_local_statistics
    where publication = 'overweight-children-at-reception'
),

fingertips_figures as (
    {{ fingertips_figures('fingertips_cells', interval='wilson') }}
),

ons_figures as (
    {{ ons_figures('ons_cells') }}
),

final as (
    select * from fingertips_figures
    union all
    select * from ons_figures
)

select * from final

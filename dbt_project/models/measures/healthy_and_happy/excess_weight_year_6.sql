with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'overweight_including_obesity' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '20602'
        and sex = 'Persons'
        and age = '10-11 yrs'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='wilson') }}
)

select * from final

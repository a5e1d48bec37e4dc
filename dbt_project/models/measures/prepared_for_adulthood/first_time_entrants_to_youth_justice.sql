with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'rate_per_100000' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '10401'
        and sex = 'Persons'
        and age = '10-17 yrs'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='byar', per=100000) }}
)

select * from final

with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'rate_per_1000' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '20401'
        and sex = 'Female'
        and age = '<18 yrs'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='byar', per=1000) }}
)

select * from final

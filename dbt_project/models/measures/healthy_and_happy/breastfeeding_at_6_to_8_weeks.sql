with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'current_method' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '92517'
        and sex = 'Persons'
        and age = '6-8 weeks'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='wilson') }}
)

select * from final

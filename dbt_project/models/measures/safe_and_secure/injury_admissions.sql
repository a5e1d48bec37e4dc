with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        'age_0_to_14' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '90284'
        and sex = 'Persons'
        and age in ('<15 yrs', '0-14 yrs')
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='byar', per=10000) }}
)

select * from final

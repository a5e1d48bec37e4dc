with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

cells as (
    select
        case period_type
            when 'pooled_3_years' then 'pooled_3_years'
            when 'calendar_year' then 'single_year'
        end as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        indicator_id = '92196'
        and sex = 'Persons'
        and age = '<1 yr'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells', interval='byar', per=1000) }}
)

select * from final

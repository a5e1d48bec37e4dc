with

plans as (
    select * from {{ ref('stg_ees__children_in_need__repeat_plans') }}
),

cells as (
    select
        'second_or_later' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='cpp_subsequent_percent',
            numerator='cpp_subsequent',
            denominator='cpp_start'
        ) }}
    from plans
    where {{ series_rows('second_or_later') }}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

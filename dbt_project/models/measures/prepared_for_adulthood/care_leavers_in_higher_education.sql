with

care_leavers as (
    select * from {{ ref('stg_ees__children_looked_after__care_leavers_activity') }}
),

cells as (
    select
        'age_19_to_21' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=whole('age_19_to_21', 'number')
        ) }}
    from care_leavers
    qualify {{ series_rows('age_19_to_21') }}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

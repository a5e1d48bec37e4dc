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
            denominator=sibling('number', "activity = 'Total'", by=['age'])
        ) }}
    from care_leavers
    where age in ('Aged 19 to 21', '19 to 21 years')
    qualify activity = 'Higher education i.e. studies beyond A level'
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

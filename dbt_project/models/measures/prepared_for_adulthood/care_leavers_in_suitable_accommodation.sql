with

care_leavers as (
    select * from {{ ref('stg_ees__children_looked_after__care_leavers_accommodation') }}
),

cells as (
    select
        case
            when age in ('Aged 17 to 18', '17 to 18 years') then 'age_17_to_18'
            when age in ('Aged 19 to 21', '19 to 21 years') then 'age_19_to_21'
        end as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=sibling(
                'number',
                "accommodation_suitability in ('Suitability total', 'Total')",
                by=['age']
            )
        ) }}
    from care_leavers
    qualify accommodation_suitability = 'Accommodation considered suitable'
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

with

children as (
    select * from {{ ref('stg_ees__children_looked_after__convictions_and_health') }}
),

cells as (
    select
        'convicted_or_cautioned' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=sibling('number', "characteristic = 'Total ages 10 to 17 years'")
        ) }}
    from children
    where cla_group = 'Convictions: Children looked after Ages 10 to 17 years'
    qualify
        characteristic in (
            'Convicted or subject to youth cautions, or youth conditional cautions during the year'
        )
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

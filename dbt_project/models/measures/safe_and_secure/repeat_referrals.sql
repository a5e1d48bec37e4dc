with

referrals as (
    select * from {{ ref('stg_ees__children_in_need__referrals') }}
),

cells as (
    select
        'within_12_months' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='re_referrals_percent',
            numerator='re_referrals',
            denominator='referrals'
        ) }}
    from referrals
    where {{ series_rows('within_12_months') }}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

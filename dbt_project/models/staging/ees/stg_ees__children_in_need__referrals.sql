with

source as (
    select * from {{ source('loads', 'ees__children_in_need__referrals') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_area_columns() }},
        {{ ees_period_columns() }},

        trim(category) as category,

        referrals,
        re_referrals,
        re_referrals_percent,
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'ees__children_in_need__referrals') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(category) as category,

        {{ figures_read(['referrals', 're_referrals', 're_referrals_percent']) }},
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'ees__ehc_plans__timeliness') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(breakdown_topic) as breakdown_topic,
        trim(breakdown) as breakdown,

        {{ figures_read([
            'plans_issued_den',
            'plans_issued_den_ex',
            'plans_issued_within_20_weeks',
            'plans_issued_20_weeks_ex',
            'pc_plans_issued_within_20_weeks',
            'pc_plans_issued_20_weeks_ex',
        ]) }},
    from source
)

select * from staged

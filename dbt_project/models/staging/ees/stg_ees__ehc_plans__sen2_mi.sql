with

source as (
    select * from {{ source('loads', 'ees__ehc_plans__sen2_mi') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},
        trim(time_period) as time_period,

        {{ figures_read([
            'tot_inc_exc_ehc',
            'inc_exc_20week_ehc',
            'tot_no_exc_ehc',
            'no_exc_20week_ehc',
            'tot_no_exc',
            'no_exc_26week',
            'inc_exc_20week_rate',
            'no_exc_20week_rate',
        ]) }},
    from source
)

select * from staged

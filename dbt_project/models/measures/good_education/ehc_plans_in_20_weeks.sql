with

sen2_mi as (
    select * from {{ ref('stg_ees__ehc_plans__sen2_mi') }}
),

timeliness as (
    select * from {{ ref('stg_ees__ehc_plans__timeliness') }}
),

sen2_mi_excluding as (
    select
        'excluding_exceptions' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='no_exc_20week_rate',
            numerator='no_exc_20week_ehc',
            denominator='tot_no_exc_ehc'
        ) }}
    from sen2_mi
    where {{ series_rows(
        'excluding_exceptions', file='education-health-and-care-plans/sen2_mi'
    ) }}
),

sen2_mi_including as (
    select
        'including_exceptions' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='inc_exc_20week_rate',
            numerator='inc_exc_20week_ehc',
            denominator='tot_inc_exc_ehc'
        ) }}
    from sen2_mi
    where {{ series_rows(
        'including_exceptions', file='education-health-and-care-plans/sen2_mi'
    ) }}
),

timeliness_excluding as (
    select
        'excluding_exceptions' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='pc_plans_issued_20_weeks_ex',
            numerator='plans_issued_20_weeks_ex',
            denominator='plans_issued_den_ex'
        ) }}
    from timeliness
    where {{ series_rows(
        'excluding_exceptions', file='education-health-and-care-plans/timeliness'
    ) }}
),

timeliness_including as (
    select
        'including_exceptions' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='pc_plans_issued_within_20_weeks',
            numerator='plans_issued_within_20_weeks',
            denominator='plans_issued_den'
        ) }}
    from timeliness
    where {{ series_rows(
        'including_exceptions', file='education-health-and-care-plans/timeliness'
    ) }}
),

plans as (
    select * from sen2_mi_excluding
    union all by name
    select * from sen2_mi_including
    union all by name
    select * from timeliness_excluding
    union all by name
    select * from timeliness_including
),

-- From September 2014 statements gave way to plans: those of 2015 are what was left of them.
statements as (
    select
        'statements_in_26_weeks' as series_id,
        {{ row_columns() }},
        {{ part('no_exc_26week', 'in_time') }},
        {{ part('tot_no_exc', 'issued') }},
        {{ is_corrected(['no_exc_26week', 'tot_no_exc']) }} as is_corrected
    from sen2_mi
    where {{ series_rows('statements_in_26_weeks') }}
),

plan_figures as (
    {{ figures('select * from plans', interval='wilson') }}
),

statement_figures as (
    {{ share_figures('statements', numerator='in_time', denominator=['issued']) }}
),

final as (
    select * from plan_figures
    union all by name
    select * from statement_figures
)

select * from final

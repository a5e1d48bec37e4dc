with

children as (
    select * from {{ ref('stg_ees__children_looked_after__convictions_and_health') }}
),

-- The average stands in the column of numbers; its percentage is always `z`.
average_cells as (
    select
        'average_sdq_score' as series_id,
        {{ row_columns() }},
        {{ cells(value='number') }}
    from children
    where {{ series_rows('average_sdq_score') }}
),

-- Of the children with a score, which is what the publisher's percentage is of.
concern_cells as (
    select
        'sdq_cause_for_concern' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=whole('sdq_cause_for_concern', 'number')
        ) }}
    from children
    qualify {{ series_rows('sdq_cause_for_concern') }}
),

cells as (
    select * from average_cells
    union all by name
    select * from concern_cells
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

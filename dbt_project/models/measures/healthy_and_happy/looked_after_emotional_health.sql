with

children as (
    select * from {{ ref('stg_ees__children_looked_after__convictions_and_health') }}
),

-- The average stands in the column of numbers, its percentage is always `z`; of no score received
-- it is printed as 0.
average_cells as (
    select
        'average_sdq_score' as series_id,
        {{ row_columns() }},
        {{ cells(value='number', denominator=whole('average_sdq_score', 'number')) }}
    from children
    qualify {{ series_rows('average_sdq_score') }}
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

averages as (
    {{ figures('select * from average_cells') }}
),

shares as (
    {{ figures('select * from concern_cells', interval='wilson') }}
),

final as (
    select * from averages
    union all
    select * from shares
)

select * from final

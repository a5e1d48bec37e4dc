with

vintages as (
    select * from {{ ref('fct_comparator_vintage') }}
),

final as (
    select * exclude (superseded_on)
    from vintages
    where superseded_on is null
)

select * from final
order by comparator, {{ fact_order() }}

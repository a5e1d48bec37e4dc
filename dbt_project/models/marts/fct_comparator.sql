with

vintages as (
    select * from {{ ref('fct_comparator_vintage') }}
),

final as (
    select * exclude (superseded_on, publication_preference)
    from vintages
    where superseded_on is null
    qualify {{ serves(by=['comparator']) }}
)

select * from final
order by comparator, {{ fact_order() }}

with

vintages as (
    select * from {{ ref('fct_core_measure_vintage') }}
),

final as (
    select * exclude (superseded_on, publication_preference, first_published)
    from vintages
    where superseded_on is null
    qualify {{ serves() }}
)

select * from final
order by {{ fact_order() }}

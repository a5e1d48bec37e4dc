with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

final as (
    select
        measure_id,
        series_id,
        year,
        status,
        status_symbol,
        count(*) as councils,
        string_agg(council_name, ', ' order by council_name) as council_names,
    from facts
    where value is null
    group by all
)

select * from final

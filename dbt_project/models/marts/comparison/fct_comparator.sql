with

vintages as (
    select * from {{ ref('fct_comparator_vintage') }}
),

computed as (
    select * from {{ ref('int_comparator_computed') }}
),

published_figures as (
    select
        comparator,
        case basis when 'published' then 'as_published' else 'counted' end as statistic,
        {{ fact_columns() }},
        null as mean,
        null as neighbour_model,
        null as councils_with_value,
        null as councils_of,
    from vintages
    where superseded_on is null
    qualify {{ serves(by=['comparator']) }}
),

computed_figures as (
    select
        comparator,
        'computed' as basis,
        statistic,
        measure_id,
        series_id,
        council_code,
        council_name,
        region_code,
        region_name,
        year,
        period_label,
        period_type,
        period_start,
        period_end,
        value,
        null as value_as_published,
        unit,
        numerator,
        denominator,
        lower_95,
        upper_95,
        interval_method,
        is_corrected,
        false as is_flagged,
        []::varchar[] as flags,
        case when value is null then 'not_available' else 'published' end as status,
        null as status_symbol,
        publication,
        release,
        version,
        published,
        null as source_file,
        null as source_sha256,
        null as source_sheet,
        null as source_row,
        mean,
        neighbour_model,
        councils_with_value,
        councils_of,
    from computed
),

facts as (
    select * from published_figures

    union all by name

    select * from computed_figures
),

final as (
    select
        comparator,
        {{ fact_columns() }},
        statistic,
        mean,
        neighbour_model,
        councils_with_value::integer as councils_with_value,
        councils_of::integer as councils_of,
    from facts
)

select * from final
order by comparator, statistic, {{ fact_order() }}

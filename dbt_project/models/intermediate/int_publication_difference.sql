-- Where two publications print a figure of one series, the one that does not serve is held to the
-- one that does: a row a figure that both have. Checks of the load count those that differ.
with

vintages as (
    select
        'council' as comparator,
        *,
    from {{ ref('fct_core_measure_vintage') }}

    union all by name

    select * from {{ ref('fct_comparator_vintage') }}
),

standing as (
    select
        *,
        {{ serves(by=['comparator']) }} as is_served,
    from vintages
    where superseded_on is null
),

final as (
    select
        other.measure_id,
        other.series_id,
        other.publication,
        other.release,
        other.version,
        other.source_file,
        other.source_sha256,
        other.council_name,
        other.period_label,
        coalesce(other.value_as_published, round(other.value, 6)::varchar) as printed,
        served.publication as served_publication,
        coalesce(served.value_as_published, round(served.value, 6)::varchar) as served_printed,
        round(other.value - served.value, 6) as difference,
        abs(other.value - served.value) > 0.5000001 * pow(
            10,
            -least(
                {{ decimals('other.value_as_published') }},
                {{ decimals('served.value_as_published') }}
            )
        ) as is_different,
    from standing as other
    inner join standing as served
        using (
            comparator, measure_id, series_id, council_code, period_type, period_start, period_end
        )
    where
        served.is_served
        and not other.is_served
        and other.value is not null
        and served.value is not null
)

select * from final
order by measure_id, series_id, publication, release, version, council_name, period_label

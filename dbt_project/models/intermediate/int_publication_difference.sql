{{ config(materialized='ephemeral') }}

-- Where two publications print a figure of one series, the one that does not serve is held to the
-- one that does: a row a difference above rounding, and one a load that has none.
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

pairs as (
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
        other.value_as_published,
        other.value,
        served.value_as_published as served_as_published,
        served.value as served_value,
        served.publication as served_publication,
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
),

loads as (
    select
        measure_id,
        series_id,
        publication,
        release,
        version,
        source_file,
        source_sha256,
        served_publication,
        count(*) as figure_count,
        count_if(is_different) as difference_count,
    from pairs
    group by all
),

agreed as (
    select
        * exclude (served_publication, figure_count, difference_count),
        true as is_agreed,
        format('{} figures as in {}', figure_count, served_publication) as observed,
    from loads
    where difference_count = 0
),

differing as (
    select
        measure_id,
        series_id,
        publication,
        release,
        version,
        source_file,
        source_sha256,
        false as is_agreed,
        format(
            '{} in {}: {} here, {} in {}',
            council_name,
            period_label,
            coalesce(value_as_published, round(value, 6)::varchar),
            coalesce(served_as_published, round(served_value, 6)::varchar),
            served_publication
        ) as observed,
    from pairs
    where is_different
),

final as (
    select * from agreed
    union all by name
    select * from differing
)

select * from final

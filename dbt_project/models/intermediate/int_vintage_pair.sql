{{ config(materialized='ephemeral') }}

with

vintages as (
    select * from {{ ref('fct_core_measure_vintage') }}
),

-- Each figure beside what the publication's release before, of those that printed it, had for it.
paired as (
    select
        *,
        lag(release) over older as old_release,
        lag(version) over older as old_version,
        lag(published) over older as old_published,
        lag(value) over older as old_value,
        lag(value_as_published) over older as old_value_as_published,
        lag(status) over older as old_status,
        lag(status_symbol) over older as old_status_symbol,
    from vintages
    window older as (
        partition by
            publication,
            measure_id,
            series_id,
            council_code,
            period_type,
            period_start,
            period_end
        order by published, version, release
    )
),

-- A number printed with fewer decimals, or with more, is the same number if it rounds to it.
compared as (
    select
        *,
        {{ decimals('value_as_published') }} as places,
        {{ decimals('old_value_as_published') }} as old_places,
        case when places = old_places then 0 else 0.5 * pow(10, -least(places, old_places)) end
            as rounding,
    from paired
    where old_release is not null
),

final as (
    select
        * exclude (superseded_on, places, old_places, rounding),
        coalesce(abs(value - old_value) > rounding + 0.000000001, false) as is_value_changed,
        is_value_changed
        or status <> old_status
        or (
            value is null
            and old_value is null
            and status_symbol is distinct from old_status_symbol
        ) as is_changed,
    from compared
)

select * from final

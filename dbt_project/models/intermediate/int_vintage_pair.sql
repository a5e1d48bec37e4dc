-- Each figure of a release beside what its publication printed for it before. Once for all who
-- ask, and by windows: a join of every vintage with every older one grows with their square.
with

vintages as (
    select * from {{ ref('fct_core_measure_vintage') }}
),

figures as (
    select
        publication,
        release,
        version,
        published,
        first_published,
        measure_id,
        series_id,
        council_code,
        council_name,
        year,
        period_label,
        period_type,
        period_start,
        period_end,
        unit,
        value,
        value_as_published,
        status,
        status_symbol,
        {{ newer_published() }} as newer_published,
    from vintages
),

placed as (
    select
        *,
        -- What came out after something newer was never the last word.
        coalesce(newer_published >= published, true) as has_stood,
        {
            release: release,
            version: version,
            published: published,
            value: value,
            value_as_published: value_as_published,
            status: status,
            status_symbol: status_symbol
        } as printed,
    from figures
),

-- A release that came out in its turn is set beside the last that stood; one that was amended after
-- a newer release, beside its own version before, or where that lacks the figure, likewise.
paired as (
    select
        *,
        lag(printed) over (
            partition by {{ figure_of_publication() }}, release
            order by {{ vintage_order() }}
        ) as own_before,
        last_value(case when has_stood then printed end ignore nulls) over (
            partition by {{ figure_of_publication() }}
            order by {{ vintage_order() }}
            rows between unbounded preceding and 1 preceding
        ) as last_that_stood,
        case
            when has_stood then last_that_stood
            else coalesce(own_before, last_that_stood)
        end as older,
    from placed
),

beside_older as (
    select
        * exclude (
            first_published, newer_published, has_stood, printed, older, own_before,
            last_that_stood
        ),
        older['release'] as old_release,
        older['version'] as old_version,
        older['published'] as old_published,
        older['value'] as old_value,
        older['value_as_published'] as old_value_as_published,
        older['status'] as old_status,
        older['status_symbol'] as old_status_symbol,
    from paired
    where older is not null
),

-- A number printed with fewer decimals, or with more, is the same number if it rounds to it.
compared as (
    select
        *,
        {{ decimals('value_as_published') }} as places,
        {{ decimals('old_value_as_published') }} as old_places,
        case when places = old_places then 0 else 0.5 * pow(10, -least(places, old_places)) end
            as rounding,
    from beside_older
),

final as (
    select
        * exclude (places, old_places, rounding),
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

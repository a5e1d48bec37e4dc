{{ config(materialized='ephemeral') }}

with

vintages as (
    select * from {{ ref('fct_core_measure_vintage') }}
),

-- A release is as new as its first version, as in superseded_on.
editions as (
    select
        *,
        {{ edition_published('vintages') }} as edition_published,
    from vintages
),

-- Each figure beside what was last printed for it: by the version before of its own release, else
-- by the newest release before that had come out by then, in the version that it had by then.
paired as (
    select
        newer.*,
        older.release as old_release,
        older.version as old_version,
        older.published as old_published,
        older.value as old_value,
        older.value_as_published as old_value_as_published,
        older.status as old_status,
        older.status_symbol as old_status_symbol,
    from editions as newer
    inner join editions as older
        on
            newer.publication = older.publication
            and newer.measure_id = older.measure_id
            and newer.series_id = older.series_id
            and newer.council_code = older.council_code
            and newer.period_type = older.period_type
            and newer.period_start = older.period_start
            and newer.period_end = older.period_end
            and case
                when newer.release = older.release then newer.version > older.version
                else
                    newer.edition_published >= older.edition_published
                    and newer.published >= older.published
                    and (
                        newer.edition_published > older.edition_published
                        or newer.release > older.release
                    )
            end
    qualify
        row_number() over (
            partition by
                newer.publication,
                newer.release,
                newer.version,
                newer.measure_id,
                newer.series_id,
                newer.council_code,
                newer.period_type,
                newer.period_start,
                newer.period_end
            order by
                newer.release = older.release desc,
                older.edition_published desc,
                older.release desc,
                older.version desc
        ) = 1
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
),

final as (
    select
        * exclude (superseded_on, edition_published, places, old_places, rounding),
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

with

vintages as (
    select * from {{ ref('fct_core_measure_vintage') }}
),

beside_older as (
    select
        *,
        lag(release) over older as older_release,
        lag(value) over older as older_value,
        lag(status) over older as older_status,
        lag(value_as_published) over older as older_value_as_published,
    from vintages
    window older as (
        partition by
            measure_id, series_id, council_code, period_type, period_start, period_end, publication
        order by published, version, release
    )
),

final as (
    select
        measure_id,
        series_id,
        council_code,
        council_name,
        year,
        publication,
        older_release,
        release,
        older_value_as_published,
        value_as_published,
        older_status,
        status,
        older_value,
        value,
        round(value - older_value, 6) as difference,
    from beside_older
    where
        older_release is not null
        and (older_value is distinct from value or older_status is distinct from status)
)

select * from final

with

pairs as (
    select * from {{ ref('int_vintage_pair') }}
),

final as (
    select
        publication,
        old_release,
        old_version,
        old_published,
        release,
        version,
        published,
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
        case
            when is_value_changed then 'value'
            when old_value is null and value is null then 'mark'
            when old_value is null then 'mark_to_value'
            else 'value_to_mark'
        end as kind,
        old_value,
        value as new_value,
        round(value - old_value, 6) as difference,
        old_value_as_published,
        value_as_published as new_value_as_published,
        old_status,
        status as new_status,
    from pairs
    where is_changed
)

select * from final
order by
    published desc,
    publication asc,
    version desc,
    release desc,
    abs(difference) desc nulls last,
    measure_id asc,
    series_id asc,
    council_code asc,
    period_end asc

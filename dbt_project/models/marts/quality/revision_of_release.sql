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
        count(*)::integer as cells_shared,
        count_if(is_changed)::integer as cells_changed,
        count_if(is_value_changed)::integer as values_changed,
        count(distinct council_code)::integer as councils_shared,
        (count(distinct council_code) filter (where is_changed))::integer as councils_changed,
        (count(distinct period_end) filter (where is_changed))::integer as periods_changed,
        round(max(abs(value - old_value)) filter (where is_value_changed), 6) as largest_difference,
        round(avg(value - old_value) filter (where is_value_changed), 6) as mean_difference,
    from pairs
    group by all
)

select * from final
order by
    published desc,
    publication asc,
    version desc,
    release desc,
    old_release desc,
    measure_id asc,
    series_id asc

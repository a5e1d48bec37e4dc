with

figures as (
    select * from {{ ref('int_core_measure') }}
),

periods as (
    select
        period_type,
        period_start,
        period_end,
        any_value(year) as year,
        string_agg(distinct period_label, ', ' order by period_label) as labels_as_published,
    from figures
    group by period_type, period_start, period_end
),

labelled as (
    select
        *,
        case
            when period_type = 'calendar_year' then cast(year as varchar)
            when period_type in ('financial_year', 'academic_year', 'survey')
                then date_part('year', period_start) || '/' || right(cast(year as varchar), 2)
            when period_type = 'pooled_3_years'
                then date_part('year', period_start) || ' - ' || right(cast(year as varchar), 2)
            when period_start = period_end then strftime(period_end, '%-d %B %Y')
            else strftime(period_start, '%B %Y') || ' to ' || strftime(period_end, '%B %Y')
        end as period_label,
    from periods
),

neighbouring as (
    select
        one.period_type,
        one.period_start,
        one.period_end,
        bool_or(other.period_end >= one.period_start and other.period_start <= one.period_end)
            as shares_days,
        max(other.period_end) filter (where other.period_end < one.period_start)
            as latest_end_before,
    from periods as one
    inner join periods as other
        on
            one.period_type = other.period_type
            and (
                one.period_start <> other.period_start
                or one.period_end <> other.period_end
            )
    group by all
),

final as (
    select
        labelled.period_type,
        labelled.period_start,
        labelled.period_end,
        labelled.year,
        labelled.period_label,
        case labelled.period_type
            when 'calendar_year' then 'Year '
            when 'financial_year' then 'Financial year '
            when 'academic_year' then 'Academic year '
            when 'pooled_3_years' then 'Three years '
            when 'survey' then 'Survey of '
            else ''
        end || labelled.period_label as title,
        labelled.labels_as_published,
        date_diff('day', labelled.period_start, labelled.period_end) + 1 as length_in_days,
        -- Pools of three years are published every year, held or not.
        labelled.period_type = 'pooled_3_years' or coalesce(neighbouring.shares_days, false)
            as overlaps_others,
        neighbouring.latest_end_before,
    from labelled
    left join neighbouring using (period_type, period_start, period_end)
)

select * from final
order by period_type, period_end, period_start

-- What every figure owes its reader, councils' and comparators' alike.
with

figures as (
    select * from {{ ref('int_core_measure') }}
),

faults as (
    select
        *,
        case
            when status = 'unrecognised' then 'a cell is neither a number nor a known mark'
            when status not in (
                'published',
                'suppressed',
                'not_applicable',
                'not_available',
                'low_reliability'
            ) then 'the status is not one of the list'
            when (value is not null) <> (status = 'published')
                then 'a value without the status published, or the reverse'
            when not isfinite(value) then 'the value is no number'
            when lower_95 > upper_95 then 'the interval is upside down'
            when (lower_95 is null) <> (interval_method is null)
                then 'an interval without a method, or the reverse'
        end as fault,
    from figures
)

select
    fault,
    measure_id,
    series_id,
    area_code,
    period_label,
    value_as_published,
    source_file,
    publication,
    release,
    source_row
from faults
where fault is not null

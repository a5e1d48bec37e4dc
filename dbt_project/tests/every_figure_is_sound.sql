-- What every figure owes its reader, councils' and comparators' alike.
with

figures as (
    select * from {{ ref('int_core_measure') }}
),

-- A cell that nobody can read has no value, and its check has told of it.
told as (
    select distinct
        source_sha256,
        source_row,
        true as is_told,
    from {{ ref('stg_archive__flags') }}
    where check_name = 'numbers_or_marks'
),

-- A computed figure has parts in other rows, and in files of other quarters.
told_of_parts as (
    select distinct
        publication,
        true as is_told,
    from {{ ref('stg_archive__flags') }}
    where check_name = 'numbers_or_marks'
),

faults as (
    select
        figures.*,
        case
            when
                figures.status = 'unrecognised'
                and told.is_told is null
                and (figures.basis <> 'computed' or told_of_parts.is_told is null)
                then 'a cell is neither a number nor a known mark'
            when figures.status not in (
                'published',
                'conflicting',
                'unrecognised',
                'suppressed',
                'not_applicable',
                'not_available',
                'low_reliability'
            ) then 'the status is not one of the list'
            when (figures.value is not null) <> (figures.status = 'published')
                then 'a value without the status published, or the reverse'
            when not isfinite(figures.value) then 'the value is no number'
            when figures.lower_95 > figures.upper_95 then 'the interval is upside down'
            when (figures.lower_95 is null) <> (figures.interval_method is null)
                then 'an interval without a method, or the reverse'
        end as fault,
    from figures
    left join told using (source_sha256, source_row)
    left join told_of_parts using (publication)
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

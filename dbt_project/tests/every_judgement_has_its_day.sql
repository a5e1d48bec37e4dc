-- A judgement without a day cannot be set beside the measures of its time.
select
    council_code,
    overall_effectiveness,
    release,
    source_row
from {{ ref('council_inspection') }}
where status = 'published' and (judged_on is null or judged_on_is is null)

with

revisions as (
    select * from {{ ref('revision') }}
),

final as (
    select
        measure_id,
        series_id,
        council_code,
        council_name,
        year,
        publication,
        old_release,
        release,
        old_value_as_published,
        new_value_as_published,
        old_status,
        new_status,
        old_value,
        new_value,
        difference,
    from revisions
)

select * from final

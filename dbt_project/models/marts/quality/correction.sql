with

corrections as (
    select * from {{ ref('stg_archive__corrections') }}
),

final as (
    select
        publisher,
        publication,
        release,
        version,
        source_file,
        source_sha256,
        file_id,
        source_row,
        source_column,
        as_published,
        corrected,
        corrected is null as is_emptied,
        reason,
        authority,
    from corrections
)

select * from final
order by all

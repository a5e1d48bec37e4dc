with

source as (
    select * from {{ source('archive', 'corrections') }}
),

staged as (
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
        reason,
        authority,
    from source
)

select * from staged

with

source as (
    select * from {{ source('archive', 'checks') }}
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
        check_name,
        check_column,
        severity,
        success,
        observed,
        explanation,
    from source
)

select * from staged

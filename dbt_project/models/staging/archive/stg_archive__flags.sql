with

source as (
    select * from {{ source('archive', 'flags') }}
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
        year,
        measure_id,
        series_id,
        check_name,
        message,
        figure,
        expected,
    from source
)

select * from staged

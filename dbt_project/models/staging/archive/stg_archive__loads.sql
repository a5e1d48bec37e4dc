with

source as (
    select * from {{ source('archive', 'loads') }}
),

staged as (
    select
        publisher,
        publication,
        release,
        version,
        source_file,
        source_sha256,
        bytes,
        file_id,
        load_table,
        admitted,
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'dfe__statistical_neighbours') }}
),

staged as (
    select
        publication,
        release,
        version,
        published,
        source_file,
        source_sha256,
        source_row,

        trim(dfe_code) as dfe_code,
        cast(place as integer) as place,
        trim({{ cell('neighbour') }}) as neighbour_dfe_code,
    from source
)

select * from staged

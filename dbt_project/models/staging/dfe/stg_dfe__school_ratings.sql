with

source as (
    select * from {{ source('loads', 'dfe__school_ratings') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ area_columns() }},
        {{ period_columns() }},

        trim(establishment_type_code) as establishment_type_code,
        {{ number('pupils') }} as pupils,
        trim({{ cell('rating') }}) as rating,
        {{ is_corrected(['rating', 'pupils']) }} as is_corrected,
    from source
)

select * from staged

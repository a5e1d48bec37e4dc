with

source as (
    select * from {{ source('loads', 'dfe__school_ratings') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ as_at_period_columns(as_at('as_at')) }},

        trim(authority_code) as dfe_code,
        trim(establishment_type_code) as establishment_type_code,
        {{ cell_value(cell('pupils')) }} as pupils,
        trim({{ cell('rating') }}) as rating,
        {{ is_corrected(['rating', 'pupils']) }} as is_corrected,
    from source
)

select * from staged

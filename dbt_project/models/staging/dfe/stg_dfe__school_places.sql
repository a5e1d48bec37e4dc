with

source as (
    select * from {{ source('loads', 'dfe__school_places') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ period_columns() }},

        trim(la_number) as dfe_code,
        {{ area_columns() }},
        {{ figures_read([
            'primary_outstanding',
            'primary_good',
            'primary_requires_improvement',
            'primary_inadequate',
            'secondary_outstanding',
            'secondary_good',
            'secondary_requires_improvement',
            'secondary_inadequate',
        ]) }},
        corrections is not null as is_corrected,
    from source
)

select * from staged

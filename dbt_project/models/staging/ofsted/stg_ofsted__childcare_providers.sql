with

source as (
    select * from {{ source('loads', 'ofsted__childcare_providers') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ period_columns() }},

        {{ area_columns() }},
        trim(provider_status) as provider_status,
        trim(early_years_register) as early_years_register,
        trim({{ cell('overall_effectiveness') }}) as overall_effectiveness,
        {{ is_corrected(['overall_effectiveness']) }} as is_corrected,
    from source
)

select * from staged

with

source as (
    select * from {{ source('loads', 'ofsted__childcare_providers') }}
),

area_spelling as (
    select * from {{ ref('area_spelling') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ as_at_period_columns(as_at('as_at')) }},

        -- Some editions end their cells with a blank that is no space.
        trim(replace(local_authority, chr(160), ' ')) as local_authority,
        trim(provider_status) as provider_status,
        trim(early_years_register) as early_years_register,
        trim({{ cell('overall_effectiveness') }}) as overall_effectiveness,
        {{ is_corrected(['overall_effectiveness']) }} as is_corrected,
    from source
),

final as (
    select
        staged.*,
        area_spelling.area_code as council_code,
    from staged
    left join area_spelling on staged.local_authority = area_spelling.spelling
)

select * from final

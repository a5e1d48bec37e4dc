with

providers as (
    select * from {{ ref('stg_ofsted__childcare_providers') }}
),

councils as (
    select * from {{ ref('int_council') }}
),

registered as (
    select
        providers.*,
        councils.council_code,
        councils.region_code,
    from providers
    left join councils on providers.area_code = councils.council_code
    where
        providers.provider_status = 'Active'
        and providers.early_years_register = 'Y'
),

records as (
    select
        *,
        'overall_effectiveness' as series_id,
        false as is_rebuilt,
        (overall_effectiveness in ('1', '2'))::integer as numerator,
        (overall_effectiveness in ('1', '2', '3', '4'))::integer as denominator,
    from registered
),

final as (
    {{ record_figures('records', interval='wilson') }}
)

select * from final

with

councils as (
    select * from {{ ref('int_council') }}
),

final as (
    select
        council_code,
        council_name,
        dfe_code,
        region_code,
        region_name,
        dfe_region_code,
        dfe_region_name,
        council_type,
        valid_from,
        valid_to,
        recoded_to,
        current_code,
        is_current,
    from councils
)

select * from final
order by council_code

with

checks as (
    select * from {{ ref('load_quality') }}
),

final as (
    select
        publication,
        release,
        version,
        source_file,
        admitted,
        severity,
        check_name,
        check_column,
        observed,
        explanation,
    from checks
    where not success
)

select * from final

with

councils as (
    select * from {{ ref('int_council') }}
),

changes as (
    select * from {{ ref('council_change') }}
),

-- One council keeps its three digits under its old and its new code.
dfe_codes as (
    select
        dfe_code,
        min(valid_from) as dfe_code_valid_from,
        case when bool_or(valid_to is null) then null else max(valid_to) end as dfe_code_valid_to,
    from councils
    group by dfe_code
),

predecessors as (
    select
        to_code as council_code,
        string_agg(from_code, ', ' order by from_code) as predecessors,
    from changes
    group by to_code
),

successors as (
    select
        from_code as council_code,
        string_agg(to_code, ', ' order by to_code) as successors,
    from changes
    group by from_code
),

final as (
    select
        councils.council_code,
        councils.council_name,
        councils.dfe_code,
        councils.region_code,
        councils.region_name,
        councils.dfe_region_code,
        councils.dfe_region_name,
        councils.council_type,
        councils.valid_from,
        councils.valid_to,
        councils.recoded_to,
        councils.current_code,
        councils.is_current,
        dfe_codes.dfe_code_valid_from,
        dfe_codes.dfe_code_valid_to,
        predecessors.predecessors,
        successors.successors,
    from councils
    left join dfe_codes using (dfe_code)
    left join predecessors using (council_code)
    left join successors using (council_code)
)

select * from final
order by council_code

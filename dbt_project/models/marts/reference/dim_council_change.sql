with

changes as (
    select * from {{ ref('council_change') }}
),

councils as (
    select * from {{ ref('int_council') }}
),

final as (
    select
        changes.change_date,
        changes.kind,
        changes.from_code,
        old_council.council_name as from_name,
        old_council.dfe_code as from_dfe_code,
        changes.to_code,
        new_council.council_name as to_name,
        new_council.dfe_code as to_dfe_code,
        changes.takes_all,
        old_council.current_code = new_council.current_code as is_same_council,
        changes.what_changed,
        changes.source,
    from changes
    inner join councils as old_council on changes.from_code = old_council.council_code
    inner join councils as new_council on changes.to_code = new_council.council_code
)

select * from final
order by change_date, from_code, to_code

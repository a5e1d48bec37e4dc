-- The two lists of councils agree: each code that ends has changes from it, each that begins has
-- changes to it, and a code that follows for the same council follows by a change that says so.
with

councils as (
    select * from {{ ref('int_council') }}
),

changes as (
    select * from {{ ref('dim_council_change') }}
),

faults as (
    select
        councils.council_code as code,
        'ends without a change' as fault,
    from councils
    left join changes
        on
            councils.council_code = changes.from_code
            and councils.valid_to + 1 = changes.change_date
    where councils.valid_to is not null and changes.from_code is null

    union all

    select
        councils.council_code as code,
        'begins without a change' as fault,
    from councils
    left join changes
        on
            councils.council_code = changes.to_code
            and councils.valid_from = changes.change_date
    where councils.valid_from > date '2009-04-01' and changes.to_code is null

    union all

    select
        councils.council_code as code,
        'is followed by another code than its change says' as fault,
    from councils
    left join changes
        on
            councils.council_code = changes.from_code
            and councils.recoded_to = changes.to_code
    where
        councils.recoded_to is not null
        and (changes.kind is null or changes.kind not in ('recoded', 'renamed', 'boundary'))

    union all

    select
        changes.from_code as code,
        'is one council before and after, and the kind of its change says otherwise' as fault,
    from changes
    where
        is_same_council <> (kind in ('recoded', 'renamed', 'boundary'))
        or (kind in ('merged', 'recoded', 'renamed', 'boundary')) <> takes_all
        or kind not in ('recoded', 'renamed', 'boundary', 'merged', 'split')
        or (kind = 'renamed') <> (is_same_council and from_name <> to_name)
)

select * from faults

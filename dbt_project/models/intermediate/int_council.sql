{{ config(materialized='view') }}

with recursive

council as (
    select * from {{ ref('council') }}
),

-- A recoded council is the same council under a new code: follow the codes to the last.
recoding as (
    select
        council_code,
        council_code as current_code,
        recoded_to,
    from council

    union all

    select
        recoding.council_code,
        council.council_code as current_code,
        council.recoded_to,
    from recoding
    inner join council on recoding.recoded_to = council.council_code
),

final as (
    select
        council.*,
        recoding.current_code,
        council.valid_to is null as is_current,
    from council
    inner join recoding on council.council_code = recoding.council_code
    where recoding.recoded_to is null
)

select * from final

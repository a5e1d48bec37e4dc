-- A council without a tile would be missing from every map, and one that is gone would stand on it.
with

tiles as (
    select * from {{ ref('council_tile') }}
),

councils as (
    select * from {{ ref('dim_council') }}
    where is_current
)

select coalesce(councils.council_code, tiles.council_code) as council_code
from councils
full join tiles using (council_code)
where
    councils.council_code is null
    or tiles.council_code is null

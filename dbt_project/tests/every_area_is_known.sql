-- A code that is no council's, region's or country's is a load to look into, not a row to lose.
select
    area_level,
    area_code,
    source_file,
    release,
    min(source_row) as first_source_row,
    count(*) as row_count
from {{ ref('int_core_measure') }}
where area_name is null
group by all

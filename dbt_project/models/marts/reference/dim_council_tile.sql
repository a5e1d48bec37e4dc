with

tiles as (
    select * from {{ ref('council_tile') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

final as (
    select
        councils.council_code,
        councils.council_name,
        councils.region_code,
        councils.region_name,
        tiles.tile_column,
        tiles.tile_row,
    from tiles
    inner join councils using (council_code)
)

select * from final
order by council_code

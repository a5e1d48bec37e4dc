with

source as (
    select * from {{ source('loads', 'dwp__low_income__relative') }}
),

councils as (
    select * from {{ ref('council') }}
),

staged as (
    select
        {{ load_columns() }},

        -- Lower-tier authorities: those that are councils too are read.
        'council' as area_level,
        row_area_code as area_code,
        trim(area_name) as area_name,
        {{ period_columns() }},

        {{ figures_read(['children', 'share']) }},
    from source
    where row_area_code in (select councils.council_code from councils)
)

select * from staged

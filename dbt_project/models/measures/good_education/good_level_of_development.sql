with

profile_2013 as (
    select * from {{ ref('stg_ees__foundation_stage__profile_2013') }}
),

profile_2021 as (
    select * from {{ ref('stg_ees__foundation_stage__profile_2021') }}
),

cells_2013 as (
    select
        'profile_2013' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='gld_percent',
            numerator='gld_number',
            denominator='number_of_children'
        ) }}
    from profile_2013
    where {{ series_rows('profile_2013') }}
),

cells_2021 as (
    select
        'profile_2021' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='gld_percentage',
            numerator='gld_number',
            denominator='children_number'
        ) }}
    from profile_2021
    where {{ series_rows('profile_2021') }}
),

cells as (
    select * from cells_2013
    union all by name
    select * from cells_2021
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

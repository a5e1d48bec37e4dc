with

timeliness as (
    select * from {{ ref('stg_dfe__adoption__timeliness') }}
),

cells as (
    select
        'children_adopted_in_period' as series_id,
        {{ row_columns() }},
        {{ cells(value='days') }}
    from timeliness
    where {{ series_rows('children_adopted_in_period') }}
),

final as (
    {{ figures('select * from cells') }}
)

select * from final

with

children as (
    select * from {{ ref('stg_ees__children_looked_after__placement_stability') }}
),

cells as (
    select
        'during_year' as series_id,
        {{ row_columns() }},
        {{ cells(
            value='percentage',
            numerator='number',
            denominator=sibling('number', "placement_stability = 'Total children'", by=['cla_group'])
        ) }}
    from children
    where
        -- 'CLA 2 years on 31 March' is another group, and counts two years of placements.
        cla_group in (
            'CLA at 31 March',
            'CLA on 31 March',
            'Children looked after at 31 March',
            'Children looked after on 31 March'
        )
    qualify placement_stability = 'With 3 or more placements during the year'
),

final as (
    {{ ees_figures('cells', interval='wilson') }}
)

select * from final

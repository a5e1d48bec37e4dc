with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

-- By name: the ids of all but one topic were never seen. Names stand in the publication's contract.
cells as (
    select
        case
            when indicator_name like 'Smoking prevalence at age 15%' then 'smoking'
            when indicator_name like 'Mean score of the 14 WEMWBS statements%' then 'wellbeing'
            when indicator_name like 'Percentage who eat 5 portions%' then 'diet'
            when indicator_name like 'Percentage physically active%' then 'physical_activity'
            when indicator_name like 'Percentage who have taken drugs%' then 'drugs'
            when indicator_name like 'Percentage of regular drinkers%' then 'alcohol'
            when indicator_name like 'Percentage who were bullied%' then 'bullying'
        end as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where
        publication = 'what-about-youth'
        and sex = 'Persons'
        and category_type = ''
),

final as (
    {{ fingertips_figures('cells') }}
)

select * from final

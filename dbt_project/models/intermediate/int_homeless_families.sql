{{ config(materialized='table') }}

-- One row a table, area and quarter of each release: families, with the mark where there is none.
with

duties as (
    select * from {{ ref('stg_mhclg__homelessness__duties') }}
),

accommodation as (
    select * from {{ ref('stg_mhclg__homelessness__temporary_accommodation') }}
),

districts as (
    select * from {{ ref('district') }}
),

{%- set types = ['single_fathers', 'single_mothers', 'single_parents_other', 'couples'] %}

duty_cells as (
    select
        *,
        {{ is_corrected(types) }} as is_corrected,
        {{ number('households') }} as households_owed,
    from duties
),

added as (
    select
        *,
        {{ types | join('__number + ') }}__number as families,
        coalesce(
            single_fathers__mark, single_mothers__mark, single_parents_other__mark,
            couples__mark
        ) as status_symbol,
        {{ worst_status([
            'single_fathers__status', 'single_mothers__status', 'single_parents_other__status',
            'couples__status',
        ]) }} as status_of_cells,
    from duty_cells
),

-- Prevention and relief together.
either as (
    select
        release,
        version,
        area_code,
        sum(households_owed) as households_owed,
        sum(families) as families,
    from added
    group by all
),

owed as (
    select
        'owed_a_duty' as series_id,
        case added.duty when 'P' then 'prevention' when 'R' then 'relief' end as part,
        added.area_level,
        added.area_code,
        added.area_name,
        added.period_end,
        added.families,
        -- Of all households owed a duty 25 to 38 in 100 are families, in every quarter. Where a
        -- district has fewer than 2, of 50 or more, its types were not recorded (Birmingham in
        -- 2018: none of 1,397).
        case
            when
                added.area_level = 'district'
                and added.status_of_cells = 'published'
                and either.households_owed >= 50
                and either.families < 0.02 * either.households_owed
                then 'low_reliability'
            else added.status_of_cells
        end as status,
        added.status_symbol,
        added.is_corrected,
        null::double as households,
        added.publication,
        added.release,
        added.version,
        added.published,
        added.source_file,
        added.source_sha256,
        added.source_sheet,
        added.source_row,
    from added
    inner join either using (release, version, area_code)
),

housed as (
    select
        'in_temporary_accommodation' as series_id,
        'temporary accommodation' as part,
        area_level,
        area_code,
        area_name,
        period_end,
        {{ number('families') }} as families,
        families__status as status,
        families__mark as status_symbol,
        {{ is_corrected(['families']) }} as is_corrected,
        round(1000 * {{ number('households_in_area_thousands') }}) as households,
        publication,
        release,
        version,
        published,
        source_file,
        source_sha256,
        source_sheet,
        source_row,
    from accommodation
),

both_tables as (
    select * from owed
    union all
    select * from housed
),

-- A printed code may be older or newer than its quarter: it stands for the district, whose code of
-- that day is sought.
resolved as (
    select
        both_tables.* exclude (area_code),
        both_tables.area_code as printed_code,
        case
            when both_tables.period_end > older.valid_to then older.recoded_to
            when both_tables.period_end <= newer.valid_to then newer.district_code
            else both_tables.area_code
        end as area_code,
    from both_tables
    left join districts as older
        on both_tables.area_code = older.district_code and older.recoded_to is not null
    left join districts as newer
        on both_tables.area_code = newer.recoded_to
    where both_tables.area_level is not null
),

-- Of a district printed under both codes one row serves. Two rows under that one code are a fault,
-- and are left for a test to find.
one_row_a_district as (
    select *
    from resolved
    qualify
        printed_code = first_value(printed_code) over (
            partition by series_id, part, area_code, period_end, publication, release, version
            order by
                status = 'published' desc,
                printed_code = area_code desc,
                source_row asc
        )
),

-- A figure without its number is none: a sum of marks has no value.
final as (
    select
        * exclude (families, printed_code),
        case when status = 'published' then families end as families,
        year(period_end + interval 9 month)::integer as financial_year,
    from one_row_a_district
)

select * from final

{{ config(materialized='table') }}

-- One row a table, area and quarter of each release: families, with the mark where there is none.
with

duties as (
    select * from {{ ref('stg_mhclg__homelessness__duties') }}
),

accommodation as (
    select * from {{ ref('stg_mhclg__homelessness__temporary_accommodation') }}
),

{%- set types = ['single_fathers', 'single_mothers', 'single_parents_other', 'couples'] %}

duty_cells as (
    select
        *,
        {% for type in types %}
            {{ cell_value(cell(type)) }} as {{ type }}_value,
            {{ mhclg_status(cell(type)) }} as {{ type }}_status,
            {{ cell_symbol(cell(type)) }} as {{ type }}_symbol,
        {% endfor %}
        {{ is_corrected(types) }} as is_corrected,
        {{ cell_value(cell('households')) }} as households_owed,
    from duties
),

added as (
    select
        *,
        {{ types | join('_value + ') }}_value as families,
        coalesce(
            single_fathers_symbol, single_mothers_symbol, single_parents_other_symbol,
            couples_symbol
        ) as status_symbol,
        {{ gravest([
            'single_fathers_status', 'single_mothers_status', 'single_parents_other_status',
            'couples_status',
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
        {{ cell_value(cell('families')) }} as families,
        {{ mhclg_status(cell('families')) }} as status,
        {{ cell_symbol(cell('families')) }} as status_symbol,
        {{ is_corrected(['families']) }} as is_corrected,
        round(1000 * {{ cell_value(cell('households_in_area_thousands')) }}) as households,
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

-- A figure without its number is none: a sum of marks has no value.
final as (
    select
        * exclude (families),
        case when status = 'published' then families end as families,
        year(period_end + interval 9 month)::integer as financial_year,
    from both_tables
    where area_level is not null
)

select * from final

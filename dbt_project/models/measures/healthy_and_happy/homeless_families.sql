with

printed as (
    select * from {{ ref('int_homeless_families') }}
),

districts as (
    select * from {{ ref('int_district') }}
),

editions as (
    select * from {{ ref('int_vintage') }}
),

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

parts as (
    select
        printed.*,
        editions.first_published,
    from printed
    left join editions using (publication, release, version)
),

releases as (
    select distinct
        series_id,
        financial_year,
        period_end,
        publication,
        release,
        version,
        published,
        first_published,
    from parts
),

-- What was known when a release came out: of each quarter of its year the newest version by then.
known_quarters as (
    select
        vintage.*,
        known.period_end as quarter_end,
        known.release as quarter_release,
        known.version as quarter_version,
    from releases as vintage
    inner join releases as known
        on
            vintage.series_id = known.series_id
            and vintage.financial_year = known.financial_year
            and (
                vintage.published > known.published
                or (
                    vintage.published = known.published
                    and vintage.period_end > known.period_end
                )
                or (vintage.release = known.release and vintage.version = known.version)
            )
    qualify row_number() over (
        partition by
            vintage.series_id, vintage.release, vintage.version, known.period_end
        order by
            known.release = vintage.release desc,
            {{ vintage_order('desc', of='known') }}
    ) = 1
),

-- A flow is summed over four quarters or not at all; a stock is that of its own quarter.
vintages as (
    select *
    from known_quarters
    where series_id = 'in_temporary_accommodation' and quarter_end = period_end

    union all

    select *
    from known_quarters
    where series_id = 'owed_a_duty'
    qualify count(*) over (partition by release, version) = 4
),

series_parts as (
    select
        unnest(['owed_a_duty', 'owed_a_duty', 'in_temporary_accommodation']) as series_id,
        unnest(['prevention', 'relief', 'temporary accommodation']) as part,
),

larger_areas as (
    select distinct
        area_level,
        area_code,
    from parts
    where area_level in ('country', 'region')
),

-- What an area is made of: a council of every district that stood in it; England of itself.
wanted as (
    select
        'council' as area_level,
        districts.council_code as area_code,
        districts.district_code as part_code,
        vintages.*,
    from vintages
    inner join districts
        on vintages.quarter_end between districts.valid_from and districts.valid_to

    union all

    select
        larger_areas.area_level,
        larger_areas.area_code,
        larger_areas.area_code as part_code,
        vintages.*,
    from vintages
    cross join larger_areas
),

found as (
    select
        wanted.*,
        parts.families,
        coalesce(parts.status, 'not_available') as status,
        parts.status_symbol,
        coalesce(parts.is_corrected, false) as is_corrected,
        parts.source_file,
        parts.source_sha256,
        parts.source_sheet,
        parts.source_row,
        parts.release = wanted.release and parts.version = wanted.version as is_of_vintage,
        series_parts.part,
    from wanted
    inner join series_parts on wanted.series_id = series_parts.series_id
    left join parts
        on
            series_parts.series_id = parts.series_id
            and series_parts.part = parts.part
            and wanted.quarter_release = parts.release
            and wanted.quarter_version = parts.version
            and wanted.part_code = parts.area_code
),

{%- set area_of_vintage = [
    'series_id', 'area_level', 'area_code', 'financial_year', 'period_end', 'publication',
    'release', 'version', 'published',
] %}

with_reasons as (
    select
        *,
        {{ worst_status_of_all(
            'status', over='over (partition by series_id, area_level, area_code, release, version)'
        ) }} as status_of_all,
    from found
),

families as (
    select
        {% for column in area_of_vintage %}
            {{ column }},
        {% endfor %}
        status_of_all as status,
        max(quarter_end) as target_quarter,
        case when status_of_all = 'published' then sum(families) end as numerator,
        min(status_symbol) filter (where status = status_of_all) as status_symbol,
        bool_or(is_corrected) as is_corrected,
        {% for column in ['source_file', 'source_sha256', 'source_sheet', 'source_row'] %}
            arg_min({{ column }}, part || lpad(source_row::varchar, 9, '0'))
            filter (where is_of_vintage) as {{ column }},
        {% endfor %}
    from with_reasons
    group by {{ area_of_vintage | join(', ') }}, status_of_all
),

-- Households as printed beside the quarter, or, where it prints none, in the nearest quarter of
-- the same year that was known by then.
part_households as (
    select
        wanted.series_id,
        wanted.area_level,
        wanted.area_code,
        wanted.part_code,
        wanted.release,
        wanted.version,
        households.households,
    from wanted
    inner join families
        on
            wanted.series_id = families.series_id
            and wanted.area_level = families.area_level
            and wanted.area_code = families.area_code
            and wanted.release = families.release
            and wanted.version = families.version
            and wanted.quarter_end = families.target_quarter
    left join parts as households
        on
            households.part = 'temporary accommodation'
            and wanted.part_code = households.area_code
            and wanted.financial_year = households.financial_year
            and wanted.published >= households.published
            and households.households > 0
    qualify row_number() over (
        partition by
            wanted.series_id, wanted.area_level, wanted.part_code, wanted.release, wanted.version
        order by
            abs(date_diff('month', wanted.quarter_end, households.period_end)) asc nulls last,
            households.period_end asc,
            {{ vintage_order('desc', of='households') }}
    ) = 1
),

denominators as (
    select
        series_id,
        area_level,
        area_code,
        release,
        version,
        case when count(*) = count(households) then sum(households) end as denominator,
    from part_households
    group by all
),

sums as (
    select
        families.* exclude (status, period_end),
        denominators.denominator,
        case
            when families.series_id = 'owed_a_duty' then 'financial_year' else 'snapshot'
        end as period_type,
        case
            when families.series_id = 'owed_a_duty' then make_date(families.financial_year, 3, 31)
            else families.period_end
        end as period_end,
        case
            when families.series_id = 'owed_a_duty'
                then make_date(families.financial_year - 1, 4, 1)
            else families.period_end
        end as period_start,
        year(period_end)::integer as year, -- noqa: RF04
        case
            when families.series_id = 'owed_a_duty'
                then
                    (families.financial_year - 1) || '/'
                    || right(families.financial_year::varchar, 2)
            else strftime(families.period_end, '%-d %B %Y')
        end as period_label,
        case
            when families.status = 'published' and denominators.denominator is null
                then 'not_available'
            else families.status
        end as status,
        case
            when families.status = 'published'
                then 1000 * families.numerator / denominators.denominator
        end as value, -- noqa: RF04
        null as value_as_published,
        null::double as published_lower,
        null::double as published_upper,
    from families
    left join denominators using (series_id, area_level, area_code, release, version)
    where families.source_row is not null
),

summed_figures as (
    {{ figures('select * from sums', interval='poisson', per=1000, basis="'computed'") }}
),

statutorily_homeless_cells as (
    select
        'statutorily_homeless' as series_id,
        {{ row_columns() }},
        {{ fingertips_cells() }}
    from indicator_data
    where {{ series_rows('statutorily_homeless') }}
),

statutorily_homeless_figures as (
    {{ fingertips_figures('statutorily_homeless_cells', interval='poisson', per=1000) }}
),

final as (
    select * from summed_figures
    union all by name
    select * from statutorily_homeless_figures
)

select * from final

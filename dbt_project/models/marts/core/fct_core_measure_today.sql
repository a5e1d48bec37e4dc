{%- set key = 'measure_id, series_id, council_code, period_type, period_start, period_end' -%}
with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

series as (
    select
        *,
        {{ unit_scale('unit') }} as scale,
    from {{ ref('dim_series') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

changes as (
    select * from {{ ref('dim_council_change') }}
),

-- Under the code of today, with whether the counts beside a figure make it.
figures as (
    select
        facts.*,
        councils.current_code,
        series.figure_kind,
        series.scale,
        {{ counts_give_value(
            'facts.value', 'facts.value_as_published', 'facts.numerator', 'facts.denominator',
            'series.scale', 'series.decimals'
        ) }} as has_its_counts,
    from facts
    inner join councils using (council_code)
    inner join series using (measure_id, series_id)
),

-- Every council of today in every period that a series has: a gap is a row.
periods as (
    select
        measure_id,
        series_id,
        period_type,
        period_start,
        period_end,
        year,
        {{ last_to_come_out(['period_label', 'unit']) }},
    from facts
    group by all
),

grid as (
    select
        periods.*,
        councils.council_code,
        councils.council_name,
        councils.region_code,
        councils.region_name,
        -- 2009 is where the list of councils begins, not where they do.
        coalesce(nullif(councils.valid_from, date '2009-04-01'), date '0001-01-01') as valid_from,
    from periods
    cross join councils
    where councils.is_current
),

-- The council's own figure, under whichever of its codes stood.
own as (
    select
        figures.* replace (figures.current_code as council_code),
        case
            when figures.council_code = figures.current_code then 'as_published'
            else coalesce(changes.kind, 'recoded')
        end as method,
        case
            when figures.council_code <> figures.current_code
                then figures.council_code || ' ' || figures.council_name
        end as parts,
    from figures
    left join changes
        on
            figures.council_code = changes.from_code
            and changes.is_same_council
),

-- Councils that were made of others.
parts as (
    select
        successors.current_code as council_code,
        predecessors.current_code as part_code,
        changes.from_name as part_name,
        changes.change_date,
        changes.takes_all,
    from changes
    inner join councils as successors on changes.to_code = successors.council_code
    inner join councils as predecessors on changes.from_code = predecessors.council_code
    where not changes.is_same_council
),

origins as (
    select
        council_code,
        count(*) as part_count,
        bool_and(takes_all) as all_came_whole,
        string_agg(part_name, ', ' order by part_code) as part_names,
        'Made on ' || strftime(any_value(change_date), '%-d %B %Y') || ' of ' || part_names as made,
        strftime(any_value(change_date) - 1, '%-d %B %Y') as last_day_before,
    from parts
    group by council_code
),

merged as (
    select
        parts.council_code,
        figures.measure_id,
        figures.series_id,
        figures.period_type,
        figures.period_start,
        figures.period_end,
        figures.figure_kind,
        figures.scale,
        count(*) as parts_held,
        count(distinct concat_ws('/', figures.publication, figures.release, figures.version))
            as vintages,
        bool_and(figures.has_its_counts) as have_counts,
        bool_and(figures.interval_method is not null) as have_intervals,
        string_agg(
            parts.part_name || ' ' || replace(figures.status, '_', ' '), ', '
            order by parts.part_code
        ) filter (where figures.value is null) as parts_without_value,
        string_agg(
            figures.council_code || ' ' || figures.council_name, ', '
            order by figures.council_code
        ) as parts,
        sum(figures.numerator) as numerator,
        sum(figures.denominator) as denominator,
        bool_or(figures.is_corrected) as is_corrected,
        bool_or(figures.is_flagged) as is_flagged,
        any_value(figures.publication) as publication,
        any_value(figures.release) as release,
        any_value(figures.version) as version,
        any_value(figures.published) as published,
    from parts
    inner join figures on parts.part_code = figures.current_code
    where parts.takes_all
    group by all
),

-- Where it has no figure of its own, every part came whole, and all have their counts in one
-- release.
recast as (
    select
        merged.*,
        round(merged.scale * merged.numerator / merged.denominator, 6) as value,
    from merged
    inner join origins using (council_code)
    left join own using ({{ key }})
    where
        own.status is null
        and origins.all_came_whole
        and merged.parts_held = origins.part_count
        and merged.have_counts
        and merged.vintages = 1
        and merged.figure_kind in ('proportion', 'rate')
),

found as (
    select
        {{ key }},
        value,
        numerator,
        denominator,
        has_its_counts,
        lower_95,
        upper_95,
        interval_method,
        is_corrected,
        is_flagged,
        flags,
        status,
        status_symbol,
        method,
        parts,
        publication,
        release,
        version,
        published,
        source_file,
        source_sheet,
        source_row,
    from own

    union all

    select
        {{ key }},
        value,
        numerator,
        denominator,
        true as has_its_counts,
        {%- for bound in ['lower', 'upper'] %}
            case
                when not have_intervals then null
                when figure_kind = 'rate'
                    then {{ interval_bound('poisson', 'numerator', 'denominator', bound, 'scale') }}
                else {{ interval_bound('wilson', 'numerator', 'denominator', bound) }}
            end as {{ bound }}_95,
        {%- endfor %}
        case
            when not have_intervals then null
            when figure_kind = 'rate' then {{ interval_name('poisson', 'numerator') }}
            else 'wilson'
        end as interval_method,
        is_corrected,
        is_flagged,
        []::varchar[] as flags,
        'published' as status,
        null as status_symbol,
        'merged' as method,
        parts,
        publication,
        release,
        version,
        published,
        null as source_file,
        null as source_sheet,
        null as source_row,
    from recast
),

final as (
    select
        grid.measure_id,
        grid.series_id,
        grid.council_code,
        grid.council_name,
        grid.region_code,
        grid.region_name,
        grid.year,
        grid.period_label,
        grid.period_type,
        grid.period_start,
        grid.period_end,
        found.value,
        grid.unit,
        found.numerator,
        found.denominator,
        coalesce(found.has_its_counts, false) as has_its_counts,
        found.lower_95,
        found.upper_95,
        found.interval_method,
        coalesce(found.is_corrected, false) as is_corrected,
        coalesce(found.is_flagged, false) as is_flagged,
        coalesce(found.flags, []::varchar[]) as flags,
        coalesce(found.status, 'not_available') as status,
        found.status_symbol,
        case
            when found.method = 'as_published' and grid.period_end < grid.valid_from
                then 'rebuilt_by_publisher'
            else coalesce(found.method, 'none')
        end as method,
        coalesce(found.method in ('recoded', 'renamed', 'boundary', 'merged'), false) as is_recast,
        found.parts,
        case
            when found.value is not null then null
            when found.status is not null
                then 'The publisher''s mark: ' || replace(found.status, '_', ' ') || '.'
            when grid.period_end >= grid.valid_from or origins.council_code is null
                then 'No release held has a row for it in this period.'
            when origins.part_count = 1
                then
                    'Part of ' || origins.part_names || ' until ' || origins.last_day_before
                    || '; a split is not guessed back.'
            when not origins.all_came_whole
                then
                    origins.made
                    || ', not all of them whole: the part is not published apart.'
            when coalesce(merged.parts_held, 0) < origins.part_count
                then origins.made || '; not every one of them has a row.'
            when merged.parts_without_value is not null
                then origins.made || '; without a figure: ' || merged.parts_without_value || '.'
            when merged.vintages > 1
                then origins.made || ', whose figures are from different releases.'
            else origins.made || ', whose figures come without counts to add.'
        end as reason,
        found.publication,
        found.release,
        found.version,
        found.published,
        found.source_file,
        found.source_sheet,
        found.source_row,
    from grid
    left join found using ({{ key }})
    left join merged using ({{ key }})
    left join origins on grid.council_code = origins.council_code
)

select * from final
order by measure_id, series_id, council_code, period_end, period_start, period_type

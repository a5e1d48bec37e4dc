with

schools as (
    select * from {{ ref('stg_ofsted__schools') }}
),

school_ratings as (
    select * from {{ ref('stg_dfe__school_ratings') }}
),

school_places as (
    select * from {{ ref('stg_dfe__school_places') }}
),

explore_local_statistics as (
    select * from {{ ref('stg_ons__explore_local_statistics') }}
),

councils as (
    select * from {{ ref('int_council') }}
),

ons_cells as (
    select
        'schools' as series_id,
        {{ row_columns() }},
        {{ ons_cells() }}
    from explore_local_statistics
    where {{ series_rows('schools') }}
),

ons_figures as (
    {{ figures('select * from ons_cells') }}
),

-- Of editions after the last day with overall grades, those that can be taken back to it: each
-- school's graded inspection before its latest is printed too.
editions as (
    select
        *,
        as_at > {{ last_overall_grade() }} as is_later,
        not bool_or(
            as_at > {{ last_overall_grade() }}
            and inspection_start > {{ last_overall_grade() }}
            and previous_overall_effectiveness is null
        ) over (partition by publication, release, version, source_sha256) as is_whole,
        bool_or(as_at = {{ last_overall_grade() }}) over () as has_the_day_itself,
    from schools
),

graded as (
    select
        *,
        least(as_at, {{ last_overall_grade() }}) as position_day,
        -- An inspection without a date cannot have been after the edition's own day.
        case
            when not is_later or inspection_start <= {{ last_overall_grade() }}
                then overall_effectiveness
            when previous_inspection_start <= {{ last_overall_grade() }}
                then previous_overall_effectiveness
        end as grade,
    from editions
    where
        is_whole
        and (not is_later or not has_the_day_itself)
),

dated as (
    select
        * exclude (period_type),
        'snapshot' as period_type,
        position_day::varchar as period_label,
        year(position_day)::integer as year, -- noqa: RF04
        position_day as period_start,
        position_day as period_end,
    from graded
),

ofsted_schools as (
    select
        dated.*,
        councils.council_code,
        councils.region_code,
    from dated
    left join councils on dated.area_code = councils.council_code
),

pupils as (
    select
        *,
        'overall_effectiveness' as series_id,
        is_later as is_rebuilt,
        case when grade in ('1', '2') then pupils else 0 end as numerator,
        case when grade in ('1', '2', '3', '4') then pupils else 0 end as denominator,
    from ofsted_schools
),

graded_schools as (
    select
        *,
        'schools' as series_id,
        is_later as is_rebuilt,
        (coalesce(grade, '') in ('1', '2'))::integer as numerator,
        (coalesce(grade, '') in ('1', '2', '3', '4'))::integer as denominator,
    from ofsted_schools
),

pupil_figures as (
    {{ record_figures('pupils') }}
),

school_figures as (
    {{ record_figures('graded_schools', interval='wilson') }}
),

-- 10, 11 and 39 are independent special schools and colleges, which no state funds as schools.
rated_records as (
    select
        school_ratings.*,
        'own_inspections' as series_id,
        false as is_rebuilt,
        councils.council_code,
        councils.region_code,
        case
            when school_ratings.rating in ('Outstanding', 'Good') then school_ratings.pupils
            else 0
        end as numerator,
        school_ratings.pupils as denominator,
    from school_ratings
    left join councils on school_ratings.area_code = councils.council_code
    where school_ratings.establishment_type_code not in ('10', '11', '39')
),

rated_figures as (
    {{ record_figures('rated_records') }}
),

places as (
    {% for phase in ['primary', 'secondary'] %}
        select
            school_places.* exclude (area_level, area_code),
            'places_{{ phase }}' as series_id,
            case when dfe_code = '0' then 'country' else area_level end as area_level,
            case when dfe_code = '0' then 'E92000001' else area_code end as area_code,
            {{ phase }}_outstanding__number + {{ phase }}_good__number as numerator,
            {{ phase }}_outstanding__number + {{ phase }}_good__number
            + {{ phase }}_requires_improvement__number + {{ phase }}_inadequate__number
                as denominator,
            concat_ws(
                ' ',
                {{ phase }}_outstanding__mark,
                {{ phase }}_good__mark,
                {{ phase }}_requires_improvement__mark,
                {{ phase }}_inadequate__mark
            ) as symbols,
        from school_places
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

read_places as (
    select
        *,
        case when denominator > 0 then 100 * numerator / denominator end as value, -- noqa: RF04
        -- A council without such places has no share of them.
        case
            when denominator > 0 then 'published'
            when denominator = 0 then 'not_applicable'
            when contains(symbols, 'c') then 'suppressed'
            when contains(symbols, 'z') then 'not_applicable'
            else 'not_available'
        end as status,
        nullif(symbols, '') as status_symbol,
        null::varchar as value_as_published,
        null::double as published_lower,
        null::double as published_upper,
    from places
),

place_figures as (
    {{ figures('select * from read_places', basis="'computed'") }}
),

final as (
    select * from ons_figures
    union all
    select * from pupil_figures
    union all
    select * from school_figures
    union all
    select * from rated_figures
    union all
    select * from place_figures
)

select * from final

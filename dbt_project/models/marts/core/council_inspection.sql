with

vintages as (
    select * from {{ ref('int_vintage') }}
),

latest as (
    select latest_ones.*
    from {{ ref('stg_ofsted__council_inspections__latest') }} as latest_ones
    left join vintages using (publication, release, version)
    qualify
        dense_rank() over (
            order by latest_ones.as_of desc, {{ vintage_order('desc', of='vintages') }}
        ) = 1
),

history as (
    select histories.*
    from {{ ref('stg_ofsted__council_inspections__history') }} as histories
    left join vintages using (publication, release, version)
    where histories.publication_date is not null
    qualify
        dense_rank() over (
            order by histories.as_of desc, {{ vintage_order('desc', of='vintages') }}
        ) = 1
),

councils as (
    select * from {{ ref('int_council') }}
),

current_names as (
    select
        council_code,
        council_name,
    from councils
),

published_ones as (
    select
        history.*,
        councils.current_code as council_code,
        row_number() over (
            partition by councils.current_code order by history.publication_date desc
        ) = 1 as is_newest_published,
    from history
    inner join councils on history.area_code = councils.council_code
),

standing as (
    select
        latest.*,
        councils.current_code as council_code,
    from latest
    inner join councils on latest.area_code = councils.council_code
),

-- The list of standing judgements has the day of the inspection, the history that of the report:
-- one inspection where all judgements agree and the report followed within a year.
with_both_days as (
    select
        coalesce(published_ones.council_code, standing.council_code) as council_code,
        coalesce(standing.as_of, published_ones.as_of) as as_of,
        coalesce(standing.inspection_date, published_ones.inspection_date) as inspection_date,
        standing.inspection_date_as_published,
        published_ones.publication_date,
        published_ones.inspection_type,
        {% for judgement in ofsted_judgements() %}
            coalesce(standing.{{ judgement }}, published_ones.{{ judgement }}) as {{ judgement }},
        {% endfor %}
        standing.council_code is not null as is_newest,
        coalesce(standing.publication, published_ones.publication) as publication, -- noqa: RF04
        coalesce(standing.release, published_ones.release) as release, -- noqa: RF04
        coalesce(standing.version, published_ones.version) as version, -- noqa: RF04
        coalesce(standing.source_file, published_ones.source_file) as source_file,
        coalesce(standing.source_sheet, published_ones.source_sheet) as source_sheet,
        coalesce(standing.source_row, published_ones.source_row) as source_row,
    from published_ones
    full join standing
        on
            published_ones.council_code = standing.council_code
            and published_ones.is_newest_published
            and published_ones.publication_date between standing.inspection_date
            and standing.inspection_date + interval 1 year
            {% for judgement in ofsted_judgements() %}
                and published_ones.{{ judgement }} is not distinct from standing.{{ judgement }}
            {% endfor %}
),

final as (
    select
        with_both_days.council_code,
        current_names.council_name,
        with_both_days.as_of,
        coalesce(with_both_days.inspection_date, with_both_days.publication_date) as judged_on,
        case
            when with_both_days.inspection_date is not null then 'first day of the inspection'
            when with_both_days.publication_date is not null then 'day of the report'
        end as judged_on_is,
        with_both_days.inspection_date,
        with_both_days.publication_date,
        with_both_days.inspection_type,
        {% for judgement in ofsted_judgements() %}
            with_both_days.{{ judgement }},
            {{ ofsted_grade('with_both_days.' ~ judgement) }}::integer as {{ judgement }}_grade,
        {% endfor %}
        with_both_days.is_newest,
        case
            when with_both_days.overall_effectiveness is not null then 'published'
            else 'not_available'
        end as status,
        case
            when with_both_days.inspection_date is null
                then with_both_days.inspection_date_as_published
        end as note,
        with_both_days.publication,
        with_both_days.release,
        with_both_days.version,
        with_both_days.source_file,
        with_both_days.source_sheet,
        with_both_days.source_row,
    from with_both_days
    left join current_names on with_both_days.council_code = current_names.council_code
)

select * from final
order by council_code asc, is_newest desc, publication_date desc nulls first

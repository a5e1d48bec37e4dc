with

facts as (
    select
        *,
        measure_id || '/' || series_id as series_key,
    from {{ ref('fct_core_measure') }}
),

councils as (
    select * from {{ ref('dim_council') }}
),

-- A council recoded within a year is one council still, under the later code. Of several days in a
-- year the last counts, with a figure or without: another day's would be taken for it.
final as (
    select
        max_by(facts.council_code, facts.period_end) as council_code,
        max_by(facts.council_name, facts.period_end) as council_name,
        max_by(facts.region_code, facts.period_end) as region_code,
        max_by(facts.region_name, facts.period_end) as region_name,
        facts.year,
        {% for series in core_series() %}
            arg_max_null(facts.value, facts.period_end)
            filter (where facts.series_key = '{{ series.measure_id }}/{{ series.series_id }}')
                as {{ series.column }},
        {% endfor %}
    from facts
    inner join councils on facts.council_code = councils.council_code
    group by councils.current_code, facts.year
)

select * from final
order by council_code, year

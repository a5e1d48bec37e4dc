{#- What the fact tables share. -#}

{#- The columns of a fact, in the order of the contract. -#}
{% macro fact_columns() -%}
    measure_id,
    series_id,
    council_code,
    council_name,
    region_code,
    region_name,
    year,
    period_label,
    period_type,
    period_start,
    period_end,
    value,
    value_as_published,
    unit,
    numerator,
    denominator,
    lower_95,
    upper_95,
    interval_method,
    is_corrected,
    status,
    status_symbol,
    publication,
    release,
    version,
    published,
    source_file,
    source_sha256,
    source_sheet,
    source_row
{%- endmacro %}


{#- The day on which a newer release gave the figure anew; null for the newest. -#}
{% macro superseded_on() -%}
    lag(published) over (
        partition by measure_id, series_id, council_code, period_type, period_start, period_end
        order by published desc, version desc, release desc, publication desc
    )
{%- endmacro %}


{#- A row's place in the mart: whole, so that two runs write the same file. -#}
{% macro fact_order() -%}
    measure_id,
    series_id,
    council_code,
    period_end,
    period_start,
    period_type,
    published,
    version,
    release,
    publication
{%- endmacro %}


{#- The figures as they stood on a day: for anyone who must say what was known when. -#}
{% macro create_core_measure_as_of() %}
    create or replace macro {{ this.schema }}.core_measure_as_of(day) as table
    select
        {{ fact_columns() }}
    from {{ this.schema }}.{{ this.identifier }}
    where
        published <= day
        and (superseded_on is null or superseded_on > day)
{% endmacro %}


{#- The columns of council_year are the series, so their comments come from the series. -#}
{% macro comment_on_series_columns() %}
    {% for series in core_series() %}
        comment on column {{ this }}.{{ series.column }}
        is {{ literal(series.title ~ ' (' ~ series.unit ~ ').') }};
    {% endfor %}
{% endmacro %}

{#- What checks found odd about figures: a row a figure, with what was said of it. -#}
{% macro flags_of_figures() -%}
    select
        publication,
        release,
        version,
        source_sha256,
        source_row,
        measure_id,
        series_id,
        "year",
        list(distinct check_name || ': ' || message order by check_name || ': ' || message)
            as flags,
    from {{ ref('stg_archive__flags') }}
    where measure_id is not null
    group by all
{%- endmacro %}


{#- What a figure and its flags are joined by. -#}
{% macro flag_key() -%}
    publication,
    release,
    version,
    source_sha256,
    source_row,
    measure_id,
    series_id,
    "year"
{%- endmacro %}

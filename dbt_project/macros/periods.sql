{#-
  What a row is, read when its load is described (`ingest.reading.rows`): its area and its period.
-#}

{% macro area_columns() -%}
    nullif(row_area_level, 'ignored') as area_level,
    case when row_area_level <> 'ignored' then nullif(row_area_code, '') end as area_code
{%- endmacro %}


{% macro period_columns() -%}
    row_period_type as period_type,
    row_period_label as period_label,
    row_period_start as period_start,
    row_period_end as period_end,
    row_year as year
{%- endmacro %}

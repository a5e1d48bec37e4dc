{#- dbt-duckdb's own breaks where a folder on the way to the project has an apostrophe in its name. -#}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {%- set path = adapter.get_seed_file_path(model) | string -%}
    {%- set sql -%}
        copy {{ this.render() }} from {{ literal(path) | trim }} (format csv, header)
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{% endmacro %}

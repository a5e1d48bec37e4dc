{#-
  Which rows of a load make a series. It is said once, under `checks` of the series in the YAML beside
  its model, where the checks of a load read it too: `file` names the publication, `where` the labels,
  each as it was ever written, and `denominator_row` those of the row that has the whole.
-#}

{#- What the YAML says of the model's series. A unit test knows no YAML, and hands it in. -#}
{% macro series_of_measure() %}
    {{ return(graph.nodes['model.' ~ project_name ~ '.' ~ this.identifier].config.meta.series) }}
{% endmacro %}


{#- One entry of a series' `checks`: of the only file, or of the `file` and `part` that are named. -#}
{% macro series_check(series_id, file=none, part=none) %}
    {%- set found = [] -%}
    {%- for one in series_of_measure() if one.series_id == series_id -%}
        {%- for check in one.checks | default([])
            if (file is none or check.file == file) and (part is none or check.part == part) -%}
            {%- do found.append(check) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if found | length != 1 -%}
        {{ exceptions.raise_compiler_error(
            this.identifier ~ '.yml: ' ~ found | length ~ ' checks of ' ~ series_id
            ~ (' in ' ~ file if file else '') ~ (', ' ~ part if part else '')
            ~ ' say which rows it has, and one is needed.'
        ) }}
    {%- endif -%}
    {{ return(found[0]) }}
{% endmacro %}


{#- A condition that the rows of a load fulfil which have one of the cells in each column. -#}
{% macro rows_where(allowed) -%}
    {%- for column, cells in allowed.items() -%}
        {%- set literals = [] -%}
        {%- for cell in cells -%} {%- do literals.append(literal(cell)) -%} {%- endfor -%}
        {{ column }} in ({{ literals | map('trim') | join(', ') }})
        {{- ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The rows of a series. Of its columns' labels nothing is known while dbt parses. -#}
{% macro series_rows(series_id, file=none, part=none) -%}
    {%- if execute -%}
        {%- set check = series_check(series_id, file, part) -%}
        (publication = {{ literal(check.file.split('/')[0]) | trim -}}
        {{- ' and ' ~ rows_where(check.where) if check.where }})
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}


{#-
  A column of the row that has the whole of a series' part, or the count that a mean is over: the
  same row but for `denominator_row` or `mean_of_row`.
-#}
{% macro whole(series_id, column, file=none) %}
    {%- if not execute -%} {{ return(sibling(column, 'true')) }} {%- endif -%}
    {%- set check = series_check(series_id, file) -%}
    {%- set of = check.denominator_row | default(check.mean_of_row) -%}
    {%- set by = check.where.keys() | reject('in', of.keys()) | list -%}
    {{ return(sibling(column, rows_where(of), by=by)) }}
{% endmacro %}


{#- A column of another part's row of the same series. -#}
{% macro other_part(series_id, part, column) %}
    {%- if not execute -%} {{ return(sibling(column, 'true')) }} {%- endif -%}
    {{ return(sibling(column, rows_where(series_check(series_id, part=part).where))) }}
{% endmacro %}

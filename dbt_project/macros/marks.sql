{#-
  What cells of figures say is read once, when a load is described (`ingest.reading.marks`): beside
  each column of cells stand its numbers, statuses and marks. Here is the order of the statuses.
-#}

{#- Of several the worst: what is not known of a part is not known of the whole. -#}
{% macro statuses_worst_first() %}
    {{ return([
        'conflicting', 'unrecognised', 'suppressed', 'low_reliability', 'not_applicable',
        'not_available',
    ]) }}
{% endmacro %}


{% macro worst_status(statuses) -%}
    case
        {%- for reason in statuses_worst_first() %}
        when '{{ reason }}' in ({{ statuses | join(', ') }}) then '{{ reason }}'
        {%- endfor %}
        else 'published'
    end
{%- endmacro %}


{#- The same of many rows: of a group, or of a window if one is given. -#}
{% macro worst_status_of_all(status, over='') -%}
    case
        {%- for reason in statuses_worst_first() %}
        when bool_or({{ status }} = '{{ reason }}') {{ over }} then '{{ reason }}'
        {%- endfor %}
        else 'published'
    end
{%- endmacro %}


{#- What is known of columns of figures, as a staging model hands it on. -#}
{% macro figures_read(columns) -%}
    {%- for column in columns %}
    {{ column }},
    {{ column }}__number,
    {{ column }}__status,
    {{ column }}__mark
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- MHCLG's detailed local authority tables. -#}

{#- A hyphen keeps back the household types of fewer than five households; `..` was never sent. -#}
{% macro mhclg_status(cell) -%}
    case when trim({{ cell }}) = '-' then 'suppressed' else {{ cell_status(cell) }} end
{%- endmacro %}


{#- Of several statuses the gravest: what is not known of a part is not known of the whole. -#}
{% macro worst_status(statuses) -%}
    case
        {%- for reason in [
            'conflicting', 'unrecognised', 'suppressed', 'low_reliability', 'not_applicable',
            'not_available',
        ] %}
        when '{{ reason }}' in ({{ statuses | join(', ') }}) then '{{ reason }}'
        {%- endfor %}
        else 'published'
    end
{%- endmacro %}


{#- The same of many rows: of a group, or of a window if one is given. -#}
{% macro worst_status_of_all(status, over='') -%}
    case
        {%- for reason in [
            'conflicting', 'unrecognised', 'suppressed', 'low_reliability', 'not_applicable',
            'not_available',
        ] %}
        when bool_or({{ status }} = '{{ reason }}') {{ over }} then '{{ reason }}'
        {%- endfor %}
        else 'published'
    end
{%- endmacro %}

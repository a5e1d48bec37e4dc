{#-
  A published cell becomes a value, a status and the publisher's symbol. One table of the marks
  that stand where a number could; each publisher's macros are in a file of its own.
-#}

{#-
  Marks of ours are in square brackets: where a file has two numbers for one cell, and where a
  correction took a figure away and nothing is known to put in its place.
-#}
{% macro marks() %}
    {{ return({
        'conflicting': ['[conflicting]'],
        'suppressed': ['c', '*', 'SUPP'],
        'not_applicable': ['z', 'NE'],
        'low_reliability': ['u'],
        'not_available': [
            'x', ':', '.', '..', '-', 'NULL', '', 'NA', 'NP', 'LOWCOV', '[corrected]',
        ],
        'published': ['k', 'low', '~'],
    }) }}
{% endmacro %}


{#- Numbers come padded (' 49.166'); a lone space is a blank. -#}
{% macro is_number(cell) -%}
    regexp_full_match(trim({{ cell }}), '[-+]?[0-9]+([.][0-9]+)?')
{%- endmacro %}


{#- `k`, `low` and `~` round to zero without being zero: the only marks that are a number. -#}
{% macro cell_value(cell) -%}
    case
        when {{ is_number(cell) }} then try_cast(trim({{ cell }}) as double)
        when trim({{ cell }}) in ('{{ marks()['published'] | join("', '") }}') then 0.0
    end
{%- endmacro %}


{% macro cell_status(cell) -%}
    case
        when {{ is_number(cell) }} then 'published'
        {%- for status, symbols in marks().items() %}
        when trim({{ cell }}) in ('{{ symbols | join("', '") }}') then '{{ status }}'
        {%- endfor %}
        else 'unrecognised'
    end
{%- endmacro %}


{% macro cell_symbol(cell) -%}
    case when not {{ is_number(cell) }} then trim({{ cell }}) end
{%- endmacro %}

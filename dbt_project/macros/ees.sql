{#- Explore Education Statistics: its levels, periods and marks. -#}

{#- Spelt 'Local Authority' too; districts are no level of ours; a code may be a lone space. -#}
{% macro ees_area_columns() -%}
    case lower(trim(geographic_level))
        when 'national' then 'country'
        when 'regional' then 'region'
        when 'local authority' then 'council'
    end as area_level,
    nullif(
        case area_level
            when 'country' then trim(country_code)
            when 'region' then trim(region_code)
            when 'council' then trim(new_la_code)
        end,
        ''
    ) as area_code
{%- endmacro %}


{#- '202122' is shown as 2021/22. -#}
{% macro ees_period_columns() -%}
    {{ period_columns("regexp_replace(trim(time_period), '^([0-9]{4})([0-9]{2})$', '\\1/\\2')") }}
{%- endmacro %}


{% macro ees_value(cell) -%} {{ cell_value(cell) }} {%- endmacro %}


{% macro ees_status(cell) -%} {{ cell_status(cell) }} {%- endmacro %}


{% macro ees_symbol(cell) -%} {{ cell_symbol(cell) }} {%- endmacro %}


{% macro ees_figures(cells, interval=none) -%}
    {%- set read %}
        select
            *,
            {{ ees_value('value_cell') }} as value,
            {{ ees_status('value_cell') }} as status,
            {{ noted_symbol(ees_symbol('value_cell')) }} as status_symbol,
            {{ read_counts() }}
        from {{ cells }}
    {% endset -%}
    {{ figures(read, interval=interval) }}
{%- endmacro %}


{#-
  A percentage that the publisher does not print, from the counts it prints: `numerator` is a
  column of cells, `denominator` a list of those to be added. A part without a number leaves
  the share without one, for the gravest reason among the parts.
-#}
{% macro ees_share_figures(cells, numerator, denominator) -%}
    {%- set parts = ([numerator] + denominator) | unique | list -%}
    {%- set reasons = [
        'conflicting', 'unrecognised', 'suppressed', 'low_reliability', 'not_applicable',
        'not_available',
    ] -%}
    {%- set read_parts %}
        select
            *,
            {%- for part in parts %}
            {%- set blank_if_absent = 'coalesce(' ~ part ~ ", '')" %}
            {{ ees_value(blank_if_absent) }} as {{ part }}_value,
            {{ ees_status(blank_if_absent) }} as {{ part }}_status,
            {{ ees_symbol(blank_if_absent) }} as {{ part }}_symbol,
            {%- endfor %}
        from {{ cells }}
    {% endset -%}
    {%- set read_share %}
        select
            *,
            {{ numerator }}_value as numerator,
            {{ denominator | join('_value + ') }}_value as denominator,
            case
                {%- for reason in reasons %}
                when '{{ reason }}' in ({{ parts | join('_status, ') }}_status) then '{{ reason }}'
                {%- endfor %}
                else 'published'
            end as status
        from ({{ read_parts }})
    {% endset -%}
    {%- set read %}
        select
            *,
            case when status = 'published' and denominator > 0 then 100 * numerator / denominator end
                as value,
            coalesce(
                {%- for part in parts %}
                case when {{ part }}_status = status then {{ part }}_symbol end
                {{- ',' if not loop.last }}
                {%- endfor %}
            ) as status_symbol,
            null as value_as_published,
            null as published_lower,
            null as published_upper
        from ({{ read_share }})
    {% endset -%}
    {{ figures(read, interval='wilson', basis="'computed'") }}
{%- endmacro %}

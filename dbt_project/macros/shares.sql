{#- Shares that a publisher does not print, of the counts that it does. -#}

{#-
  A percentage that the publisher does not print, from the counts it prints: `numerator` is a
  column of figures, `denominator` a list of those to be added. A part without a number leaves
  the share without one, for the worst status among the parts.
-#}
{% macro share_figures(rows, numerator, denominator) -%}
    {%- set parts = ([numerator] + denominator) | unique | list -%}
    {%- set statuses = [] -%}
    {%- for part in parts -%} {%- do statuses.append(part ~ '_status') -%} {%- endfor -%}
    {%- set read_share %}
        select
            *,
            {{ numerator }}_number as numerator,
            {{ denominator | join('_number + ') }}_number as denominator,
            {{ worst_status(statuses) }} as status
        from {{ rows }}
    {% endset -%}
    {%- set read %}
        select
            *,
            case when status = 'published' and denominator > 0 then 100 * numerator / denominator end
                as value,
            coalesce(
                {%- for part in parts %}
                case when {{ part }}_status = status then {{ part }}_mark end
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


{#- A column of figures as a part of a share: of an edition without the column nothing is known. -#}
{% macro part(column, name) -%}
    {{ number(column) }} as {{ name }}_number,
    coalesce({{ read_as(column, 'status') }}, 'not_available') as {{ name }}_status,
    case when {{ read_as(column, 'status') }} is null then '' else {{ read_as(column, 'mark') }} end
        as {{ name }}_mark
{%- endmacro %}

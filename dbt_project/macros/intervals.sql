{#- 95% intervals, for figures whose publisher gives counts and no interval. -#}

{% macro z_95() -%} 1.959963984540054 {%- endmacro %}


{#- Nothing is computed of a missing figure, of no one, or of more than everyone. -#}
{% macro has_counts(numerator, denominator) -%}
    {{ numerator }} >= 0 and {{ denominator }} > 0 and {{ numerator }} <= {{ denominator }}
{%- endmacro %}


{#- Wilson's score interval of a proportion, in per cent. -#}
{% macro wilson(numerator, denominator, bound) -%}
    {%- set z = z_95() -%}
    {%- set p = '(' ~ numerator ~ ' / ' ~ denominator ~ ')' -%}
    {%- set sign = '-' if bound == 'lower' else '+' -%}
    round(
        100 * (
            {{ p }} + {{ z }} * {{ z }} / (2 * {{ denominator }})
            {{ sign }} {{ z }} * sqrt(
                {{ p }} * (1 - {{ p }}) / {{ denominator }}
                + {{ z }} * {{ z }} / (4 * {{ denominator }} * {{ denominator }})
            )
        ) / (1 + {{ z }} * {{ z }} / {{ denominator }}),
        6
    )
{%- endmacro %}


{#- Byar's approximation for a count of events, as a rate per so many. -#}
{% macro byar(numerator, denominator, bound, per) -%}
    {%- set z = z_95() -%}
    {%- if bound == 'lower' -%}
    round(
        case
            when {{ numerator }} = 0 then 0
            else
                {{ per }} / {{ denominator }} * {{ numerator }}
                * pow(1 - 1 / (9 * {{ numerator }}) - {{ z }} / (3 * sqrt({{ numerator }})), 3)
        end,
        6
    )
    {%- else -%}
    round(
        {{ per }} / {{ denominator }} * ({{ numerator }} + 1)
        * pow(
            1 - 1 / (9 * ({{ numerator }} + 1)) + {{ z }} / (3 * sqrt({{ numerator }} + 1)), 3
        ),
        6
    )
    {%- endif -%}
{%- endmacro %}

{#- 95% confidence intervals, for figures whose publisher gives counts and no interval. -#}

{% macro z_95() -%} 1.959963984540054 {%- endmacro %}


{#- Below so many events OHID takes the exact interval of a count, from there on Byar's. -#}
{% macro exact_below() -%} 10 {%- endmacro %}


{#- Nothing is computed of a missing figure, of no one, or of more than everyone. -#}
{% macro has_counts(numerator, denominator) -%}
    {{ numerator }} >= 0 and {{ denominator }} > 0 and {{ numerator }} <= {{ denominator }}
{%- endmacro %}


{#-
  A bound of a computed interval: `kind` is `wilson` for a share of people, in per cent, `poisson`
  for a rate of events `per` so many.
-#}
{% macro interval_bound(kind, numerator, denominator, bound, per=none) -%}
    {%- if kind == 'wilson' -%} {{ wilson(numerator, denominator, bound) }}
    {%- else -%}
    case
        when {{ is_exact(numerator) }} then {{ exact_poisson(numerator, denominator, bound, per) }}
        else {{ byar(numerator, denominator, bound, per) }}
    end
    {%- endif -%}
{%- endmacro %}


{#- The name of the method that `interval_bound` takes. -#}
{% macro interval_name(kind, numerator) -%}
    {%- if kind == 'wilson' -%} 'wilson'
    {%- else -%} case when {{ is_exact(numerator) }} then 'exact_poisson' else 'byar' end
    {%- endif -%}
{%- endmacro %}


{% macro is_exact(numerator) -%}
    ({{ numerator }} < {{ exact_below() }} and {{ numerator }} = floor({{ numerator }}))
{%- endmacro %}


{#-
  Wilson's score interval of a proportion, in per cent. Its ends are those of the scale where none or
  all are counted, which the formula meets but for the last digits. Source: Wilson (1927), Probable
  inference, Journal of the American Statistical Association 22, 209-212.
-#}
{% macro wilson(numerator, denominator, bound) -%}
    {%- set z = z_95() -%}
    {%- set p = '(' ~ numerator ~ ' / ' ~ denominator ~ ')' -%}
    {%- set sign = '-' if bound == 'lower' else '+' -%}
    case
        {%- if bound == 'lower' %}
        when {{ numerator }} = 0 then 0.0
        {%- else %}
        when {{ numerator }} = {{ denominator }} then 100.0
        {%- endif %}
        else round(
            100 * (
                {{ p }} + {{ z }} * {{ z }} / (2 * {{ denominator }})
                {{ sign }} {{ z }} * sqrt(
                    {{ p }} * (1 - {{ p }}) / {{ denominator }}
                    + {{ z }} * {{ z }} / (4 * {{ denominator }} * {{ denominator }})
                )
            ) / (1 + {{ z }} * {{ z }} / {{ denominator }}),
            6
        )
    end
{%- endmacro %}


{#-
  The exact interval of a count of 0 to 9 events, as a rate per so many. Its limits are quantiles of
  chi-square, halved: of 0.025 with 2k degrees of freedom, and of 0.975 with 2k + 2, for which DuckDB
  has no function; a test works them out anew. Source: Garwood (1936), Fiducial limits for the Poisson
  distribution, Biometrika 28, 437-442.
-#}
{% macro exact_poisson(numerator, denominator, bound, per) -%}
    {%- set limits = [
        0.0, 0.025317807984289876, 0.24220927854396496, 0.6186721228956014,
        1.0898653736263249, 1.6234863901184207, 2.2018942534908508, 2.8143630515198654,
        3.4538321767485014, 4.115373097378334,
    ] if bound == 'lower' else [
        3.6888794541139354, 5.571643390938898, 7.22468766772396, 8.767273069742323,
        10.241588675403694, 11.66833207932267, 13.059474022518685, 14.422675361702376,
        15.763189220193313, 17.084803451419166,
    ] -%}
    round(
        {{ per }} / {{ denominator }} * case {{ numerator }}
            {%- for limit in limits %}
            when {{ loop.index0 }} then {{ limit }}
            {%- endfor %}
        end,
        6
    )
{%- endmacro %}


{#-
  Byar's approximation for a count of events, as a rate per so many. Source: Breslow and Day (1987),
  Statistical Methods in Cancer Research, volume II, page 69.
-#}
{% macro byar(numerator, denominator, bound, per) -%}
    {%- set z = z_95() -%}
    {%- if bound == 'lower' -%}
    round(
        case
            when {{ numerator }} = 0 then 0.0
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

{#-
  Statistics of comparison, each with its source. Every argument is a column or a short
  expression: it is written out wherever a formula needs it.
-#}

{#- How much of a unit one is: 100 of a percentage, 10,000 of a rate per 10,000; null of a score. -#}
{% macro unit_scale(unit) -%}
    case
        when {{ unit }} = '%' then 100.0
        when regexp_matches({{ unit }}, '^per [0-9]')
            then try_cast(
                replace(regexp_extract({{ unit }}, '^per ([0-9,]+)', 1), ',', '') as double
            )
    end
{%- endmacro %}


{#-
  Whether a figure is what its counts give, to the digits that are printed: a test on counts that
  do not make the figure would be a test of something else.
-#}
{% macro counts_give_value(value, cell, numerator, denominator, scale, decimals) -%}
    coalesce(
        {{ numerator }} >= 0
        and {{ denominator }} > 0
        and abs({{ value }} - {{ scale }} * {{ numerator }} / {{ denominator }})
        <= 0.5 * pow(
            10,
            -least(
                coalesce({{ decimals }}, 0),
                case
                    when {{ cell }} is null then coalesce({{ decimals }}, 0)
                    else length(regexp_extract(trim({{ cell }}), '[.]([0-9]+)$', 1))
                end
            )
        ) + 0.000001,
        false
    )
{%- endmacro %}


{#-
  z of two independent proportions under the hypothesis that they are one, which is estimated from
  both together. Source: Fleiss, Levin and Paik (2003), Statistical Methods for Rates and
  Proportions, 3rd edition, section 3.2, without the correction for continuity.
-#}
{% macro z_of_two_proportions(count_1, of_1, count_2, of_2) -%}
    {%- set p = '(' ~ count_1 ~ ' + ' ~ count_2 ~ ') / (' ~ of_1 ~ ' + ' ~ of_2 ~ ')' -%}
    ({{ count_2 }} / {{ of_2 }} - {{ count_1 }} / {{ of_1 }})
    / nullif(sqrt({{ p }} * (1 - {{ p }}) * (1 / {{ of_1 }} + 1 / {{ of_2 }})), 0)
{%- endmacro %}


{#-
  z of two independent Poisson rates under the hypothesis that they are one. Source: Armitage,
  Berry and Matthews (2002), Statistical Methods in Medical Research, 4th edition, section 5.3.
-#}
{% macro z_of_two_rates(count_1, of_1, count_2, of_2) -%}
    {%- set rate = '(' ~ count_1 ~ ' + ' ~ count_2 ~ ') / (' ~ of_1 ~ ' + ' ~ of_2 ~ ')' -%}
    ({{ count_2 }} / {{ of_2 }} - {{ count_1 }} / {{ of_1 }})
    / nullif(sqrt({{ rate }} * (1 / {{ of_1 }} + 1 / {{ of_2 }})), 0)
{%- endmacro %}


{#-
  The normal approximation holds where each group may expect five of either kind under the
  hypothesis. Source: Cochran (1954), Some methods for strengthening the common chi-squared tests,
  Biometrics 10, 417-451.
-#}
{% macro expects_five(count_1, of_1, count_2, of_2, is_proportion) -%}
    {%- set p = '(' ~ count_1 ~ ' + ' ~ count_2 ~ ') / (' ~ of_1 ~ ' + ' ~ of_2 ~ ')' -%}
    (
        least({{ of_1 }}, {{ of_2 }}) * {{ p }} >= 5
        and (
            not {{ is_proportion }}
            or least({{ of_1 }}, {{ of_2 }}) * (1 - {{ p }}) >= 5
        )
    )
{%- endmacro %}


{#-
  Two-sided p of a z: twice the normal distribution's tail, which DuckDB has no function for.
  Hart's rational approximation (1968, Computer Approximations, function 5666) and a continued
  fraction beyond 7.07, as put together by West (2005), Better approximations to cumulative normal
  functions, Wilmott Magazine. Within 1e-14 of SciPy's `2 * norm.sf(|z|)` everywhere. Given to six
  decimals: 0 is below 0.0000005.
-#}
{% macro two_sided_p(z) -%}
    round({{ two_sided_tail(z) }}, 6)
{%- endmacro %}


{% macro two_sided_tail(z) -%}
    {%- set x = 'abs(' ~ z ~ ')' -%}
    {%- set above = [
        0.0352624965998911, 0.700383064443688, 6.37396220353165, 33.912866078383,
        112.079291497871, 221.213596169931, 220.206867912376,
    ] -%}
    {%- set below = [
        0.0883883476483184, 1.75566716318264, 16.064177579207, 86.7807322029461,
        296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752,
    ] -%}
    2 * case
        when {{ x }} > 37 then 0.0
        when {{ x }} < 7.07106781186547
            then exp(-{{ x }} * {{ x }} / 2) * ({{ horner(above, x) }}) / ({{ horner(below, x) }})
        else
            exp(-{{ x }} * {{ x }} / 2)
            / (
                ({{ x }} + 1 / ({{ x }} + 2 / ({{ x }} + 3 / ({{ x }} + 4 / ({{ x }} + 0.65)))))
                * 2.506628274631
            )
    end
{%- endmacro %}


{#- A polynomial from its highest coefficient down. -#}
{% macro horner(coefficients, x) -%}
    {%- set terms = namespace(sum='cast(' ~ coefficients[0] ~ ' as double)') -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set terms.sum = '(' ~ terms.sum ~ ') * ' ~ x ~ ' + cast(' ~ coefficient ~ ' as double)' -%}
    {%- endfor -%}
    {{ terms.sum }}
{%- endmacro %}


{#-
  Bounds of a difference from the two figures' own 95% confidence intervals. Source: Newcombe
  (1998), Interval estimation for the difference between independent proportions, Statistics in
  Medicine 17, 873-890, method 10, where the intervals are Wilson's; for other intervals the same
  square-and-add is MOVER, Donner and Zou (2012), Statistical Methods in Medical Research 21, 347-359.
-#}
{% macro bound_of_difference(bound, value_1, lower_1, upper_1, value_2, lower_2, upper_2) -%}
    {%- set first, second = (upper_1, lower_2) if bound == 'lower' else (lower_1, upper_2) -%}
    round(
        {{ value_2 }} - {{ value_1 }}
        {{ '-' if bound == 'lower' else '+' }} sqrt(
            pow({{ value_2 }} - {{ second }}, 2) + pow({{ value_1 }} - {{ first }}, 2)
        ),
        6
    )
{%- endmacro %}


{#-
  Fifth of the councils with a value that a council is in, 1 the lowest values, in the way of
  Fingertips' quintiles (OHID, Public health profiles: technical guidance), but by the middle rank of
  its ties (SciPy's rankdata, 'average'), so that equal figures are in one fifth. Null among fewer than
  five.
-#}
{% macro quintile(value, partition) -%}
    case
        when {{ value }} is not null and count({{ value }}) over ({{ partition }}) >= 5
            then cast(
                floor(
                    5 * (
                        count({{ value }}) over (
                            {{ partition }} order by {{ value }}
                            range between unbounded preceding and current row
                        )
                        - count({{ value }}) over ({{ partition }}, {{ value }}) / 2
                    ) / count({{ value }}) over ({{ partition }})
                ) + 1 as integer
            )
    end
{%- endmacro %}


{#- Better or worse by what the series calls better; no judgement where it calls nothing so. -#}
{% macro direction(change, polarity) -%}
    case
        when {{ change }} is null then null
        when {{ polarity }} not in ('high', 'low') then 'no judgement'
        when {{ change }} = 0 then 'same'
        when ({{ change }} > 0) = ({{ polarity }} = 'high') then 'better'
        else 'worse'
    end
{%- endmacro %}


{#- Months from one period of a kind to the next; null where they keep no calendar. -#}
{% macro period_step_months(period_type) -%}
    case {{ period_type }}
        when 'calendar_year' then 12
        when 'financial_year' then 12
        when 'academic_year' then 12
        when 'pooled_3_years' then 12
        when 'three_months' then 12
        when 'quarter' then 3
    end
{%- endmacro %}


{#- Whether a series is broken between two years: some year in between begins anew. -#}
{% macro breaks_between(measure_id, series_id, older_year, newer_year) -%}
    exists (
        select 1
        from breaks
        where
            breaks.measure_id = {{ measure_id }}
            and breaks.series_id = {{ series_id }}
            and breaks.first_year <= {{ newer_year }}
            and coalesce(breaks.last_year, 9999) > {{ older_year }}
    )
{%- endmacro %}


{#-
  Whether two figures' 95% confidence intervals share a value. Where they share none the two differ
  by more than chance; where they share some that is not settled. Source: OHID (2018), Technical guide:
  confidence intervals, and APHO Technical briefing 3.
-#}
{% macro intervals_overlap(one, other) -%}
    {{ one }}.lower_95 <= {{ other }}.upper_95 and {{ other }}.lower_95 <= {{ one }}.upper_95
{%- endmacro %}


{#- Whether a value lies within a figure's own interval: how Fingertips compares with a benchmark. -#}
{% macro interval_holds(one, value) -%}
    {{ value }} between {{ one }}.lower_95 and {{ one }}.upper_95
{%- endmacro %}

{#-
  What a period's label says: the year in which it ends, and its first and last day. A label
  that cannot be read, or a kind of period not named here, gives null, and the marts refuse it.
-#}

{#- '2023', '202223', '2022/23', '2014 - 16': four digits, and the last two of the end. -#}
{% macro period_year(label) -%}
    try_cast(left({{ label }}, 4) as integer)
    + (
        try_cast(right({{ label }}, 2) as integer)
        - try_cast(left({{ label }}, 4) as integer) % 100 + 100
    ) % 100
{%- endmacro %}


{% macro period_start(period_type, year) -%}
    case {{ period_type }}
        when 'calendar_year' then make_date({{ year }}, 1, 1)
        when 'financial_year' then make_date({{ year }} - 1, 4, 1)
        when 'academic_year' then make_date({{ year }} - 1, 9, 1)
        when 'pooled_3_years' then make_date({{ year }} - 2, 1, 1)
        when 'three_months' then make_date({{ year }} - 1, 12, 1)
        when 'survey' then make_date({{ year }} - 1, 9, 1)
    end
{%- endmacro %}


{% macro period_end(period_type, year) -%}
    case {{ period_type }}
        when 'calendar_year' then make_date({{ year }}, 12, 31)
        when 'financial_year' then make_date({{ year }}, 3, 31)
        when 'academic_year' then make_date({{ year }}, 8, 31)
        when 'pooled_3_years' then make_date({{ year }}, 12, 31)
        when 'three_months' then last_day(make_date({{ year }}, 2, 1))
        when 'survey' then make_date({{ year }}, 8, 31)
    end
{%- endmacro %}


{% macro period_columns(label) -%}
    period_type,
    {{ label }} as period_label,
    {{ period_year('trim(time_period)') }} as year,
    {{ period_start('period_type', 'year') }} as period_start,
    {{ period_end('period_type', 'year') }} as period_end
{%- endmacro %}


{#-
  Periods as titles say them: 'April to June 2018', '30th June 2020'. A snapshot of a quarter is
  of its last day.
-#}
{% macro words_period_columns() -%}
    {%- set label = "regexp_replace(trim(time_period), '([0-9])(st|nd|rd|th) ', '\\1 ')" -%}
    {%- set last = "split_part(" ~ label ~ ", ' to ', -1)" -%}
    {%- set first = "split_part(" ~ label ~ ", ' to ', 1) || ' ' || right(" ~ label ~ ", 4)" -%}
    period_type,
    trim(time_period) as period_label,
    coalesce(
        try_strptime({{ last }}, '%d %B %Y')::date,
        last_day(try_strptime({{ last }}, '%B %Y')::date)
    ) as period_end,
    case period_type
        when 'snapshot' then period_end
        else try_strptime({{ first }}, '%B %Y')::date
    end as period_start,
    year(period_end)::integer as year
{%- endmacro %}

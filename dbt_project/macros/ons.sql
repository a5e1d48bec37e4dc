{#- Explore Local Statistics: a figure beside its status, which is a mark or a sentence. -#}

{% macro ons_area_columns() -%} {{ fingertips_area_columns() }} {%- endmacro %}


{#-
  '2021-04-01/P1Y' is the first day and a length, '2021-2022' the same year, '2024-04-30T00:00:00'
  a day. Years are shown as 2021/22, days as 2024-04-30.
-#}
{% macro ons_period_columns() -%}
    period_type,
    case when period_type = 'snapshot' then try_cast(left(trim(period), 10) as date) end as period_day,
    case
        when period_type = 'snapshot' then year(period_day)::integer
        when trim(period) like '%/P1Y' and period_type = 'calendar_year'
            then try_cast(left(trim(period), 4) as integer)
        when trim(period) like '%/P1Y' then try_cast(left(trim(period), 4) as integer) + 1
        else try_cast(right(trim(period), 4) as integer)
    end as year,
    case
        when period_type = 'snapshot' then period_day::varchar
        when period_type = 'calendar_year' then year::varchar
        else concat(year - 1, '/', right(year::varchar, 2))
    end as period_label,
    coalesce({{ period_start('period_type', 'year') }}, period_day) as period_start,
    coalesce({{ period_end('period_type', 'year') }}, period_day) as period_end
{%- endmacro %}


{#- A staged file of Explore Local Statistics, whichever indicator it has. -#}
{% macro ons_staged(table) -%}
    with

    source as (
        select * from {{ source('loads', table) }}
    ),

    staged as (
        select
            {{ load_columns() }},

            {{ ons_area_columns() }},
            {{ ons_period_columns() }},

            value,
            lower_95,
            upper_95,
            observation_status,
        from source
    )

    select * from staged
{%- endmacro %}


{% macro ons_cells() -%}
    {{ cells(value='value', lower='lower_95', upper='upper_95') }},
    {{ cell('observation_status') }} as note
{%- endmacro %}


{% macro ons_figures(cells) -%}
    {%- set read %}
        select
            *,
            {{ cell_value('value_cell') }} as value,
            case
                when trim(value_cell) <> '' then {{ cell_status('value_cell') }}
                -- A sentence says what was done, and not why nothing is there.
                when {{ cell_status('note') }} in ('published', 'unrecognised') then 'not_available'
                else {{ cell_status('note') }}
            end as status,
            coalesce(nullif(trim(note), ''), {{ noted_symbol(cell_symbol('value_cell')) }})
                as status_symbol,
            {{ read_counts() }}
        from {{ cells }}
    {% endset -%}
    {{ figures(read) }}
{%- endmacro %}

{#- What the fact tables share. -#}

{#- The columns of a fact, in the order of the contract. -#}
{% macro fact_columns() -%}
    measure_id,
    series_id,
    council_code,
    council_name,
    region_code,
    region_name,
    year,
    period_label,
    period_type,
    period_start,
    period_end,
    value,
    value_as_published,
    unit,
    numerator,
    denominator,
    lower_95,
    upper_95,
    interval_method,
    is_corrected,
    is_flagged,
    flags,
    basis,
    status,
    status_symbol,
    publication,
    release,
    version,
    published,
    source_file,
    source_sha256,
    source_sheet,
    source_row
{%- endmacro %}


{#-
  Of the publications that print a figure, the one that serves: the first in the series' list.
  A figure that a publication just has not got gives way to another's; one that it withholds
  does not.
-#}
{% macro serves(by=[]) -%}
    row_number() over (
        partition by
            {{ (by + [
                'measure_id', 'series_id', 'council_code', 'period_type', 'period_start',
                'period_end',
            ]) | join(', ') }}
        order by
            status = 'not_available',
            publication_preference,
            published desc,
            publication desc
    ) = 1
{%- endmacro %}


{#- How many decimals a cell prints; a figure that we computed is as exact as it comes. -#}
{% macro decimals(cell) -%}
    coalesce(length(regexp_extract({{ cell }}, '[.]([0-9]+)', 1)), 15)
{%- endmacro %}


{#-
  Half the last place that a cell of a series is rounded to: what rounding may have done to its
  figure. By chance one figure in ten ends in a nought; where most of a release's do, a program
  wrote the noughts (45 as 45.0), and the figures are rounded to the place before them.
-#}
{% macro last_place(cell) -%}
    0.5000001 * pow(10, -{{ decimals(padded(cell)) }})
{%- endmacro %}


{% macro padded(cell) -%}
    case
        when
            avg(regexp_matches({{ cell }}, '[.][0-9]*0$')::integer)
                over (partition by series_id, publication, release, version)
            > 0.5
            then regexp_replace({{ cell }}, '[.]?0+$', '')
        else {{ cell }}
    end
{%- endmacro %}


{#- A row's place in the mart: whole, so that two runs write the same file. -#}
{% macro fact_order() -%}
    measure_id,
    series_id,
    council_code,
    period_end,
    period_start,
    period_type,
    published,
    version,
    release,
    publication
{%- endmacro %}


{#- The figures as they stood on a day: for anyone who must say what was known when. -#}
{% macro create_core_measure_as_of() %}
    create or replace macro {{ this.schema }}.core_measure_as_of(day) as table
    select
        {{ fact_columns() }}
    from {{ this.schema }}.{{ this.identifier }}
    where
        published <= day
        and (superseded_on is null or superseded_on > day)
    qualify {{ serves() }}
{% endmacro %}


{#- The columns of council_year are the series, so their comments come from the series. -#}
{% macro comment_on_series_columns() %}
    {% for series in core_series() %}
        comment on column {{ this }}.{{ series.column }}
        is {{ literal(series.title ~ ' (' ~ series.unit ~ ').') }};
    {% endfor %}
{% endmacro %}

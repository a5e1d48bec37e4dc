{#- OHID's Fingertips: missing is an empty cell, and its reason is a sentence in `Value note`. -#}

{% macro fingertips_area_columns() -%}
    case left(trim(area_code), 3)
        when 'E92' then 'country'
        when 'E12' then 'region'
        when 'E06' then 'council'
        when 'E08' then 'council'
        when 'E09' then 'council'
        when 'E10' then 'council'
    end as area_level,
    case when area_level is not null then trim(area_code) end as area_code
{%- endmacro %}


{% macro fingertips_period_columns() -%}
    {{ period_columns('trim(time_period)') }}
{%- endmacro %}


{% macro fingertips_cells() -%}
    {{ cells(
        value='value',
        numerator='count',
        denominator='denominator',
        lower='lower_ci_95',
        upper='upper_ci_95'
    ) }},
    {{ cell('value_note') }} as note,
    parent_code
{%- endmacro %}


{% macro fingertips_value(cell) -%} {{ cell_value(cell) }} {%- endmacro %}


{% macro fingertips_status(cell, note) -%}
    case
        when trim({{ cell }}) = '' and {{ note }} ilike 'value suppressed%' then 'suppressed'
        else {{ cell_status(cell) }}
    end
{%- endmacro %}


{% macro fingertips_symbol(cell, note) -%}
    case when trim({{ cell }}) = '' then trim({{ note }}) else {{ cell_symbol(cell) }} end
{%- endmacro %}


{#- Where England is the parent asked for, its row comes twice: with no parent, and with itself. -#}
{% macro fingertips_figures(cells, interval=none, per=none) -%}
    {%- set read %}
        select
            *,
            {{ fingertips_value('value_cell') }} as value,
            {{ fingertips_status('value_cell', 'note') }} as status,
            {{ noted_symbol(fingertips_symbol('value_cell', 'note')) }} as status_symbol,
            {{ read_counts() }}
        from {{ cells }}
        qualify
            area_level <> 'country'
            or row_number() over (
                partition by
                    series_id, publication, release, version, source_sha256,
                    area_code, period_type, period_label
                order by parent_code, source_row
            ) = 1
    {% endset -%}
    {{ figures(read, interval=interval, per=per) }}
{%- endmacro %}

{#- OHID's Fingertips. -#}

{% macro fingertips_cells() -%}
    {{ cells(
        value='value',
        numerator='count',
        denominator='denominator',
        lower='lower_ci_95',
        upper='upper_ci_95'
    ) }},
    parent_code
{%- endmacro %}


{#- Where England is the parent asked for, its row comes twice: with no parent, and with itself. -#}
{% macro fingertips_figures(cells, interval=none, per=none) -%}
    {%- set read %}
        select * from {{ cells }}
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

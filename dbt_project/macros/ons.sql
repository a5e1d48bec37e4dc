{#- A staged file of Explore Local Statistics, whichever indicator it has. -#}
{% macro ons_staged(table) -%}
    with

    source as (
        select * from {{ source('loads', table) }}
    ),

    staged as (
        select
            {{ load_columns() }},

            {{ area_columns() }},
            {{ period_columns() }},

            {{ figures_read(['value', 'lower_95', 'upper_95']) }},
        from source
    )

    select * from staged
{%- endmacro %}


{% macro ons_cells() -%}
    {{ cells(value='value', lower='lower_95', upper='upper_95') }}
{%- endmacro %}

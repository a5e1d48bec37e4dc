{#-
  Overweight including obesity in one school year: OHID's indicator, and the Office for National
  Statistics' republication of it. The files are named as in the series' `checks`.
-#}
{% macro excess_weight(fingertips, republished) -%}
    with

    indicator_data as (
        select * from {{ ref('stg_fingertips__indicator_data') }}
    ),

    explore_local_statistics as (
        select * from {{ ref('stg_ons__explore_local_statistics') }}
    ),

    fingertips_cells as (
        select
            'overweight_including_obesity' as series_id,
            {{ row_columns() }},
            {{ fingertips_cells() }}
        from indicator_data
        where {{ series_rows('overweight_including_obesity', file=fingertips) }}
    ),

    ons_cells as (
        select
            'overweight_including_obesity' as series_id,
            {{ row_columns() }},
            {{ ons_cells() }}
        from explore_local_statistics
        where {{ series_rows('overweight_including_obesity', file=republished) }}
    ),

    fingertips_figures as (
        {{ fingertips_figures('fingertips_cells', interval='wilson') }}
    ),

    ons_figures as (
        {{ figures('select * from ons_cells') }}
    ),

    final as (
        select * from fingertips_figures
        union all
        select * from ons_figures
    )

    select * from final
{%- endmacro %}

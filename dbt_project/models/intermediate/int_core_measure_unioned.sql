{{ config(materialized='view') }}

{% for name in measure_models() %}
    select
        {{ figure_columns() | join(',\n    ') }}
    from {{ ref(name) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}

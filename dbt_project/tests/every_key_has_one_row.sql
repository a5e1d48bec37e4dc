-- The grain of the marts: no two rows of a table have the same key. Each model's YAML says its
-- keys; they are looked at together, as a test of its own takes longer than its question.
-- Dagster shows it beside the figures.
{{ config(meta={'dagster': {'ref': {'name': 'fct_core_measure', 'version': 1}}}) }}
{%- set keyed = [
    'correction',
    'council_profile',
    'council_year',
    'coverage',
    'dim_council',
    'dim_council_change',
    'dim_council_tile',
    'dim_measure',
    'dim_period',
    'dim_population',
    'dim_release',
    'dim_series',
    'dim_statistical_neighbour',
    'fct_change',
    'fct_comparator',
    'fct_comparator_vintage',
    'fct_comparison',
    'fct_core_measure',
    'fct_core_measure_today',
    'fct_core_measure_vintage',
    'homeless_families_part',
    'revision',
    'revision_of_release',
] %}
{%- set keys = keys_of_models(keyed) %}

{% for name in keyed %}
    {%- set model = ref(name) %}
    {%- set last = loop.last %}
    {% for key in keys.get(name, []) %}
        select
            '{{ name }}' as table_name,
            concat_ws(
                ', ',
                {% for column in key %}
                    '{{ column }} ' || {{ column }}{{ ',' if not loop.last }}
                {% endfor %}
            ) as row_key,
            {{ 'publication' if 'publication' in key else 'null' }} as publication,
            {{ 'release' if 'release' in key else 'null' }} as release,
            row_count
        from (
            select
                {{ key | join(', ') }},
                count(*) as row_count
            from {{ model }}
            group by all
            having count(*) > 1
        )
        {{ 'union all' if not (last and loop.last) }}
    {% endfor %}
{% endfor %}

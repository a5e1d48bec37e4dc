with

indicator_data as (
    select * from {{ ref('stg_fingertips__indicator_data') }}
),

-- By name: the ids of all but one topic were never seen.
cells as (
    {% for topic in [
        'smoking', 'wellbeing', 'diet', 'physical_activity', 'drugs', 'alcohol', 'bullying',
    ] %}
        select
            '{{ topic }}' as series_id,
            {{ row_columns() }},
            {{ fingertips_cells() }}
        from indicator_data
        where {{ series_rows(topic) }}
        {% if not loop.last %}
            union all by name
        {% endif %}
    {% endfor %}
),

final as (
    {{ fingertips_figures('cells') }}
)

select * from final

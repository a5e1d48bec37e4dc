with

measures as (
    {% for measure in core_measures() %}
        select
            {{ literal(measure.measure_id) }} as measure_id,
            {{ literal(measure.number) }} as lga_number,
            {{ literal(measure.title) }} as title,
            {{ literal(measure.description) }} as description,
            {{ literal(measure.ambition) }} as ambition,
            {{ literal(ambitions()[measure.ambition]) }} as ambition_title,
            {{ literal(measure.stage | join(', ')) }} as stage,
            {{ literal(measure.headline_series_id) }} as headline_series_id
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

final as (
    select * from measures
)

select * from final
order by lga_number, measure_id

with

care_leavers as (
    select * from {{ ref('stg_ees__children_looked_after__care_leavers_accommodation') }}
),

cells as (
    {% for series_id in ['age_17_to_18', 'age_19_to_21'] %}
        select
            '{{ series_id }}' as series_id,
            {{ row_columns() }},
            {{ cells(
                value='percentage',
                numerator='number',
                denominator=whole(series_id, 'number')
            ) }}
        from care_leavers
        qualify {{ series_rows(series_id) }}
        {% if not loop.last %}
            union all by name
        {% endif %}
    {% endfor %}
),

final as (
    {{ figures('select * from cells', interval='wilson') }}
)

select * from final

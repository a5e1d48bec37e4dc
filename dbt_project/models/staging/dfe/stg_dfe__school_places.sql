with

source as (
    select * from {{ source('loads', 'dfe__school_places') }}
),

staged as (
    select
        {{ load_columns() }},

        {{ ees_period_columns() }},

        trim(la_number) as dfe_code,
        {% for phase in ['primary', 'secondary'] %}
            {% for grade in ['outstanding', 'good', 'requires_improvement', 'inadequate'] %}
                {{ cell(phase ~ '_' ~ grade) }} as {{ phase }}_{{ grade }},
            {% endfor %}
        {% endfor %}
        corrections is not null as is_corrected,
    from source
)

select * from staged

{#- The grain of a table: no two rows have the same key. -#}
{% test unique_key(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by all
having count(*) > 1
{% endtest %}

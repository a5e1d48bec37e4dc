{#- Ofsted's four grades: 1 is outstanding, as it numbers them itself. -#}
{% macro ofsted_grade(words) -%}
    case {{ words }}
        when 'Outstanding' then 1
        when 'Good' then 2
        when 'Requires improvement to be good' then 3
        when 'Inadequate' then 4
    end
{%- endmacro %}


{% macro ofsted_judgements() %}
    {{ return([
        'overall_effectiveness', 'leaders', 'help_and_protection', 'children_in_care',
        'care_leavers',
    ]) }}
{% endmacro %}

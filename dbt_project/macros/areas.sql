{#- Areas that are told by the start of their GSS code, whoever published them. -#}

{#- `E13`: Inner and Outer London, regions of the Department for Education's alone. -#}
{#- `E06` is a unitary, which is a council and, among lower-tier authorities, a district too. -#}
{% macro gss_area_columns(code, unit='council') -%}
    case left(trim({{ code }}), 3)
        when 'E92' then 'country'
        when 'E12' then 'region'
        when 'E13' then 'region'
        when 'E06' then '{{ unit }}'
        when 'E08' then '{{ unit }}'
        when 'E09' then '{{ unit }}'
        {%- if unit == 'council' %}
        when 'E10' then 'council'
        {%- else %}
        when 'E07' then 'district'
        {%- endif %}
    end as area_level,
    case when area_level is not null then trim({{ code }}) end as area_code
{%- endmacro %}

{#-
  What is known of the measures: their meta, from the YAML beside each model. There is no other list of
  measures or series but that of `int_core_measure_unioned`, which has to name what it is made of.
-#}

{% macro ambitions() %}
    {{ return({
        'safe_and_secure':
            'All children and young people should feel cared for, safe and secure',
        'healthy_and_happy':
            'All are healthy, happy and free from poverty',
        'good_education':
            'All get a good education and fulfil their potential',
        'prepared_for_adulthood':
            'All are well prepared for adulthood and the world of work',
    }) }}
{% endmacro %}


{#- Every measure with its series, in the order of the LGA's numbers. Empty while dbt parses. -#}
{% macro core_measures() %}
    {%- set measures = [] -%}
    {%- set union = graph.nodes.get('model.' ~ project_name ~ '.int_core_measure_unioned') if execute -%}
    {%- set unioned = union.depends_on.nodes if union else [] -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.resource_type == 'model' and 'measures' in node.fqn[:-1] -%}
        {%- set meta = node.config.meta -%}
        {%- set wanted = ['title', 'number', 'stage', 'series'] -%}
        {%- if node.unique_id not in unioned -%}
            {{ exceptions.raise_compiler_error(
                node.original_file_path ~ ': name it in int_core_measure_unioned, or it has no facts.'
            ) }}
        {%- endif -%}
        {%- for key in wanted if not meta.get(key) -%}
            {{ exceptions.raise_compiler_error(
                node.original_file_path ~ ': config.meta of the model has no ' ~ key ~ '.'
            ) }}
        {%- endfor -%}
        {%- if node.fqn[-2] not in ambitions() -%}
            {{ exceptions.raise_compiler_error(
                node.original_file_path ~ ' is in no folder of an ambition: '
                ~ ambitions() | join(', ') ~ '.'
            ) }}
        {%- endif -%}
        {%- set series = [] -%}
        {%- for one in meta.series -%}
            {%- for key in ['series_id', 'title', 'unit', 'polarity', 'figure_kind']
                if not one.get(key) -%}
                {{ exceptions.raise_compiler_error(
                    node.original_file_path ~ ': a series in config.meta has no ' ~ key ~ '.'
                ) }}
            {%- endfor -%}
            {%- set publications = [] -%}
            {%- for check in one.checks | default([]) -%}
                {%- do publications.append(check.file.split('/')[0]) -%}
            {%- endfor -%}
            {%- do series.append(dict(
                one,
                measure_id=node.name,
                publications=one.publications | default(publications | unique | list),
                column=node.name if one.headline else node.name ~ '__' ~ one.series_id
            )) -%}
        {%- endfor -%}
        {%- do measures.append({
            'number': meta.number,
            'measure_id': node.name,
            'title': meta.title,
            'description': node.description | trim,
            'ambition': node.fqn[-2],
            'stage': meta.stage,
            'headline_series_id':
                series | selectattr('headline') | map(attribute='series_id') | first,
            'series': series,
        }) -%}
    {%- endfor -%}
    {{ return(measures | sort(attribute='number,measure_id')) }}
{% endmacro %}


{% macro core_series() %}
    {{ return(core_measures() | map(attribute='series') | sum(start=[])) }}
{% endmacro %}


{#- A literal: text in quotes, a number or a truth as it is, none as null. -#}
{% macro literal(value) -%}
    {%- if value is none or value is undefined -%} null
    {%- elif value is string -%} '{{ value | trim | replace("'", "''") }}'
    {%- else -%} {{ value | string | lower }}
    {%- endif -%}
{%- endmacro %}

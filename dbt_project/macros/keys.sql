{#-
  The keys of models by name, as `meta` of their YAML says them; none while dbt parses. A model that
  says one and is not among the names would be looked at by nobody.
-#}
{% macro keys_of_models(names) %}
    {%- set keys = {} -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.resource_type == 'model' and node.config.meta.get('keys') -%}
        {%- do keys.update({node.name: node.config.meta['keys']}) -%}
    {%- endfor -%}
    {%- if execute and keys | list | sort != names | sort -%}
        {{ exceptions.raise_compiler_error(
            'Keys are said of ' ~ keys | list | sort | join(', ') ~ ', and looked at of '
            ~ names | sort | join(', ') ~ '.'
        ) }}
    {%- endif -%}
    {{ return(keys) }}
{% endmacro %}

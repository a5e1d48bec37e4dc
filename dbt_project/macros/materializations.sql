{#-
  A candidate is a new file, and nobody reads it before all of it is whole: a model is built in its
  place, without dbt's detour over a second name and two that are dropped, which takes longer than
  most of our models do. Built again by hand, what stood there goes first. Comments are made once for
  all of the warehouse, when it stands (warehouse/build/comments.py).
-#}
{%- materialization table, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ drop_what_stood(this) }}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ create_table_as(False, target, compiled_code) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization -%}


{%- materialization view, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='view') -%}
    {{ drop_what_stood(this) }}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ get_create_view_as_sql(target, compiled_code) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization -%}


{%- macro drop_what_stood(relation) -%}
    {%- set stood = load_cached_relation(relation) -%}
    {%- if stood is not none -%}
        {%- do adapter.drop_relation(stood) -%}
    {%- endif -%}
{%- endmacro -%}

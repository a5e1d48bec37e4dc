{#-
  The one order of vintages, oldest first unless `way` is `desc`: the day on which a release first
  came out, then, of one release, the day and the number of its version. Never the order of arrival:
  an edition that comes late is the earlier vintage it is, and an old release that is amended late
  does not pass for the newest. `first_published` is int_vintage's; `ingest.archive.in_order` is
  the same order for who reads files.
-#}
{% macro vintage_order(way='asc', of=none) -%}
    {%- for column in ['first_published', 'release', 'published', 'version'] -%}
    {{ of ~ '.' if of }}{{ column }} {{ way }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- One figure of one publication, all its vintages. -#}
{% macro figure_of_publication(of=none) -%}
    {%- for column in [
        'publication', 'measure_id', 'series_id', 'council_code', 'period_type', 'period_start',
        'period_end',
    ] -%}
    {{ of ~ '.' if of }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The first day on which a newer vintage of the figure was out; null for the newest. -#}
{% macro newer_published() -%}
    min(published) over (
        partition by {{ figure_of_publication() }}
        order by {{ vintage_order('desc') }}
        rows between unbounded preceding and 1 preceding
    )
{%- endmacro %}


{#-
  The day from which a newer vintage of the same publication gives the figure; null for the newest.
  What another publication prints is another source, and no revision. What came out when a newer
  vintage was out already was superseded on the day it came, and never before.
-#}
{% macro superseded_on() -%}
    case
        when {{ newer_published() }} is not null
            then greatest({{ newer_published() }}, published)
    end
{%- endmacro %}


{#-
  Of figures put together, what the last of them to come out has: one vintage's, and whole. One
  struct for all of the columns, which DuckDB makes once a group.
-#}
{% macro last_to_come_out(columns, of='') -%}
    {%- set at = of ~ '.' if of else '' -%}
    {%- set order = ['published', 'publication', 'release', 'version'] -%}
    {%- set last -%}
        max(
            struct_pack(
                {%- for column in order + (columns | reject('in', order) | list) %}
                    {{ column }} := {{ at }}{{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        ) filter (where {{ at }}published is not null)
    {%- endset -%}
    {%- for column in columns %}
        ({{ last }}).{{ column }} as {{ column }}
        {{- ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

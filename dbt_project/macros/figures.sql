{#-
  From rows of a load to figures. A measure picks its rows and names their figures (`cells`);
  `figures` gives them their intervals. Every measure model yields `figure_columns`.
-#}

{% macro figure_columns() %}
    {{ return([
        'measure_id', 'series_id',
        'area_level', 'area_code',
        'period_label', 'period_type', 'period_start', 'period_end', 'year',
        'value', 'value_as_published',
        'numerator', 'denominator',
        'lower_95', 'upper_95', 'interval_method',
        'is_corrected', 'basis', 'status', 'status_symbol',
        'publication', 'release', 'version', 'published',
        'source_file', 'source_sha256', 'source_sheet', 'source_row',
    ]) }}
{% endmacro %}


{#- What every load carries beside its cells. -#}
{% macro load_columns() -%}
    publication,
    release,
    version,
    published,
    source_file,
    source_sha256,
    source_sheet,
    source_row,
    corrections,
    as_published,
    cell_notes
{%- endmacro %}


{#- What a figure takes over from its row. -#}
{% macro row_columns() -%}
    area_level,
    area_code,
    period_label,
    period_type,
    period_start,
    period_end,
    year,
    publication,
    release,
    version,
    published,
    source_file,
    source_sha256,
    source_sheet,
    source_row
{%- endmacro %}


{#- A column of another row of the same load, area and period: the total beside a part. -#}
{% macro sibling(column, where, by=[]) %}
    {{ return({
        'column': column,
        'where': where,
        'by': [
            'publication', 'release', 'version', 'source_sha256', 'area_code', 'period_label',
        ] + by,
    }) }}
{% endmacro %}


{#- A cell of words after the corrections of its load. -#}
{% macro cell(of) -%} coalesce(corrections['{{ of }}'], {{ of }}) {%- endmacro %}


{#- What is read of a figure: its `number`, its `status` or its `mark`, after corrections. -#}
{% macro read_as(of, what) -%}
    {%- if of is mapping -%}
        max({{ read_as(of.column, what) }}) filter (where {{ of.where }})
        over (partition by {{ of.by | join(', ') }})
    {%- else -%}
        {{ of }}__{{ what }}
    {%- endif -%}
{%- endmacro %}


{% macro number(of) -%} {{ read_as(of, 'number') if of else 'null::double' }} {%- endmacro %}


{% macro is_corrected(cells) -%}
    {%- for of in cells if of -%}
        {%- if of is mapping -%}
            max(corrections['{{ of.column }}']) filter (where {{ of.where }})
            over (partition by {{ of.by | join(', ') }}) is not null
        {%- else -%}
            corrections['{{ of }}'] is not null
        {%- endif -%}
        {{ ' or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#-
  The figure of a row, each part of it a column or a sibling: with its value, why there is none, the
  mark that stands for it or the notes beside it (`c`, `[r]`), its counts and published bounds.
-#}
{% macro cells(value, numerator=none, denominator=none, lower=none, upper=none) -%}
    coalesce(as_published['{{ value }}'], {{ value }}) as value_as_published,
    {{ number(value) }} as value,
    coalesce({{ read_as(value, 'status') }}, 'unrecognised') as status,
    coalesce(cell_notes['{{ value }}'], {{ read_as(value, 'mark') }}) as status_symbol,
    {{ number(numerator) }} as numerator,
    {{ number(denominator) }} as denominator,
    {{ number(lower) }} as published_lower,
    {{ number(upper) }} as published_upper,
    {{ is_corrected([value, numerator, denominator, lower, upper]) }} as is_corrected
{%- endmacro %}


{#-
  `read` is a query with each row's value, status, counts and published bounds. `interval` is
  `wilson` for a proportion or `poisson` for a rate (with `per`), and is used where the publisher
  gives counts and no interval of its own. `basis` is an expression: 'published' for a cell,
  'computed' from published counts, 'rebuilt' from a later list. A figure of nobody is none.
-#}
{% macro figures(read, interval=none, per=none, basis="'published'") -%}
    {%- set published = 'published_lower is not null and published_upper is not null' -%}
    {%- set bounds = {} -%}
    {%- for bound in (['lower', 'upper'] if interval else []) -%}
        {%- do bounds.update({
            bound: interval_bound(interval, 'numerator', 'denominator', bound, per)
        }) -%}
    {%- endfor -%}
    {#- Counts that do not make the figure beside them make no interval for it either. -#}
    {%- set computable -%}
        value is not null
        and {{ has_counts('numerator', 'denominator') }}
        {%- if interval %}
        and value between {{ bounds.lower }} - value_rounding
        and {{ bounds.upper }} + value_rounding
        {%- endif -%}
    {%- endset -%}
    select
        '{{ this.identifier }}' as measure_id,
        series_id,
        area_level,
        area_code,
        period_label,
        period_type,
        period_start,
        period_end,
        year,
        value,
        value_as_published,
        numerator,
        denominator,
        {%- for bound in ['lower', 'upper'] %}
        case
            when value is null then null
            when {{ published }} then published_{{ bound }}
            {%- if interval %}
            when {{ computable }} then {{ bounds[bound] }}
            {%- endif %}
        end as {{ bound }}_95,
        {%- endfor %}
        case
            when value is null then null
            when {{ published }} then 'published'
            {%- if interval %}
            when {{ computable }} then {{ interval_name(interval, 'numerator') }}
            {%- endif %}
        end as interval_method,
        is_corrected,
        {{ basis }} as basis,
        status,
        status_symbol,
        publication,
        release,
        version,
        published,
        source_file,
        source_sha256,
        source_sheet,
        source_row
    from (
        select
            * replace (
                case when {{ of_nobody() }} then null else value end as value,
                case when {{ of_nobody() }} then 'not_applicable' else status end as status
            )
            {%- if interval %},
            {{ last_place('value_as_published') }} as value_rounding
            {%- endif %}
        from ({{ read }})
    )
    where series_id is not null and area_code is not null
{%- endmacro %}


{#- A mean, a rate or a share of nobody is printed as 0, and is none. -#}
{% macro of_nobody() -%} status = 'published' and coalesce(denominator = 0, false) {%- endmacro %}

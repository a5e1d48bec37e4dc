{#-
  From rows of a load to figures. A measure picks its rows and names their cells (`cells`); its
  publisher's `…_figures` reads them. Every measure model yields `figure_columns`.
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


{#- A cell after the corrections of its load. -#}
{% macro cell(of) -%}
    {%- if of is mapping -%}
        max({{ cell(of.column) }}) filter (where {{ of.where }})
        over (partition by {{ of.by | join(', ') }})
    {%- else -%}
        coalesce(corrections['{{ of }}'], {{ of }})
    {%- endif -%}
{%- endmacro %}


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


{#- A mark that stands for a figure, or the notes beside one: `c`, `[r]`. -#}
{% macro noted_symbol(symbol) -%} coalesce(value_note, {{ symbol }}) {%- endmacro %}


{#- The cells of a figure, each a column of the row or a sibling. -#}
{% macro cells(value, numerator=none, denominator=none, lower=none, upper=none) -%}
    coalesce(as_published['{{ value }}'], {{ value }}) as value_as_published,
    cell_notes['{{ value }}'] as value_note,
    {{ cell(value) }} as value_cell,
    {{ cell(numerator) if numerator else 'null' }} as numerator_cell,
    {{ cell(denominator) if denominator else 'null' }} as denominator_cell,
    {{ cell(lower) if lower else 'null' }} as lower_cell,
    {{ cell(upper) if upper else 'null' }} as upper_cell,
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


{#- Counts and bounds are numbers or nothing, whoever published them. -#}
{% macro read_counts() -%}
    {{ cell_value('numerator_cell') }} as numerator,
    {{ cell_value('denominator_cell') }} as denominator,
    {{ cell_value('lower_cell') }} as published_lower,
    {{ cell_value('upper_cell') }} as published_upper
{%- endmacro %}

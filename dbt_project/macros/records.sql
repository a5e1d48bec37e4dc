{#-
  Shares that we work out from a publisher's records, one a school or childcare provider. A share
  has counts on both sides and no cell; its source row is the first record counted.
-#}

{% macro last_overall_grade() -%} date '2024-08-31' {%- endmacro %}


{#-
  `records` has for each a series_id, the council's code (null where it is not told: England counts
  it), its region's, and what it adds to numerator and denominator; those that add nothing to this are
  of no account. A council all of whose records are so has no share, and says so. `is_rebuilt` says
  of a record that it was taken back to an earlier day from a later list. `interval` is none where
  what is counted is not what was judged: pupils share their school's grade, and are no sample of
  grades.
-#}
{% macro record_figures(records, interval=none) -%}
    {%- set read %}
        with

        by_area as (
            select
                'council' as area_level,
                council_code as area_code,
                * exclude (area_level, area_code),
            from {{ records }}
            where council_code is not null

            union all

            select
                'region' as area_level,
                region_code as area_code,
                * exclude (area_level, area_code),
            from {{ records }}
            where region_code is not null

            union all

            select
                'country' as area_level,
                'E92000001' as area_code,
                * exclude (area_level, area_code),
            from {{ records }}
        ),

        totals as (
            select
                series_id,
                {{ row_columns() | replace('source_row', 'min(source_row) as source_row') }},
                coalesce(sum(by_area.numerator), 0) as numerator,
                coalesce(sum(by_area.denominator), 0) as denominator,
                bool_or(is_rebuilt) as is_rebuilt,
                bool_or(is_corrected) as is_corrected,
            from by_area
            group by all
        )

        select
            * exclude (is_rebuilt),
            case when denominator > 0 then 100 * numerator / denominator end as value,
            case when denominator > 0 then 'published' else 'not_available' end as status,
            case when is_rebuilt then 'rebuilt' else 'computed' end as basis,
            null::varchar as status_symbol,
            null::varchar as value_as_published,
            null::double as published_lower,
            null::double as published_upper,
        from totals
    {% endset -%}
    {{ figures(read, interval=interval, basis='basis') }}
{%- endmacro %}

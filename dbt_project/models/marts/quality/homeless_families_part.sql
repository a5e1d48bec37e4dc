with

parts as (
    select * from {{ ref('int_homeless_families') }}
),

districts as (
    select * from {{ ref('int_district') }}
),

final as (
    select
        parts.series_id,
        parts.part,
        parts.area_level,
        parts.area_code,
        parts.area_name,
        districts.council_code,
        parts.period_end as quarter_end,
        parts.financial_year,
        parts.families,
        parts.households,
        parts.status,
        parts.status_symbol,
        parts.is_corrected,
        parts.publication,
        parts.release,
        parts.version,
        parts.published,
        parts.source_file,
        parts.source_sha256,
        parts.source_sheet,
        parts.source_row,
    from parts
    left join districts
        on
            parts.area_code = districts.district_code
            and parts.period_end between districts.valid_from and districts.valid_to
)

select * from final
order by series_id, area_code, quarter_end, part, version

{%- set period = 'measure_id, series_id, period_type, period_start, period_end' -%}

with

facts as (
    select * from {{ ref('fct_core_measure') }}
),

-- One comparator an area: the published figure, or what its councils' counts give.
comparators as (
    select * from {{ ref('fct_comparator') }}
    qualify
        row_number() over (
            partition by comparator, {{ period }}, council_code
            order by value is not null desc, councils_with_value is not null, basis desc
        ) = 1
),

england as (
    select * from comparators
    where comparator = 'england'
),

regions as (
    select * from comparators
    where comparator = 'region'
),

neighbours as (
    select * from comparators
    where comparator = 'statistical_neighbours'
),

final as (
    select
        facts.measure_id,
        facts.series_id,
        facts.council_code,
        facts.council_name,
        facts.year,
        facts.period_label,
        facts.period_type,
        facts.period_start,
        facts.period_end,
        facts.value,
        facts.unit,
        facts.status,

        england.value as england_value,
        england.basis as england_basis,
        round(facts.value - england.value, 6) as difference_from_england,
        {{ intervals_overlap('facts', 'england') }} as interval_overlaps_england,
        {{ interval_holds('facts', 'england.value') }} as interval_holds_england,

        facts.region_code,
        facts.region_name,
        regions.value as region_value,
        regions.basis as region_basis,
        round(facts.value - regions.value, 6) as difference_from_region,
        {{ intervals_overlap('facts', 'regions') }} as interval_overlaps_region,
        {{ interval_holds('facts', 'regions.value') }} as interval_holds_region,

        neighbours.value as neighbours_median,
        neighbours.mean as neighbours_mean,
        coalesce(neighbours.councils_with_value, 0) as neighbours_with_value,
        neighbours.councils_of as neighbours_of,
        neighbours.neighbour_model,
        round(facts.value - neighbours.value, 6) as difference_from_neighbours,
        {{ interval_holds('facts', 'neighbours.value') }} as interval_holds_neighbours,

        {{ quintile(
            'facts.value',
            'partition by facts.measure_id, facts.series_id, facts.period_type,'
            ~ ' facts.period_start, facts.period_end'
        ) }} as quintile,
        cast(
            count(facts.value) over (
                partition by
                    facts.measure_id,
                    facts.series_id,
                    facts.period_type,
                    facts.period_start,
                    facts.period_end
            ) as integer
        ) as councils_with_value,
    from facts
    left join england using ({{ period }})
    left join regions
        on
            facts.measure_id = regions.measure_id
            and facts.series_id = regions.series_id
            and facts.period_type = regions.period_type
            and facts.period_start = regions.period_start
            and facts.period_end = regions.period_end
            and facts.region_code = regions.council_code
    left join neighbours
        on
            facts.measure_id = neighbours.measure_id
            and facts.series_id = neighbours.series_id
            and facts.period_type = neighbours.period_type
            and facts.period_start = neighbours.period_start
            and facts.period_end = neighbours.period_end
            and facts.council_code = neighbours.council_code
)

select * from final
order by measure_id, series_id, council_code, period_end, period_start, period_type

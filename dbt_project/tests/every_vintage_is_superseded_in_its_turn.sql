-- A vintage is superseded on a day on which a newer one of the same publication was out, itself
-- being out; of a figure one vintage a publication is not, the newest in the one order.
with

vintages as (
    select
        'council' as comparator,
        *,
    from {{ ref('fct_core_measure_vintage') }}

    union all by name

    select * from {{ ref('fct_comparator_vintage') }}
),

placed as (
    select
        *,
        row_number() over (
            partition by comparator, {{ figure_of_publication() }}
            order by {{ vintage_order('desc') }}
        ) as place,
    from vintages
)

select
    comparator,
    measure_id,
    series_id,
    council_name,
    period_label,
    publication,
    release,
    version,
    published,
    first_published,
    superseded_on
from placed
where
    superseded_on < published
    or (superseded_on is null) <> (place = 1)
    or first_published > published

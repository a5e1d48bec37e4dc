with

source as (
    select * from {{ source('loads', 'ofsted__schools') }}
),

staged as (
    select
        {{ load_columns() }},
        {{ area_columns() }},
        row_period_type as period_type,

        row_period_end as as_at,
        {{ number('pupils') }} as pupils,
        try_strptime(left(trim(inspection_start), 10), ['%d/%m/%Y', '%Y-%m-%d'])::date
            as inspection_start,
        trim({{ cell('overall_effectiveness') }}) as overall_effectiveness,
        try_strptime(left(trim(previous_inspection_start), 10), ['%d/%m/%Y', '%Y-%m-%d'])::date
            as previous_inspection_start,
        trim({{ cell('previous_overall_effectiveness') }}) as previous_overall_effectiveness,
        {{ is_corrected(['overall_effectiveness', 'previous_overall_effectiveness', 'pupils']) }}
            as is_corrected,
    from source
)

select * from staged

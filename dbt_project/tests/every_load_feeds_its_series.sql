-- A label reworded in a new release empties a series without a fault anywhere else: a file that
-- fed a series in one release is expected to feed it in the others.
{{ config(severity='warn') }}

with

figures as (
    select * from {{ ref('int_core_measure') }}
),

loads as (
    select * from {{ ref('stg_archive__loads') }}
    where
        admitted
        -- Who is whose neighbour is no figure.
        and load_table <> 'dfe__statistical_neighbours'
        -- Homelessness is summed over quarters: only the last of a year feeds it.
        and load_table not like 'mhclg__homelessness__%'
),

fed as (
    select distinct
        publication,
        release,
        version,
        source_file,
        measure_id,
        series_id,
    from figures
),

series_of_file as (
    select distinct
        loads.publication,
        loads.load_table,
        fed.measure_id,
        fed.series_id,
    from loads
    left join fed using (publication, release, version, source_file)
)

select
    loads.publication,
    loads.release,
    loads.version,
    loads.source_file,
    series_of_file.measure_id,
    series_of_file.series_id
from loads
inner join series_of_file using (publication, load_table)
left join fed
    using (publication, release, version, source_file, measure_id, series_id)
where
    fed.source_file is null
    and series_of_file.measure_id is not null

"""Figures of any size, for load tests: the sample's own cells, dealt out to other years.

Each area keeps its own cells, and the years run back and forth through the sample's, so that what
adds up still does and nothing leaps: sound to every check, but of no year in truth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.sample.figures import KEY, SCHEMA, SampleRelease, read_figures, read_releases, sql_text
from ingest.sample.layout import COUNCILS
from ingest.sample.layouts import CELLS, end_year, shift_period

# Versions until the same three councils of about 150 are revised again.
_TURNS = 50
# Of so many figures a reissued version changes one: so few that checks take them for what they are.
_EVERY = 400


def synthetic(
    publication: str = "characteristics-of-children-in-need",
    *,
    years: int = 10,
    releases: int = 1,
    versions: int = 1,
    councils: Collection[str] | int | None = None,
    council_file: Path = COUNCILS,
) -> tuple[pa.Table, list[SampleRelease]]:
    """Figures and releases for `lay_out`, modelled on a publication's newest release.

    Parameters
    ----------
    years
        How many years each release describes, the last being its own.
    releases
        How many, a year apart; the last is of the newest release's year.
    versions
        How many times each release was published, with other figures each time: those of three
        councils in one year.
    councils
        Codes, or how many; None is every council that existed at a period's end.

    Returns
    -------
    A table in `SCHEMA` of `releases * versions * years` times a year's figures, and the releases.

    Raises
    ------
    ValueError
        The publication is not in the sample.
    """
    model = [r for r in read_releases() if r.publication == publication]
    if not model:
        raise ValueError(f"The sample has no publication {publication!r}")
    newest = max(model, key=lambda r: (r.published, r.version))
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("set enable_progress_bar = false")
        con.register("sample", read_figures())
        con.execute(
            "create table model as select * from sample"
            f" where publication = {sql_text(publication)} and release = {sql_text(newest.release)}"
            f" and version = {newest.version}"
        )
        (periods,) = con.execute("select list(distinct period) from model").fetchone() or ([],)
        last = max(periods, key=end_year)
        made = [
            _release(newest, back, version)
            for back in range(releases)
            for version in range(1, versions + 1)
        ]
        con.execute("create table model_period(period varchar, place integer)")
        con.executemany(
            "insert into model_period values (?, ?)",
            [[p, place] for place, p in enumerate(sorted(periods, key=end_year, reverse=True))],
        )
        con.execute(
            "create table period_of"
            "(release varchar, version integer, period varchar, day date, place integer,"
            " other integer, is_revised boolean)"
        )
        con.executemany(
            "insert into period_of values (?, ?, ?, ?, ?, ?, ?)",
            [
                [
                    _shifted(newest.release, -back),
                    version,
                    cell,
                    date(end_year(cell), 3, 31),
                    _there_and_back(back + year, len(periods)),
                    # Where a later version has other cells, they are of the year before.
                    _there_and_back(back + year + 1, len(periods)),
                    version > 1 and year == _revised_year(version, years),
                ]
                for back in range(releases)
                for version in range(1, versions + 1)
                for year in range(years)
                for cell in [shift_period(last, -back - year)]
            ],
        )
        limit = ""
        if isinstance(councils, int):
            limit = (
                f"qualify row_number() over (partition by level, day order by code) <= {councils}"
            )
            limit = f"{limit} or level <> 'council'"
        elif councils is not None:
            codes = ", ".join(map(sql_text, councils)) or "''"
            limit = f"qualify level <> 'council' or code in ({codes})"
        made_up = con.execute(
            f"""
            with council as (
                select * from read_csv({sql_text(str(council_file))}, all_varchar=true, header=true)
            ),
            day as (select distinct day from period_of),
            area as (
                select 'council' as level, council_code as code, day
                from council, day
                where valid_from::date <= day and coalesce(valid_to::date >= day, true)
                union all
                select distinct area_level, area_code, day
                from model, day
                where area_level <> 'council'
            ),
            place as (
                select *,
                    row_number() over (partition by level, day order by code) - 1 as rank,
                    count(*) over (partition by level, day) as areas
                from (select * from area {limit})
            ),
            dealt_to as (
                select period_of.* exclude (place, other, is_revised),
                    place.level, place.code, place.rank,
                    coalesce(
                        is_revised
                        and level = 'council'
                        and rank in (
                            (version - 2) % areas,
                            (version - 2 + areas // 3) % areas,
                            (version - 2 + 2 * areas // 3) % areas
                        ),
                        false
                    ) as is_changed,
                    if(is_changed, other, period_of.place) as place,
                    -- With one year alone there is no other to take cells from: the next council's.
                    is_changed and other = period_of.place as is_next_council
                from period_of
                join place using (day)
            ),
            dealt as (
                select *
                from model
                join model_period using (period)
            ),
            source as (
                select *,
                    row_number() over (
                        partition by place, area_level
                        order by area_code
                    ) - 1 as rank,
                    count(*) over (partition by place, area_level) as size
                from (select distinct place, area_level, area_code from dealt)
            ),
            asked as (
                select dealt_to.*, own.area_code as own
                from dealt_to
                left join source as own
                    on own.place = dealt_to.place
                    and own.area_level = dealt_to.level
                    and own.area_code = dealt_to.code
                    and not dealt_to.is_next_council
            )
            select {sql_text(publication)} as publication, asked.release, asked.version,
                dealt.file, dealt.measure_id, dealt.series_id, dealt.part,
                asked.level as area_level, asked.code as area_code, asked.period,
                {", ".join(f"dealt.{cell}" for cell in CELLS)}
            from asked
            join source
                on source.place = asked.place
                and source.area_level = asked.level
                -- A council that the sample's year does not have takes another's cells.
                and source.area_code = coalesce(asked.own, source.area_code)
                and (
                    asked.own is not null
                    or source.rank = (asked.rank + asked.is_next_council::integer) % source.size
                )
            join dealt
                on dealt.place = asked.place
                and dealt.area_level = asked.level
                and dealt.area_code = source.area_code
            order by {", ".join(KEY)}
            """
        ).to_arrow_table()
    return made_up.select(SCHEMA.names).cast(SCHEMA), made


def reissued(
    publication: str, versions: int, *, first: int = 1
) -> Iterator[tuple[pa.Table, SampleRelease]]:
    """The sample's own releases of a publication again, each in so many versions.

    Version 1 is as published. Each after it has a few councils' figures changed by a last decimal,
    of other figures than the version before: sound to every check, and no two alike.
    Versions come out two days apart, beginning with version `first`; one at a time, since a
    hundred are larger as a table than as files.

    Raises
    ------
    ValueError
        The publication is not in the sample.
    """
    model = [r for r in read_releases() if r.publication == publication]
    if not model:
        raise ValueError(f"The sample has no publication {publication!r}")
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("set enable_progress_bar = false")
        con.register("sample", read_figures())
        con.execute(
            f"""
            create table figure as
            with told as (
                select *,
                    area_level = 'council' and regexp_full_match(value, '[0-9]+([.][0-9]+)?')
                        as is_number,
                    length(split_part(value, '.', 2)) as places,
                    bool_or(is_number and places > 0) over (partition by release) as has_decimals,
                    -- Whole numbers may be counts, which add up.
                    is_number and (places > 0 or not has_decimals) as may_change
                from sample
                where publication = {sql_text(publication)}
            )
            select * exclude (is_number, has_decimals),
                row_number() over (partition by release, may_change order by {", ".join(KEY)})
                    as place,
                count(*) over (partition by release, may_change) as size
            from told
            """
        )
        for release in sorted(model, key=lambda r: (r.published, r.version)):
            for version in range(first, first + versions):
                # More decimals than three are a computer's, and one in the last is none.
                by = f"{(version - 2) // _EVERY + 1} * pow(10, -least(places, 3))"
                table = con.execute(
                    f"""
                    select * exclude (version, value, may_change, place, places, size),
                        {version}::integer as version,
                        case
                            when {version} > 1 and may_change
                                and (place - {version}) % least({_EVERY}, size) = 0
                                then printf(
                                    '%.' || places || 'f',
                                    value::double + if(value::double < 50, 1, -1) * {by}
                                )
                            else value
                        end as value
                    from figure
                    where release = {sql_text(release.release)}
                    """
                ).to_arrow_table()
                later = timedelta(days=2 * (version - 1))
                changed = {"version": version, "published": release.published + later}
                yield (
                    table.select(SCHEMA.names).cast(SCHEMA),
                    release.model_copy(update=changed),
                )


def _revised_year(version: int, years: int) -> int:
    """Which year, counted back from the newest, a later version revises: the oldest at first.

    The year before it when the councils have had their turn, so that no two versions are alike.
    """
    return years - 1 - (version - 2) // _TURNS % years


def _there_and_back(step: int, places: int) -> int:
    """0, 1, 2, 1, 0, 1 … for three places."""
    if places == 1:
        return 0
    step %= 2 * (places - 1)
    return min(step, 2 * (places - 1) - step)


def _shifted(release: str, years: int) -> str:
    """A release's name some years later: `2024`, `2021-22`, `2022-23-revised`, `2023-03`."""
    first, dash, rest = release.partition("-")
    moved = str(int(first) + years)
    if dash and rest[:2].isdigit() and int(rest[:2]) == (int(first) + 1) % 100:
        return f"{moved}-{(int(moved) + 1) % 100:02d}{rest[2:]}"
    return moved + dash + rest


def _release(newest: SampleRelease, back: int, version: int) -> SampleRelease:
    published = newest.published
    return newest.model_copy(
        update={
            "release": _shifted(newest.release, -back),
            "version": version,
            "published": published.replace(year=published.year - back, day=min(published.day, 28))
            + timedelta(days=2 * (version - 1)),
            "like": newest.release,
            "note": "made up for a load test: cells of the sample, of other councils and years",
        }
    )

"""Laying out an archive: figures printed in their publishers' files, release by release.

Every file is one SQL query that ends in its text, so the whole sample takes about a second. What
a fault does to a file is in `faults.py`; where a figure stands in it, in `layouts.yml`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.sample.faults import Fault, LaidOutFile
from ingest.sample.figures import KEY, SCHEMA, SampleRelease, read_figures, read_releases, sql_text
from ingest.sample.layouts import IDENTITY, PERIOD_COLUMN, Layout, end_year, layout_of

LAYOUT_NOTE = (
    "sample: figures as published, laid out again by core-measures;"
    " other columns and breakdowns left out"
)
"""The `layout` of every release laid out here."""

COUNCILS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "council.csv"
"""Names and regions of councils are kept there alone, not with the figures."""

ENGLAND = "E92000001"

_LEVEL_ORDER = "array_position(['country', 'region', 'council'], area_level)"


def lay_out(
    destination: Path,
    *,
    figures: pa.Table | Iterable[Mapping[str, object]] | None = None,
    releases: Iterable[SampleRelease] | None = None,
    publications: Collection[str] | None = None,
    faults: Sequence[Fault] = (),
    councils: Path = COUNCILS,
) -> Path:
    """Write an archive: `<publisher>/<publication>/<release>/` with `release.json` and files.

    The same arguments give the same bytes.

    Parameters
    ----------
    destination
        The archive's folder; made if it is not there, and added to if it is.
    figures
        A table in `SCHEMA`, or rows as dictionaries (a column left out is null; `version` is 1
        and `part` empty then). The packaged sample if None.
    releases
        The releases that the figures are of. The packaged sample's if None.
    publications
        Only these publications. All if None.
    faults
        What is to be wrong with the files, applied in this order.
    councils
        A CSV of councils with their names, DfE codes and regions.

    Raises
    ------
    ValueError
        A publication, or a figure's release or series, is not known; a figure stands twice; or a
        fault finds no file, or nothing in it to damage.
    KeyError
        A file has no layout.
    """
    table = _figures(figures, publications)
    described = read_releases() if releases is None else releases
    known = {(r.publication, r.release, r.version): r for r in described}
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("set enable_progress_bar = false")
        con.register("given", table)
        con.execute("create table figures as select * from given")
        _refuse_repeated(con)
        _create_areas(con, councils)
        groups = con.execute(
            "select publication, release, version, file, list(distinct period order by period)"
            " from figures group by all order by all"
        ).fetchall()
        printed: dict[SampleRelease, list[LaidOutFile]] = {}
        for publication, release_name, version, file, periods in groups:
            release = known.get((publication, release_name, version))
            if release is None:
                raise ValueError(f"No release {release_name} of {publication}, version {version}")
            layout = layout_of(publication, release_name, file, release.like)
            years = [end_year(period) for period in periods]
            content = _content(con, layout, (publication, release_name, version, file))
            printed.setdefault(release, []).append(
                LaidOutFile(
                    publication=publication,
                    release=release.folder,
                    file=file,
                    name=layout.file_name(min(years), max(years)),
                    layout=layout,
                    content=content.encode("utf-8"),
                )
            )
    _damage(printed, faults)
    for release, files in printed.items():
        _write(destination / release.path, release, files, faults)
    return destination


def _figures(
    figures: pa.Table | Iterable[Mapping[str, object]] | None, publications: Collection[str] | None
) -> pa.Table:
    if figures is None:
        table = read_figures()
    elif isinstance(figures, pa.Table):
        table = figures.select(SCHEMA.names).cast(SCHEMA)
    else:
        usual: dict[str, object] = {"version": 1, "part": ""}
        table = pa.Table.from_pylist([usual | dict(row) for row in figures], schema=SCHEMA)
    if publications is None:
        return table
    if unknown := set(publications) - set(table["publication"].unique().to_pylist()):
        raise ValueError(f"No figures of {', '.join(sorted(unknown))} to lay out")
    wanted = pa.array(sorted(publications), pa.string())
    return table.filter(pc.is_in(table["publication"], wanted))


def _refuse_repeated(con: duckdb.DuckDBPyConnection) -> None:
    key = ", ".join(KEY)
    twice = con.execute(
        f"select {key} from figures group by all having count(*) > 1 order by all limit 1"
    ).fetchone()
    if twice is not None:
        raise ValueError(f"Two figures are of one {key}: {twice}")


def _create_areas(con: duckdb.DuckDBPyConnection, councils: Path) -> None:
    """Table `areas`: one row an area, its regions as the DfE (`dfe_…`) and the ONS have them."""
    con.execute(
        f"""
        create table areas as
        with council as (
            select * from read_csv({sql_text(str(councils))}, all_varchar=true, header=true)
        ),
        region as (
            select region_code as code, region_name as region from council
            union
            select dfe_region_code, dfe_region_name from council
        )
        select 'council' as level, council_code as code, council_name as area_name, dfe_code,
            region_code, region_name, dfe_region_code, dfe_region_name
        from council
        union all
        select 'region', code, region, null, code, region, code, region from region
        union all
        select 'country', '{ENGLAND}', 'England', null, null, null, null, null
        """
    )


def _content(
    con: duckdb.DuckDBPyConnection, layout: Layout, group: tuple[str, str, int, str]
) -> str:
    """A file's text: its header and a line for each row of each kind."""
    con.execute(
        "create or replace temp table figure as select * from figures"
        " where publication = ? and release = ? and version = ? and file = ?",
        list(group),
    )
    specified = {(spec.measure, spec.series, spec.part) for spec in layout.figures}
    given = con.execute("select distinct measure_id, series_id, part from figure").fetchall()
    if unknown := sorted(set(given) - specified):
        raise ValueError(f"{group[3]} of {group[0]} {group[1]} has no place for {unknown}")
    kinds = [
        query
        for position, row in enumerate(layout.rows)
        if (query := _kind(layout, row, position)) is not None
    ]
    twice = " union all select *, true from row where area_level = 'country'"
    copies = f"select *, false as again from row{twice if layout.england_twice else ''}"
    identity = _identity(layout)
    quoted = [_cell(layout, column, identity) for column in layout.header]
    found = con.execute(
        f"""
        with row as (
            {" union all by name ".join(kinds)}
        ),
        placed as (
            select row.*, areas.* exclude (level, code)
            from ({copies}) row
            left join areas on areas.level = row.area_level and areas.code = row.area_code
        )
        select string_agg(concat({", ',', ".join(quoted)}), {sql_text(layout.line_end)}
            order by period, {_LEVEL_ORDER}, area_code, position, again)
        from placed
        """
    ).fetchone()
    header = [_quoted(column, layout.quoted_header) for column in layout.header]
    lines = [",".join(header)]
    if found is not None and found[0] is not None:
        lines.append(found[0])
    for extra in layout.extra_rows:
        # A row of no area belongs to the period that it was left in.
        if extra.get(PERIOD_COLUMN[layout.kind]) in _periods(con):
            cells = (extra.get(column, _missing(layout, column)) for column in layout.header)
            lines.append(",".join(_quoted(cell) for cell in cells))
    return ("\ufeff" if layout.bom else "") + "".join(line + layout.line_end for line in lines)


def _periods(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in con.execute("select distinct period from figure").fetchall()}


def _kind(layout: Layout, row: str, position: int) -> str | None:
    """SQL for the rows of one kind: a row an area and period, a column a cell held."""
    held: dict[str, list[str]] = {}
    own: list[str] = []
    for spec in layout.figures:
        this = (
            f"(measure_id = {sql_text(spec.measure)} and series_id = {sql_text(spec.series)}"
            f" and part = {sql_text(spec.part)})"
        )
        if spec.row == row:
            own.append(this)
        for cell, place in spec.cells.items():
            if place.row == row:
                held.setdefault(place.column, []).append(
                    f"max({cell}) filter (where {this} and {cell} is not null)"
                )
    if not held and not own:
        return None
    cells = [
        f"coalesce({', '.join(found)}) as {_at(layout, column)}" for column, found in held.items()
    ]
    # Another row's total is printed where any figure holds it; a figure's own row always.
    present = [f"count(*) filter (where {' or '.join(own)}) > 0"] if own else []
    present += [f"{place} is not null" for found in held.values() for place in found]
    constants = [
        f"{sql_text(cell)} as {_at(layout, column)}" for column, cell in layout.rows[row].items()
    ]
    return (
        f"select period, area_level, area_code, {position} as position,"
        f" {', '.join([*constants, *cells])} from figure"
        f" group by period, area_level, area_code having {' or '.join(present)}"
    )


def _at(layout: Layout, column: str) -> str:
    """A column's name in SQL, where `Value` and `value` would be one."""
    return f"c{layout.header.index(column)}"


def _identity(layout: Layout) -> dict[str, str]:
    """SQL for each column that says which area and period a row describes."""
    words = " ".join(
        f"when {sql_text(k)} then {sql_text(v)}" for k, v in layout.level_words.items()
    )
    level = f"case area_level {words} end"
    if layout.kind == "fingertips":
        # England has no parent, but where it stands again as its own child.
        parent = "area_level <> 'country' or again"
        found = {
            "Parent Code": f"case when {parent} then '{ENGLAND}' end",
            "Parent Name": f"case when {parent} then 'England' end",
            "Area Code": "area_code",
            "Area Name": (
                "case area_level when 'region'"
                " then replace(area_name, ' The ', ' the ') || ' region (statistical)'"
                " else area_name end"
            ),
            "Area Type": level,
            "Time period": "period",
            "Time period Sortable": "left(period, 4) || '0000'",
        }
    else:
        place = "dfe_region" if layout.regions == "dfe" else "region"
        found = {
            "time_period": "period",
            "geographic_level": level,
            "country_code": f"'{ENGLAND}'",
            "country_name": "'England'",
            "region_code": f"case when area_level = 'region' then area_code else {place}_code end",
            "region_name": f"{place}_name",
            "old_la_code": "dfe_code",
            "new_la_code": "case when area_level = 'council' then area_code end",
            "la_name": "case when area_level = 'council' then area_name end",
        }
    for column, cells in layout.by_period.items():
        cases = " ".join(
            f"when {sql_text(period)} then {sql_text(cell)}"
            for period, cell in cells.items()
            if period != "default"
        )
        usual = sql_text(cells["default"])
        found[column] = f"case period {cases} else {usual} end" if cases else usual
    return found


def _cell(layout: Layout, column: str, identity: Mapping[str, str]) -> str:
    """SQL for a column's cell, as it stands in the line: never null, quoted if it must be."""
    held = {place.column for spec in layout.figures for place in spec.cells.values()}
    held |= {own for cells in layout.rows.values() for own in cells}
    if column in identity:
        cell = f"coalesce({identity[column]}, {sql_text(layout.blank)})"
    elif column in held:
        cell = f"coalesce({_at(layout, column)}, {sql_text(layout.filler)})"
    else:
        return sql_text(_quoted(layout.filler))
    inner = f"'\"' || replace({cell}, '\"', '\"\"') || '\"'"
    if column in layout.quoted_columns:
        return f"case when {cell} = '' then '' else {inner} end"
    return f"case when regexp_matches({cell}, '[,\"\\r\\n]') then {inner} else {cell} end"


def _missing(layout: Layout, column: str) -> str:
    return layout.blank if column in IDENTITY[layout.kind] else layout.filler


def _quoted(cell: str, always: bool = False) -> str:
    if always or any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _damage(printed: Mapping[SampleRelease, list[LaidOutFile]], faults: Sequence[Fault]) -> None:
    """Apply every fault to its files.

    Raises
    ------
    ValueError
        A fault is of a file that is not laid out: a test that passes by it would prove nothing.
    """
    for fault in faults:
        hit = [file for files in printed.values() for file in files if fault.is_of(file)]
        if not hit:
            raise ValueError(f"The fault {fault} is of no file that is laid out")
        for file in hit:
            fault.damage_file(file)


def _write(
    folder: Path, release: SampleRelease, files: Sequence[LaidOutFile], faults: Sequence[Fault]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    described = release.model_dump(mode="json", exclude={"note", "like"}, exclude_none=True)
    described["layout"] = LAYOUT_NOTE
    if release.note is not None:
        described["note"] = release.note
    described["files"] = [
        write_file(folder, file.name, file.layout.title, file.content)
        for file in sorted(files, key=lambda file: file.name)
    ]
    document: dict[str, Any] | None = described
    for fault in faults:
        if document is not None and any(fault.is_of(file) for file in files):
            document = fault.damage_release(document, files)
    if document is not None:
        write_release(folder, document)


def write_file(folder: Path, name: str, title: str, content: bytes) -> dict[str, Any]:
    """Write a release's file; what its release.json says of it."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "title": title, "bytes": len(content), "sha256": digest}


def write_release(folder: Path, described: Mapping[str, Any]) -> None:
    """Write a release's release.json."""
    written = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    (folder / "release.json").write_text(written, "utf-8")

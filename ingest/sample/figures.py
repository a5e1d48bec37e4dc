"""The sample's figures: one row a figure, its cells as published, to the letter.

Reads and writes the table, and finds the figures of a published file by its layout. Printing
them again is in `layout.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet
import yaml
from pydantic import BaseModel, ConfigDict

from ingest.sample.layouts import CELLS, FOLDER, PERIOD_COLUMN, FigureSpec, Layout

KEY = (
    "publication",
    "release",
    "version",
    "file",
    "measure_id",
    "series_id",
    "part",
    "area_level",
    "area_code",
    "period",
)

SCHEMA = pa.schema(
    [(name, pa.int32() if name == "version" else pa.string()) for name in KEY]
    + [(name, pa.string()) for name in CELLS]
)
"""One row a figure. `file` is the contract's name of the file; `area_level` is `country`,
`region` or `council`; `area_code` and `period` are as printed; `part` is empty but where a figure
is worked out from several published ones. `value` to `remainder` are cells as published, null
where the publisher has no such cell."""

FIGURES = FOLDER / "figures.parquet"
RELEASES = FOLDER / "releases.yml"


class SampleRelease(BaseModel):
    """What `release.json` says of a release, but for its files.

    `like` is the release whose layout it takes, for a release that was never published.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    publisher: str
    publication: str
    title: str
    release: str
    version: int = 1
    published: date
    published_precision: Literal["day", "month"] = "day"
    landing_page: str
    licence: str
    note: str | None = None
    like: str | None = None

    @property
    def folder(self) -> str:
        """Its folder in its publication's: `2024`, or `2024+2` for a second version."""
        return self.release if self.version == 1 else f"{self.release}+{self.version}"

    @property
    def path(self) -> str:
        """Its folder in an archive."""
        return f"{self.publisher}/{self.publication}/{self.folder}"


def read_figures(path: Path = FIGURES) -> pa.Table:
    """The sample's figures, in `SCHEMA`."""
    return pyarrow.parquet.read_table(path).cast(SCHEMA)


def write_figures(table: pa.Table, path: Path = FIGURES) -> None:
    """Write figures to Parquet: the same figures give the same bytes."""
    # Neighbours in this order are alike, which makes the file a third of what it would be.
    order = ("publication", "file", "measure_id", "series_id", "part", "release", "version")
    by = [(name, "ascending") for name in (*order, "period", "area_level", "area_code")]
    pyarrow.parquet.write_table(
        table.select(SCHEMA.names).cast(SCHEMA).sort_by(by),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=True,
        write_statistics=False,
        store_schema=False,
    )


def read_releases(path: Path = RELEASES) -> list[SampleRelease]:
    """The releases that the sample's figures come from."""
    return [SampleRelease.model_validate(item) for item in yaml.safe_load(path.read_text("utf-8"))]


def write_releases(
    releases: Iterable[SampleRelease], path: Path = RELEASES, of: str = "figures"
) -> None:
    """Write releases to YAML, in order of publication and release."""
    ordered = sorted(releases, key=lambda r: (r.publisher, r.publication, r.release, r.version))
    documents = [r.model_dump(mode="json", exclude_none=True) for r in ordered]
    text = yaml.safe_dump(documents, sort_keys=False, allow_unicode=True, width=100)
    heading = f"# Written by scripts/write_sample.py: the releases that the sample's {of} are of.\n"
    path.write_text(heading + text, "utf-8")


def sql_name(identifier: str) -> str:
    """An identifier, quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def sql_text(literal: str) -> str:
    """A text, quoted for SQL."""
    return "'" + literal.replace("'", "''") + "'"


def figures_in(
    con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, head: Mapping[str, object]
) -> pa.Table:
    """The figures of one published file, found by its layout.

    Parameters
    ----------
    head
        The `publication`, `release`, `version` and `file` of the figures.

    Raises
    ------
    ValueError
        The file's columns are not those of the layout; a row of no area is not one of its
        `extra_rows`; two rows are of one figure and differ; or a series has no figure.
    """
    con.execute(
        f"create or replace temp table published as select * from read_csv({sql_text(str(path))},"
        " all_varchar=true, header=true, delim=',', quote='\"', escape='\"', strict_mode=false,"
        " null_padding=true, parallel=false)"
    )
    columns = [row[0] for row in con.execute("describe published").fetchall()]
    known = [column for column in columns if column in layout.header]
    if known != list(layout.header) if layout.reduced else columns != list(layout.header):
        raise ValueError(f"{path} has the columns {columns}, its layout {list(layout.header)}")
    cells = ", ".join(
        f"coalesce({sql_name(column)}, '') as {sql_name(column)}" for column in layout.header
    )
    con.execute(
        f"create or replace temp table rows as select {_level(layout)} as area_level,"
        f" {_area(layout)} as area_code, * from (select {cells} from published)"
    )
    nowhere = con.execute(
        f"select {', '.join(map(sql_name, layout.header))} from rows"
        " where area_level is not null and trim(area_code) = '' order by all"
    ).fetchall()
    extra = [tuple(row.get(c, layout.blank) for c in layout.header) for row in layout.extra_rows]
    if nowhere != sorted(extra):
        raise ValueError(f"{path} has rows of no area that its layout does not: {nowhere}")
    found = [_series(con, path, layout, spec, head) for spec in layout.figures]
    return pa.concat_tables(found)


def _series(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: Layout,
    spec: FigureSpec,
    head: Mapping[str, object],
) -> pa.Table:
    constants = {**head, "measure_id": spec.measure, "series_id": spec.series, "part": spec.part}
    period = sql_name(PERIOD_COLUMN[layout.kind])
    places = spec.cells
    aliases = {spec.row: "r0"}
    for cell in places.values():
        aliases.setdefault(cell.row, f"r{len(aliases)}")
    selected = [
        f"{aliases[places[cell].row]}.{sql_name(places[cell].column)}"
        if cell in places
        else "null::varchar"
        for cell in CELLS
    ]
    joins = " ".join(
        f"left join ({_rows(layout, row)}) {alias}"
        f" on {alias}.area_level = r0.area_level and {alias}.area_code = r0.area_code"
        f" and {alias}.{period} = r0.{period}"
        for row, alias in aliases.items()
        if alias != "r0"
    )
    only = ""
    if spec.periods is not None:
        only = f" where r0.{period} in ({', '.join(map(sql_text, spec.periods))})"
    fields = [
        *(f"{sql_text(str(value))} as {key}" for key, value in constants.items()),
        "r0.area_level",
        "r0.area_code",
        f"r0.{period} as period",
        *(f"{place} as {cell}" for cell, place in zip(CELLS, selected, strict=True)),
    ]
    table: pa.Table = (
        con.execute(
            # England stands twice in some files, its copies alike in every cell read here.
            f"select distinct {', '.join(fields)} from ({_rows(layout, spec.row)}) r0 {joins}{only}"
        )
        .to_arrow_table()
        .select(SCHEMA.names)
        .cast(SCHEMA)
    )
    keys = table.select(["area_level", "area_code", "period"]).group_by(
        ["area_level", "area_code", "period"]
    )
    if table.num_rows == 0 or keys.aggregate([]).num_rows != table.num_rows:
        raise ValueError(
            f"{path}: {spec.measure} {spec.series} {spec.part} has no figures, or two for one area"
        )
    return table


def _rows(layout: Layout, row: str) -> str:
    where = " and ".join(
        f"{sql_name(column)} = {sql_text(cell)}" for column, cell in layout.rows[row].items()
    )
    return "select * from rows where area_level is not null and trim(area_code) <> ''" + (
        f" and {where}" if where else ""
    )


def _level(layout: Layout) -> str:
    """SQL for a row's level of area; null for levels that are none of ours."""
    column = "geographic_level" if layout.kind == "ees" else "Area Type"
    cases = " ".join(
        # An older file says `Academic Year` and `Local Authority` and a newer one does not.
        f"when lower({sql_text(word)}) then {sql_text(level)}"
        for level, word in layout.level_words.items()
    )
    return f"case lower({sql_name(column)}) {cases} end"


def _area(layout: Layout) -> str:
    if layout.kind == "fingertips":
        return sql_name("Area Code")
    return (
        "case lower(geographic_level) when 'national' then country_code"
        " when 'regional' then region_code when 'local authority' then new_la_code end"
    )

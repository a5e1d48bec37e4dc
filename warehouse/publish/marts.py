"""The published marts: each as Parquet and CSV, described by a Frictionless data package.

All of them stand in one DuckDB file as well, to be attached over HTTP, and the figures a second
time as Parquet by measure, so that a dashboard of one measure reads that one alone.

Written from the candidate into a build's folder before anything is swapped; types, units and
descriptions come from the warehouse's own comments, which are dbt's descriptions of its YAML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from ingest.archive.release import sha256_of
from warehouse.connection import SETTINGS, sql_name, sql_text

LICENCE = {
    "name": "OGL-UK-3.0",
    "title": "Open Government Licence v3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}
ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."

_FIELD_TYPES = {
    "VARCHAR": "string",
    "VARCHAR[]": "string",
    "DOUBLE": "number",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
}
_TEXTS = ("VARCHAR", "VARCHAR[]")
# Between the sentences of a list, where a cell of CSV holds it.
_BETWEEN = " | "
# A spreadsheet runs a cell that starts so; a plain number is no formula.
_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?$"


DUCKDB_FILE = "core_measures_marts.duckdb"
"""The marts as one file that DuckDB attaches, read-only, from a disk or over HTTP."""
# What every DuckDB since 1.0 can read.
_STORAGE = "v1.0.0"
# Rows, each with its text, that are put in order at once: some 300 MiB of the widest mart.
_SORTED_AT_ONCE = 200_000
BY_MEASURE = "by_measure"
_PARTITIONED = "fct_core_measure"


class _Column(NamedTuple):
    name: str
    kind: str
    comment: str | None


def write_marts(
    warehouse: Path, folder: Path, versions: Mapping[str, int] | None = None
) -> list[str]:
    """Write every table of schema `marts` into `folder` and return their names.

    Each as Parquet and CSV, all in one DuckDB file, and the figures by measure as Parquet.

    `versions` has the version of each mart that has one.

    CSV is UTF-8 with a header, rows in the order of their columns, empty for null and `""` for
    an empty cell; a text cell that a spreadsheet would run as a formula starts with `'`.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(str(warehouse), read_only=True, config=SETTINGS) as con:
        tables = con.execute(
            "select table_name, comment from duckdb_tables()"
            " where schema_name = 'marts' order by table_name"
        ).fetchall()
        columns = _columns(con)
        units = _units(con)
        attached = sql_text(str(folder / DUCKDB_FILE))
        con.execute(f"attach {attached} as package (read_write, storage_version '{_STORAGE}')")
        con.execute("create schema package.marts")
        resources = [
            _write_mart(
                con,
                folder,
                table,
                comment or "",
                columns[table],
                units,
                (versions or {}).get(table),
            )
            for table, comment in tables
        ]
        parts = [path.relative_to(folder).as_posix() for path in folder.glob(f"{BY_MEASURE}/*/*")]
        sources = con.execute(
            "select distinct title, landing_page from marts.dim_release order by all"
        ).fetchall()
        newest = con.execute("select max(published)::varchar from marts.dim_release").fetchone()
        # A journal that closing cannot write into the file stays beside it without a word.
        con.execute("checkpoint package")
    package = {
        "profile": "tabular-data-package",
        "name": "core-measures",
        "title": "Core measures for children and young people, England, by council and year",
        "description": (
            "The Local Government Association's core measures as published, every vintage kept,"
            " every cell traced to its row in its file. In CSV, a text cell that a spreadsheet"
            " would take for a formula starts with an apostrophe. " + ATTRIBUTION
        ),
        "licenses": [LICENCE],
        "sources": [{"title": title, "path": path} for title, path in sources],
        "resources": resources,
        "duckdb": DUCKDB_FILE,
        "partitions": {_PARTITIONED: sorted(parts)},
    }
    for name, document in (("datapackage.json", package), ("csvw.json", _csvw(package))):
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, "utf-8")
    (folder / "CITATION.cff").write_text(_citation(newest[0] if newest else None), "utf-8")
    return [resource["name"] for resource in resources]


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[_Column]]:
    """Each mart's columns in their order: asked for once, as each answer is made of all tables."""
    columns: dict[str, list[_Column]] = {}
    for table, *column in con.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns()"
        " where schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(_Column(*column))
    return columns


def _units(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The unit of each column of `council_year`, by the column's name."""
    rows = con.execute(
        "select measure_id, series_id, is_headline, unit from marts.dim_series"
    ).fetchall()
    return {
        (measure if is_headline else f"{measure}__{series}"): unit
        for measure, series, is_headline, unit in rows
    }


def _write_mart(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    table: str,
    comment: str,
    columns: Sequence[_Column],
    units: dict[str, str],
    version: int | None,
) -> dict[str, Any]:
    cells = ", ".join(_csv_cell(name, kind) for name, kind, _ in columns)
    # Put in order once for all: where it stands in the package, packed, it takes no room twice.
    in_order = _write_packed(con, table, comment, columns)
    for suffix, select, options in (
        ("parquet", "*", "format parquet, compression zstd"),
        ("csv", cells, "format csv, header"),
    ):
        path = sql_text(str(folder / f"{table}.{suffix}"))
        con.execute(f"copy (select {select} from {in_order}) to {path} ({options})")
    if table == _PARTITIONED:
        # One by one: DuckDB's own partitions do not keep the order of rows.
        for (measure,) in con.execute(f"select distinct measure_id from {in_order}").fetchall():
            part = folder / BY_MEASURE / f"measure_id={measure}" / "figures_0.parquet"
            part.parent.mkdir(parents=True)
            con.execute(
                f"copy (from {in_order} where measure_id = {sql_text(measure)})"
                f" to {sql_text(str(part))} (format parquet, compression zstd)"
            )
    csv = (folder / f"{table}.csv").read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "path": f"{table}.csv",
        "parquet": f"{table}.parquet",
        "description": comment,
        **({"version": str(version)} if version is not None else {}),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(csv),
        "hash": f"sha256:{sha256_of(csv)}",
        "schema": {
            "fields": [
                _field(table, name, kind, description or "", units)
                for name, kind, description in columns
            ],
            "missingValues": [""],
        },
    }


def _write_packed(
    con: duckdb.DuckDBPyConnection, table: str, comment: str, columns: Sequence[_Column]
) -> str:
    """Put a mart into the package's DuckDB file, in order and with its comments; its name there.

    A large one by what stands in its first column, one after another: DuckDB holds all that it puts
    in order, and what does not fit in memory it writes to disk and reads again.
    """
    name, mart, leading = (
        f"package.marts.{sql_name(table)}",
        f"marts.{sql_name(table)}",
        sql_name(columns[0].name),
    )
    (rows,) = con.execute(f"select count(*) from {mart}").fetchall()[0]
    if rows <= _SORTED_AT_ONCE:
        con.execute(f"create table {name} as from {mart} order by all")
    else:
        con.execute(f"create table {name} as from {mart} limit 0")
        for (cell,) in con.execute(
            f"select distinct {leading} from {mart} order by all"
        ).fetchall():
            con.execute(
                f"insert into {name} from {mart} where {leading} is not distinct from ?"
                " order by all",
                [cell],
            )
    comments = [f"comment on table {name} is {sql_text(comment)}"]
    comments += [
        f"comment on column {name}.{sql_name(column.name)} is {sql_text(column.comment)}"
        for column in columns
        if column.comment
    ]
    con.begin()
    con.execute(";".join(comments))
    con.commit()
    return name


def _csvw(package: dict[str, Any]) -> dict[str, Any]:
    """The same for who reads CSV on the Web (W3C, Metadata Vocabulary for Tabular Data)."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": package["title"],
        "dc:description": package["description"],
        "dc:license": {"@id": LICENCE["path"]},
        "dialect": {"header": True, "encoding": "utf-8", "delimiter": ",", "quoteChar": '"'},
        "tables": [
            {
                "url": resource["path"],
                "dc:title": resource["name"],
                "dc:description": resource["description"],
                "tableSchema": {
                    "columns": [
                        {
                            "name": field["name"],
                            "titles": field["name"],
                            "datatype": field["type"],
                            "null": "",
                            "dc:description": field.get("description") or field.get("unit", ""),
                        }
                        for field in resource["schema"]["fields"]
                    ]
                },
            }
            for resource in package["resources"]
        ],
    }


def _citation(newest: str | None) -> str:
    """How to cite the figures, in the Citation File Format; as of the newest release in them."""
    released = f'date-released: "{newest}"\n' if newest else ""
    return f"""\
cff-version: 1.2.0
message: "{ATTRIBUTION} Cite each release's publisher, as in dim_release, beside this."
type: dataset
title: "Core measures for children and young people, England, by council and year"
authors:
  - name: "The publishers of the statistics, as in dim_release"
  - name: "core-measures"
{released}license-url: "{LICENCE["path"]}"
"""


def csv_line(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str]:
    """The head of a mart's CSV, and a row of it as one expression: for parts of a mart."""
    columns = con.execute(
        "select column_name, data_type from duckdb_columns()"
        f" where schema_name = 'marts' and table_name = {sql_text(table)} order by column_index"
    ).fetchall()
    cells = []
    for name, kind in columns:
        cell = _csv_cell(name, kind).removesuffix(f" as {sql_name(name)}")
        if kind in _TEXTS:
            quoted = f"'\"' || replace({cell}, '\"', '\"\"') || '\"'"
            cell = (
                f"case when regexp_matches({cell}, '[\",\n\r]') or {cell} = ''"
                f" then {quoted} else {cell} end"
            )
        if kind == "DOUBLE":
            cell = f"{cell} + 0.0"  # as `copy` writes it: minus nought is nought
        cells.append(f"coalesce(({cell})::varchar, '')")
    return ",".join(name for name, _ in columns), " || ',' || ".join(cells)


def _csv_cell(name: str, kind: str) -> str:
    column = sql_name(name)
    if kind not in _TEXTS:
        return column
    text = column if kind == "VARCHAR" else f"array_to_string({column}, {sql_text(_BETWEEN)})"
    return (
        f"case when regexp_matches({text}, {sql_text(_FORMULA)})"
        f" and not regexp_matches({text}, {sql_text(_NUMBER)})"
        f" then '''' || {text} else {text} end as {column}"
    )


def _field(
    table: str, name: str, kind: str, description: str, units: dict[str, str]
) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _FIELD_TYPES[kind]}
    if description:
        field["description"] = description
    if table == "council_year" and name in units:
        field["unit"] = units[name]
    return field

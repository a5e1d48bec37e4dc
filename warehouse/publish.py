"""The published marts: each as Parquet and CSV, described by a Frictionless data package.

Written from the candidate into a build's folder before anything is swapped; types, units and
descriptions come from the warehouse's own comments, which dbt writes from its YAML.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from ingest.archive import sha256_of
from warehouse.candidate import SETTINGS, sql_name, sql_text

LICENCE = {
    "name": "OGL-UK-3.0",
    "title": "Open Government Licence v3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}
ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."

_FIELD_TYPES = {
    "VARCHAR": "string",
    "DOUBLE": "number",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
}
# A spreadsheet runs a cell that starts so; a plain number is no formula.
_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?$"


def write_marts(warehouse: Path, folder: Path) -> list[str]:
    """Write every table of schema `marts` into `folder` and return their names.

    CSV is UTF-8 with a header, rows in the order of their columns, empty for null and `""` for
    an empty cell; a text cell that a spreadsheet would run as a formula starts with `'`.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(str(warehouse), read_only=True, config=SETTINGS) as con:
        tables = con.execute(
            "select table_name, comment from duckdb_tables()"
            " where schema_name = 'marts' order by table_name"
        ).fetchall()
        units = _units(con)
        resources = [
            _write_mart(con, folder, table, comment or "", units) for table, comment in tables
        ]
        sources = con.execute(
            "select distinct title, landing_page from marts.dim_release order by all"
        ).fetchall()
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
    }
    text = json.dumps(package, indent=2, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(text, "utf-8")
    return [resource["name"] for resource in resources]


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
    units: dict[str, str],
) -> dict[str, Any]:
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = 'marts' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    cells = ", ".join(_csv_cell(name, kind) for name, kind, _ in columns)
    relation = f"marts.{sql_name(table)}"
    for suffix, select, options in (
        ("parquet", "*", "format parquet, compression zstd"),
        ("csv", cells, "format csv, header"),
    ):
        path = sql_text(str(folder / f"{table}.{suffix}"))
        con.execute(f"copy (select {select} from {relation} order by all) to {path} ({options})")
    csv = (folder / f"{table}.csv").read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "path": f"{table}.csv",
        "parquet": f"{table}.parquet",
        "description": comment,
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


def _csv_cell(name: str, kind: str) -> str:
    column = sql_name(name)
    if kind != "VARCHAR":
        return column
    return (
        f"case when regexp_matches({column}, {sql_text(_FORMULA)})"
        f" and not regexp_matches({column}, {sql_text(_NUMBER)})"
        f" then '''' || {column} else {column} end as {column}"
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

"""A comment on every table and column of a candidate, so that any client can tell what is what.

They are said here, once a build, out of what is said elsewhere already: dbt's descriptions, and the
contracts' names of what was published. A model may say its own (council_year, of its series).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from ingest.contracts.contract import FileContract
from warehouse.connection import SETTINGS, sql_name, sql_text

# What is known of a column of figures, by what its columns end in.
_READ = {
    "number": "Number that is printed in {}, after corrections; null where there is none.",
    "status": "Why {} has no number, or published.",
    "mark": "Mark in the place of a number in {}, or beside one.",
}
# What no mart has a column of.
_OWN = {
    "area_level": "council, region, or country for England.",
    "area_code": "GSS code of the council, region or country as it stood in the period.",
    "area_name": "Its name as it stood in the period.",
    "printed_code": "Code as the publisher printed it.",
    "row_area_level": "council, district, region or country; ignored where it is none of use here.",
    "row_area_code": "GSS code that the row prints, or that its number or name stands for.",
    "row_period_type": "What kind of period the row is of.",
    "row_period_label": "The period as its publisher writes it.",
    "row_period_start": "First day of the period.",
    "row_period_end": "Last day of the period.",
    "row_year": "Calendar year in which the period ends.",
    "corrections": "Column to corrected cell, where a correction was applied; else null.",
    "as_published": "Column to the cell to the letter, where it is read in plainer signs.",
    "cell_notes": "Column to the notes that stood beside its figure; null where there are none.",
    "old_status_symbol": "The publisher's own mark in the vintage before.",
    "is_value_changed": "Whether the vintage before had another number, to the places both print.",
    "is_changed": "Whether the vintage before had another number, or another reason for none.",
    "source_column": "Column of the contract that the check looked at, where it looked at one.",
    "message": "What the check found odd about the figure.",
    "figure": "The figure that the check found odd.",
    "expected": "What the check expected in its place, where it expected a number.",
    "bytes": "Length of the file.",
    "file_id": "The file's name in its publication's contract.",
    "load_table": "Table of schema loads that holds its rows, where it is admitted.",
    "admitted": "Whether its rows may become facts.",
    "preference": "Place of the publication in the series' list: 1 serves before 2.",
    "is_of_several_releases": "Whether each of its figures is made of several releases.",
    "is_all_ages": "Whether the row is of all ages together.",
    "ordinal": "Which of the council's inspections it is: 1 the first.",
    "inspection_date_as_published": "Day of the inspection as printed.",
    "district_code": "GSS code of the district.",
    "district_name": "Name of the district.",
}
_ARCHIVE = {
    "releases": "Every release held: a row a publication, release and version.",
    "loads": "Every published file of a release that a contract reads, admitted or not.",
    "checks": "Every check of every load, as marts.load_quality shows it.",
    "corrections": "Every cell that is not served as printed, as marts.correction shows it.",
    "flags": "What checks found odd about single served figures: a row a figure and check.",
}


def comment(warehouse: Path, manifest: dict[str, Any], files: Iterable[FileContract]) -> int:
    """Comment on each table, view and column that has no comment; returns how many were made."""
    tables, columns = _descriptions(manifest)
    published = _published(files)
    comments: list[str] = []
    with duckdb.connect(str(warehouse), config=SETTINGS) as con:
        con.begin()
        bare = con.execute(
            "select schema_name, table_name, 'table' from duckdb_tables() where comment is null"
            " union all select schema_name, view_name, 'view' from duckdb_views()"
            " where comment is null and not internal order by all"
        ).fetchall()
        for schema, table, kind in bare:
            description = tables.get((schema, table)) or _ARCHIVE.get(table, "")
            if description:
                where = f"{sql_name(schema)}.{sql_name(table)}"
                comments.append(f"comment on {kind} {where} is {sql_text(description)}")
        for schema, table, column in con.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where comment is null and not internal order by all"
        ).fetchall():
            description = columns.get((schema, table, column)) or _column(
                schema, table, column, columns, published
            )
            if description:
                where = ".".join(map(sql_name, (schema, table, column)))
                comments.append(f"comment on column {where} is {sql_text(description)}")
        # Some thousands: asked for one by one they take half as long again.
        con.execute(";".join(comments))
        con.commit()
    return len(comments)


def _descriptions(
    manifest: dict[str, Any],
) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str, str], str]]:
    """dbt's descriptions of tables and of columns."""
    tables: dict[tuple[str, str], str] = {}
    columns: dict[tuple[str, str, str], str] = {}
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        if node["resource_type"] not in ("model", "seed", "source"):
            continue
        place = (node["schema"], node["name"])
        tables[place] = _line(node["description"])
        for column in node["columns"].values():
            columns[*place, column["name"]] = _line(column["description"])
    return tables, columns


def _published(files: Iterable[FileContract]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What publishers call a column, by table and name; under table `""`, in any table at all."""
    names: dict[tuple[str, str], dict[str, None]] = {}
    for file in files:
        for column in file.columns:
            for table in (file.table, ""):
                names.setdefault((table, column.name), {}).update(
                    dict.fromkeys(column.published_as)
                )
    return {place: tuple(found) for place, found in names.items()}


def _line(text: str) -> str:
    return " ".join(text.split())


def _column(
    schema: str,
    table: str,
    column: str,
    descriptions: dict[tuple[str, str, str], str],
    published: dict[tuple[str, str], tuple[str, ...]],
) -> str:
    """What a mart says of a column of this name; of a load's, what its publisher calls it."""
    if schema == "loads" and (names := published.get((table, column))):
        return f"The cell as published, to the letter. Printed as: {', '.join(names)}."
    if schema == "staging" and (names := published.get(("", column))):
        return f"Read from the column that is printed as: {', '.join(names)}."
    of, _, read = column.rpartition("__")
    if of and read in _READ and schema in ("loads", "staging"):
        return _READ[read].format(of)
    nearest = {
        "releases": "dim_release",
        "checks": "load_quality",
        "corrections": "correction",
        "checks_that_failed": "load_quality",
    }.get(table, "")
    for mart in (nearest, "fct_core_measure_vintage", "dim_release", "dim_series", "dim_council"):
        if description := descriptions.get(("marts", mart, column)):
            return description
    if column in _OWN:
        return _OWN[column]
    # Whichever mart has a column of the name.
    return next(
        (
            description
            for (where, _, name), description in sorted(descriptions.items())
            if (where, name) == ("marts", column)
        ),
        "",
    )

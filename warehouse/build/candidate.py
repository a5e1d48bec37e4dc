"""A fresh candidate warehouse: admitted loads as tables, and what is known of every load.

`loads.<table>` holds rows as published under canonical names; `archive.*` says which releases,
loads, checks and flagged figures there are. These are dbt's sources; everything after is SQL.

On most nights one table of loads has another release, and the others are what they were. So a
table whose SQL is to the letter that of the build that is served is taken from there, and with it
what dbt made of such tables alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from ingest.archive.release import Release
from ingest.contracts.contract import FileContract
from ingest.corrections import Correction
from ingest.reading.loads import Load
from ingest.reading.marks import CONFLICTING, CORRECTED
from ingest.reading.rows import (
    AS_PUBLISHED,
    CELL_NOTES,
    ROW_COLUMNS,
    figure_columns,
    figures_of_row,
)
from warehouse.connection import SETTINGS, sql_name, sql_text

_BESIDE_CELLS = (AS_PUBLISHED, CELL_NOTES)

# What tells one table of a published file, and one cell in it.
_OF_A_TABLE = {
    "publisher": "varchar",
    "publication": "varchar",
    "release": "varchar",
    "version": "integer",
    "source_file": "varchar",
    "source_sha256": "varchar",
    "file_id": "varchar",
}
_OF_A_CELL = {**_OF_A_TABLE, "source_row": "bigint", "source_column": "varchar"}
CHECK_COLUMNS = {
    **_OF_A_TABLE,
    "check_name": "varchar",
    "check_column": "varchar",
    "severity": "varchar",
    "success": "boolean",
    "observed": "varchar",
    "explanation": "varchar",
}
FLAG_COLUMNS = {
    **_OF_A_CELL,
    "year": "integer",
    "measure_id": "varchar",
    "series_id": "varchar",
    "check_name": "varchar",
    "message": "varchar",
    "figure": "double",
    "expected": "double",
}
LOAD_COLUMNS = {
    "publisher": "varchar",
    "publication": "varchar",
    "release": "varchar",
    "version": "integer",
    "source_file": "varchar",
    "source_sha256": "varchar",
    "bytes": "bigint",
    "file_id": "varchar",
    "load_table": "varchar",
    "admitted": "boolean",
}
RELEASE_COLUMNS = {
    "publisher": "varchar",
    "publication": "varchar",
    "title": "varchar",
    "release": "varchar",
    "version": "integer",
    "published": "date",
    "published_precision": "varchar",
    "landing_page": "varchar",
    "licence": "varchar",
    "layout": "varchar",
    "note": "varchar",
}
_META_COLUMNS = {
    "publication": "varchar",
    "release": "varchar",
    "version": "integer",
    "published": "date",
    "source_file": "varchar",
    "source_sha256": "varchar",
    "source_sheet": "varchar",
    "source_row": "bigint",
    **ROW_COLUMNS,
    "corrections": "map(varchar, varchar)",
    "as_published": "map(varchar, varchar)",
    "cell_notes": "map(varchar, varchar)",
}

# Loads of a table that one statement inserts, and statements of a table that wait for others'.
_LOADS_AT_ONCE = 16
_STATEMENTS_TOGETHER = 2

CORRECTION_COLUMNS = {
    **_OF_A_CELL,
    "as_published": "varchar",
    "corrected": "varchar",
    "reason": "varchar",
    "authority": "varchar",
}


@dataclass(frozen=True)
class AdmittedLoad:
    """A load that passed its checks: where its described rows stand, what to leave out or mend."""

    load: Load
    parquet: Path
    columns: Sequence[str]
    dropped_rows: tuple[int, ...]
    corrections: tuple[Correction, ...]
    # Cells, by row and column, that the file has twice with two texts.
    conflicting: tuple[tuple[int, str], ...] = ()


# A table or view: its schema and its name.
Place = tuple[str, str]


@dataclass(frozen=True)
class Filled:
    """A warehouse, and by table of its loads the digest of the SQL that it was filled by."""

    warehouse: Path
    tables: Mapping[str, str]


@dataclass(frozen=True)
class Taken:
    """How a candidate's tables of loads were filled, and what it has of these as it was served."""

    filled: Mapping[str, str]
    made: tuple[str, ...]


def create(
    path: Path,
    contracts: Iterable[FileContract],
    admitted: Sequence[AdmittedLoad],
    releases: Sequence[Release],
    loads: Sequence[tuple[Load, bool]],
    checks: Sequence[dict[str, object]],
    flags: Sequence[dict[str, object]] = (),
    served: Filled | None = None,
    made_of: Callable[[Collection[str]], Mapping[str, Place]] = lambda _: {},
) -> Taken:
    """Write a new candidate at `path` with everything dbt reads; how its tables were filled.

    Every table of every contract is there, empty where no load of it was admitted. `served` is a
    warehouse that the same code wrote: a table that it has by the same SQL is not read again, and
    what is `made_of` such tables and of nothing else, by its id, stays beside them.
    """
    with duckdb.connect(config=SETTINGS) as con:
        fills = {
            table: [
                create_table,
                *_inserts(con, table, [o for o in admitted if o.load.contract.table == table]),
            ]
            for table, create_table in _tables(contracts).items()
        }
    folders = {one.parquet.parent for one in admitted}
    filled = {table: _digest(statements, folders) for table, statements in fills.items()}
    same = frozenset(
        table
        for table, digest in filled.items()
        if served is not None and served.tables.get(table) == digest
    )
    taken: set[Place] = set()
    made: Mapping[str, Place] = {}
    if served is not None:
        made = made_of(same)
        stays = {("loads", table) for table in same} | set(made.values())
        taken = _all_but(stays, served.warehouse, path)
    with duckdb.connect(str(path), config=SETTINGS) as con:
        # A process that a pool spawned is taken for a notebook's, in which DuckDB draws.
        con.execute("set enable_progress_bar = false")
        con.begin()
        con.execute("create schema if not exists loads")
        con.execute("create schema archive")
        for table, statements in fills.items():
            if ("loads", table) not in taken:
                for statement in statements:
                    con.execute(statement)
                # What is not committed takes memory, and beyond that room on the disk.
                if len(statements) > _STATEMENTS_TOGETHER:
                    con.commit()
                    con.begin()
        _insert(
            con,
            "archive.releases",
            RELEASE_COLUMNS,
            [{name: getattr(release, name) for name in RELEASE_COLUMNS} for release in releases],
        )
        _insert(
            con,
            "archive.loads",
            LOAD_COLUMNS,
            [
                {
                    "publisher": load.release.publisher,
                    "publication": load.release.publication,
                    "release": load.release.release,
                    "version": load.release.version,
                    "source_file": load.file.name,
                    "source_sha256": load.file.sha256,
                    "bytes": load.file.bytes,
                    "file_id": load.contract.file_id,
                    "load_table": load.contract.table,
                    "admitted": is_admitted,
                }
                for load, is_admitted in loads
            ],
        )
        _insert(con, "archive.checks", CHECK_COLUMNS, checks)
        _insert(con, "archive.flags", FLAG_COLUMNS, flags)
        _insert(con, "archive.corrections", CORRECTION_COLUMNS, [])
        for one in admitted:
            _insert_corrections(con, one)
        con.commit()
    return Taken(filled, tuple(one for one, place in made.items() if place in taken))


def _tables(contracts: Iterable[FileContract]) -> dict[str, str]:
    """What makes each table of loads, with all columns of the contracts that share it."""
    by_table: dict[str, list[FileContract]] = {}
    for contract in contracts:
        by_table.setdefault(contract.table, []).append(contract)
    return {
        table: f"create table loads.{sql_name(table)} as {_empty(sharing)}"
        for table, sharing in by_table.items()
    }


def _digest(statements: Sequence[str], folders: Iterable[Path]) -> str:
    """Of what is inserted, wherever the home lies: the name of a load's rows says what they are."""
    text = "\n".join(statements)
    for folder in folders:
        text = text.replace(sql_text(f"{folder}{os.sep}")[:-1], "'")
    return hashlib.sha256(text.encode()).hexdigest()


def _inserts(
    con: duckdb.DuckDBPyConnection, table: str, admitted: Sequence[AdmittedLoad]
) -> Iterator[str]:
    """The statements that fill a table, in the order of its loads.

    Some loads each: DuckDB holds a part of every file of a union at once.
    """
    for first in range(0, len(admitted), _LOADS_AT_ONCE):
        some = [_select(con, one) for one in admitted[first : first + _LOADS_AT_ONCE]]
        yield f"insert into loads.{sql_name(table)} by name" + "\nunion all by name ".join(some)


def _all_but(stays: Collection[Place], warehouse: Path, path: Path) -> set[Place]:
    """Copy a warehouse to `path` without all but some tables and views; those that it has."""
    shutil.copyfile(warehouse, path)
    taken: set[Place] = set()
    schemas = {schema for schema, _ in stays}
    with duckdb.connect(str(path), config=SETTINGS) as con:
        con.execute("set enable_progress_bar = false")
        con.begin()
        for (schema,) in con.execute(
            "select schema_name from duckdb_schemas() where not internal"
            " and database_name = current_database()"
        ).fetchall():
            if schema not in schemas:
                con.execute(f"drop schema {sql_name(schema)} cascade")
        for kind, named, listed in (
            ("macro table", "function", "functions() where function_type = 'table_macro' and"),
            ("macro", "function", "functions() where function_type = 'macro' and"),
            ("view", "view", "views() where"),
            ("table", "table", "tables() where"),
        ):
            for place in con.execute(
                f"select distinct schema_name, {named}_name from duckdb_{listed} not internal"
                " and database_name = current_database()"
            ).fetchall():
                if place in stays:
                    taken.add(place)
                else:
                    con.execute(f"drop {kind} {'.'.join(map(sql_name, place))}")
        con.commit()
    return taken


def checkpoint(path: Path) -> None:
    """See that the candidate's file alone is the whole warehouse.

    DuckDB writes its journal into the file when a connection closes, and says nothing where the
    disk takes no more: the journal stays, who reads both finds all tables, and the file by itself
    has none. Asked to in so many words it says what is wrong.

    Raises
    ------
    duckdb.Error
        It cannot be written.
    OSError
        A journal is left all the same.
    """
    journal = path.with_name(f"{path.name}.wal")
    if not journal.exists():
        return
    with duckdb.connect(str(path), config=SETTINGS) as con:
        con.execute("checkpoint")
    if journal.exists():
        raise OSError(f"{journal} could not be written into the warehouse")


def _empty(contracts: Sequence[FileContract]) -> str:
    columns = dict(_META_COLUMNS)
    for contract in contracts:
        columns |= dict.fromkeys(contract.column_names, "varchar")
        columns |= figure_columns(contract.figure_names)
    nulls = ", ".join(f"null::{kind} as {sql_name(name)}" for name, kind in columns.items())
    return f"select {nulls} where false"


def _select(con: duckdb.DuckDBPyConnection, one: AdmittedLoad) -> str:
    release, file, contract = one.load.release, one.load.file, one.load.contract
    corrected: dict[str, list[str]] = {}
    for fix in one.corrections:
        corrected.setdefault(_row_of(fix), []).append(
            f"{sql_text(fix.column)}: {sql_text(fix.corrected or CORRECTED)}"
        )
    corrections = "null::map(varchar, varchar)"
    if corrected:
        cases = " ".join(
            f"when {row} then map {{{', '.join(cells)}}}" for row, cells in corrected.items()
        )
        corrections = f"case {cases} end"
    figures = [name for name in contract.figure_names if name in one.columns]
    served = _served_otherwise(con, one)
    cells = ", ".join(
        [
            *(f"{_cell_of(one, name)} as {sql_name(name)}" for name in one.columns),
            *ROW_COLUMNS,
            *(
                f"{served.get(name, sql_name(name))} as {sql_name(name)}"
                for name in figure_columns(figures)
            ),
            *_BESIDE_CELLS,
        ]
    )
    dropped = (
        f"where source_row not in ({', '.join(map(str, one.dropped_rows))})"
        if one.dropped_rows
        else ""
    )
    sheet = "source_sheet" if contract.reading.format == "workbook" else "null"
    return f"""
        select
            {sql_text(release.publication)} as publication,
            {sql_text(release.release)} as release,
            {release.version}::integer as version,
            date {sql_text(release.published.isoformat())} as published,
            {sql_text(file.name)} as source_file,
            {sql_text(file.sha256)} as source_sha256,
            source_sheet,
            source_row,
            {corrections} as corrections,
            * exclude (source_sheet, source_row)
        from (
            select {sheet} as source_sheet, source_row, {cells}
            from read_parquet({sql_text(str(one.parquet))})
            {dropped}
        )"""


def _cell_of(one: AdmittedLoad, name: str) -> str:
    """A column of the load; a mark of ours where the file has two numbers for a cell."""
    rows = sorted({row for row, column in one.conflicting if column == name})
    if not rows:
        return sql_name(name)
    listed = ", ".join(map(str, rows))
    return (
        f"case when source_row in ({listed}) then {sql_text(CONFLICTING)} else {sql_name(name)} end"
    )


def _served_otherwise(con: duckdb.DuckDBPyConnection, one: AdmittedLoad) -> dict[str, str]:
    """By column, what figures say whose cells were corrected, or are there twice: an expression."""
    cells: dict[str, dict[str, str]] = {}
    for number, column in one.conflicting:
        cells.setdefault(f"source_row = {number}", {})[column] = CONFLICTING
    for fix in one.corrections:
        cells.setdefault(_row_of(fix), {})[fix.column] = fix.corrected or CORRECTED
    otherwise_of: dict[str, list[str]] = {}
    for row, otherwise in cells.items():
        found = con.execute(
            f"select * from read_parquet({sql_text(str(one.parquet))}) where {row} limit 1"
        )
        columns = [column[0] for column in found.description or []]
        if (printed := found.fetchone()) is None:
            continue
        cells_of_row = dict(zip(columns, printed, strict=True)) | otherwise
        figures = figures_of_row(one.load.contract, cells_of_row)
        for name in figure_columns([*otherwise]):
            if name in figures:
                case = f"when {row} then {_literal(figures[name])}"
                otherwise_of.setdefault(name, []).append(case)
    return {
        name: f"case {' '.join(cases)} else {sql_name(name)} end"
        for name, cases in otherwise_of.items()
    }


def _literal(value: float | str | None) -> str:
    if value is None:
        return "null"
    return sql_text(value) if isinstance(value, str) else repr(value)


def _insert_corrections(con: duckdb.DuckDBPyConnection, one: AdmittedLoad) -> None:
    """A row a correction of the load, its row told by its number and its cell as it is printed."""
    release, file, contract = one.load.release, one.load.file, one.load.contract
    for fix in one.corrections:
        texts = {
            "publisher": release.publisher,
            "file_id": contract.file_id,
            "source_column": fix.column,
            "corrected": fix.corrected,
            "reason": fix.reason,
            "authority": fix.authority,
        }
        cell = {name: sql_text(text) for name, text in texts.items()}
        con.execute(
            f"""
            insert into archive.corrections
            select {cell["publisher"]}, publication, release, version, source_file, source_sha256,
                {cell["file_id"]}, source_row, {cell["source_column"]},
                coalesce(as_published[{cell["source_column"]}], {sql_name(fix.column)}),
                nullif({cell["corrected"]}, ''), {cell["reason"]}, {cell["authority"]}
            from loads.{sql_name(contract.table)}
            where publication = {sql_text(release.publication)}
                and release = {sql_text(release.release)} and version = {release.version}
                and source_file = {sql_text(file.name)}
                and corrections[{cell["source_column"]}] is not null and {_row_of(fix)}"""
        )


def _row_of(fix: Correction) -> str:
    if fix.row is not None:
        return f"source_row = {fix.row}"
    return " and ".join(
        f"{sql_name(column)} = {sql_text(cell)}" for column, cell in fix.where.items()
    )


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    rows: Sequence[dict[str, object]],
) -> None:
    """A table of these rows: handed over as a whole, since bound one by one they take seconds.

    As JSON in the statement: Arrow's arrays and bound values would bring pandas, which takes longer
    to import than all of it.
    """
    con.execute(f"create table {table} ({', '.join(f'{n} {t}' for n, t in columns.items())})")
    given = [{name: row[name] for name in columns} for row in rows]
    document = sql_text(json.dumps(given, default=date.isoformat))
    structure = sql_text(json.dumps([columns]))
    con.execute(
        f"insert into {table} select unnest(from_json({document}, {structure}), recursive := true)"
    )

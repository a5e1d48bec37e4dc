"""Reading the warehouse: one statement that asks, and no reach beyond what the file holds.

Opening read-only is not enough. DuckDB lets a read-only connection write the names it keeps for
the database's own journal, and create what is temporary; so the statement is looked at before it
runs, and the file system is taken away once the file is open.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import CoreMeasuresError, HomeError
from warehouse.candidate import SETTINGS

# A query that needs more memory than it has ends in an error: by default DuckDB would write what
# does not fit into a folder beside the warehouse.
_READER = SETTINGS | {"temp_directory": ""}
# Connections of one process to one file share their settings, so only the first may make them.
_OPENING = threading.Lock()


class QueryError(CoreMeasuresError):
    """A query that DuckDB refuses."""


@dataclass(frozen=True)
class Answer:
    """Column names, and rows in order."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(warehouse: Path, sql: str, parameters: list[Any] | None = None) -> Answer:
    """Run one statement that asks something of the served warehouse.

    Raises
    ------
    HomeError
        There is no warehouse yet.
    QueryError
        It is not one statement, is not valid, or does anything but ask.
    """
    if not warehouse.exists():
        raise HomeError(f"There is no warehouse at {warehouse} yet. Run: core-measures refresh")
    try:
        with connect(warehouse.resolve()) as con:
            _see_that_it_asks(con, sql)
            cursor = con.execute(sql, parameters or [])
            columns = [column[0] for column in cursor.description or []]
            return Answer(columns, cursor.fetchall())
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that can read this warehouse and do nothing else. Links are to be resolved.

    DuckDB takes one path for one database while anybody in the process has it open, even if a
    link has come to lead elsewhere.
    """
    with _OPENING:
        con = duckdb.connect(str(path), read_only=True, config=_READER)
        locked = con.execute("select current_setting('lock_configuration')").fetchone()
        if locked != (True,):
            con.execute("set enable_external_access = false")
            # External access leaves the warehouse's own file, and its journal's name, open.
            con.execute("set disabled_filesystems = 'LocalFileSystem'")
            con.execute("set lock_configuration = true")
        return con


def _see_that_it_asks(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse all but one `select` (or `explain`, `describe`, `show`, `pivot`…).

    A `pivot` is two statements to DuckDB, the first one its own and without a text.
    """
    found = con.extract_statements(sql)
    asking = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    pivot = len(found) > 1 and not any(statement.query for statement in found)
    if not found or (len(found) > 1 and not pivot):
        raise QueryError("Give one statement; nothing was run.")
    if found[-1].type not in asking:
        raise QueryError(
            f"The warehouse is for reading; {found[-1].type.name} was not run."
            " Give a select statement."
        )

"""Reading the warehouse: read-only, and without reach beyond its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import CoreMeasuresError, HomeError
from warehouse.candidate import SETTINGS


class QueryError(CoreMeasuresError):
    """A query that DuckDB refuses."""


@dataclass(frozen=True)
class Answer:
    """Column names, and rows in order."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(warehouse: Path, sql: str, parameters: list[Any] | None = None) -> Answer:
    """Run one read-only statement on the served warehouse.

    Raises
    ------
    HomeError
        There is no warehouse yet.
    QueryError
        The statement is not valid, or would write, or would read outside the warehouse.
    """
    if not warehouse.exists():
        raise HomeError(f"There is no warehouse at {warehouse} yet. Run: core-measures refresh")
    try:
        with duckdb.connect(str(warehouse.resolve()), read_only=True, config=SETTINGS) as con:
            con.execute("set enable_external_access = false")
            con.execute("set lock_configuration = true")
            cursor = con.execute(sql, parameters or [])
            columns = [column[0] for column in cursor.description or []]
            return Answer(columns, cursor.fetchall())
    except duckdb.Error as error:
        raise QueryError(str(error)) from error

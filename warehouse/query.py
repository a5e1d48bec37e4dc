"""Reading the warehouse: one statement that asks, and no reach beyond what the file holds.

Opening read-only is not enough. DuckDB lets a read-only connection write the names it keeps for
the database's own journal, and create what is temporary; so the statement is looked at before it
runs, and the file system is taken away once the file is open. Rows are handed on as DuckDB makes
them, so that an answer of any length takes the memory of some thousand rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from ingest.errors import CoreMeasuresError, HomeError
from warehouse.connection import SETTINGS

# A query that needs more memory than it has ends in an error: by default DuckDB would write what
# does not fit into a folder beside the warehouse.
_READER = SETTINGS | {"temp_directory": ""}
# Connections of one process to one file share their settings, so only the first may make them.
_OPENING = threading.Lock()
_BATCH = 1000
# DuckDB's limit does not count a single value as long as memory, nor what Python makes of rows.
_PROCESS_MEMORY = 2 * 1024**3
# DuckDB looks up between vectors of rows; within a single one it may stay for as long as it takes.
_SECONDS_TO_STOP = 2.0
_Answered = TypeVar("_Answered")


class QueryError(CoreMeasuresError):
    """A query that DuckDB refuses."""


class StillRunningError(KeyboardInterrupt):
    """The user interrupted, and DuckDB has not stopped: only the end of the process ends it."""


@dataclass(frozen=True)
class Answer:
    """Column names, and rows in order."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Asked:
    """Column names, and rows in order, in batches of at most a thousand, to be read once."""

    columns: list[str]
    batches: Iterator[list[tuple[Any, ...]]]


def query(warehouse: Path, sql: str, parameters: list[object] | None = None) -> Answer:
    """Run one statement that asks something of the served warehouse, for all of its rows.

    Raises
    ------
    HomeError
        There is no warehouse yet.
    QueryError
        It is not one statement, is not valid, or does anything but ask.
    """
    with ask(warehouse, sql, parameters) as asked:
        return Answer(asked.columns, [row for batch in asked.batches for row in batch])


@contextmanager
def ask(warehouse: Path, sql: str, parameters: list[object] | None = None) -> Iterator[Asked]:
    """As `query`, but rows come while DuckDB makes them, and may fail to come half-way.

    Raises
    ------
    HomeError, QueryError
        As `query`; `QueryError` also where more memory is needed than there is.
    KeyboardInterrupt
        The user interrupted it, at most seconds ago. Where it is a `StillRunningError`, only
        `os._exit` ends the process: anything else waits for DuckDB.
    """
    if not warehouse.exists():
        raise HomeError(f"There is no warehouse at {warehouse} yet. Run: core-measures refresh")
    closing = ExitStack()
    try:
        con = closing.enter_context(connect(warehouse.resolve()))
        require_read_only(con, sql)
        cursor = _interruptible(con, lambda: con.execute(sql, parameters or []))
        columns = [column[0] for column in cursor.description or []]
        yield Asked(columns, _batches(con, cursor))
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise QueryError(
            "The statement needs more memory than it may take, which is"
            f" {SETTINGS['memory_limit']} within DuckDB and 2 GiB in all."
            " Ask for fewer rows, columns or groups, or for shorter values."
        ) from error
    except duckdb.Error as error:
        raise QueryError(str(error)) from error
    except StillRunningError:
        closing.pop_all()
        raise
    finally:
        closing.close()


def limit_memory() -> None:
    """Keep this process for good within 2 GiB of memory, where the system knows such limits."""
    try:
        import resource
    except ImportError:  # a system without limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > _PROCESS_MEMORY:
        # One that promises limits and keeps none of this kind says so by an error.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (_PROCESS_MEMORY, hard))


def _batches(
    con: duckdb.DuckDBPyConnection, cursor: duckdb.DuckDBPyConnection
) -> Iterator[list[tuple[Any, ...]]]:
    while batch := _interruptible(con, lambda: cursor.fetchmany(_BATCH)):
        yield batch


def _interruptible(con: duckdb.DuckDBPyConnection, call: Callable[[], _Answered]) -> _Answered:
    """What the call returns. It runs in a thread: DuckDB does not look for signals while it works.

    Raises
    ------
    KeyboardInterrupt
        The user interrupted it. DuckDB was told, and given two seconds.
    """
    outcome: Future[_Answered] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    # A daemon: one that does not stop keeps no process alive.
    threading.Thread(target=run, name="query", daemon=True).start()
    try:
        return outcome.result()
    except KeyboardInterrupt as interrupt:
        con.interrupt()
        if wait([outcome], _SECONDS_TO_STOP).not_done:
            raise StillRunningError from interrupt
        raise


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


def require_read_only(con: duckdb.DuckDBPyConnection, sql: str) -> None:
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

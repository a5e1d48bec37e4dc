"""The marts in a lake: DuckLake, its catalogue in PostgreSQL or a file, its Parquet wherever.

One publication is one transaction, so that a reader on any machine finds a whole build, this one or
the one before, and earlier ones by `AT (VERSION => n)` or `AT (TIMESTAMP => …)`. What a home serves
by itself does not depend on it. Extensions come out of their wheels; nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from ingest.archive.writing import write_whole
from ingest.errors import CoreMeasuresError, without_credentials
from warehouse.connection import SETTINGS, sql_name, sql_text
from warehouse.publish.dated import past_the_rule
from warehouse.serve.home import Home

if TYPE_CHECKING:
    import duckdb

CATALOGUE, DATA = "CORE_MEASURES_LAKE", "CORE_MEASURES_LAKE_DATA"
# Views and macros of the marts speak of the database by this name: a reader attaches it as such.
NAME = "core_measures"
_BUILT = "built"
_SHOWN = ("marts", "answers")
_PROBLEM = "lake.problem"
# How often a writer that meets another begins again, and for how many seconds it stands back.
_TRIES, _PAUSE = 20, (0.05, 0.5)
# A file that no build has is left alone for so long: another writer may be about to publish it.
_ORPHAN_FOR = "1 day"
_SECONDS_TO_CONNECT = "30"
_Done = TypeVar("_Done")


class LakeError(CoreMeasuresError):
    """The lake cannot be reached, read or written; what the home serves is none the worse."""


@dataclass(frozen=True)
class Lake:
    """Where a lake's catalogue and its files are.

    `catalogue` is a file's path or a PostgreSQL address (`postgresql://…` or `dbname=…`), `data` a
    folder or `s3://…`. Keys of a store are those of its own variables (`AWS_ACCESS_KEY_ID` …).
    `schema` is PostgreSQL's that the catalogue's tables stand in, by default the usual one.
    """

    catalogue: str
    data: str
    schema: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Lake | None:
        """The lake that the environment names; None where it names none.

        Raises
        ------
        LakeError
            It names the one half and not the other.
        """
        catalogue, data = environment.get(CATALOGUE, ""), environment.get(DATA, "")
        if bool(catalogue) != bool(data):
            given, missing = (CATALOGUE, DATA) if catalogue else (DATA, CATALOGUE)
            raise LakeError(f"{given} is set and {missing} is not: a lake needs both, or neither.")
        return cls(catalogue, data) if catalogue else None

    @property
    def is_postgres(self) -> bool:
        """Whether the catalogue is a database of PostgreSQL."""
        return bool(re.match(r"postgres(ql)?://|.*\b(dbname|host|service)=", self.catalogue))

    @property
    def is_s3(self) -> bool:
        """Whether the files are on an object store."""
        return self.data.startswith("s3://")

    @property
    def address(self) -> str:
        """The catalogue as DuckDB attaches it."""
        return f"ducklake:{'postgres:' if self.is_postgres else ''}{self.catalogue}"

    def beside(self, name: str) -> Lake:
        """A lake of its own in the same database and store: nobody who reads this one sees it."""
        data = f"{self.data.rstrip('/')}-builds/{name}"
        if self.is_postgres:
            return replace(self, data=data, schema=name)
        return replace(self, catalogue=f"{self.catalogue}.{name}", data=data)

    def __str__(self) -> str:
        address = re.sub(r"password=\S+", "password=…", without_credentials(self.catalogue))
        return f"the lake at {address}"


@contextmanager
def attached(lake: Lake, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the lake attached as `core_measures`, and used.

    Raises
    ------
    LakeError
        An extension is not installed, or the lake cannot be reached.
    """
    import duckdb

    offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    try:
        with (
            # What does not fit in memory would go into a folder of wherever this was called.
            TemporaryDirectory(prefix="core-measures-") as spill,
            duckdb.connect(config={**SETTINGS, **offline, "temp_directory": spill}) as con,
        ):
            # A process that a pool spawned is taken for a notebook's, in which DuckDB draws.
            con.execute("set enable_progress_bar = false")
            load_extension(con, "ducklake")
            if lake.is_postgres:
                load_extension(con, "postgres_scanner")
                # A machine that is away is not waited for: the build before is served meanwhile.
                os.environ.setdefault("PGCONNECT_TIMEOUT", _SECONDS_TO_CONNECT)
            if lake.is_s3:
                load_extension(con, "httpfs")
                store = store_of(os.environ).items()
                keys = "".join(f", {name} {sql_text(value)}" for name, value in store if value)
                con.execute(f"create or replace secret lake (type s3{keys})")
            options = [f"data_path {sql_text(lake.data)}"]
            if lake.schema:
                options.append(f"metadata_schema {sql_text(lake.schema)}")
            if read_only:
                options.append("read_only")
            con.execute(f"attach {sql_text(lake.address)} as {NAME} ({', '.join(options)})")
            con.execute(f"use {NAME}")
            yield con
    except duckdb.Error as error:
        message = f"{str(lake).capitalize()} did not do what was asked: {message_of(error)}"
        raise LakeError(message) from error


def message_of(error: duckdb.Error) -> str:
    """What DuckDB said, in one line and without anybody's password."""
    message = without_credentials(" ".join(str(error).split()))
    return re.sub(r"password=\S+", "password=…", message)


def publish(lake: Lake, warehouse: Path, digest: str, today: date | None = None) -> int | None:
    """Write the marts of a warehouse to the lake in one transaction; None where it has them.

    A mart whose rows and columns are as they were is left as it is. Snapshots past the rule of
    dated builds are let go afterwards, with the files that nothing else needs. Returns the version.

    Raises
    ------
    LakeError
        Nothing was published, and what was there before still stands.
    """
    with attached(lake, read_only=False) as con:
        con.execute(f"attach {sql_text(str(warehouse))} as {_BUILT} (read_only)")
        version = _until_alone(con, lambda: _write(con, digest))
        if version is not None:
            _until_alone(con, lambda: _let_go(con, today or datetime.now(UTC).date()))
    return version


def _until_alone(con: duckdb.DuckDBPyConnection, work: Callable[[], _Done]) -> _Done:
    """Do what another writer got in between, again from what stands then.

    Raises
    ------
    duckdb.Error
        It was not that, or it came to that again and again.
    """
    import duckdb

    for tries_left in reversed(range(_TRIES)):
        try:
            return work()
        except duckdb.Error as error:
            with contextlib.suppress(duckdb.Error):
                con.rollback()
            if not tries_left or "conflict" not in str(error).lower():
                raise
            time.sleep(random.uniform(*_PAUSE))  # noqa: S311  # nosec B311
    raise AssertionError("unreachable")


def _write(con: duckdb.DuckDBPyConnection, digest: str) -> int | None:
    """One publication, one transaction; None where the lake has that build."""
    con.begin()
    if _newest_digest(con) == digest:
        con.rollback()
        return None
    # Every publication replaces this one, so that of two at a time the second begins again: each
    # leaves alone what it found unchanged, and both together would be a build that nobody made.
    con.execute(
        f"create or replace table {NAME}.main.published as select {sql_text(digest)} as digest"
    )
    _write_tables(con)
    _write_views(con)
    con.execute(
        f"call {NAME}.set_commit_message('core-measures', 'A build', extra_info => ?)", [digest]
    )
    con.commit()
    found = con.execute(f"from ducklake_last_committed_snapshot('{NAME}')").fetchone()
    return int(found[0]) if found else None


def remember(home: Home, problem: str | None) -> None:
    """Keep why the lake has not got what is served; None where it has, or there is no lake."""
    place = home.work / _PROBLEM
    if problem is not None:
        write_whole(place, problem.encode())
    else:
        place.unlink(missing_ok=True)


def problem_of(home: Home) -> str | None:
    """Why the lake has not got what is served, as the last refresh found it."""
    try:
        return (home.work / _PROBLEM).read_text("utf-8")
    except FileNotFoundError:
        return None


def digest_of(lake: Lake) -> str | None:
    """What the lake's newest build was made from; None where it has none."""
    with attached(lake, read_only=True) as con:
        return _newest_digest(con)


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel; nothing is downloaded.

    Raises
    ------
    LakeError
        Its wheel is not installed.
    """
    con.execute(f"load {sql_text(str(extension_file(name)))}")


def extension_file(name: str) -> Path:
    """Where the wheel of an extension has it.

    Raises
    ------
    LakeError
        Its wheel is not installed.
    """
    import duckdb

    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    places = list(spec.submodule_search_locations or []) if spec else []
    paths = [
        Path(place) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        for place in places
    ]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise LakeError(
            f"DuckDB's extension {name} for {duckdb.__version__} is not installed:"
            " pip install 'core-measures[lake]'."
        )
    return path


def store_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The store's address and keys, as its own tools read them from the environment.

    By DuckDB's names for what a secret of S3 holds; empty where nothing is said.
    """
    region = environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", ""))
    secret = {
        "key_id": environment.get("AWS_ACCESS_KEY_ID", ""),
        "secret": environment.get("AWS_SECRET_ACCESS_KEY", ""),
        "session_token": environment.get("AWS_SESSION_TOKEN", ""),
        "region": region,
        "endpoint": f"s3.{region}.amazonaws.com" if region else "s3.amazonaws.com",
        "url_style": "vhost",
        "use_ssl": "true",
    }
    if endpoint := environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL", "")):
        scheme, _, host = endpoint.rpartition("://")
        secret |= {"endpoint": host.rstrip("/"), "url_style": "path"}
        secret["use_ssl"] = "false" if scheme == "http" else "true"
    return secret


def _newest_digest(con: duckdb.DuckDBPyConnection) -> str | None:
    found = con.execute(
        f"select commit_extra_info from ducklake_snapshots('{NAME}')"
        " where author = 'core-measures' order by snapshot_id desc limit 1"
    ).fetchone()
    return found[0] if found else None


def _write_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"create schema if not exists {NAME}.marts")
    held = _tables(con, NAME)
    built = _tables(con, _BUILT)
    for table in sorted(held.keys() - built.keys()):
        con.execute(f"drop table {NAME}.marts.{sql_name(table)}")
    for table, columns in sorted(built.items()):
        mart = sql_name(table)
        if held.get(table) != columns or _rows(con, NAME, mart) != _rows(con, _BUILT, mart):
            con.execute(
                f"create or replace table {NAME}.marts.{mart} as from {_BUILT}.marts.{mart}"
            )
    comments = _comments(con, NAME)
    for (table, column), text in _comments(con, _BUILT).items():
        if comments.get((table, column)) != text:
            mart = f"{NAME}.marts.{sql_name(table)}"
            what = f"column {mart}.{sql_name(column)}" if column else f"table {mart}"
            con.execute(f"comment on {what} is {sql_text(text)}")


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in con.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = 'marts' order by table_name, column_index",
        [database],
    ).fetchall():
        found.setdefault(table, []).append((column, kind))
    return found


def _rows(con: duckdb.DuckDBPyConnection, database: str, mart: str) -> list[tuple[object, ...]]:
    """What tells one mart's rows from another's, in whatever order: their count and hashes."""
    found: list[tuple[object, ...]] = con.execute(
        f"select count(*), bit_xor(hash(m)), sum(hash(m)::hugeint) from {database}.marts.{mart} m"
    ).fetchall()
    return found


def _comments(con: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], str]:
    return {
        (table, column): text
        for table, column, text in con.execute(
            "select table_name, '', comment from duckdb_tables()"
            " where database_name = $1 and schema_name = 'marts' and comment is not null"
            " union all select table_name, column_name, comment from duckdb_columns()"
            " where database_name = $1 and schema_name = 'marts' and comment is not null"
            " order by all",
            [database],
        ).fetchall()
    }


def _write_views(con: duckdb.DuckDBPyConnection) -> None:
    """Views and table macros, in the words in which the warehouse has them."""
    views = con.execute(
        "select schema_name, view_name, sql, comment from duckdb_views()"
        f" where database_name = '{_BUILT}' and not internal and schema_name in {_SHOWN}"
        " order by all"
    ).fetchall()
    for schema, view, sql, comment in views:
        con.execute(f"create schema if not exists {NAME}.{sql_name(schema)}")
        body = query_of(sql)
        place = f"{NAME}.{sql_name(schema)}.{sql_name(view)}"
        con.execute(f"create or replace view {place} as {body}")
        if comment:
            con.execute(f"comment on view {place} is {sql_text(comment)}")
    macros = con.execute(
        "select schema_name, function_name, parameters, macro_definition from duckdb_functions()"
        f" where database_name = '{_BUILT}' and function_type = 'table_macro' and not internal"
        " order by all"
    ).fetchall()
    for schema, macro, parameters, body in macros:
        con.execute(
            f"create or replace macro {NAME}.{sql_name(schema)}.{sql_name(macro)}"
            f"({', '.join(map(sql_name, parameters))}) as table {body}"
        )


def query_of(view: str) -> str:
    """What a view asks, out of the statement that made it."""
    return re.sub(r"^create view \S+( \([^)]*\))? as ", "", view.strip().rstrip(";"), flags=re.I)


def _let_go(con: duckdb.DuckDBPyConnection, today: date) -> None:
    """Expire snapshots past the rule of dated builds, and remove files that no other needs."""
    listed = con.execute(
        f"select snapshot_id, snapshot_time from ducklake_snapshots('{NAME}')"
        " order by snapshot_id desc"
    ).fetchall()
    days = {f"{at.astimezone(UTC).date().isoformat()}.{number}": number for number, at in listed}
    gone = past_the_rule(days, today)
    if gone:
        versions = ", ".join(str(days[name]) for name in sorted(gone))
        con.execute(f"call ducklake_expire_snapshots('{NAME}', versions => [{versions}])")
        con.execute(f"call ducklake_cleanup_old_files('{NAME}', cleanup_all => true)")
    # What a publication wrote that was killed before its end.
    con.execute(
        f"call ducklake_delete_orphaned_files('{NAME}',"
        f" older_than => now() - interval '{_ORPHAN_FOR}')"
    )

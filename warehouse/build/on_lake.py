"""A build on a lake: in a catalogue of its own, by workers that may be anywhere, and the way home.

dbt on DuckLake commits node by node, so that a build stands apart from what readers of the lake
see: its tables have a schema of PostgreSQL (or a file) of their own, its Parquet a folder beside
the lake's. What measures share is built first, then each worker builds measures with what they
alone read, then one builds and tests the rest. The whole comes home as a candidate like any other.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import SETTINGS, sql_name, sql_text
from warehouse.publish.lake import (
    NAME,
    Lake,
    LakeError,
    attached,
    extension_file,
    load_extension,
    message_of,
    query_of,
    store_of,
)

_EXTENSIONS = ("ducklake", "postgres_scanner", "httpfs")
_PREFIX = "core_measures_build_"
_STAMP = "%Y%m%d%H%M%S"
# No build takes longer; one that stands since then was left by a process that was killed.
_LEFT_BEHIND = timedelta(days=2)
# What the archive and the loads are, handed to whoever builds.
_HELD = "held"


@dataclass(frozen=True)
class Plan:
    """What is built in which turn: unique ids of dbt's nodes, in an order that does not change."""

    first: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    rest: tuple[str, ...]


def plan_of(manifest: Mapping[str, Any], rows: Mapping[str, int], workers: int) -> Plan:
    """Measures in `workers` parts of about as many rows to read, taken from dbt's graph.

    `rows` has how many rows each table of the loads has. What measures of more than one part read
    is built before all parts; what those of one alone read, in that part. Tests come with the rest.
    """
    nodes = manifest["nodes"]
    built = {
        name: node
        for name, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
        and node["config"]["materialized"] != "ephemeral"
    }

    def above(name: str) -> frozenset[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for parent in manifest["parent_map"].get(waiting.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return frozenset(found)

    measures = sorted(name for name, node in built.items() if node["schema"] == "measures")
    reads = {name: above(name) for name in measures}
    weight = {
        name: sum(
            rows.get(source["name"], 0)
            for one in reads[name]
            if (source := manifest["sources"].get(one))
        )
        for name in measures
    }
    parts: list[list[str]] = [[] for _ in range(max(1, min(workers, len(measures))))]
    loaded = [0] * len(parts)
    # The heaviest first, each to whoever has least.
    for name in sorted(measures, key=lambda one: (-weight[one], one)):
        lightest = min(range(len(parts)), key=lambda part: (loaded[part], len(parts[part]), part))
        parts[lightest].append(name)
        loaded[lightest] += weight[name]
    needed = [frozenset().union(*(reads[name] for name in part)) for part in parts]
    several = {one for one in built if sum(one in part for part in needed) > 1}
    # What these are made of comes before them.
    several |= {parent for one in several for parent in above(one) if parent in built}
    alone = [
        sorted({*part, *(one for one in needs if one in built)} - several)
        for part, needs in zip(parts, needed, strict=True)
    ]
    done = several.union(*alone)
    tests = {
        name
        for name, node in nodes.items()
        if node["resource_type"] == "test" and node["config"]["materialized"] != "ephemeral"
    }
    return Plan(
        tuple(sorted(several)),
        tuple(map(tuple, alone)),
        tuple(sorted(built.keys() - done)) + tuple(sorted(tests)),
    )


@contextmanager
def new_build(lake: Lake, left: Path) -> Iterator[tuple[str, Lake]]:
    """A place on a lake for one build, gone again afterwards; its name, and where it is.

    `left` is a file in which the name stands meanwhile: a build that a killed process left there is
    removed first, as are others that stand for longer than any takes.

    Raises
    ------
    LakeError
        The lake cannot be reached.
    """
    with contextlib.suppress(FileNotFoundError):
        remove(lake, left.read_text("utf-8"))
        left.unlink()
    for name in _standing(lake):
        if _begun(name) < datetime.now(UTC) - _LEFT_BEHIND:
            remove(lake, name)
    name = f"{_PREFIX}{datetime.now(UTC).strftime(_STAMP)}_{secrets.token_hex(4)}"
    left.write_text(name, "utf-8")
    try:
        yield name, lake.beside(name)
    finally:
        # What cannot be removed now is for the next build.
        with contextlib.suppress(LakeError):
            remove(lake, name)
            left.unlink(missing_ok=True)


def hand_over(build: Lake, candidate: Path, code: str) -> dict[str, int]:
    """Copy what dbt reads out of a new candidate, and say what code builds it; rows by table.

    Raises
    ------
    LakeError
        The lake cannot be reached or written.
    """
    with attached(build, read_only=False) as con:
        con.execute(f"attach {sql_text(str(candidate))} as {_HELD} (read_only)")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = $1"
            " union all select schema_name, view_name from duckdb_views()"
            " where database_name = $1 and not internal order by all",
            [_HELD],
        ).fetchall()
        con.begin()
        rows: dict[str, int] = {}
        for schema in sorted({schema for schema, _ in tables}):
            con.execute(f"create schema {NAME}.{sql_name(schema)}")
        for schema, table in tables:
            place = f"{sql_name(schema)}.{sql_name(table)}"
            con.execute(f"create table {NAME}.{place} as from {_HELD}.{place}")
            found = con.execute(f"select count(*) from {_HELD}.{place}").fetchone()
            rows[table] = int(found[0]) if found else 0
        con.execute(f"create table {NAME}.main.build as select {sql_text(code)} as code")
        con.execute(f"create table {NAME}.main.plan (part integer, node varchar)")
        con.commit()
    return rows


def write_plan(build: Lake, plan: Plan, schemas: Sequence[str]) -> None:
    """Write down who builds what, and make the schemas before several would at once."""
    with attached(build, read_only=False) as con:
        con.begin()
        for schema in schemas:
            con.execute(f"create schema if not exists {NAME}.{sql_name(schema)}")
        for part, nodes in enumerate(plan.parts, 1):
            for node in nodes:
                con.execute(f"insert into {NAME}.main.plan values (?, ?)", [part, node])
        con.commit()


def part_of(build: Lake, part: int, code: str) -> list[str]:
    """The nodes of one part of a build, by their unique ids.

    Raises
    ------
    LakeError
        There is no such build, or other code than this began it.
    """
    with attached(build, read_only=True) as con:
        found = con.execute(f"select code from {NAME}.main.build").fetchone()
        if found is None or found[0] != code:
            raise LakeError(
                "The build was begun by another version of the project than this worker has:"
                " give all machines the same."
            )
        nodes = con.execute(
            f"select node from {NAME}.main.plan where part = ? order by node", [part]
        ).fetchall()
    return [node for (node,) in nodes]


def fetch_candidate(build: Lake, candidate: Path) -> None:
    """Make a candidate of what stands on the lake: tables, views, macros, as a file has them.

    Raises
    ------
    LakeError
        It cannot be read.
    """
    candidate.unlink(missing_ok=True)
    with attached(build, read_only=True) as con:
        con.execute(f"attach {sql_text(str(candidate))} as {_HELD}")
        con.execute(f"copy from database {NAME} to {_HELD}")
        # Views are copied without the words that made them, and stand there while these are said
        # again: whichever another speaks of is there.
        for schema, view, sql in con.execute(
            "select schema_name, view_name, sql from duckdb_views()"
            " where database_name = ? and not internal order by all",
            [NAME],
        ).fetchall():
            place = f"{_HELD}.{sql_name(schema)}.{sql_name(view)}"
            con.execute(f"create or replace view {place} as {query_of(sql)}")
        con.execute(f"drop table {_HELD}.main.build")
        con.execute(f"drop table {_HELD}.main.plan")


def dbt_variables(build: Lake, work: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What dbt's target `lake` needs in its environment; extensions are laid out under `work`.

    Raises
    ------
    LakeError
        An extension is not installed.
    """
    store = store_of(environment)
    return {
        "DBT_ENV_SECRET_LAKE": build.address,
        "DBT_ENV_SECRET_LAKE_KEY_ID": store["key_id"],
        "DBT_ENV_SECRET_LAKE_SECRET": store["secret"],
        "DBT_ENV_SECRET_LAKE_SESSION_TOKEN": store["session_token"],
        "CORE_MEASURES_DBT_LAKE_REGION": store["region"],
        "CORE_MEASURES_DBT_LAKE_ENDPOINT": store["endpoint"],
        "CORE_MEASURES_DBT_LAKE_URL_STYLE": store["url_style"],
        "CORE_MEASURES_DBT_LAKE_USE_SSL": store["use_ssl"],
        "CORE_MEASURES_DBT_LAKE_DATA": build.data,
        "CORE_MEASURES_DBT_LAKE_SCHEMA": build.schema or "main",
        "CORE_MEASURES_DBT_EXTENSIONS": str(_laid_out(work / "extensions")),
        "CORE_MEASURES_DBT_SPILL": str(work / "spill"),
    }


def _laid_out(folder: Path) -> Path:
    """The extensions as DuckDB looks for them: one folder, where each wheel has its own."""
    with duckdb.connect() as con:
        found = con.execute("pragma platform").fetchone()
    place = folder / f"v{duckdb.__version__}" / str(found[0] if found else "")
    place.mkdir(parents=True, exist_ok=True)
    for name in _EXTENSIONS:
        file = extension_file(name)
        link = place / file.name
        if not link.exists():
            link.unlink(missing_ok=True)
            try:
                link.symlink_to(file)
            except OSError:  # a disk without links
                shutil.copyfile(file, link)
    return folder


def remove(lake: Lake, name: str) -> None:
    """Remove a build, its files and its catalogue, as far as it stands.

    Raises
    ------
    LakeError
        The lake cannot be reached.
    """
    if not name.startswith(_PREFIX) or name not in _standing(lake):
        return
    build = lake.beside(name)
    with attached(build, read_only=False) as con:
        for (schema,) in con.execute(
            "select schema_name from duckdb_schemas() where database_name = ?"
            " and schema_name not in ('main', 'information_schema', 'pg_catalog')",
            [NAME],
        ).fetchall():
            con.execute(f"drop schema {NAME}.{sql_name(schema)} cascade")
        for table in ("build", "plan"):
            con.execute(f"drop table if exists {NAME}.main.{table}")
        con.execute(f"call ducklake_expire_snapshots('{NAME}', older_than => now())")
        con.execute(f"call ducklake_cleanup_old_files('{NAME}', cleanup_all => true)")
        con.execute(f"call ducklake_delete_orphaned_files('{NAME}', cleanup_all => true)")
    if lake.is_postgres:
        with _in_postgres(lake) as con:
            con.execute(f"drop schema postgres.{sql_name(name)} cascade")
    else:
        for leftover in _catalogues(lake, name):
            leftover.unlink(missing_ok=True)
    if not lake.is_s3:
        shutil.rmtree(build.data, ignore_errors=True)


def _standing(lake: Lake) -> list[str]:
    """The builds whose catalogues are there."""
    if not lake.is_postgres:
        found = {path.name.split(".")[-1] for path in _catalogues(lake, _PREFIX)}
        return sorted(name for name in found if name.startswith(_PREFIX))
    with _in_postgres(lake) as con:
        return [
            name
            for (name,) in con.execute(
                "from postgres_query('postgres', ?)",
                ["select nspname::text from pg_namespace"],
            ).fetchall()
            if name.startswith(_PREFIX)
        ]


def _catalogues(lake: Lake, name: str) -> list[Path]:
    catalogue = Path(lake.catalogue)
    return sorted(catalogue.parent.glob(f"{catalogue.name}.{name}*"))


def _begun(name: str) -> datetime:
    stamp = name.removeprefix(_PREFIX).split("_")[0]
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)


@contextmanager
def _in_postgres(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database of the lake's catalogue itself, as `postgres`."""
    try:
        with duckdb.connect(config=SETTINGS) as con:
            load_extension(con, "postgres_scanner")
            con.execute(f"attach {sql_text(lake.catalogue)} as postgres (type postgres)")
            yield con
    except duckdb.Error as error:
        raise LakeError(
            f"The database of {lake} did not do what was asked: {message_of(error)}"
        ) from error

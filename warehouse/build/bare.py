"""What a build makes of no release: seeds, views, and tables of publications that are not held.

It says nothing of a home, and is most of what dbt goes through. So it is kept beside what dbt
parsed, in the user's folder for caches, and another home's first build begins with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable

import duckdb

from ingest.contracts.contract import FileContract
from warehouse.build.candidate import Filled, all_but, empty_tables
from warehouse.build.dbt import Project
from warehouse.connection import SETTINGS, sql_text

# Bare warehouses that are kept of a project: today's code's, and of what is worked on beside it.
_KEPT = 3
_TABLES = "select table_name from duckdb_tables() where schema_name = 'loads'"
_RELATIONS = (
    "select count(*) from (select table_name from duckdb_tables()"
    " union all select view_name from duckdb_views() where not internal)"
)


def bare(project: Project, code: str, files: Iterable[FileContract]) -> Filled | None:
    """A warehouse of no release that this code built for some home of this user, if there is one.

    It is brought home, where nobody takes it away. One that is not what was kept is none.
    """
    brought = project.home.work / "bare.duckdb"
    found: list[tuple[int, bytes]] = []
    for path in project.cache.glob(_name(code, "*")):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if path.name == _name(code, hashlib.sha256(content).hexdigest()):
                found.append((len(content), content))
    if not found:
        return None
    # The one that has most, where several homes have kept one.
    brought.write_bytes(max(found)[1])
    empty = empty_tables(files)
    with duckdb.connect(str(brought), read_only=True, config=SETTINGS) as con:
        tables = [table for (table,) in con.execute(_TABLES).fetchall()]
    return Filled(brought, {table: empty[table] for table in tables if table in empty})


def keep_bare(
    project: Project, code: str, files: Iterable[FileContract], built: Filled, kept: Filled | None
) -> None:
    """Keep of a warehouse what is made of no release, unless as much of it was `kept` already.

    Where nothing can be kept, each home builds it for itself. What was brought home is let go.
    """
    empty = empty_tables(files)
    loads = {table for table, digest in empty.items() if built.tables.get(table) == digest}
    stays = {("loads", table) for table in loads} | set(project.made_of(loads).values())
    if kept is not None:
        with duckdb.connect(str(kept.warehouse), read_only=True, config=SETTINGS) as con:
            (relations,) = con.execute(_RELATIONS).fetchall()[0]
        kept.warehouse.unlink(missing_ok=True)
        if relations >= len(stays):
            return
    copied, packed = (project.cache / f"bare-{os.getpid()}.{part}" for part in ("all", "packed"))
    try:
        project.cache.mkdir(parents=True, exist_ok=True)
        all_but(stays, built.warehouse, copied)
        with duckdb.connect(config=SETTINGS) as con:
            con.execute(f"attach {sql_text(str(copied))} as copied (read_only)")
            con.execute(f"attach {sql_text(str(packed))} as packed")
            con.execute("copy from database copied to packed")
        packed.replace(project.cache / _name(code, hashlib.sha256(packed.read_bytes()).hexdigest()))
        found = sorted(project.cache.glob(_name("*", "*")), key=lambda one: -one.stat().st_mtime)
        for old in found[_KEPT:]:
            old.unlink(missing_ok=True)
    except (OSError, duckdb.Error):
        return
    finally:
        copied.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)


def _name(code: str, digest: str) -> str:
    return f"bare-{code[:32]}-{digest}.duckdb"

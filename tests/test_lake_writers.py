"""A lake that several write and read, and whose PostgreSQL stops; `make reliability` does more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT

from reliability.postgres import why_not

pytest.importorskip("duckdb_extension_ducklake", reason="needs core-measures[lake]")

KEPT = ("fct_core_measure", "dim_measure", "dim_council", "fct_comparator", "load_quality")


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
def test_writers_that_meet_are_killed_or_lose_postgresql_leave_a_mixed_or_a_lost_build(
    first_home: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    # Of its marts the two that tell builds apart and a few beside them: most of a publication is
    # what every mart costs.
    warehouse = tmp_path / "few.duckdb"
    shutil.copy(first_home / "warehouse" / "core_measures.duckdb", warehouse)
    with duckdb.connect(str(warehouse)) as con:
        for (view,) in con.execute(
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall():
            con.execute(f"drop view {view}")
        for (mart,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
            f" and table_name not in {KEPT}"
        ).fetchall():
            con.execute(f"drop table marts.{mart}")
        for (macro,) in con.execute(
            "select schema_name || '.' || function_name from duckdb_functions()"
            " where function_type = 'table_macro' and not internal"
        ).fetchall():
            con.execute(f"drop macro table {macro}")
        con.execute("create view answers.facts as from marts.fct_core_measure")
    options = ["--publications", "4", "--readers", "2"]
    options += ["--warehouse", str(warehouse), "--json", str(figures)]
    ended = subprocess.run(
        [sys.executable, "-m", "reliability.lake", *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert figures.exists(), ended.stderr
    found = json.loads(figures.read_text())
    assert (found["mixed"], found["errors"], found["lost"]) == ([], [], [])
    assert found["answers"] > found["publications"] == 4
    assert len(found["killed"]) == 1
    assert len(found["builds_seen"]) > 1
    stopped = found["stopped"]
    assert stopped["fault"], "PostgreSQL was stopped too late to be in the middle"
    assert stopped["then"] == stopped["was"], "half of a build was served"
    assert stopped["whole"] and stopped["published_again"] and stopped["healed"]
    assert ended.returncode == 0

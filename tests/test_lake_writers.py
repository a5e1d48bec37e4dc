"""A lake that several write and read, and whose PostgreSQL stops; `make reliability` does more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

from reliability.postgres import why_not

pytest.importorskip("duckdb_extension_ducklake", reason="needs core-measures[lake]")


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
def test_writers_that_meet_are_killed_or_lose_postgresql_leave_a_mixed_or_a_lost_build(
    first_home: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    warehouse = (first_home / "warehouse" / "core_measures.duckdb").resolve()
    options = ["--publications", "8", "--warehouse", str(warehouse), "--json", str(figures)]
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
    assert found["answers"] > found["publications"] == 8
    assert len(found["killed"]) == 1
    assert len(found["builds_seen"]) > 1
    stopped = found["stopped"]
    assert stopped["fault"], "PostgreSQL was stopped too late to be in the middle"
    assert stopped["then"] == stopped["was"], "half of a build was served"
    assert stopped["whole"] and stopped["published_again"] and stopped["healed"]
    assert ended.returncode == 0

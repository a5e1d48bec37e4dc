"""What grows with the archive, where a build stops rather than fill the disk, and what nothing may
hang on: the seed of a hash, or how many processes checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import factory
from conftest import PROJECT, command
from factory import Where, faults

IN_NEED = "characteristics-of-children-in-need"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
LEEDS = "E08000035"
BIRMINGHAM = "E08000025"
REFERRALS = Where(IN_NEED, "2024", "referrals")


def test_a_build_fills_the_disk_or_does_not_say_what_it_lacks(tmp_path: Path) -> None:
    archive = factory.lay_out(tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2023"]))
    outcome = command(
        *("refresh", "--from", archive, "--home", tmp_path / "home"),
        environment={"CORE_MEASURES_BUILD_MEMORY": "30MB", "CORE_MEASURES_BUILD_SPILL": "1MB"},
    )
    assert outcome.returncode == 1
    assert "memory (30MB) and the room on disk (1MB)" in outcome.stderr
    assert "nothing was swapped" in outcome.stderr
    assert "CORE_MEASURES_BUILD_SPILL" in outcome.stderr
    assert not (tmp_path / "home" / "warehouse" / "core_measures.duckdb").exists()


def test_figures_or_verdicts_hang_on_the_seed_of_a_hash_or_on_the_workers(tmp_path: Path) -> None:
    # Refused for much, so that checks have much to say.
    table, releases = factory.synthetic(NEET, years=2, releases=3)
    archive = factory.lay_out(tmp_path / "archive", figures=table, releases=releases)
    factory.lay_out(
        archive,
        figures=factory.figures_of(IN_NEED),
        faults=[
            faults.set_cell(REFERRALS, code, "2024", "Re_referrals_percent", cell)
            for code, cell in ((LEEDS, "79.9"), (BIRMINGHAM, "0.3"))
        ],
    )
    found = []
    for seed, workers in (("1", "1"), ("77", "2")):
        home = tmp_path / seed
        # A process of its own: the seed is an interpreter's, from its start.
        outcome = subprocess.run(
            [
                *(sys.executable, "-m", "orchestration.cli", "refresh"),
                *("--from", str(archive), "--home", str(home)),
            ],
            cwd=PROJECT,
            env=os.environ
            | {"PYTHONHASHSEED": seed, "CORE_MEASURES_WORKERS": workers}
            | {"CORE_MEASURES_SITE": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 2, outcome.stderr
        found.append((published(home), verdicts(home)))
    (first, judged), (second, judged_again) = found
    assert judged == judged_again
    assert any(load["flags"] for one in judged.values() for load in one["loads"])
    assert first == second


def published(home: Path) -> dict[str, bytes]:
    """Every file that is served but for DuckDB's own, whose pages have no order."""
    folder = home / "published" / "latest"
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".duckdb"
    }
    assert {"fct_core_measure.csv", "fct_core_measure.parquet", "load_quality.csv"} <= {*found}
    return found


def verdicts(home: Path) -> dict[str, Any]:
    """What was said of each release, but for when."""
    return {
        path.parent.relative_to(home).as_posix(): json.loads(path.read_bytes()) | {"checked": ""}
        for path in (home / "archive").glob("*/*/*/verdict.json")
    }

"""What grows with the archive, and where a build stops rather than fill the disk."""

from __future__ import annotations

from pathlib import Path

import factory
from conftest import command

IN_NEED = "characteristics-of-children-in-need"


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

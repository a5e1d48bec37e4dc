"""Kills, full disks, interrupts, readers, a few of each; `make reliability` runs them in full."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import factory
import pytest
from conftest import IN_NEED, PROJECT, copy_of

from ingest.archive.held import HomeArchive
from ingest.archive.writing import write_whole
from ingest.contracts.load import load_contracts
from ingest.errors import HomeError
from ingest.reading.loads import loads_of
from ingest.user_cache import keep_for_all, kept_for_all
from orchestration.pipeline.check import check
from orchestration.pipeline.code import dbt_project
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.refresh import refresh
from warehouse.build.candidate import checkpoint
from warehouse.serve import home as home_module
from warehouse.serve.home import Home, disk_fault


def trial(script: str, folder: Path, *options: str) -> dict[str, object]:
    """One of the scripts under `reliability/`, in a process of its own; what it wrote."""
    figures = folder / "figures.json"
    outcome = subprocess.run(
        [sys.executable, "-m", f"reliability.{script}", "--json", figures, *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert figures.exists(), outcome.stderr
    document: dict[str, object] = json.loads(figures.read_text())
    return document


@pytest.fixture
def between(first_home: Path, second_home: Path, tmp_path: Path) -> list[str]:
    """The option of a trial: an archive, and a home as it is before and after a refresh from it."""
    after = copy_of(second_home, tmp_path / "after")
    # What a refresh of the first home would not have made: pages, and what was printed.
    (after / "printed.txt").unlink()
    shutil.rmtree((after / "builds" / "current").resolve() / "marts" / "site")
    return ["--homes", *map(str, (second_home.parent / "archive", first_home, after))]


def test_a_disturbed_refresh_leaves_less_than_a_whole_build_or_more(
    between: list[str], tmp_path: Path
) -> None:
    # A kill that leaves a candidate, and half of a build beside the one that is served.
    at = ("--steps", "half the marts written", "--only", "steps", "sizes")
    found = trial("kill", tmp_path, "--points", "1", "--sizes", "1", *at, *between)
    outcomes = found["outcomes"]
    assert isinstance(outcomes, list)
    assert [o["kind"] for o in outcomes] == ["file too large", "kill"]
    assert outcomes[1]["code"] == -signal.SIGKILL
    assert [o for o in outcomes if o["faults"]] == []


def test_an_interrupted_refresh_leaves_less_than_a_whole_build_or_alerts_somebody(
    between: list[str], tmp_path: Path
) -> None:
    """One point of the command's and one of Dagster's."""
    found = trial("interrupts", tmp_path, "--stages", "Building", "--workers", "1", *between)
    outcomes = found["outcomes"]
    assert isinstance(outcomes, list)
    assert [o["kind"] for o in outcomes] == ["Dagster, SIGINT", "command, SIGINT"]
    assert [o["code"] for o in outcomes] == [130, 130]
    assert [fault for o in outcomes for fault in o["faults"]] == []


def test_readers_meet_a_torn_answer_or_an_error_during_swaps(
    first_home: Path, second_home: Path, tmp_path: Path
) -> None:
    homes = (str(first_home), str(second_home))
    found = trial("readers", tmp_path, *["--readers", "6", "--swaps", "8", "--homes"], *homes)
    assert (found["torn"], found["errors"]) == ([], [])
    assert set(found["answers"]) >= {"query", "open", "link", "marts", "both"}  # type: ignore[call-overload]
    assert set(found["builds"]) == {"old", "new"}  # type: ignore[call-overload]


# --- builds


def served(home: Home, digest: str) -> None:
    with home.new_build() as folder:
        (folder / "marts").mkdir()
        (folder / "marts" / "datapackage.json").write_text("{}")
        (folder / "core_measures.duckdb").write_bytes(b"")
        home.serve(folder, {"digest": digest})


def builds(home: Home) -> set[str]:
    return {path.name for path in home.builds.iterdir()}


def test_a_reader_on_the_way_to_a_build_finds_it_gone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    for digest in "abcd":
        served(home, digest)
    # Each was served a moment ago, so somebody may just have found it.
    assert builds(home) == {"1", "2", "3", "4", "current"}
    # Two were finished long ago: what they took the place of can be on nobody's way.
    long_ago = time.time() - home_module.SECONDS_KEPT - 1
    for name in ("2", "3"):
        os.utime(home.builds / name / "build.json", (long_ago, long_ago))
    home.sweep()
    assert builds(home) == {"3", "4", "current"}
    served(home, "e")
    assert builds(home) == {"3", "4", "5", "current"}


def test_a_build_that_was_never_served_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    served(home, "a")
    (home.builds / "2" / "marts").mkdir(parents=True)
    (home.builds / ".gone-0").mkdir()
    (home.builds / ".link-1").symlink_to("1")
    home.sweep()
    assert builds(home) == {"1", "current"}
    record = home.build_record()
    assert record is not None
    assert record["digest"] == "a"


# --- what a killed refresh leaves


def test_what_a_kill_leaves_stops_every_refresh_after_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    # What DuckDB spills stands in a folder beside the candidate.
    spilled = home.work / "core_measures.duckdb.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage-0.tmp").write_bytes(b"x")
    home.candidate.write_bytes(b"x")
    (home.work / "core_measures.duckdb.wal").write_bytes(b"x")
    (home.work / "sample" / "ees").mkdir(parents=True)
    (home.work / ".problems.json.partial-1").write_bytes(b"x")
    home.sweep()
    assert list(home.work.iterdir()) == []


def test_a_manifest_cut_short_stops_every_refresh_after_it(
    sample_home: Path, tmp_path: Path
) -> None:
    home = Home(copy_of(sample_home, tmp_path / "home"))
    manifest = home.dbt_target / "manifest.json"
    whole = len(manifest.read_bytes())
    for name in ("manifest.json", "partial_parse.msgpack"):
        path = home.dbt_target / name
        path.write_bytes(path.read_bytes()[: whole // 3])
    assert len(dbt_project(home).manifest()["nodes"]) > 40


def test_what_was_kept_for_all_homes_and_is_damaged_comes_into_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = {"one.js": b"one();\n" * 100, "two.js": b"two();\n" * 100}
    keep_for_all("charts", "today's", made)
    assert kept_for_all("charts", "today's") == made
    assert kept_for_all("charts", "yesterday's") is None
    (one,) = tmp_path.rglob("one.js")
    one.write_bytes(made["one.js"][:50])
    assert kept_for_all("charts", "today's") is None
    keep_for_all("charts", "today's", made)
    (two,) = tmp_path.rglob("two.js")
    # What somebody else put there is nothing of it.
    (two.parent / "notes").mkdir()
    assert kept_for_all("charts", "today's") == made
    two.unlink()
    assert kept_for_all("charts", "today's") is None


def test_a_cache_that_cannot_be_written_stops_what_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_for_all("charts", "today's", {"one.js": b"one();\n"})
    assert kept_for_all("charts", "today's") is None


def test_a_cache_grows_with_every_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for version in range(10):
        keep_for_all("charts", f"version {version}", {"one.js": b"one();\n"})
    assert kept_for_all("charts", "version 9") == {"one.js": b"one();\n"}
    assert len([*tmp_path.rglob("one.js")]) < 10


def test_a_parquet_file_cut_short_stops_every_refresh_after_it(tmp_path: Path) -> None:
    archive = factory.lay_out(tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2023"]))
    home = Home(tmp_path / "home")
    home.prepare()
    (release,) = collect(home, str(archive))
    load = loads_of(load_contracts()[IN_NEED], release)[0][0]
    file, contract = load.file, load.contract

    def contents() -> bytes:
        return home.archive.read(release, file)

    rows = home.loads.read(file, contract, contents).num_rows
    path = home.loads.path(file, contract)
    path.write_bytes(path.read_bytes()[:100])
    home.loads.ensure(file, contract, contents)
    assert home.loads.read(file, contract, contents).num_rows == rows


def test_a_verdict_half_written_is_taken_for_one(tmp_path: Path) -> None:
    archive = factory.lay_out(tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2023"]))
    home = Home(tmp_path / "home")
    home.prepare()
    (release,) = collect(home, str(archive))
    check(home)
    verdict = home.archive.folder / release.path / "verdict.json"
    good = verdict.read_bytes()
    for bad in (
        good[: len(good) // 2],
        b"\xff\xfe",
        b"[]",
        good.replace(b'"checks"', b'"cheques"'),
    ):
        verdict.write_bytes(bad)
        assert not any(load.admitted for load in take_inventory(home).loads)
    assert all(load.admitted for load in check(home).loads)


def test_a_full_disk_is_told_as_a_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28), "a.csv")

    archive = factory.lay_out(tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2023"]))
    home = Home(tmp_path / "home")
    home.prepare()
    monkeypatch.setattr(HomeArchive, "add", full)
    with pytest.raises(HomeError, match=r"takes nothing more.*No space left.*refresh again"):
        refresh(home, str(archive))
    assert disk_fault(ValueError("something else")) is None


def test_a_disk_that_is_full_keeps_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:1])
        raise OSError(28, os.strerror(28), str(path))

    write_whole(tmp_path / "a.json", b"old")
    monkeypatch.setattr("ingest.archive.writing.write_synced", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.json", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_errors_that_are_each_others_cause_never_end() -> None:
    first, second = ValueError("one"), ValueError("two")
    first.__cause__, second.__cause__ = second, first
    assert disk_fault(first) is None


# --- the candidate

LEFT_OPEN = """
import os, sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("create table figures as select random() as value from range(200000)")
os._exit(0)
"""
SETTLED = """
import resource, sys
from pathlib import Path
from warehouse.build.candidate import checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
checkpoint(Path(sys.argv[1]))
"""


def left_open(path: Path) -> Path:
    """A warehouse whose table stands in its journal alone, as where it could not be closed."""
    subprocess.run([sys.executable, "-c", LEFT_OPEN, path], check=True)
    assert path.with_name("w.duckdb.wal").exists()
    return path


def test_a_warehouse_is_served_without_what_its_journal_holds(tmp_path: Path) -> None:
    path = left_open(tmp_path / "w.duckdb")
    checkpoint(path)
    assert [file.name for file in tmp_path.iterdir()] == ["w.duckdb"]
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute("select count(*) from figures").fetchone() == (200_000,)


def test_a_journal_that_the_disk_does_not_take_passes_for_written(tmp_path: Path) -> None:
    path = left_open(tmp_path / "w.duckdb")
    outcome = subprocess.run(
        [sys.executable, "-c", SETTLED, path],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert outcome.returncode == 1
    assert "File too large" in outcome.stderr

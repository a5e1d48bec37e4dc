"""`core-measures doctor`: whether a person with a network learns what would come, and no more."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import factory
import pytest
from conftest import command, copy_of
from standins import Fault, Server, Shelf
from standins import server as wrong
from standins.ees import Ees
from standins.fingertips import Fingertips
from standins.platforms import QUICK

IN_NEED = "characteristics-of-children-in-need"
INJURIES = "10401"
NOT_ASKED = "what-about-youth"


class Publishers:
    """Two publishers that serve the sample."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        sample = factory.lay_out(folder / "sample", publications=[IN_NEED, INJURIES])
        self.ees = Ees(Shelf.of(sample, "ees"))
        self.dfe = stack.enter_context(Server(self.ees))
        self.ohid = stack.enter_context(Server(Fingertips(Shelf.of(sample, "fingertips"))))
        self.environment = QUICK | {
            "CORE_MEASURES_EES_URL": f"{self.dfe.base}/api",
            "CORE_MEASURES_FINGERTIPS_URL": f"{self.ohid.base}/api",
        }

    def doctor(self, home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        for server in (self.dfe, self.ohid):
            server.requests.clear()
        return command("doctor", "--home", home, *arguments, environment=self.environment)


@pytest.fixture
def publishers(tmp_path: Path) -> Iterator[Publishers]:
    with contextlib.ExitStack() as stack:
        yield Publishers(tmp_path, stack)


def lines_of(outcome: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What was said of each publication, by the word that it begins with."""
    lines = [line for line in outcome.stdout.splitlines() if not line.startswith("Written")]
    return {line.split(": ")[1]: line for line in lines}


def test_a_first_look_changes_something_or_does_not_say_what_would_come(
    publishers: Publishers, tmp_path: Path
) -> None:
    home, report = tmp_path / "home", tmp_path / "report.md"
    outcome = publishers.doctor(home, IN_NEED, INJURIES, NOT_ASKED, "--report", report)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert not home.exists()
    told = outcome.stdout
    newest = publishers.ees.shelf.newest(IN_NEED)
    assert len(lines_of(outcome)) == 3
    (in_need,) = [line for line in told.splitlines() if "children in need" in line]
    assert in_need.startswith("well: ")
    assert f"newest release {newest.release} ({newest.published})" in in_need
    assert "recognised: c1_children_in_need" in in_need
    assert in_need.endswith("would be admitted")
    assert "not asked: The survey was made once" in told
    # Its newest release alone was fetched, once, and no listing was asked for twice.
    for server in (publishers.dfe, publishers.ohid):
        asked = [(r.path, tuple(r.query.items())) for r in server.requests]
        assert sum("/files" in path or "all_data" in path for path, _ in asked) == 1
        repeated = {one for one in asked if asked.count(one) > 1}
        assert all(path.endswith("version-summary") for path, _ in repeated)
    written = report.read_text("utf-8")
    assert f"{publishers.dfe.base}/api/publications/{IN_NEED}` | 200" in written
    assert "results[].releaseId: text" in written
    assert "paging.totalPages: number" in written
    assert "header of `c1_children_in_need" in written
    assert "`time_period`" in written
    assert "Leeds" not in written
    assert str(tmp_path) not in written


def test_what_a_refresh_would_refuse_or_could_not_ask_looks_well(
    publishers: Publishers, tmp_path: Path
) -> None:
    newest = publishers.ees.shelf.newest(IN_NEED)
    (name,) = [n for n in newest.files if n.startswith("c1")]
    newest.files[name] = newest.files[name].replace(b"time_period", b"when", 1)
    publishers.ohid.fault = Fault(wrong.says(503), None)
    outcome = publishers.doctor(tmp_path / "home", IN_NEED, INJURIES)
    assert outcome.returncode == 2
    (in_need,) = [line for line in outcome.stdout.splitlines() if "children in need" in line]
    assert in_need.startswith("amiss: ")
    assert f"would be refused: {name}: columns" in in_need
    (injuries,) = [line for line in outcome.stdout.splitlines() if "youth justice" in line]
    assert "it cannot answer now (503)" in injuries
    assert publishers.doctor(tmp_path / "home", "no-such").returncode == 1


def test_a_home_is_changed_by_a_look_or_what_it_holds_is_not_compared_with(
    publishers: Publishers, sample_home: Path, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.rglob("*") if p.is_file()}
    newest = publishers.ees.shelf.newest(IN_NEED)
    (name,) = [n for n in newest.files if n.startswith("c1")]
    # A tenth of what was said before: only what is held tells that this is not so.
    newest.amended += 1
    rows = newest.files[name].decode().splitlines(keepends=True)
    newest.files[name] = "".join(rows[:1] + rows[1 : len(rows) // 3]).encode()
    outcome = publishers.doctor(home, IN_NEED)
    assert outcome.returncode == 2
    assert "would be refused" in outcome.stdout
    after = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.rglob("*") if p.is_file()}
    assert after == before

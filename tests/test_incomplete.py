"""A release that lacks what its readers expect is told, and never ends in silence."""

from __future__ import annotations

import json
from pathlib import Path

import factory
import pytest
from conftest import IN_NEED, command, copy_of, refreshed, rows

from ingest.archive.release import sha256_of
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home


def without(archive: Path, release: str, pattern: str) -> None:
    """Take a file out of a release, as if its publisher had not published it."""
    folder = archive / "ees" / IN_NEED / release
    document = json.loads((folder / "release.json").read_text())
    gone = [file for file in document["files"] if Path(file["name"]).match(pattern)]
    assert gone
    document["files"] = [file for file in document["files"] if file not in gone]
    (folder / "release.json").write_text(json.dumps(document))
    for file in gone:
        (folder / file["name"]).unlink()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return factory.lay_out(
        tmp_path / "archive", figures=factory.figures_of(IN_NEED, ["2023", "2024"])
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.prepare()
    return place


def test_a_table_that_is_gone_from_a_release_is_missed_by_nobody(
    archive: Path, first_home: Path, tmp_path: Path
) -> None:
    home = Home(copy_of(first_home, tmp_path / "home"))
    without(archive, "2024", "d3_*")
    outcome = refreshed(home.root, archive)
    assert outcome.returncode == 2, outcome.stderr
    assert "1 incomplete" in outcome.stdout
    assert f"incomplete: {IN_NEED} 2024: it lacks what 2023 had:" in outcome.stdout
    # What it has is served all the same.
    assert rows(home.root, "select max(year) from marts.fct_core_measure") == [(2024,)]
    assert rows(
        home.root,
        "select release, success, observed like 'it lacks%' from marts.load_quality"
        " where check_name = 'complete'",
    ) == [("2024", False, True)]
    told = command("status", "--home", home.root).stdout
    assert f"Incomplete: {IN_NEED} 2024" in told
    # The command that it ends with works as it is printed.
    accepted = command(
        "accept", IN_NEED, "2024", "--reason", "Published apart.", "--home", home.root
    )
    assert accepted.returncode == 0, accepted.stderr
    again = refreshed(home.root, archive)
    assert again.returncode == 0, again.stdout
    assert rows(
        home.root, "select explanation from marts.load_quality where check_name = 'complete'"
    ) == [("Published apart.",)]


def test_a_release_of_which_nothing_is_read_passes_for_sound(archive: Path, home: Home) -> None:
    folder = archive / "ees" / IN_NEED / "2024"
    document = json.loads((folder / "release.json").read_text())
    data = b"colour,shade\nred,dark\n"
    for file in document["files"]:
        (folder / file["name"]).unlink()
    document["files"] = [
        {"name": "colours.csv", "bytes": len(data), "sha256": sha256_of(data), "title": "Colours"}
    ]
    (folder / "colours.csv").write_bytes(data)
    (folder / "release.json").write_text(json.dumps(document))
    collect(home, str(archive))
    inventory = check(home)
    (held,) = inventory.incomplete
    assert held.release.release == "2024"
    assert "no file of it is one that its contract reads: colours.csv" in held.lacks
    assert not inventory.sound


def test_a_release_that_comes_whole_in_the_end_is_still_waited_for(
    archive: Path, home: Home, tmp_path: Path
) -> None:
    whole = factory.lay_out(
        tmp_path / "whole", figures=factory.figures_of(IN_NEED, ["2023", "2024"])
    )
    without(archive, "2024", "d3_*")
    collect(home, str(archive))
    assert len(check(home).incomplete) == 1
    # Offered again with all that it should have, it is taken as its next version.
    (came,) = collect(home, str(whole))
    assert came.folder == "2024+2"
    assert not check(home).incomplete
    assert not take_inventory(home).incomplete

"""The one order of vintages: which figure is the newest, whenever it arrived."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import factory
import pytest
from conftest import PUBLISHED, command, copy_of, needs_published, refreshed, rows

from ingest.archive.held import HomeArchive
from ingest.archive.release import Release, sha256_of
from ingest.archive.store import Archive
from ingest.sample import read_releases
from orchestration.pipeline.collect import collect
from warehouse.serve.home import Home

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
BIRMINGHAM = "E08000025"
REFERRALS = "measure_id = 'repeat_referrals' and council_code = 'E08000025' and year = 2024"


def edition(folder: Path, day: date | None = None, value: str | None = None) -> Path:
    """Children in need 2023 and 2024 as in the sample; 2024 perhaps of another day and figure."""
    figures = factory.figures_of(IN_NEED).to_pylist()
    for figure in figures:
        key = (figure["release"], figure["period"], figure["area_code"], figure["measure_id"])
        if value is not None and key == ("2024", "2024", BIRMINGHAM, "repeat_referrals"):
            figure["value"] = value
    releases = [
        r.model_copy(update={"published": day}) if day and r.release == "2024" else r
        for r in read_releases()
        if r.publication == IN_NEED
    ]
    return factory.lay_out(folder, figures=figures, releases=releases)


def standing(home: Path) -> list[tuple[object, ...]]:
    return rows(
        home,
        "select measure_id, series_id, council_code, period_start, period_end, value, status"
        f" from marts.fct_core_measure where publication = '{IN_NEED}' order by all",
    )


def vintages(home: Path) -> list[tuple[object, ...]]:
    return rows(
        home,
        "select value, published::varchar, superseded_on::varchar"
        f" from marts.fct_core_measure_vintage where {REFERRALS} order by published",
    )


def published_neets() -> Release:
    """The release of 2021 as published in October 2022."""
    (found,) = (
        r
        for r in Archive(PUBLISHED).releases("ees", NEET)
        if isinstance(r, Release) and r.release == "2021"
    )
    return found


def percentages(path: Path) -> tuple[list[list[str]], int]:
    """A file's rows, its header first, and which column has the percentages."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.reader(file))
    return cells, cells[0].index("NEET_percent")


def neets_of_september(archive: Path) -> None:
    """The release of 2021 as it might have been a month before: each percentage a little less."""
    published = published_neets()
    older = archive / published.path
    shutil.copytree(PUBLISHED / published.path, older)
    (name,) = (f.name for f in published.files if f.name.endswith(".csv"))
    cells, place = percentages(older / name)
    changed = 0
    for row in cells[1:]:
        with contextlib.suppress(ValueError):
            row[place] = f"{float(row[place]) - 0.02962:.5f}"
            changed += 1
    assert changed > 100
    out = io.StringIO()
    csv.writer(out).writerows(cells)
    data = out.getvalue().encode()
    (older / name).write_bytes(data)
    document = json.loads((older / "release.json").read_text())
    document["published"] = "2022-09-20"
    for file in document["files"]:
        if file["name"] == name:
            file |= {"bytes": len(data), "sha256": sha256_of(data)}
    (older / "release.json").write_text(json.dumps(document))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of what arrives late, and of a release with the one that amends it."""
    archive = edition(tmp_path_factory.mktemp("older"), date(2024, 9, 20), "11.1")
    if PUBLISHED.is_dir():
        neets_of_september(archive)
    table, releases = factory.republished(
        LOOKED_AFTER,
        "2024",
        lambda f: (
            {"numerator": str(int(f["numerator"]) - 7)}
            if f["measure_id"] == "looked_after_until_18"
            and f["area_code"] == BIRMINGHAM
            and f["period"] == "2024"
            and (f["numerator"] or "").isdigit()
            else {}
        ),
    )
    return factory.lay_out(archive, figures=table, releases=releases)


@pytest.fixture(scope="module")
def late(second_home: Path, older: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to which older editions came after those it held. Not to be changed."""
    folder = tmp_path_factory.mktemp("late")
    home = copy_of(second_home, folder / "home")
    if PUBLISHED.is_dir():
        published = published_neets()
        shutil.copytree(PUBLISHED / published.path, folder / "archive" / published.path)
        assert len(collect(Home(home), str(folder / "archive"))) == 1
    told = refreshed(home, older)
    assert told.returncode == 0, told.stderr
    return home


def test_an_older_edition_that_arrives_late_replaces_the_newer(
    first_home: Path, second_home: Path, older: Path, late: Path, tmp_path: Path
) -> None:
    home = late
    ((now, day, superseded),) = vintages(second_home)
    assert superseded is None
    before = standing(second_home)
    assert standing(home) == before
    assert vintages(home) == [(11.1, "2024-09-20", day), (now, day, None)]
    as_of = "select value from marts.core_measure_as_of(date '{}') where " + REFERRALS
    assert rows(home, as_of.format("2024-09-19")) == []
    assert rows(home, as_of.format("2024-09-20")) == [(11.1,)]
    assert rows(home, as_of.format(day)) == [(now,)]
    assert rows(
        home,
        "select release, published::varchar from marts.dim_release"
        f" where is_newest and publication = '{IN_NEED}'",
    ) == [("2024", day)]
    # What changed is told from the older to the newer.
    assert rows(
        home,
        "select old_value, new_value, old_published::varchar, published::varchar"
        f" from marts.revision where {REFERRALS}",
    ) == [(11.1, now, "2024-09-20", day)]
    listed = command("status", "--home", home).stdout.splitlines()
    (status,) = (line for line in listed if f" {IN_NEED} " in line)
    assert str(day) in status and "2024+2" not in status

    # Whoever came first, the figures are the same.
    other = copy_of(first_home, tmp_path / "other")
    newer = edition(tmp_path / "newer")
    arrived = HomeArchive(other / "archive")
    for release in Archive(older).releases("ees", IN_NEED):
        assert isinstance(release, Release)
        arrived.add(Archive(older), release)
    assert refreshed(other, newer).returncode == 0
    assert standing(other) == before
    assert vintages(other) == vintages(home)


@needs_published
def test_the_neets_of_an_earlier_day_replace_those_published(late: Path) -> None:
    """As the publisher's own two editions of 2021 would: 2.27038 in September, 2.3 in October."""
    of_neet = f"publication = '{NEET}'"
    assert rows(
        late,
        "select distinct published::varchar, superseded_on::varchar"
        f" from marts.fct_core_measure_vintage where {of_neet} order by all",
    ) == [("2022-09-20", "2022-10-25"), ("2022-10-25", None)]
    # Each figure that is served stands so in its council's row of October.
    published = published_neets()
    (name,) = (f.name for f in published.files if f.name.endswith(".csv"))
    cells, place = percentages(PUBLISHED / published.path / name)
    area = cells[0].index("new_la_code")
    printed = {(row[area], row[place]) for row in cells}
    served = rows(
        late,
        "select council_code, value_as_published from marts.fct_core_measure"
        f" where {of_neet} and series_id = 'neet' and value is not null",
    )
    assert len(served) > 100
    assert set(served) <= printed


# --- in the archive


def kept(folder: Path, *editions: tuple[str, bytes, str] | tuple[str, bytes, str, str]) -> Any:
    """A home's archive after releases (name, bytes, day and perhaps precision) have arrived."""
    home = HomeArchive(folder / "home")
    for number, (release, content, day, *precision) in enumerate(editions):
        source = folder / f"source-{number}"
        place = source / "ees" / IN_NEED / release
        place.mkdir(parents=True)
        (place / "a.csv").write_bytes(content)
        document = {
            "publisher": "ees",
            "publication": IN_NEED,
            "title": "Children in need",
            "release": release,
            "published": day,
            "published_precision": precision[0] if precision else "day",
            "landing_page": "https://example.org",
            "licence": "OGL",
            "files": [{"name": "a.csv", "bytes": len(content), "sha256": sha256_of(content)}],
        }
        (place / "release.json").write_text(json.dumps(document))
        archive = Archive(source)
        (found,) = archive.releases("ees", IN_NEED)
        assert isinstance(found, Release)
        home.add(archive, found)
    return [
        (r.folder, r.published.isoformat(), home.read(r, r.files[0]))
        for r in home.held("ees", IN_NEED)
    ]


def test_releases_held_stand_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    assert kept(
        tmp_path,
        ("2024", b"new", "2024-10-31"),
        ("2023", b"amended", "2025-02-01"),
        ("2024", b"early", "2024-09-20"),
        ("2023", b"first", "2023-10-26"),
    ) == [
        ("2023+2", "2023-10-26", b"first"),
        ("2023", "2025-02-01", b"amended"),
        ("2024+2", "2024-09-20", b"early"),
        ("2024", "2024-10-31", b"new"),
    ]


def test_a_release_amended_in_words_alone_becomes_a_newer_one(tmp_path: Path) -> None:
    """The day that its publisher shows is reset; the bytes are those held, and so is the day."""
    assert kept(
        tmp_path,
        ("2023", b"same", "2023-10-26"),
        ("2024", b"other", "2024-10-31"),
        ("2023", b"same", "2025-02-01"),
    ) == [("2023", "2023-10-26", b"same"), ("2024", "2024-10-31", b"other")]


def test_the_first_day_of_a_release_is_lost_where_an_amended_day_came_first(
    tmp_path: Path,
) -> None:
    assert kept(
        tmp_path,
        ("2023", b"same", "2025-02-01"),
        ("2024", b"other", "2024-10-31"),
        ("2023", b"same", "2023-10-26"),
    ) == [
        ("2023+2", "2023-10-26", b"same"),
        ("2023", "2025-02-01", b"same"),
        ("2024", "2024-10-31", b"other"),
    ]
    # The month is the day as far as it is known, and no earlier edition.
    assert [
        folder
        for folder, *_ in kept(
            tmp_path / "month",
            ("2023", b"same", "2023-10-26"),
            ("2023", b"same", "2023-10-01", "month"),
        )
    ] == ["2023"]


def test_a_release_that_is_put_back_as_it_was_stays_as_it_was_not(tmp_path: Path) -> None:
    assert kept(
        tmp_path,
        ("2024", b"right", "2024-10-31"),
        ("2024", b"wrong", "2024-11-10"),
        ("2024", b"right", "2024-11-20"),
        ("2024", b"right", "2024-10-31"),
    ) == [
        ("2024", "2024-10-31", b"right"),
        ("2024+2", "2024-11-10", b"wrong"),
        ("2024+3", "2024-11-20", b"right"),
    ]


# --- what is told of revisions


def test_a_revision_of_a_computed_figure_is_told_without_its_values(late: Path) -> None:
    where = f"measure_id = 'looked_after_until_18' and council_code = '{BIRMINGHAM}'"
    ((old, new),) = rows(
        late, f"select round(old_value, 6), round(new_value, 6) from marts.revision where {where}"
    )
    assert old != new
    printed = command("revisions", LOOKED_AFTER, "--home", late).stdout
    (line,) = (one for one in printed.splitlines() if "Birmingham" in one)
    assert str(old) in line and str(new) in line, line

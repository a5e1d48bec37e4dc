"""A fortnight of nights against publishers that do what publishers do, from the first to the last.

Each night is the command in a process of its own, at that night's hour, over real HTTP to
stand-ins that serve files as really published.
"""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import IN_NEED, PUBLISHED, command, needs_published, refreshed
from standins import Fault, Request, Server, Shelf, Volume
from standins import server as wrong
from standins.ees import Ees
from standins.fingertips import Fingertips
from standins.govuk import GovUk
from standins.ons import OnsIndicators, as_by_api
from standins.platforms import QUICK
from standins.server import Reply

from ingest.contracts.load import load_contracts

pytestmark = needs_published

NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
OUTCOMES = "local-authority-inspection-outcomes"
INFANTS = "92196"
STANDARD = "pupils-at-expected-standard-at-key-stage-2"
SLUG = "pupils-at-expected-standards-end-primary-school"
COLLECTION = "government/collections/childrens-social-care-statistics"
RENAMED = "children-in-need-and-child-protection"
MOVED = "government/collections/childrens-social-care-data"
FIRST = datetime(2025, 10, 30, 20, 0, tzinfo=UTC)
NIGHTS = 14
# When nothing is new, no service is down, and no file is awaited.
QUIET = (5, 6, 7, 8, 9, 10, 11, 12, 14)
# How the day of a release is known: from the host of the files, or by a person who wrote it down.
OF_THE_FETCHING = {"dim_release.csv": frozenset({"note"})}
# By night, what each line of its one alert says. On every other night nobody is told anything.
ALERTS = {
    1: [
        (f"Late: {OUTCOMES}", "expected about July 2025"),
        (f"Incomplete: {IN_NEED} 2025", "it lacks what 2024 had: Child protection plans"),
        (
            f"Failed to download: fingertips/{INFANTS}/listing",
            "it cannot answer now (503)",
            f"To try again: core-measures refresh --only {INFANTS}",
        ),
    ],
    4: [
        (f"Well again: late: {OUTCOMES}",),
        (f"Well again: incomplete: {IN_NEED} 2025",),
        (f"Well again: failed to download: fingertips/{INFANTS}/listing",),
        (
            f"Failed to download: ons/{STANDARD}/listing",
            f"/{SLUG}: there is nothing (404)",
            "called alike: pupils-expected-standard-key-stage-2",
            "once a week",
        ),
    ],
    13: [
        (f"Withdrawn by its publisher: {NEET} 2022", "served all the same", "core-measures reject"),
        (f"Well again: failed to download: ons/{STANDARD}/listing",),
    ],
}


class Receiver:
    """Where alerts go."""

    def answer(self, request: Request, base: str) -> Reply:
        return Reply(b"ok")


def volumes(publisher: str, publication: str, folder: Path) -> dict[str, Volume]:
    """A publication's releases as published, by name."""
    place = folder / f"{publisher} {publication}" / publisher
    place.mkdir(parents=True)
    (place / publication).symlink_to(PUBLISHED / publisher / publication)
    found = Shelf.of(place.parent, publisher).publications[publication]
    return {volume.release: volume for volume in found}


class Publishers:
    """Four of them with five publications, as they stand before the first night."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.in_need = volumes("ees", IN_NEED, folder)
        self.neet = volumes("ees", NEET, folder)
        self.outcomes = volumes("ofsted", OUTCOMES, folder)
        self.infants = volumes("fingertips", INFANTS, folder)
        self.standard = volumes("ons", STANDARD, folder)
        self.dfe = Ees(
            Shelf(
                {
                    IN_NEED: [self.in_need["2024"], self.in_need["2025"]],
                    NEET: [self.neet[year] for year in ("2022", "2023", "2024", "2025")],
                }
            )
        )
        self.dfe.next_dates[IN_NEED] = {"year": 2026, "month": 10}
        self.govuk = GovUk(Shelf({OUTCOMES: [self.outcomes["2024-03-31"]]}))
        self.add_outcomes("2024-03-31")
        self.ohid = Fingertips(Shelf({INFANTS: [self.infants["2025-06"]]}))
        self.ons = OnsIndicators(Shelf({SLUG: [self.standard["2025-07-16"]]}))
        self.stand_ins = {
            "ees": (self.dfe, "EES", "/api"),
            "govuk": (self.govuk, "GOVUK", ""),
            "fingertips": (self.ohid, "FINGERTIPS", "/api"),
            "ons": (self.ons, "ONS_INDICATORS", f"/{self.ons.prefix}"),
        }
        self.servers = {
            name: stack.enter_context(Server(stand_in))
            for name, (stand_in, _, _) in self.stand_ins.items()
        }
        self.alerts = stack.enter_context(Server(Receiver()))
        self.environment = QUICK | {"CORE_MEASURES_WEBHOOK": f"{self.alerts.base}/alerts"}
        for name, (_, variable, prefix) in self.stand_ins.items():
            address = f"{self.servers[name].base}{prefix}"
            self.environment[f"CORE_MEASURES_{variable}_URL"] = address

    def add_outcomes(self, release: str) -> None:
        page = page_of(release)
        self.govuk.pages[page] = (OUTCOMES, [release])
        here = MOVED if MOVED in self.govuk.collections else COLLECTION
        self.govuk.collections.setdefault(here, []).append(page)

    # --- what happens by day

    def before_night_1(self) -> None:
        """The newest release is out today, and its zip is short; a service is down."""
        self.dfe.unreadable = {n for n in self.in_need["2025"].files if n.startswith("d3")}
        self.servers["fingertips"].fault = Fault(wrong.says(503), None)

    def before_night_3(self) -> None:
        """A publication is renamed, a release relabelled, a page moves."""
        self.dfe.renamed[IN_NEED] = RENAMED
        self.dfe.labels["2023"] = "2023-final"
        self.govuk.collections[MOVED] = self.govuk.collections.pop(COLLECTION)
        self.govuk.moved[COLLECTION] = MOVED
        self.govuk.schema_redirect = True

    def before_night_4(self) -> None:
        """All is well; a release comes, another is amended; a slug is gone."""
        self.dfe.unreadable = set()
        self.servers["fingertips"].fault = None
        newest = replace(self.outcomes["2025-03-31"], published=date(2025, 11, 2))
        self.govuk.shelf.publications[OUTCOMES].append(newest)
        self.add_outcomes("2025-03-31")
        self.neet["2023"].files = {
            n: changed(b, b"383,E08000035,Leeds,16-17,17897,", b"9.1")
            for n, b in self.neet["2023"].files.items()
        }
        self.neet["2023"].amended, self.neet["2023"].amended_on = 1, date(2025, 11, 2)
        self.ons.shelf.publications.clear()
        self.ons.others = {
            "pupils-expected-standard-key-stage-2": "Pupils meeting the expected standard in"
            " reading, writing and maths at the end of Key Stage 2 (all)"
        }

    def before_night_13(self) -> None:
        """A release is withdrawn, an indicator uploaded anew; the slug is there again."""
        self.dfe.unlisted.add("2022")
        before = self.infants["2025-06"]
        row = b"Leeds,Counties & UAs (from Apr 2023),Persons,<1 yr,,,2023,"
        files = {n: changed(b, row, b"4.9") for n, b in before.files.items()}
        self.ohid.shelf.publications[INFANTS].append(
            replace(before, release="2025-11", published=date(2025, 11, 10), files=files)
        )
        newest = replace(self.standard["2025-12-16"], published=date(2025, 11, 10))
        self.ons.shelf.publications[SLUG] = [newest]

    def night(self, number: int, home: Path) -> Night:
        getattr(self, f"before_night_{number}", lambda: None)()
        for server in (*self.servers.values(), self.alerts):
            server.requests.clear()
        served = (home / "builds" / "current").resolve()
        outcome = command(
            *("refresh", "--home", home),
            *(o for p in (IN_NEED, NEET, OUTCOMES, INFANTS, STANDARD) for o in ("--only", p)),
            environment=self.environment,
            at=FIRST + timedelta(days=number - 1),
        )
        return Night(
            number,
            outcome,
            [json.loads(request.body)["text"] for request in self.alerts.requests],
            self.asked(),
            (home / "builds" / "current").resolve() != served,
        )

    def archive(self, folder: Path) -> Path:
        """All that was ever published in these two weeks, as an archive that a person wrote."""
        as_first = volumes("ees", NEET, folder / "first")["2023"]
        for publication, volume, label in (
            (IN_NEED, self.in_need["2024"], "/2024"),
            (IN_NEED, self.in_need["2025"], "/2025"),
            *((NEET, self.neet[year], f"/{year}") for year in ("2022", "2024", "2025")),
            (NEET, as_first, "/2023"),
            (NEET, self.neet["2023"], "/2023-final"),
            *((OUTCOMES, v, "") for v in self.govuk.shelf.publications[OUTCOMES]),
            *((INFANTS, v, "") for v in self.ohid.shelf.publications[INFANTS]),
            (STANDARD, self.standard["2025-07-16"], ""),
            (STANDARD, self.ons.shelf.publications[SLUG][-1], ""),
        ):
            write_release(folder / "archive", publication, volume, label)
        return folder / "archive"

    def asked(self) -> Counter[str]:
        """How many requests there were, by publication."""
        found: Counter[str] = Counter()
        for name, server in self.servers.items():
            for request in server.requests:
                parts = request.path.split("/")
                found[parts[2] if name == "ees" and parts[1] == "publications" else name] += 1
        return found


class Night:
    def __init__(
        self,
        number: int,
        outcome: subprocess.CompletedProcess[str],
        alerts: list[str],
        asked: Counter[str],
        swapped: bool,
    ) -> None:
        self.number, self.outcome, self.alerts = number, outcome, alerts
        self.asked, self.swapped = asked, swapped


def write_release(archive: Path, publication: str, volume: Volume, label: str) -> None:
    """A release with the files that its publication's contract reads, and what it says of itself.

    `label` is the last part of its page's address.
    """
    contract = load_contracts()[publication]
    files = volume.files
    release = volume.release
    landing_page = f"{contract.landing_page}{label}"
    if publication == STANDARD:
        # The API's file of the indicator, which is named after the day it was changed.
        files = {f"{SLUG}.csv": as_by_api(*files.values())}
        release = volume.published.isoformat()
    if publication == OUTCOMES:
        landing_page = f"https://www.gov.uk/{page_of(release)}"
    kept = {name: body for name, body in files.items() if contract.file_for(name)}
    document = {
        "publisher": contract.publisher,
        "publication": publication,
        "title": contract.title,
        "release": release,
        "version": volume.amended + 1,
        "published": volume.changed.date().isoformat(),
        "published_precision": "day",
        "landing_page": landing_page,
        "licence": "Open Government Licence v3.0",
        "files": volume.listed(kept),
    }
    version = f"+{volume.amended + 1}" if volume.amended else ""
    folder = archive / contract.publisher / publication / f"{release}{version}"
    folder.mkdir(parents=True)
    for name, body in kept.items():
        (folder / name).write_bytes(body)
    (folder / "release.json").write_text(json.dumps(document), "utf-8")


def page_of(release: str) -> str:
    day = f"{date.fromisoformat(release):%d-%B-%Y}".lower()
    return f"government/statistics/{OUTCOMES}-as-at-{day}"


def changed(body: bytes, before: bytes, cell: bytes) -> bytes:
    """A file with another cell behind the one place where these bytes stand."""
    begin, end = body.split(before)
    return begin + before + cell + end[end.index(b",") :]


@pytest.fixture(scope="module")
def fortnight(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, Publishers, list[Night]]]:
    folder = tmp_path_factory.mktemp("fortnight")
    home = folder / "home"
    with contextlib.ExitStack() as stack:
        publishers = Publishers(folder, stack)
        yield home, publishers, [publishers.night(n, home) for n in range(1, NIGHTS + 1)]


def test_an_alert_of_a_fortnight_is_missing_or_not_worth_reading(
    fortnight: tuple[Path, Publishers, list[Night]],
) -> None:
    _, _, nights = fortnight
    told = {night.number: night.alerts for night in nights if night.alerts}
    assert {number: len(alerts) for number, alerts in told.items()} == dict.fromkeys(ALERTS, 1)
    for number, expected in ALERTS.items():
        subject, *lines = told[number][0].splitlines()
        assert subject.startswith("core-measures: "), subject
        assert len(lines) == len(expected), (number, lines)
        for words in expected:
            matching = [line for line in lines if all(word in line for word in words)]
            assert len(matching) == 1, (number, words, lines)


def test_a_night_of_a_fortnight_ends_as_it_should_not_or_builds_what_is_built(
    fortnight: tuple[Path, Publishers, list[Night]],
) -> None:
    _, _, nights = fortnight
    # Something could not be had until the slug was there again.
    amiss = range(1, 13)
    for night in nights:
        expected = 2 if night.number in amiss else 0
        assert night.outcome.returncode == expected, (night.number, night.outcome.stderr)
    assert [night.number for night in nights if night.swapped] == [1, 4, 13]
    told = "".join(night.outcome.stderr for night in nights)
    for line in (
        f"its publisher calls it {RENAMED} by now, not {IN_NEED}: it was followed",
        f"its page {COLLECTION} moved to {MOVED}: it was followed",
    ):
        assert told.count(line) == 1, line
    assert told.count(f"{NEET} 2022 was withdrawn by its publisher, and stays") == 1


def test_a_night_with_nothing_new_asks_more_than_two_requests_a_publication(
    fortnight: tuple[Path, Publishers, list[Night]],
) -> None:
    _, _, nights = fortnight
    quiet = [night for night in nights if night.number in QUIET]
    assert len(quiet) == len(QUIET)
    for night in quiet:
        assert max(night.asked.values()) <= 2, (night.number, night.asked)
        assert not night.alerts
    # A service that is down, or a file that is awaited, costs its own publication.
    for night in nights[1:3]:
        for publication in (NEET, "govuk", "ons"):
            assert night.asked[publication] <= 2 + (night.number == 3), (night.number, night.asked)
    # What is gone rests for a week after three nights without an answer.
    rested = [night.number for night in nights if not night.asked["ons"]]
    assert rested == [7, 8, 9, 10, 11, 12]


def test_after_a_fortnight_other_figures_are_served_than_of_the_full_archive(
    fortnight: tuple[Path, Publishers, list[Night]], tmp_path: Path
) -> None:
    home, publishers, nights = fortnight
    assert nights[-1].outcome.returncode == 0
    outcome = refreshed(tmp_path / "home", publishers.archive(tmp_path / "archive"))
    assert outcome.returncode == 0, outcome.stderr
    live, offline = (place / "published" / "latest" for place in (home, tmp_path / "home"))
    names = sorted(path.name for path in offline.glob("*.csv"))
    assert names == sorted(path.name for path in live.glob("*.csv"))
    assert {"fct_core_measure.csv", "fct_core_measure_vintage.csv", "load_quality.csv"} <= {*names}
    for name in names:
        left_out = OF_THE_FETCHING.get(name, frozenset())
        found, expected = (without(place / name, left_out) for place in (live, offline))
        assert found == expected, name
    served = (live / "fct_core_measure.csv").read_bytes()
    for publication in (IN_NEED, NEET, INFANTS, STANDARD):
        assert publication.encode() in served


def without(path: Path, left_out: frozenset[str]) -> bytes | list[dict[str, str]]:
    """A file's bytes, or its rows without some columns."""
    if not left_out:
        return path.read_bytes()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert left_out <= rows[0].keys()
    return [{name: cell for name, cell in row.items() if name not in left_out} for row in rows]

"""Live publishers, end to end: the command over real HTTP, as a nightly run meets them."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, PUBLISHED, command, needs_published
from standins import Fault, Server, Shelf, Volume
from standins import server as wrong
from standins.ees import Ees, EesStatistics
from standins.fingertips import Fingertips
from standins.govuk import GovUk
from standins.ons import Nomis, OnsDatasets, OnsIndicators, as_by_api
from standins.platforms import KINDS, QUICK, csv_of

from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release
from ingest.archive.store import Archive
from ingest.contracts.live import GovUk as GovUkBlock
from ingest.contracts.live import OnsDataset as OnsDatasetBlock
from ingest.contracts.live import OnsIndicator as OnsIndicatorBlock
from ingest.contracts.load import load_contracts
from ingest.errors import ContractError, CoreMeasuresError, PublisherError
from ingest.http.answers import RequestPolicy
from ingest.http.session import Session
from ingest.publishers.fetch import fetch, fetched_from
from ingest.publishers.memory import FetchState
from ingest.publishers.settings import (
    ADDRESSES,
    ARCHIVE_ADDRESS,
    CONTACT,
    NUMBERS,
    STAT_XPLORE_KEY,
    Settings,
)

IN_NEED = "characteristics-of-children-in-need"
EHC = "education-health-and-care-plans"


def ask(
    publication: Any, environment: dict[str, str], folder: Path, home: HomeArchive | None = None
) -> Any:
    """One publication asked for once, and what came collected where there is one."""
    settings = Settings.from_environment(QUICK | environment)
    place = home or HomeArchive(folder / "nothing")
    with fetched_from([publication], place, folder / "work", settings, lambda _: None) as (
        source,
        (found,),
    ):
        for release in list(found.releases):
            place.add(source, release)
    return found


# --- each platform, with files as they were really published


@needs_published
def test_a_real_release_of_dfe_arrives_other_than_published(tmp_path: Path) -> None:
    shelf = Shelf.of(PUBLISHED, "ees")
    stand_in = Ees(shelf)
    stand_in.next_dates[EHC] = {"year": 2027, "month": 6}
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_EES_URL": f"{server.base}/api"}
        home = HomeArchive(tmp_path / "home")
        found = ask(load_contracts()[EHC], environment, tmp_path, home)
        assert found.problems == []
        assert found.memory.state.next_expected == "2027-06"
        published = {r.release: r.hashes for r in Archive(PUBLISHED).releases("ees", EHC)}  # type: ignore[union-attr]
        assert {r.release: r.hashes for r in home.held("ees", EHC)} == published
        assert not [f for f in home.verify() if isinstance(f, Problem)]
        (newest,) = [r for r in home.held("ees", EHC) if r.release == "2025"]
        assert newest.retrieved is not None
        assert newest.files[0].url
        assert parsedate_to_datetime(newest.files[0].last_modified or "")


@needs_published
def test_plans_that_were_amended_in_68_rows_replace_the_first(tmp_path: Path) -> None:
    """The education, health and care plans of 2025 were really changed in 68 rows."""
    shelf = Shelf.of(PUBLISHED, "ees")
    contract = load_contracts()[EHC]
    with Server(Ees(shelf)) as server:
        environment = {"CORE_MEASURES_EES_URL": f"{server.base}/api"}
        home = HomeArchive(tmp_path / "home")
        ask(contract, environment, tmp_path, home)
        newest = shelf.newest(EHC)
        before = newest.files["timeliness_20_week.csv"]
        lines = before.split(b"\n")
        for number in range(100, 168):
            lines[number] = lines[number].swapcase()
        newest.files["timeliness_20_week.csv"] = b"\n".join(lines)
        newest.amended += 1
        server.requests.clear()
        (again,) = ask(contract, environment, tmp_path, home).releases
        held = [r for r in home.held("ees", EHC) if r.release == "2025"]
        assert [r.folder for r in held] == ["2025", "2025+2"]
        texts = [home.read(r, f) for r in held for f in r.files if f.name.startswith("time")]
        changed = [a for a, b in zip(*(t.split(b"\n") for t in texts), strict=True) if a != b]
        assert len(changed) == 68
        assert again.published == newest.changed.date()
        # The other releases were not asked for again.
        assert server.asked(lambda r: r.path.endswith("/files")) == 1


def of_platform(platform: str) -> list[str]:
    contracts = load_contracts().values()
    return [c.publication for c in contracts if c.live and c.live.platform == platform]


@needs_published
@pytest.mark.parametrize("publication", of_platform("govuk"))
@pytest.mark.parametrize("in_body", [False, True], ids=["attachments", "links in the text"])
def test_a_table_of_govuk_is_not_found_by_its_title(
    tmp_path: Path, publication: str, in_body: bool
) -> None:
    contract = load_contracts()[publication]
    block = contract.live
    assert isinstance(block, GovUkBlock)
    publisher = contract.publisher
    shelf = Shelf.of(PUBLISHED, publisher)
    volumes = shelf.publications[publication]
    shelf.publications = {publication: volumes}
    for volume in volumes:
        if publication == "state-funded-schools-latest-inspections":
            # As the page titles it (facts/ees-and-ofsted.md 6); the archive's is shorter.
            title = "Management information - state-funded schools - latest inspections as at "
            volume.titles = dict.fromkeys(volume.files, f"{title}28 February 2026")
    stand_in = GovUk(shelf)
    stand_in.in_body = in_body
    (page,) = block.pages
    wanted = [v for v in volumes if not block.until or v.published <= block.until]
    if block.documents:
        wanted = wanted[-1:]
        stem = block.documents.strip("^")
        paths = {v.release: f"{stem}{date.fromisoformat(v.release):%d-%B-%Y}" for v in volumes}
        stand_in.pages = {path: (publication, [r]) for r, path in paths.items()}
        stand_in.collections[page] = [*paths.values()]
    else:
        moved = f"government/statistical-data-sets/moved-{publication}"
        stand_in.moved[page] = moved
        stand_in.pages[moved] = (publication, [])
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        asked = ask(contract, environment, tmp_path, home)
        assert asked.problems == []
        held = home.held(publisher, publication)
        found = Archive(PUBLISHED).releases(publisher, publication)
        source = {r.release: r.hashes for r in found if isinstance(r, Release)}
        assert {r.release: r.hashes for r in held} == {v.release: source[v.release] for v in wanted}
        # The day of the upload, as the host of the files says.
        assert {r.published for r in held} == {v.changed.date() for v in wanted}
        if len(wanted) < len(volumes) and not block.documents:
            assert block.ended is not None
            assert [n for n in asked.notes if block.ended in n]
        server.requests.clear()
        again = ask(contract, environment, tmp_path, home)
        assert (again.releases, again.notes) == ([], [])
        assert server.asked() == (2 if block.documents else 1)
        assert server.asked(lambda r: "media" in r.path) == 0


@needs_published
@pytest.mark.parametrize("publication", of_platform("ons_indicator"))
def test_a_local_statistic_of_ons_is_lost_from_one_edition_to_the_next(
    tmp_path: Path, publication: str
) -> None:
    contract = load_contracts()[publication]
    block = contract.live
    assert isinstance(block, OnsIndicatorBlock)
    volumes = Shelf.of(PUBLISHED, "ons").publications[publication]
    for dated in (True, False):
        home = HomeArchive(tmp_path / f"home {dated}")
        for number in range(1, len(volumes) + 1):
            shelf = Shelf({block.indicator: volumes[:number]})
            with Server(OnsIndicators(shelf, dated=dated)) as server:
                base = f"{server.base}/explore-local-statistics/api/v1"
                environment = {"CORE_MEASURES_ONS_INDICATORS_URL": base}
                for _ in range(2):
                    assert ask(contract, environment, tmp_path, home).problems == []
        wanted = [(v.release, as_by_api(*v.files.values())) for v in volumes]
        if not dated:
            # Without a date the file tells alone: the same bytes are no new release.
            wanted = [
                one for n, one in enumerate(wanted) if one[1] not in [b for _, b in wanted[:n]]
            ]
        held = home.held("ons", publication)
        assert [(r.release, home.read(r, r.files[0])) for r in held] == wanted
        shutil.rmtree(tmp_path / "work")


@needs_published
@pytest.mark.parametrize("publication", of_platform("ons_dataset"))
def test_a_workbook_of_ons_is_not_found_among_the_editions(
    tmp_path: Path, publication: str
) -> None:
    contract = load_contracts()[publication]
    block = contract.live
    assert isinstance(block, OnsDatasetBlock)
    volumes = Shelf.of(PUBLISHED, "ons").publications[publication]
    stand_in = OnsDatasets(Shelf({block.page.rsplit("/", 1)[-1]: volumes}))
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_ONS_URL": server.base}
        asked = ask(contract, environment, tmp_path, home)
        assert asked.problems == []
        assert asked.memory.state.next_expected == "2026-11-12"
        held = home.held("ons", publication)
        newest = held[-1]
        assert newest.release == volumes[-1].release
        found = Archive(PUBLISHED).releases("ons", publication)
        source = {r.release: r.hashes for r in found if isinstance(r, Release)}
        assert all(source[r.release] == r.hashes for r in held)
        server.requests.clear()
        assert ask(contract, environment, tmp_path, home).releases == []
        assert all(request.conditional for request in server.requests)


def test_the_page_on_publishers_lacks_a_setting_or_a_publication_that_is_not_asked_for() -> None:
    page = (PROJECT / "docs" / "publishers.md").read_text("utf-8")
    for variable, default in ADDRESSES.values():
        assert f"`{variable}` | `{default}`" in page
    for variable in (*NUMBERS.values(), STAT_XPLORE_KEY, CONTACT, ARCHIVE_ADDRESS):
        assert f"`{variable}`" in page


def test_a_publication_is_not_asked_for_and_nobody_says_why() -> None:
    for publication in load_contracts().values():
        if publication.live is None:
            assert publication.not_asked, publication.publication


# --- what each platform does of its own


def test_a_page_that_is_gone_is_asked_for_ever_or_passes_for_nothing_new(tmp_path: Path) -> None:
    kind = KINDS["govuk"]
    shelf = kind.shelf()
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    stand_in = GovUk(shelf)
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        ask(contract, environment, tmp_path, home)
        stand_in.gone.add("government/statistical-data-sets/a-publication")
        server.requests.clear()
        (problem,) = ask(contract, environment, tmp_path, home).problems
        assert "gone for good (410)" in problem.reason
        assert server.asked() == 1, "410 is final"
        (release,) = home.held("mhclg", "a-publication")
        assert (home.withdrawn(release) or {})["reason"] == "its page is gone for good (410)"


def test_a_release_withdrawn_upstream_vanishes_or_looks_like_any_other(tmp_path: Path) -> None:
    for name in ("govuk", "ees", "ees_statistics"):
        kind = KINDS[name]
        folder = tmp_path / name
        shelf = kind.shelf(2)
        contract = kind.contract(folder / "contracts")
        home = HomeArchive(folder / "home")
        stand_in = kind.stand_in(shelf)
        with Server(stand_in) as server:
            environment = kind.environment(server.base)
            assert ask(contract, environment, folder, home).problems == []
            first, second = home.held(kind.publisher, kind.publication)
            assert home.withdrawn(first) is home.withdrawn(second) is None
            oldest = shelf.publications[kind.publication][0]
            if name == "ees":
                stand_in.unlisted.add(oldest.release)
            else:
                oldest.withdrawn = "The figures were wrong"
            found = ask(contract, environment, folder, home)
            marked = home.withdrawn(first)
            assert marked is not None, name
            assert date.fromisoformat(marked["withdrawn"])
            assert [w for w in found.warnings if "withdrawn" in w and first.release in w]
            if name != "govuk":  # a notice is a whole page's there
                assert home.withdrawn(second) is None
            assert len(home.held(kind.publisher, kind.publication)) == 2
            assert not ask(contract, environment, folder, home).warnings, "told once"
            oldest.withdrawn = None
            if name == "ees":
                stand_in.unlisted.clear()
            ask(contract, environment, folder, home)
            assert home.withdrawn(first) is None


def test_two_attachments_of_one_date_are_both_taken(tmp_path: Path) -> None:
    kind = KINDS["govuk"]
    shelf = kind.shelf()
    volume = shelf.newest(kind.publication)
    volume.files["tables_revised.ods"] = kind.body(9)
    volume.titles["tables_revised.ods"] = volume.titles[kind.file]
    contract = kind.contract(tmp_path / "contracts")

    file = dataclasses.replace(contract.files[0], names=(r"^tables.*\.ods$",))
    contract = dataclasses.replace(contract, files=(file,))
    with Server(GovUk(shelf)) as server:
        (problem,) = ask(contract, kind.environment(server.base), tmp_path).problems
    assert "two attachments are release 2023" in problem.reason


LIVE_TABLES = "government/statistical-data-sets/live-tables-on-homelessness"
HOMELESS = "statutory-homelessness-detailed-local-authority"


def homeless(files: dict[str, str]) -> Any:
    """The page of live tables as it stands: one page, a file a quarter and some more."""
    body = KINDS["govuk"].body
    volume = Volume(
        "the page",
        date(2026, 8, 13),
        {name: body(number) for number, name in enumerate(files)},
        titles=files,
    )
    stand_in = GovUk(Shelf({HOMELESS: [volume]}))
    stand_in.pages[LIVE_TABLES] = (HOMELESS, [])
    return stand_in


@pytest.mark.parametrize("titled", [True, False], ids=["by title", "by name"])
def test_a_homelessness_table_is_lost_by_what_it_is_called(tmp_path: Path, titled: bool) -> None:
    """Names as they really were, and some that may come: whatever a file is called is told."""
    stem = "Statutory_Homelessness_Detailed_Local_Authority_Data_"
    quarters = {
        "2019-01-to-03": ("DetailedLA_201903_revised.xlsx", "January to March 2019"),
        "2021-04-to-06": ("DetailedLA_202106_-_Revised_fixed.ods", "April to June 2021 (revised)"),
        "2022-07-to-09": ("V2_Detailed_LA_202209_revised.ods", "July-September 2022"),
        "2024-10-to-12": (f"{stem}202412_revised.ods", "Oct to Dec 2024"),
        "2025-01-to-03": (f"{stem}202503_revised.ods", "January to March 2025"),
        "2025-04-to-06": (f"{stem}202506_corrected.ods", "April to June 2025"),
        "2025-10-to-12": (f"{stem}202512.ods", "October to December 2025"),
        "2026-01-to-03": (f"{stem}202603.ods", "January to March 2026"),
        "2026-04-to-06": ("Detailed_Local_Authority_Tables_2026-06.xlsx", "Q1 2026-27"),
    }
    title = "Detailed local authority level tables"
    files = {name: f"{title}: {when}" if titled else title for name, when in quarters.values()}
    years = {
        "Detailed_LA_20222023_revised_corrected.ods": "financial year 2022-23",
        "DetailedLA_2019-20.ods": "April 2019 to March 2020",
    }
    files |= {name: f"{title}: {when}" if titled else title for name, when in years.items()}
    files["Detailed_LA_202412.xlsx"] = files[f"{stem}202412_revised.ods"]
    files["Statutory_homelessness_live_tables_202603.ods"] = "Live tables, January to March 2026"
    stand_in = homeless(files)
    contract = load_contracts()[HOMELESS]
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        assert ask(contract, environment, tmp_path, home).problems == []
        held = home.held("mhclg", HOMELESS)
        names = {r.release: [f.name for f in r.files] for r in held}
        assert {r: n for r, n in names.items() if r != "2024-10-to-12"} == {
            r: [name] for r, (name, _) in quarters.items() if r != "2024-10-to-12"
        }
        # In two formats it is one, and stays the one that it was.
        assert names["2024-10-to-12"] == ["Detailed_LA_202412.xlsx"]
        (volume,) = stand_in.shelf.publications[HOMELESS]
        # One that nobody can make out costs itself, and nothing beside it.
        volume.files["Detailed_LA_final.ods"] = KINDS["govuk"].body(99)
        volume.titles["Detailed_LA_final.ods"] = title
        later = "Statutory_Homelessness_Detailed_Local_Authority_Data_202609.ods"
        volume.files[later] = KINDS["govuk"].body(100)
        volume.titles[later] = title
        found = ask(contract, environment, tmp_path, home)
        (problem,) = found.problems
        assert "Detailed_LA_final.ods: neither it nor its title" in problem.reason
        assert [r.release for r in found.releases] == ["2026-07-to-09"]
        server.requests.clear()
        assert len(ask(contract, environment, tmp_path, home).problems) == 1
        assert server.asked() == 1


@needs_published
def test_a_homelessness_table_is_lost_where_its_file_has_a_name_never_seen(tmp_path: Path) -> None:
    """The title tells its quarter, and what stands in it that it is ours."""
    quarter = "2023-01-to-03"
    volumes = Shelf.of(PUBLISHED, "mhclg").publications[HOMELESS]
    (body,) = next(v for v in volumes if v.release == quarter).files.values()
    name = "Homelessness_by_council_Q4_2022-23.ods"
    stand_in = homeless({name: "Detailed local authority level tables: January to March 2023"})
    (volume,) = stand_in.shelf.publications[HOMELESS]
    volume.files[name] = body
    contract = load_contracts()[HOMELESS]
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        assert ask(contract, environment, tmp_path, home).problems == []
        held = home.held("mhclg", HOMELESS)
        assert [(r.release, [*r.hashes]) for r in held] == [(quarter, [name])]
        # One of which nothing is ours is told, and not kept.
        volume.files = {"Homelessness_in_words.ods": KINDS["govuk"].body(1)}
        volume.titles = {"Homelessness_in_words.ods": f"{volume.titles[name][:-4]}2024"}
        (problem,) = ask(contract, environment, tmp_path, home).problems
        assert "it has no file that its contract reads; it has Homelessness_in_words.ods" in str(
            problem
        )


SCHOOLS = "State{dash}funded_schools_inspections_and_outcomes_as_at_{day}.csv"
LOW_INCOME = "children-in-low-income-families-local-area-statistics"
# By publication: what came before its series ended, and what came after, as really named.
ENDED = {
    "childcare-providers-and-inspections": (
        (
            "Management information - childcare providers and inspections - most recent inspections"
            " data - as at 31 August 2025",
            "Childcare_providers_and_inspections_most_recent_inspections_as_at_31_August_2025.csv",
            "2025-08-31",
        ),
        (
            "Childcare provider data as at 31 March 2026",
            "Childcare_provider_data_as_at_31_March_2026.csv",
            "2026-03-31",
        ),
    ),
    "state-funded-schools-inspections-and-outcomes": (
        (
            "State-funded schools inspections and outcomes as at 31 August 2025",
            SCHOOLS.format(dash="-", day="31_August_2025"),
            "2025-08-31",
        ),
        (
            "State-funded schools inspections and outcomes as at 31 December 2025",
            SCHOOLS.format(dash="-", day="31_December_2025"),
            "2025-12-31",
        ),
    ),
    LOW_INCOME: (
        (
            "Children in low income families: local area statistics 2014 to 2024",
            f"{LOW_INCOME}-2014-to-2024.ods",
            "2025-03-27",
        ),
        (
            "Children in low income families: local area statistics 2022 to 2025",
            f"{LOW_INCOME}-2022-2025.ods",
            "2026-03-26",
        ),
    ),
}


def slug_of(title: str) -> str:
    """The last part of a page's address, as GOV.UK makes it from its title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower())


@pytest.mark.parametrize("publication", ENDED)
def test_what_comes_after_the_end_of_a_series_is_a_problem_or_keeps_its_last_release_away(
    tmp_path: Path, publication: str
) -> None:
    contract = load_contracts()[publication]
    block = contract.live
    assert isinstance(block, GovUkBlock)
    body = KINDS["govuk"].body(1) if publication == LOW_INCOME else csv_of(1)
    volumes = [
        Volume(day, date.fromisoformat(day), {name: body}, title, {name: title})
        for title, name, day in ENDED[publication]
    ]
    stand_in = GovUk(Shelf({publication: volumes[:1]}))
    (page,) = block.pages

    def listed(volume: Volume) -> None:
        if block.documents is None:
            stand_in.pages[page] = (publication, [])
            return
        path = f"government/statistics/{slug_of(volume.title)}"
        stand_in.pages[path] = (publication, [volume.release])
        stand_in.collections.setdefault(page, []).append(path)

    listed(volumes[0])
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        found = ask(contract, environment, tmp_path, home)
        assert (found.problems, found.notes) == ([], [])
        assert [r.release for r in found.releases] == [volumes[0].release]
        stand_in.shelf.publications[publication].append(volumes[1])
        listed(volumes[1])
        nights = [ask(contract, environment, tmp_path, home) for _ in range(2)]
        assert [(n.problems, n.releases, n.warnings) for n in nights] == [([], [], [])] * 2
        (note,) = nights[0].notes
        assert block.ended
        assert block.ended in note
        assert nights[1].notes == [], "told once"
    assert [r.release for r in home.held(contract.publisher, publication)] == [volumes[0].release]


def test_inspection_outcomes_are_lost_by_the_day_in_their_name(tmp_path: Path) -> None:
    contract = load_contracts()["local-authority-inspection-outcomes"]
    block = contract.live
    assert isinstance(block, GovUkBlock)
    (collection,) = block.pages
    names = {
        "2024-03-31": "LA_Inspection_Outcomes_as_at_March_2024.ods",
        "2025-03-31": "LA_Inspection_Outcomes_as_at_31_March_2025.ods",
        "2026-03-31": "LA_Inspection_Outcomes_as_at_31_March_2026.ods",
    }
    stand_in = GovUk(Shelf({contract.publication: []}))
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        for day, name in names.items():
            title = f"Local authority inspection outcomes as at 31 March {day[:4]}"
            volume = Volume(day, date.fromisoformat(day), {name: b""}, title, {name: title})
            volume.files[name] = KINDS["govuk"].body(int(day[:4]))
            stand_in.shelf.publications[contract.publication].append(volume)
            page = f"government/statistics/{slug_of(title)}"
            stand_in.pages[page] = (contract.publication, [day])
            stand_in.collections.setdefault(collection, []).append(page)
            found = ask(contract, environment, tmp_path, home)
            assert found.problems == [], name
            assert [r.release for r in found.releases] == [day]


def yearly(folder: Path) -> tuple[Any, GovUk, str]:
    """A page a release in a collection: its contract, its stand-in, and the collection's path."""
    kind = KINDS["govuk"]
    collection = "government/collections/a-collection"
    contract = kind.contract(
        folder / "contracts",
        pages=[collection],
        documents="^government/statistics/tables-",
        release=None,
        period="day",
    )
    stand_in = GovUk(kind.shelf(3))
    volumes = stand_in.shelf.publications[kind.publication]
    for volume in volumes:
        volume.title = f"Tables as at 31 March {volume.release}"
        page = f"government/statistics/tables-as-at-31-march-{volume.release}"
        stand_in.pages[page] = (kind.publication, [volume.release])
    stand_in.pages["government/statistics/another-thing"] = (kind.publication, ["2023"])
    stand_in.collections[collection] = [*stand_in.pages]
    return contract, stand_in, collection


def test_an_old_page_that_was_corrected_yesterday_passes_for_the_newest(tmp_path: Path) -> None:
    contract, stand_in, _ = yearly(tmp_path)
    stand_in.touched["government/statistics/tables-as-at-31-march-2023"] = "2030-01-01T00:00:00Z"
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert [r.release for r in found.releases] == ["2025-03-31"]
        server.requests.clear()
        assert ask(contract, environment, tmp_path, home).releases == []
        assert server.asked() == 2


def test_a_release_whose_page_was_withdrawn_is_still_the_newest(tmp_path: Path) -> None:
    contract, stand_in, _ = yearly(tmp_path)
    newest = stand_in.shelf.publications["a-publication"][-1]
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        ask(contract, environment, tmp_path, home)
        (release,) = home.held("mhclg", "a-publication")
        newest.withdrawn = "The figures were wrong"
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert [r.release for r in found.releases] == ["2024-03-31"]
        assert (home.withdrawn(release) or {})["reason"] == "The figures were wrong"
        server.requests.clear()
        assert not ask(contract, environment, tmp_path, home).warnings
        assert server.asked() == 2
        assert home.withdrawn(release) is not None
        newest.withdrawn = None
        ask(contract, environment, tmp_path, home)
        assert home.withdrawn(release) is None


def test_a_page_that_is_gone_takes_its_collection_along(tmp_path: Path) -> None:
    contract, stand_in, _ = yearly(tmp_path)
    stand_in.gone.add("government/statistics/tables-as-at-31-march-2025")
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        found = ask(contract, environment, tmp_path, home)
        assert found.withdrawn == {}
        assert len(found.problems) == 1
        assert "tables-as-at-31-march-2025" in found.problems[0].reason


@pytest.mark.parametrize("by_item", [True, False], ids=["an item", "HTTP"])
def test_a_page_that_moved_is_lost_or_followed_anew_each_night(
    tmp_path: Path, by_item: bool
) -> None:
    contract, stand_in, collection = yearly(tmp_path)
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        ask(contract, environment, tmp_path, home)
        stand_in.schema_redirect = by_item
        stand_in.collections["government/collections/moved"] = stand_in.collections.pop(collection)
        stand_in.moved[collection] = "government/collections/moved"
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert [n for n in found.notes if "moved to government/collections/moved" in n]
        server.requests.clear()
        found = ask(contract, environment, tmp_path, home)
        assert (found.problems, found.notes) == ([], [])
        assert server.asked() == 2
        # And away from there.
        stand_in.moved["government/collections/moved"] = "government/collections/further"
        stand_in.collections["government/collections/further"] = stand_in.collections.pop(
            "government/collections/moved"
        )
        assert ask(contract, environment, tmp_path, home).problems == []


def test_what_came_after_the_last_release_with_a_figure_is_downloaded_or_a_problem(
    tmp_path: Path,
) -> None:
    contract, stand_in, _ = yearly(tmp_path)
    live = contract.live.model_copy(
        update={"until": date(2024, 12, 31), "ended": "there are report cards instead."}
    )
    contract = dataclasses.replace(contract, live=live)
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_GOVUK_URL": server.base}
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert [r.release for r in found.releases] == ["2024-03-31"]
        (note,) = found.notes
        assert "Tables as at 31 March 2025: there are report cards instead." in note
        assert ask(contract, environment, tmp_path, home).notes == [], "told once"


def test_an_indicator_that_is_gone_is_asked_for_ever_and_nobody_says_what_is_like_it(
    tmp_path: Path,
) -> None:
    kind = KINDS["ons_indicator"]
    contract = kind.contract(
        tmp_path / "contracts", indicator="gone", label="Children in relative poverty"
    )
    stand_in = OnsIndicators(kind.shelf())
    stand_in.others = {
        "children-in-relative-poverty-before-housing": "Children in relative poverty (BHC)",
        "supermarkets": "Supermarkets",
    }
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        home = HomeArchive(tmp_path / "home")
        told = set()
        for _ in range(5):
            found = ask(contract, environment, tmp_path, home)
            (problem,) = found.problems
            told.add(problem)
            assert "metadata/indicators/gone: there is nothing (404)" in problem.reason
            assert "children-in-relative-poverty-before-housing (Children" in problem.reason
            assert "supermarkets" not in problem.reason
            assert found.releases == []
        assert server.asked() == 6, "three nights, the slug and the list"
        assert "asked for once a week" in problem.reason
        assert len(told) == 1, "what lasts says the same each night"
        # A contract that was mended is asked for at once.
        mended = kind.contract(tmp_path / "contracts")
        assert [r.release for r in ask(mended, environment, tmp_path, home).releases]


def test_an_indicator_of_another_definition_is_taken_for_ours(tmp_path: Path) -> None:
    """What the service calls overweight leaves out, since 2025, children who live with obesity."""
    contract = load_contracts()["overweight-children-at-reception"]
    block = contract.live
    assert isinstance(block, OnsIndicatorBlock)
    shelf = KINDS["ons_indicator"].shelf()
    (volumes,) = shelf.publications.values()
    stand_in = OnsIndicators(Shelf({block.indicator: volumes}))
    stand_in.about[block.indicator] = {
        "caveats": [
            "- Overweight if their body mass index (BMI) is on or above the 85th centile, but less"
            " than the 95th centile."
        ]
    }
    with Server(stand_in) as server:
        base = f"{server.base}/explore-local-statistics/api/v1"
        found = ask(contract, {"CORE_MEASURES_ONS_INDICATORS_URL": base}, tmp_path)
        assert (found.releases, found.problems) == ([], [])
        assert "another definition" in (found.skipped or "")
        assert server.asked() == 1


def test_two_editions_of_one_year_keep_each_other_out(tmp_path: Path) -> None:
    contract = load_contracts()["mid-year-population-estimates"]
    block = contract.live
    assert isinstance(block, OnsDatasetBlock)
    body = KINDS["ons_dataset"].body
    editions = ("mid2023", "mid2024", "mid20242023localauthorityboundaries")
    volumes = [
        Volume(name, date(2025, 7, 1 + n), {"mye24tablesew.xlsx": body(n)})
        for n, name in enumerate(editions)
    ]
    stand_in = OnsDatasets(Shelf({block.page.rsplit("/", 1)[-1]: volumes}))
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_ONS_URL": server.base}
        assert ask(contract, environment, tmp_path, home).problems == []
    held = home.held("ons", contract.publication)
    assert [r.release for r in held] == ["2023", "2024"]
    assert held[-1].landing_page.endswith("/mid20242023localauthorityboundaries")


def test_a_new_vintage_of_boundaries_is_missed_or_an_old_one_taken(tmp_path: Path) -> None:
    kind = KINDS["fingertips"]
    shelf = kind.shelf()
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    names = (r"^indicators-Count[A-Za-z0-9]*\.data\.csv$",)
    files = (dataclasses.replace(contract.files[0], names=names),)
    contract = dataclasses.replace(contract, files=files)
    stand_in = Fingertips(shelf)

    def areas_asked() -> set[str]:
        return {r.query["child_area_type_id"] for r in server.requests if "all_data" in r.path}

    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        ask(contract, environment, tmp_path, home)
        assert areas_asked() == {"502"}
        server.requests.clear()
        stand_in.area_types[602] = ("Upper tier (post 4/27)", "Counties & UAs (from Apr 2027)")
        stand_in.types = (*stand_in.types, 602)
        found = ask(contract, environment, tmp_path, home)
        assert areas_asked() == {"602"}
        assert found.releases[0].model_extra["area_type"].startswith("602")
        assert found.releases[0].model_extra["year_type"] == "Financial"
        # The files differ in name alone, and so does the release.
        assert [r.folder for r in home.held("fingertips", "90284")] == ["2023-03", "2023-03+2"]


def test_an_indicator_without_a_day_of_upload_is_lost_or_new_every_night(tmp_path: Path) -> None:
    kind = KINDS["fingertips"]
    shelf = kind.shelf()
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    stand_in = Fingertips(shelf)
    stand_in.undated = {kind.publication}
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        first = ask(contract, environment, tmp_path, home)
        assert (first.problems, len(first.releases)) == ([], 1)
        assert "the day on which it was first seen" in first.releases[0].note
        again = ask(contract, environment, tmp_path, home)
        assert (again.problems, again.releases) == ([], [])
        shelf.newest(kind.publication).files[kind.file] = kind.body(777)
        assert len(ask(contract, environment, tmp_path, home).releases) == 1
        assert ask(contract, environment, tmp_path, home).releases == []
        bodies = [home.read(r, r.files[0]) for r in home.held("fingertips", kind.publication)]
        assert bodies == [kind.body(0), kind.body(777)]


def test_a_header_without_rows_or_the_websites_export_passes_for_data(tmp_path: Path) -> None:
    kind = KINDS["fingertips"]
    shelf = kind.shelf()
    contract = kind.contract(tmp_path / "contracts")
    export = (
        b"\xef\xbb\xbfIndicator ID,Indicator Name,Parent Code,Area Code,AreaName,Compared to parent"
        b" value or percentiles\r\n90284,x,y,E09000001,A,<span>*</span>\r\n"
    )
    stand_in = Fingertips(shelf)
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        for body, cause in (
            (kind.body(1).split(b"\r\n")[0] + b"\r\n", "it has no data for this area type"),
            (export, "the website's own export"),
        ):
            server.fault = Fault(wrong.instead(body))
            (problem,) = ask(contract, environment, tmp_path).problems
            assert cause in problem.reason
        server.fault = None
        stand_in.types = (15, 6)
        (problem,) = ask(contract, environment, tmp_path).problems
        assert "no data for counties and unitary authorities" in problem.reason


def test_financial_years_are_read_as_academic_ones(tmp_path: Path) -> None:
    """Their labels look the same: only the metadata tells."""
    kind = KINDS["fingertips"]
    stand_in = Fingertips(kind.shelf())
    contract = kind.contract(tmp_path / "contracts")
    with Server(stand_in) as server:
        stand_in.year_types["90284"] = (3, "Academic")
        (problem,) = ask(contract, kind.environment(server.base), tmp_path).problems
        assert "its years are of the type Academic, and the contract reads financial_year" in str(
            problem
        )
        assert server.asked(lambda r: "all_data" in r.path) == 0


def is_file(request: Any) -> bool:
    return "/files" in request.path


def test_a_publication_that_was_renamed_is_lost(tmp_path: Path) -> None:
    """The service has nothing (404) under the old slug; its list of redirects tells the new one."""
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    stand_in = Ees(kind.shelf())
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        ask(contract, environment, tmp_path, home)
        stand_in.renamed[kind.publication] = "its-new-name"
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == found.warnings == found.releases == []
        assert "calls it its-new-name by now, not a-publication" in found.notes[0]
        server.requests.clear()
        found = ask(contract, environment, tmp_path, home)
        assert found.notes == [], "told once"
        assert server.asked() == 2
        (old,) = kind.shelf(2).publications[kind.publication][1:]
        stand_in.shelf.publications[kind.publication].append(old)
        found = ask(contract, environment, tmp_path, home)
        assert [r.release for r in found.releases] == ["2024"]
        # And back again, or on to a third name.
        stand_in.renamed[kind.publication] = "its-third-name"
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        stand_in.renamed.clear()
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == found.warnings == []
    assert [r.folder for r in home.held("ees", kind.publication)] == ["2023", "2024"]


def test_that_another_publication_goes_on_with_one_is_told_every_night_or_never(
    tmp_path: Path,
) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    stand_in = Ees(kind.shelf())
    stand_in.superseded[kind.publication] = "its-successor"
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        nights = [ask(contract, environment, tmp_path, home) for _ in range(3)]
        assert [found.problems for found in nights] == [[], [], []]
        assert [len(found.notes) for found in nights] == [1, 0, 0]
        assert "goes on with it as its-successor" in nights[0].notes[0]


def test_a_publication_that_is_no_more_passes_for_nothing_new(tmp_path: Path) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts", slug="never-heard-of")
    with Server(Ees(kind.shelf())) as server:
        (problem,) = ask(contract, kind.environment(server.base), tmp_path).problems
    assert "publications/never-heard-of: there is nothing (404)" in problem.reason


def test_a_release_that_was_relabelled_is_told_as_withdrawn_or_fetched_again(
    tmp_path: Path,
) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    stand_in = Ees(kind.shelf(2))
    _, new = stand_in.shelf.publications[kind.publication]
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        ask(contract, environment, tmp_path, home)
        stand_in.labels["2024"] = "2024-revised"
        server.requests.clear()
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == found.warnings == found.releases == []
        assert server.asked(is_file) == 0
        new.files[kind.file] = kind.body(99)
        new.amended += 1
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == found.warnings == []
        held = home.held("ees", kind.publication)
        assert [r.folder for r in held] == ["2023", "2024", "2024+2"]
        assert held[-1].model_extra["label"] == "2024-revised"
        assert held[-1].landing_page.endswith("/2024-revised")
        # Another release takes the slug that it had.
        stand_in.shelf.publications[kind.publication].append(
            Volume("2025", date(2026, 3, 31), {kind.file: kind.body(5)}, titles=new.titles)
        )
        stand_in.labels["2025"] = "2024"
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == found.warnings == []
        (third,) = found.releases
        assert third.release.startswith("2024-")
        assert third.release not in stand_in.labels.values()
        assert ask(contract, environment, tmp_path, home).releases == []


def test_a_release_of_an_archive_that_was_relabelled_is_fetched_again(tmp_path: Path) -> None:
    """An archive knows no ids of the service: its list of redirects tells what became of a slug."""
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    with Server(Ees(kind.shelf(2))) as server:
        ask(contract, kind.environment(server.base), tmp_path, home)
    for path in (tmp_path / "home").rglob("release.json"):
        document = json.loads(path.read_bytes())
        del document["upstream"]
        path.write_text(json.dumps(document))
    shutil.rmtree(tmp_path / "work")
    stand_in = Ees(kind.shelf(2))
    stand_in.labels["2023"] = "2023-final"
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        for _ in range(2):
            found = ask(contract, environment, tmp_path, home)
            assert found.problems == found.warnings == []
        assert [r.folder for r in home.held("ees", kind.publication)] == ["2023", "2024"]
        server.requests.clear()
        ask(contract, environment, tmp_path, home)
        assert server.asked() == 2


def two_files(kind: Any, folder: Path) -> Any:
    """A contract of two files: what a zip lacks is one of a release's."""
    contract = kind.contract(folder / "contracts")
    (first,) = contract.files
    second = dataclasses.replace(first, file_id="more", names=(r"^more\.csv$",))
    return dataclasses.replace(contract, files=(first, second))


@pytest.mark.parametrize("alone", [True, False], ids=["to be had alone", "not to be had"])
def test_a_zip_that_lacks_a_file_passes_for_the_whole_release(tmp_path: Path, alone: bool) -> None:
    """The service leaves out what it cannot read, and closes the zip properly."""
    kind = KINDS["ees"]
    contract = two_files(kind, tmp_path)
    home = HomeArchive(tmp_path / "home")
    stand_in = Ees(kind.shelf())
    volume = stand_in.shelf.newest(kind.publication)
    volume.files |= {"more.csv": csv_of(7), "unread.csv": csv_of(8)}
    whole = {n: b for n, b in volume.files.items() if n != "unread.csv"}
    # Kept for an hour: a file that can be read again is not in the zip yet.
    cached = {"more.csv", "unread.csv"}
    stand_in.unreadable = set(cached)

    class Cached(Ees):
        def _file(self, version: str, file: str) -> Any:
            kept, stand_in.unreadable = stand_in.unreadable, set() if alone else cached
            try:
                return super()._file(version, file)
            finally:
                stand_in.unreadable = kept

    stand_in.__class__ = Cached
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        found = ask(contract, environment, tmp_path, home)
        (release,) = home.held("ees", kind.publication)
        if not alone:
            for _ in range(2):
                (problem,) = found.problems
                assert problem.path.endswith("/2023")
                assert "incomplete: its publisher lists more.csv, and could not give it" in str(
                    problem
                )
                assert release.missing == ("more.csv",)
                assert set(release.hashes) == {kind.file}
                found = ask(contract, environment, tmp_path, home)
            home.record_verdict(release, {"digest": "of one file"})
            stand_in.unreadable.clear()
            found = ask(contract, environment, tmp_path, home)
            (release,) = home.held("ees", kind.publication)
            assert home.verdict(release) is None
        assert found.problems == []
        assert (release.folder, release.missing) == ("2023", ())
        assert {f.name: home.read(release, f) for f in release.files} == whole
        assert not [f for f in home.verify() if isinstance(f, Problem)]
        server.requests.clear()
        assert ask(contract, environment, tmp_path, home).problems == []
        assert server.asked(is_file) == 0
    assert [r.folder for r in home.held("ees", kind.publication)] == ["2023"]


def test_a_release_amended_late_passes_for_the_newest_by_the_day_that_is_displayed(
    tmp_path: Path,
) -> None:
    """A team may display an amendment's day as the day of publication."""
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    for told in (True, False):
        folder = tmp_path / str(told)
        home = HomeArchive(folder / "home")
        stand_in = Ees(kind.shelf(2))
        old, new = stand_in.shelf.publications[kind.publication]
        old.amended, old.amended_on = 1, date(2030, 1, 1)
        stand_in.displayed[old.release] = old.changed

        class Silent(Ees):
            def _updates(self, slug: str, release: str, request: Any) -> Any:
                return wrong.Reply(b"{}", 404)

        if not told:
            stand_in.__class__ = Silent
        with Server(stand_in) as server:
            ask(contract, kind.environment(server.base), folder, home)
        first, newest = home.held("ees", kind.publication)
        assert (first.release, newest.release) == (old.release, new.release)
        assert newest.published == new.published
        assert first.note is not None
        assert first.note.startswith("as amended on 2030-01-01")
        if told:
            assert first.published == old.published
        else:
            assert first.published < new.published
            assert "before the release that its publisher lists above it" in first.note


@needs_published
def test_a_table_of_a_zip_is_lost_where_its_file_was_renamed(tmp_path: Path) -> None:
    """Only where the release lacks a table that the one before had is a zip looked through."""
    shelf = Shelf.of(PUBLISHED, "ees")
    shelf.publications = {IN_NEED: shelf.publications[IN_NEED]}
    newest = shelf.newest(IN_NEED)
    (before,) = [name for name in newest.files if name.startswith("c1")]
    renamed = "Referrals by council (final v2).csv"
    newest.files[renamed] = newest.files.pop(before)
    contract = load_contracts()[IN_NEED]
    home = HomeArchive(tmp_path / "home")
    newest.files["of no use.csv"] = csv_of(1)
    with Server(Ees(shelf)) as server:
        environment = {"CORE_MEASURES_EES_URL": f"{server.base}/api"}
        for version in (1, 2):
            found = ask(contract, environment, tmp_path, home)
            assert found.problems == found.warnings == []
            last = home.held("ees", IN_NEED)[-1]
            assert (last.release, last.version) == (newest.release, version)
            assert home.read(last, next(f for f in last.files if f.name == renamed))
            assert "of no use.csv" not in last.hashes
            # It is kept in an amendment of the release, too.
            newest.files[renamed] = newest.files[renamed].replace(b"Leeds", b"Leeds ")
            newest.amended += 1


def test_an_archive_in_an_object_store_cannot_be_read(tmp_path: Path) -> None:
    import fsspec

    kind = KINDS["archive"]
    theirs = tmp_path / "theirs"
    with Server(kind.stand_in(kind.shelf())) as server:
        contract = kind.contract(tmp_path / "contracts")
        ask(contract, kind.environment(server.base), tmp_path, HomeArchive(theirs))
    store = fsspec.filesystem("memory")
    store.put(str(theirs), "/core-measures-live", recursive=True)
    contract = kind.contract(tmp_path / "contracts", address="memory://core-measures-live")
    home = HomeArchive(tmp_path / "home")
    assert ask(contract, {}, tmp_path, home).problems == []
    assert [r.release for r in home.held("ons", kind.publication)] == ["2023"]
    store.rm("/core-measures-live/ons/a-publication/2023/figures.csv")
    shutil.rmtree(tmp_path / "home/ons")
    shutil.rmtree(tmp_path / "work")
    (problem,) = ask(contract, {}, tmp_path, home).problems
    assert "it cannot be read" in problem.reason
    store.rm("/core-measures-live", recursive=True)


def test_rows_of_nomis_are_missing_and_nobody_notices(tmp_path: Path) -> None:
    kind = KINDS["nomis"]
    shelf = kind.shelf()
    rows_of = "".join(f"2024,E{n:08d},{n}\r\n" for n in range(60_001))
    whole = f"time_period,new_la_code,value\r\n{rows_of}".encode()
    shelf.newest(kind.publication).files[kind.file] = whole
    contract = kind.contract(tmp_path / "contracts", size_limit_mb=10)
    home = HomeArchive(tmp_path / "home")
    with Server(Nomis(shelf)) as server:
        environment = kind.environment(server.base)
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert server.asked(lambda r: r.path.endswith(".data.csv")) == 3
        (release,) = home.held("ons", kind.publication)
        lines = home.read(release, release.files[0]).split(b"\r\n")
        assert [line.split(b",")[1] for line in lines[1:-1]] == [
            f"E{n:08d}".encode() for n in range(60_001)
        ]
        assert lines[0].count(b",") == lines[1].count(b",")

        def short(handler: Any, _: Any, reply: Any) -> None:
            handler.reply(wrong.Reply(b"\r\n".join(reply.body.split(b"\r\n")[:1]) + b"\r\n"))

        shelf.newest(kind.publication).amended += 1
        server.fault = Fault(short, times=None)
        (problem,) = ask(contract, environment, tmp_path, home).problems
        assert "a header, and no row under it" in problem.reason


def test_stat_xplore_without_a_key_is_a_fault_or_the_key_is_told(tmp_path: Path) -> None:
    kind = KINDS["stat_xplore"]
    contract = kind.contract(tmp_path / "contracts")
    with Server(kind.stand_in(kind.shelf())) as server:
        environment = kind.environment(server.base)
        without = {k: v for k, v in environment.items() if not k.endswith("KEY")}
        found = ask(contract, without, tmp_path)
        assert found.problems == []
        assert "ONS's copy of the figures serves" in (found.skipped or "")
        assert server.asked() == 0
        wrong_key = environment | {"CORE_MEASURES_STAT_XPLORE_KEY": "s3cr3t-Zx81"}
        found = ask(contract, wrong_key, tmp_path)
        (problem,) = found.problems
        assert "(403)" in problem.reason
        assert server.asked() == 1, "403 is final"
        settings = Settings.from_environment(wrong_key)
        kept = "".join(p.read_text() for p in (tmp_path / "work").rglob("*.json"))
        assert "s3cr3t-Zx81" not in str(problem) + repr(settings) + kept


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_final_answer_of_the_statistics_api_is_asked_for_again(
    tmp_path: Path, status: int
) -> None:
    kind = KINDS["ees_statistics"]
    contract = kind.contract(tmp_path / "contracts")
    with Server(kind.stand_in(kind.shelf())) as server:
        server.fault = Fault(wrong.says(status), None)
        (problem,) = ask(contract, kind.environment(server.base), tmp_path).problems
        assert f"({status})" in problem.reason
        assert server.asked() == 1


def test_a_major_version_of_a_data_set_is_taken_without_a_look(tmp_path: Path) -> None:
    kind = KINDS["ees_statistics"]
    contract = kind.contract(tmp_path / "contracts")
    stand_in = EesStatistics(kind.shelf(30))
    home = HomeArchive(tmp_path / "home")
    with Server(stand_in) as server:
        environment = kind.environment(server.base)
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        held = home.held("ees", kind.publication)
        assert len(held) == 30, "versions come 20 a page"
        assert all(len(r.files) == 2 for r in held), "each with what it changed"
        changes = next(f for f in held[0].files if f.name.endswith("_changes.json"))
        assert json.loads(home.read(held[0], changes))["versionNumber"] == "1.0"
        stand_in.major = 2
        (problem,) = ask(contract, environment, tmp_path, home).problems
        assert "then pin 2.* in ingest/publications" in problem.reason


def test_an_archive_in_a_folder_is_brought_home_with_a_wrong_hash(tmp_path: Path) -> None:
    kind = KINDS["archive"]
    theirs = tmp_path / "theirs"
    with Server(kind.stand_in(kind.shelf(2))) as server:
        contract = kind.contract(tmp_path / "contracts")
        ask(contract, kind.environment(server.base), tmp_path, HomeArchive(theirs))
    contract = kind.contract(tmp_path / "contracts", address=str(theirs))
    home = HomeArchive(tmp_path / "home")
    assert ask(contract, {}, tmp_path, home).problems == []
    assert len(home.held("ons", kind.publication)) == 2
    assert ask(contract, {}, tmp_path, home).releases == []
    shutil.rmtree(tmp_path / "work")
    next(theirs.rglob("2024/figures.csv")).write_bytes(csv_of(666)[:-1] + b"!")
    shutil.rmtree(tmp_path / "home/ons/a-publication/2024")
    (problem,) = ask(contract, {}, tmp_path, home).problems
    assert problem.path.endswith("/2024")
    assert "hash" in problem.reason or "bytes" in problem.reason


# --- the session


def test_a_host_is_asked_by_more_than_four_at_once_or_in_a_rush(tmp_path: Path) -> None:
    stand_in = Ees(KINDS["ees"].shelf())
    with (
        Server(stand_in, latency=0.02) as server,
        Session(RequestPolicy(per_second=500)) as session,
    ):
        origin = Settings.from_environment({"CORE_MEASURES_EES_URL": server.base}).origins(
            "ees", ()
        )
        url = f"{server.base}/api/publications/a-publication"
        threads = [
            threading.Thread(
                target=session.get,
                args=(url, io.BytesIO()),
                kwargs={"allowed": origin, "limit": 9999},
            )
            for _ in range(24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.asked() == 24
        assert server.most_at_once <= 4
        assert {r.headers["user-agent"] for r in server.requests} == {"core-measures"}


def test_requests_follow_each_other_without_a_pause() -> None:
    from ingest.http.session import RateLimiter

    waited: list[float] = []

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            waited.append(seconds)

    from ingest.http import session as module

    real, module.time = module.time, Clock()  # type: ignore[assignment]
    try:
        gate = RateLimiter(0.1)
        for _ in range(4):
            gate.wait()
    finally:
        module.time = real
    assert [round(seconds, 3) for seconds in waited] == [0.1, 0.2, 0.3]


def test_retry_after_is_read_in_one_of_its_two_forms_only() -> None:
    from ingest.http.faults import retry_after

    assert retry_after("7") == 7.0
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0.0
    assert (retry_after("Fri, 01 Jan 2100 00:00:00 GMT") or 0) > 1e9
    assert retry_after("soon") is retry_after(None) is None


class Clock(threading.Event):
    """Remembers how long it was asked to wait for, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return False


def test_retry_after_is_not_waited_for_or_no_try_is_further_off_than_the_last() -> None:
    with Server(Ees(KINDS["ees"].shelf())) as server, Session(RequestPolicy(tries=5)) as session:
        settings = Settings.from_environment({"CORE_MEASURES_EES_URL": server.base})
        origin = settings.origins("ees", ())
        url = f"{server.base}/api/publications/a-publication"
        session._stopped = clock = Clock()
        server.fault = Fault(wrong.says(429, Retry_After="7"), None, times=3)
        assert session.get(url, io.BytesIO(), allowed=origin, limit=9999).status == 200
        assert clock.waited == [7.0, 7.0, 7.0]
        clock.waited.clear()
        server.fault = Fault(wrong.says(503), None)
        with pytest.raises(PublisherError, match="it cannot answer now"):
            session.get(url, io.BytesIO(), allowed=origin, limit=9999)
        assert len(clock.waited) == 4
        assert all(0 <= (w or 0) <= 2**n for n, w in enumerate(clock.waited)), "with jitter"
        session._stopped.set()
        server.requests.clear()
        with pytest.raises(PublisherError, match="the run was stopped"):
            session.get(url, io.BytesIO(), allowed=origin, limit=9999)
        assert server.asked() == 0


def test_a_host_that_is_out_of_reach_is_tried_at_length_by_each_publication() -> None:
    with Session(RequestPolicy(tries=3, backoff=0.001)) as session:
        session._stopped = clock = Clock()
        allowed = {("http", "127.0.0.1", 9)}
        for waits in (2, 0, 0):
            clock.waited.clear()
            with pytest.raises(PublisherError, match="it refuses the connection"):
                session.get("http://127.0.0.1:9/a", io.BytesIO(), allowed=allowed, limit=9)
            assert len(clock.waited) == waits


@pytest.mark.parametrize(
    ("variable", "value", "cause"),
    [
        ("CORE_MEASURES_EES_URL", "http://content.example.org/api", "is neither https nor"),
        ("CORE_MEASURES_EES_URL", "http://localhost:8000/api", "is neither https nor"),
        ("CORE_MEASURES_EES_URL", "https://me:s3cr3t@example.org", "no name and no password"),
        ("CORE_MEASURES_EES_URL", "file:///etc", "is no address of the web"),
        ("CORE_MEASURES_READ_SECONDS", "soon", "is no number"),
        ("CORE_MEASURES_TRIES", "0", "out of range"),
    ],
)
def test_the_environment_leads_requests_astray(
    tmp_path: Path, variable: str, value: str, cause: str
) -> None:
    with pytest.raises(CoreMeasuresError, match=cause) as told:
        Settings.from_environment({variable: value})
    assert "s3cr3t" not in str(told.value)
    outcome = command("refresh", "--home", tmp_path / "home", environment={variable: value})
    assert outcome.returncode == 1
    assert cause in outcome.stderr
    assert not (tmp_path / "home").exists()


def test_another_https_host_of_the_environment_is_asked(tmp_path: Path) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    (problem,) = ask(
        contract, {"CORE_MEASURES_EES_URL": "https://example.org/api"}, tmp_path
    ).problems
    assert "not among the hosts that its publication names; nothing was asked" in problem.reason


@pytest.mark.parametrize(
    "live",
    [
        {"hosts": ["https://publisher.invalid"]},
        {"hosts": []},
        {"slug": "../etc"},
        {"slug": "a?b"},
        {"size_limit_mb": 0},
        {"speed": "fast"},
        {"platform": "gopher"},
    ],
)
def test_a_block_that_makes_no_sense_is_read(tmp_path: Path, live: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="is not a valid contract: live"):
        KINDS["ees"].contract(tmp_path, **live)


def test_a_name_of_theirs_stands_for_something_of_ours(tmp_path: Path) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    for name in ("2024+2", "..", ".hidden", "a\\b", "a:b"):
        shelf = Shelf({kind.publication: [Volume(name, date(2024, 1, 1), {kind.file: b"a\n1\n"})]})
        with Server(Ees(shelf)) as server:
            found = ask(
                contract, kind.environment(server.base), tmp_path, HomeArchive(tmp_path / "h")
            )
        assert found.releases == [], name
        assert len(found.problems) == 1
    assert not list((tmp_path / "h").rglob("release.json"))
    for name in ("release.json", "verdict.json", "decisions.json", "upstream.json", ".x.csv"):
        files = {kind.file: csv_of(1), name: b"{}"}
        shelf = Shelf({kind.publication: [Volume("2024", date(2024, 1, 1), files)]})
        with Server(Ees(shelf)) as server:
            found = ask(
                contract, kind.environment(server.base), tmp_path, HomeArchive(tmp_path / "i")
            )
        for release in found.releases:
            assert set(release.hashes) == {kind.file}, name


def test_an_old_release_amended_late_passes_for_the_newest(tmp_path: Path) -> None:
    """On a first night its first version is not to be had, and a newer release is."""
    kind = KINDS["ees"]
    shelf = kind.shelf(2)
    old, new = shelf.publications[kind.publication]

    class Amended(Ees):
        def _entries(self, slug: str, request: Any) -> Any:
            reply = super()._entries(slug, request)
            document = json.loads(reply.body)
            for entry in document["results"]:
                if entry.get("slug") == old.release:
                    entry["lastUpdated"] = f"2030-01-0{1 + old.amended}T09:30:00Z"
            return dataclasses.replace(reply, body=json.dumps(document).encode(), headers={})

    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    with Server(Amended(shelf)) as server:
        environment = kind.environment(server.base)
        ask(contract, environment, tmp_path, home)
        first, newest = home.held("ees", kind.publication)
        assert (first.release, first.published) == (old.release, old.published)
        assert (newest.release, newest.published) == (new.release, new.published)
        assert first.note == "as amended on 2030-01-01; what was first published is not held"
        assert newest.note is None
        old.files[kind.file] = kind.body(99)
        old.amended += 1
        ask(contract, environment, tmp_path, home)
        _, second, last = home.held("ees", kind.publication)
        assert last == newest
        assert (second.folder, second.published) == (f"{old.release}+2", date(2030, 1, 2))


def test_old_releases_that_nobody_can_read_fail_every_night(tmp_path: Path) -> None:
    kind = KINDS["ees"]
    shelf = kind.shelf(2)
    old = shelf.publications[kind.publication][0]
    old.files = {"called_otherwise_then.csv": csv_of(1)}
    contract = kind.contract(tmp_path / "contracts")
    home = HomeArchive(tmp_path / "home")
    with Server(Ees(shelf)) as server:
        environment = kind.environment(server.base)
        found = ask(contract, environment, tmp_path, home)
        assert found.problems == []
        assert [n for n in found.notes if "called_otherwise_then.csv" in n]
        server.requests.clear()
        found = ask(contract, environment, tmp_path, home)
        assert (found.notes, found.releases) == ([], [])
        assert server.asked(lambda r: r.path.endswith("/files")) == 0
    # Since a day that is later, it is not even looked at.
    contract = kind.contract(tmp_path / "contracts", since="2024-01-01")
    with Server(Ees(shelf)) as server:
        found = ask(
            contract, kind.environment(server.base), tmp_path / "b", HomeArchive(tmp_path / "c")
        )
        assert [r.release for r in found.releases] == ["2024"]
        assert server.asked(lambda r: r.path.endswith("/files")) == 1


@contextmanager
def asked_once(
    tmp_path: Path, home: HomeArchive
) -> Iterator[tuple[Server, Path, Callable[[], Any]]]:
    """A publication that was asked for: its server, what is remembered of it, asking again."""
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    with Server(Ees(kind.shelf(2))) as server:
        again = partial(ask, contract, kind.environment(server.base), tmp_path, home)
        again()
        yield server, tmp_path / "work" / "live" / f"{kind.publication}.json", again


def test_a_memory_that_is_damaged_or_gone_brings_everything_home_again(tmp_path: Path) -> None:
    home = HomeArchive(tmp_path / "home")
    with asked_once(tmp_path, home) as (server, memory, again):
        for damaged in (b"{", b'{"seen": 7}', b"\xff\xfe", None):
            memory.unlink() if damaged is None else memory.write_bytes(damaged)
            server.requests.clear()
            assert again().releases == []
            # Each release says itself what it was fetched as.
            assert server.asked(lambda r: r.path.endswith("/files")) == 0
    assert len(home.held("ees", KINDS["ees"].publication)) == 2


def test_what_an_older_version_remembers_is_asked_for_whole_again(tmp_path: Path) -> None:
    """It kept the answers under a name of its own."""
    home = HomeArchive(tmp_path / "home")
    with asked_once(tmp_path, home) as (server, memory, again):
        remembered = json.loads(memory.read_bytes())
        assert remembered["responses"]
        remembered["told"] = remembered.pop("responses")
        memory.write_text(json.dumps(remembered))
        server.requests.clear()
        assert again().releases == []
        assert server.requests
        assert all(request.conditional for request in server.requests)


def test_a_disk_that_is_full_is_the_publishers_fault(tmp_path: Path) -> None:
    kind = KINDS["ees"]
    contract = kind.contract(tmp_path / "contracts")
    (tmp_path / "in the way").write_bytes(b"")
    with Server(Ees(kind.shelf())) as server, Session() as session, pytest.raises(OSError):
        settings = Settings.from_environment(kind.environment(server.base))
        fetch(contract, [], tmp_path / "in the way", session, settings, FetchState())

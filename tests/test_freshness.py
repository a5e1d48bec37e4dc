"""Whether a reader can tell how old what is held is, when it was asked for, and what is late."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import factory
import pytest
from conftest import command
from standins import Fault, Server, Shelf
from standins import server as wrong
from standins.ees import Ees
from standins.platforms import QUICK

from ingest.archive.held import HomeArchive
from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.publishers.memory import MEMORY, FetchState
from orchestration.definitions import build_definitions
from orchestration.defs.assets import publication_key
from orchestration.defs.checks import ON_TIME, released_on_time
from orchestration.pipeline.code import dbt_project
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.reporting.freshness import State, freshness_of
from warehouse.serve.home import Home

IN_NEED = "characteristics-of-children-in-need"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> list[Release]:
    archive = factory.lay_out(tmp_path_factory.mktemp("held"), publications=[IN_NEED])
    return [r for r in Archive(archive).releases("ees", IN_NEED) if isinstance(r, Release)]


def said(home: Home, next_expected: str | None) -> None:
    memory = FetchState.at(home.work / MEMORY, IN_NEED)
    memory.state.asked = datetime(2025, 3, 1, 2, 0, tzinfo=UTC)
    memory.state.next_expected = next_expected
    memory.save()


@pytest.mark.parametrize(
    ("next_expected", "today", "state", "days", "expected"),
    [
        # By the publisher's own word: a day, a month, a year.
        ("2025-10-30", "2025-10-30", State.fresh, 0, "2025-10-30"),
        ("2025-10-30", "2025-10-31", State.late, 1, "2025-10-30"),
        ("2025-10-30", "2025-11-26", State.late, 27, "2025-10-30"),
        ("2025-10-30", "2025-11-27", State.very_late, 28, "2025-10-30"),
        ("2025-10", "2025-10-31", State.fresh, 0, "October 2025"),
        ("2025-10", "2025-11-02", State.late, 2, "October 2025"),
        ("2025", "2025-12-31", State.fresh, 0, "2025"),
        # A day that the newest release (31 October 2024) has met says nothing of the next.
        ("2024-10-31", "2025-10-01", State.fresh, 0, "about October 2025"),
        ("soon", "2025-10-01", State.fresh, 0, "about October 2025"),
        # By last year's day, which moves by weeks.
        (None, "2025-12-29", State.fresh, 59, "about October 2025"),
        (None, "2025-12-30", State.late, 60, "about October 2025"),
        (None, "2026-04-29", State.very_late, 180, "about October 2025"),
    ],
)
def test_a_late_release_is_not_told_or_told_too_soon(
    tmp_path: Path,
    held: list[Release],
    next_expected: str | None,
    today: str,
    state: State,
    days: int,
    expected: str,
) -> None:
    home = Home(tmp_path)
    said(home, next_expected)
    contract = load_contracts()[IN_NEED]
    fresh = freshness_of(home, contract, held, date.fromisoformat(today))
    assert (fresh.state, fresh.days_late, fresh.expected) == (state, days, expected)
    assert bool(fresh.lateness) == (state in {State.late, State.very_late})
    assert fresh.asked_text == "2025-03-01 02:00"


def test_a_publication_that_was_never_held_or_asked_looks_fresh(tmp_path: Path) -> None:
    fresh = freshness_of(Home(tmp_path), load_contracts()[IN_NEED], [])
    assert (fresh.state, fresh.expected, fresh.asked_text) == (State.unknown, "", "never")


def test_a_late_publication_stays_green_in_dagster(tmp_path: Path, held: list[Release]) -> None:
    """Amber is a warning, red an error; neither blocks anything."""
    contract = load_contracts()[IN_NEED]
    key = publication_key(contract)
    home = Home(tmp_path)
    home.prepare()
    source = Archive(factory.lay_out(tmp_path / "sample", publications=[IN_NEED]))
    for release in held:
        home.archive.add(source, release)
    inventory = take_inventory(home)

    def shown(next_expected: str) -> tuple[bool, dg.AssetCheckSeverity]:
        said(home, next_expected)
        result = released_on_time(key, contract, inventory, home)
        assert result.check_name == ON_TIME
        return bool(result.passed), result.severity

    now = datetime.now(UTC).date()
    assert shown(now.isoformat())[0]
    yesterday = date.fromordinal(now.toordinal() - 1).isoformat()
    assert shown(yesterday) == (False, dg.AssetCheckSeverity.WARN)
    long_ago = date.fromordinal(now.toordinal() - 40).isoformat()
    assert shown(long_ago) == (False, dg.AssetCheckSeverity.ERROR)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    home = Home(tmp_path_factory.mktemp("definitions"))
    home.prepare()
    return build_definitions(dbt_project(home).manifest())


def test_a_night_that_was_missed_is_not_shown(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for publication in load_contracts().values():
        key = publication_key(publication)
        policy = graph.get(key).freshness_policy
        assert policy is not None
        assert policy.warn_window.to_timedelta().total_seconds() == 36 * 3600
        assert policy.fail_window.to_timedelta().total_seconds() == 84 * 3600
        assert dg.AssetCheckKey(key, ON_TIME) in graph.asset_check_keys


@pytest.fixture
def dfe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Ees, Server, Path]]:
    sample = factory.lay_out(tmp_path / "sample", publications=[IN_NEED])
    stand_in = Ees(Shelf.of(sample, "ees"))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(stand_in))
        home = tmp_path / "home"
        for name, value in QUICK.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CORE_MEASURES_EES_URL", f"{server.base}/api")
        monkeypatch.setenv("CORE_MEASURES_FINGERTIPS_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("CORE_MEASURES_HOME", str(home))
        monkeypatch.delenv("CORE_MEASURES_SOURCE", raising=False)
        yield stand_in, server, home


def test_the_sensor_misses_a_new_release_or_asks_for_a_run_for_nothing(
    definitions: dg.Definitions, dfe: tuple[Ees, Server, Path]
) -> None:
    stand_in, server, folder = dfe
    (sensor,) = definitions.sensors or []

    def look() -> dg.SensorExecutionData:
        context = dg.build_sensor_context(definitions=definitions)
        return sensor.evaluate_tick(context)  # type: ignore[union-attr]

    asked = look()
    (request,) = asked.run_requests
    assert request.run_config["resources"]["refresh"]["config"] == {
        "source": "live",
        "only": [IN_NEED],
    }
    assert not [r for r in server.requests if r.path.endswith("files")], "a look fetches nothing"
    home = Home(folder)
    home.prepare()
    collect(home, "live", only=(IN_NEED,))
    nothing = look()
    assert not nothing.run_requests
    # Those who could not be asked are named, and stop nobody.
    assert "Nothing new." in nothing.skip_message
    assert "90284" in nothing.skip_message
    stand_in.shelf.newest(IN_NEED).amended += 1
    (again,) = look().run_requests
    assert again.run_key != request.run_key
    assert look().run_requests[0].run_key == again.run_key, "once is enough"


def test_the_sensor_does_not_look_into_an_archive(
    definitions: dg.Definitions,
    dfe: tuple[Ees, Server, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, folder = dfe
    monkeypatch.setenv("CORE_MEASURES_SOURCE", str(tmp_path / "sample"))
    (sensor,) = definitions.sensors or []
    context = dg.build_sensor_context(definitions=definitions)
    (request,) = sensor.evaluate_tick(context).run_requests  # type: ignore[union-attr]
    assert request.run_config["resources"]["refresh"]["config"]["only"] == [IN_NEED]
    home = HomeArchive(folder / "archive")
    source = Archive(tmp_path / "sample")
    for release in source.releases("ees", IN_NEED):
        assert isinstance(release, Release)
        home.add(source, release)
    assert not sensor.evaluate_tick(context).run_requests  # type: ignore[union-attr]


def test_status_is_silent_of_what_was_asked_and_what_is_due(
    dfe: tuple[Ees, Server, Path],
) -> None:
    stand_in, _, folder = dfe
    stand_in.next_dates[IN_NEED] = {"year": "2031", "month": "10", "day": "23"}
    home = Home(folder)
    home.prepare()
    collect(home, "live", only=(IN_NEED,))
    oldest = stand_in.shelf.publications[IN_NEED][0]
    stand_in.unlisted.add(oldest.release)
    collect(home, "live", only=(IN_NEED,))
    told = command("status", "--home", folder).stdout
    (line,) = [line for line in told.splitlines() if IN_NEED in line and "│" in line]
    cells = [cell.strip() for cell in line.split("│")]
    assert f"{datetime.now(UTC):%Y-%m-%d}" in cells[7]
    assert cells[8:11] == ["nothing new", "2031-10-23", ""]
    (other,) = [line for line in told.splitlines() if "90284" in line and "│" in line]
    assert "never" in other
    assert "Withdrawn by its publisher" in told
    assert f"{IN_NEED} {oldest.release}: its publisher lists it no more" in told


def test_status_does_not_tell_nothing_new_from_what_could_not_be_had_or_asked(
    dfe: tuple[Ees, Server, Path],
) -> None:
    stand_in, server, folder = dfe
    home = Home(folder)
    home.prepare()

    def answer() -> str:
        collect(home, "live", only=(IN_NEED,))
        told = command("status", "--home", folder).stdout
        (line,) = [line for line in told.splitlines() if IN_NEED in line and "│" in line]
        return line.split("│")[8].strip()

    stand_in.unreadable = {n for n in stand_in.shelf.newest(IN_NEED).files if n.startswith("c1")}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert answer() == f"part of it could not be had, once since {today}"
    server.fault = Fault(wrong.says(503), None)
    assert answer() == f"could not be asked, 2 times since {today}"
    server.fault, stand_in.unreadable = None, set()
    assert answer() == "1 new"
    assert answer() == "nothing new"

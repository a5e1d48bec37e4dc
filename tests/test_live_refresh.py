"""A nightly run against the publishers: the command, real HTTP, and what users find afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import IN_NEED, NOT_IN_SAMPLE, PROJECT, command, copy_of, rows
from standins import Fault, Request, Server, Shelf
from standins import server as wrong
from standins.ees import Ees
from standins.fingertips import Fingertips
from standins.platforms import QUICK

from ingest.contracts.load import load_contracts
from ingest.sample import lay_out_sample
from orchestration.defs.assets import publication_key
from orchestration.defs.checks import loads_admitted
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.pipeline.source import LIVE
from warehouse.query import query
from warehouse.serve.home import Home

INJURIES = "90284"
# Of a warehouse, what differs from one build to another in every part of it.
WHOLE = (
    "select count(*), count(distinct publication), round(sum(value), 3),"
    " (select count(*) from marts.load_quality), (select count(*) from marts.dim_release)"
    " from marts.fct_core_measure"
)
HEAVY = {"dbt", "dagster", "dagster_dbt", "great_expectations"}


class Night:
    """Stand-ins for both platforms, serving the sample."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        sample = lay_out_sample(folder / "sample")
        self.ees = Ees(Shelf.of(sample, "ees"))
        self.fingertips = Fingertips(Shelf.of(sample, "fingertips"))
        self.dfe = stack.enter_context(Server(self.ees))
        self.ohid = stack.enter_context(Server(self.fingertips))
        # Those of these two platforms that the sample has.
        self.publications = [
            contract.publication
            for contract in load_contracts().values()
            if contract.live is not None
            and contract.live.platform in {"ees", "fingertips"}
            and contract.publication not in NOT_IN_SAMPLE
        ]
        self.everything = [o for p in self.publications for o in ("--only", p)]
        self.environment = QUICK | {
            "CORE_MEASURES_EES_URL": f"{self.dfe.base}/api",
            "CORE_MEASURES_FINGERTIPS_URL": f"{self.ohid.base}/api",
        }

    def refresh(self, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return command("refresh", "--home", home, *options, environment=self.environment)

    def asked_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are the publishers of this process too."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def quiet(self) -> None:
        for server in (self.dfe, self.ohid):
            server.requests.clear()
            server.fault = None


def is_file(request: Request) -> bool:
    return request.path.endswith("/files") or "all_data" in request.path


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with contextlib.ExitStack() as stack:
        yield Night(tmp_path_factory.mktemp("night"), stack)


@pytest.fixture(scope="module")
def live_home(night: Night, sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that held the same releases already, after its first night. Not to be changed."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("live") / "home")
    outcome = night.refresh(home, *night.everything)
    assert outcome.returncode == 0, outcome.stderr
    (home / "printed.txt").write_text(outcome.stdout)
    (home / "fetched.txt").write_text(
        str(night.dfe.asked(is_file) + night.ohid.asked(is_file)), "utf-8"
    )
    return home


@pytest.fixture
def home(live_home: Path, night: Night, tmp_path: Path) -> Path:
    night.quiet()
    return copy_of(live_home, tmp_path / "home")


@dataclass
class Met:
    """What two refreshes at once and ten readers met, and the home that they left."""

    home: Path
    ended: list[tuple[int, str, str]]
    answers: list[set[tuple[object, ...]]]
    faults: list[BaseException]
    fetched: int


FEW = ("--only", IN_NEED, "--only", INJURIES)


@pytest.fixture(scope="module")
def met(night: Night, second_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Met:
    """Two commands bring home what is new of two publications; ten readers never stop asking."""
    night.quiet()
    home = copy_of(second_home, tmp_path_factory.mktemp("met") / "home")
    warehouse = home / "warehouse" / "core_measures.duckdb"
    done = threading.Event()
    found = Met(home, [], [set() for _ in range(10)], [], 0)

    def read(number: int) -> None:
        # A pause, or they would leave the refreshes no processor: forty questions a second in all.
        while not done.wait(0.25):
            try:
                found.answers[number].update(query(warehouse, WHOLE).rows)
            except BaseException as error:
                found.faults.append(error)
                return

    readers = [threading.Thread(target=read, args=(n,)) for n in range(10)]
    for reader in readers:
        reader.start()
    try:
        both = [
            subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(home), *FEW],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=PROJECT,
                env=os.environ | {"PYTHONPATH": str(PROJECT)} | night.environment,
            )
            for _ in range(2)
        ]
        told = [process.communicate() for process in both]
    finally:
        done.set()
        for reader in readers:
            reader.join()
    found.ended = [
        (process.returncode, *printed) for process, printed in zip(both, told, strict=True)
    ]
    found.fetched = night.dfe.asked(is_file) + night.ohid.asked(is_file)
    return found


def test_publishers_give_other_bytes_than_their_files(
    live_home: Path, sample_home: Path, night: Night
) -> None:
    """Every release was fetched, and each was the very one that was held: nothing is new."""
    releases = [volume for volumes in night.ees.shelf.publications.values() for volume in volumes]
    # An indicator's newest file is all that there is of it.
    releases += [volumes[-1] for volumes in night.fingertips.shelf.publications.values()]
    assert int((live_home / "fetched.txt").read_text()) == len(releases) > 20
    assert "Nothing new" in (live_home / "printed.txt").read_text()
    held = sorted(p.parent.name for p in (live_home / "archive").glob("*/*/*/release.json"))
    before = sorted(p.parent.name for p in (sample_home / "archive").glob("*/*/*/release.json"))
    assert held == before
    assert (live_home / "builds" / "current").readlink() == (
        sample_home / "builds" / "current"
    ).readlink()


def test_a_night_with_nothing_new_asks_much_or_starts_the_heavy_libraries(
    home: Path, night: Night
) -> None:
    served = (home / "builds" / "current").readlink()
    outcome = subprocess.run(
        [
            *(sys.executable, "-X", "importtime", "-m", "orchestration.cli"),
            *("refresh", "--home", str(home), *night.everything),
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)} | night.environment,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert "Nothing new" in outcome.stdout
    assert night.dfe.asked() + night.ohid.asked() <= 2 * len(night.publications)
    # EES gives validators, and is asked on condition; Fingertips gives none.
    assert all(request.conditional for request in night.dfe.requests)
    assert night.dfe.asked(is_file) + night.ohid.asked(is_file) == 0
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()
    }
    assert "requests" in imported
    assert not imported & HEAVY
    assert (home / "builds" / "current").readlink() == served


def test_a_publisher_that_is_down_is_told_nowhere_or_stops_the_rest(
    met: Met, night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.quiet()
    home = copy_of(met.home, tmp_path / "home")
    newest = night.ees.shelf.newest(IN_NEED)
    (name,) = [n for n in newest.files if n.startswith("c1")]
    before = newest.files[name]
    night.ohid.fault = Fault(wrong.says(503), None)
    newest.files[name] = before.replace(b"Leeds", b"Leeds ")
    newest.amended += 1
    try:
        outcome = night.refresh(home, *FEW)
    finally:
        newest.files[name] = before
        newest.amended -= 1
    assert outcome.returncode == 2, outcome.stderr
    (line,) = [line for line in outcome.stdout.splitlines() if "failed to download" in line][1:]
    for told in (line, outcome.stderr):
        assert f"fingertips/{INJURIES}/listing" in told
        assert f"{night.ohid.base}/api/indicator_metadata" in told
        assert "it cannot answer now (503)" in told
    # The other publication came, and what was held of this one still serves.
    assert (home / "archive" / "ees" / IN_NEED / f"{newest.release}+2").is_dir()
    quality = rows(
        home,
        "select publication, release, check_name, observed from marts.load_quality"
        " where check_name = 'arrived_whole' and not success",
    )
    assert [row[:3] for row in quality] == [(INJURIES, "listing", "arrived_whole")]
    assert "503" in str(quality[0][3])
    served = f"select count(*) > 100 from marts.fct_core_measure where publication = '{INJURIES}'"
    assert rows(home, served) == [(True,)]
    status = command("status", "--home", home)
    assert "Failed to download: fingertips/90284/listing" in status.stdout
    # The asset shows it too.
    contract = load_contracts()[INJURIES]
    shown = loads_admitted(publication_key(contract), contract, take_inventory(Home(home)))
    assert not shown.passed
    assert "503" in str(shown.metadata["refused"].value)
    # And it comes right by itself.
    night.quiet()
    night.asked_by(monkeypatch)
    collect(Home(home), LIVE, only=(INJURIES,))
    assert "listing" not in command("status", "--home", home).stdout


def test_a_first_night_without_a_network_is_called_published(night: Night, tmp_path: Path) -> None:
    night.quiet()
    night.dfe.fault = night.ohid.fault = Fault(wrong.says(503), None)
    outcome = night.refresh(tmp_path / "home", *night.everything)
    assert outcome.returncode == 1
    last = outcome.stderr.strip().splitlines()[-1]
    assert "Nothing could be fetched and nothing is held, so nothing was published" in last
    assert not (tmp_path / "home" / "builds" / "current").exists()
    night.quiet()


def test_two_refreshes_at_once_or_ten_readers_meet_half_a_warehouse(
    met: Met, second_home: Path, night: Night
) -> None:
    assert [code for code, _, _ in met.ended] == [0, 0], met.ended
    assert met.faults == []
    before, after = rows(second_home, WHOLE), rows(met.home, WHOLE)
    assert before != after
    for answers in met.answers:
        assert answers and answers <= {*before, *after}
    assert sorted("Nothing new" in out for _, out, _ in met.ended) == [False, True]
    assert sum("waiting for it to end" in err for _, _, err in met.ended) == 1
    folders = sorted(p.name for p in (met.home / "archive" / "ees" / IN_NEED).iterdir())
    assert folders == ["2023", "2024", "2025"]
    # One of them fetched each, and the other found nothing to fetch.
    assert met.fetched == len(folders) + 1

"""What tests share: the command as a user runs it, and homes refreshed once for many tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import factory
import pytest
from filelock import FileLock

from ingest.reading.grids import read_table
from ingest.reading.loads import Load, with_release
from reliability.postgres import running, why_not
from tests.warm import Warm

if TYPE_CHECKING:
    from pyarrow import Table

IN_NEED = "characteristics-of-children-in-need"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
PROJECT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).parents[2] / "shared" / "published"

needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(),
    reason="needs the archive of files as published, ../shared/published, beside this project",
)

# Debian's browser.
CHROMIUM = Path("/usr/bin/chromium")

# Publications that are read and that the sample does not tell of: nothing of them is at hand, or
# nothing whole, or it is in a form that the sample is not written in.
NOT_IN_SAMPLE = {
    "90285": "not held",
    "conception-statistics": "a workbook of a form that only Excel of before 2007 writes",
    "family-homelessness": "not held",
    "injuries-aged-0-to-4": "not held",
    "mid-year-population-estimates": "ninety rows a council and sex, and of no measure",
    "neet-aged-16-to-18": "not held",
    "nomis-population-estimates": "not held",
    "primary-school-performance-tables": "not held",
    "state-funded-schools-latest-inspections": "held as a sample of a layout, of one council",
    "what-about-youth": "not held",
}

# Files in which no figure of a measure is printed: lists of areas, people and judgements, and
# records of settings and schools, which are counted afterwards.
NOT_OF_A_MEASURE = frozenset(
    {
        "childcare-providers-and-inspections",
        "get-information-about-schools",
        "local-authority-inspection-outcomes",
        "local-authority-school-places-scorecards",
        "lower-to-upper-tier-lookup",
        "mid-year-population-estimates",
        "nomis-population-estimates",
        "state-funded-schools-inspections-and-outcomes",
        "state-funded-schools-latest-inspections",
        "statistical-neighbours",
    }
)


# What is refused of the files as published, by publication and release, and why.
REFUSED = {
    "state-funded-schools-latest-inspections 2026-02-28": "a sample of a layout, of one council",
}
# Releases that lack what the one before had.
INCOMPLETE = {
    "children-looked-after-in-england-including-adoptions 2025": "no file of who ceased",
}


def table_as_published(load: Load) -> Table:
    """A real file's table as its contract reads it.

    Raises
    ------
    ReadError
        The file is not what its reading says.
    """
    data = (PUBLISHED / load.release.path / load.file.name).read_bytes()
    return with_release(load, read_table(data, load.contract.reading, load.contract.kept))


# A site takes seconds and most tests look at none; `site_home` has one.
os.environ.setdefault("CORE_MEASURES_SITE", "false")
# The tests themselves run side by side.
os.environ.setdefault("CORE_MEASURES_WORKERS", "1")
# A process that may keep no byte-code compiles all of ours each time that it starts.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the files that need the home of all that is published one goes first, the others last.

    It takes minutes to make, and processes that test other files meanwhile do not wait for it.
    """
    needing = [item.path for item in items if "published_home" in getattr(item, "fixturenames", ())]
    place = dict.fromkeys(needing, 2) | dict.fromkeys(needing[:1], 0)
    items.sort(key=lambda item: place.get(item.path, 1))


def command(
    *arguments: str | Path,
    environment: dict[str, str] | None = None,
    project: Path = PROJECT,
    at: datetime | None = None,
) -> subprocess.CompletedProcess[str]:
    """`core-measures …` in a process of its own, as a user runs it, its output captured.

    With `at` it takes that moment for now.
    """
    return _warm().run(
        "tests.on_a_day" if at else "orchestration.cli",
        [*([at.isoformat()] if at else []), *map(str, arguments)],
        environment=os.environ | {"PYTHONPATH": str(project)} | (environment or {}),
        folder=project,
        timeout=900,
    )


@lru_cache(maxsize=1)
def _warm() -> Warm:
    return Warm()


def refreshed(home: Path, source: str | Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A refresh of `home`, whatever its exit code."""
    return command("refresh", "--from", source, "--home", home, *options)


def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    """What the served warehouse answers."""
    from warehouse.query import query

    return query(home / "warehouse" / "core_measures.duckdb", sql).rows


def project_beside(folder: Path) -> Path:
    """A copy of the project's parts in a folder, to write into: `command(…, project=…)` runs it."""
    project = folder / "project"
    unwanted = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")
    for part in ("ingest", "expectations", "warehouse", "orchestration", "dbt_project"):
        shutil.copytree(PROJECT / part, project / part, ignore=unwanted)
    shutil.copy(PROJECT / "pyproject.toml", project)
    return project


def copy_of(home: Path, destination: Path) -> Path:
    """A home to damage, its links kept as links."""
    shutil.copytree(home, destination, symlinks=True)
    return destination


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A home that whoever of the test processes comes first makes, for all of them."""
    # Each process has its folder in the run's; alone, the run's folder is its own.
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / name / "home"
    with FileLock(shared / f"{name}.lock"):
        if not (shared / f"{name}.made").exists():
            # A maker that failed leaves nothing to be found by the next.
            shutil.rmtree(home.parent, ignore_errors=True)
            make(home)
            (shared / f"{name}.made").touch()
    return home


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home refreshed from the sample. Not to be changed."""

    def make(home: Path) -> None:
        outcome = refreshed(home, "sample")
        assert outcome.returncode == 0, outcome.stderr
        (home / "printed.txt").write_text(outcome.stdout)

    return made_once(tmp_path_factory, "sample", make)


@pytest.fixture(scope="session")
def site_home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's home with its site, as `core-measures site` makes it. Not to be changed."""

    def make(home: Path) -> None:
        outcome = command("site", "--home", copy_of(sample_home, home))
        assert outcome.returncode == 0, outcome.stderr

    return made_once(tmp_path_factory, "site", make)


@pytest.fixture(scope="session")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one publication, refreshed from its release of 2023. Not to be changed."""

    def make(home: Path) -> None:
        archive = factory.lay_out(
            home.parent / "archive", figures=factory.figures_of(IN_NEED, ["2023"])
        )
        outcome = refreshed(home, archive)
        assert outcome.returncode == 0, outcome.stderr

    return made_once(tmp_path_factory, "first", make)


@pytest.fixture(scope="session")
def second_home(first_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, refreshed again when 2024 had come, with its site. Not to be changed.

    The archive of both releases stands beside it, and Dagster's folder with what it was told.
    """

    def make(home: Path) -> None:
        archive = factory.lay_out(home.parent / "archive", figures=factory.figures_of(IN_NEED))
        copy_of(first_home, home)
        (home.parent / "dagster").mkdir()
        outcome = command(
            *("refresh", "--from", archive, "--home", home),
            environment={
                "CORE_MEASURES_SITE": "true",
                "DAGSTER_HOME": str(home.parent / "dagster"),
            },
        )
        assert outcome.returncode == 0, outcome.stderr
        (home / "printed.txt").write_text(outcome.stdout)

    return made_once(tmp_path_factory, "second", make)


# What stands in an environment and is to be seen nowhere else.
SECRET = "s3cr3t-Zx81-never-to-be-seen"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "CORE_MEASURES_TOKEN": SECRET,
    "DATABASE_URL": f"postgres://user:{SECRET}@localhost/db",
    "DBT_ENV_SECRET_TOKEN": SECRET,
}


@pytest.fixture(scope="session")
def refused_home(first_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first home when 2024 had come and one load of it was refused. Not to be changed.

    It is the newest referrals, which lack Leeds.

    The refresh was one for a machine to read, with secrets in its environment; beside the home
    stand its archive and, in `printed.json` and `said.txt`, what it printed.
    """

    def make(home: Path) -> None:
        archive = factory.lay_out(
            home.parent / "archive",
            figures=factory.figures_of(IN_NEED),
            faults=[
                factory.faults.drop_council(
                    factory.Where(IN_NEED, "2024", "referrals"), "E08000035"
                )
            ],
        )
        copy_of(first_home, home)
        outcome = command(
            *("refresh", "--from", archive, "--home", home, "--json"), environment=SECRETS
        )
        assert outcome.returncode == 2, outcome.stderr
        (home.parent / "printed.json").write_text(outcome.stdout)
        (home.parent / "said.txt").write_text(outcome.stderr)

    return made_once(tmp_path_factory, "refused", make)


@pytest.fixture(scope="session")
def two_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two publications, one of them in two releases. Not to be changed.

    Their archive stands beside it.
    """

    def make(home: Path) -> None:
        archive = home.parent / "archive"
        factory.lay_out(archive, figures=factory.figures_of(IN_NEED, ["2023"]))
        factory.lay_out(archive, figures=factory.figures_of(NEET, ["2021", "2023"]))
        outcome = refreshed(home, archive)
        assert outcome.returncode == 0, outcome.stderr

    return made_once(tmp_path_factory, "two", make)


@pytest.fixture(scope="session")
def laid_out_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of what is laid out as it may come, in three files of tests. Not to be changed.

    What its refresh wrote of it is in `said.txt`.
    """
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")
    import test_laid_out
    import test_series_brought
    import test_tables

    def make(home: Path) -> None:
        archive = home.parent / "archive"
        for part in (test_laid_out, test_series_brought, test_tables):
            part.lay_out(archive)
        outcome = refreshed(home, archive)
        assert outcome.returncode == 0, outcome.stderr + outcome.stdout
        (home / "said.txt").write_text(outcome.stderr)

    return made_once(tmp_path_factory, "laid-out", make)


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home refreshed from every file as published. Not to be changed."""
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")

    def make(home: Path) -> None:
        # As users refresh: with processes beside one another.
        outcome = command(
            *("refresh", "--from", PUBLISHED, "--home", home),
            environment={"CORE_MEASURES_WORKERS": "2"},
        )
        assert outcome.returncode == 2, outcome.stderr
        for word, named in (("Refused: ", REFUSED), ("Incomplete: ", INCOMPLETE)):
            told = [line for line in outcome.stderr.splitlines() if line.startswith(word)]
            assert {" ".join(line.split(":")[1].split()) for line in told} == set(named), told
        (home / "told.txt").write_text(outcome.stderr)
        (home / "printed.txt").write_text(outcome.stdout)

    return made_once(tmp_path_factory, "published", make)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what tests run from npm's registry, as its lock file has it."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm")

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROJECT / "tests" / "node" / name, folder)
        # Where no registry answers it is told so within seconds.
        patience = ("--fetch-retries=1", "--fetch-timeout=20000")
        options = ("--ignore-scripts", "--no-audit", "--no-fund", *patience)
        done = subprocess.run(
            ["npm", "ci", *options], cwd=folder, capture_output=True, text=True, check=False
        )
        (folder / "said.txt").write_text(done.stderr)

    folder = made_once(tmp_path_factory, "node", make)
    if not (folder / "node_modules" / "d3").is_dir():
        pytest.skip(f"npm installs nothing: {(folder / 'said.txt').read_text()[:200]}")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs a Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield chromium
        chromium.close()


def as_from_a_terminal() -> None:
    """No signal ignored or held back, whatever the tests themselves were started from."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def graphql(port: int, query: str) -> Any:
    """What Dagster's web server on a port of loopback answers; None while it does not."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]
    except (OSError, KeyError, ValueError):
        return None


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """PostgreSQL 15 on a port of loopback, in a folder of its own. It does not run as root."""
    if why := why_not():
        pytest.skip(why)
    with running() as server:
        yield server.port

"""How long a refresh takes and how much memory it needs, beside the floor and the aims.

    make bench
    python benchmarks/refresh.py [--archive ARCHIVE] [--runs 3]

Every run is a whole process, start of Python included. See `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
FLOOR = Path(__file__).with_name("floor.py")
HELD_BACK = "characteristics-of-children-in-need"
# What a refresh with nothing to do must not start.
HEAVY = ("dagster", "dbt", "great_expectations")

COLD_RATIO, COLD_SECONDS = 5.0, 60.0
NOTHING_NEW_SECONDS = 5.0
PEAK_MIB = 1024.0


@dataclass(frozen=True)
class Run:
    """One process: wall and processor seconds, peak resident memory in MiB."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Scenario:
    """The runs of one scenario."""

    name: str
    runs: list[Run]

    @property
    def wall(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.runs)

    @property
    def peak(self) -> float:
        return max(run.peak for run in self.runs)


def timed(command: list[str], stdin: str = "") -> Run:
    """Run a process to its end; a refresh may end in 2, since an archive may hold unsound loads."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as given:
        given.write(stdin)
        given.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdin=given, stdout=said, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 2):
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended in {child.returncode}:\n{said.read()}")
    # Kibibytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Run(wall, usage.ru_utime + usage.ru_stime, peak)


def refresh_command(archive: Path, home: Path, *python: str) -> list[str]:
    return [
        *(sys.executable, *python, "-m", "orchestration.cli", "refresh"),
        *("--from", str(archive), "--home", str(home)),
    ]


def scenario(name: str, runs: int, run: Callable[[], Run], *, keep_first: bool = True) -> Scenario:
    """Time something so many times; the first may be thrown away, having filled caches."""
    if not keep_first:
        run()
    found = [run() for _ in range(runs)]
    print(f"  {name}: {', '.join(f'{each.wall:.2f}' for each in found)} s", file=sys.stderr)
    return Scenario(name, found)


def elsewhere(function: Callable[..., T], *arguments: object) -> T:
    """Call something in a process of its own.

    A child's peak memory is never told below its parent's, so this process stays small: what
    needs our libraries, which are not, happens here.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def files_read(archive: Path) -> list[Path]:
    """The files of an archive that a refresh reads."""
    from ingest.archive.release import Release
    from ingest.archive.store import Archive
    from ingest.contracts.load import load_contracts
    from ingest.reading.loads import loads_of

    source = Archive(archive)
    return [
        archive / release.path / load.file.name
        for publication in load_contracts().values()
        for release in source.releases(publication.publisher, publication.publication)
        if isinstance(release, Release)
        for load in loads_of(publication, release)[0]
    ]


def newest_release(archive: Path) -> str:
    """The folder of the release that is held back from the archive and given back."""
    from ingest.archive.release import Release, in_order
    from ingest.archive.store import Archive
    from ingest.contracts.load import load_contracts

    publisher = load_contracts()[HELD_BACK].publisher
    found = [r for r in Archive(archive).releases(publisher, HELD_BACK) if isinstance(r, Release)]
    if not found:
        sys.exit(f"{archive} has no release of {HELD_BACK} to hold back")
    return in_order(found)[-1].path


def lay_out_sample(folder: Path) -> Path:
    """The sample as an archive."""
    from ingest import sample

    return sample.lay_out_sample(folder)


def cold(archive: Path, work: Path) -> Run:
    home = work / "cold"
    shutil.rmtree(home, ignore_errors=True)
    return timed(refresh_command(archive, home))


def one_new(archive: Path, home: Path, before: Path) -> Run:
    """The home stands at the same path each time, since dbt parses anew in another."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(before, home, symlinks=True)
    return timed(refresh_command(archive, home))


def started_for_nothing(archive: Path, home: Path) -> list[str]:
    """Which heavy libraries a refresh with nothing new imports."""
    done = subprocess.run(
        refresh_command(archive, home, "-X", "importtime"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    imported = set(re.findall(r"\|\s+(\w+)(?:\.[\w.]+)?$", done.stderr, re.MULTILINE))
    return sorted(imported & set(HEAVY))


def measure(archive: Path, runs: int, work: Path) -> tuple[list[Scenario], list[str], str]:
    """Every scenario, the floor first; what a refresh for nothing started; what was read."""
    files = elsewhere(files_read, archive)
    paths = "\n".join(map(str, files))
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    floor = scenario(
        "floor", runs, lambda: timed([sys.executable, str(FLOOR)], paths), keep_first=False
    )
    cold_refresh = scenario("cold", runs, lambda: cold(archive, work))
    home = work / "cold"
    nothing_new = scenario(
        "nothing new", runs, lambda: timed(refresh_command(archive, home)), keep_first=False
    )
    started = started_for_nothing(archive, home)

    held_back = elsewhere(newest_release, archive)
    smaller, home, before = work / "archive", work / "home", work / "before"
    shutil.copytree(archive, smaller)
    aside = work / "held-back"
    (smaller / held_back).rename(aside)
    timed(refresh_command(smaller, home))
    shutil.copytree(home, before, symlinks=True)
    aside.rename(smaller / held_back)
    one = scenario("one new release", runs, lambda: one_new(smaller, home, before))
    read = f"{len(files)} files, {megabytes:.0f} MB"
    return [floor, cold_refresh, nothing_new, one], started, read


def met(aim: bool) -> str:
    return "met" if aim else "MISSED"


def table(scenarios: list[Scenario]) -> str:
    floor = scenarios[0]
    lines = [
        "| scenario | wall s, median (least to most) | x floor | processor s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    for each in scenarios:
        walls = [run.wall for run in each.runs]
        lines.append(
            f"| {each.name} | {each.wall:.2f} ({min(walls):.2f} to {max(walls):.2f})"
            f" | {each.wall / floor.wall:.1f} | {each.cpu:.2f} | {each.peak:.0f} |"
        )
    return "\n".join(lines)


def aims(scenarios: list[Scenario], started: list[str]) -> str:
    floor, cold_refresh, nothing_new, _ = scenarios
    ratio = cold_refresh.wall / floor.wall
    peak = max(each.peak for each in scenarios[1:])
    rows = [
        (f"cold <= {COLD_RATIO:g} x floor", f"{ratio:.1f} x", ratio <= COLD_RATIO),
        (
            f"cold < {COLD_SECONDS:g} s",
            f"{cold_refresh.wall:.1f} s",
            cold_refresh.wall < COLD_SECONDS,
        ),
        (
            f"nothing new <= {NOTHING_NEW_SECONDS:g} s",
            f"{nothing_new.wall:.2f} s",
            nothing_new.wall <= NOTHING_NEW_SECONDS,
        ),
        (
            "nothing new starts neither dbt nor Great Expectations",
            f"of {', '.join(HEAVY)}: {', '.join(started) or 'none'}",
            not {"dbt", "great_expectations"} & set(started),
        ),
        (f"peak < {PEAK_MIB:g} MiB", f"{peak:.0f} MiB", peak < PEAK_MIB),
    ]
    lines = ["| aim | found | |", "|---|---|---|"]
    lines += [f"| {aim} | {found} | {met(passed)} |" for aim, found, passed in rows]
    return "\n".join(lines)


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--archive",
        default="../shared/published",
        help="the folder of an archive, or `sample` (default: %(default)s)",
    )
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each scenario")
    options = parser.parse_args()
    for name in ("DAGSTER_HOME", "CORE_MEASURES_HOME"):
        os.environ.pop(name, None)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="core-measures-bench-") as folder:
        work = Path(folder)
        if options.archive == "sample":
            archive = elsewhere(lay_out_sample, work / "sample")
        else:
            archive = (ROOT / options.archive).resolve()
            if not archive.is_dir():
                sys.exit(f"No archive at {archive}. Name one with --archive, or --archive sample.")
        scenarios, started, read = measure(archive, options.runs, work)
    print(f"{machine()}; load {load:.2f} before; {read}; {options.runs} runs each\n")
    print(table(scenarios), "", aims(scenarios, started), sep="\n")


if __name__ == "__main__":
    main()

"""How long a refresh takes and how much memory it needs, beside the floor and the aims.

    make bench
    python benchmarks/refresh.py [--archive ARCHIVE] [--runs 3] [--write]

Every run is a whole process, start of Python included. With `--write` the tables go into
`benchmarks/README.md`, which says what each is.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
FLOOR = Path(__file__).with_name("floor.py")
HELD_BACK = "characteristics-of-children-in-need"
# What a refresh with nothing to do must not start.
HEAVY = ("dagster", "dbt", "great_expectations")

README = Path(__file__).with_name("README.md")
COLD_RATIO = 5.0
COLD_SECONDS_OF_SAMPLE = 25.0
NOTHING_NEW_SECONDS = 0.5
ONE_NEW_OF_COLD = 0.2
SECONDS_A_LOAD = 0.15
COMMAND_SECONDS = {"--help": 0.3, 'sql "select 1"': 0.4, "status": 0.5}
AS_OF_SECONDS = 0.1
PEAK_MIB = 1024.0
# Of Linux's prctl(2).
PR_SET_CHILD_SUBREAPER = 36
# What outlives a process that was started here ends within so long.
SECONDS_FOR_ORPHANS = 30.0
# A process and its workers are looked at so often for their memory.
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Run:
    """One process with its workers: wall and processor seconds, peak memory of all in MiB.

    Memory that processes share counts once (their proportional set sizes, added); it is 0 where
    nobody looked, since looking takes a tenth of the time.
    """

    wall: float
    cpu: float
    peak: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """The timed runs of one scenario, and the peak memory of the run that was watched, in MiB."""

    name: str
    runs: list[Run]
    peak: float

    @property
    def wall(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.runs)


def timed(command: list[str], stdin: str = "", *, watched: bool = False) -> Run:
    """Run a process to its end; a refresh may end in 2, since an archive may hold unsound loads.

    With `watched` its memory is looked at meanwhile, and it is slower for that.
    """
    adopt_orphans()
    others = children_of(os.getpid())
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as given:
        given.write(stdin)
        given.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdin=given, stdout=output, stderr=output)
        ended, looks = threading.Event(), [0.0]
        looking = threading.Thread(target=look_at_memory, args=(child.pid, ended, looks))
        if watched:
            looking.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        ended.set()
        if watched:
            looking.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime + seconds_of_orphans(others)
        if child.returncode not in (0, 2):
            output.seek(0)
            sys.exit(f"{' '.join(command)} ended in {child.returncode}:\n{output.read()}")
    # Kibibytes on Linux, bytes on macOS, where there is no looking at workers.
    alone = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    peak = max(looks) if sys.platform == "linux" else alone
    return Run(wall, cpu, (peak or alone) if watched else 0.0)


def adopt_orphans() -> None:
    """Wait for what outlives a process that was started here as for a child of this one.

    The server that workers are forked from ends after the refresh, and has their seconds.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def seconds_of_orphans(others: set[int]) -> float:
    """Processor seconds of those that it left, once they have ended; `others` were there before."""
    seconds, until = 0.0, time.monotonic() + SECONDS_FOR_ORPHANS
    while left := children_of(os.getpid()) - others:
        for orphan in left:
            with contextlib.suppress(ChildProcessError):
                ended, _, usage = os.wait4(orphan, os.WNOHANG)
                seconds += (usage.ru_utime + usage.ru_stime) if ended else 0.0
        if time.monotonic() > until:
            sys.exit(f"It left processes that do not end: {sorted(left)}")
        time.sleep(0.01)
    return seconds


def children_of(process: int) -> set[int]:
    """What a process started, or adopted; none where the system does not tell."""
    return {child for child, parent in parents().items() if parent == process}


def look_at_memory(process: int, ended: threading.Event, looks: list[float]) -> None:
    """Note the memory of a process and of all that it started, until it has ended."""
    while not ended.wait(SECONDS_BETWEEN_LOOKS) and sys.platform == "linux":
        looks.append(sum(map(own_memory, family_of(process))))


def family_of(process: int) -> set[int]:
    """A process, and all that it or they started."""
    found, family = parents(), {process}
    while more := {one for one, parent in found.items() if parent in family} - family:
        family |= more
    return family


def parents() -> dict[int, int]:
    """Every process and the one that it is a child of, where the system tells."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            # Behind the name, which may hold anything: state and parent.
            found[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    return found


def own_memory(process: int) -> float:
    """MiB of a process, what it shares with others divided among them; 0 where it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 2**10
    return 0.0


def refresh_command(archive: Path, home: Path, *python: str) -> list[str]:
    return [
        *(sys.executable, *python, "-m", "orchestration.cli", "refresh"),
        *("--from", str(archive), "--home", str(home)),
    ]


def scenario(name: str, runs: int, run: Callable[[bool], Run]) -> Scenario:
    """Time something so many times, after a first run that fills caches and is watched."""
    watched = run(True)
    found = [run(False) for _ in range(runs)]
    print(f"  {name}: {', '.join(f'{each.wall:.2f}' for each in found)} s", file=sys.stderr)
    return Scenario(name, found, watched.peak)


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


def cold(archive: Path, work: Path, watched: bool) -> Run:
    home = work / "cold"
    shutil.rmtree(home, ignore_errors=True)
    return timed(refresh_command(archive, home), watched=watched)


def one_new(archive: Path, home: Path, before: Path, watched: bool) -> Run:
    """The home stands at the same path each time, since dbt parses anew in another."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(before, home, symlinks=True)
    return timed(refresh_command(archive, home), watched=watched)


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


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    scenarios: list[Scenario]
    commands: dict[str, Scenario]
    started: list[str]
    read: str
    steps: dict[str, float]
    loads: int
    as_of: float


def measure(archive: Path, runs: int, work: Path) -> Found:
    """Every scenario, the floor first; the commands on what was refreshed; a refresh's steps."""
    files = elsewhere(files_read, archive)
    paths = "\n".join(map(str, files))
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    floor = scenario(
        "floor", runs, lambda look: timed([sys.executable, str(FLOOR)], paths, watched=look)
    )
    # The first parses dbt's project, and keeps that for all homes of a user.
    cold_refresh = scenario("cold", runs, lambda look: cold(archive, work, look))
    home = work / "cold"
    steps, loads = steps_of(home)
    nothing_new = scenario(
        "nothing new", runs, lambda look: timed(refresh_command(archive, home), watched=look)
    )
    started = started_for_nothing(archive, home)
    commands = {
        words: scenario(
            words,
            runs,
            partial(lambda line, look: timed(line, watched=look), command_line(words, home)),
        )
        for words in COMMAND_SECONDS
    }
    as_of = elsewhere(seconds_as_of, home)

    held_back = elsewhere(newest_release, archive)
    smaller, home, before = work / "archive", work / "home", work / "before"
    shutil.copytree(archive, smaller)
    aside = work / "held-back"
    (smaller / held_back).rename(aside)
    timed(refresh_command(smaller, home))
    shutil.copytree(home, before, symlinks=True)
    aside.rename(smaller / held_back)
    one = scenario("one new release", runs, lambda look: one_new(smaller, home, before, look))
    read = f"{len(files)} files, {megabytes:.0f} MB"
    scenarios = [floor, cold_refresh, nothing_new, one]
    return Found(scenarios, commands, started, read, steps, loads, as_of)


def command_line(words: str, home: Path) -> list[str]:
    """A command as it is installed, with the option to look at a home; the help has none."""
    installed = str(Path(sys.executable).with_name("core-measures"))
    of_home = [] if words.startswith("--") else ["--home", str(home)]
    return [installed, *shlex.split(words), *of_home]


def steps_of(home: Path) -> tuple[dict[str, float], int]:
    """How long each step of the last refresh took, and how many loads there are, by its metrics."""
    metrics = (home / "metrics" / "core_measures.prom").read_text("utf-8")
    steps = re.findall(
        r'^core_measures_step_seconds\{step="([^"]+)"\} (\S+)$', metrics, re.MULTILINE
    )
    loads = re.findall(r"^core_measures_loads\{[^}]+\} (\d+)$", metrics, re.MULTILINE)
    return {name: float(seconds) for name, seconds in steps}, sum(map(int, loads))


def seconds_as_of(home: Path) -> float:
    """Seconds for one council's figures as they were known a year ago, the median of five."""
    import duckdb

    found = []
    with duckdb.connect(str(home / "warehouse" / "core_measures.duckdb"), read_only=True) as con:
        for _ in range(6):
            began = time.perf_counter()
            con.execute(
                "select * from marts.core_measure_as_of((select max(published) from"
                " marts.dim_release) - interval 1 year) where council_code = 'E08000035'"
            ).fetchall()
            found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


def met(aim: bool) -> str:
    return "met" if aim else "MISSED"


def table(found: Found) -> str:
    floor = found.scenarios[0]
    lines = [
        "| scenario | wall s, median (least to most) | x floor | processor s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    for each in found.scenarios:
        walls = [run.wall for run in each.runs]
        lines.append(
            f"| {each.name} | {each.wall:.2f} ({min(walls):.2f} to {max(walls):.2f})"
            f" | {each.wall / floor.wall:.1f} | {each.cpu:.2f} | {each.peak:.0f} |"
        )
    lines += ["", "| step of the last cold refresh | s |", "|---|---|"]
    lines += [f"| {name} | {seconds:.1f} |" for name, seconds in found.steps.items()]
    return "\n".join(lines)


def aims(found: Found, *, is_sample: bool) -> str:
    floor, cold_refresh, nothing_new, one = found.scenarios
    ratio = cold_refresh.wall / floor.wall
    peak = max(each.peak for each in found.scenarios[1:])
    checking = found.steps.get("Checking loads", 0.0) / max(found.loads, 1)
    of_cold = one.wall / cold_refresh.wall
    cold_aim = (
        (
            f"cold <= {COLD_SECONDS_OF_SAMPLE:g} s",
            f"{cold_refresh.wall:.1f} s",
            cold_refresh.wall <= COLD_SECONDS_OF_SAMPLE,
        )
        if is_sample
        else (f"cold <= {COLD_RATIO:g} x floor", f"{ratio:.1f} x", ratio <= COLD_RATIO)
    )
    rows = [
        cold_aim,
        (
            f"checks <= {SECONDS_A_LOAD:g} s a load",
            f"{checking:.2f} s, {found.loads} loads",
            checking <= SECONDS_A_LOAD,
        ),
        (
            f"nothing new <= {NOTHING_NEW_SECONDS:g} s",
            f"{nothing_new.wall:.2f} s",
            nothing_new.wall <= NOTHING_NEW_SECONDS,
        ),
        (
            "nothing new starts neither dbt nor Great Expectations",
            f"of {', '.join(HEAVY)}: {', '.join(found.started) or 'none'}",
            not {"dbt", "great_expectations"} & set(found.started),
        ),
        (
            f"one new release <= {ONE_NEW_OF_COLD:g} of cold",
            f"{of_cold:.2f}",
            of_cold <= ONE_NEW_OF_COLD,
        ),
        *(
            (
                f"`{words}` <= {aim:g} s",
                f"{found.commands[words].wall:.2f} s",
                found.commands[words].wall <= aim,
            )
            for words, aim in COMMAND_SECONDS.items()
        ),
        (
            f"`core_measure_as_of(day)` for a council <= {AS_OF_SECONDS:g} s",
            f"{found.as_of:.3f} s",
            found.as_of <= AS_OF_SECONDS,
        ),
        (f"peak, workers together, <= {PEAK_MIB:g} MiB", f"{peak:.0f} MiB", peak <= PEAK_MIB),
    ]
    lines = ["| aim | found | |", "|---|---|---|"]
    lines += [f"| {aim} | {measured} | {met(passed)} |" for aim, measured, passed in rows]
    return "\n".join(lines)


def written(name: str, text: str) -> None:
    """Put a text between the two comments of that name in the README.

    Raises
    ------
    ValueError
        It has no such comments.
    """
    before, begin, rest = README.read_text("utf-8").partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not (begin and end):
        raise ValueError(f"{README} has no comments {name!r}")
    README.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", "utf-8")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}"


def leave_out_settings() -> None:
    """See that what is measured is what a user has, whatever this machine is set to."""
    # What is installed has its byte-code: where none may be kept each run would compile our own.
    for name in ("DAGSTER_HOME", "CORE_MEASURES_HOME", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--archive",
        default="../shared/published",
        help="the folder of an archive, or `sample` (default: %(default)s)",
    )
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each scenario")
    parser.add_argument("--write", action="store_true", help="write the tables into the README")
    options = parser.parse_args()
    leave_out_settings()
    load = os.getloadavg()[0]
    is_sample = options.archive == "sample"
    with tempfile.TemporaryDirectory(prefix="core-measures-bench-") as folder:
        work = Path(folder)
        if is_sample:
            archive = elsewhere(lay_out_sample, work / "sample")
        else:
            archive = (ROOT / options.archive).resolve()
            if not archive.is_dir():
                sys.exit(f"No archive at {archive}. Name one with --archive, or --archive sample.")
        found = measure(archive, options.runs, work)
    runs = f"{options.runs} runs each" if options.runs > 1 else "one run each"
    taken = f"{machine()}; load {load:.2f} before; {found.read}; {runs}."
    text = "\n".join([taken, "", table(found), "", aims(found, is_sample=is_sample)])
    print(text)
    if options.write:
        written("sample" if is_sample else "published", text)


if __name__ == "__main__":
    main()

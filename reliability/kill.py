"""Kills a refresh at many points, fills its disk, and makes its home read-only.

Run by `make reliability`; `tests/test_reliability.py` runs a few points of each. Every trial
starts from a home that serves the release of 2023 and refreshes it to that of 2024, so that the
old and the new answer differ, and asks afterwards:

- what readers find is the old build or the new one, whole, and marts and warehouse agree;
- the archive verifies;
- the next refresh ends as if nothing had happened: the undisturbed home's CSV, byte for byte;
- no file is left that the undisturbed home does not have.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reliability import trial
from reliability.trial import Forked

SEED = 20240229
# Steps by what has appeared in the home; `{pid}` is the refresh's own.
STEPS: dict[str, str] = {
    "bringing home": "archive/*/*/.partial-*",
    "release just home": f"archive/*/{trial.PUBLICATION}/{trial.NEW}",
    "writing Parquet": "loads/.*.partial-*",
    "verdict being written": f"archive/*/*/{trial.NEW}/.verdict.json*",
    "verdict written": f"archive/*/*/{trial.NEW}/verdict.json",
    "candidate begun": "work/core_measures.duckdb",
    "dbt building": "work/core_measures.duckdb.wal",
    "marts begun": "builds/.partial-*",
    "half the marts written": "builds/.partial-*/marts/fct_comparator*.csv",
    "marts written": "builds/.partial-*/marts/datapackage.json",
    "candidate moved": "builds/.partial-*/core_measures.duckdb",
    "record written": "builds/.partial-*/build.json",
    "before the links": "builds/2",
    "between the links": "builds/.link-*",
    "swapped": "builds/2/served",
}


@dataclass
class Outcome:
    """One trial: what was done, what readers found then, and everything that was wrong."""

    kind: str
    point: str
    code: int = 0
    found: str = ""
    message: str = ""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass
class Bench:
    """The undisturbed homes that every trial is compared with."""

    folder: Path
    new: Path
    before: Path
    after: Path
    seconds: float
    marts: dict[str, dict[str, str]]

    @classmethod
    def prepare(cls, folder: Path) -> Bench:
        """Lay out the archives, and refresh the home before and the home after."""
        homes = folder / "homes"
        homes.mkdir()
        trial.asked(lambda: [str(p) for p in trial.lay_out_archives(folder)], folder / "lay.log")
        old, new = folder / "old", folder / "new"
        before, after = homes / "before", homes / "after"
        _see(trial.refresh(old, before, folder / "before.log"))
        shutil.copytree(before, after, symlinks=True)
        begun = time.monotonic()
        _see(trial.refresh(new, after, folder / "after.log"))
        seconds = time.monotonic() - begun
        return cls.of_homes(folder, new, before, after, seconds)

    @classmethod
    def of_homes(cls, folder: Path, new: Path, before: Path, after: Path, seconds: float) -> Bench:
        """Of two homes that are there, the second refreshed from an archive in so many seconds."""
        marts = {"old": trial.marts_of(before), "new": trial.marts_of(after)}
        assert marts["old"] != marts["new"]
        return cls(folder, new, before, after, seconds, marts)

    def judge(self, home: Path, log: Path, outcome: Outcome) -> None:
        """What readers find after a disturbance, and whether the archive is sound."""
        served = trial.marts_of(home)
        names = [name for name, marts in self.marts.items() if marts == served]
        outcome.found = names[0] if names else "neither"
        if not names:
            outcome.faults.append("readers find neither the old marts nor the new ones")
        outcome.faults += trial.asked(lambda: trial.disagreements(home), log)
        outcome.faults += trial.asked(lambda: trial.unsound(home), log)

    def judge_next(self, home: Path, log: Path, outcome: Outcome) -> None:
        """Refresh again, and see that nothing tells that there was a disturbance."""
        code = trial.refresh(self.new, home, log).wait()
        if code != 0:
            outcome.faults.append(f"the next refresh ended with {code}: {_last(log)}")
        if trial.marts_of(home) != self.marts["new"]:
            outcome.faults.append("the next refresh published other bytes")
        outcome.faults += trial.asked(lambda: trial.disagreements(home), log)
        for what in (trial.files_of, trial.builds_of):
            if extra := sorted(what(home) - what(self.after)):
                outcome.faults.append(f"litter: {', '.join(extra[:5])}")
            if lost := sorted(what(self.after) - what(home)):
                outcome.faults.append(f"lost: {', '.join(lost[:5])}")


def _see(process: Forked) -> None:
    if process.wait() != 0:
        raise SystemExit(f"An undisturbed refresh failed:\n{process.output}")


def _last(log: Path) -> str:
    lines = log.read_text().strip().splitlines()
    return lines[-1][:300] if lines else ""


def killed(bench: Bench, name: str, point: str, until: Callable[[Path, Forked], None]) -> Outcome:
    """A refresh that is killed once `until` returns."""
    begun = time.monotonic()
    outcome = Outcome("kill", point)
    with trial.scratch(bench.folder) as folder:
        home, log = folder / "home", folder / "log"
        shutil.copytree(bench.before, home, symlinks=True)
        process = trial.refresh(bench.new, home, log)
        until(home, process)
        process.kill()
        outcome.code = process.code or 0
        bench.judge(home, folder / "asked", outcome)
        bench.judge_next(home, log, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome


def after(seconds: float) -> Callable[[Path, Forked], None]:
    """Wait so long, or until the refresh ends."""

    def wait(_: Path, process: Forked) -> None:
        until = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)

    return wait


def on_sight(pattern: str) -> Callable[[Path, Forked], None]:
    """Wait until a path of the home that fits the pattern appears, or the refresh ends."""
    # What is there for a moment only is looked for without a pause.
    pause = 0.0 if Path(pattern).name.startswith(".") else 0.002

    def wait(home: Path, process: Forked) -> None:
        while process.poll() is None:
            if pattern.endswith("/served"):
                current = home / "builds" / "current"
                if current.readlink().name == pattern.split("/")[1]:
                    return
            elif next(home.glob(pattern), None) is not None:
                return
            time.sleep(pause)

    return wait


def may_mount() -> str:
    """Why a file system cannot be mounted here; empty where it can."""
    if os.geteuid() != 0:
        return "only root mounts"
    with trial.scratch() as folder:
        try:
            mount(folder, "size=1m")
        except (OSError, subprocess.CalledProcessError) as error:
            return f"mounting is refused: {error}"
        unmount(folder)
    return ""


def mount(folder: Path, options: str) -> None:
    """Mount a small file system in memory, or mount it anew with other options."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )


def unmount(folder: Path) -> None:
    """Take it away again, whoever still has it open."""
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def room_of(home: Path) -> int:
    """The bytes a home takes on a disk, a page a file at least."""
    paths = [home, *home.rglob("*")]
    return sum((path.lstat().st_size // 4096 + 1) * 4096 for path in paths)


def disk_full(bench: Bench, room: int) -> Outcome:
    """A refresh whose disk has `room` bytes left, and then room enough."""
    begun = time.monotonic()
    outcome = Outcome("disk full", f"{room / 1e6:.2f} MB left")
    with trial.scratch(bench.folder) as folder:
        home, log = folder / "disk" / "home", folder / "log"
        home.parent.mkdir()
        mount(home.parent, f"size={room_of(bench.before) + room}")
        try:
            shutil.copytree(bench.before, home, symlinks=True)
            _fails_in_a_sentence(trial.refresh(bench.new, home, log), outcome)
            bench.judge(home, folder / "asked", outcome)
            mount(home.parent, "remount,size=1g")
            bench.judge_next(home, log, outcome)
        finally:
            unmount(home.parent)
    outcome.seconds = time.monotonic() - begun
    return outcome


def file_limited(bench: Bench, limit: int) -> Outcome:
    """A refresh none of whose files may grow past `limit` bytes: a full disk without root."""
    begun = time.monotonic()
    outcome = Outcome("file too large", f"{limit / 1e6:.2f} MB a file")
    with trial.scratch(bench.folder) as folder:
        home, log = folder / "home", folder / "log"
        shutil.copytree(bench.before, home, symlinks=True)
        _fails_in_a_sentence(trial.refresh(bench.new, home, log, limit), outcome)
        bench.judge(home, folder / "asked", outcome)
        bench.judge_next(home, log, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome


def read_only(bench: Bench) -> Outcome:
    """A refresh of a home on a disk that was mounted read-only, and then not."""
    begun = time.monotonic()
    outcome = Outcome("read-only home", "mounted read-only")
    with trial.scratch(bench.folder) as folder:
        home, log = folder / "disk" / "home", folder / "log"
        home.parent.mkdir()
        mount(home.parent, "size=1g")
        try:
            shutil.copytree(bench.before, home, symlinks=True)
            mount(home.parent, "remount,ro,size=1g")
            _fails_in_a_sentence(trial.refresh(bench.new, home, log), outcome)
            bench.judge(home, folder / "asked", outcome)
            mount(home.parent, "remount,rw,size=1g")
            bench.judge_next(home, log, outcome)
        finally:
            unmount(home.parent)
    outcome.seconds = time.monotonic() - begun
    return outcome


def _fails_in_a_sentence(process: Forked, outcome: Outcome) -> None:
    outcome.code = process.wait()
    # Python's own tracker of semaphores complains of a process that ends as a forked one does.
    lines = [line for line in process.output.splitlines() if "resource_tracker" not in line]
    last = (lines or [""])[-1][:300]
    if outcome.code not in (0, 1):
        outcome.faults.append(f"the refresh ended with {outcome.code}: {last}")
    if "Traceback" in process.output:
        outcome.faults.append(f"the user was shown a traceback: {last}")
    outcome.message = last if outcome.code else ""


GROUPS = ("times", "steps", "disks", "sizes", "read-only")


def trials(
    bench: Bench,
    points: int,
    sizes: int,
    seed: int,
    groups: Sequence[str] = GROUPS,
    named: Sequence[str] = (),
) -> list[Callable[[], Outcome]]:
    """The trials, each to be called once: points in time, named steps, disks and sizes of files.

    Among the points are the steps that are `named`; without a name all of them, if points are many.
    """
    drawn = random.Random(seed)
    steps = {name: STEPS[name] for name in named}
    if not steps and points >= 2 * len(STEPS):
        steps = STEPS
    moments = max(0, points - len(steps))
    at = [(slot + drawn.random()) * bench.seconds / moments for slot in range(moments)]
    found: dict[str, list[Callable[[], Outcome]]] = {group: [] for group in GROUPS}
    found["times"] = [
        lambda s=s: killed(bench, "kill", f"at {s:.2f} s", after(s))  # type: ignore[misc]
        for s in at
    ]
    found["steps"] = [
        lambda n=n, p=p: killed(bench, "kill", n, on_sight(p))  # type: ignore[misc]
        for n, p in steps.items()
    ]
    # What a refresh adds: from nothing at all to almost enough.
    most = room_of(bench.after) - room_of(bench.before)
    shares = [(i / sizes) ** 2 for i in range(sizes)]
    if may_mount() == "":
        found["disks"] = [lambda r=int(most * s): disk_full(bench, r) for s in shares]  # type: ignore[misc]
        found["read-only"] = [lambda: read_only(bench)]
    largest = (bench.after / "builds/current/core_measures.duckdb").resolve().stat().st_size
    limits = [int(largest * s) for s in shares[1:] if s] or [largest // 4]
    found["sizes"] = [lambda b=b: file_limited(bench, b) for b in limits]  # type: ignore[misc]
    planned = [trial for group in groups for trial in found[group]]
    # Shuffled, so that a run that is out of time has looked everywhere.
    drawn.shuffle(planned)
    return planned


def run(
    folder: Path,
    points: int,
    sizes: int,
    workers: int,
    within: float,
    groups: Sequence[str] = GROUPS,
    seed: int = SEED,
    named: Sequence[str] = (),
    homes: Sequence[Path] = (),
) -> tuple[Bench, int, list[Outcome]]:
    """Every trial, told as it ends, and how many were planned; none begins after `within` seconds.

    Loads the libraries first. `homes` are, where they are there already, the archive, the home
    before and the home after: how long the refresh took is then not known, and points are steps.
    """
    until = time.monotonic() + within
    trial.load_libraries()
    bench = Bench.of_homes(folder, *homes, seconds=0) if homes else Bench.prepare(folder)
    planned = trials(bench, points, sizes, seed, groups, named)

    return bench, len(planned), carry_out(planned, folder, workers, until)


def carry_out(
    planned: Sequence[Callable[[], Outcome]], folder: Path, workers: int, until: float
) -> list[Outcome]:
    """What became of each trial, told as it ends; none begins after that time."""

    # Workers are processes: what forks must have no threads.
    def work(worker: int) -> int:
        with (folder / f"outcomes-{worker}").open("w") as file:
            for each in planned[worker::workers]:
                if time.monotonic() > until:
                    break
                outcome = each()
                print(json.dumps(asdict(outcome)), file=file, flush=True)
                verdict = "; ".join(outcome.faults) or "sound"
                print(
                    f"{outcome.kind}, {outcome.point}: ended {outcome.code},"
                    f" {outcome.found} served: {verdict}. {outcome.message}"
                    f" ({outcome.seconds:.0f} s)",
                    flush=True,
                )
        return 0

    begun = [trial.fork(lambda w=w: work(w), None) for w in range(workers)]  # type: ignore[misc]
    codes = [process.wait(24 * 3600) for process in begun]
    if any(codes):
        raise SystemExit("A worker failed; its traceback stands above.")
    outcomes = [
        Outcome(**json.loads(line))
        for worker in range(workers)
        for line in (folder / f"outcomes-{worker}").read_text().splitlines()
    ]
    return sorted(outcomes, key=lambda outcome: outcome.kind)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials and write their figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--sizes", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--within", type=float, default=6 * 3600.0)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=(), metavar="STEP")
    parser.add_argument(
        "--homes", type=Path, nargs=3, metavar=("ARCHIVE", "OLD", "NEW"), default=()
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    with trial.scratch() as folder:
        bench, planned, outcomes = run(
            folder,
            given.points,
            given.sizes,
            given.workers,
            given.within,
            given.only,
            given.seed,
            given.steps,
            given.homes,
        )
        if given.json:
            document = {
                "refresh_seconds": bench.seconds,
                "seconds": time.monotonic() - begun,
                "cannot_mount": may_mount(),
                "planned": planned,
                "outcomes": [asdict(outcome) for outcome in outcomes],
            }
            given.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if any(outcome.faults for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())

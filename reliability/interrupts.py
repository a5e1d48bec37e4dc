"""Interrupts a refresh at many points by real signals, under the command and under Dagster.

Run by `make reliability`; `tests/test_reliability.py` runs a few points of each. As in `kill`,
every trial refreshes a home of the release of 2023 to that of 2024. SIGINT goes to all of its
processes, as Ctrl-C does; SIGTERM to the one that was started, as from who stops a service. What
`kill` asks of the home is asked here too, and besides:

- the exit code is 130 or 143;
- one sentence says so, once, and nothing is told of a fault;
- nobody is alerted that something failed;
- in Dagster's history the run is cancelled.

A point is a moment of a refresh that nobody disturbs, and is found again by how much it had printed
by then, since a machine is not as fast at all times. Both ways begin in a process that has the
libraries loaded, which is most of what a command takes to begin, and more so Dagster.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import runpy
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from reliability import kill, trial
from reliability.kill import Bench, Outcome
from reliability.trial import Forked

SENTENCES = {
    signal.SIGINT: "Interrupted. What is served is whole; nothing is half-done.",
    signal.SIGTERM: "Asked to end. What is served is whole; nothing is half-done.",
}
STAGES = ("Bringing home", "Checking loads", "Building", "Publishing")
COMMAND, DAGSTER = "command", "Dagster"
# What Dagster says when a run is no longer its own, and when ours begins.
_BEGUN, _AT_WORK = "RUN_START", "RESOURCE_INIT_SUCCESS"
# Much more than it takes: a machine may be held meanwhile.
_SECONDS_TO_END = 600.0


def load_libraries() -> None:
    """Import what both ways import, and open nothing."""
    import dagster_dbt  # noqa: F401

    import orchestration.definitions  # noqa: F401

    trial.load_libraries()


def begin(way: str, source: Path, home: Path, log: Path, webhook: str) -> Forked:
    """A refresh by the command or by Dagster's, begun, that hears signals as from a terminal."""

    def work() -> int:
        os.environ |= {
            "CORE_MEASURES_HOME": str(home),
            "CORE_MEASURES_SOURCE": str(source),
            "CORE_MEASURES_WEBHOOK": webhook,
            "DAGSTER_TELEMETRY_ENABLED": "false",
            # A line for each step that is done.
            "CORE_MEASURES_LOG": "json",
        }
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        temporary = log.with_suffix(".tmp")
        temporary.mkdir(exist_ok=True)
        os.environ["TMPDIR"] = str(temporary)
        os.chdir(trial.ROOT)
        if way == COMMAND:
            sys.argv = ["core-measures", "refresh", "--from", str(source)]
        else:
            os.environ["DAGSTER_HOME"] = str(history_of(home))
            history_of(home).mkdir()
            module = ("-m", "orchestration.definitions")
            sys.argv = ["dagster", "job", "execute", *module, "-j", "refresh"]
        try:
            runpy.run_module("orchestration.cli" if way == COMMAND else "dagster", None, "__main__")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    log.touch()
    return trial.fork(work, log)


def history_of(home: Path) -> Path:
    """The folder of Dagster's own, beside a home."""
    return home.with_name("dagster")


@dataclass(frozen=True)
class Course:
    """A refresh that nobody disturbed: how many lines it had printed after how many seconds.

    Under Dagster both count from where our part of the run begins.
    """

    lines: list[tuple[float, int]]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.lines[-1][0]

    def until(self, process: Forked, seconds: float) -> None:
        """Wait until another refresh is as far as this one was then, or ends."""
        since, lines = [line for line in self.lines if line[0] <= seconds][-1]
        while process.poll() is None and lines_of(process) < lines:
            time.sleep(0.005)
        kill.after(seconds - since)(Path(), process)


def lines_of(process: Forked) -> int:
    """How many lines a refresh has printed, of Dagster's those since our part of the run began."""
    output = process.output
    return output.partition(_AT_WORK)[2].count("\n") if _BEGUN in output else output.count("\n")


def on_stage(stage: str) -> Callable[[Forked], None]:
    """Wait until a refresh shows a stage, or ends."""

    def until(process: Forked) -> None:
        while process.poll() is None and stage_of(process.output) != stage:
            time.sleep(0.005)

    return until


def interrupted(
    bench: Bench,
    way: str,
    point: str,
    until: Callable[[Forked], None],
    number: signal.Signals,
    receiver: Receiver,
) -> Outcome:
    """A refresh that is sent a signal once `until` returns."""
    begun = time.monotonic()
    outcome = Outcome(f"{way}, {number.name}", point)
    with trial.scratch(bench.folder) as folder:
        home, log = folder / "home", folder / "log"
        shutil.copytree(bench.before, home, symlinks=True)
        process = begin(way, bench.new, home, log, receiver.address(folder.name))
        if way == DAGSTER:
            under_way(process)
        until(process)
        if process.poll() is None:
            (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
        try:
            outcome.code = process.wait(_SECONDS_TO_END)
        except TimeoutError:
            outcome.code, outcome.faults = -signal.SIGKILL, ["it went on"]
        output = re.sub(r"\x1b\[[0-9;?]*\w", "", process.output)
        outcome.message = stage_of(output)
        if outcome.code != 0:
            outcome.faults += wrong(way, number, outcome.code, output)
        outcome.faults += [f"an alert: {one}" for one in receiver.heard(folder.name)]
        # What was told, of a refresh that ended, is remembered.
        (home / "work" / "alerts.json").unlink(missing_ok=True)
        if way == DAGSTER:
            expected = "SUCCESS" if outcome.code == 0 else "CANCELED"
            found = trial.asked(lambda: statuses(history_of(home)), folder / "history")
            if found != [expected]:
                outcome.faults.append(f"in Dagster's history the run is {' '.join(found)}")
        bench.judge(home, folder / "asked", outcome)
        bench.judge_next(home, log, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome


def wrong(way: str, number: signal.Signals, code: int, output: str) -> list[str]:
    """What an interrupted refresh printed or ended with that it should not, as sentences."""
    faults = []
    if code != 128 + number:
        faults.append(f"the exit code is {code}")
    if (times := output.count(SENTENCES[number])) != 1:
        faults.append(f"the sentence stands there {times} times")
    words = ["leaked", "Aborted", "terminate called", "Failed", "Fatal Python error"]
    # Dagster shows in its log where an exception came from, its own of an interruption too.
    words += ["Traceback", "Error"] if way == COMMAND else ["DbtError", "STEP_FAILURE"]
    faults += [
        f"it printed: {line[:200]}" for line in output.splitlines() if any(map(line.count, words))
    ]
    return faults


def stage_of(output: str) -> str:
    """The last stage that was shown."""
    begun = [stage for line in output.splitlines() for stage in STAGES if stage in line]
    return begun[-1] if begun else "before the first"


def statuses(history: Path) -> list[str]:
    """What became of the runs that Dagster remembers."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(history)
    with dg.DagsterInstance.get() as instance:
        return [run.status.value for run in instance.get_runs()]


class Receiver:
    """A webhook on loopback, in a process of its own: what forks from here must have no threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._process = trial.fork(self._receive, None)

    def _receive(self) -> int:
        folder = self._folder

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with (folder / self.path.strip("/")).open("ab") as file:
                    file.write(body + b"\n")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(self._socket.getsockname(), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = self._socket
        server.serve_forever()
        return 0

    def address(self, name: str) -> str:
        """Where a trial's alerts go."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/{name}"

    def heard(self, name: str) -> list[str]:
        """What a trial alerted somebody of that speaks of a failure."""
        path = self._folder / name
        lines = path.read_text().splitlines() if path.exists() else []
        return [line[:300] for line in lines if "ailed" in line]

    def close(self) -> None:
        """Listen no more."""
        self._process.kill()
        self._socket.close()


def under_way(process: Forked) -> None:
    """Wait until our part of Dagster's run begins."""
    while process.poll() is None and _AT_WORK not in process.output:
        time.sleep(0.01)


def undisturbed(bench: Bench, way: str, receiver: Receiver) -> Course:
    """The course of a refresh."""
    with trial.scratch(bench.folder) as folder:
        home = folder / "home"
        shutil.copytree(bench.before, home, symlinks=True)
        process = begin(way, bench.new, home, folder / "log", receiver.address("undisturbed"))
        if way == DAGSTER:
            under_way(process)
        begun = time.monotonic()
        lines = [(0.0, 0)]
        while process.poll() is None:
            if (count := lines_of(process)) > lines[-1][1]:
                lines.append((time.monotonic() - begun, count))
            time.sleep(0.005)
        lines.append((time.monotonic() - begun, lines_of(process)))
        if process.code != 0 or trial.marts_of(home) != bench.marts["new"]:
            raise SystemExit(f"An undisturbed refresh failed:\n{process.output}")
        return Course(lines)


def run(
    folder: Path,
    points: int,
    workers: int,
    within: float,
    seed: int = kill.SEED,
    homes: Sequence[Path] = (),
    stages: Sequence[str] = (),
) -> tuple[dict[str, float], int, list[Outcome]]:
    """Every trial, told as it ends: how long each way took, how many were planned, what became.

    At every other point SIGINT is sent, at those between SIGTERM. `homes` are, where they are there
    already, the archive, the home before and the home after. With `stages` the points are where
    these begin, and no refresh is left alone to see how long it takes.
    """
    until = time.monotonic() + within
    load_libraries()
    bench = Bench.of_homes(folder, *homes, seconds=0) if homes else Bench.prepare(folder)
    receiver = Receiver(folder / "alerts")
    try:
        drawn = random.Random(seed)
        seconds: dict[str, float] = {}
        planned: list[Callable[[], Outcome]] = []
        for way in (COMMAND, DAGSTER):
            points_of_it: list[tuple[str, Callable[[Forked], None]]]
            if stages:
                points_of_it = [(stage, on_stage(stage)) for stage in stages]
            else:
                course = undisturbed(bench, way, receiver)
                seconds[way] = course.seconds
                at = [(slot + drawn.random()) * course.seconds / points for slot in range(points)]
                points_of_it = [(f"at {s:.2f} s", partial(course.until, seconds=s)) for s in at]
            for slot, (point, until_then) in enumerate(points_of_it):
                number = (signal.SIGINT, signal.SIGTERM)[slot % 2]
                planned.append(
                    partial(interrupted, bench, way, point, until_then, number, receiver)
                )
        drawn.shuffle(planned)
        return seconds, len(planned), kill.carry_out(planned, folder, workers, until)
    finally:
        receiver.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials and write their figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--within", type=float, default=3 * 3600.0)
    parser.add_argument("--seed", type=int, default=kill.SEED)
    parser.add_argument(
        "--homes", type=Path, nargs=3, metavar=("ARCHIVE", "OLD", "NEW"), default=()
    )
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=(), metavar="STAGE")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    with trial.scratch() as folder:
        seconds, planned, outcomes = run(
            folder,
            given.points,
            given.workers,
            given.within,
            given.seed,
            given.homes,
            given.stages,
        )
    if given.json:
        document = {
            "seconds": seconds,
            "planned": planned,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if any(outcome.faults for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Readers at work while one build after another is swapped in, and what each of them sees.

Run by `make reliability`; `tests/test_reliability.py` runs a few. Two finished builds, of the
release of 2023 and of 2024, are served in turn by `Home.serve`, each time from a fresh copy. Half
of the readers are processes, half are threads of one process, and they read in turn in the ways
in which the warehouse and the marts are read:

- `query`: the product's own call, a connection a question;
- `open`: one connection, kept open and asked again through several swaps;
- `link`: the warehouse opened by its link (processes only: DuckDB takes one path of one process
  for one database, so threads that share a process resolve the link first);
- `marts`: the folder resolved once, then every file of it by the data package's hashes;
- `both`: `builds/current` resolved once, then warehouse, CSV and Parquet of it, slowly.

An answer is torn if it is not wholly the one build's or the other's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reliability import trial

Signature = tuple[object, ...]
# How long a slow reader takes between finding a build and reading the last file of it.
SLOW_SECONDS = 1.5


@dataclass
class Seen:
    """What readers saw: answers by way of reading, torn answers, and errors."""

    answers: Counter[str] = field(default_factory=Counter)
    builds: Counter[str] = field(default_factory=Counter)
    torn: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class Reader:
    """One reader of a home, which knows the two right answers."""

    home: Path
    right: dict[str, Signature]
    marts: dict[str, str]
    threads: bool
    seen: Seen = field(default_factory=Seen)

    def ways(self) -> list[tuple[str, Callable[[], list[Signature]]]]:
        """The ways of reading, in turn."""
        ways = [
            ("query", self._query),
            ("open", self._open),
            ("marts", self._marts),
            ("both", self._both),
        ]
        return ways if self.threads else [*ways, ("link", self._link)]

    def read(self, until: Callable[[], bool], start: int) -> Seen:
        """Read in every way, in turn, until told to stop."""
        ways = self.ways()
        turn = start
        while not until():
            name, way = ways[turn % len(ways)]
            turn += 1
            try:
                answers = way()
            except Exception as error:  # whatever it is, it is a reader's error
                self.seen.errors.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
                continue
            known = [build for build, right in self.right.items() if {*answers} == {right}]
            if not known:
                self.seen.torn.append(f"{name}: {answers}")
            self.seen.answers[name] += 1
            self.seen.builds.update(known)
        return self.seen

    @property
    def _warehouse(self) -> Path:
        return self.home / "warehouse" / "core_measures.duckdb"

    def _query(self) -> list[Signature]:
        from warehouse.query import query

        return [query(self._warehouse, _SQL).rows[0]]

    def _open(self) -> list[Signature]:
        con = _connect(self._warehouse.resolve())
        try:
            answers = []
            for _ in range(4):
                answers.append(_ask(con, _SQL))
                time.sleep(SLOW_SECONDS / 4)
            return answers
        finally:
            con.close()

    def _link(self) -> list[Signature]:
        con = _connect(self._warehouse)
        try:
            return [_ask(con, _SQL), _ask(con, _SQL)]
        finally:
            con.close()

    def _marts(self) -> list[Signature]:
        folder = (self.home / "published" / "latest").resolve()
        package = json.loads((folder / "datapackage.json").read_bytes())
        for resource in package["resources"]:
            digest = hashlib.sha256((folder / resource["path"]).read_bytes()).hexdigest()
            if f"sha256:{digest}" != resource["hash"]:
                return [("hash of", resource["path"])]
        facts = hashlib.sha256((folder / "fct_core_measure.csv").read_bytes()).hexdigest()
        return [self.right[self.marts[facts]]]

    def _both(self) -> list[Signature]:
        import duckdb

        build = (self.home / "builds" / "current").resolve()
        con = _connect(build / "core_measures.duckdb")
        try:
            answers = [_ask(con, _SQL)]
        finally:
            con.close()
        with duckdb.connect(config={"threads": 1}) as con:
            for suffix, reader in (("csv", "read_csv"), ("parquet", "read_parquet")):
                time.sleep(SLOW_SECONDS / 2)
                path = str(build / "marts" / f"fct_core_measure.{suffix}").replace("'", "''")
                answers.append(_ask(con, trial.SIGNATURE.format(facts=f"{reader}('{path}')")))
        return answers


_SQL = trial.SIGNATURE.format(facts="marts.fct_core_measure")


def _connect(path: Path) -> object:
    """As the product opens it for readers, so that threads may share what they open."""
    from warehouse.query import connect

    return connect(path)


def _ask(con: object, sql: str) -> Signature:
    return con.execute(sql).fetchone()  # type: ignore[attr-defined, no-any-return]


def prepare(folder: Path, homes: tuple[Path, Path] | None) -> tuple[Path, dict[str, Path]]:
    """A home that serves the release of 2023, and its two builds to copy from.

    `homes` are two that serve them already; without them they are made.
    """
    home = folder / "home"
    builds = {name: folder / f"build-{name}" for name in ("old", "new")}
    if homes is not None:
        shutil.copytree(homes[0], home, symlinks=True)
        for build, made in zip(builds.values(), homes, strict=True):
            shutil.copytree((made / "builds" / "current").resolve(), build)
        return home, builds
    trial.asked(lambda: [str(p) for p in trial.lay_out_archives(folder)], folder / "lay.log")
    for name, build in builds.items():
        process = trial.refresh(folder / name, home, folder / f"{name}.log")
        if process.wait() != 0:
            raise SystemExit(f"A refresh failed:\n{process.output}")
        shutil.copytree((home / "builds" / "current").resolve(), build)
    return home, builds


def run(
    folder: Path,
    readers: int,
    swaps: int,
    pause: float,
    kept_seconds: float,
    homes: tuple[Path, Path] | None = None,
) -> dict[str, object]:
    """Swap so many times, so many seconds apart, under so many readers, and say what was seen.

    Builds are kept for `kept_seconds` after they were served, less than the product keeps them,
    so that some are removed under the readers' eyes.
    """
    import warehouse.serve.home

    warehouse.serve.home.SECONDS_KEPT = kept_seconds
    trial.load_libraries()
    home, builds = prepare(folder, homes)
    right: dict[str, Signature] = {}
    marts: dict[str, str] = {}
    for name, build in builds.items():
        answers = trial.asked(lambda b=build: [json.dumps(_signature(b))], folder / "asked")  # type: ignore[misc]
        right[name] = tuple(json.loads(answers[0]))
        facts = (build / "marts" / "fct_core_measure.csv").read_bytes()
        marts[hashlib.sha256(facts).hexdigest()] = name
    stop = folder / "stop"
    in_threads = readers // 2
    processes = [
        trial.fork(
            lambda n=n: _process(folder / f"seen-{n}", home, right, marts, stop, 1, n),  # type: ignore[misc]
            folder / f"reader-{n}.log",
        )
        for n in range(readers - in_threads)
    ]
    processes.append(
        trial.fork(
            lambda: _process(folder / "seen-t", home, right, marts, stop, in_threads, 0),
            folder / "reader-t.log",
        )
    )
    times, kept = _swap(home, builds, swaps, pause)
    stop.touch()
    codes = [process.wait() for process in processes]
    seen = [json.loads(path.read_text()) for path in folder.glob("seen-*")]
    answers: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for each in seen:
        answers.update(each["answers"])
        found.update(each["builds"])
    return {
        "readers": readers,
        "swaps": swaps,
        "answers": dict(sorted(answers.items())),
        "builds": dict(sorted(found.items())),
        "torn": [line for each in seen for line in each["torn"]],
        "errors": [line for each in seen for line in each["errors"]]
        + [f"a reader ended with {code}" for code in codes if code],
        "swap_seconds_median": statistics.median(times),
        "swap_seconds_longest": max(times),
        "kept_seconds": kept_seconds,
        "builds_kept_most": kept,
        "builds_removed": swaps + 2 - len(list((home / "builds").glob("[0-9]*"))),
        "slow_seconds": SLOW_SECONDS,
    }


def _swap(home: Path, builds: dict[str, Path], swaps: int, pause: float) -> tuple[list[float], int]:
    """Serve the builds in turn; how long each swap took, and how many builds were kept at most."""
    from warehouse.serve.home import Home

    place = Home(home)
    records = {name: json.loads((b / "build.json").read_bytes()) for name, b in builds.items()}
    times = []
    kept = 0
    for swap in range(swaps):
        name = ("old", "new")[swap % 2]
        with place.new_build() as partial:
            shutil.copytree(builds[name], partial, dirs_exist_ok=True)
            begun = time.monotonic()
            place.serve(partial, records[name])
            times.append(time.monotonic() - begun)
        kept = max(kept, len(list(place.builds.glob("[0-9]*"))))
        time.sleep(pause)
    return times, kept


def _signature(build: Path) -> Signature:
    con = _connect(build / "core_measures.duckdb")
    return _ask(con, _SQL)


def _process(
    file: Path,
    home: Path,
    right: dict[str, Signature],
    marts: dict[str, str],
    stop: Path,
    threads: int,
    start: int,
) -> int:
    """Some readers in this process; what they saw goes into `file`."""
    readers = [Reader(home, right, marts, threads > 1) for _ in range(threads)]
    running = [
        threading.Thread(target=reader.read, args=(stop.exists, start + number))
        for number, reader in enumerate(readers)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    whole = Seen()
    for reader in readers:
        whole.answers.update(reader.seen.answers)
        whole.builds.update(reader.seen.builds)
        whole.torn += reader.seen.torn
        whole.errors += reader.seen.errors
    file.write_text(json.dumps(vars(whole)))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the readers and write what they saw as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--kept", type=float, default=20.0)
    parser.add_argument("--homes", type=Path, nargs=2, metavar=("OLD", "NEW"))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    with trial.scratch() as folder:
        seen = run(folder, given.readers, given.swaps, given.pause, given.kept, given.homes)
    print(json.dumps(seen, indent=2))
    if given.json:
        given.json.write_text(json.dumps(seen, indent=2) + "\n")
    return 1 if seen["torn"] or seen["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())

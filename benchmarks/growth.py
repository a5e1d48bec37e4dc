"""What grows with the archive, and how: seconds, memory and spill of each step of a refresh.

    python benchmarks/growth.py [--times 1 6 30 100] [--held 500] [--limit 3600]
    python benchmarks/growth.py --times --held 0     # only the page, from the results kept

Archives are made by the layout factory: the sample's releases printed again in so many versions,
each with other figures than the one before. Each step of a refresh is
watched from outside, with its worker processes. Every finished size goes into `growth.json` at
once, and `docs/scale.md` is written from there. See `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from refresh import (
    ROOT,
    SECONDS_BETWEEN_LOOKS,
    Run,
    elsewhere,
    family_of,
    lay_out_sample,
    leave_out_settings,
    machine,
    newest_release,
    own_memory,
    refresh_command,
    timed,
)

RESULTS = Path(__file__).with_name("growth.json")
STAGES = Path(__file__).with_name("stages.py")
PAGE = ROOT / "docs" / "scale.md"
STEPS = ("collect", "check", "build", "publish")
EXPONENT, MEMORY_GIB, ONE_NEW_SECONDS, NOTHING_NEW_SECONDS = 1.1, 4.0, 60.0, 1.0
Results = dict[str, Any]


# --- archives


def lay_out_held(folder: Path, held: int) -> None:
    """An archive of about so many releases: the sample whole, and further versions of a part."""
    from ingest.sample import read_releases

    lay_out_sample(folder)
    more = held - len(list(folder.glob("*/*/*/release.json")))
    lay_out_versions(folder, round(more / len(read_releases())), first=2)


def lay_out_versions(folder: Path, versions: int, first: int = 1) -> None:
    """The sample's printed releases, each in so many versions, as an archive."""
    import pyarrow as pa

    from ingest.sample import lay_out, read_releases, reissued

    for publication in sorted({release.publication for release in read_releases()}):
        made = reissued(publication, versions, first=first)
        # Some at a time: figures are larger as a table than as files.
        while some := list(islice(made, 20)):
            tables, releases = zip(*some, strict=True)
            lay_out(folder, figures=pa.concat_tables(tables), releases=releases)


# --- watching


class Watch:
    """A process with all that it started: memory and processor time, and what DuckDB spills."""

    def __init__(self, process: int, spills: list[Path]) -> None:
        self.process = process
        self.spills = spills
        self.stage = ""
        self.peak: dict[str, float] = {}
        self.spilt: dict[str, float] = {}
        self._spent: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    @property
    def processor(self) -> float:
        """Processor seconds of every process that was seen."""
        return sum(self._spent.values())

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        stage = self.stage
        family = family_of(self.process)
        ticks = os.sysconf("SC_CLK_TCK")
        for one in family:
            with contextlib.suppress(OSError, IndexError, ValueError):
                # Behind the name, which may hold anything.
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                self._spent[one] = (int(fields[11]) + int(fields[12])) / ticks
        self.peak[stage] = max(self.peak.get(stage, 0.0), sum(map(own_memory, family)))
        self.spilt[stage] = max(self.spilt.get(stage, 0.0), sum(map(_size_of, self.spills)))

    def _look_on(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            self.look()


def _size_of(folder: Path) -> float:
    """MiB in DuckDB's folders for what it spills, below a folder."""
    found = 0
    for place, _, names in os.walk(folder):
        if place.endswith(".tmp"):
            for name in names:
                with contextlib.suppress(OSError):
                    found += (Path(place) / name).stat().st_size
    return found / 2**20


def refresh_watched(archive: Path, home: Path, limit: float) -> Results:
    """A cold refresh, step by step; `unfinished` names the step that the limit or a fault ended."""
    place = home.parent / "here"
    place.mkdir(exist_ok=True)
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, str(STAGES), str(archive), str(home)],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watch = Watch(child.pid, [home / "work", place])
    over = threading.Timer(limit, lambda: os.killpg(child.pid, signal.SIGKILL))
    over.start()
    steps: dict[str, Results] = {}
    last: Results = {}
    marks: list[tuple[str, float, float]] = []
    errors: list[str] = []
    listening = threading.Thread(target=lambda: errors.extend(child.stderr or []), daemon=True)
    listening.start()
    for line in child.stdout or []:
        if not line.startswith("{"):
            continue
        event = json.loads(line)
        watch.look()
        marks.append((event.get("stage", ""), time.perf_counter(), watch.processor))
        if "stage" in event:
            watch.stage = event["stage"]
            print(f"  {event['stage']} after {time.perf_counter() - began:.0f} s", file=sys.stderr)
        else:
            last = event
    child.wait()
    over.cancel()
    watch.end()
    marks.append(("", time.perf_counter(), watch.processor))
    for (stage, start, spent), (_, end, spent_then) in pairwise(marks):
        if stage:
            steps[stage] = {
                "seconds": round(end - start, 2),
                "processor_seconds": round(spent_then - spent, 2),
                "peak_mib": round(watch.peak.get(stage, 0.0)),
                "spilt_mib": round(watch.spilt.get(stage, 0.0), 1),
            }
    found: Results = {"steps": steps, **last}
    if not last:
        found["unfinished"] = watch.stage
        found["why"] = (
            f"the limit of {limit:.0f} s"
            if child.returncode == -signal.SIGKILL
            else " ".join("".join(errors[-3:]).split())[-400:]
        )
    return found


def rows_in(warehouse: Path) -> Results:
    """Rows of the loads and of the figures' vintages, and the size of the file."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as con:
        tables = con.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables()"
        ).fetchall()
    return {
        "rows": sum(size for schema, _, size in tables if schema == "loads"),
        "vintages": next(n for _, name, n in tables if name == "fct_core_measure_vintage"),
        "warehouse_mib": round(warehouse.stat().st_size / 2**20, 1),
    }


def measure_size(times: int, work: Path, limit: float) -> Results:
    folder = work / f"times-{times}"
    shutil.rmtree(folder, ignore_errors=True)
    archive, home = folder / "archive", folder / "home"
    archive.mkdir(parents=True)
    print(f"{times} times the sample's rows", file=sys.stderr)
    elsewhere(lay_out_versions, archive, times)
    bytes_held = sum(p.stat().st_size for p in archive.rglob("*") if p.is_file())
    load = os.getloadavg()[0]
    found = refresh_watched(archive, home, limit)
    warehouse = home / "warehouse" / "core_measures.duckdb"
    if warehouse.exists():
        found |= elsewhere(rows_in, warehouse)
        found["home_mib"] = round(_on_disk(home))
    shutil.rmtree(folder)
    return {"times": times, "archive_mib": round(bytes_held / 2**20), "load": load, **found}


def _on_disk(folder: Path) -> float:
    """MiB of a folder, a file with several names counted once."""
    sizes = {}
    for path in folder.rglob("*"):
        stat = path.lstat()
        sizes[stat.st_ino] = stat.st_blocks * 512
    return sum(sizes.values()) / 2**20


def measure_held(held: int, work: Path) -> Results:
    """Nothing new, and one new release, in a home of so many releases."""
    folder = work / "held"
    shutil.rmtree(folder, ignore_errors=True)
    archive, home, aside = folder / "archive", folder / "home", folder / "aside"
    archive.mkdir(parents=True)
    print(f"{held} releases held", file=sys.stderr)
    elsewhere(lay_out_held, archive, held)
    held_back = elsewhere(newest_release, archive)
    (archive / held_back).rename(aside)
    load = os.getloadavg()[0]
    command = refresh_command(archive, home)
    first = timed(command, watched=True)
    nothing = min((timed(command, watched=True) for _ in range(3)), key=lambda run: run.wall)
    aside.rename(archive / held_back)
    one = timed(command, watched=True)
    found = elsewhere(rows_in, home / "warehouse" / "core_measures.duckdb")
    count = len(list((home / "archive").glob("*/*/*/release.json")))
    shutil.rmtree(folder)
    runs = {"cold": first, "nothing_new": nothing, "one_new": one}
    return {"releases": count, "load": load, **found, **{k: _run(r) for k, r in runs.items()}}


def _run(run: Run) -> Results:
    return {
        "seconds": round(run.wall, 2),
        "processor_seconds": round(run.cpu, 2),
        "peak_mib": round(run.peak),
    }


# --- results


def read_results() -> Results:
    try:
        found: Results = json.loads(RESULTS.read_text("utf-8"))
    except FileNotFoundError:
        found = {"sizes": {}}
    return found


def write_results(results: Results) -> None:
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, nargs="*", default=[1, 6, 30, 100])
    parser.add_argument("--held", type=int, default=500, help="releases held; 0 leaves it out")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds for one size")
    parser.add_argument("--work", type=Path, help="where archives and homes are made and removed")
    options = parser.parse_args()
    leave_out_settings()
    results = read_results()
    with tempfile.TemporaryDirectory(prefix="core-measures-growth-", dir=options.work) as scratch:
        for times in options.times:
            found = measure_size(times, Path(scratch), options.limit)
            results["sizes"][str(times)] = found | _taken()
            write_results(results)
        if options.held:
            results["held"] = measure_held(options.held, Path(scratch)) | _taken()
            write_results(results)
    from scale_page import page

    PAGE.write_text(page(results), "utf-8")


def _taken() -> Results:
    return {"machine": machine(), "day": datetime.now(UTC).date().isoformat()}


if __name__ == "__main__":
    main()

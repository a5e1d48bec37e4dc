"""Writers and readers of one lake, one writer killed, its PostgreSQL stopped: what is seen.

Run by `make reliability`; `tests/test_lake_writers.py` runs a few. Two writers publish builds in
turn, at once, to a lake whose catalogue is in a PostgreSQL of its own, while readers ask what they
find. Each writer's builds differ from the other's in other marts, so that a build mixed of two is
told from every one that was published. A writer is killed at a moment drawn at random and another
takes its place. Then PostgreSQL is stopped in mid-publication, and started again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reliability import postgres, trial
from warehouse.publish.lake import Lake, LakeError, attached, digest_of, publish

Signature = tuple[object, ...]
# What tells each build from the others, of two marts that no writer of ours changes both of.
_SQL = (
    "select (select round(sum(value), 3) from marts.fct_core_measure),"
    " (select count(*) from marts.fct_core_measure), (select min(title) from marts.dim_measure)"
)
_SECONDS_BETWEEN_ANSWERS = 0.02
_ANSWERS_OF_ONE = 10
_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Seen:
    """What one reader saw."""

    answers: int = 0
    builds: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def builds_from(warehouse: Path, folder: Path) -> dict[str, Path]:
    """Builds by their names: as it is, with other figures, and with other titles."""
    import duckdb

    changes = {
        "as it is": "",
        "figures": "update marts.fct_core_measure set value = 1 where value is not null",
        "titles": "update marts.dim_measure set title = 'Another: ' || title",
    }
    made = {}
    for number, (name, sql) in enumerate(changes.items()):
        made[name] = folder / str(number) / "core_measures.duckdb"
        made[name].parent.mkdir(parents=True)
        shutil.copy(warehouse, made[name])
        with duckdb.connect(str(made[name])) as con:
            con.execute(sql or "select 1")
    return made


def _write(lake: Lake, builds: list[tuple[str, Path]], log: Path) -> None:
    """Publish builds one after another, by their digests.

    `log` has a line when one begins, and one with its version or what went wrong when it ends.
    """
    for digest, warehouse in builds:
        with log.open("a") as file:
            file.write(json.dumps({"began": digest}) + "\n")
        version, fault = None, ""
        try:
            version = publish(lake, warehouse, digest)
        except LakeError as error:
            fault = str(error)
        with log.open("a") as file:
            file.write(json.dumps({"ended": digest, "version": version, "fault": fault}) + "\n")


def _read(lake: Lake, right: dict[str, Signature], stop: Path, file: Path) -> None:
    """Ask until told to stop; a new connection every few answers."""
    seen = Seen()
    while not stop.exists():
        try:
            with attached(lake, read_only=True) as con:
                for _ in range(_ANSWERS_OF_ONE):
                    # One statement is of one build; several are in one transaction.
                    con.begin()
                    found = con.execute(_SQL).fetchone()
                    digest = con.execute("select digest from main.published").fetchone()
                    con.commit()
                    seen.answers += 1
                    # Without a pause readers take the processors from the writers.
                    time.sleep(_SECONDS_BETWEEN_ANSWERS)
                    if digest and right[_name(digest[0])] == found:
                        seen.builds.append(_name(digest[0]))
                    else:
                        seen.mixed.append(f"{digest}: {found}")
        except Exception as error:  # whatever it is, it is a reader's error
            seen.errors.append(f"{type(error).__name__}: {str(error)[:300]}")
    file.write_text(json.dumps(vars(seen)))


def _name(digest: str) -> str:
    """Which build a digest is of: each publication has a digest of its own."""
    return digest.partition(": ")[2]


def _signature(warehouse: Path) -> Signature:
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as con:
        found = con.execute(_SQL).fetchone()
    assert found is not None
    return found


def _events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def run(
    folder: Path, warehouse: Path, publications: int, readers: int, seed: int
) -> dict[str, Any]:
    """So many publications by two writers under so many readers, one writer killed among them."""
    drawn = random.Random(seed)
    builds = builds_from(warehouse, folder / "builds")
    right = {digest: _signature(path) for digest, path in builds.items()}
    with postgres.running() as server:
        lake = Lake(server.address, str(folder / "data"))
        publish(lake, builds["as it is"], "first: as it is")
        stop = folder / "stop"
        reading = [
            _SPAWN.Process(
                daemon=True, target=_read, args=(lake, right, stop, folder / f"seen-{number}")
            )
            for number in range(readers)
        ]
        for process in reading:
            process.start()
        begun = time.monotonic()
        killed = _publish_all(lake, builds, publications, folder, drawn)
        seconds = time.monotonic() - begun
        stop.touch()
        for process in reading:
            process.join()
        events = [event for log in sorted(folder.glob("writer-*")) for event in _events(log)]
        lost = _lost(lake, events, right)
        stopped = _stop_in_the_middle(server, lake, builds, right, folder)
    seen = [json.loads(path.read_text()) for path in sorted(folder.glob("seen-*"))]
    ended = [event for event in events if "ended" in event]
    return {
        "publications": len(ended) + len(killed),
        "written": sum(event["version"] is not None for event in ended),
        "killed": killed,
        "readers": readers,
        "answers": sum(each["answers"] for each in seen),
        "builds_seen": sorted({build for each in seen for build in each["builds"]}),
        "mixed": [line for each in seen for line in each["mixed"]],
        "errors": [line for each in seen for line in each["errors"]]
        + [f"a reader ended with {one.exitcode}" for one in reading if one.exitcode]
        + [event["fault"] for event in ended if event["fault"]],
        "lost": lost,
        "seconds": seconds,
        "stopped": stopped,
    }


def _publish_all(
    lake: Lake, builds: dict[str, Path], publications: int, folder: Path, drawn: random.Random
) -> list[str]:
    """Both writers' publications; the second is killed in one of its own, and goes on after it."""

    def of(writer: int, count: int) -> list[tuple[str, Path]]:
        names = ("as it is", "figures" if writer == 1 else "titles")
        return [(f"{writer}.{n}: {names[n % 2]}", builds[names[n % 2]]) for n in range(count)]

    half = publications // 2
    mine = of(2, half)
    first = _SPAWN.Process(
        daemon=True, target=_write, args=(lake, of(1, publications - half), folder / "writer-1")
    )
    first.start()
    # The first of its publications is not drawn: of none before it nothing could be lost.
    at = drawn.randrange(1, max(2, len(mine)))
    log = folder / "writer-2"
    second = _SPAWN.Process(daemon=True, target=_write, args=(lake, mine, log))
    second.start()
    _wait(lambda: sum("began" in event for event in _events(log)) > at or not second.is_alive())
    time.sleep(drawn.uniform(0, 0.6))
    second.kill()
    second.join()
    done = sum("ended" in event for event in _events(log))
    began = [event["began"] for event in _events(log) if "began" in event]
    killed = began[done:]
    rest = mine[done + len(killed) :]
    third = _SPAWN.Process(daemon=True, target=_write, args=(lake, rest, folder / "writer-3"))
    third.start()
    for process in (first, third):
        process.join()
    return killed


def _lost(lake: Lake, events: list[dict[str, Any]], right: dict[str, Signature]) -> list[str]:
    """Publications that a writer was told had come, and that are not there as they were."""
    lost = []
    with attached(lake, read_only=True) as con:
        for event in events:
            if event.get("version") is None:
                continue
            con.execute("use memory")
            con.execute("detach core_measures")
            con.execute(
                f"attach '{lake.address}' as core_measures (read_only, snapshot_version"
                f" {event['version']})"
            )
            con.execute("use core_measures")
            if con.execute(_SQL).fetchone() != right[_name(event["ended"])]:
                lost.append(f"{event['ended']}, version {event['version']}")
    return lost


def _stop_in_the_middle(
    server: postgres.Postgres,
    lake: Lake,
    builds: dict[str, Path],
    right: dict[str, Signature],
    folder: Path,
) -> dict[str, Any]:
    """Stop PostgreSQL while a build is published, start it again, and publish once more."""
    before = str(digest_of(lake))
    name = "titles" if _name(before) == "figures" else "figures"
    digest = f"stopped: {name}"
    log = folder / "stopped"
    files = len(list(Path(lake.data).rglob("*.parquet")))
    writer = _SPAWN.Process(daemon=True, target=_write, args=(lake, [(digest, builds[name])], log))
    writer.start()
    _wait(lambda: len(list(Path(lake.data).rglob("*.parquet"))) > files or not writer.is_alive())
    # Held meanwhile, so that it is in the middle however long that takes.
    _signal(writer, signal.SIGSTOP)
    server.stop()
    _signal(writer, signal.SIGCONT)
    writer.join()
    # DuckDB ends a process whose connection is lost while it rolls back.
    ended = "" if writer.exitcode == 0 else f"the writer ended with {writer.exitcode}"
    fault = next((event["fault"] for event in _events(log) if "ended" in event), ended)
    server.start()
    found, then = _now(lake), str(digest_of(lake))
    again = publish(lake, builds[name], digest)
    return {
        "fault": fault,
        "was": before,
        "then": then,
        "whole": found == right[_name(then)],
        "published_again": again is not None,
        "healed": _now(lake) == right[name],
    }


def _signal(process: Any, number: int) -> None:
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, number)


def _now(lake: Lake) -> Signature:
    with attached(lake, read_only=True) as con:
        found = con.execute(_SQL).fetchone()
    assert found is not None
    return found


def _wait(until: Callable[[], bool], seconds: float = 3600) -> None:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.002)


def _made(folder: Path) -> Path:
    """A warehouse of one publication."""
    source, _ = trial.lay_out_archives(folder)
    process = trial.refresh(source, folder / "home", folder / "refresh.log")
    if process.wait() != 0:
        raise SystemExit(f"A refresh failed:\n{process.output}")
    return (folder / "home" / "warehouse" / "core_measures.duckdb").resolve()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run writers and readers and write what became of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publications", type=int, default=50)
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--warehouse", type=Path, help="one that is there; else one is made")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    if why := postgres.why_not():
        raise SystemExit(why)
    with trial.scratch() as folder:
        warehouse = given.warehouse or _made(folder)
        seen = run(folder, warehouse, given.publications, given.readers, given.seed)
    print(json.dumps(seen, indent=2))
    if given.json:
        given.json.write_text(json.dumps(seen, indent=2) + "\n")
    return 1 if unsound(seen) else 0


def unsound(seen: dict[str, Any]) -> bool:
    """Whether anything was mixed, lost, an error, or not healed."""
    stopped = seen["stopped"]
    healed = stopped["whole"] and stopped["healed"]
    return bool(seen["mixed"] or seen["errors"] or seen["lost"] or not healed)


if __name__ == "__main__":
    sys.exit(main())

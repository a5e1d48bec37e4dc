"""Runs kills, disks, interrupts, readers and the lake in full, and writes `docs/reliability.md`.

`make reliability` runs it. With `--kill FILE`, `--interrupts FILE`, `--readers FILE` and `--lake
FILE` it takes figures that were kept before; with `--only-lake` it runs the lake alone, and leaves
the rest of the page as it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from reliability import interrupts, kill, lake, readers, trial

PAGE = trial.ROOT / "docs" / "reliability.md"
MUTATIONS = trial.ROOT / "docs" / "mutations.md"
KINDS = {
    "kill": "killed (SIGKILL to its process group)",
    "disk full": "the disk full",
    "file too large": "no file may grow past a size",
    "read-only home": "the home read-only",
}
_NAMES = {interrupts.COMMAND: "the command", interrupts.DAGSTER: "Dagster"}


def page(
    killed: dict[str, Any], stopped: dict[str, Any], read: dict[str, Any], shared: dict[str, Any]
) -> str:
    """The page's whole text."""
    from warehouse.serve.home import BUILDS_KEPT, SECONDS_KEPT

    outcomes = killed["outcomes"]
    lines = [
        "# Reliability",
        "",
        "Written by `make reliability`; no figure here is typed. "
        "[SECURITY.md](../SECURITY.md) says what is promised of safety.",
        "",
        "## A refresh that is disturbed",
        "",
        f"A home that serves the release of {trial.OLD} is refreshed to that of {trial.NEW}, and"
        " disturbed on the way. Afterwards: readers find the old build or the new one, whole;"
        " every CSV and Parquet file agrees with the warehouse; the archive verifies; the next"
        " refresh ends with exit code 0 and the bytes of an undisturbed home; and there is no file"
        " that an undisturbed home does not have. An undisturbed refresh took"
        f" {killed['refresh_seconds']:.1f} s.",
        "",
        "| the refresh | trials | ended before | old build served | new build served | unsound |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind, title in KINDS.items():
        of_kind = [outcome for outcome in outcomes if outcome["kind"] == kind]
        if not of_kind:
            lines.append(f"| {title} | 0: {killed['cannot_mount'] or 'left out'} | | | | |")
            continue
        found = Counter(outcome["found"] for outcome in of_kind)
        cells = (
            len(of_kind),
            sum(outcome["code"] == 0 for outcome in of_kind),
            found["old"],
            found["new"],
            sum(bool(outcome["faults"]) for outcome in of_kind),
        )
        lines.append(f"| {title} | {' | '.join(map(str, cells))} |")
    if len(outcomes) < killed["planned"]:
        lines += [
            "",
            f"Out of time: {len(outcomes)} of {killed['planned']} trials, drawn at random.",
        ]
    steps = [o for o in outcomes if o["kind"] == "kill" and not o["point"].startswith("at ")]
    steps.sort(key=lambda outcome: list(kill.STEPS).index(outcome["point"]))
    lines += [
        "",
        "*Ended before*: the refresh was over when the disturbance came, or was not hindered by it."
        f" Of the kills, {len(steps)} wait for a step to show in the home, the others for a moment"
        " drawn at random in each equal part of the refresh's length:",
        "",
        "| killed at the step | served then |",
        "| --- | --- |",
    ]
    for outcome in steps:
        late = ", the refresh having ended" if outcome["code"] == 0 else ""
        lines.append(f"| {outcome['point']} | {outcome['found']}{late} |")
    if faults := [f"{o['kind']}, {o['point']}: {f}" for o in outcomes for f in o["faults"]]:
        lines += ["", "Unsound:", "", *[f"- {fault}" for fault in faults]]
    lines += interrupted(stopped)
    answers = read["answers"]
    lines += [
        "",
        "## Readers during swaps",
        "",
        f"{read['readers']} readers, half of them processes and half threads, read through"
        f" {read['swaps']} swaps of two builds.",
        "",
        "| way of reading | answers |",
        "| --- | ---: |",
        *[f"| {way} | {answers.get(name, 0):,} |" for name, way in WAYS.items()],
        "",
        f"- torn answers: {len(read['torn'])}",
        f"- errors: {len(read['errors'])}",
        f"- a swap took {read['swap_seconds_median']:.2f} s at the median and"
        f" {read['swap_seconds_longest']:.2f} s at most, with readers open",
        f"- builds were kept for {read['kept_seconds']:.0f} s after they were last served, shorter"
        f" than the product keeps them, so {read['builds_removed']} were removed under them",
        f"- builds on disk at once: {read['builds_kept_most']} at most",
    ]
    lines += [f"  - {line}" for line in (*read["torn"], *read["errors"])[:20]]
    lines += [
        "",
        "### The promise to readers",
        "",
        "- Whoever opens the warehouse keeps it, unchanged, for as long as it is open.",
        f"- Whoever resolves `builds/current`, or one of the two links through it, finds every file"
        f" of that build for at least {SECONDS_KEPT / 60:.0f} minutes after the next build is"
        f" served, however many follow; the last {BUILDS_KEPT} builds stay for as long as they are"
        " the last.",
        "- Two files, or the warehouse and a file, are of one build if the link was resolved once"
        " for both. A link that is followed twice may lead to two builds.",
        "- In one process, resolve the link before opening: DuckDB takes one path for one database"
        " for as long as anybody in the process has it open. `core-measures sql` does.",
        "",
        *of_a_lake(shared),
        "## Files damaged on purpose",
        "",
        "By `make mutations`, whose [page](mutations.md) says of each kind of damage which check"
        " catches it.",
        "",
        *verdicts_in(MUTATIONS.read_text("utf-8")),
        "",
    ]
    return "\n".join(lines)


_LAKE, _AFTER_LAKE = "## A lake", "## Files damaged on purpose"


def of_a_lake(shared: dict[str, Any]) -> list[str]:
    """What became of writers and readers of one lake."""
    stopped = shared["stopped"]
    old = "the build before" if stopped["then"] == stopped["was"] else "the new build"
    return [
        _LAKE,
        "",
        "Two writers publish to one lake at the same time, each builds that differ from the other's"
        f" in other marts, while {shared['readers']} readers ask. One writer is killed at a moment"
        " drawn at random, and another goes on in its place. In the end PostgreSQL is stopped in"
        " mid-publication, as by a loss of power, and started again.",
        "",
        f"- publications: {shared['publications']}, of which {shared['written']} changed what the"
        f" lake has, and {len(shared['killed'])} was killed; {shared['seconds']:.0f} s in all",
        f"- answers: {shared['answers']:,}, of {len(shared['builds_seen'])} builds",
        f"- mixed of two builds: {len(shared['mixed'])}",
        f"- errors, of readers and writers: {len(shared['errors'])}",
        f"- publications that came, and are not found under their version: {len(shared['lost'])}",
        f"- PostgreSQL stopped in mid-publication: {old} stands"
        f" {'whole' if stopped['whole'] else 'in part'}, and the next publication is"
        f" {'whole' if stopped['healed'] else 'not'}",
        *[f"  - {line}" for line in (*shared["mixed"], *shared["errors"], *shared["lost"])[:20]],
        "",
    ]


def with_lake(text: str, shared: dict[str, Any]) -> str:
    """The page with what is told of the lake made anew."""
    before, _, after = text.partition(_AFTER_LAKE)
    before = before.partition(_LAKE)[0]
    return before + "\n".join([*of_a_lake(shared), _AFTER_LAKE]) + after


def interrupted(stopped: dict[str, Any]) -> list[str]:
    """What became of refreshes that were asked to end."""
    outcomes = stopped["outcomes"]
    ways = (interrupts.COMMAND, interrupts.DAGSTER)
    lasted = " and ".join(f"{stopped['seconds'][way]:.1f} s under {_NAMES[way]}" for way in ways)
    lines = [
        "",
        "## A refresh that is asked to end",
        "",
        f"The same refresh, at {stopped['planned'] // len(ways)} points of its length under the"
        " command and as many under Dagster: a moment drawn at random in each equal part of it."
        " SIGINT goes to all of its processes, as Ctrl-C does; SIGTERM to the one that was started."
        " Besides all that is asked above: the exit code is 130 or 143; one sentence says so, and"
        " no message speaks of a fault; nobody is alerted that something failed; in Dagster's"
        f" history the run is cancelled. Undisturbed it took {lasted}, its libraries being loaded.",
        "",
        "| under | signal | trials | ended before | exit code | old build served | new build served"
        " | unsound |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(outcome["kind"] for outcome in outcomes):
        of_kind = [outcome for outcome in outcomes if outcome["kind"] == kind]
        way, number = kind.split(", ")
        found = Counter(outcome["found"] for outcome in of_kind)
        codes = sorted({outcome["code"] for outcome in of_kind if outcome["code"] != 0})
        cells = (
            _NAMES[way],
            number,
            len(of_kind),
            sum(outcome["code"] == 0 for outcome in of_kind),
            ", ".join(map(str, codes)),
            found["old"],
            found["new"],
            sum(bool(outcome["faults"]) for outcome in of_kind),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    at = Counter(outcome["message"] for outcome in outcomes if outcome["code"] != 0)
    stages = dict.fromkeys([*interrupts.STAGES, *at])
    counted = ", ".join(f"{stage} {at[stage]}" for stage in stages if at[stage])
    lines += ["", f"By the stage that was shown last: {counted}."]
    if len(outcomes) < stopped["planned"]:
        lines += [
            "",
            f"Out of time: {len(outcomes)} of {stopped['planned']} trials, drawn at random.",
        ]
    if faults := [f"{o['kind']}, {o['point']}: {f}" for o in outcomes for f in o["faults"]]:
        lines += ["", "Unsound:", "", *[f"- {fault}" for fault in faults]]
    return lines


def verdicts_in(mutations: str) -> list[str]:
    """The table of verdicts of the page that `make mutations` wrote.

    Raises
    ------
    ValueError
        The page has none.
    """
    lines = mutations.splitlines()
    start = lines.index("| verdict | means | mutants |")
    return lines[start : lines.index("", start)]


WAYS = {
    "query": "`core-measures sql`'s own call, a connection a question",
    "open": "one connection, kept open and asked again through swaps",
    "link": "the warehouse opened through its link, by a process of its own",
    "marts": "`published/latest` resolved once, every CSV against `datapackage.json`",
    "both": "`builds/current` resolved once, warehouse, CSV and Parquet compared, slowly",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was not run before, and write the page; 1 if anything was unsound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kill", type=Path, help="figures of kill.py, kept before")
    parser.add_argument("--interrupts", type=Path, help="figures of interrupts.py, kept before")
    parser.add_argument("--readers", type=Path, help="figures of readers.py, kept before")
    parser.add_argument("--lake", type=Path, help="figures of lake.py, kept before")
    parser.add_argument("--only-lake", action="store_true", help="leave the rest of the page")
    given = parser.parse_args(arguments)
    with trial.scratch() as folder:

        def figures(module: ModuleType, kept: Path | None) -> Any:
            file = kept or folder / f"{module.__name__}.json"
            if kept is None:
                # Each in a process of its own: what is forked inherits no threads, no settings of
                # warnings and none of Python's own helpers from what ran before.
                command = [sys.executable, "-m", module.__name__, "--json", str(file)]
                ended = subprocess.run(command, cwd=trial.ROOT, check=False)
                if not file.exists():
                    raise SystemExit(f"{module.__name__} ended with {ended.returncode}.")
            return json.loads(file.read_text())

        shared = figures(lake, given.lake)
        if given.only_lake:
            PAGE.write_text(with_lake(PAGE.read_text("utf-8"), shared), "utf-8")
            return int(lake.unsound(shared))
        stopped = figures(interrupts, given.interrupts)
        read = figures(readers, given.readers)
        killed = figures(kill, given.kill)
    PAGE.write_text(page(killed, stopped, read, shared), "utf-8")
    print(f"Written: {PAGE.relative_to(trial.ROOT)}")
    unsound = any(outcome["faults"] for outcome in killed["outcomes"] + stopped["outcomes"])
    unsound = unsound or lake.unsound(shared)
    return 1 if unsound or read["torn"] or read["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())

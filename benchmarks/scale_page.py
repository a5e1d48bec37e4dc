"""The text of `docs/scale.md`, from the results of `growth.py`: every figure is measured there.

But for those of what was tried and left, which are the trial's own (`TRIAL`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from growth import (
    EXPONENT,
    MEMORY_GIB,
    NOTHING_NEW_SECONDS,
    ONE_NEW_SECONDS,
    STEPS,
    Results,
)

# What the trial of this project's own models found, before DuckLake was chosen: of so many models,
# so many with equal rows; and for DuckLake its nodes, relations and CSV files.
TRIAL = {
    "spark_equal": 58,
    "spark_wrong": 1,
    "sail_equal": 18,
    "models": 64,
    "lake_nodes": 105,
    "lake_relations": 61,
    "lake_csv": 22,
}
# How many times the largest size that was measured is drawn on to.
_DRAWN_ON = 10_000
NIGHT_HOURS = 8
_TITLES = {"collect": "Collect", "check": "Check", "build": "Build", "publish": "Publish"}


def page(results: Results) -> str:
    """The page's whole text."""
    sizes = sorted(results["sizes"].values(), key=lambda size: size["times"])
    whole = [size for size in sizes if "unfinished" not in size]
    lines = [
        "# Scale",
        "",
        "Written by `benchmarks/growth.py`; no figure here is typed.",
        "",
        "## What grows, and how",
        "",
        "The layout factory prints the sample's releases again in as many versions each, every"
        " version with other figures than the one before, so that an archive has so many times the"
        " sample's rows (its lists and workbooks, which are not printed from figures, are left"
        " out). Each archive"
        " is then refreshed into an empty home, and each of the four steps is watched from outside"
        " with its worker processes: seconds by the clock (seconds of processor), and the most"
        " memory that all of them had at once, what they share counted once. What a process has"
        " spent between the last look and its end is not seen.",
        "",
        *_sizes(sizes),
        "",
        *_steps(sizes),
        "",
        *_unfinished(sizes),
        *_exponents(whole),
        "",
        "## A night with hundreds of releases held",
        "",
        *_held(results.get("held")),
        "",
        "## To reach, and reached",
        "",
        *_aims(whole, sizes, results.get("held")),
        "",
        "## Where one machine stops",
        "",
        *_stops(whole),
        "",
        "## Beyond one machine",
        "",
        *_BEYOND,
        "",
        "## Tried, and left",
        "",
        *_tried(),
        "",
    ]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def _sizes(sizes: Sequence[Results]) -> list[str]:
    return _table(
        ("times", "releases", "rows of loads", "figures, all vintages", "archive", "warehouse"),
        [
            (
                str(size["times"]),
                _count(size.get("releases")),
                _count(size.get("rows")),
                _count(size.get("vintages")),
                _mib(size["archive_mib"]),
                _mib(size.get("warehouse_mib")),
            )
            for size in sizes
        ],
    )


def _steps(sizes: Sequence[Results]) -> list[str]:
    rows = []
    for size in sizes:
        cells = [str(size["times"])]
        for step in STEPS:
            found = size["steps"].get(step)
            if found is None or size.get("unfinished") == step:
                cells.append("not finished" if found else "")
                continue
            cells.append(f"{_seconds(found['seconds'])} ({_seconds(found['processor_seconds'])})")
        peak = max((found["peak_mib"] for found in size["steps"].values()), default=0)
        highest = max(size["steps"], key=lambda step: size["steps"][step]["peak_mib"], default="")
        spilt = max((found["spilt_mib"] for found in size["steps"].values()), default=0.0)
        cells += [f"{_mib(peak)} ({highest})", _mib(spilt)]
        rows.append(cells)
    return _table(
        ("times", *(f"{_TITLES[s]}, s" for s in STEPS), "peak memory", "spilt at most"), rows
    )


def _unfinished(sizes: Sequence[Results]) -> list[str]:
    return [
        line
        for size in sizes
        if "unfinished" in size
        for line in (
            f"{size['times']} times was not finished: it ended in the step"
            f" `{size['unfinished']}`, by {size['why']}.",
            "",
        )
    ]


def _slope(one: Results, other: Results, step: str, what: str = "processor_seconds") -> float:
    """The exponent of a step in rows, between two sizes."""
    rows = math.log(other["rows"] / one["rows"])
    return math.log(other["steps"][step][what] / one["steps"][step][what]) / rows


def _exponents(whole: Sequence[Results]) -> list[str]:
    if len(whole) < 2:
        return ["No exponent can be told from one size."]
    (first, *_, before, last) = [whole[0], *whole]
    rows = [
        (
            _TITLES[step],
            f"{_slope(first, last, step):.2f}",
            f"{_slope(before, last, step):.2f}",
            f"{_slope(before, last, step, 'seconds'):.2f}",
        )
        for step in STEPS
    ]
    return [
        "The exponent of each step in rows (1 is linear), by processor time, which other work on"
        " the machine changes least; between the two largest sizes by the clock as well. What"
        " every refresh costs whatever it does makes the first column small, so the others count:",
        "",
        *_table(
            (
                "step",
                f"{first['times']} to {last['times']} times",
                f"{before['times']} to {last['times']} times",
                "the same, by the clock",
            ),
            rows,
        ),
    ]


def _held(held: Results | None) -> list[str]:
    if held is None:
        return ["Not measured yet."]
    rows = [
        (
            title,
            _seconds(held[name]["seconds"]),
            _seconds(held[name]["processor_seconds"]),
            _mib(held[name]["peak_mib"]),
        )
        for name, title in (
            ("nothing_new", "nothing new"),
            ("one_new", "one new release"),
            ("cold", "all of them, into an empty home"),
        )
    ]
    return [
        f"The whole sample, lists and workbooks too, and further versions of its figures:"
        f" {_count(held['releases'])} releases, {_count(held['rows'])} rows of loads,"
        f" {_count(held['vintages'])} figures in all vintages. The command in a process of its own,"
        " from the start of Python to its end, its workers counted in.",
        "",
        *_table(("night", "seconds", "processor seconds", "peak memory"), rows),
        "",
        "A table of loads in which nothing is new is taken from the warehouse that is served, if"
        " today's code wrote it and its file is to the byte what was served; all figures are made"
        " anew.",
        "",
        f"{held['machine']}; load {held['load']:.1f} before.",
    ]


def _aims(whole: Sequence[Results], sizes: Sequence[Results], held: Results | None) -> list[str]:
    rows: list[tuple[str, str, bool]] = []
    if len(whole) > 1:
        steepest = max(STEPS, key=lambda step: _slope(whole[-2], whole[-1], step))
        slope = _slope(whole[-2], whole[-1], steepest)
        rows.append(
            (f"no step above rows^{EXPONENT:g}", f"{slope:.2f} ({steepest})", slope <= EXPONENT)
        )
    for size in sizes[-1:]:
        if "unfinished" in size:
            rows.append((f"{size['times']} times is finished", f"not: {size['unfinished']}", False))
            continue
        peak = max(found["peak_mib"] for found in size["steps"].values()) / 1024
        spilt = max(found["spilt_mib"] for found in size["steps"].values())
        rows += [
            (
                f"{size['times']} times within {MEMORY_GIB:g} GiB",
                f"{peak:.1f} GiB",
                peak <= MEMORY_GIB,
            ),
            (
                f"{size['times']} times without spilling past the database's own size",
                f"{_mib(spilt)} beside {_mib(size['warehouse_mib'])}",
                spilt <= size["warehouse_mib"],
            ),
        ]
    if held is not None:
        for name, most, title in (
            ("one_new", ONE_NEW_SECONDS, "one new release"),
            ("nothing_new", NOTHING_NEW_SECONDS, "nothing new"),
        ):
            took = held[name]["seconds"]
            rows.append(
                (
                    f"{title} among {held['releases']} held within {most:g} s",
                    f"{took:.1f} s",
                    took <= most,
                )
            )
    return _table(
        ("aim", "found", ""),
        [(aim, found, "met" if is_met else "MISSED") for aim, found, is_met in rows],
    )


def _when(times: float, measured: int) -> str:
    if math.isinf(times):
        return f"not within {_DRAWN_ON * measured:,} times the sample"
    return f"at about {_about(times)} times the sample"


def _stops(whole: Sequence[Results]) -> list[str]:
    if len(whole) < 2:
        return ["Two sizes at least must be measured to say."]
    before, last = whole[-2], whole[-1]
    memory = _machine_memory(last)
    per_row = math.log(last["rows"] / before["rows"])

    def reaches(now: float, then: float, limit: float) -> float:
        """How many times the sample's rows before something that grew so reaches a limit."""
        slope = math.log(now / then) / per_row
        times = last["times"] * (limit / now) ** (1 / slope) if slope > 0 else math.inf
        # So far beyond what was measured nothing is drawn on.
        return times if times <= _DRAWN_ON * last["times"] else math.inf

    seconds = [sum(f["seconds"] for f in size["steps"].values()) for size in (last, before)]
    peaks = [max(f["peak_mib"] for f in size["steps"].values()) for size in (last, before)]
    limits = {
        f"a night of {NIGHT_HOURS} hours for a build from nothing": reaches(
            seconds[0], seconds[1], NIGHT_HOURS * 3600
        ),
        f"{memory / 1024:.0f} GiB of memory": reaches(peaks[0], peaks[1], memory),
    }
    found = sorted(limits.items(), key=lambda one: one[1])
    reached = [f"{name}, {_when(times, last['times'])}" for name, times in found]
    return [
        f"Drawn on from the two largest sizes, {before['times']} and {last['times']} times"
        f" ({last['machine']}), what is reached first is {reached[0]}; then"
        f" {'; then '.join(reached[1:])}. Both are far beyond what is published about children in"
        f" England: {_count(_at_least_500(whole))} times the sample's releases are more than 500.",
        "",
        f"On disk the home of {last['times']} times the sample took {_mib(last['home_mib'])}:"
        " archive, loads as Parquet, a build with its marts and pages. A build that would spill"
        " more than `CORE_MEASURES_BUILD_SPILL` ends in one sentence, with nothing swapped.",
    ]


def _at_least_500(whole: Sequence[Results]) -> int:
    """The smallest size measured that has more than 500 releases."""
    above = [size["times"] for size in whole if size["releases"] >= 500]
    return int(above[0] if above else whole[-1]["times"])


def _machine_memory(size: Results) -> float:
    """MiB of the machine that a size was measured on, from its own words."""
    gib = next(part for part in size["machine"].split(", ") if part.endswith("GiB"))
    return float(gib.removesuffix(" GiB")) * 1024


def _about(times: float) -> str:
    digits = len(str(int(times)))
    return f"{round(times, 1 - digits):,.0f}"


_BEYOND = (
    "What one machine cannot build in a night, several can, on DuckLake: tables as Parquet in a"
    " folder or in object storage, and their catalogue in PostgreSQL. It is the same DuckDB and the"
    " same dbt models, so the figures are the same, and who needs none of it installs none of it."
    " The design:",
    "",
    "1. **Serve.** With `CORE_MEASURES_LAKE` and `CORE_MEASURES_LAKE_DATA` set, every build is"
    " published to the lake too, after its guard and in one transaction: readers on any machine see"
    " whole builds only, and earlier ones by version or time ([how to read it](consumers/)).",
    "2. **Build.** Checks are already a process a publication, and know nothing of each other;"
    " measures are independent of each other up to their union. Workers take groups of measures"
    " from dbt's graph, one joins and builds what stands on the union, in a schema of its own:"
    " readers see the publication's one transaction, never dbt's node by node.",
    "3. **Archive.** A home's archive and loads stand on a disk or on object storage alike, through"
    " fsspec (`CORE_MEASURES_ARCHIVE`, `CORE_MEASURES_LOADS`), so that workers need no disk in"
    " common.",
    "",
    "The warehouse stays a pure function of archive and code: what is on the lake may be dropped,"
    " and one command brings the same figures back.",
)


def _tried() -> list[str]:
    t = TRIAL
    return [
        "With this project's own models, before DuckLake was chosen; the figures are that"
        " trial's, and are not measured again here:",
        "",
        f"- **DuckLake** ran all {t['lake_nodes']} nodes of the dbt project, unchanged but for two"
        f" lines: all {t['lake_relations']} relations equal, and all {t['lake_csv']} CSV files byte"
        " for byte the same. So it is what a larger reader is offered.",
        f"- **Spark**, its SQL transpiled: {t['spark_equal']} of {t['models']} models equal,"
        f" {t['spark_wrong']} figure different, and once every `period_label` wrong, without an"
        " error.",
        f"- **Sail**: {t['sail_equal']} of {t['models']} models, one of them with other rows.",
        "",
        "A wrong figure without a word is what this project exists to prevent, so both were left.",
    ]


def _count(number: Any) -> str:
    return "" if number is None else f"{number:,}"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.1f}"


def _mib(mib: float | None) -> str:
    if mib is None:
        return ""
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"

"""What `profile` shows of one council: every measure, in the ambitions' order.

Figures come from `marts.council_profile` as they stand there; here they are only set out. A council
is found by name or code; a name that is not quite one is asked about, never guessed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import CoreMeasuresError
from warehouse.query import query
from warehouse.reports.names import search_words

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "12345678"
_GAP, _BREAK = "·", "┊"
_PLAIN_GAP, _PLAIN_BREAK = ".", "|"

COLUMNS = (
    *("Measure", "Unit", "Years", "Newest", "95% confidence interval", "Period", "England"),
    *("Region", "Neighbours", "Quintile", "Change on previous", "Since five", "Trend"),
)

# What the wide table needs; a narrower terminal gets the same cells one above the other.
WIDE_ENOUGH = 250
STACKED_COLUMNS = ("Measure", "Newest", "Years", "Beside", "Quintile", "Change")

LEGEND = (
    "England, Region, Neighbours: the figure, and whether the council's is higher or lower than it"
    " or similar, by the council's 95% confidence interval; nothing where it has none. Neighbours:"
    " median of the statistical neighbours, (how many have a figure of how many).",
    "Quintile: fifth of the councils with a value, 1 the lowest values, 5 the highest.",
    "Change on previous, Since five, Trend (over so many figures in a row): better or worse by"
    " what the measure counts as such; * more than chance (p below 0.05), ? not tested."
    " docs/methods.md.",
)


class CouncilNotFoundError(CoreMeasuresError):
    """A text that is no council's name or code; `candidates` are those it may mean."""

    def __init__(self, message: str, candidates: tuple[Council, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


@dataclass(frozen=True)
class Council:
    """A council of today."""

    code: str
    name: str
    dfe_code: str
    region: str
    council_type: str


@dataclass(frozen=True)
class _Listed:
    """A code of `dim_council`, of now or before, with the codes of today that it leads to."""

    council: Council
    name: str
    codes: frozenset[str]
    is_current: bool
    valid_to: str
    successors: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """One council's profile: a heading, and under each ambition rows of `COLUMNS`."""

    council: Council
    heading: str
    ambitions: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    legend: tuple[str, ...]


def find_council(warehouse: Path, asked: str) -> Council:
    """The council of today that a name, GSS code or DfE code stands for.

    Case, punctuation and *City of* or *County of* make no difference. The code of a recoded
    council is its own.

    Raises
    ------
    CouncilNotFoundError
        It stands for none, or for a council that is gone; with those that it may mean.
    """
    listed = _listed(warehouse)
    today = {one.council.code: one.council for one in listed if one.is_current}
    hits = [one for one in listed if asked.strip().casefold() in one.codes]
    if not hits:
        hits = [one for one in listed if _plain(one.name) == _plain(asked)]
    standing = {one.council.code for one in hits if one.council.code in today}
    if len(standing) == 1:
        return today[standing.pop()]
    if hits and not standing:
        gone = hits[0]
        after = tuple(today[code] for code in _now(listed, gone.successors) if code in today)
        raise CouncilNotFoundError(
            f"{gone.name} ended on {gone.valid_to}. After it: {_names_of(after)}.", after
        )
    near = tuple(today[code] for code in sorted(standing)) or _near(asked, [*today.values()])
    if not near:
        raise CouncilNotFoundError(
            f"No council {asked!r}. Give a name or code as in marts.dim_council."
        )
    raise CouncilNotFoundError(f"No council {asked!r}. Did you mean {_names_of(near)}?", near)


def find_called(warehouse: Path, asked: str) -> Council:
    """As `find_council`, and by what people call a council: Hull, BCP.

    Raises
    ------
    CouncilNotFoundError
        As `find_council`.
    """
    called = search_words().councils_called(asked)
    return find_council(warehouse, called[0] if len(called) == 1 else asked)


def _now(listed: Sequence[_Listed], codes: Sequence[str]) -> list[str]:
    """Codes of today that codes lead to, over later recodings and reorganisations."""
    by_code = {next(iter(sorted(one.codes, key=len, reverse=True))): one for one in listed}
    found: list[str] = []
    for code in codes:
        one = by_code.get(code.casefold())
        if one is None:
            continue
        found += [one.council.code] if one.is_current else _now(listed, one.successors)
    return sorted(set(found))


def _listed(warehouse: Path) -> list[_Listed]:
    rows = query(
        warehouse,
        "select council_code, council_name, dfe_code, region_name, council_type, current_code,"
        " is_current, strftime(valid_to, '%-d %B %Y'), successors from marts.dim_council"
        " order by is_current desc, council_name",
    ).rows
    return [
        _Listed(
            council=Council(current, name, dfe, region, kind),
            name=name,
            # One DfE code may stand beside two GSS codes of one council.
            codes=frozenset({code.casefold(), dfe}),
            is_current=is_current,
            valid_to=valid_to or "",
            successors=tuple((successors or "").split(", ")) if successors else (),
        )
        for code, name, dfe, region, kind, current, is_current, valid_to, successors in rows
    ]


def _plain(name: str) -> str:
    """A name without case, punctuation and the words that one list has and another has not."""
    words = re.sub(r"[^a-z0-9 ]", " ", name.casefold().replace("&", " and ")).split()
    text = " ".join(words)
    for left_out in ("city of", "county of", "royal borough of", "london borough of", "council"):
        text = re.sub(rf"\b{left_out}\b", " ", text)
    return " ".join(text.split()) or " ".join(words)


def _near(asked: str, councils: Sequence[Council]) -> tuple[Council, ...]:
    """Councils whose names hold the text, then those that are spelt like it; five at most."""
    text = _plain(asked)
    by_name: dict[str, Council] = {_plain(council.name): council for council in councils}
    words = set(text.split())
    holding = [name for name in by_name if words and words <= set(name.split())]
    starting = [name for name in by_name if len(text) >= 3 and text in name]
    # A part of a name may be what was misspelt: Hul, Durhamm.
    parts = {part: name for name in by_name for part in name.split() if len(part) > 3}
    spelt = difflib.get_close_matches(text, [*by_name], n=5, cutoff=0.7)
    spelt += [parts[p] for p in difflib.get_close_matches(text, [*parts], n=3, cutoff=0.8)]
    names = list(dict.fromkeys([*holding, *starting, *spelt]))[:5]
    return tuple(by_name[name] for name in names)


def _names_of(councils: Sequence[Council]) -> str:
    return " or ".join(f"{council.name} ({council.code})" for council in councils)


def profile_of(warehouse: Path, council: Council, plain: bool = False) -> Profile:
    """A council's profile, ready to print; `plain` is without characters beyond ASCII bars."""
    answer = query(
        warehouse,
        "select * from marts.council_profile where council_code = ?"
        " order by lga_number, measure_id",
        [council.code],
    )
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    lines = _sparklines(warehouse, council, plain)
    by_ambition: dict[str, list[tuple[str, ...]]] = {}
    reasons: list[str] = []
    for row in rows:
        by_ambition.setdefault(row["ambition_title"], []).append(
            _row(row, lines.get((row["measure_id"], row["series_id"]), ""))
        )
        if row["reason"]:
            since = row["last_value_period_label"]
            last = f" Last figure: {_number(row['last_value'], row)} ({since})." if since else ""
            reasons.append(f"{_name(row)}: {row['reason']}{last}")
        if row["stands_because"]:
            reasons.append(f"{_name(row)}: {row['stands_because']}")
    kind = council.council_type.replace("_", " ")
    return Profile(
        council=council,
        heading=f"{council.name} ({council.code}, DfE {council.dfe_code}), {kind},"
        f" {council.region}",
        ambitions=tuple((title, tuple(found)) for title, found in by_ambition.items()),
        reasons=tuple(reasons),
        sources=tuple(
            sorted({f"{row['publication']} {row['release']}" for row in rows if row["publication"]})
        ),
        legend=(
            *LEGEND,
            "Years: lowest to highest of the council's own;"
            f" {_PLAIN_GAP if plain else _GAP} no figure,"
            f" {_PLAIN_BREAK if plain else _BREAK} a break of the series.",
        ),
    )


def _name(row: dict[str, Any]) -> str:
    """The measure's name, or that of the series which stands for it and is not its headline."""
    return str(row["series_title"] if row["stands_because"] else row["measure_title"])


def _row(row: dict[str, Any], line: str) -> tuple[str, ...]:
    status = str(row["status"]).replace("_", " ")
    interval = ""
    if row["lower_95"] is not None:
        interval = f"{_number(row['lower_95'], row)} to {_number(row['upper_95'], row)}"
    neighbours = _beside(row, "neighbours_median")
    if row["neighbours_of"]:
        neighbours += f" ({row['neighbours_with_value']} of {row['neighbours_of']})"
    return (
        _name(row),
        row["unit"] or "",
        line,
        status if row["value"] is None else _number(row["value"], row),
        interval,
        row["period_label"] or "",
        _beside(row, "england_value"),
        _beside(row, "region_value"),
        neighbours.strip(),
        "" if row["quintile"] is None else str(row["quintile"]),
        _change(row, "change_on_last", "direction_on_last", "last_is_more_than_chance"),
        _change(row, "change_on_five", "direction_on_five", "five_is_more_than_chance"),
        _trend(row),
    )


def stacked(row: Sequence[str]) -> tuple[str, ...]:
    """A row of `COLUMNS` as one of `STACKED_COLUMNS`, its cells above each other."""
    cell = dict(zip(COLUMNS, row, strict=True))

    def lines(*names: str) -> str:
        return "\n".join(f"{name}: {cell[name]}" for name in names if cell[name])

    newest = [cell["Newest"], cell["95% confidence interval"], cell["Period"]]
    return (
        f"{cell['Measure']}\n{cell['Unit']}",
        "\n".join(text for text in newest if text),
        cell["Years"],
        lines("England", "Region", "Neighbours"),
        cell["Quintile"],
        lines("Change on previous", "Since five", "Trend"),
    )


def _number(value: float | None, row: dict[str, Any], signed: bool = False) -> str:
    if value is None:
        return ""
    places = 1 if row["decimals"] is None else int(row["decimals"])
    return f"{value:{'+' if signed else ''}.{places}f}"


def _beside(row: dict[str, Any], column: str) -> str:
    """A comparator, and how the council's interval stands to it."""
    value, other = row["value"], row[column]
    if other is None:
        return ""
    number = _number(other, row)
    lower, upper = row["lower_95"], row["upper_95"]
    if value is None or lower is None:
        return number
    if lower <= other <= upper:
        return f"{number} similar"
    return f"{number} {'higher' if value > other else 'lower'}"


def _change(row: dict[str, Any], change: str, direction: str, chance: str) -> str:
    if row[change] is None:
        return ""
    mark = "?" if row[chance] is None else "*" if row[chance] else ""
    return f"{_number(row[change], row, signed=True)} {row[direction]}{mark}"


def _trend(row: dict[str, Any]) -> str:
    """Which way the newest figures went, where that is more than chance; of how many figures."""
    if row["test_of_trend"] is None:
        return ""
    direction = "no significant trend"
    if row["trend_is_more_than_chance"]:
        direction = f"{row['direction_of_trend']}*"
    return f"{direction} ({row['trend_points']})"


def _sparklines(warehouse: Path, council: Council, plain: bool) -> dict[tuple[str, str], str]:
    """A line of bars a headline series, oldest period first."""
    rows = query(
        warehouse,
        """
        select measure_id, series_id, list(value order by period_end),
            list(exists (
                from seeds.series_break as broken
                where broken.measure_id = today.measure_id and broken.series_id = today.series_id
                    and today.year between broken.first_year and coalesce(broken.last_year, 9999)
            ) order by period_end)
        from marts.fct_core_measure_today as today
        inner join marts.dim_series using (measure_id, series_id)
        where stands_for_measure and council_code = ?
        group by all
        """,
        [council.code],
    ).rows
    return {
        (measure, series): sparkline(values, breaks, plain)
        for measure, series, values, breaks in rows
    }


def sparkline(
    values: Sequence[float | None], breaks: Sequence[bool] = (), plain: bool = False
) -> str:
    """Figures as bars from their lowest to their highest; a gap for none, a bar before a break.

    >>> sparkline([1, None, 2, 3])
    '▁·▅█'
    """
    bars, gap, broken = (_PLAIN_BARS, _PLAIN_GAP, _PLAIN_BREAK) if plain else (_BARS, _GAP, _BREAK)
    numbers = [value for value in values if value is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    drawn = ""
    for at, value in enumerate(values):
        if at and at < len(breaks) and breaks[at]:
            drawn += broken
        if value is None:
            drawn += gap
        elif high == low:
            drawn += bars[len(bars) // 2]
        else:
            drawn += bars[round((value - low) / (high - low) * (len(bars) - 1))]
    return drawn

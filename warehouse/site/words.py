"""A figure, a period and a status in words that anybody reads.

A figure is rounded to its series' places here and nowhere else; what is not a number says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from warehouse.site.figures import Council, Figure, Series

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_STATUS = {
    "suppressed": "suppressed",
    "not_available": "not available",
    "not_applicable": "not applicable",
    "low_reliability": "of low reliability",
}
_METHOD = {
    "published": "as published",
    "wilson": "computed here from the published counts by Wilson’s method",
    "byar": "computed here from the published counts by Byar’s method",
}
# Publishers and what serves their figures, by the names that people know.
_PUBLISHER = {
    "dfe": "Department for Education",
    "dwp": "Department for Work and Pensions",
    "ees": "Department for Education",
    "fingertips": "Office for Health Improvement and Disparities",
    "mhclg": "Ministry of Housing, Communities and Local Government",
    "nomis": "Office for National Statistics",
    "ofsted": "Ofsted",
    "ons": "Office for National Statistics",
}
_BASIS = {
    "computed": "computed here from published counts",
    "rebuilt": "rebuilt here from a later list",
}
# It has duties for children as a borough has, and is none.
_CITY_OF_LONDON = "E09000001"
_KIND = {
    "london_borough": "London borough",
    "metropolitan": "Metropolitan borough",
    "unitary": "Unitary authority",
    "county": "County council",
}
# Beside a figure that a check found odd: it is served as published.
UNUSUAL = "unusual: as published, far from this council’s other years"
# A mark longer than this is the publisher's sentence, and stands as one.
_SHORT_MARK = 4


def day(value: date) -> str:
    """`26 June 2025`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def published_on(value: date, precision: str) -> str:
    """When a release came out, no more precisely than is known."""
    return day(value) if precision == "day" else f"{MONTHS[value.month - 1]} {value.year}"


_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EDITION = re.compile(r"(\d{4})-(\d\d)(?:-to-(\d\d))?(?:-(\w+))?")
_QUARTER = re.compile(r"q([1-4])")


@lru_cache(maxsize=5000)
def label(period_label: str) -> str:
    """A period as its publisher labels it; a day as people write one."""
    if _ISO_DAY.fullmatch(period_label):
        return day(date.fromisoformat(period_label))
    return period_label


@lru_cache(maxsize=5000)
def edition(release: str) -> str:
    """Which release of a publication: `2024/25`, `March 2026`, `October to December 2025`."""
    if _ISO_DAY.fullmatch(release):
        return day(date.fromisoformat(release))
    found = _EDITION.fullmatch(release)
    if found is None:
        return release
    year, first, last, more = found.groups()
    if more and (quarter := _QUARTER.fullmatch(more)):
        more = f"quarter {quarter[1]}"
    month = 1 <= int(first) <= len(MONTHS) and int(first) != (int(year) + 1) % 100
    if last and month and 1 <= int(last) <= len(MONTHS):
        text = f"{MONTHS[int(first) - 1]} to {MONTHS[int(last) - 1]} {year}"
    else:
        text = f"{MONTHS[int(first) - 1]} {year}" if month else f"{year}/{first}"
    return f"{text}, {more}" if more else text


def kind_of_council(council: Council) -> str:
    """`Metropolitan borough`."""
    if council.code == _CITY_OF_LONDON:
        return "City corporation"
    return _KIND.get(council.kind, council.kind.replace("_", " ").capitalize())


def publisher(name: str) -> str:
    """`Department for Education`."""
    return _PUBLISHER.get(name, name)


def period(figure: Figure) -> str:
    """The period in full: `year to March 2024`, `2022/23 school year`, `2018 to 2020`."""
    return _period(*figure.period)


def begun(text: str) -> str:
    """The text as a sentence begins: its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=5000)
def _period(period_type: str, start: date, end: date) -> str:
    match period_type:
        case "financial_year":
            return f"year to {MONTHS[end.month - 1]} {end.year}"
        case "academic_year":
            return f"{_two_years(start, end)} school year"
        case "calendar_year":
            return str(end.year)
        case "snapshot":
            return day(end)
        case "pooled_3_years" if (start.month, start.day) == (1, 1):
            return f"{start.year} to {end.year}"
        case "pooled_3_years":
            return f"three years to {MONTHS[end.month - 1]} {end.year}"
        case "three_months" | "quarter":
            began, ended = MONTHS[start.month - 1], MONTHS[end.month - 1]
            since = "" if start.year == end.year else f" {start.year}"
            return f"{began}{since} to {ended} {end.year}"
    if start == end:
        return day(end)
    return f"{day(start)} to {day(end)}"


def when(figure: Figure) -> str:
    """The period as a sentence needs it: `in the year to March 2024`, `on 31 August 2024`."""
    text = period(figure)
    match figure.period_type:
        case "financial_year" | "academic_year":
            return f"in the {text}"
        case "snapshot":
            return f"on {text}"
        case "pooled_3_years":
            return f"in the {text}" if text.startswith("three") else f"in the three years {text}"
        case "calendar_year":
            return f"in {text}"
    return f"from {text}"


def _two_years(start: date, end: date) -> str:
    return f"{start.year}/{end.year % 100:02d}"


@lru_cache(maxsize=200_000)
def rounded(value: float, decimals: int) -> Decimal:
    """A number to so many places, a half away from nought: the one rounding of every page."""
    # What is computed may be a hair off the decimal number that it is meant to be.
    exact = Decimal(repr(round(value, 9)))
    found = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    # A lower bound of nought may be computed as minus nought, which is no figure.
    return abs(found) if found == 0 else found


@lru_cache(maxsize=200_000)
def number(value: float, decimals: int) -> str:
    """A number to the series' places, thousands apart."""
    return f"{rounded(value, decimals):,}"


def amount(value: float, series: Series) -> str:
    """A number with its unit: `24.2%`, `93.1 per 10,000`."""
    text = number(value, series.decimals)
    if series.unit == "%":
        return text + "%"
    return text if series.unit in ("score", "") else f"{text} {series.unit}"


def bare(value: float, series: Series) -> str:
    """`24.2%`, `93.1`: a number whose unit stands elsewhere, of which only a sign is repeated."""
    return number(value, series.decimals) + ("%" if series.unit == "%" else "")


def reach(low: float, high: float, series: Series) -> str:
    """`20.1% to 22.3%`, for a key that has its unit elsewhere."""
    one, two = bare(low, series), bare(high, series)
    return one if one == two else f"{one} to {two}"


def interval(figure: Figure, series: Series) -> str:
    """`23.4% to 25.1%`, empty where there is none."""
    if figure.lower is None or figure.upper is None:
        return ""
    places = max(series.decimals, 1)
    sign = "%" if series.unit == "%" else ""
    return f"{number(figure.lower, places)}{sign} to {number(figure.upper, places)}{sign}"


def interval_method(figure: Figure) -> str:
    """Where the interval is from."""
    return _METHOD.get(figure.method or "", (figure.method or "").replace("_", " "))


def status(figure: Figure) -> str:
    """Why there is no number: `suppressed (shown as “c”)`."""
    text = _STATUS.get(figure.status, figure.status.replace("_", " "))
    mark = figure.symbol
    if not mark:
        return text
    if len(mark) <= _SHORT_MARK:
        return f"{text} (shown as “{mark}”)"
    return f"{text}: {mark}"


def note(figure: Figure) -> str:
    """What a reader must know beside a number: the publisher's mark, a correction."""
    notes = []
    if figure.value is not None and figure.symbol:
        mark = figure.symbol
        rounds = figure.value == 0 and len(mark) <= _SHORT_MARK
        notes.append(f"shown as “{mark}”: rounds to zero and is not zero" if rounds else mark)
    if figure.corrected:
        notes.append("corrected, see the list of corrections")
    if figure.basis in _BASIS:
        notes.append(_BASIS[figure.basis])
    if figure.flags:
        notes.append(UNUSUAL)
    return "; ".join(notes)


# How a check names itself and its series before it says what it found, and its measure of oddness.
_CHECK = re.compile(r"^\w+: (?:\w+\.\w+(?: \(\w+\))?: )?")
_ODDNESS = re.compile(r" \(robust z [-\d.]+\)$")


def found_odd(flags: Iterable[str]) -> list[str]:
    """What checks found odd about a figure, each once and as one would tell it."""
    sentences = []
    for flag in flags:
        plain = _ODDNESS.sub("", _CHECK.sub("", flag))
        plain = plain.replace(", its other figures ", "; its other figures are about ")
        plain = plain.replace(", the councils' median is ", "; the median of councils is ")
        sentences.append(f"{begun(plain)}.")
    return list(dict.fromkeys(sentences))


def cell(figure: Figure | None, series: Series) -> str:
    """A figure for a table: the number, or why there is none."""
    if figure is None:
        return "no figure"
    if figure.value is None:
        return status(figure)
    return number(figure.value, series.decimals)


def points(series: Series) -> str:
    """What a difference of two figures is counted in."""
    return {"%": "percentage points", "score": "points"}.get(series.unit, series.unit)


def with_unit(figure: Figure, series: Series) -> str:
    """A figure with its unit, or why there is none."""
    return status(figure) if figure.value is None else amount(figure.value, series)


def beside(figure: Figure | None, series: Series) -> str:
    """A comparator's figure for a table, told apart where it is computed and not published."""
    text = cell(figure, series)
    if figure is None or figure.value is None or figure.basis == "published":
        return text
    count = f" of {figure.councils}" if figure.councils is not None else ""
    return f"{text} (computed{count})"


def row_of(figure: Figure) -> str:
    """Which row of its file a figure stands in, and what is counted."""
    row = figure.source_row
    if figure.source_sheet:
        return f"sheet {figure.source_sheet}, row {row:,} below the header"
    return f"row {row + 1:,} in a spreadsheet, where the header is row 1"


def polarity(series: Series) -> str:
    """Which way is better, where that is known."""
    return {
        "low": "Lower is better.",
        "high": "Higher is better.",
    }.get(series.polarity, "")


def last_day(valid_to: date) -> str:
    """The day from which a council was no more."""
    return day(valid_to + timedelta(days=1))

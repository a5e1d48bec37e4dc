"""What a published period cell means: its type, first and last day, and the year it ends in."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, get_args

PeriodType = Literal[
    "calendar_year",
    "financial_year",
    "academic_year",
    "pooled_3_years",
    "three_months",
    "quarter",
    "snapshot",
    "survey",
]
PERIOD_TYPES: tuple[str, ...] = get_args(PeriodType)

Notation = Literal["ees", "fingertips", "iso", "days", "words", "mid_year", "quarters"]
_DASHED = r"((?:19|20)\d{2})-(\d{2})"
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}


@dataclass(frozen=True)
class Period:
    """A period with both ends included; `year` is the calendar year in which it ends."""

    start: date
    end: date

    @property
    def year(self) -> int:
        """The calendar year in which the period ends."""
        return self.end.year

    @property
    def position(self) -> float:
        """Where the period stands in time: its year, and how far into it, below 1, a quarter ends.

        Four quarters of a year are four times, and so are its days: none revises another. NEET's
        three months, one period a year, stand for their year.
        """
        days = (self.end - self.start).days
        if days > 92 or (days and self.start.month % 3 != 1):
            return float(self.year)
        return self.year + (self.end - date(self.year, 1, 1)).days / 366


@lru_cache(maxsize=4096)
def parse_period(cell: str, notation: Notation, period_type: PeriodType) -> Period | None:
    """The period that a cell names, or None where it names none of that type.

    `ees`: four digits are the year in which the period ends, six digits two years in a row
    (`202223`). `fingertips`: `2022`, `2022/23`, `2020 - 22`. `iso`, as the Office for National
    Statistics prints it: the first day and a length (`2021-04-01/P1Y`), a day alone
    (`2024-04-30T00:00:00`), or two years in a row (`2021-2022`, `2021-22`). `days`, as releases
    are named: a day (`2021-08-31`), a month, which stands for its first day (`2023-04`), or the
    three months of a quarter (`2018-04-to-06`). `words`, as titles say it: `30 June 2018`, `April
    to June 2018`. `mid_year`: `2023` is 30 June 2023. `quarters` of financial years, one or
    several: `Q1-Q4 2022/23`. A snapshot of a quarter is of its last day.
    """
    text = cell.strip()
    if reader := _BY_DAYS.get(notation):
        named = reader(text)
        return None if named is None else _of_type(named, period_type)
    if notation == "iso" and period_type == "snapshot":
        day = _iso_day(text)
        return Period(day, day) if day else None
    if notation == "iso":
        year = _iso_year(text, period_type)
    else:
        year = _ees_year(text) if notation == "ees" else _fingertips_year(text, period_type)
    if year is None:
        return None
    match period_type:
        case "calendar_year":
            return Period(date(year, 1, 1), date(year, 12, 31))
        case "pooled_3_years":
            return Period(date(year - 2, 1, 1), date(year, 12, 31))
        case "financial_year":
            return Period(date(year - 1, 4, 1), date(year, 3, 31))
        case "academic_year":
            return Period(date(year - 1, 9, 1), date(year, 8, 31))
        case "three_months":
            # NEET: the average of December, January and February.
            last_day = calendar.monthrange(year, 2)[1]
            return Period(date(year - 1, 12, 1), date(year, 2, last_day))
        case "survey":
            # Schools' survey of one school year.
            return Period(date(year - 1, 9, 1), date(year, 8, 31))
        case "quarter" | "snapshot":
            return None  # no such notation names a quarter or a day


def label_of(cell: str, period: Period | None, notation: Notation, *, years: bool = False) -> str:
    """How a period is shown, which is as its publisher writes it: 2021/22 for `202122`.

    `years` says that a year which its publisher names by its end alone is shown by both. A cell
    that names no period is shown as it is.
    """
    text = cell.strip(" ")
    if period is None:
        return text
    both = f"{period.end.year - 1}/{period.end.year % 100:02d}"
    if notation == "days" or (notation == "iso" and period.start == period.end):
        return period.end.isoformat()
    if notation == "iso" and period.start.year == period.end.year:
        return str(period.year)
    if years or notation in ("iso", "quarters"):
        return both
    if notation == "ees":
        return re.sub(r"^(\d{4})(\d{2})$", r"\1/\2", text)
    return text


def _of_type(named: Period, period_type: PeriodType) -> Period | None:
    """A period named by its days, if it is of the type."""
    if period_type == "snapshot":
        return Period(named.end, named.end)
    if period_type == "financial_year":
        whole = (named.start.month, named.end.month, named.end.year - named.start.year)
        return named if whole == (4, 3, 1) else None
    is_quarter = named.start.month % 3 == 1 and (named.end - named.start).days in (89, 90, 91)
    return named if period_type == "quarter" and is_quarter else None


def _in_days(text: str) -> Period | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Period(date.fromisoformat(text), date.fromisoformat(text))
        if match := re.fullmatch(_DASHED, text):
            day = date(int(match[1]), int(match[2]), 1)
            return Period(day, day)
        if match := re.fullmatch(_DASHED + r"-to-(\d{2})", text):
            return _months(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass  # no day of the calendar
    return None


def _in_words(text: str) -> Period | None:
    try:
        if match := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)? ([A-Z][a-z]+) (\d{4})", text):
            day = date(int(match[3]), _MONTHS.get(match[2].lower(), 0), int(match[1]))
            return Period(day, day)
        if match := re.fullmatch(r"([A-Z][a-z]+) to ([A-Z][a-z]+) (\d{4})", text):
            first, last = (_MONTHS.get(match[n].lower(), 0) for n in (1, 2))
            return _months(int(match[3]), first, last)
    except ValueError:
        pass  # no day of the calendar
    return None


def _months(year: int, first: int, last: int) -> Period | None:
    """From one month's first day to another's last, of one year."""
    if not 1 <= first <= last <= 12:
        return None
    return Period(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _in_quarters(text: str) -> Period | None:
    match = re.fullmatch(r"Q([1-4])(?:-Q([1-4]))? (\d{4}/\d{2})", text)
    last_year = _fingertips_year(match[3], "financial_year") if match else None
    if match is None or last_year is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    starts, ends = (date(last_year - (q < 4), (3 * q) % 12 + 1, 1) for q in (first, last))
    if starts > ends:
        return None
    end_month = ends.month + 2
    return Period(starts, date(ends.year, end_month, calendar.monthrange(ends.year, end_month)[1]))


def _mid_year(text: str) -> Period | None:
    if not re.fullmatch(r"(19|20)\d{2}", text):
        return None
    return Period(date(int(text), 6, 30), date(int(text), 6, 30))


# The months in which a year may begin. The National Child Measurement Programme's academic
# years are printed from August, the key stages' from September; they are the same years.
_ISO_MONTHS = {"calendar_year": ("01",), "financial_year": ("04",), "academic_year": ("08", "09")}


def _iso_year(text: str, period_type: PeriodType) -> int | None:
    months = _ISO_MONTHS.get(period_type, ())
    if match := re.fullmatch(r"((?:19|20)\d{2})-(\d{2})-01(?:T00:00:00)?/P1Y", text):
        first = int(match[1])
        if match[2] not in months:
            return None
        return first if period_type == "calendar_year" else first + 1
    if match := re.fullmatch(r"((?:19|20)\d{2})-((?:19|20)?\d{2})", text):
        last = int(match[1]) + 1
        in_a_row = match[2] in (f"{last}", f"{last}"[2:])
        return last if in_a_row and period_type != "calendar_year" and months else None
    return None


def _iso_day(text: str) -> date | None:
    match = re.fullmatch(r"((?:19|20)\d{2}-\d{2}-\d{2})(?:T00:00:00)?", text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _ees_year(text: str) -> int | None:
    if re.fullmatch(r"(19|20)\d{2}", text):
        return int(text)
    if re.fullmatch(r"(19|20)\d{4}", text):
        first, last = int(text[:4]), int(text[4:])
        return first + 1 if (first + 1) % 100 == last else None
    return None


def _fingertips_year(text: str, period_type: PeriodType) -> int | None:
    if period_type == "calendar_year":
        return int(text) if re.fullmatch(r"(19|20)\d{2}", text) else None
    gap = 2 if period_type == "pooled_3_years" else 1
    pattern = r"((?:19|20)\d{2}) - (\d{2})" if gap == 2 else r"((?:19|20)\d{2})/(\d{2})"
    if match := re.fullmatch(pattern, text):
        first, last = int(match[1]), int(match[2])
        return first + gap if (first + gap) % 100 == last else None
    return None


_BY_DAYS: Mapping[str, Callable[[str], Period | None]] = {
    "days": _in_days,
    "words": _in_words,
    "mid_year": _mid_year,
    "quarters": _in_quarters,
}


_YEAR = r"(?:19|20)\d{2}"
# A year as its first and last calendar year, however they stand together.
_TWO_YEARS = re.compile(rf"({_YEAR})\s*(?:[-/–—]|to)\s*((?:{_YEAR})|\d{{2}})|({_YEAR})(\d{{2}})")
_ENDING = re.compile(rf"([^\d]{{0,40}}(?:\d{{1,2}}[^\d]{{1,20}})?)({_YEAR})")
_ENDS_IN_WORDS = re.compile(r"\b(fye?|ye|year (?:ending|ended|to|end))\b", re.IGNORECASE)
_LENGTH = re.compile(rf"({_YEAR})-(\d{{2}})-01(?:T00:00:00(?:Z|\.0+)?)?/P(1|3)Y")
_A_DAY = re.compile(rf"({_YEAR}-\d{{2}}-\d{{2}})(?:[T ]00:00:00(?:Z|\.0+)?)?(?:/P1D)?")
_ABOUT = re.compile(
    r"\b(?:financial|academic|school|calendar)?\s*years?\b|\b(?:fy|ay|as at|at)\b", re.IGNORECASE
)
# The month in which each type's years end, where a label names it.
_LAST_MONTHS = {"financial_year": 3, "academic_year": 8, "survey": 8, "calendar_year": 12}
_SPANS = {"financial_year": 1, "academic_year": 1, "survey": 1, "three_months": 1}


def read_period(cell: str, notation: Notation, period_type: PeriodType) -> str | None:
    """A period's cell in its contract's notation, whichever of the usual ones it is printed in.

    None where it names no period of that type in any, or where it would be a guess: a lone year
    is read as the notation says, and as no other.
    """
    # A data frame writes whole numbers beside blanks with a point: 2024.0.
    text = re.sub(r"^(\d{4}|\d{6})\.0$", r"\1", " ".join(cell.split()))
    if parse_period(text, notation, period_type):
        return text
    day = _any_day(text)
    if period_type in ("snapshot", "quarter"):
        return _written_day(text, day, notation, period_type)
    years = _any_years(text, period_type)
    if years is None:
        return None
    found = _written_years(*years, notation, period_type)
    return found if found and parse_period(found, notation, period_type) else None


def _any_years(text: str, period_type: PeriodType) -> tuple[int, int] | None:
    """The first and the last calendar year that a label names, for a period of a type."""
    span = 2 if period_type == "pooled_3_years" else _SPANS.get(period_type, 0)
    if match := _LENGTH.fullmatch(text):
        first, length = int(match[1]), int(match[3])
        starts = _ISO_MONTHS.get("calendar_year" if span == 2 else period_type, ())
        whole = match[2] in starts and length == (3 if span == 2 else 1)
        return (first, first + span) if whole else None
    bare = " ".join(_ABOUT.sub(" ", text).split()).strip(" :,()")
    if span and (match := _TWO_YEARS.fullmatch(bare)):
        first, last = int(match[1] or match[3]), match[2] or match[4]
        ends = first + span
        return (first, ends) if last in (str(ends), str(ends)[2:]) else None
    if _ENDS_IN_WORDS.search(text) and (match := _ENDING.fullmatch(text)):
        month = next((n for name, n in _MONTHS.items() if name in text.lower()), None)
        last = int(match[2])
        as_named = month in (None, _LAST_MONTHS.get(period_type))
        return (last - span, last) if as_named and span < 2 else None
    if not span and re.fullmatch(_YEAR, bare):
        return int(bare), int(bare)
    return None


def _written_years(
    first: int, last: int, notation: Notation, period_type: PeriodType
) -> str | None:
    short = f"{last % 100:02d}"
    if notation == "ees":
        return str(last) if first == last else f"{first}{short}"
    if notation == "fingertips":
        if period_type == "pooled_3_years":
            return f"{first} - {short}"
        return str(last) if first == last else f"{first}/{short}"
    if notation == "iso":
        return f"{last}-01-01/P1Y" if first == last else f"{first}-{last}"
    return None


def _any_day(text: str) -> date | None:
    bare = re.sub(r"^(?:as at|at|on)\s+", "", text, flags=re.IGNORECASE)
    if match := _A_DAY.fullmatch(bare):
        bare = match[1]
    elif match := re.fullmatch(rf"(\d{{1,2}})/(\d{{1,2}})/({_YEAR})", bare):
        bare = f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
    named = _in_words(bare) if not bare[:4].isdigit() else _in_days(bare)
    return named.end if named and named.start == named.end else None


def _written_day(
    text: str, day: date | None, notation: Notation, period_type: PeriodType
) -> str | None:
    if day is None or period_type != "snapshot":
        return None
    if notation in ("iso", "days"):
        return day.isoformat()
    if notation == "words":
        return f"{day.day} {day:%B %Y}"
    if notation == "mid_year" and (day.month, day.day) == (6, 30):
        return str(day.year)
    return None

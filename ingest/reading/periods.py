"""What a published period cell means: its type, first and last day, and the year it ends in."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, get_args

from ingest.reading.cells import without_notes

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
# Only behind the word for a year: 24-25 alone may be a month and a day.
_TWO_SHORT_YEARS = re.compile(r"(\d{2})\s*[-/–—]\s*(\d{2})")
# `FY 2025` is not one of these: it may begin in 2025.
_ENDS_IN_WORDS = re.compile(
    r"\b(?:for\s+|in\s+)?(?:the\s+)?(?:fye|ye|(?:financial\s+|academic\s+|school\s+|calendar\s+)?"
    r"year\s+(?:ending|ended|to|end))\b(?:\s+(?:on|in)\b)?",
    re.IGNORECASE,
)
_LENGTH = re.compile(rf"({_YEAR})-(\d{{2}})-01(?:T00:00:00(?:Z|\.0+)?)?/P(1|3)Y")
_A_DAY = re.compile(rf"({_YEAR}-\d{{2}}-\d{{2}})(?:[T ]00:00:00(?:Z|\.0+)?)?(?:/P1D)?")
_IN_NUMBERS = re.compile(rf"(\d{{1,2}})/(\d{{1,2}})/({_YEAR})")
_ABOUT = re.compile(
    r"\b(?:financial|academic|school|calendar)?\s*years?\b|\b(?:fy|ay|cy)(?![a-z])"
    r"|\b(?:as at|at)\b",
    re.IGNORECASE,
)
# Words that say of which type a year is: it is read as no other.
_TYPES_IN_WORDS = (
    (re.compile(r"\bfinancial\b|\bfye?(?![a-z])", re.IGNORECASE), ("financial_year",)),
    (
        re.compile(r"\b(?:academic|school)\b|\bay(?![a-z])", re.IGNORECASE),
        ("academic_year", "survey"),
    ),
    (
        re.compile(r"\bcalendar\b|\bcy(?![a-z])", re.IGNORECASE),
        ("calendar_year", "pooled_3_years"),
    ),
)
# A letter for provisional or revised, or a numbered note: `[Q1]` or `[Mar]` is part of a year, and
# `2025e` may be a forecast.
_SAYS_NO_PERIOD = re.compile(
    r"[\[(]?(?:p|r|provisional|revised)[\])]?|[\[(]\s*note\s*\d+\s*[\])]|[¹²³⁰-⁹†‡§*]+",
    re.IGNORECASE,
)
_SPANS = {"financial_year": 1, "academic_year": 1, "survey": 1, "three_months": 1}
# The first months of a type's periods, and how many months they have.
_MONTHS_OF: Mapping[str, tuple[tuple[int, ...], int]] = {
    "calendar_year": ((1,), 12),
    "financial_year": ((4,), 12),
    "academic_year": ((9, 8), 12),
    "survey": ((9,), 12),
    "three_months": ((12,), 3),
    "pooled_3_years": ((1,), 36),
}
# Types whose last day or month alone names the year; of three months or three years it may be
# the label of that month or year alone.
_NAMED_BY_END = {"calendar_year": 12, "financial_year": 3, "academic_year": 8, "survey": 8}
_SHORT_MONTHS = {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_DAY_OR_MONTH = r"(?:(\d{1,2})(?:st|nd|rd|th)?\s+)?([A-Za-z]{3,9})"
_LAST = re.compile(rf"{_DAY_OR_MONTH}\s+({_YEAR})")
_FROM_TO = re.compile(
    rf"{_DAY_OR_MONTH}(?:\s+({_YEAR}))?\s*(?:[-–—]|\bto\b)\s*"
    rf"{_DAY_OR_MONTH}\s+({_YEAR})(?:\s*[/-]\s*(\d{{2}}|{_YEAR}))?"
)
_FROM_TO_IN_NUMBERS = re.compile(
    rf"(\d{{1,2}}/\d{{1,2}}/{_YEAR}|{_YEAR}-\d{{2}}-\d{{2}})(?:\s*(?:[-–—]|\bto\b)\s*|/)"
    rf"(\d{{1,2}}/\d{{1,2}}/{_YEAR}|{_YEAR}-\d{{2}}-\d{{2}})"
)


def read_period(
    cell: str, notation: Notation, period_type: PeriodType, *, day_first: bool = False
) -> str | None:
    """A period's cell in its contract's notation, whichever of the usual ones it is printed in.

    None where it names no period of that type in any, or where it would be a guess: a lone year
    is read as the notation says, and as no other. `day_first` says that the column of the cell
    has its days before their months (`are_day_first`): without it 04/05/2024 is no day.
    """
    # A data frame writes whole numbers beside blanks with a point: 2024.0.
    text = re.sub(r"^(\d{4}|\d{6})\.0$", r"\1", " ".join(cell.split()))
    if parse_period(text, notation, period_type):
        return text
    text, notes = without_notes(text)
    if not all(_SAYS_NO_PERIOD.fullmatch(note) for note in notes):
        return None
    if notes and parse_period(text, notation, period_type):
        return text
    said = [of for says, of in _TYPES_IN_WORDS if says.search(text)]
    if any(period_type not in of for of in said):
        return None
    bare = " ".join(_ABOUT.sub(" ", text).split()).strip(" :,()")
    if period_type == "snapshot":
        found = _written_day(_any_day(text, day_first=day_first), notation)
    elif period_type == "quarter":
        found = _written_quarter(_from_to(bare), notation)
    else:
        years = _short_years(bare, period_type) if said else None
        years = years or _any_years(text, bare, notation, period_type)
        found = _written_years(*years, notation, period_type) if years else None
    return found if found and parse_period(found, notation, period_type) else None


def are_day_first(cells: Iterable[str]) -> bool:
    """Whether days in numbers stand before their months throughout a column, as one of them shows.

    One that can only be read month first speaks against all of them.
    """
    found = [match for cell in cells if (match := _IN_NUMBERS.fullmatch(_day_alone(cell)))]
    return any(int(one[1]) > 12 for one in found) and all(int(one[2]) <= 12 for one in found)


def _any_years(
    text: str, bare: str, notation: Notation, period_type: PeriodType
) -> tuple[int, int] | None:
    """The first and the last calendar year that a label names, for a period of a type.

    `bare` is the label without words that say that it is of a year.
    """
    span = 2 if period_type == "pooled_3_years" else _SPANS.get(period_type, 0)
    if match := _LENGTH.fullmatch(text):
        first, length = int(match[1]), int(match[3])
        starts = _ISO_MONTHS.get("calendar_year" if span == 2 else period_type, ())
        whole = match[2] in starts and length == (3 if span == 2 else 1)
        return (first, first + span) if whole else None
    if span and (match := _TWO_YEARS.fullmatch(bare)):
        first, last = int(match[1] or match[3]), match[2] or match[4]
        ends = first + span
        return (first, ends) if last in (str(ends), str(ends)[2:]) else None
    if not span and re.fullmatch(_YEAR, bare):
        return int(bare), int(bare)
    if (named := _from_to(bare)) is not None:
        return _years_of(named, period_type, span)
    if period_type not in _NAMED_BY_END:
        return None
    if _ENDS_IN_WORDS.search(text):
        rest = " ".join(_ENDS_IN_WORDS.sub(" ", text).split()).strip(" :,()")
        last = int(rest) if re.fullmatch(_YEAR, rest) else _ends_in(rest, period_type)
    else:
        last = _ends_in(_day_alone(bare), period_type)
        if last is None and notation == "iso":
            last = _begins_year(_day_alone(bare), period_type)
    return None if last is None else (last - span, last)


def _short_years(bare: str, period_type: PeriodType) -> tuple[int, int] | None:
    """Two years in a row of two digits each, behind the word that they are years: FY24-25."""
    match = _TWO_SHORT_YEARS.fullmatch(bare)
    if match is None or _SPANS.get(period_type) != 1:
        return None
    first = 2000 + int(match[1])
    return (first, first + 1) if match[2] == f"{first + 1}"[2:] and first < 2050 else None


def _years_of(named: Period, period_type: PeriodType, span: int) -> tuple[int, int] | None:
    """The years of some months, if they are a whole period of the type."""
    starts, months = _MONTHS_OF.get(period_type, ((), 0))
    held = (named.end.year - named.start.year) * 12 + named.end.month - named.start.month + 1
    whole = named.start.month in starts and held == months
    return (named.end.year - span, named.end.year) if whole else None


def _ends_in(text: str, period_type: PeriodType) -> int | None:
    """The year whose own last day or month this is, for the type of years: 31 March 2025."""
    if (match := _LAST.fullmatch(text)) and not match[1]:
        month = _month(match[2])
        return int(match[3]) if month == _NAMED_BY_END[period_type] else None
    day = _any_day(text)
    if day is None or day.month != _NAMED_BY_END[period_type]:
        return None
    return day.year if day.day == calendar.monthrange(day.year, day.month)[1] else None


def _begins_year(text: str, period_type: PeriodType) -> int | None:
    """The last year of the one whose own first day this is, as ONS prints years: 01/04/2023.

    No first of a month that begins a year begins one month first, too.
    """
    day = _any_day(text, day_first=True)
    if day is None or day.day != 1 or f"{day.month:02d}" not in _ISO_MONTHS.get(period_type, ()):
        return None
    return day.year if period_type == "calendar_year" else day.year + 1


def _month(word: str) -> int | None:
    """The number of a month by its name, or by what that is cut to."""
    return _MONTHS.get(word.lower()) or _SHORT_MONTHS.get(word.lower())


def _from_to(text: str) -> Period | None:
    """Whole months by the first and the last, or by their first and last day.

    A year that is left out is the other's. Where the months run over its end (`Apr - Mar 2025`)
    that could be either's, so both have to stand there.
    """
    if match := _FROM_TO_IN_NUMBERS.fullmatch(text):
        first, last = (_any_day(match[n], day_first=True) for n in (1, 2))
        return _whole_months(first, last)
    if not (match := _FROM_TO.fullmatch(text)):
        return None
    starts, ends = _month(match[2]), _month(match[5])
    if starts is None or ends is None or bool(match[1]) != bool(match[4]):
        return None
    year = last_year = int(match[6])
    if match[7]:
        last_year = year + 1
        if match[3] or starts <= ends or match[7] not in (f"{last_year}", f"{last_year}"[2:]):
            return None
    elif match[3]:
        year = int(match[3])
    elif starts > ends:
        return None
    last_day = calendar.monthrange(last_year, ends)[1]
    try:
        first = date(year, starts, int(match[1] or 1))
        return _whole_months(first, date(last_year, ends, int(match[4] or last_day)))
    except ValueError:
        return None  # no day of the calendar


def _whole_months(first: date | None, last: date | None) -> Period | None:
    if first is None or last is None or first.day != 1 or first >= last:
        return None
    return Period(first, last) if (last + timedelta(days=1)).day == 1 else None


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


def _day_alone(text: str) -> str:
    return re.sub(r"^(?:as at|at|on)\s+", "", " ".join(text.split()), flags=re.IGNORECASE)


def _any_day(text: str, *, day_first: bool = False) -> date | None:
    """The one day that a text names. In numbers it is read month first by nobody."""
    bare = _day_alone(text)
    if match := _A_DAY.fullmatch(bare):
        bare = match[1]
    elif match := _IN_NUMBERS.fullmatch(bare):
        day, month = int(match[1]), int(match[2])
        if not (day_first or day > 12 or day == month):
            return None
        bare = f"{match[3]}-{month:02d}-{day:02d}"
    elif (match := _LAST.fullmatch(bare)) and match[1] and (of := _month(match[2])):
        bare = f"{match[3]}-{of:02d}-{int(match[1]):02d}"
    named = _in_days(bare)
    return named.end if named and re.fullmatch(r"\d{4}-\d{2}-\d{2}", bare) else None


def _written_day(day: date | None, notation: Notation) -> str | None:
    if day is None:
        return None
    if notation in ("iso", "days"):
        return day.isoformat()
    if notation == "words":
        return f"{day.day} {day:%B %Y}"
    if notation == "mid_year" and (day.month, day.day) == (6, 30):
        return str(day.year)
    return None


def _written_quarter(named: Period | None, notation: Notation) -> str | None:
    if named is None or named.start.year != named.end.year:
        return None
    if notation == "words":
        return f"{named.start:%B} to {named.end:%B %Y}"
    return f"{named.start:%Y-%m}-to-{named.end:%m}" if notation == "days" else None

"""Columns of days beside figures, such as those of inspections, in one notation for all.

Periods are read in `periods`. What one cell leaves open the whole column tells, and the day that
the list is of: no inspection in it is later.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

_MONTHS = {
    name: number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(word.lower() for word in names)
    if name
}
_IN_WORDS = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -]((?:19|20)\d{2})")
# As Excel shows a day: 12-Jun-24.
_SHORT = re.compile(r"(\d{2})-([A-Za-z]{3})-(\d{2})")
# Whole days since the end of 1899, as Excel keeps them; five digits since 1927.
_SERIAL = re.compile(r"(\d{5})(?:\.0)?")
_SERIAL_ZERO = date(1899, 12, 30)
_FIRST_SERIAL = date(1990, 1, 1)
# Excel's other calendar begins so many days later: read as this one, its days are too early.
_OTHER_CALENDAR = timedelta(days=1462)
_NOTHING = ("", "NULL", "-")


def read_days(cells: Iterable[str], until: date | None) -> Mapping[str, str]:
    """Cells of one column that say a day in other words, with that day as 31/12/2024.

    `until` is the last day that any may be. Without it days of two digits a year and serial
    numbers are left as they are; so is whatever is no day, for the checks to refuse.
    """
    texts = {cell: cell.strip() for cell in cells}
    there = [text for text in texts.values() if text not in _NOTHING]
    days = _serials(there, until) or {**_short_days(there, until), **_days_in_words(there)}
    return {cell: f"{days[text]:%d/%m/%Y}" for cell, text in texts.items() if text in days}


def _days_in_words(texts: Iterable[str]) -> dict[str, date]:
    found = {text: _IN_WORDS.fullmatch(text) for text in texts}
    days = {text: _day(m[3], m[2], m[1]) for text, m in found.items() if m}
    return {text: day for text, day in days.items() if day}


def _short_days(texts: Iterable[str], until: date | None) -> dict[str, date]:
    """Days as 12-Jun-24, where the column shows that the year is not the first of both numbers."""
    found = {text: match for text in texts if (match := _SHORT.fullmatch(text))}
    if until is None:
        return {}
    days = {text: _day(f"20{m[3]}", m[2], m[1]) for text, m in found.items()}
    turned = [_day(f"20{m[1]}", m[2], m[3]) for m in found.values()]
    known = {text: day for text, day in days.items() if day and day <= until}
    tells = any(day is None or day > until for day in turned)
    return known if tells and len(known) == len(days) else {}


def _serials(texts: list[str], until: date | None) -> dict[str, date]:
    """Days as Excel's numbers, where all of a column are, up to about the day of the list."""
    found = {text: match for text in texts if (match := _SERIAL.fullmatch(text))}
    if until is None or not found or len(found) != len(set(texts)):
        return {}
    days = {text: _SERIAL_ZERO + timedelta(days=int(match[1])) for text, match in found.items()}
    first, last = min(days.values()), max(days.values())
    sane = first >= _FIRST_SERIAL and until - _OTHER_CALENDAR < last <= until
    return days if sane else {}


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), _MONTHS.get(month.lower(), 0), int(day))
    except ValueError:
        return None

"""What period a title, a file's name or a page's path tells, in whatever words it does.

Only what is printed there is used; where a text tells two periods of one kind, or none, that is
said by giving none. What a file holds is held to it later, by its checks.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from ingest.publishers.platform import MONTHS

_MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?(?![a-z])"
_YEAR = r"((?:19|20)\d{2})(?!\d)"
_TO = r"\s*(?:to|-|\u2013|/)\s*"
_PART = r"(?<![a-z0-9])"


@dataclass(frozen=True)
class Span:
    """A period that a text tells, both days included."""

    start: date
    end: date

    @property
    def months(self) -> int:
        """How many months it touches."""
        return 12 * (self.end.year - self.start.year) + self.end.month - self.start.month + 1

    @property
    def is_quarter(self) -> bool:
        """Whether it is the three months of a quarter, or the month in which one ends."""
        if self.months == 3:
            return self.start.month % 3 == 1
        return self.months == 1 and self.end.month % 3 == 0 and self.start.day == 1

    @property
    def is_year(self) -> bool:
        """Whether it is a year that begins in one calendar year and ends in the next."""
        return self.months == 12 and self.start.year < self.end.year


def _last(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _months(found: re.Match[str]) -> Span:
    first, first_year, last, year = found.groups()
    end = _last(int(year), MONTHS[last])
    begins = int(first_year) if first_year else end.year - (MONTHS[first] > MONTHS[last])
    return Span(date(begins, MONTHS[first], 1), end)


def _day(found: re.Match[str]) -> Span:
    day = date(int(found[3]), MONTHS[found[2]], int(found[1]))
    return Span(day, day)


def _iso_day(found: re.Match[str]) -> Span:
    day = date(int(found[1]), int(found[2]), int(found[3]))
    return Span(day, day)


def _month(found: re.Match[str]) -> Span:
    year, month = int(found[2]), MONTHS[found[1]]
    return Span(date(year, month, 1), _last(year, month))


def _numbered_month(found: re.Match[str]) -> Span:
    year, month = int(found[1]), int(found[2])
    return Span(date(year, month, 1), _last(year, month))


def _quarter(found: re.Match[str]) -> Span:
    first = _years(re.match("(.*),(.*)", f"{found[2]},{found[3]}") or found).start
    month = 3 * int(found[1]) + 1
    year = first.year + (month > 12)
    start = date(year, (month - 1) % 12 + 1, 1)
    return Span(start, _last(year, start.month + 2))


def _years(found: re.Match[str]) -> Span:
    """Two years in a row: a financial year, for want of another word."""
    first, last = int(found[1]), int(found[2])
    last += (first + 1) // 100 * 100 if last < 100 else 0
    if last <= first:
        raise ValueError("no years in a row")
    return Span(date(first, 4, 1), date(last, 3, 31))


def _year(found: re.Match[str]) -> Span:
    return Span(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31))


_WAYS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Span]], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"{_PART}{_MONTH}\s*(?:{_YEAR})?{_TO}{_MONTH}\s*{_YEAR}", _months),
        (rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[\s-]*{_MONTH}[\s,-]*{_YEAR}", _day),
        (r"(?<!\d)(20\d{2})-(\d{2})-(\d{2})(?!\d)", _iso_day),
        (rf"{_PART}q([1-4])[\s-]+(20\d{{2}})(?:{_TO}|\s+)(\d{{4}}|\d{{2}})(?!\d)", _quarter),
        (rf"{_PART}{_MONTH}[\s,-]*{_YEAR}", _month),
        (rf"(?<!\d)(20\d{{2}})(?:{_TO}|\s+)(20\d{{2}}|\d{{2}})(?!\d)", _years),
        (r"(?<!\d)(20\d{2})-(0[1-9]|1[0-2])(?!\d)", _numbered_month),
        (r"(?<!\d)(20\d{2})(20\d{2})(?!\d)", _years),
        (r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])(?!\d)", _numbered_month),
        (r"(?<!\d)(20\d{2})(\d{2})(?!\d)", _years),
        (r"(?<!\d)(20\d{2})(?!\d)", _year),
    )
)


def spans_in(text: str) -> list[Span]:
    """Every period that a text tells; what stands in a longer one is not told again."""
    return list(dict.fromkeys(_spans(re.sub(r"[_\s]+", " ", text).lower())))


def _spans(text: str) -> Iterator[Span]:
    for way, reader in _WAYS:
        for found in list(way.finditer(text)):
            try:
                yield reader(found)
            except (ValueError, OverflowError):
                continue  # no day of the calendar
            text = text[: found.start()] + " " * len(found.group()) + text[found.end() :]


def newest_in(*texts: str) -> date | None:
    """The last day of the newest period that the first text tells which tells any."""
    for text in texts:
        if spans := spans_in(text):
            return max(span.end for span in spans)
    return None


def day_in(*texts: str) -> date | None:
    """The one day that a text tells; a month stands for its last."""
    for text in texts:
        for of_a_day in (True, False):
            days = {
                s.end for s in spans_in(text) if s.months == 1 and (s.start == s.end) == of_a_day
            }
            if len(days) == 1:
                return days.pop()
    return None


def quarter_in(*texts: str) -> Span | None:
    """The one quarter that a text tells, of those that tell no year as well.

    Beside tables of quarters stand tables of financial years: those tell no quarter.
    """
    for text in texts:
        spans = spans_in(text)
        quarters = {_whole(span) for span in spans if span.is_quarter}
        if len(quarters) == 1 and not any(span.is_year for span in spans):
            return quarters.pop()
    return None


def tells_a_year(*texts: str) -> bool:
    """Whether the first text that tells a period of either kind tells a year and no quarter."""
    for text in texts:
        spans = spans_in(text)
        years = any(span.is_year for span in spans)
        if years or any(span.is_quarter for span in spans):
            return years and not any(span.is_quarter for span in spans)
    return False


def _whole(span: Span) -> Span:
    return Span(date(span.end.year, span.end.month - 2, 1), span.end)

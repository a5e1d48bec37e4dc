"""What a published period cell means: its type, first and last day, and the year it ends in.

The SQL of `dbt_project/macros` says the same for the facts; this one serves the checks, which
must know which councils existed at a period's end before any fact is built.
"""

from __future__ import annotations

import calendar
import re
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
]
PERIOD_TYPES: tuple[str, ...] = get_args(PeriodType)


@dataclass(frozen=True)
class Period:
    """A period with both ends included; `year` is the calendar year in which it ends."""

    start: date
    end: date

    @property
    def year(self) -> int:
        """The calendar year in which the period ends."""
        return self.end.year


@lru_cache(maxsize=4096)
def parse_period(
    cell: str, notation: Literal["ees", "fingertips"], period_type: PeriodType
) -> Period | None:
    """The period that a cell names, or None where it names none of that type.

    EES: four digits are the year in which the period ends, six digits two years in a row
    (`202223`). Fingertips: `2022`, `2022/23`, `2020 - 22`.
    """
    text = cell.strip()
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

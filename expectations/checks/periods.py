"""Periods: that a file holds the years that it claims, and each under its own label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.checks.base import Findings, LoadCheck, found_where, one
from expectations.panel.cells import labels_of, row_groups
from expectations.panel.columns import AREA_LEVEL, PERIOD, PERIOD_UNREAD, YEAR
from expectations.panel.series_panel import when
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES
from ingest.reading.loads import Load
from ingest.reading.marks import number_in
from ingest.reading.periods import parse_period

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable

DAYS_A_MONTH = 365.25 / 12
# What is claimed, the number claimed, and the number found.
_Claim = tuple[str, float | None, float | None]


class PeriodsKnown(LoadCheck):
    """A cell that names no period: its figures would be of no year."""

    name = "periods_known"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.period.column,)

    def explanation(self, contract: FileContract, about: str) -> str:
        return f"Each cell of {about} names a period of the file's type."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        off = load.columns.there(PERIOD_UNREAD)
        shown = load.columns.texts(PERIOD_UNREAD)
        yield found_where(off, shown, load.source_rows, wording="{0!r} in row {1}")


class YearsClaimed(LoadCheck):
    """A file named for one year that holds another."""

    name = "years_claimed"
    asks_for_rows = True
    expects = (
        "The years that the file holds are those that its name and its release's name claim: a"
        " file named for one year that holds another is refused. So is one that says of itself"
        " that it has more rows, or that has fewer years than such files have."
    )
    noun = "claims"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        spec = contract.years
        claims = spec.last or spec.first or spec.span is not None or spec.only
        return (contract.period.column,) if claims or contract.row_count else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        claims = list(_claims(load))
        # A name without a year and a file without one do not agree: they say nothing.
        yield found_where(
            [claimed is None or found is None or claimed != found for _, claimed, found in claims],
            [claim for claim, _, _ in claims],
            [_shown(claimed) for _, claimed, _ in claims],
            [_shown(found) for _, _, found in claims],
            wording="{0} should be {1} and is {2}",
        )


def _shown(number: float | None) -> str:
    return "nothing" if number is None else f"{number:.10g}"


def _claims(load: LoadTable) -> Iterator[_Claim]:
    """Each claim of the file's or the release's name: the year claimed and the one found.

    Where the whole period is claimed, its last day stands for it, as 20180630.
    """
    contract, spec = load.contract, load.contract.years
    if contract.row_count is not None:
        row_counts = {number_in(cell) for cell in load.printed.codes(contract.row_count).distinct}
        only = row_counts.pop() if len(row_counts) == 1 else None
        yield "the number of rows by its own count", only, float(len(load.rows))
    found = load.rows[YEAR].dropna() // 1
    last = float(found.max()) if len(found) else None
    first = float(found.min()) if len(found) else None
    # A file that was recognised by its columns has a name that claims nothing.
    is_named = load.load.contract.match(load.load.file.name) is not None
    if "file" in spec.last and is_named:
        yield "the last year by the file's name", _year_of_file(load.load, "last"), last
    if "release" in spec.last:
        year = _year_of_release(load.load.release.release)
        claimed = None if year is None else year + spec.offset
        yield "the last year by the release's name", claimed, last
    if "file" in spec.first and is_named:
        yield "the first year by the file's name", _year_of_file(load.load, "first"), first
    if spec.span is not None:
        # A file that is added to has a year more each year; one with fewer lacks some.
        years = float(found.nunique())
        as_many = 1 < spec.span < years or _begins_later(load, found)
        yield "the number of years", (years if as_many else spec.span), years
    if spec.only == "release":
        days = sorted(_as_number(period.end) for period in load.periods.values())
        named = parse_period(load.load.release.release, "days", "snapshot")
        claimed = None if named is None else _as_number(named.end)
        for day in (days[:1] + days[-1:]) or [0]:
            yield "the last day by the release's name", claimed, float(day)


def _begins_later(load: LoadTable, found: pd.Series[float]) -> bool:
    """Whether all that a file of several years lacks is the oldest that the one before had.

    A publisher that prints the newest four years for five has left out nothing that is not held.
    """
    before = load.columns_before
    if before is None or found.nunique() < 2:
        return False
    held = {float(year) for year in np.unique(before.years[~np.isnan(before.years)] // 1)}
    return {year for year in held if year >= found.min()} <= {*found} and min(held) < found.min()


def _as_number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _year_of_file(load: Load, end: str) -> int | None:
    match = load.contract.match(load.file.name)
    groups = match.groupdict() if match else {}
    if year := groups.get(f"{end}_year"):
        return int(year)
    academic_year = groups.get("academic_year") or ""
    if re.fullmatch(r"\d{4}", academic_year) and end == "last":
        return _second_year(2000 + int(academic_year[:2]), int(academic_year[2:]))
    return None


def _year_of_release(release: str) -> int | None:
    """`2024`: 2024. `2022-23`, `2022-23-revised`: 2023. `2021-08-31`, `2018-04-to-06`: theirs.

    Anything else names no year.
    """
    if (named := parse_period(release, "days", "snapshot")) and release.count("-") > 1:
        return named.year
    match = re.match(r"(\d{4})(?:-(\d{2}))?(?:-[a-z]|$)", release)
    if match is None:
        return None
    return _second_year(int(match[1]), int(match[2])) if match[2] else int(match[1])


def _second_year(first: int, last_two_digits: int) -> int | None:
    return first + 1 if (first + 1) % 100 == last_two_digits else None


class YearsNotAfterPublication(LoadCheck):
    """Figures for a year that had not come when they were published."""

    name = "years_not_after_publication"
    expects = "No period ends in a year after the release was published."
    noun = "releases"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.period.column,) if contract.years.not_after == "published" else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        published, newest = load.load.release.published.year, load.rows[YEAR].max() // 1
        late = newest > published
        message = f"published in {published}, with figures for {newest:.0f}" if late else None
        yield one(1, message)


class NewestYearThere(LoadCheck):
    """The newest period ended long before publication: a year may be missing."""

    name = "newest_year_there"
    asks_for_rows = True
    noun = "releases"
    outcome = "warn"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.period.column,) if _says_lag(contract) else ()

    def explanation(self, contract: FileContract, about: str) -> str:
        return (
            f"The newest period ended at most {contract.years.lag} months before publication, as"
            " it did in every release so far: a file without its newest year ends earlier."
        )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        newest = max((period.end for period in load.periods.values()), default=None)
        most = load.contract.years.lag
        if newest is None or most is None:
            return
        lag = (load.load.release.published - newest).days / DAYS_A_MONTH
        yield one(1, f"it ended on {newest}" if lag > most else None)


def _says_lag(contract: FileContract) -> bool:
    spec = contract.years
    dated = spec.not_after == "published" or spec.not_before is not None
    return spec.lag is not None and dated


class YearsOfTheDefinition(LoadCheck):
    """Figures from before the definition of the series."""

    name = "years_of_the_definition"
    noun = "releases"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.period.column,) if contract.years.not_before is not None else ()

    def explanation(self, contract: FileContract, about: str) -> str:
        return (
            f"No period ends before {contract.years.not_before}, where this definition begins:"
            " figures of another definition are no part of its series."
        )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        first, least = load.rows[YEAR].min() // 1, load.contract.years.not_before or 0
        yield one(1, f"figures for {first:.0f}" if first < least else None)


class NewestYearHasFigures(LoadCheck):
    """A column that had numbers the year before, and has none in the newest."""

    name = "newest_year_has_figures"
    expects = (
        "The newest year has a number for some council in each column that had one the year"
        " before: a year wholly suppressed is refused, but for years that the contract explains."
    )
    noun = "columns"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        # Left out are columns without numbers the year before, or in a file of one year the release
        # before: those the publisher gave up or never filled, and nothing was taken away from them.
        columns, blank = load.columns, load.contract.years.blank
        is_council = columns.equal(AREA_LEVEL, load.contract.area.unit)
        known = columns.years[is_council & ~np.isnan(columns.years)]
        years = [year for year in np.unique(known) if year not in blank]
        if not years:
            return
        newest = np.flatnonzero(is_council & (columns.years == years[-1]))
        before = is_council & (columns.years == years[-2]) if len(years) > 1 else None
        earlier = load.columns_before
        for name in load.contract.columns_of(*NUMERIC_ROLES):
            numbers = columns.numbers(name)
            if before is not None:
                filled = ~np.isnan(numbers[before])
            elif earlier is not None and name in earlier.rows:
                of_councils = earlier.equal(AREA_LEVEL, load.contract.area.unit)
                filled = ~np.isnan(earlier.numbers(name)[of_councils])
            else:
                filled = ~columns.equal(name, "")[newest]
            if filled.any():
                empty = bool(np.isnan(numbers[newest]).all())
                yield one(1, f"{name} in {when(years[-1])}" if empty else None)


class PeriodsStartAsSorted(LoadCheck):
    """A period's label and the sort key beside it are of two years."""

    name = "periods_start_as_sorted"
    expects = "Each period's label begins with the year of the sort key beside it."
    noun = "labels"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.period.sortable else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        key = load.contract.period.sortable
        if key is None or key not in load.rows:
            return
        columns = load.columns
        at = np.flatnonzero(columns.there(PERIOD) & columns.there(key))
        at = at[~pd.Series(row_groups(columns, [PERIOD, key])[at]).duplicated().to_numpy()]
        labels, keys = columns.texts(PERIOD)[at], columns.texts(key)[at]
        yield found_where(
            [label[:4] != of[:4] and of != "" for label, of in zip(labels, keys, strict=True)],
            [labels_of(label) for label in labels],
            keys,
            load.source_rows[at],
            wording="'{0}' beside " + key + " '{1}' in row {2}",
        )

"""What must be there of a series: areas, years and numbers, and what stands beside a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from expectations.checks.base import (
    MISREAD_SHARE,
    Bound,
    Finding,
    Findings,
    LoadCheck,
    found_where,
    one,
)
from expectations.panel.baseline import ENOUGH_AREAS
from expectations.panel.cells import labels_of
from expectations.panel.columns import (
    COUNCIL_CODE,
    COUNTRY_CODE,
    EMPTIED,
    LONDON,
    PERIOD,
    REGION_CODE,
    Coded,
)
from expectations.panel.measures import SeriesCheck, series_of
from expectations.panel.series_panel import when
from ingest.contracts.contract import FileContract

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expectations.panel.load_table import LoadTable
    from ingest.arrays import Flags, Floats, Places

    # Positions among a load's rows, in the order of the file.

ENGLAND = "England"
_Scalar = TypeVar("_Scalar", bound=np.generic)


class OfSeries(LoadCheck):
    """A check of the series that a file holds; it does not apply where there is none."""

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if series_of(contract) else ()


class OfRows(OfSeries):
    """A check of the rows that a series is printed in."""

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for check in series_of(load.contract):
            rows = load.rows_of(check)
            if len(rows):
                yield from self.of_series(load, check, rows)

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        """What is found of one series, in the rows at these positions."""
        raise NotImplementedError


def groups_of(of_rows: NDArray[_Scalar], rows: Places) -> Iterator[tuple[_Scalar, Places]]:
    """Each distinct thing said of rows, in order, and the positions of those it is said of."""
    distinct, inverse = np.unique(of_rows, return_inverse=True)
    order = rows[np.argsort(inverse, kind="stable")]
    ends = np.cumsum(np.bincount(inverse, minlength=len(distinct)))
    for value, begin, end in zip(distinct, [0, *ends], ends, strict=False):
        yield value, order[begin:end]


def rows_by_period(load: LoadTable, rows: Places) -> Iterator[tuple[str, Places]]:
    """The labels of a series' periods, in their order, and the positions of the rows of each."""
    labels = load.columns.codes(PERIOD)
    rows = rows[labels.there[rows]]
    groups = {
        labels.distinct[at]: of_period for at, of_period in groups_of(labels.found[rows], rows)
    }
    return iter(sorted(groups.items()))


def _distinct_cells(cells: Coded, rows: Places) -> set[str]:
    """The distinct cells of a column that rows have."""
    return {cells.distinct[at] for at in np.unique(cells.found[rows]).tolist() if at >= 0}


class SeriesComplete(OfRows):
    """A period of a series lacks the row of an area."""

    name = "series_complete"
    asks_for_rows = True
    expects = (
        "Every period of a series has a row for each council that existed, and for England and each"
        " region where the file has them."
    )
    noun = "periods"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        councils, columns = load.councils, load.columns
        larger = load.contract.area.codes.keys() - {*check.without}
        is_country = columns.there(COUNTRY_CODE)
        has_england = "country" in larger or is_country[rows].any()
        region_codes = columns.codes(REGION_CODE)
        printed = _distinct_cells(region_codes, rows)
        # Inner and Outer London are told apart where a file does so.
        parts = {code for code in printed if code.startswith("E13")}
        regions = set(councils.regions) if "region" in larger or printed else set()
        for label, of_period in rows_by_period(load, rows):
            expected = load.expected[label] - _distinct_cells(load.entities, of_period)
            lacking = [councils.name(c) for c in sorted(expected)]
            if regions or parts:
                codes = _distinct_cells(region_codes, of_period)
                whole = {LONDON if code.startswith("E13") else code for code in codes}
                lacking += [councils.regions[c] for c in sorted(regions - whole)]
                lacking += sorted(parts - codes)
            if has_england and not is_country[of_period].any():
                lacking.append(ENGLAND)
            message = f"{check.name}: {', '.join(lacking[:5])} in {labels_of(label)}"
            yield one(1, message if lacking else None)


class SeriesUnbroken(OfSeries):
    """A series lacks a year that it had, or one in between."""

    name = "series_unbroken"
    asks_for_rows = True
    expects = (
        "No series begins later than its measure's YAML says in a file that goes back further,"
        " lacks a year in between, but for gaps that the contract explains, or ends earlier than it"
        " did in the release before."
    )
    noun = "series"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        explained = {year for gap in load.contract.years.gaps for year in gap.years}
        for check in series_of(load.contract):
            rows = load.rows_of(check)
            if not len(rows):
                continue
            found = _years_found(load, rows)
            wanted = range(_begins(load, check, found), found[-1] + 1) if found else range(0)
            lacking = [year for year in wanted if year not in found and year not in explained]
            message = f"{check.name}: {', '.join(map(str, lacking[:5]))}"
            yield one(1, message if lacking else None)
        for view in load.series:
            if view.now.empty or view.was is None or view.was.empty:
                continue
            newest, before = view.now.years.max(), view.was.years.max()
            message = (
                f"{view.name}: its newest period is {when(newest)}, and was {when(before)} before"
            )
            yield one(1, message if before > newest else None)


def _years_found(load: LoadTable, rows: Places) -> list[int]:
    """The years of some rows, the oldest first."""
    years = load.columns.years[rows]
    return sorted({int(year) for year in np.unique(years[~np.isnan(years)])})


def _first_year(load: LoadTable) -> float:
    """The first year of any row of the file; before all years where no row has one."""
    years = load.columns.years[~np.isnan(load.columns.years)]
    return float(years.min()) if len(years) else -np.inf


def _begins(load: LoadTable, check: SeriesCheck, found: Sequence[int]) -> int:
    """The first year that a series with years should have in a file, by its YAML and the file."""
    begins = found[0] if check.begins is None else check.begins
    return int(min(max(begins, _first_year(load)), found[0]))


class OldestYearsKept(OfSeries):
    """A file that no longer goes back as far as its series do."""

    name = "oldest_years_kept"
    asks_for_rows = True
    expects = (
        "Each series begins when its measure's YAML says. Where the whole file begins later, as one"
        " whose publisher prints the newest ten years, what was published before stays as it was."
    )
    noun = "series"
    outcome = "warn"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for check in series_of(load.contract):
            found = _years_found(load, load.rows_of(check))
            if not found or check.begins is None:
                continue
            begins = _begins(load, check, found)
            message = f"{check.name}: begins in {begins}, not {check.begins}"
            yield one(1, message if begins > check.begins else None)


class SeriesPrinted(OfSeries):
    """A series has no rows: its label was reworded, and nobody knows the new one."""

    name = "series_printed"
    asks_for_rows = True
    expects = (
        "Each series that is printed in this file has rows in it, under labels that are known."
    )
    noun = "series"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        first = _first_year(load)
        for view in load.series:
            rows = int((~np.isnan(view.now.source_rows)).sum())
            # A series that ended before the file's first year has left it with its years.
            was = view.was
            has_left = not rows and was is not None and not was.empty and was.years.max() < first
            if rows or not (view.check.may_be_absent or has_left):
                yield one(1, None if rows else f"{view.name} has 0 rows")


class NumbersNotFew(OfRows):
    """Many councils lost their number: a column was emptied, or a mark put over it."""

    name = "numbers_not_few"
    asks_for_rows = True
    expects = (
        "In every year as many councils have a number as the measure's YAML asks for, but for an"
        " older year that its publisher withholds whole, with its marks or notes."
    )
    noun = "years"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        years, share, withheld = load.once(
            "numbers by year", check, lambda: _numbers_by_year(load, check, rows)
        )
        yield found_where(
            (share < check.numbers) & ~withheld,
            share,
            [when(year) for year in years],
            wording=check.name + ": {0:.0%} of councils have a number in {1}",
        )


class NoYearWithheld(OfRows):
    """An older year without any number, whose publisher says why."""

    name = "no_year_withheld"
    expects = "No older year of a series is withheld whole by its publisher."
    noun = "years"
    outcome = "warn"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        years, _, withheld = load.once(
            "numbers by year", check, lambda: _numbers_by_year(load, check, rows)
        )
        labels = [when(year) for year in years]
        yield found_where(withheld, labels, wording=check.name + ": no council has a number in {0}")


def _numbers_by_year(
    load: LoadTable, check: SeriesCheck, rows: Places
) -> tuple[Floats, Floats, Flags]:
    """Years, the share of councils with a number in each, and whether it is withheld whole.

    A year is withheld where no council has a number, each cell has a mark or a note that says so,
    and a later year has numbers.
    """
    columns = load.columns
    rows = rows[columns.there(COUNCIL_CODE)[rows] & ~np.isnan(columns.years[rows])]
    thin = {year for gap in check.thin_years for year in gap.years}
    explained = ~columns.equal(check.column, "")[rows]
    if (notes := load.contract.notes) is not None and notes.column in load.rows:
        noted = columns.there(notes.column) & ~columns.equal(notes.column, "")
        explained = explained | noted[rows]
    is_number = ~np.isnan(columns.numbers(check.column)[rows])
    row_years = columns.years[rows]
    years, shares, withheld = [], [], []
    with_numbers = row_years[is_number]
    newest = with_numbers.max() if len(with_numbers) else -np.inf
    for year, at in groups_of(row_years, np.arange(len(rows))):
        if len(at) < ENOUGH_AREAS or year in thin:
            continue
        years.append(year)
        shares.append(is_number[at].mean())
        withheld.append(not is_number[at].any() and explained[at].all() and year < newest)
    return np.array(years), np.array(shares), np.array(withheld, dtype=bool)


class NoBlankWithoutMark(OfRows):
    """A blank cell, whose publisher has marks to say why."""

    name = "no_blank_without_mark"
    expects = "No cell of a series is blank where its publisher has marks that say why."
    noun = "series"
    outcome = "warn"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        blank = load.columns.equal(check.column, "")[rows]
        if all(mark == "" for mark in load.contract.marks):
            blank &= False
        if blank.any():
            # A correction says itself why there is nothing.
            blank &= ~load.rows[EMPTIED].to_numpy()[rows]
        at = load.source_rows[rows[blank]].tolist()
        message = f"{check.name}: blank in row {', '.join(map(str, at[:5]))}"
        yield one(1, message if at else None)


class NumbersNotAlone(OfRows):
    """A number without the count or the interval that all others have."""

    name = "numbers_not_alone"
    expects = (
        "No number lacks the count or the interval that the year's other numbers have beside them."
    )
    noun = "numbers"
    outcome = "flag"
    refused_above = MISREAD_SHARE
    nearly_all = Bound(
        0.95,
        "share of a year's numbers",
        "2026-10",
        "Where one in twenty lacks its count there is a reason that is not ours; where fewer do, a"
        " cell was lost.",
    )

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        checks, columns = load.contract.checks, load.columns
        beside = [s.numerator for s in checks.shares if s.value == check.column]
        beside += [c for b in checks.bounds if b.value == check.column for c in (b.lower, b.upper)]
        years = _years_with_numbers(load, check, rows)
        for column in dict.fromkeys(beside):
            lacks = np.isnan(columns.numbers(column))
            for year, of_year in years:
                without = lacks[of_year]
                if len(of_year) < ENOUGH_AREAS or without.mean() > 1 - float(self.nearly_all):
                    continue
                source = load.source_rows[of_year]
                yield found_where(
                    without,
                    source,
                    wording=(
                        f"{check.name}: no {column} beside the number in row {{0}} of {when(year)}"
                    ),
                    rows=source,
                    column=check.column,
                    years=np.full(len(source), year),
                )


def _years_with_numbers(
    load: LoadTable, check: SeriesCheck, rows: Places
) -> list[tuple[float, Places]]:
    """The years of a series, in order, and the positions of the rows that have a number in each."""

    def make() -> list[tuple[float, Places]]:
        years, numbers = load.columns.years[rows], load.columns.numbers(check.column)[rows]
        known = ~np.isnan(years) & ~np.isnan(numbers)
        return list(groups_of(years[known], rows[known]))

    return load.once("years with numbers", check, make)


# --- whole years


class DecimalsKept(OfRows):
    """A year's figures lost their decimals."""

    name = "decimals_kept"
    expects = "No year's figures are all whole numbers in a series that is printed with decimals."
    noun = "years"
    outcome = "flag"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        if check.column in load.contract.columns_of("counts"):
            return
        numbers = load.columns.numbers(check.column)
        for year, of_year in _years_with_numbers(load, check, rows):
            if len(of_year) >= ENOUGH_AREAS:
                whole = bool((numbers[of_year] % 1 == 0).all()) and check.decimals > 0
                finding = Finding(
                    f"{check.name}: every figure of {when(year)} is a whole number",
                    tuple(load.source_rows[of_year].tolist()) if whole else (),
                    check.column,
                    year=float(year),
                )
                yield Findings(1, (finding,) if whole else ())


class RowsNotSortedByFigure(OfRows):
    """A column that was sorted by itself: every council has another's figure."""

    name = "rows_not_sorted_by_figure"
    expects = "No year's figures stand in the order of their size: a column sorted by itself would."
    noun = "years"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        numbers, is_council = load.columns.numbers(check.column), load.columns.there(COUNCIL_CODE)
        for year, of_year in _years_with_numbers(load, check, rows):
            councils = of_year[is_council[of_year]]
            ordered = numbers[councils[np.argsort(load.source_rows[councils])]]
            if len(ordered) >= ENOUGH_AREAS and len(np.unique(ordered)) >= ENOUGH_AREAS / 2:
                steps = np.diff(ordered)
                in_order = bool((steps >= 0).all() or (steps <= 0).all())
                yield one(1, f"{check.name}: {when(year)}" if in_order else None)

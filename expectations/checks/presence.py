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
    AREA_LEVEL,
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


class _OfRows(OfSeries):
    """A check of the rows that a series is printed in."""

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for check in series_of(load.contract):
            rows = load.rows_of(check)
            if len(rows):
                yield from self.of_series(load, check, rows)

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        """What is found of one series, in the rows at these positions."""
        raise NotImplementedError


def _groups(of_rows: NDArray[_Scalar], rows: Places) -> Iterator[tuple[_Scalar, Places]]:
    """Each distinct thing said of rows, in order, and the positions of those it is said of."""
    distinct, inverse = np.unique(of_rows, return_inverse=True)
    order = rows[np.argsort(inverse, kind="stable")]
    ends = np.cumsum(np.bincount(inverse, minlength=len(distinct)))
    for value, begin, end in zip(distinct, [0, *ends], ends, strict=False):
        yield value, order[begin:end]


def _by_period(load: LoadTable, rows: Places) -> Iterator[tuple[str, Places]]:
    """The labels of a series' periods, in their order, and the positions of the rows of each."""
    labels = load.columns.codes(PERIOD)
    rows = rows[labels.there[rows]]
    groups = {labels.distinct[at]: of_period for at, of_period in _groups(labels.found[rows], rows)}
    return iter(sorted(groups.items()))


def _distinct_cells(cells: Coded, rows: Places) -> set[str]:
    """The distinct cells of a column that rows have."""
    return {cells.distinct[at] for at in np.unique(cells.found[rows]).tolist() if at >= 0}


class SeriesComplete(_OfRows):
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
        for label, of_period in _by_period(load, rows):
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


class NumbersNotFew(_OfRows):
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


class NoYearWithheld(_OfRows):
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
    for year, at in _groups(row_years, np.arange(len(rows))):
        if len(at) < ENOUGH_AREAS or year in thin:
            continue
        years.append(year)
        shares.append(is_number[at].mean())
        withheld.append(not is_number[at].any() and explained[at].all() and year < newest)
    return np.array(years), np.array(shares), np.array(withheld, dtype=bool)


class NoBlankWithoutMark(_OfRows):
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


class NumbersNotAlone(_OfRows):
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
        return list(_groups(years[known], rows[known]))

    return load.once("years with numbers", check, make)


# --- larger areas and what lies within them


class _Wholes(_OfRows):
    noun = "wholes"
    outcome = "flag"
    refused_above = MISREAD_SHARE

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        # Counts are the sum of their parts, and asked for that elsewhere.
        if check.column not in load.contract.columns_of("counts"):
            wholes = load.once("wholes", check, lambda: _wholes_of(load, check, rows))
            yield self.of_wholes(check, wholes)

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        raise NotImplementedError


class _Compared:
    """England and the regions of a series beside what lies within each."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.periods: list[str] = []
        self.source_rows: list[int] = []
        # Figure, smallest and largest part, the parts' mean, the last place, whether of England.
        self._numbers: list[tuple[float, ...]] = []

    def add(
        self, name: str, period: object, source_row: int, figure: float, parts: Floats, unit: float
    ) -> None:
        """Take in one whole with its parts, nan where a part has no number."""
        known = parts[~np.isnan(parts)]
        spread = float(parts.min()), float(parts.max())
        self.names.append(name)
        self.periods.append(labels_of(period))
        self.source_rows.append(source_row)
        self._numbers.append((figure, *spread, float(known.mean()), unit, name == ENGLAND))

    @property
    def numbers(self) -> Floats:
        """The numbers as arrays, one of each kind."""
        return np.array(self._numbers, dtype="float64").reshape(-1, 6).T


# A mean of most parts is near that of all.
_MOST_PARTS = 0.6


def _wholes_of(load: LoadTable, check: SeriesCheck, rows: Places) -> _Compared:
    councils, columns = load.councils, load.columns
    found = _Compared()
    numbers, source_rows = columns.numbers(check.column), columns.source_rows
    has_number = ~np.isnan(numbers)
    regions = columns.codes(COUNCIL_CODE).each(
        lambda code: councils.by_code[code].region_code if councils.known(code) else None
    )
    is_council = columns.equal(AREA_LEVEL, "council") & regions.there
    own = columns.codes(REGION_CODE)
    is_region = own.among([code for code in own.distinct if not code.startswith("E13")])
    is_country = columns.there(COUNTRY_CODE)
    places, most = _places(load, check)
    for label, at in _by_period(load, rows):
        of_councils = at[is_council[at]]
        printed = {
            regions.distinct[of]: numbers[part_of]
            for of, part_of in _groups(regions.found[of_councils], of_councils)
        }
        nine = {
            own.distinct[own.found[row]]: (float(numbers[row]), int(source_rows[row]))
            for row in at[is_region[at] & has_number[at]].tolist()
        }
        usual = np.bincount(places[at[has_number[at]]], minlength=most).argmax()
        unit = 10.0 ** -int(usual)
        for code, (number, row) in nine.items():
            parts = printed.get(code, np.array([]))
            known = int((~np.isnan(parts)).sum())
            if known > 2 and known >= _MOST_PARTS * len(parts):
                found.add(councils.regions.get(code, code), label, row, number, parts, unit)
        england = at[is_country[at] & has_number[at]]
        if len(england) and len(nine) >= len(councils.regions):
            parts = np.array([number for number, _ in nine.values()])
            first = england[0]
            figure, row = float(numbers[first]), int(source_rows[first])
            found.add(ENGLAND, label, row, figure, parts, unit)
    return found


def _places(load: LoadTable, check: SeriesCheck) -> tuple[NDArray[np.intp], int]:
    """The decimals that each cell of a column is printed with, and how many there are at most."""

    def make() -> tuple[NDArray[np.intp], int]:
        cells = load.columns.codes(check.column)
        of_cells = [len(cell.partition(".")[2]) for cell in cells.distinct]
        return np.array([*of_cells, 0], dtype=int)[cells.found], max(of_cells, default=0) + 1

    return load.columns.once(("places", check.column), make)


class WholesAmongParts(_Wholes):
    """A region whose figure is above, or below, all of its councils'."""

    name = "wholes_among_parts"
    asks_for_rows = True
    expects = (
        "England's figure lies among its regions', and a region's among its councils', where each"
        " part has one: a mean does, whatever its weights."
    )

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        figure, least, most, _, unit, _ = wholes.numbers
        off = np.nan_to_num(np.maximum(least - figure, figure - most) - unit, nan=-1.0) > 0
        return found_where(
            off,
            wholes.names,
            wholes.periods,
            figure,
            least,
            most,
            wording=check.name + ": {0} in {1} has {2:g}, its parts {3:g} to {4:g}",
            rows=wholes.source_rows,
            column=check.column,
            figure=figure,
        )


class WholesNearTheirParts(_Wholes):
    """A region whose figure is far from the mean of its councils'."""

    name = "wholes_near_their_parts"
    england = Bound(
        0.12,
        "share of the parts' mean",
        "2026-10",
        "Regions hold from 2.6 to 9.3 million people, and differ in a rate by about a third each"
        " way: weights move England's mean by under 10 %.",
    )
    expects = (
        f"England's figure is within {england.value:.0%} of its regions' mean, and a region's"
        " within a quarter, or what the measure's YAML says, of its councils' mean."
    )

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        figure, _, _, mean, unit, of_england = wholes.numbers
        # Small figures without decimals are near each other whatever their ratio.
        far = np.maximum(np.abs(figure - mean) - 2 * unit, 0) / np.fmax(
            np.minimum(figure, mean), unit
        )
        apart = np.where(of_england > 0, float(self.england), check.region_apart)
        return found_where(
            far > apart,
            wholes.names,
            wholes.periods,
            figure,
            mean,
            wording=check.name + ": {0} in {1} has {2:g}, its parts {3:.3g} in the middle",
            rows=wholes.source_rows,
            column=check.column,
            figure=figure,
            expected=mean,
        )


# --- whole years


class DecimalsKept(_OfRows):
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


class RowsNotSortedByFigure(_OfRows):
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

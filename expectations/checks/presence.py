"""What must be there of a series: areas, years and numbers, and what stands beside a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

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
    YEAR,
    numeric,
)
from expectations.panel.measures import SeriesCheck, series_of
from expectations.panel.series_panel import when
from ingest.contracts import FileContract
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable

ENGLAND = "England"


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

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        """What is found of one series."""
        raise NotImplementedError


class SeriesComplete(_OfRows):
    """A period of a series lacks the row of an area."""

    name = "series_complete"
    expects = (
        "Every period of a series has a row for each council that existed, and for England and each"
        " region where the file has them."
    )
    noun = "periods"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        councils, codes = load.councils, load.entities[rows.index]
        rows = rows[[REGION_CODE, COUNTRY_CODE, PERIOD]]
        larger = load.contract.area.codes.keys() - {*check.without}
        has_england = "country" in larger or rows[COUNTRY_CODE].notna().any()
        region = rows[REGION_CODE].where(
            ~rows[REGION_CODE].str.startswith("E13").fillna(False).astype(bool), LONDON
        )
        # Inner and Outer London are told apart where a file does so.
        printed = rows[REGION_CODE].dropna().unique()
        parts = {code for code in printed if code.startswith("E13")}
        regions = set(councils.regions) if "region" in larger or len(printed) else set()
        for label, of_period in rows.groupby(PERIOD):
            at = of_period.index
            there = set(codes[at].dropna())
            lacking = [councils.name(c) for c in sorted(load.expected[label] - there)]
            lacking += [councils.regions[c] for c in sorted(regions - set(region[at].dropna()))]
            lacking += sorted(parts - set(of_period[REGION_CODE].dropna()))
            if has_england and not of_period[COUNTRY_CODE].notna().any():
                lacking.append(ENGLAND)
            told = f"{check.name}: {', '.join(lacking[:5])} in {labels_of(label)}"
            yield one(1, told if lacking else None)


class SeriesUnbroken(OfSeries):
    """A series lacks a year that it had, or one in between."""

    name = "series_unbroken"
    expects = (
        "No series begins later than its measure's YAML says, lacks a year in between, but for gaps"
        " that the contract explains, or ends earlier than it did in the release before."
    )
    noun = "series"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        explained = {year for gap in load.contract.years.gaps for year in gap.years}
        for check in series_of(load.contract):
            rows = load.rows_of(check)
            if not len(rows):
                continue
            found = sorted({int(year) for year in rows[YEAR].dropna()})
            begins = check.begins if check.begins is not None else (found[0] if found else 0)
            wanted = range(min(begins, found[0]), found[-1] + 1) if found else range(0)
            lacking = [year for year in wanted if year not in found and year not in explained]
            told = f"{check.name}: {', '.join(map(str, lacking[:5]))}"
            yield one(1, told if lacking else None)
        for view in load.series:
            if view.now.empty or view.was is None or view.was.empty:
                continue
            newest, before = view.now.years.max(), view.was.years.max()
            told = (
                f"{view.name}: its newest period is {when(newest)}, and was {when(before)} before"
            )
            yield one(1, told if before > newest else None)


class SeriesPrinted(OfSeries):
    """A series has no rows: its label was reworded, and nobody knows the new one."""

    name = "series_printed"
    expects = (
        "Each series that is printed in this file has rows in it, under labels that are known."
    )
    noun = "series"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            rows = int((~np.isnan(view.now.source_rows)).sum())
            if rows or not view.check.may_be_absent:
                yield one(1, None if rows else f"{view.name} has 0 rows")


class NumbersNotFew(_OfRows):
    """Many councils lost their number: a column was emptied, or a mark put over it."""

    name = "numbers_not_few"
    expects = (
        "In every year as many councils have a number as the measure's YAML asks for, but for an"
        " older year that its publisher withholds whole, with its marks or notes."
    )
    noun = "years"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        years, share, withheld = _numbers_by_year(load, check, rows)
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

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        years, _, withheld = _numbers_by_year(load, check, rows)
        told = [when(year) for year in years]
        yield found_where(withheld, told, wording=check.name + ": no council has a number in {0}")


def _numbers_by_year(load: LoadTable, check: SeriesCheck, rows: Any) -> tuple[Any, Any, Any]:
    """Years, the share of councils with a number in each, and whether it is withheld whole.

    A year is withheld where no council has a number, each cell has a mark or a note that says so,
    and a later year has numbers.
    """
    value = numeric(check.column)
    councils = rows[rows[COUNCIL_CODE].notna() & rows[YEAR].notna()]
    thin = {year for gap in check.thin_years for year in gap.years}
    explained = (councils[check.column] != "").to_numpy()
    if (notes := load.contract.notes) is not None and notes.column in councils:
        explained = explained | (councils[notes.column].fillna("") != "").to_numpy()
    is_number = councils[value].notna().to_numpy()
    row_years = councils[YEAR].to_numpy()
    years, shares, withheld = [], [], []
    with_numbers = row_years[is_number]
    newest = with_numbers.max() if len(with_numbers) else -np.inf
    for year in np.unique(row_years):
        at = row_years == year
        if at.sum() < ENOUGH_AREAS or year in thin:
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

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        blank = rows[check.column] == ""
        if all(mark == "" for mark in load.contract.marks):
            blank &= False
        # A correction says itself why there is nothing.
        blank &= ~rows[EMPTIED]
        at = rows.loc[blank, SOURCE_ROW].tolist()
        told = f"{check.name}: blank in row {', '.join(map(str, at[:5]))}"
        yield one(1, told if at else None)


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

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        checks = load.contract.checks
        beside = [s.numerator for s in checks.shares if s.value == check.column]
        beside += [c for b in checks.bounds if b.value == check.column for c in (b.lower, b.upper)]
        own = numeric(check.column)
        needed = dict.fromkeys([YEAR, SOURCE_ROW, own, *map(numeric, beside)])
        numbers = rows[[*needed]].dropna(subset=[YEAR, own])
        for column in dict.fromkeys(beside):
            for year, of_year in numbers.groupby(YEAR):
                without = of_year[numeric(column)].isna().to_numpy()
                if len(of_year) < ENOUGH_AREAS or without.mean() > 1 - float(self.nearly_all):
                    continue
                source = of_year[SOURCE_ROW].to_numpy()
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


# --- larger areas and what lies within them


class _Wholes(_OfRows):
    noun = "wholes"
    outcome = "flag"
    refused_above = MISREAD_SHARE

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
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
        self, name: str, period: object, source_row: int, figure: float, parts: Any, unit: float
    ) -> None:
        """Take in one whole with its parts, nan where a part has no number."""
        known = parts[~np.isnan(parts)]
        spread = float(parts.min()), float(parts.max())
        self.names.append(name)
        self.periods.append(labels_of(period))
        self.source_rows.append(source_row)
        self._numbers.append((figure, *spread, float(known.mean()), unit, name == ENGLAND))

    @property
    def numbers(self) -> Any:
        """The numbers as arrays, one of each kind."""
        return np.array(self._numbers, dtype="float64").reshape(-1, 6).T


# A mean of most parts is near that of all.
_MOST_PARTS = 0.6


def _wholes_of(load: LoadTable, check: SeriesCheck, rows: Any) -> _Compared:
    councils = load.councils
    found = _Compared()
    value = numeric(check.column)
    needed = [AREA_LEVEL, COUNCIL_CODE, REGION_CODE, COUNTRY_CODE, PERIOD, SOURCE_ROW]
    rows = rows[[*dict.fromkeys([*needed, check.column, value])]]
    level = rows[AREA_LEVEL]
    region = rows[COUNCIL_CODE].map(
        lambda code: councils.by_code[code].region_code if councils.known(code) else None
    )
    for label, of_period in rows.groupby(PERIOD):
        numbers = of_period[numeric(check.column)]
        of_councils = numbers[level[of_period.index] == "council"]
        printed = {
            of: part_of.to_numpy(dtype="float64")
            for of, part_of in of_councils.groupby(region[of_period.index])
        }
        nine = {
            code: (number, row)
            for code, number, row in zip(
                of_period[REGION_CODE], numbers, of_period[SOURCE_ROW], strict=True
            )
            if isinstance(code, str) and not code.startswith("E13") and not np.isnan(number)
        }
        unit = 10.0 ** -_places(of_period, check)
        for code, (number, row) in nine.items():
            parts = printed.get(code, np.array([]))
            known = int((~np.isnan(parts)).sum())
            if known > 2 and known >= _MOST_PARTS * len(parts):
                found.add(councils.regions.get(code, code), label, row, number, parts, unit)
        england = of_period[of_period[COUNTRY_CODE].notna() & numbers.notna()]
        if len(england) and len(nine) >= len(councils.regions):
            parts = np.array([number for number, _ in nine.values()])
            row = int(england[SOURCE_ROW].iloc[0])
            figure = float(england[numeric(check.column)].iloc[0])
            found.add(ENGLAND, label, row, figure, parts, unit)
    return found


def _places(rows: Any, check: SeriesCheck) -> int:
    """The decimals that the figures are usually printed with."""
    cells = rows.loc[rows[numeric(check.column)].notna(), check.column]
    places = cells.map(lambda cell: len(cell.partition(".")[2]))
    return int(places.mode().iloc[0]) if len(places) else 0


class WholesAmongParts(_Wholes):
    """A region whose figure is above, or below, all of its councils'."""

    name = "wholes_among_parts"
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

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        if check.column in load.contract.columns_of("counts"):
            return
        value = numeric(check.column)
        numbers = rows[[value, YEAR, SOURCE_ROW]].dropna()
        for year, of_year in numbers.groupby(YEAR):
            if len(of_year) >= ENOUGH_AREAS:
                whole = bool((of_year[value] % 1 == 0).all()) and check.decimals > 0
                told = Finding(
                    f"{check.name}: every figure of {when(year)} is a whole number",
                    tuple(int(row) for row in of_year[SOURCE_ROW]) if whole else (),
                    check.column,
                    year=float(year),
                )
                yield Findings(1, (told,) if whole else ())


class RowsNotSortedByFigure(_OfRows):
    """A column that was sorted by itself: every council has another's figure."""

    name = "rows_not_sorted_by_figure"
    expects = "No year's figures stand in the order of their size: a column sorted by itself would."
    noun = "years"

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Any) -> Iterator[Findings]:
        value = numeric(check.column)
        councils = rows[[COUNCIL_CODE, value, YEAR, SOURCE_ROW]].dropna()
        for year, of_year in councils.groupby(YEAR):
            numbers = of_year.sort_values(SOURCE_ROW)[value].to_numpy()
            if len(numbers) >= ENOUGH_AREAS and len(np.unique(numbers)) >= ENOUGH_AREAS / 2:
                steps = np.diff(numbers)
                in_order = bool((steps >= 0).all() or (steps <= 0).all())
                yield one(1, f"{check.name}: {when(year)}" if in_order else None)

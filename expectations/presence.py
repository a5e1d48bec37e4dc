"""What must be there of a series: areas, years and numbers, and what stands beside a number.

Of the same kind as `figures`: each row is one thing looked at, its distance from where it should
be in the column of its rule. The real files that the bounds come from are in `docs/checks.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from expectations.councils import Councils
from expectations.history import ENOUGH
from expectations.measures import SeriesCheck
from expectations.parts import in_rows, part, said, when
from expectations.vocabulary import (
    ALONE,
    AREA_LEVEL,
    AREAS_MISSING,
    BLANKS,
    COUNCIL_CODE,
    COUNTRY_CODE,
    EMPTIED,
    LONDON,
    NUMBERS_SHORT,
    OFF_ITS_PARTS,
    OFF_MEAN,
    PERIOD,
    REGION_CODE,
    ROUNDED_AWAY,
    SORTED,
    YEAR,
    YEARS_MISSING,
    numeric,
)
from ingest.contracts import FileContract
from ingest.tables import SOURCE_ROW

ENGLAND = "England"
# What nearly all of a year's figures have beside them, a lone one may not lack.
NEARLY_ALL = 0.95
# A mean of most parts is near that of all. As published England is within 9 % of its regions' mean.
MOST_PARTS, ENGLAND_APART = 0.6, 0.12


def presence_of(
    rows: Any,
    contract: FileContract,
    check: SeriesCheck,
    councils: Councils,
    expected: Mapping[str, frozenset[str]],
    codes: Any,
) -> Iterator[Any]:
    """The parts of one series: `rows` are those it is printed in, `codes` their councils today."""
    if not len(rows):
        return
    value = numeric(check.column)
    yield _areas(rows, contract, check, councils, expected, codes)
    yield _years(rows, contract, check)
    yield _numbers(rows, check, value)
    yield _blanks(rows, contract, check)
    yield from _companions(rows, contract, check, value)
    if check.column not in contract.columns_of("counts"):
        yield from _wholes(rows, check, councils, value)
        yield _decimals(rows, check, value)
    yield _sorted(rows, check, value)


def _areas(
    rows: Any,
    contract: FileContract,
    check: SeriesCheck,
    councils: Councils,
    expected: Mapping[str, frozenset[str]],
    codes: Any,
) -> Any:
    """One row a period: how many areas lack a row of the series that the file should have."""
    larger = contract.area.codes.keys() - {*check.without}
    has_england = "country" in larger or rows[COUNTRY_CODE].notna().any()
    region = rows[REGION_CODE].where(
        ~rows[REGION_CODE].str.startswith("E13").fillna(False).astype(bool), LONDON
    )
    # Inner and Outer London are told apart where a file does so.
    printed = rows[REGION_CODE].dropna().unique()
    parts = {code for code in printed if code.startswith("E13")}
    regions = set(councils.regions) if "region" in larger or len(printed) else set()
    missing: list[list[str]] = []
    labels: list[str] = []
    for label, of_period in rows.groupby(PERIOD):
        at = of_period.index
        lacking = [councils.name(c) for c in sorted(expected[label] - set(codes[at].dropna()))]
        lacking += [councils.regions[c] for c in sorted(regions - set(region[at].dropna()))]
        lacking += sorted(parts - set(of_period[REGION_CODE].dropna()))
        if has_england and not of_period[COUNTRY_CODE].notna().any():
            lacking.append(ENGLAND)
        missing.append(lacking)
        labels.append(str(label).split("\t", 1)[0])
    short = np.array([len(lacking) for lacking in missing])
    return part(
        AREAS_MISSING,
        short,
        said(
            short > 0,
            [", ".join(lacking[:5]) for lacking in missing],
            labels,
            wording=check.name + ": {0} in {1}",
        ),
    )


def _years(rows: Any, contract: FileContract, check: SeriesCheck) -> Any:
    """One row: the years between the first and the last that the series lacks without a reason."""
    found = sorted({int(year) for year in rows[YEAR].dropna()})
    explained = {year for gap in contract.years.gaps for year in gap.years}
    begins = check.begins if check.begins is not None else (found[0] if found else 0)
    wanted = range(min(begins, found[0]), found[-1] + 1) if found else range(0)
    lacking = [year for year in wanted if year not in found and year not in explained]
    words = f"{check.name}: {', '.join(map(str, lacking[:5]))}"
    return part(YEARS_MISSING, [len(lacking)], [words if lacking else None])


def _numbers(rows: Any, check: SeriesCheck, value: str) -> Any:
    """One row a year: how far the share of councils with a number is below the least allowed."""
    councils = rows[rows[COUNCIL_CODE].notna() & rows[YEAR].notna()]
    thin = {year for gap in check.thin_years for year in gap.years}
    of_year = councils.groupby(YEAR)[value].agg(["size", "count"])
    of_year = of_year[(of_year["size"] >= ENOUGH) & ~of_year.index.isin(thin)]
    share = (of_year["count"] / of_year["size"]).to_numpy()
    return part(
        NUMBERS_SHORT,
        check.numbers - share,
        said(
            share < check.numbers,
            share,
            [when(year) for year in of_year.index],
            wording=check.name + ": {0:.0%} of councils have a number in {1}",
        ),
    )


def _blanks(rows: Any, contract: FileContract, check: SeriesCheck) -> Any:
    """One row: the series' cells that are blank, where the publisher has marks to say why."""
    blank = rows[check.column] == ""
    if all(mark == "" for mark in contract.marks):
        blank &= False
    # A correction says itself why there is nothing.
    blank &= ~rows[EMPTIED]
    return in_rows(BLANKS, rows.loc[blank, SOURCE_ROW].tolist(), f"{check.name}: blank")


def _companions(rows: Any, contract: FileContract, check: SeriesCheck, value: str) -> Iterator[Any]:
    """One row a year and column: numbers that lack what the year's other numbers have beside."""
    beside = [s.numerator for s in contract.checks.shares if s.value == check.column]
    bounds = [b for b in contract.checks.bounds if b.value == check.column]
    beside += [name for b in bounds for name in (b.lower, b.upper)]
    numbers = rows[rows[value].notna() & rows[YEAR].notna()]
    for column in dict.fromkeys(beside):
        lone: list[list[int]] = []
        years: list[float] = []
        for year, of_year in numbers.groupby(YEAR):
            without = of_year[numeric(column)].isna()
            if len(of_year) < ENOUGH or without.mean() > 1 - NEARLY_ALL:
                continue
            lone.append(of_year.loc[without, SOURCE_ROW].tolist())
            years.append(year)
        count = np.array([len(at) for at in lone])
        yield part(
            ALONE,
            count,
            said(
                count > 0,
                [", ".join(map(str, at[:5])) for at in lone],
                [when(year) for year in years],
                wording=check.name + ": no " + column + " beside the number in row {0} of {1}",
            ),
        )


def _wholes(rows: Any, check: SeriesCheck, councils: Councils, value: str) -> Iterator[Any]:
    """Two rows a whole: how far England or a region is from its parts.

    A mean, whatever its weights, lies between the smallest and the largest of what it is the mean
    of; that is asked only where every part has a number, since a suppressed one might be the
    largest. And it lies near their plain mean, which can do without a few of them.
    """
    level = rows[AREA_LEVEL]
    region = rows[COUNCIL_CODE].map(
        lambda code: councils.by_code[code].region_code if councils.known(code) else None
    )
    names: list[tuple[str, str]] = []
    # Figure, smallest and largest part, the parts' mean, the last place; how far off it may be.
    wholes: list[tuple[float, ...]] = []
    for label, of_period in rows.groupby(PERIOD):
        numbers = of_period[value]
        printed = {
            of: part_of.to_numpy(dtype="float64")
            for of, part_of in numbers[level[of_period.index] == "council"].groupby(
                region[of_period.index]
            )
        }
        nine = {
            code: number
            for code, number in zip(of_period[REGION_CODE], numbers, strict=True)
            if isinstance(code, str) and not code.startswith("E13") and not np.isnan(number)
        }
        unit = 10.0 ** -_places(of_period, check)
        for code, number in nine.items():
            of_region = printed.get(code, np.array([]))
            known = of_region[~np.isnan(of_region)]
            if len(known) > 2 and len(known) >= MOST_PARTS * len(of_region):
                names.append((councils.regions.get(code, code), str(label).split("\t")[0]))
                wholes.append((number, *_spread(of_region), known.mean(), unit, check.region_apart))
        england = numbers[of_period[COUNTRY_CODE].notna()].dropna()
        if len(england) and len(nine) >= len(councils.regions):
            parts = np.array([*nine.values()])
            names.append((ENGLAND, str(label).split("\t")[0]))
            wholes.append(
                (float(england.iloc[0]), *_spread(parts), parts.mean(), unit, ENGLAND_APART)
            )
    figure, least, most, mean, units, apart = np.array(wholes, dtype="float64").reshape(-1, 6).T
    whole, period = [name for name, _ in names], [label for _, label in names]
    off = np.nan_to_num(np.maximum(np.maximum(least - figure, figure - most) - units, 0))
    wording = check.name + ": {0} in {1} has {2:g}, its parts {3:g} to {4:g}"
    yield part(
        OFF_ITS_PARTS, off, said(off > 0, whole, period, figure, least, most, wording=wording)
    )
    # Small figures without decimals are near each other whatever their ratio.
    far = np.maximum(np.abs(figure - mean) - 2 * units, 0) / np.fmax(
        np.minimum(figure, mean), units
    )
    over = np.maximum(far - apart, 0)
    wording = check.name + ": {0} in {1} has {2:g}, its parts {3:.3g} in the middle"
    yield part(OFF_MEAN, over, said(over > 0, whole, period, figure, mean, wording=wording))


def _spread(parts: Any) -> tuple[float, float]:
    """The smallest and largest part; nothing where one of them is not known."""
    return float(parts.min()), float(parts.max())


def _places(rows: Any, check: SeriesCheck) -> int:
    """The decimals that the figures are usually printed with."""
    cells = rows.loc[rows[numeric(check.column)].notna(), check.column]
    places = cells.map(lambda cell: len(cell.partition(".")[2]))
    return int(places.mode().iloc[0]) if len(places) else 0


def _decimals(rows: Any, check: SeriesCheck, value: str) -> Any:
    """One row a year: whether its figures lost the decimals that the series is printed with."""
    numbers = rows[rows[value].notna() & rows[YEAR].notna()]
    found: list[tuple[float, int, int]] = []
    for year, of_year in numbers.groupby(YEAR):
        if len(of_year) >= ENOUGH:
            whole = int((of_year[value] % 1 == 0).sum())
            found.append((year, whole, len(of_year)))
    all_whole = np.array([whole == size and check.decimals > 0 for _, whole, size in found])
    return part(
        ROUNDED_AWAY,
        all_whole,
        said(
            all_whole,
            [when(year) for year, _, _ in found],
            wording=check.name + ": every figure of {0} is a whole number",
        ),
    )


def _sorted(rows: Any, check: SeriesCheck, value: str) -> Any:
    """One row a year: whether the councils' figures stand in the order of their size."""
    councils = rows[rows[COUNCIL_CODE].notna() & rows[value].notna() & rows[YEAR].notna()]
    found: list[tuple[float, bool]] = []
    for year, of_year in councils.groupby(YEAR):
        numbers = of_year.sort_values(SOURCE_ROW)[value].to_numpy()
        if len(numbers) >= ENOUGH and len(np.unique(numbers)) >= ENOUGH / 2:
            steps = np.diff(numbers)
            found.append((year, bool((steps >= 0).all() or (steps <= 0).all())))
    told = np.array([is_sorted for _, is_sorted in found])
    return part(
        SORTED,
        told,
        said(told, [when(year) for year, _ in found], wording=check.name + ": {0}"),
    )

"""What the cells of a row have to do with each other, and the rows of one area and year.

Of the same kind as `figures`: each row of a part is one thing looked at. The formulas and their
reasons are in `docs/checks.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from expectations.cells import decimals_of, half_rounding, half_unit, row_groups
from expectations.history import nearest_years
from expectations.parts import part, said
from expectations.vocabulary import (
    AREA_LEVEL,
    LOPSIDED,
    NOT_LESSER,
    OFF_BREAKDOWN,
    OFF_IMPLIED,
    OFF_SUM,
    OUT_OF_BOUNDS,
    YEAR,
    numeric,
)
from ingest.contracts import Bounds, FileContract
from ingest.tables import SOURCE_ROW

# How far the people whom a figure and its count imply may be from other years', as logarithms of
# ratios: 0.25 at most of a real council (the City of London), 0.06 of a region.
STEADY, STEADY_WHOLE = 0.35, 0.08
# One side of an interval is at most so many times the other: 3.2 of real ones.
MOST_LOPSIDED = 5.0


def row_parts(rows: Any, contract: FileContract, areas: Any) -> Iterator[Any]:
    """The parts of a load's described rows; `areas` are their codes, null where there is none."""
    yield from _implied(rows, contract, areas)
    yield from _bounds(rows, contract)
    yield from _sums(rows, contract)
    yield from _at_most(rows, contract)
    yield from _breakdowns(rows, contract)


def _implied(rows: Any, contract: FileContract, areas: Any) -> Iterator[Any]:
    """One row a figure: how far the people whom it and its count imply are from other years'."""
    for implied in contract.checks.implied:
        value = rows[numeric(implied.value)].to_numpy()
        count = rows[numeric(implied.numerator)].to_numpy()
        half = half_unit(rows, implied.value, ~np.isnan(value))
        known = (value > half) & (count > 0) & areas.notna().to_numpy() & rows[YEAR].notna()
        at = np.flatnonzero(known)
        years, row_years = np.unique(rows[YEAR].to_numpy()[at], return_inverse=True)
        columns, area = pd.factorize(areas.to_numpy()[at])
        people = np.full((len(years), len(area)), np.nan)
        people[row_years, columns] = np.log(implied.per * count[at] / value[at])
        expected = nearest_years(people, years)[row_years, columns]
        off = np.abs(people[row_years, columns] - expected)
        # As closely as the figure and its count are printed.
        slack = half[at] / value[at] + half_rounding(rows, contract)[at] / count[at]
        is_whole = rows[AREA_LEVEL].isin(["country", "region"]).to_numpy()[at]
        over = off - slack - np.where(is_whole, STEADY_WHOLE, STEADY)
        yield part(
            OFF_IMPLIED,
            over,
            said(
                over > 0,
                rows[implied.value].to_numpy()[at],
                rows[implied.numerator].to_numpy()[at],
                rows[SOURCE_ROW].to_numpy()[at],
                np.exp(people[row_years, columns]),
                np.exp(expected),
                wording=implied.value
                + " '{0}' of "
                + implied.numerator
                + " '{1}' in row {2} are of {3:,.0f} people, and of {4:,.0f} in other years",
            ),
        )


def _bounds(rows: Any, contract: FileContract) -> Iterator[Any]:
    for bound in contract.checks.bounds:
        low, value, high = (
            rows[numeric(name)].to_numpy() for name in (bound.lower, bound.value, bound.upper)
        )
        at = np.flatnonzero(~np.isnan(low) & ~np.isnan(value) & ~np.isnan(high))
        off = np.maximum(np.maximum(low - value, value - high), 0)[at]
        told = (rows[name].to_numpy()[at] for name in (bound.value, bound.lower, bound.upper))
        yield part(
            OUT_OF_BOUNDS,
            off,
            said(
                off > 0,
                *told,
                rows[SOURCE_ROW].to_numpy()[at],
                wording=bound.value + " '{0}' in row {3} is not between '{1}' and '{2}'",
            ),
        )
        yield _lopsided(rows, bound, at, low[at], value[at], high[at])


def _sums(rows: Any, contract: FileContract) -> Iterator[Any]:
    for declared in contract.checks.sums:
        names = [declared.whole, *declared.parts]
        numbers = np.array([rows[numeric(name)].to_numpy() for name in names])
        halves = [half_unit(rows, n, ~np.isnan(c)) for n, c in zip(names, numbers, strict=True)]
        at = np.flatnonzero(~np.isnan(numbers).any(axis=0))
        whole, added = numbers[0, at], numbers[1:, at].sum(axis=0)
        slack = np.sum(halves, axis=0)[at]
        off = np.maximum(np.abs(whole - added) - slack - 1e-9, 0)
        yield part(
            OFF_SUM,
            off,
            said(
                off > 0,
                rows[declared.whole].to_numpy()[at],
                added,
                rows[SOURCE_ROW].to_numpy()[at],
                wording=declared.whole
                + " '{0}' in row {2}, and "
                + " and ".join(declared.parts)
                + " add up to {1:.4g}",
            ),
        )


def _lopsided(rows: Any, bound: Bounds, at: Any, low: Any, value: Any, high: Any) -> Any:
    """One row an interval: how many times its longer side is the shorter, less what may be."""
    printed = np.array([rows[name].to_numpy()[at] for name in (bound.value, bound.lower)])
    unit = 0.5 * 10.0 ** -np.min([decimals_of(cells) for cells in printed], axis=0)
    below, above = np.abs(value - low) + unit, np.abs(high - value) + unit
    over = np.maximum(below / above, above / below) - MOST_LOPSIDED
    return part(
        LOPSIDED,
        over,
        said(
            over > 0,
            *printed,
            rows[bound.upper].to_numpy()[at],
            rows[SOURCE_ROW].to_numpy()[at],
            wording=bound.value + " '{0}' in row {3} is far from the middle of '{1}' and '{2}'",
        ),
    )


def _at_most(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row a pair of cells: how much the lesser is above the other."""
    for pair in contract.checks.at_most:
        less, more = (rows[numeric(name)].to_numpy() for name in (pair.less, pair.more))
        at = np.flatnonzero(~np.isnan(less) & ~np.isnan(more))
        over = (less - more - 2 * half_rounding(rows, contract))[at]
        yield part(
            NOT_LESSER,
            over,
            said(
                over > 0,
                less[at],
                more[at],
                rows[SOURCE_ROW].to_numpy()[at],
                wording=f"{pair.less} {{0:g}} in row {{2}}, and {pair.more} {{1:g}}",
            ),
        )


def _breakdowns(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row a whole and a number: how far it is from the sum of its parts."""
    for breakdown in contract.checks.breakdowns:
        group = row_groups(rows, [name for name in contract.key if name != breakdown.column])
        cells = rows[breakdown.column].to_numpy()
        size = group.max(initial=-1) + 1
        half = half_rounding(rows, contract)
        for name in breakdown.numbers:
            number = rows[numeric(name)].to_numpy()
            is_part = np.isin(cells, breakdown.parts) & ~np.isnan(number)
            added = np.bincount(group[is_part], weights=number[is_part], minlength=size)
            found = np.bincount(group[is_part], minlength=size)
            is_whole = (cells == breakdown.whole) & ~np.isnan(number)
            at = np.flatnonzero(is_whole & (found[group] == len(breakdown.parts)))
            slack = (1 + len(breakdown.parts)) * half[at]
            off = np.maximum(np.abs(number[at] - added[group[at]]) - slack - 1e-6, 0)
            parts = " and ".join(breakdown.parts)
            yield part(
                OFF_BREAKDOWN,
                off,
                said(
                    off > 0,
                    number[at],
                    added[group[at]],
                    rows[SOURCE_ROW].to_numpy()[at],
                    wording=(
                        f"{name} {{0:,.10g}} of {breakdown.whole} in row {{2}}, and {{1:,.10g}} of"
                        f" {parts}"
                    ),
                ),
            )

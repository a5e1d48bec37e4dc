"""Part of a year: figures carried on from the year before, dragged down, or pasted a row too low.

Of the same kind as `series`, whose checks look at a figure or at a whole year. The formulas and
their reasons are in `docs/checks.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from expectations.history import ENOUGH, Grid, nanmedian
from expectations.measures import MOST_CARRIED_ON, SeriesCheck
from expectations.parts import part, said
from expectations.vocabulary import ALIKE_RUN, BLOCK_SHIFTED, CARRIED_ON

if TYPE_CHECKING:
    from expectations.series import Printed

# Of fewer councils a region says nothing.
ENOUGH_OF_REGION = 6
# Neighbouring rows to the letter alike: 3 at most in real figures, 5 of bare whole per cents.
MOST_ALIKE, MOST_ALIKE_WHOLE = 4, 7
# How much better, in squared robust deviations, so many rows may fit the councils beside them:
# 9.3, 2.4 and 1.4 at most in real figures.
BLOCKS = {8: 12.0, 16: 3.0, 24: 1.8}
# No figure counts for more than this many deviations.
_CAPPED = 10.0


def stretch_parts(
    series: Printed, grid: Grid, own: Any, check: SeriesCheck, regions: Any
) -> Iterator[Any]:
    """The parts of a series that look at some of a year's rows; `regions` are its councils'."""
    yield _carried_on(series, own, check, regions)
    yield _alike(series, own, check)
    # Councils' counts move as they like.
    if series.kind != "count":
        yield from _blocks_shifted(series, grid, own, check)


def _carried_on(series: Printed, own: Any, check: SeriesCheck, regions: Any) -> Any:
    """One row a year and region: how many of its councils are to the letter as in a year before."""
    there = series.texts != ""
    shares, told = [], []
    for t in np.flatnonzero(own):
        for u in range(t):
            both = there[t] & there[u]
            same = both & (series.texts[t] == series.texts[u])
            for region in {*regions[both]} - {""}:
                within = both & (regions == region)
                if within.sum() >= ENOUGH_OF_REGION:
                    shares.append(same[within].mean())
                    told.append((region, series.whens[t], series.whens[u]))
    share = np.array(shares)
    return part(
        CARRIED_ON,
        share,
        said(
            share > MOST_CARRIED_ON,
            share,
            *zip(*told, strict=True),
            wording=(
                f"{check.name}: {{0:.0%}} of the councils of {{1}} in {{2}} are to the letter as"
                " in {3}"
            ),
        )
        if told
        else [],
    )


def _alike(series: Printed, own: Any, check: SeriesCheck) -> Any:
    """One row a year: by how many its longest run of rows alike is longer than it may be."""
    bare = series.decimals == 0 and bool(np.isnan(series.counts).all())
    most = MOST_ALIKE_WHOLE if bare else MOST_ALIKE
    years = np.flatnonzero(own)
    runs = []
    for t in years:
        longest = run = 1
        texts = series.texts[t][_in_rows(series, t)]
        for above, here in pairwise(texts):
            run = run + 1 if here and here == above else 1
            longest = max(longest, run)
        runs.append(longest)
    over = np.array(runs) - most
    wording = f"{check.name}: {{0}} rows of {{1}}, one after the other, have the same figure"
    return part(ALIKE_RUN, over, said(over > 0, runs, series.whens[years], wording=wording))


def _blocks_shifted(series: Printed, grid: Grid, own: Any, check: SeriesCheck) -> Iterator[Any]:
    """One row a year, direction and length: how well its rows fit the councils beside them."""
    for t in np.flatnonzero(own & ((~np.isnan(grid.values)).sum(axis=1) >= ENOUGH)):
        order = _in_rows(series, t)
        values, expected, scale = (
            cells[t][order] for cells in (grid.values, grid.expected, grid.scale)
        )
        shift = nanmedian(values - expected)

        def misfit(by: int, values: Any = values, expected: Any = expected) -> Any:
            off = np.abs(values - np.roll(expected, by) - shift) / np.roll(scale, by)  # noqa: B023
            return np.minimum(off, _CAPPED) ** 2

        for by in (1, -1):
            better = (misfit(0) - misfit(by))[1:-1]
            for length, most in BLOCKS.items():
                if len(better) < length:
                    continue
                runs = np.lib.stride_tricks.sliding_window_view(better, length)
                known = (~np.isnan(runs)).sum(axis=1) >= 0.75 * length
                if not known.any():
                    continue
                gain = np.where(known, np.nansum(runs, axis=1), -np.inf) / length
                first = int(gain.argmax())
                row = series.source_rows[t][order][first + 1]
                words = (
                    f"{check.name}: {length} rows of {series.whens[t]} from row {row:.0f} on fit"
                    f" the councils of the rows {'above' if by == 1 else 'below'} better"
                )
                over = gain[first] - most
                yield part(BLOCK_SHIFTED, [over], [words if over > 0 else None])


def _in_rows(series: Printed, year: Any) -> Any:
    """The councils of a year in the order of the file."""
    order = np.argsort(series.source_rows[year])
    return order[~np.isnan(series.source_rows[year][order])]

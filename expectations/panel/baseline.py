"""A measure's figures as a grid of years by councils, and what is strange in one.

Arithmetic on plain arrays, without a word on files, contracts or Great Expectations: what each
figure is expected to be from the council's own years nearest to it, and how far off it is.
`docs/checks.md` has the formulas and where they come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from ingest.arrays import Floats

# 1 / 0.6745: makes the median absolute deviation a standard deviation where errors are normal.
MAD_TO_SD = 1.4826
# A council's figure is compared with its nearest years: more would be another time.
NEAREST = 3
# A council's own spread is its own from so many years on.
OWN_YEARS = 4
# Fewer councils than this have no spread to speak of (a file cut down, an inset of a region).
ENOUGH_AREAS = 20


@overload
def nanmedian(cells: Floats) -> float: ...
@overload
def nanmedian(cells: Floats, axis: int) -> Floats: ...
def nanmedian(cells: Floats, axis: int | None = None) -> float | Floats:
    """The median of what is there; nothing where nothing is."""
    # The library's own masks small arrays, and takes ten times as long.
    cells = np.asarray(cells, dtype="float64")
    if axis is None:
        cells, axis = cells.ravel(), 0
    # What is not there is sorted last.
    ordered = np.sort(np.moveaxis(cells, axis, 0), axis=0)
    if not len(ordered):
        nothing: float | Floats = np.full(ordered.shape[1:], np.nan)[()]
        return nothing
    known = len(ordered) - np.isnan(ordered).sum(axis=0)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, len(ordered) - 1)
    middle = [np.take_along_axis(ordered, at[None], axis=0)[0] for at in (low, high)]
    found: float | Floats = np.where(known > 0, (middle[0] + middle[1]) / 2, np.nan)[()]
    return found


def nearest_years(cells: Floats, years: Floats) -> Floats:
    """Each cell's expected value: the median of the same column's nearest other years with one."""
    expected = np.full(cells.shape, np.nan)
    for row, year in enumerate(years):
        others = np.array([other for other in range(len(years)) if other != row], dtype=int)
        # The years before come first among equals: what comes after may be wrong with it.
        order = np.lexsort((years[others], np.abs(years[others] - year)))
        nearest = cells[others[order]]
        taken = np.cumsum(~np.isnan(nearest), axis=0) <= NEAREST
        expected[row] = nanmedian(np.where(taken, nearest, np.nan), axis=0)
    return expected


@dataclass(frozen=True)
class RobustBaseline:
    """One series: `values[year, council]`, nan where no number is printed.

    `noise` is the standard deviation that chance alone gives a figure, from the counts beside
    it; 0 where there are none. `unit` is the last decimal printed.
    """

    years: Floats
    values: Floats
    noise: Floats | float
    unit: float

    @cached_property
    def expected(self) -> Floats:
        """What each figure would be if the council were as in its nearest years."""
        return nearest_years(self.values, self.years)

    @cached_property
    def moved(self) -> Floats:
        """Each figure less its expected value, less what all councils moved that year."""
        change = self.values - self.expected
        return change - nanmedian(change, axis=1)[:, None]

    @cached_property
    def scale(self) -> Floats:
        """The robust standard deviation that each figure's move is measured by."""
        year = MAD_TO_SD * self._usual_move[:, None]
        own = MAD_TO_SD * nanmedian(np.abs(self.moved), axis=0)[None, :]
        # In fewer years the middle one is the very move that is judged.
        own = np.where((~np.isnan(self.moved)).sum(axis=0) >= OWN_YEARS, own, np.nan)
        usual = np.fmax(np.broadcast_to(year, self.values.shape), own)
        return np.sqrt(usual**2 + self.noise**2 + self.unit**2)

    @cached_property
    def _usual_move(self) -> Floats:
        """The median move of each year: of those who moved, where most stay to the letter.

        A stock that is counted again a month later is the same in most councils, and the middle
        move of all is none at all: by it whoever moved would be beyond belief.
        """
        far = np.abs(self.moved)
        usual = nanmedian(far, axis=1)
        moves = far > self.unit
        of_movers = nanmedian(np.where(moves, far, np.nan), axis=1)
        stays = (usual <= self.unit) & (moves.sum(axis=1) >= ENOUGH_AREAS)
        return np.where(stays, of_movers, usual)

    @cached_property
    def z(self) -> Floats:
        """The robust z-score of each figure; nan where there is nothing to compare with."""
        return self.moved / self.scale

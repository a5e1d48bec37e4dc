"""A series as a file has it: years by councils, beside its own history and the release before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.panel.baseline import ENOUGH_AREAS, RobustBaseline, nanmedian, nearest_years
from expectations.panel.cells import denominators
from expectations.panel.columns import Coded, Columns
from expectations.panel.measures import SeriesCheck, share_of
from ingest.arrays import Flags, Floats, Places, Texts
from ingest.contracts.contract import FileContract
from ingest.councils import Councils

_Cell = TypeVar("_Cell", bound=np.generic)

LARGER = {"E92000001": "England", "E13000001": "Inner London", "E13000002": "Outer London"}
# Fewer than this say nothing of a council: they come and go.
SMALL_NUMBER = 20
# A year is read as it was where so many of its figures are what they were.
PROVEN = 0.95
# Councils are told apart by how many there are, on a scale of ratios known to 2 per cent.
SIZE_UNIT = 0.02


def when(position: float) -> str:
    """A period as one reads it, by its position in time (`Period.position`).

    `2019`, or the month in which a quarter or a day lies: `March 2019`.
    """
    year, part_of_year = divmod(position, 1)
    if not part_of_year:
        return f"{year:.0f}"
    return f"{date(int(year), 1, 1) + timedelta(days=round(part_of_year * 366)):%B %Y}"


@dataclass(frozen=True)
class SeriesPanel:
    """A series as a file prints it: arrays of years by areas, in the order of the file.

    `texts` are value, numerator and denominator to the letter, empty where no number is.
    """

    years: Floats
    areas: Texts
    values: Floats
    counts: Floats
    sizes: Floats
    texts: Texts
    source_rows: Floats
    decimals: int
    kind: str

    @property
    def period_labels(self) -> Texts:
        """The years as one reads them."""
        return np.array([when(year) for year in self.years], dtype=object)

    @property
    def empty(self) -> bool:
        """Whether there is no number at all."""
        return bool(np.isnan(self.values).all()) if self.values.size else True

    @property
    def known(self) -> Flags:
        """The years in which enough areas have a number to speak of."""
        known: Flags = (~np.isnan(self.values)).sum(axis=1) >= ENOUGH_AREAS
        return known

    def places(self, areas: Texts) -> Places:
        """The column of each of another file's areas; -1 where it is not here."""
        position = {area: column for column, area in enumerate(self.areas)}
        return np.array([position.get(area, -1) for area in areas], dtype=int)


@dataclass(frozen=True)
class Overlap:
    """What the release before printed of the same years and areas.

    `here` are the rows of this panel, `old` and `new` the values of both, `unit` half of the
    coarser last place.
    """

    here: Places
    old: Floats
    new: Floats
    unit: float

    @property
    def known(self) -> int:
        """How many figures the release before had."""
        return int((~np.isnan(self.old)).sum())

    @cached_property
    def changed(self) -> Flags:
        """Which figures of both differ by more than rounding."""
        return np.abs(self.new - self.old) > self.unit

    @property
    def lost(self) -> int:
        """How many figures are gone."""
        return int((~np.isnan(self.old) & np.isnan(self.new)).sum())

    @cached_property
    def moves(self) -> Floats:
        """By what share of itself each figure that changed did."""
        moved = np.abs(self.new - self.old) / np.fmax(np.abs(self.old), self.unit)
        return moved[self.changed]


class SeriesView:
    """One series of a load: as printed, as it was in the release before, and what both tell."""

    def __init__(
        self, check: SeriesCheck, now: SeriesPanel, was: SeriesPanel | None, councils: Councils
    ) -> None:
        self.check = check
        self.now = now
        self.was = was
        self.councils = councils

    @property
    def name(self) -> str:
        """What the series is called in messages."""
        return self.check.name

    @cached_property
    def panel(self) -> SeriesPanel:
        """The series with the years that only the release before has: a file of one has none."""
        return _with_years_before(self.now, self.was)

    @cached_property
    def in_file(self) -> Flags:
        """Which of the panel's years are printed in this file."""
        return np.isin(self.panel.years, self.now.years)

    @cached_property
    def judged(self) -> Places:
        """The positions of the file's years in which enough areas have a number."""
        return np.flatnonzero(self.in_file & self.panel.known)

    @cached_property
    def names(self) -> Texts:
        """The areas' names."""
        larger: Mapping[str, str] = self.councils.regions | LARGER
        named = [larger.get(code) or self.councils.name(code) for code in self.panel.areas]
        return np.array(named, dtype=object)

    @cached_property
    def regions(self) -> Texts:
        """The region that each council lies in."""
        return np.array([self.councils.region_of(code) for code in self.panel.areas], dtype=object)

    @cached_property
    def overlap(self) -> Overlap | None:
        """What the release before had of the same years; None where there is none."""
        if self.was is None or self.was.empty or self.now.empty:
            return None
        _, here, there = np.intersect1d(self.now.years, self.was.years, return_indices=True)
        columns = self.was.places(self.now.areas)
        old = np.where(columns >= 0, self.was.values[there][:, columns], np.nan)
        unit = 0.5 * 10.0 ** -min(self.now.decimals, self.was.decimals) + 1e-9
        return Overlap(here, old, self.now.values[here], unit)

    @cached_property
    def fresh(self) -> Flags:
        """Which figures nobody has seen: those of the newest year, and what changed since."""
        panel = self.panel
        fresh = np.zeros(panel.values.shape, dtype=bool)
        if not len(panel.years):
            return fresh
        fresh[-1] = True
        if self.was is None or self.overlap is None:
            return fresh
        place = np.searchsorted(panel.years, self.now.years)
        overlap = self.overlap
        fresh[place[overlap.here]] |= ~(np.abs(overlap.new - overlap.old) <= overlap.unit)
        fresh[np.isin(panel.years, self.was.years, invert=True)] = True
        return fresh

    def proven(self, year: int) -> bool:
        """Whether nearly all of a year's figures are what the release before had for it."""
        if self.overlap is None:
            return False
        at = np.flatnonzero(self.now.years[self.overlap.here] == self.panel.years[year])
        if not len(at):
            return False
        both = ~np.isnan(self.overlap.old[at[0]]) & ~np.isnan(self.overlap.new[at[0]])
        same = both & ~self.overlap.changed[at[0]]
        return int(both.sum()) >= ENOUGH_AREAS and bool(same.sum() >= PROVEN * both.sum())

    @cached_property
    def baseline(self) -> RobustBaseline:
        """What each figure is expected to be from its area's other years."""
        panel, check = self.panel, self.check
        values = panel.values
        # A last place of a tenth is close enough, of a proportion a thousandth.
        unit = 10.0 ** -min(panel.decimals, 3 if check.typical[1] <= 1 else 1)
        counts = np.fmax(panel.counts, 1)
        with np.errstate(invalid="ignore"):
            if check.leap.scale == "log":
                floor = unit / 2
                # A ratio's chance error is that of its count: 1 / sqrt(count).
                noise = np.where(np.isnan(panel.counts), 0.0, 1 / np.sqrt(counts))
                place = unit / np.fmax(nanmedian(values), unit)
                logs = np.log(np.where(values < floor, floor, values))
                return RobustBaseline(panel.years, logs, noise, float(place))
            if panel.kind == "count":
                noise = np.sqrt(np.fmax(values, 1))
            elif panel.kind == "share":
                plain = RobustBaseline(panel.years, values, 0.0, 0.0)
                p = np.clip(plain.expected, 2, 98) / 100
                # Of a size that is not printed a council's other years tell; else nothing does.
                sizes = np.where(
                    np.isnan(panel.sizes), nearest_years(panel.sizes, panel.years), panel.sizes
                )
                noise = 100 * np.sqrt(p * (1 - p) / np.maximum(sizes, 1))
            else:
                noise = np.zeros(values.shape)
            return RobustBaseline(panel.years, values, np.nan_to_num(noise), unit)

    @cached_property
    def size_baseline(self) -> RobustBaseline | None:
        """The same of the counts that figures are out of; None where there are none."""
        sizes = np.where(self.panel.sizes >= SMALL_NUMBER, self.panel.sizes, np.nan)
        if np.isnan(sizes).all():
            return None
        noise = np.nan_to_num(1 / np.sqrt(sizes))
        return RobustBaseline(self.panel.years, np.log(sizes), noise, SIZE_UNIT)

    def in_rows(self, year: int | np.intp) -> Places:
        """The areas of a year in the order of the file."""
        order = np.argsort(self.panel.source_rows[year])
        there: Places = order[~np.isnan(self.panel.source_rows[year][order])]
        return there


def read_series(
    rows: Columns, contract: FileContract, check: SeriesCheck, areas: Coded
) -> SeriesPanel:
    """A series of a load's described rows; `areas` are their codes, null where there is none."""
    share = share_of(contract, check)
    hit = rows.where(check.where) & areas.there & ~np.isnan(rows.years)
    at = np.flatnonzero(hit)
    years, row_years = np.unique(rows.years[at], return_inverse=True)
    columns, places_of_areas = pd.factorize(areas.found[at])
    area = [areas.distinct[place] for place in places_of_areas]
    shape = (len(years), len(area))
    value = rows.numbers(check.column)
    numbers = value[at]
    # An area under two codes: the row that has a number counts.
    order = np.argsort(~np.isnan(numbers), kind="stable")[::-1]

    def panel(cells: NDArray[_Cell], fill: float | str = np.nan) -> NDArray[_Cell]:
        made = np.full(shape, fill, dtype=object if fill == "" else "float64")
        made[row_years[order], columns[order]] = cells[order]
        return made

    nothing = np.full(len(rows), np.nan)
    count = rows.numbers(share.numerator) if share else nothing
    size = denominators(rows, contract, share) if share else nothing
    if check.size:
        size = check.size_unit * rows.numbers(check.size)
    text = rows.texts(check.column)[at]
    beside = np.char.add(np.char.add(count[at].astype("U24"), "/"), size[at].astype("U24")).astype(
        object
    )
    texts = np.where(np.isnan(numbers), "", text + "|" + beside)
    places = rows.decimals(check.column)[at[~np.isnan(numbers)]]
    if check.column in contract.columns_of("counts"):
        kind = "count"
    else:
        kind = "share" if share and share.per == 100 else "rate"
    return SeriesPanel(
        years=years,
        areas=np.array(area, dtype=object),
        values=panel(numbers),
        counts=panel(count[at]),
        sizes=panel(size[at]),
        texts=panel(texts, ""),
        source_rows=panel(rows.source_rows[at].astype("float64")),
        decimals=int(np.bincount(places).argmax()) if len(places) else 0,
        kind=kind,
    )


def _with_years_before(now: SeriesPanel, was: SeriesPanel | None) -> SeriesPanel:
    if was is None or now.empty:
        return now
    older = np.flatnonzero(~np.isin(was.years, now.years) & (was.years < now.years.max()))
    if not len(older):
        return now
    source = was.places(now.areas)

    def joined(old: NDArray[_Cell], new: NDArray[_Cell], nothing: float | str) -> NDArray[_Cell]:
        taken = np.where(source[None, :] >= 0, old[older][:, source], nothing)
        return np.concatenate([taken, new])[order]

    years = np.concatenate([was.years[older], now.years])
    order = np.argsort(years)
    return SeriesPanel(
        years=years[order],
        areas=now.areas,
        values=joined(was.values, now.values, np.nan),
        counts=joined(was.counts, now.counts, np.nan),
        sizes=joined(was.sizes, now.sizes, np.nan),
        texts=joined(was.texts, now.texts, ""),
        source_rows=joined(np.full(was.values.shape, np.nan), now.source_rows, np.nan),
        decimals=now.decimals,
        kind=now.kind,
    )

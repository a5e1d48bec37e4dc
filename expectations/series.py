"""A series through time: each figure beside its council's other years, and the release before.

Of the same kind as `figures`: each row is one thing looked at. The formulas and their reasons are
in `docs/checks.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from expectations.cells import decimals_of, denominators, rows_where
from expectations.councils import Councils
from expectations.history import ENOUGH, MAD_TO_SD, Grid, nanmedian, nearest_years
from expectations.measures import MOST_REVISED, UNLIKE_ANY, UNUSUAL_FROM, SeriesCheck
from expectations.parts import part, said, when
from expectations.stretches import stretch_parts
from expectations.vocabulary import (
    FROZEN,
    LEAP,
    MAYBE_SWAPPED,
    MUCH_REVISED,
    REVISED,
    REWRITTEN,
    SAME_YEAR,
    SERIES_ROWS,
    SHIFTED,
    STRANGE,
    SWAPPED,
    TYPICAL,
    UNITS,
    UNLIKE,
    UNUSUAL,
    WHOLE_LEAP,
    WHOLE_STRANGE,
    YEAR,
    YEAR_LEAP,
    YEAR_STRANGE,
    YEARS_MISSING,
    numeric,
)
from ingest.contracts import FileContract
from ingest.tables import SOURCE_ROW

# A swap is told where both are this far from their own years and near to each other's.
FAR, NEAR = 5.0, 2.0
# Perhaps one, where both are so far, and the squares of their distances so much less exchanged.
PERHAPS_FAR, BETTER_EXCHANGED = 2.5, 35.0
# A council's history is rewritten where so many figures of it moved by so much.
MOST, MUCH = 0.75, 0.1
# Regions and England, in robust standard deviations: 5.6 at most in real figures.
STRANGE_WHOLE, LEAPING_WHOLE = 6.0, 8.0
# How many regions of a year, England among them, must have a number.
ENOUGH_WHOLES = 4
LARGER = {"E92000001": "England", "E13000001": "Inner London", "E13000002": "Outer London"}


class YearBounds(NamedTuple):
    """How far a year may be from the years before: by a logarithm, and in usual moves."""

    ratio: float
    times: float
    ratio_of_few: float


# Of the newest years as published only EHC plans of 2022 are strange, and they were.
YEAR_BOUNDS = {
    YEAR_STRANGE: YearBounds(0.15, 4.0, 0.25),
    YEAR_LEAP: YearBounds(0.35, 5.0, 0.6),
}
# So many years tell how far a series moves in one.
OTHER_YEARS = 3
# Fewer than this say nothing of a council: they come and go.
FEW = 20
# Councils are told apart by how many there are, on a scale of ratios known to 2 per cent.
SIZE_UNIT = 0.02


@dataclass(frozen=True)
class Printed:
    """A series as a file prints it: arrays of years by councils, in the order of the file.

    `texts` are value, numerator and denominator to the letter, empty where no number is.
    """

    years: Any
    councils: Any
    values: Any
    counts: Any
    sizes: Any
    texts: Any
    source_rows: Any
    decimals: int
    kind: str

    @property
    def whens(self) -> Any:
        """The years as one reads them."""
        return np.array([when(year) for year in self.years], dtype=object)

    @property
    def empty(self) -> bool:
        """Whether there is no number at all."""
        return bool(np.isnan(self.values).all()) if self.values.size else True

    def places(self, councils: Any) -> Any:
        """The column of each of another file's councils; -1 where it is not here."""
        position = {council: column for column, council in enumerate(self.councils)}
        return np.array([position.get(council, -1) for council in councils])

    def beside(self, before: Printed) -> tuple[Any, Any, float]:
        """What `before` printed of this: the years of both, its values of them, half a last place.

        The years are rows of this grid, and the values have a column for each of its councils.
        """
        _, here, there = np.intersect1d(self.years, before.years, return_indices=True)
        columns = before.places(self.councils)
        old = np.where(columns >= 0, before.values[there][:, columns], np.nan)
        return here, old, 0.5 * 10.0 ** -min(self.decimals, before.decimals) + 1e-9


def read_series(rows: Any, contract: FileContract, check: SeriesCheck, codes: Any) -> Printed:
    """A series of a load's described rows; `codes` are their areas, null where there is none."""
    share = next(
        (
            s
            for s in contract.checks.shares
            if s.value == check.column
            and all(set(check.where.get(c, cells)) <= set(cells) for c, cells in s.where.items())
        ),
        None,
    )
    hit = rows_where(rows, check.where) & codes.notna().to_numpy() & rows[YEAR].notna().to_numpy()
    at = np.flatnonzero(hit)
    years, row_years = np.unique(rows[YEAR].to_numpy()[at], return_inverse=True)
    columns, council = pd.factorize(codes.to_numpy()[at])
    shape = (len(years), len(council))

    def grid(cells: Any, fill: Any = np.nan) -> Any:
        made = np.full(shape, fill, dtype=object if fill == "" else "float64")
        # A council under two codes: the row that has a number counts.
        order = np.argsort(~np.isnan(numbers), kind="stable")[::-1]
        made[row_years[order], columns[order]] = cells[order]
        return made

    value = rows[numeric(check.column)].to_numpy()
    numbers = value[at]
    nothing = np.full(len(rows), np.nan)
    count = rows[numeric(share.numerator)].to_numpy() if share else nothing
    size = denominators(rows, contract, share) if share else nothing
    if check.size:
        size = check.size_unit * rows[numeric(check.size)].to_numpy()
    text = rows[check.column].to_numpy(dtype=object)[at]
    beside = np.char.add(np.char.add(count[at].astype("U24"), "/"), size[at].astype("U24")).astype(
        object
    )
    texts = np.where(np.isnan(numbers), "", text + "|" + beside)
    places = decimals_of(rows[check.column].iloc[at[~np.isnan(numbers)]]) if len(at) else []
    if check.column in contract.columns_of("counts"):
        kind = "count"
    else:
        kind = "share" if share and share.per == 100 else "rate"
    return Printed(
        years=years,
        councils=np.asarray(council, dtype=object),
        values=grid(numbers),
        counts=grid(count[at]),
        sizes=grid(size[at]),
        texts=grid(texts, ""),
        source_rows=grid(rows[SOURCE_ROW].to_numpy(dtype="float64")[at]),
        decimals=int(np.bincount(places).argmax()) if len(places) else 0,
        kind=kind,
    )


def _with_years_before(now: Printed, was: Printed | None) -> Printed:
    """The series with the years that only the release before has: a file of one year has none."""
    if was is None or now.empty:
        return now
    older = np.flatnonzero(~np.isin(was.years, now.years) & (was.years < now.years.max()))
    if not len(older):
        return now
    source = was.places(now.councils)

    def joined(old: Any, new: Any, nothing: Any) -> Any:
        taken = np.where(source[None, :] >= 0, old[older][:, source], nothing)
        return np.concatenate([taken, new])[order]

    years = np.concatenate([was.years[older], now.years])
    order = np.argsort(years)
    return Printed(
        years=years[order],
        councils=now.councils,
        values=joined(was.values, now.values, np.nan),
        counts=joined(was.counts, now.counts, np.nan),
        sizes=joined(was.sizes, now.sizes, np.nan),
        texts=joined(was.texts, now.texts, ""),
        source_rows=joined(np.full(was.values.shape, np.nan), now.source_rows, np.nan),
        decimals=now.decimals,
        kind=now.kind,
    )


def _value_grid(series: Printed, check: SeriesCheck) -> Grid:
    values = series.values
    # A last place of a tenth is close enough, of a proportion a thousandth.
    unit = 10.0 ** -min(series.decimals, 3 if check.typical[1] <= 1 else 1)
    counts = np.fmax(series.counts, 1)
    if check.leap.scale == "log":
        floor = unit / 2
        # A ratio's chance error is that of its count: 1 / sqrt(count).
        noise = np.where(np.isnan(series.counts), 0.0, 1 / np.sqrt(counts))
        place = unit / np.fmax(nanmedian(values), unit)
        logs = np.log(np.where(values < floor, floor, values))
        return Grid(series.years, logs, noise, float(place))
    if series.kind == "count":
        noise = np.sqrt(np.fmax(values, 1))
    elif series.kind == "share":
        p = np.clip(Grid(series.years, values, 0.0, 0.0).expected, 2, 98) / 100
        noise = 100 * np.sqrt(p * (1 - p) / np.fmax(series.sizes, 1))
    else:
        noise = np.zeros(values.shape)
    return Grid(series.years, values, np.nan_to_num(noise), unit)


def _size_grid(series: Printed) -> Grid | None:
    sizes = np.where(series.sizes >= FEW, series.sizes, np.nan)
    if np.isnan(sizes).all():
        return None
    return Grid(series.years, np.log(sizes), np.nan_to_num(1 / np.sqrt(sizes)), SIZE_UNIT)


def series_parts(
    now: Printed, was: Printed | None, check: SeriesCheck, councils: Councils
) -> Iterator[Any]:
    """The parts of a series of councils, with what the release before had of it, if any."""
    rows = int((~np.isnan(now.source_rows)).sum())
    if rows or not check.may_be_absent:
        yield part(SERIES_ROWS, [rows], [f"{check.name} has {rows} rows"])
    if now.empty:
        return
    series = _with_years_before(now, was)
    own = np.isin(series.years, now.years)
    names = [councils.name(code) for code in series.councils]
    grid, sizes = _value_grid(series, check), _size_grid(series)
    with np.errstate(invalid="ignore"):
        bounds = {STRANGE: check.leap.warn, LEAP: check.leap.error}
        yield from _leaps(series, grid, own, check, names, bounds, _fresh(series, was))
        yield from _unlike(series, own, check, names)
        yield from _levels(series, own, check)
        yield from _frozen(series, own, check, names)
        yield from _swapped(series, grid, sizes, own, check, names)
        yield from _shifted(series, grid, sizes, own, check)
        regions = np.array([councils.region_of(code) for code in series.councils], dtype=object)
        yield from stretch_parts(series, grid, own, check, regions)
        yield from _year_moves(series, grid, sizes, check)
        if was is not None and not was.empty:
            yield from _revised(now, was, check, councils)
            newest, before = now.years.max(), was.years.max()
            words = (
                f"{check.name}: its newest period is {when(newest)}, and was {when(before)} before"
            )
            yield part(YEARS_MISSING, [before - newest], [words if before > newest else None])


def _fresh(series: Printed, was: Printed | None) -> Any:
    """Which figures nobody has seen: those of the newest year, and what changed since before."""
    fresh = np.zeros(series.values.shape, dtype=bool)
    fresh[-1] = True
    if was is None or was.empty:
        return fresh
    here, old, unit = series.beside(was)
    fresh[here] |= ~(np.abs(series.values[here] - old) <= unit)
    fresh[np.isin(series.years, was.years, invert=True)] = True
    return fresh


def whole_parts(
    now: Printed, was: Printed | None, check: SeriesCheck, councils: Councils
) -> Iterator[Any]:
    """The parts of a series' regions and of England: how far each is from its other years.

    They are large and move together, so that one bound does for all measures. Counts are left
    out: that they are the sum of their councils is asked elsewhere.
    """
    if now.empty or now.kind == "count":
        return
    series = _with_years_before(now, was)
    own = np.isin(series.years, now.years)
    names = [councils.regions.get(code, LARGER.get(code, code)) for code in series.councils]
    bounds = {WHOLE_STRANGE: STRANGE_WHOLE, WHOLE_LEAP: LEAPING_WHOLE}
    with np.errstate(invalid="ignore"):
        grid = _value_grid(series, check)
        fresh = _fresh(series, was)
        yield from _leaps(series, grid, own, check, names, bounds, fresh, ENOUGH_WHOLES)


def _leaps(
    series: Printed,
    grid: Grid,
    own: Any,
    check: SeriesCheck,
    names: Any,
    bounds: Mapping[str, float],
    fresh: Any,
    least: int = ENOUGH,
) -> Iterator[Any]:
    """One row a figure and bound, of years in which at least so many areas have a number.

    What only warns is asked of `fresh` figures: the others were looked at when they were.
    """
    enough = (~np.isnan(grid.values)).sum(axis=1) >= least
    # One other year of several is no history.
    others = (~np.isnan(grid.values)).sum(axis=0) - 1 >= min(2, enough.sum() - 1)
    z = np.where((own & enough)[:, None] & others[None, :], np.abs(grid.z), np.nan)
    year, council = np.nonzero(~np.isnan(z))
    score = z[year, council]
    back = np.exp(grid.expected) if check.leap.scale == "log" else grid.expected
    few = np.isin(series.councils, check.few)[council]
    looked_at = {STRANGE: fresh[year, council], WHOLE_STRANGE: fresh[year, council], LEAP: ~few}
    for column, bound in bounds.items():
        judged = np.where(looked_at.get(column, True), score, np.nan)
        yield part(
            column,
            judged - bound,
            said(
                judged > bound,
                [names[c] for c in council],
                series.whens[year],
                series.values[year, council],
                back[year, council],
                score,
                wording=(
                    check.name + ": {0} in {1} has {2:g}, its other figures {3:.3g}"
                    " (robust z {4:.1f})"
                ),
            ),
        )


def _unlike(series: Printed, own: Any, check: SeriesCheck, names: Any) -> Iterator[Any]:
    """One row a figure without a history: how far it is from the middle of the year's councils.

    Councils' counts are as unlike as councils are, and are left out.
    """
    if series.kind == "count":
        return
    numbers = ~np.isnan(series.values)
    enough = numbers.sum(axis=1) >= ENOUGH
    alone = numbers.sum(axis=0) < 3
    year, council = np.nonzero(numbers & (own & enough)[:, None] & alone[None, :])
    values = series.values
    middle = nanmedian(values, axis=1)[:, None]
    spread = MAD_TO_SD * nanmedian(np.abs(values - middle), axis=1)[:, None]
    far = (np.abs(values - middle) / np.fmax(spread, 10.0**-series.decimals))[year, council]
    yield part(
        UNLIKE,
        far,
        said(
            far > UNLIKE_ANY,
            [names[c] for c in council],
            series.whens[year],
            values[year, council],
            np.broadcast_to(middle, values.shape)[year, council],
            wording=check.name + ": {0} in {1} has {2:g}, the councils' median is {3:g}",
        ),
    )
    # Nought has no logarithm, and of few is common: where no other council has one it is strange.
    lone = (values == 0) & ((values == 0).sum(axis=1) == 1)[:, None] & (series.kind != "share")
    floor = 0.5 * 10.0 ** -min(series.decimals, 2)
    logs = np.log(np.where((values > 0) | lone, np.fmax(values, floor), np.nan))
    centre = nanmedian(logs, axis=1)[:, None]
    apart = MAD_TO_SD * nanmedian(np.abs(logs - centre), axis=1)[:, None]
    unusual = (np.abs(logs - centre) / np.fmax(apart, SIZE_UNIT))[year, council]
    yield part(
        UNUSUAL,
        unusual,
        said(
            unusual > UNUSUAL_FROM,
            [names[c] for c in council],
            series.whens[year],
            values[year, council],
            np.broadcast_to(middle, values.shape)[year, council],
            wording=check.name + ": {0} in {1} has {2:g}, the councils' median is {3:g}",
        ),
    )


def _levels(series: Printed, own: Any, check: SeriesCheck) -> Iterator[Any]:
    known = (~np.isnan(series.values)).sum(axis=1) >= ENOUGH
    median = nanmedian(series.values, axis=1)
    low, high = check.typical
    at = np.flatnonzero(own & known)
    off = np.maximum(np.maximum(low - median, median - high), 0)[at]
    wording = f"{check.name}: {{0:.4g}} in {{1}}, not between {low:g} and {high:g}"
    yield part(TYPICAL, off, said(off > 0, median[at], series.whens[at], wording=wording))
    for what, cells, least in (("median", series.values, 0), ("median count", series.sizes, FEW)):
        middle = nanmedian(cells, axis=1)
        pairs = [
            (t, t - 1)
            for t in range(1, len(series.years))
            if own[t] and known[t] and known[t - 1] and min(middle[t], middle[t - 1]) > least
        ]
        # In powers of ten, so that tenfold and a tenth are equally far from nought.
        ratio = np.array([abs(np.log10(middle[t] / middle[s])) for t, s in pairs])
        yield part(
            UNITS,
            ratio,
            said(
                ratio > 0.7,
                [series.whens[t] for t, _ in pairs],
                [middle[t] for t, _ in pairs],
                [middle[s] for _, s in pairs],
                wording=f"{check.name}: the {what} of {{0}} is {{1:.4g}}, after {{2:.4g}}",
            ),
        )


def _year_moves(
    series: Printed, grid: Grid, sizes: Grid | None, check: SeriesCheck
) -> Iterator[Any]:
    """How far the newest year's middle council is from the years before, by figure and by size."""
    if series.kind == "count":
        return
    is_log = check.leap.scale == "log"
    yield from _year_move(series, grid, series.values, check, is_log, "median")
    if sizes:
        yield from _year_move(series, sizes, series.sizes, check, True, "median count")


def _year_move(
    series: Printed, grid: Grid, cells: Any, check: SeriesCheck, is_log: bool, what: str
) -> Iterator[Any]:
    """One row a bound: the move as a share of what it may be, less one.

    Both in itself, and against how far the other years are from theirs.
    """
    enough = (~np.isnan(grid.values)).sum(axis=1) >= ENOUGH
    middle = np.where(enough, nanmedian(grid.values, axis=1), np.nan)
    if np.isnan(middle[-1]):
        return
    expected = nearest_years(middle[:, None], series.years)[:, 0]
    moves = np.abs(middle - expected)
    floor = 10.0**-series.decimals
    now, back = nanmedian(cells[-1]), np.exp(expected[-1]) if is_log else expected[-1]
    ratio = abs(np.log(max(now, floor) / max(back, floor)))
    others = moves[:-1][~np.isnan(moves[:-1])]
    for column, bounds in YEAR_BOUNDS.items():
        far = ratio / (bounds.ratio if len(others) >= OTHER_YEARS else bounds.ratio_of_few)
        if len(others) >= OTHER_YEARS:
            far = min(far, moves[-1] / (bounds.times * max(nanmedian(others), grid.unit)))
        words = (
            f"{check.name}: the councils' {what} in {series.whens[-1]} is {now:.4g}, the years"
            f" before say {back:.4g}"
        )
        yield part(column, [far - 1], [words if far > 1 else None])


def _frozen(series: Printed, own: Any, check: SeriesCheck, names: Any) -> Iterator[Any]:
    there = series.texts != ""
    same = there[1:] & there[:-1] & (series.texts[1:] == series.texts[:-1])
    next_to = np.diff(series.years) == 1
    pairs = [(t, u) for t in np.flatnonzero(own) for u in range(t)]
    both = np.array([(there[t] & there[u]).sum() for t, u in pairs])
    alike = np.array([(there[t] & (series.texts[t] == series.texts[u])).sum() for t, u in pairs])
    told = [i for i in range(len(pairs)) if both[i] >= ENOUGH]
    share = alike[told] / both[told] if told else np.array([])
    wording = check.name + ": {0:.0%} of councils in {1} are to the letter as in {2}"
    yield part(
        SAME_YEAR,
        share,
        said(
            share > 0.5,
            share,
            [series.whens[pairs[i][0]] for i in told],
            [series.whens[pairs[i][1]] for i in told],
            wording=wording,
        ),
    )
    # Only where it cannot be chance: three figures of a large council, or two decimals.
    telling = (series.counts >= FEW) if series.kind == "share" else (series.values > 0)
    telling = telling & ((series.kind == "share") | (series.decimals >= 1))
    run = np.ones(len(names), dtype=int)
    longest = np.ones(len(names), dtype=int)
    for t in range(len(same)):
        goes_on = same[t] & telling[t] & next_to[t]
        run = np.where(goes_on, run + 1, 1)
        longest = np.maximum(longest, run)
    looked_at = there.any(axis=0)
    # Of a figure without counts one year more.
    allowed = 2 if series.kind == "share" else 3
    yield part(
        FROZEN,
        longest[looked_at] - allowed,
        said(
            longest[looked_at] > allowed,
            [name for name, looked in zip(names, looked_at, strict=True) if looked],
            longest[looked_at],
            wording=check.name + ": {0} has the same figures {1} years running",
        ),
    )


def _swapped(
    series: Printed,
    grid: Grid,
    sizes: Grid | None,
    own: Any,
    check: SeriesCheck,
    names: Any,
) -> Iterator[Any]:
    """One row a year: how many councils stand in each other's place; of the newest, perhaps do."""
    # Councils' counts move as they like: beside a size they say nothing of whose they are.
    grids = (sizes,) if sizes and series.kind == "count" else (grid, sizes)
    for told in filter(None, grids):
        # Sizes tell councils apart best, and counts move as counts do.
        maybe = told is (sizes or grid) and series.kind != "count"
        yield from _swapped_in(told, series, own, check, names, maybe)


def _swapped_in(
    told: Grid, series: Printed, own: Any, check: SeriesCheck, names: Any, maybe: bool
) -> Iterator[Any]:
    for t in np.flatnonzero(own & ((~np.isnan(told.values)).sum(axis=1) >= ENOUGH)):
        z = np.abs(told.z[t])
        far = np.flatnonzero(z > PERHAPS_FAR)
        found: list[str] = []
        perhaps: list[str] = []
        shift = nanmedian(told.values[t] - told.expected[t])
        for i, a in enumerate(far):
            for b in far[i + 1 :]:
                here = abs(told.values[t, a] - shift - told.expected[t, b]) / told.scale[t, b]
                there = abs(told.values[t, b] - shift - told.expected[t, a]) / told.scale[t, a]
                if here >= NEAR or there >= NEAR:
                    continue
                if min(z[a], z[b]) > FAR:
                    found.append(f"{names[a]} and {names[b]}")
                elif z[a] ** 2 + z[b] ** 2 - here**2 - there**2 > BETTER_EXCHANGED:
                    perhaps.append(f"{names[a]} and {names[b]}")
        told_pairs = {SWAPPED: found}
        # The older years were looked at when they were new.
        if maybe and t == len(series.years) - 1:
            told_pairs[MAYBE_SWAPPED] = perhaps
        for column, pairs in told_pairs.items():
            words = f"{check.name}: {'; '.join(pairs[:5])} in {series.whens[t]}"
            yield part(column, [len(pairs)], [words if pairs else None])


def _shifted(
    series: Printed, grid: Grid, sizes: Grid | None, own: Any, check: SeriesCheck
) -> Iterator[Any]:
    """One row a year and kind of figure: how well it fits its own years, and its neighbour's."""
    for told in filter(None, (grid, sizes)):
        yield from _shifted_in(told, series, own, check)


def _shifted_in(told: Grid, series: Printed, own: Any, check: SeriesCheck) -> Iterator[Any]:
    for t in np.flatnonzero(own & ((~np.isnan(told.values)).sum(axis=1) >= ENOUGH)):
        order = np.argsort(series.source_rows[t])
        order = order[~np.isnan(series.source_rows[t][order])]
        values, expected = told.values[t][order], told.expected[t][order]
        apart = nanmedian(np.abs(values - np.roll(values, 1)))
        chance = nanmedian(np.broadcast_to(told.noise, told.values.shape)[t]) + told.unit
        shift = nanmedian(values - expected)
        # Neighbours that are alike by chance cannot be told apart.
        if np.isnan(shift) or apart < 4 * chance:
            continue
        own_fit = nanmedian(np.abs(values - expected - shift))
        fits = [nanmedian(np.abs(values - np.roll(expected, by) - shift)) for by in (1, -1)]
        ratio = own_fit / max(min(fits), 1e-12)
        words = f"{check.name}: {series.whens[t]} fits the neighbouring rows' councils better"
        yield part(SHIFTED, [ratio], [words if ratio > 1 else None])


def _rewritten(
    old: Any, new: Any, unit: float, now: Printed, check: SeriesCheck, councils: Councils
) -> Any:
    """One row: how many councils have most of their earlier years changed by a tenth and more."""
    known = ~np.isnan(old) & ~np.isnan(new)
    much = known & (np.abs(new - old) > np.fmax(MUCH * np.abs(old), 4 * unit))
    years = known.sum(axis=0)
    hit = np.flatnonzero((years >= 2) & (much.sum(axis=0) >= MOST * years))
    names = ", ".join(councils.name(now.councils[c]) for c in hit[:5])
    return part(REWRITTEN, [len(hit)], [f"{check.name}: {names}" if len(hit) else None])


def _much_revised(
    old: Any, new: Any, unit: float, now: Printed, here: Any, check: SeriesCheck, councils: Councils
) -> Any:
    """One row a figure that the release before had, without a count that would move with it."""
    year, council = np.nonzero(~np.isnan(old) & ~np.isnan(new))
    was, is_now = old[year, council], new[year, council]
    moved = np.abs(is_now - was) / np.fmax(np.abs(was), 8 * unit)
    return part(
        MUCH_REVISED,
        moved,
        said(
            moved > MOST_REVISED,
            [councils.name(now.councils[c]) for c in council],
            now.whens[here][year],
            is_now,
            was,
            wording=check.name + ": {0} in {1} has {2:g}, and had {3:g} in the release before",
        ),
    )


def _revised(now: Printed, was: Printed, check: SeriesCheck, councils: Councils) -> Iterator[Any]:
    """One row: the share of the figures known before that are not what they were."""
    here, old, unit = now.beside(was)
    new = now.values[here]
    moved = np.abs(new - old)
    known = int((~np.isnan(old)).sum())
    lost = int((~np.isnan(old) & np.isnan(new)).sum())
    changed = int((moved > unit).sum())
    sizes = (moved / np.fmax(np.abs(old), unit))[moved > unit]
    if known < ENOUGH:
        return
    yield _rewritten(old, new, unit, now, check, councils)
    if now.kind != "count" and np.isnan(now.counts).all():
        yield _much_revised(old, new, unit, now, here, check, councils)
    share = (changed + lost) / known
    typical = float(np.median(sizes)) if len(sizes) else 0.0
    words = (
        f"{check.name}: {changed:,} of {known:,} figures of earlier years changed, by"
        f" {typical:.0%} in the middle, and {lost:,} are gone"
    )
    yield part(REVISED, [share], [words if share > 0.5 else None])

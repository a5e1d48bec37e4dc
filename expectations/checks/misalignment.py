"""Figures in the wrong rows: councils swapped, columns slipped, runs dragged down or carried on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from expectations.checks.base import (
    FEWEST_FOR_A_SHARE,
    STRONGER,
    Bound,
    Finding,
    Findings,
    one,
)
from expectations.checks.presence import OfSeries
from expectations.checks.years import share_that_stays
from expectations.panel.baseline import ENOUGH_AREAS, RobustBaseline, nanmedian

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable
    from expectations.panel.series_panel import SeriesView
    from ingest.arrays import Floats, Places, Texts


def _known_years(view: SeriesView, baseline: RobustBaseline) -> Places:
    enough = (~np.isnan(baseline.values)).sum(axis=1) >= ENOUGH_AREAS
    return np.flatnonzero(view.in_file & enough)


class _Swaps(OfSeries):
    outcome = "flag"
    noun = "councils"
    refused_above = Bound(
        0.1,
        "share of a year's councils",
        "2026-11",
        "A return or two may come under the wrong name; of a column that is shuffled most pairs"
        " look exchanged.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            for baseline in self.looked_at(view):
                for t in self.years(view, baseline):
                    yield self._of_year(view, baseline, t)

    def looked_at(self, view: SeriesView) -> Iterator[RobustBaseline]:
        """The figures by which councils are told apart."""
        raise NotImplementedError

    def years(self, view: SeriesView, baseline: RobustBaseline) -> Places:
        """The positions of the years that are asked about."""
        return _known_years(view, baseline)

    def exchanged(self, z: tuple[float, float], other: tuple[float, float]) -> bool:
        """Whether two councils so far from their own years are so near to each other's."""
        raise NotImplementedError

    near = Bound(
        2.0, "robust SD", "2026-09", "As near to the other's years as nearly all are to their own."
    )
    far = Bound(2.5, "robust SD", "2026-10", "Further than 1 in 80 by chance, each of two.")

    def _of_year(self, view: SeriesView, baseline: RobustBaseline, t: int) -> Findings:
        panel, near = view.panel, float(self.near)
        z = np.abs(baseline.z[t])
        far = np.flatnonzero(z > float(self.far))
        values, expected, scale = baseline.values[t], baseline.expected[t], baseline.scale[t]
        shift = nanmedian(values - expected)
        found: list[Finding] = []
        councils: set[int] = set()
        for i, a in enumerate(far):
            for b in far[i + 1 :]:
                here = abs(values[a] - shift - expected[b]) / scale[b]
                there = abs(values[b] - shift - expected[a]) / scale[a]
                if here >= near or there >= near:
                    continue
                if self.exchanged((z[a], z[b]), (here, there)):
                    rows = panel.source_rows[t, [a, b]]
                    found.append(
                        Finding(
                            f"{view.name}: {view.names[a]} and {view.names[b]} in"
                            f" {panel.period_labels[t]}, as if exchanged",
                            tuple(int(row) for row in rows if not np.isnan(row)),
                            view.check.column,
                            year=float(panel.years[t]),
                        )
                    )
                    councils |= {int(a), int(b)}
        known = int((~np.isnan(values)).sum())
        many = len(councils) >= FEWEST_FOR_A_SHARE
        return Findings(known, tuple(found), len(councils) / max(known, 1) if many else 0.0)


class CouncilsNotSwapped(_Swaps):
    """Two councils' figures stand in each other's rows."""

    name = "councils_not_swapped"
    expects = "No two councils stand in each other's place."
    far = Bound(
        5.0,
        "robust SD",
        "2026-09",
        "Both are further from their own years than one in some thousands is, and fit each"
        " other's.",
    )

    def looked_at(self, view: SeriesView) -> Iterator[RobustBaseline]:
        # Councils' counts move as they like: beside a size they say nothing of whose they are.
        sizes = view.size_baseline
        if not (sizes and view.panel.kind == "count"):
            yield view.baseline
        if sizes:
            yield sizes

    def exchanged(self, z: tuple[float, float], other: tuple[float, float]) -> bool:
        return True


class CouncilsPerhapsSwapped(_Swaps):
    """Two councils that perhaps exchanged, in the newest year."""

    name = "councils_perhaps_swapped"
    expects = (
        "No two councils look, in the newest year, so much more like each other than like"
        " themselves that somebody should look."
    )
    better = Bound(
        35.0,
        "squared robust SD",
        "2026-10",
        "How much less the squared distances are, exchanged: of 150 councils' 11,000 pairs the"
        " best by chance is 34.",
    )

    def looked_at(self, view: SeriesView) -> Iterator[RobustBaseline]:
        # Sizes tell councils apart best, and counts move as counts do.
        if view.panel.kind != "count":
            yield view.size_baseline or view.baseline

    def years(self, view: SeriesView, baseline: RobustBaseline) -> Places:
        # The older years were looked at when they were new.
        years = _known_years(view, baseline)
        newest: Places = years[years == len(view.panel.years) - 1]
        return newest

    def exchanged(self, z: tuple[float, float], other: tuple[float, float]) -> bool:
        if min(z) > float(CouncilsNotSwapped.far):
            return False
        return z[0] ** 2 + z[1] ** 2 - other[0] ** 2 - other[1] ** 2 > float(self.better)


class ColumnsNotShifted(OfSeries):
    """A year's figures stand a row too high or too low: every council has its neighbour's."""

    name = "columns_not_shifted"
    expects = "A year's figures fit their councils' other years better than the neighbouring rows'."
    noun = "years"
    alike = Bound(
        4.0,
        "times chance",
        "2026-09",
        "Neighbouring rows that are nearer to each other cannot be told apart.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            more = float(STRONGER) if load.is_understood else 1.0
            for baseline in filter(None, (view.baseline, view.size_baseline)):
                for t in _known_years(view, baseline):
                    if not view.proven(t):
                        yield from self._of_year(view, baseline, t, more)

    def _of_year(
        self, view: SeriesView, baseline: RobustBaseline, t: int, more: float
    ) -> Iterator[Findings]:
        order = view.in_rows(t)
        values, expected = baseline.values[t][order], baseline.expected[t][order]
        apart = nanmedian(np.abs(values - np.roll(values, 1)))
        noise = np.broadcast_to(baseline.noise, baseline.values.shape)[t]
        chance = nanmedian(noise) + baseline.unit
        shift = nanmedian(values - expected)
        if np.isnan(shift) or apart < float(self.alike) * chance:
            return
        own_fit = nanmedian(np.abs(values - expected - shift))
        fits = [nanmedian(np.abs(values - np.roll(expected, by) - shift)) for by in (1, -1)]
        label = view.panel.period_labels[t]
        message = f"{view.name}: {label} fits the neighbouring rows' councils better"
        yield one(1, message if own_fit > more * max(min(fits), 1e-12) else None)


class BlocksNotShifted(OfSeries):
    """Some rows of a year stand a row too high or too low."""

    name = "blocks_not_shifted"
    expects = (
        "No eight, sixteen or twenty-four rows of a year fit the councils of the neighbouring rows"
        " much better than their own."
    )
    noun = "years"
    eight = Bound(
        12.0,
        "mean squared robust SD",
        "2026-10",
        "How much better so many rows may fit the councils beside them: of some 150 places where"
        " a run may begin the best by chance is 9.3.",
    )
    sixteen = Bound(
        3.0, "mean squared robust SD", "2026-10", "The same: the best by chance is 2.4."
    )
    twenty_four = Bound(1.8, "mean squared robust SD", "2026-10", "The same: the best is 1.4.")
    # No figure counts for more than this many deviations.
    _CAPPED = 10.0

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            # Councils' counts move as they like.
            if view.now.empty or view.panel.kind == "count":
                continue
            more = float(STRONGER) if load.is_understood else 1.0
            for t in _known_years(view, view.baseline):
                if not view.proven(t):
                    yield from self._of_year(view, t, more)

    def _of_year(self, view: SeriesView, t: int, more: float) -> Iterator[Findings]:
        order, baseline = view.in_rows(t), view.baseline
        values, expected, scale = (
            cells[t][order] for cells in (baseline.values, baseline.expected, baseline.scale)
        )
        shift = nanmedian(values - expected)

        def misfit(by: int) -> Floats:
            off = np.abs(values - np.roll(expected, by) - shift) / np.roll(scale, by)
            squared: Floats = np.minimum(off, self._CAPPED) ** 2
            return squared

        bounds = {8: self.eight, 16: self.sixteen, 24: self.twenty_four}
        for by in (1, -1):
            better = (misfit(0) - misfit(by))[1:-1]
            for length, most in bounds.items():
                if len(better) < length:
                    continue
                runs = np.lib.stride_tricks.sliding_window_view(better, length)
                known = (~np.isnan(runs)).sum(axis=1) >= 0.75 * length
                if not known.any():
                    continue
                gain = np.where(known, np.nansum(runs, axis=1), -np.inf) / length
                first = int(gain.argmax())
                row = view.panel.source_rows[t][order][first + 1]
                message = (
                    f"{view.name}: {length} rows of {view.panel.period_labels[t]} from row"
                    f" {row:.0f} on fit the councils of the rows"
                    f" {'above' if by == 1 else 'below'} better"
                )
                yield one(1, message if gain[first] > more * float(most) else None)


class RowsNotAlike(OfSeries):
    """A figure that was dragged down over the rows below."""

    name = "rows_not_alike"
    expects = (
        "No figure was dragged down: few rows, one after the other, have the same to the letter."
    )
    noun = "years"
    outcome = "flag"
    most = Bound(
        4.0,
        "rows one after the other",
        "2026-10",
        "Figures that differ in a hundred ways are alike in three rows running by chance, once in"
        " 150 councils' 20 years; five, never.",
    )
    most_of_whole_per_cents = Bound(
        7.0, "rows one after the other", "2026-10", "Whole per cents differ in some twenty ways."
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            panel = view.panel
            bare = panel.decimals == 0 and bool(np.isnan(panel.counts).all())
            most = float(self.most_of_whole_per_cents if bare else self.most)
            for t in np.flatnonzero(view.in_file):
                longest, rows = _longest_run(panel.texts[t], panel.source_rows[t], view.in_rows(t))
                finding = Finding(
                    f"{view.name}: {longest} rows of {panel.period_labels[t]}, one after the other,"
                    " have the same figure",
                    rows,
                    view.check.column,
                    year=float(panel.years[t]),
                )
                yield Findings(1, (finding,) if longest > most else ())


def _longest_run(texts: Texts, source_rows: Floats, order: Places) -> tuple[int, tuple[int, ...]]:
    """The longest run of rows with one text, and the source rows it is of."""
    longest, run, last = 1, 1, 0
    ordered = texts[order]
    for position, (above, here) in enumerate(pairwise(ordered), 1):
        run = run + 1 if here and here == above else 1
        if run > longest:
            longest, last = run, position
    rows = source_rows[order][max(last - longest + 1, 0) : last + 1]
    return longest, tuple(int(row) for row in rows)


class RegionsNotCarriedOn(OfSeries):
    """A region whose return was late has the figures of an earlier year."""

    name = "regions_not_carried_on"
    expects = "No region's councils repeat, to the letter, what they had in an earlier year."
    noun = "regions and years"
    outcome = "flag"
    most = Bound(
        0.6,
        "share of a region's councils",
        "2026-10",
        "Half of a region's small counts may be what they were by chance; three in five and more"
        " are not, where there are as many ways as councils.",
    )
    fewest = Bound(6.0, "councils of a region", "2026-10", "Of fewer, chance makes any share.")

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if not view.now.empty:
                yield self._of_series(view)

    def _of_series(self, view: SeriesView) -> Findings:
        panel, regions = view.panel, view.regions
        there = panel.texts != ""
        looked_at = 0
        found: list[Finding] = []
        for t in np.flatnonzero(view.in_file):
            for u in range(t):
                both = there[t] & there[u]
                same = both & (panel.texts[t] == panel.texts[u])
                for region in sorted({*regions[both]} - {""}):
                    within = both & (regions == region)
                    if within.sum() < float(self.fewest):
                        continue
                    looked_at += 1
                    share = same[within].mean()
                    if share > share_that_stays(self.most, panel.years[t] - panel.years[u]):
                        rows = panel.source_rows[t, same & within]
                        found.append(
                            Finding(
                                f"{view.name}: {share:.0%} of the councils of {region} in"
                                f" {panel.period_labels[t]} are to the letter as in"
                                f" {panel.period_labels[u]}",
                                tuple(int(row) for row in rows if not np.isnan(row)),
                                view.check.column,
                                year=float(panel.years[t]),
                            )
                        )
        return Findings(looked_at, tuple(found))

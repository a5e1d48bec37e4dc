"""Whole years of a series: units, levels, and years that repeat an earlier one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from expectations.checks.base import STRONGER, Bound, Findings, found_where, one
from expectations.checks.presence import OfSeries
from expectations.panel.baseline import ENOUGH_AREAS, RobustBaseline, nanmedian, nearest_years
from expectations.panel.series_panel import SMALL_NUMBER, when

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable
    from expectations.panel.series_panel import SeriesView
    from ingest.arrays import Flags, Floats


class MediansInRange(OfSeries):
    """Every year is tenfold: nothing but the measure's own range shows it."""

    name = "medians_in_range"
    expects = "The median of the councils lies, in every year, in the range of the measure's YAML."
    noun = "years"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            median, at = nanmedian(view.panel.values, axis=1), view.judged
            low, high = view.check.typical
            yield found_where(
                (median[at] < low) | (median[at] > high),
                median[at],
                view.panel.period_labels[at],
                wording=f"{view.name}: {{0:.4g}} in {{1}}, not between {low:g} and {high:g}",
            )


class UnitsKept(OfSeries):
    """The unit changed: per cent to shares, thousands to counts."""

    name = "units_kept"
    expects = (
        "No year's median is five times the year before's or a fifth of it, nor is the median count"
        " of a year what the release before had, so many times: the unit changed."
    )
    noun = "pairs of years"
    most = Bound(
        0.7,
        "powers of ten",
        "2026-10",
        "Units differ by powers of ten; half of one is 0.5. Medians of councils move by 0.22 at"
        " most from one year to the next.",
    )
    most_of_few = Bound(
        2.5,
        "powers of ten",
        "2026-12",
        "A median count of a few may rise a hundredfold, as when a kind of plan is new. Counts are"
        " printed in ones or in thousands, three powers apart; half of one is for the year.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            panel = view.panel
            sizes = ("median count", panel.sizes, SMALL_NUMBER)
            for what, cells, least in (("median", panel.values, 0), sizes):
                middle = nanmedian(cells, axis=1)
                known = panel.known
                later = [
                    t
                    for t in range(1, len(panel.years))
                    if view.in_file[t]
                    and known[t]
                    and known[t - 1]
                    and middle[t - 1 : t + 1].min() > 0
                ]
                pairs = middle[later], middle[np.array(later, dtype=int) - 1]
                yield found_where(
                    self._is_another_unit(*pairs, least),
                    [panel.period_labels[t] for t in later],
                    *pairs,
                    wording=f"{view.name}: the {what} of {{0}} is {{1:.4g}}, after {{2:.4g}}",
                )
            yield self._counts_of_before(view)

    def _is_another_unit(self, now: Floats, then: Floats, least: int) -> Flags:
        # In powers of ten, so that tenfold and a tenth are equally far from nought.
        ratio = np.abs(np.log10(now / then))
        few = np.minimum(now, then) <= least
        return ratio > np.where(few, float(self.most_of_few), float(self.most))

    def _counts_of_before(self, view: SeriesView) -> Findings:
        """Counts that all are in another unit: shares of them, and sums, hold all the same."""
        if view.was is None:
            return Findings(0)
        years, here, there = np.intersect1d(view.now.years, view.was.years, return_indices=True)
        now, was = (
            nanmedian(panel.sizes[at], axis=1)
            for panel, at in ((view.now, here), (view.was, there))
        )
        known = np.flatnonzero(np.minimum(now, was) > 0)
        return found_where(
            self._is_another_unit(now[known], was[known], SMALL_NUMBER),
            [when(year) for year in years[known]],
            now[known],
            was[known],
            wording=(
                view.name + ": the median count of {0} is {1:.4g}, and was {2:.4g} in the release"
                " before"
            ),
        )


class _YearBounds(NamedTuple):
    """How far a year may be from the years before: by a logarithm, and in usual moves."""

    ratio: Bound
    times: Bound
    ratio_of_few: Bound


# So many years tell how far a series moves in one.
_OTHER_YEARS = 3


class _YearMoves(OfSeries):
    noun = "series"
    bounds_of_year: _YearBounds

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            # Councils' counts move as they like.
            if view.now.empty or view.panel.kind == "count":
                continue
            is_log = view.check.leap.scale == "log"
            # What warns tells of a real year, however well it is read.
            doubted = self.outcome == "refuse"
            more = float(STRONGER) if doubted and load.is_understood else 1.0
            values = view.panel.values
            yield one(1, self._moved(view, view.baseline, values, is_log, "median", more))
            if sizes := view.size_baseline:
                message = self._moved(view, sizes, view.panel.sizes, True, "median count", more)
                yield one(1, message)

    def _moved(
        self,
        view: SeriesView,
        baseline: RobustBaseline,
        cells: Floats,
        is_log: bool,
        what: str,
        more: float,
    ) -> str | None:
        panel = view.panel
        enough = (~np.isnan(baseline.values)).sum(axis=1) >= ENOUGH_AREAS
        middle = np.where(enough, nanmedian(baseline.values, axis=1), np.nan)
        if np.isnan(middle[-1]):
            return None
        expected = nearest_years(middle[:, None], panel.years)[:, 0]
        moves = np.abs(middle - expected)
        floor = 10.0**-panel.decimals
        now, back = nanmedian(cells[-1]), np.exp(expected[-1]) if is_log else expected[-1]
        ratio = abs(np.log(max(now, floor) / max(back, floor)))
        others = moves[:-1][~np.isnan(moves[:-1])]
        bounds = self.bounds_of_year
        enough_others = len(others) >= _OTHER_YEARS
        far = ratio / float(bounds.ratio if enough_others else bounds.ratio_of_few)
        if enough_others:
            usual = max(nanmedian(others), baseline.unit)
            far = min(far, moves[-1] / (float(bounds.times) * usual))
        message = (
            f"{view.name}: the councils' {what} in {panel.period_labels[-1]} is {now:.4g}, the"
            f" years before say {back:.4g}"
        )
        return message if far > more else None


class NoYearLeaps(_YearMoves):
    """The newest year is another thing than the years before: another column, or another unit."""

    name = "no_year_leaps"
    expects = (
        "The newest year's councils are not, all together, far from what the years before say."
    )
    ratio = Bound(
        0.35,
        "logarithm of a ratio",
        "2026-10",
        "Four tenths more than the years before: no measure's median council moves so in a year.",
    )
    times = Bound(
        5.0, "of the other years' moves", "2026-10", "And not where the series always moves so."
    )
    ratio_of_few = Bound(
        0.6, "logarithm of a ratio", "2026-10", "Of few years nobody knows how far they move."
    )
    bounds_of_year = _YearBounds(ratio, times, ratio_of_few)


class NoYearStrange(_YearMoves):
    """The newest year moved more than such years do."""

    name = "no_year_strange"
    expects = (
        "The newest year's councils are not, all together, so far from what the years before say"
        " that somebody should look."
    )
    outcome = "warn"
    ratio = Bound(
        0.15,
        "logarithm of a ratio",
        "2026-10",
        "EHC plans of 2022, where every fourth came later than the year before.",
    )
    times = Bound(
        4.0, "of the other years' moves", "2026-10", "And not where the series always moves so."
    )
    ratio_of_few = Bound(
        0.25, "logarithm of a ratio", "2026-10", "Of few years nobody knows how far they move."
    )
    bounds_of_year = _YearBounds(ratio, times, ratio_of_few)


def share_that_stays(of_a_year: Bound, years: float) -> float:
    """The share of councils that may have the same figure again after so many years.

    `of_a_year` is that of a year and more. A position is taken more often, and of those who stay
    the same in a year a part's root stays the same in that part: p^t.
    """
    return math.pow(float(of_a_year), min(1.0, years))


class YearsDiffer(OfSeries):
    """A year is a copy of an earlier one."""

    name = "years_differ"
    expects = "No year repeats, to the letter, the figures of most councils of an earlier year."
    noun = "pairs of years"
    most = Bound(
        0.5,
        "share of councils",
        "2026-10",
        "Whole per cents without counts coincide in a fifth of councils; a copy in all of them.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            panel = view.panel
            there = panel.texts != ""
            pairs = [(t, u) for t in np.flatnonzero(view.in_file) for u in range(t)]
            both = np.array([(there[t] & there[u]).sum() for t, u in pairs])
            alike = np.array(
                [(there[t] & (panel.texts[t] == panel.texts[u])).sum() for t, u in pairs]
            )
            asked = [i for i in range(len(pairs)) if both[i] >= ENOUGH_AREAS]
            share = alike[asked] / both[asked] if asked else np.array([])
            most = [
                share_that_stays(self.most, panel.years[pairs[i][0]] - panel.years[pairs[i][1]])
                for i in asked
            ]
            yield found_where(
                share > np.array(most),
                share,
                [panel.period_labels[pairs[i][0]] for i in asked],
                [panel.period_labels[pairs[i][1]] for i in asked],
                wording=view.name + ": {0:.0%} of councils in {1} are to the letter as in {2}",
            )


class FiguresNotFrozen(OfSeries):
    """A council's return was not renewed for years."""

    name = "figures_not_frozen"
    expects = "No council's figure and counts stay to the letter what they were for years."
    noun = "councils"
    outcome = "warn"
    share = Bound(
        2.0,
        "years running",
        "2026-10",
        "A share of twenty and more with its counts coincides once in some hundred years; twice"
        " running, never by chance.",
    )
    without_counts = Bound(
        3.0, "years running", "2026-10", "A figure without counts coincides more easily."
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            panel = view.panel
            there = panel.texts != ""
            same = there[1:] & there[:-1] & (panel.texts[1:] == panel.texts[:-1])
            next_to = np.diff(panel.years) == 1
            is_share = panel.kind == "share"
            telling = (panel.counts >= SMALL_NUMBER) if is_share else (panel.values > 0)
            telling = telling & (is_share or panel.decimals >= 1)
            run = np.ones(len(panel.areas), dtype=int)
            longest = np.ones(len(panel.areas), dtype=int)
            for t in range(len(same)):
                run = np.where(same[t] & telling[t] & next_to[t], run + 1, 1)
                longest = np.maximum(longest, run)
            looked_at = there.any(axis=0)
            most = float(self.share if is_share else self.without_counts)
            yield found_where(
                longest[looked_at] > most,
                view.names[looked_at],
                longest[looked_at],
                wording=view.name + ": {0} has the same figures {1} years running",
            )

"""Single figures far from what is expected of them: published so, or misread.

The modified z-score is that of Iglewicz and Hoaglin (*How to Detect and Handle Outliers*, ASQC,
1993); `panel/baseline.py` has the arithmetic, `docs/checks.md` the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from expectations.checks.base import MISREAD_SHARE, Bound, Findings, found_where
from expectations.checks.presence import OfSeries
from expectations.panel.baseline import ENOUGH_AREAS, MAD_TO_SD, nanmedian
from expectations.panel.series_panel import SIZE_UNIT

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable
    from expectations.panel.series_panel import SeriesView
    from ingest.arrays import Floats

# How many regions of a year, England among them, must have a number.
ENOUGH_WHOLES = 4


class _Outlier(OfSeries):
    noun = "figures"
    outcome = "flag"

    def judged(self, view: SeriesView, score: Floats, bound: float, least: int) -> Findings:
        """The figures whose score is over the bound, of years with so many figures."""
        panel, baseline = view.panel, view.baseline
        enough = (~np.isnan(baseline.values)).sum(axis=1) >= least
        # One other year of several is no history.
        others = (~np.isnan(baseline.values)).sum(axis=0) - 1 >= min(2, enough.sum() - 1)
        asked = (view.in_file & enough)[:, None] & others[None, :] & ~np.isnan(score)
        year, area = np.nonzero(asked)
        is_log = view.check.leap.scale == "log"
        expected = (np.exp(baseline.expected) if is_log else baseline.expected)[year, area]
        z = score[year, area]
        return found_where(
            z > bound,
            view.names[area],
            panel.period_labels[year],
            panel.values[year, area],
            expected,
            z,
            wording=(
                view.name + ": {0} in {1} has {2:g}, its other figures {3:.3g} (robust z {4:.1f})"
            ),
            rows=panel.source_rows[year, area],
            column=view.check.column,
            figure=panel.values[year, area],
            expected=expected,
            years=panel.years[year],
        )


class NoFigureLeaps(_Outlier):
    """A slipped decimal point; or a real collapse."""

    name = "no_figure_leaps"
    expects = (
        "No figure is further from its council's other years than its measure's YAML allows, in"
        " robust standard deviations: a slipped decimal point is, a real collapse rarely."
    )
    refused_above = Bound(
        0.05,
        "share of a year's councils",
        "2026-11",
        "A few of 150 councils leap in a bad year; a column, a unit or a block that was misread"
        " makes most of them do so. One in twenty is eight councils at once.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if view.now.empty:
                continue
            small = np.isin(view.panel.areas, view.check.few)
            score = np.where(small[None, :], np.nan, np.abs(view.baseline.z))
            yield self.judged(view, score, view.check.leap.error, ENOUGH_AREAS)


class NoFigureStrange(_Outlier):
    """A figure that a reader should know to be unusual."""

    name = "no_figure_strange"
    expects = "No figure is so far from its council's other years that somebody should look."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            if not view.now.empty:
                # The others were looked at when they were new.
                score = np.where(view.fresh, np.abs(view.baseline.z), np.nan)
                yield self.judged(view, score, view.check.leap.warn, ENOUGH_AREAS)


class _LargerOutlier(_Outlier):
    bound: Bound

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        # They are large and move together, so that one bound does for all measures. Counts are
        # left out: that they are the sum of their councils is asked elsewhere.
        for view in load.larger_series:
            if not view.now.empty and view.now.kind != "count":
                score = np.abs(view.baseline.z)
                if self.name == "no_whole_strange":
                    score = np.where(view.fresh, score, np.nan)
                yield self.judged(view, score, float(self.bound), ENOUGH_WHOLES)


class NoWholeLeaps(_LargerOutlier):
    """A region's figure, or England's, with a slipped point."""

    name = "no_whole_leaps"
    bound = Bound(
        8.0,
        "robust SD",
        "2026-10",
        "Regions are means of many and move together; 5.6 is the furthest that was published. A"
        " figure of another region is some ten away.",
    )
    expects = (
        f"No region's figure, nor England's, is more than {bound.value:g} robust standard"
        " deviations from its own other years."
    )
    refused_above = Bound(
        0.4,
        "share of a year's regions and England",
        "2026-11",
        "Ten figures a year: four that leap at once are a year that was misread.",
    )


class NoWholeStrange(_LargerOutlier):
    """A region's figure, or England's, that is unusual."""

    name = "no_whole_strange"
    bound = Bound(6.0, "robust SD", "2026-10", "Just above the furthest that was published, 5.6.")
    expects = (
        "No region's figure, nor England's, is so far from its own other years that somebody should"
        " look."
    )


# --- figures without a history


class _WithoutHistory(OfSeries):
    noun = "figures"
    outcome = "flag"
    refused_above = MISREAD_SHARE
    bound: Bound

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            # Councils' counts are as unlike as councils are, and are left out.
            if view.now.empty or view.panel.kind == "count":
                continue
            panel = view.panel
            numbers = ~np.isnan(panel.values)
            alone = numbers.sum(axis=0) < 3
            year, area = np.nonzero(
                numbers & (view.in_file & panel.known)[:, None] & alone[None, :]
            )
            middle = nanmedian(panel.values, axis=1)[:, None]
            far = self.distance(view, middle)[year, area]
            yield found_where(
                far > float(self.bound),
                view.names[area],
                panel.period_labels[year],
                panel.values[year, area],
                np.broadcast_to(middle, panel.values.shape)[year, area],
                wording=view.name + ": {0} in {1} has {2:g}, the councils' median is {3:g}",
                rows=panel.source_rows[year, area],
                column=view.check.column,
                figure=panel.values[year, area],
                years=panel.years[year],
            )

    def distance(self, view: SeriesView, middle: Floats) -> Floats:
        """How far each figure is from the middle of its year's councils."""
        raise NotImplementedError


class NoFigureUnlikeAll(_WithoutHistory):
    """A figure of no history that is far from all others."""

    name = "no_figure_unlike_all"
    bound = Bound(
        15.0,
        "robust SD",
        "2026-10",
        "14.7 is the furthest that was published; a tenfold is further wherever councils differ by"
        " less than a factor of three.",
    )
    expects = (
        f"No figure of a council with one other year at most is {bound.value:g} robust standard"
        " deviations from the middle of the year's councils."
    )

    def distance(self, view: SeriesView, middle: Floats) -> Floats:
        values = view.panel.values
        spread = MAD_TO_SD * nanmedian(np.abs(values - middle), axis=1)[:, None]
        return np.abs(values - middle) / np.fmax(spread, 10.0**-view.panel.decimals)


class NoFigureUnusual(_WithoutHistory):
    """A figure of no history that is many times, or a small part of, what others have."""

    name = "no_figure_unusual"
    bound = Bound(
        8.0,
        "robust SD of logarithms",
        "2026-10",
        "A tenth or tenfold of what most councils have, where they differ by about a third.",
    )
    expects = (
        "No figure of a council with one other year at most is so many times, or so small a part"
        " of, the middle of the year's councils that somebody should look."
    )

    def distance(self, view: SeriesView, middle: Floats) -> Floats:
        values, kind = view.panel.values, view.panel.kind
        # Nought has no logarithm, and of few is common: where no other has one it is strange.
        lone = (values == 0) & ((values == 0).sum(axis=1) == 1)[:, None] & (kind != "share")
        floor = 0.5 * 10.0 ** -min(view.panel.decimals, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(np.where((values > 0) | lone, np.fmax(values, floor), np.nan))
        centre = nanmedian(logs, axis=1)[:, None]
        apart = MAD_TO_SD * nanmedian(np.abs(logs - centre), axis=1)[:, None]
        return np.abs(logs - centre) / np.fmax(apart, SIZE_UNIT)


class NoLoneFigure(OfSeries):
    """A number for a council that has nothing but marks in all other years."""

    name = "no_lone_figure"
    expects = (
        "No council has a number in one year alone, and marks in two others or more, in a series"
        " that nearly all councils have numbers of: it was kept back for its size, or slipped in"
        " from another row."
    )
    noun = "figures"
    outcome = "flag"
    refused_above = MISREAD_SHARE
    nearly_all = Bound(
        0.95,
        "share of a year's councils",
        "2026-12",
        "Where more have marks they are kept back by small counts, which come and go with the year;"
        " where fewer do, by what a council is, and that stays.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        existing = {
            one.position: [*load.councils.existing(one.end)] for one in load.periods.values()
        }
        for view in load.series:
            if view.now.empty:
                continue
            panel = view.panel
            numbers = ~np.isnan(panel.values)
            # Files are padded with councils of before and after: those have no figure to print.
            existed = [
                np.isin(panel.areas, existing.get(year, [])) for year in panel.years.tolist()
            ]
            marks = ~np.isnan(panel.source_rows) & ~numbers & np.array(existed)
            printed = numbers.sum(axis=1) / np.maximum((numbers | marks).sum(axis=1), 1)
            usual = panel.known & (printed >= float(self.nearly_all))
            lone = (numbers.sum(axis=0) == 1) & (marks[usual].sum(axis=0) >= 2)
            asked = numbers & (view.in_file & usual)[:, None]
            year, area = np.nonzero(asked)
            yield found_where(
                lone[area],
                view.names[area],
                panel.period_labels[year],
                panel.values[year, area],
                wording=view.name + ": {0} in {1} has {2:g}, and a mark in every other year",
                rows=panel.source_rows[year, area],
                column=view.check.column,
                figure=panel.values[year, area],
                years=panel.years[year],
            )

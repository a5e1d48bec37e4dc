"""What a release changed in years that the one before had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from expectations.checks.base import Bound, Findings, found_where, one
from expectations.checks.presence import OfSeries
from expectations.panel.baseline import ENOUGH_AREAS

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable
    from expectations.panel.series_panel import Overlap, SeriesView
    from ingest.arrays import Floats


class _OfRevisions(OfSeries):
    noun = "series"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for view in load.series:
            overlap = view.overlap
            if overlap is not None and overlap.known >= ENOUGH_AREAS:
                yield from self.of_overlap(view, overlap)

    def of_overlap(self, view: SeriesView, overlap: Overlap) -> Iterator[Findings]:
        """What is found of a series that the release before had too."""
        raise NotImplementedError


# A share of the figures known before: revisions of single returns touch a few in a hundred.
MIN_SHARE_CHANGED = Bound(
    0.5,
    "share of the figures known before",
    "2026-09",
    "Corrected returns change some in a hundred figures; a series that was worked out anew, or"
    " another series under its name, most of them.",
)


class EarlierYearsStand(_OfRevisions):
    """History was rewritten: the series was re-based, or this is another one."""

    name = "earlier_years_stand"
    asks_for_rows = True
    expects = (
        "The figures that the release before had for the same years stand; where most changed, it"
        " is by as little as re-estimated populations change a rate."
    )
    small = Bound(
        0.05,
        "of the figure, for the middle one of those that changed",
        "2026-11",
        "A census moves most councils' populations by under 5 %, and so every rate; another"
        " definition, age or unit moves the middle council by more.",
    )
    large = Bound(
        0.2,
        "of the figure, for nineteen of twenty that changed",
        "2026-11",
        "A census moves few councils' populations by as much as a fifth.",
    )
    most_lost = Bound(
        0.1,
        "share of the figures known before",
        "2026-11",
        "Figures withdrawn or newly suppressed are some in a hundred.",
    )

    def of_overlap(self, view: SeriesView, overlap: Overlap) -> Iterator[Findings]:
        changed, lost = int(overlap.changed.sum()), overlap.lost
        typical = float(np.median(overlap.moves)) if len(overlap.moves) else 0.0
        message = (
            f"{view.name}: {changed:,} of {overlap.known:,} figures of earlier years changed, by"
            f" {typical:.0%} in the middle, and {lost:,} are gone"
        )
        rewritten = (changed + lost) / overlap.known > float(MIN_SHARE_CHANGED)
        yield one(1, message if rewritten and not self.is_small(overlap) else None)

    @classmethod
    def is_small(cls, overlap: Overlap) -> bool:
        """Whether what changed did so by little."""
        moves = overlap.moves
        return (
            len(moves) > 0
            and float(np.median(moves)) <= float(cls.small)
            and float(np.quantile(moves, 0.95)) <= float(cls.large)
            and overlap.lost <= float(cls.most_lost) * overlap.known
        )


class SeriesNotRevised(_OfRevisions):
    """Everything was revised by a little: populations were re-estimated."""

    name = "series_not_revised"
    expects = (
        "Most figures of earlier years stand as they were; a revision of the whole series by a"
        " little, as when populations are re-estimated, is served and told."
    )
    outcome = "warn"

    def of_overlap(self, view: SeriesView, overlap: Overlap) -> Iterator[Findings]:
        changed = int(overlap.changed.sum())
        rewritten = (changed + overlap.lost) / overlap.known > float(MIN_SHARE_CHANGED)
        if not (rewritten and EarlierYearsStand.is_small(overlap)):
            yield one(1, None)
            return
        yield one(
            1,
            f"{view.name}: a revision of the series: {changed:,} of {overlap.known:,} figures of"
            f" earlier years changed, by {np.median(overlap.moves):.1%} in the middle and"
            f" {np.quantile(overlap.moves, 0.95):.1%} at most in nineteen of twenty",
        )


class NoCouncilRewritten(_OfRevisions):
    """One council's history was rewritten."""

    name = "no_council_rewritten"
    expects = (
        "No council has most figures of its earlier years changed by a tenth and more since the"
        " release before."
    )
    outcome = "warn"
    min_share_changed = Bound(
        0.75, "share of a council's years", "2026-10", "Its history, not a year of it."
    )
    min_change = Bound(
        0.1, "of the figure", "2026-10", "More than a population that was estimated anew."
    )

    def of_overlap(self, view: SeriesView, overlap: Overlap) -> Iterator[Findings]:
        old, new = overlap.old, overlap.new
        known = ~np.isnan(old) & ~np.isnan(new)
        least = np.fmax(float(self.min_change) * np.abs(old), 4 * overlap.unit)
        much = known & (np.abs(new - old) > least)
        years = known.sum(axis=0)
        hit = np.flatnonzero(
            (years >= 2) & (much.sum(axis=0) >= float(self.min_share_changed) * years)
        )
        names = ", ".join(view.councils.name(view.now.areas[c]) for c in hit[:5])
        yield one(1, f"{view.name}: {names}" if len(hit) else None)


class NoFigureMuchRevised(_OfRevisions):
    """One figure, that no count would move with it, was revised by much."""

    name = "no_figure_much_revised"
    expects = (
        "No figure that the release before had, and that has no count beside it, was revised by so"
        " much that somebody should look."
    )
    noun = "figures"
    outcome = "flag"
    most = Bound(
        0.15, "of the figure", "2026-10", "Three times what a re-estimated population does."
    )

    def of_overlap(self, view: SeriesView, overlap: Overlap) -> Iterator[Findings]:
        if view.now.kind == "count" or not np.isnan(view.now.counts).all():
            return
        year, council = np.nonzero(~np.isnan(overlap.old) & ~np.isnan(overlap.new))
        was, is_now = overlap.old[year, council], overlap.new[year, council]
        moved = np.abs(is_now - was) / np.fmax(np.abs(was), 8 * overlap.unit)
        rows: Floats = view.now.source_rows[overlap.here][year, council]
        yield found_where(
            moved > float(self.most),
            [view.councils.name(view.now.areas[c]) for c in council],
            view.now.period_labels[overlap.here][year],
            is_now,
            was,
            wording=view.name + ": {0} in {1} has {2:g}, and had {3:g} in the release before",
            rows=rows,
            column=view.check.column,
            figure=is_now,
            expected=was,
            years=view.now.years[overlap.here][year],
        )

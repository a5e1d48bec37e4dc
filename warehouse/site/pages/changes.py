"""What changed: the newest releases, what they revised, and figures that a check found odd."""

from __future__ import annotations

from typing import Any

from warehouse.site import words
from warehouse.site.figures import Series
from warehouse.site.pages.render import Renderer
from warehouse.site.pages.view import View

# How many of each list the page tells; the marts have all.
_RELEASES, _REVISIONS, _FLAGS = 15, 40, 60


class ChangesPage:
    """The page of what changed."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    def page(self) -> str:
        """Newest releases, their revisions with the largest first, and flagged figures."""
        view = self._view
        marts = view.marts
        series = {one.key: one for measure in marts.measures for one in measure.series}
        measures = {measure.measure_id: measure for measure in marts.measures}
        slugs = {code: c.slug for c in marts.councils for code in c.codes}
        flagged = sorted(self._flagged(series), key=lambda one: one["end"], reverse=True)
        return self._renderer.page(
            "changes",
            "",
            releases=[
                (release, words.publisher(release.publisher), view.published_on(release))
                for release in marts.releases[:_RELEASES]
            ],
            revised=[
                {
                    "row": row,
                    "title": view.publication_title(row.publication),
                    "published": words.day(row.published),
                    "measure": measures[row.measure_id],
                    "series": series[row.measure_id, row.series_id],
                    # What was a number or a mark before, and no more is, has no difference.
                    "largest": "marks alone"
                    if row.largest is None
                    else self._difference(row.largest, series[row.measure_id, row.series_id]),
                }
                for row in marts.revised[:_REVISIONS]
            ],
            revisions=[
                {
                    "row": row,
                    "measure": measures[row.measure_id],
                    "slug": slugs.get(row.council_code, ""),
                    "old": self._cell(
                        row.old, row.old_status, series[row.measure_id, row.series_id]
                    ),
                    "new": self._cell(
                        row.new, row.new_status, series[row.measure_id, row.series_id]
                    ),
                    "title": view.publication_title(row.publication),
                }
                for row in marts.revisions(_REVISIONS)
            ],
            flagged=flagged[:_FLAGS],
            flagged_in_all=len(flagged),
        )

    def _flagged(self, series: dict[tuple[str, str], Series]) -> list[dict[str, Any]]:
        marts = self._view.marts
        councils = {council.code: council for council in marts.councils}
        measures = {measure.measure_id: measure for measure in marts.measures}
        return [
            {
                "council": councils[code],
                "measure": measures[key[0]],
                "series": series[key],
                "text": words.with_unit(figure, series[key]),
                "period": words.period(figure),
                "end": figure.end,
                "found": words.found_odd(figure.flags),
            }
            for key, by_council in marts.facts.items()
            for code, figures in by_council.items()
            for figure in figures
            if figure.flags and code in councils
        ]

    @staticmethod
    def _difference(value: float, series: Series) -> str:
        # A change that rounding would hide keeps a digit that shows it.
        places = series.decimals
        while places < 6 and value and not words.rounded(value, places):
            places += 1
        return f"{words.number(value, places)} {words.points(series)}"

    @staticmethod
    def _cell(value: float | None, status: str, series: Series) -> str:
        return status.replace("_", " ") if value is None else words.amount(value, series)

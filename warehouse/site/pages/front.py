"""The home page: England at first sight, by ambition and by age; regions and councils."""

from __future__ import annotations

from typing import Any

from warehouse.site import charts, words
from warehouse.site.figures import ENGLAND, STAGES, Measure
from warehouse.site.pages.render import Renderer, markup
from warehouse.site.pages.view import View, newest


class FrontPage:
    """The home page."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    def page(self) -> str:
        """The four ambitions and the journey of a child, and every council by its region."""
        view = self._view
        ambitions = [
            (ambition, title, [self._england(measure) for measure in measures])
            for ambition, title, measures in view.by_ambition
        ]
        every = [one for _, _, ones in ambitions for one in ones]
        return self._renderer.page(
            "index",
            "",
            ambitions=ambitions,
            stages=[
                (stage, title, [one for one in every if stage in one["measure"].stages])
                for stage, title in STAGES.items()
            ],
            regions=view.marts.regions,
            former=[
                (council, words.last_day(council.valid_to))
                for council in view.marts.councils
                if council.valid_to
            ],
            releases=[
                (release, view.published_on(release))
                for release in [r for r in view.marts.releases if r.is_newest][:6]
            ],
            count=sum(len(region.councils) for region in view.marts.regions),
            measures=len(every),
        )

    def _england(self, measure: Measure) -> dict[str, Any]:
        """England's newest figure of a measure, or in words why there is none."""
        view = self._view
        found: dict[str, Any] = {"measure": measure, "text": "", "spark": "", "period": ""}
        held = view.held(measure)
        if not held:
            return found | {"why": view.why_nothing(measure)}
        # Of a survey no question stands for the measure: the first is shown under its name.
        shown = [
            (series, figure)
            for series in held
            if series.stands and (figure := newest(view.area(series, ENGLAND))) is not None
        ]
        if not shown:
            return found | {"why": "councils’ figures only: none is published for England"}
        series, figure = shown[0]
        return found | {
            "why": "",
            "text": words.with_unit(figure, series),
            "period": words.period(figure),
            "question": series.title if view.is_survey(measure) else "",
            "spark": markup(
                charts.sparkline(view.area_line("england", "England", series, ENGLAND))
            ),
        }

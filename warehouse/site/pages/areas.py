"""Pages of many councils at once: a region's, and an ambition's."""

from __future__ import annotations

from collections import Counter
from typing import Any

from markupsafe import Markup

from warehouse.site import charts, meaning, words
from warehouse.site.figures import ENGLAND, Measure, Region, Series
from warehouse.site.pages.render import Renderer, escaped, markup, sign
from warehouse.site.pages.view import View, newest


class AreaPages:
    """The pages of regions and of ambitions."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    def region(self, region: Region) -> str:
        """A region: its figures beside England's, and how far apart its councils lie."""
        view = self._view
        return self._renderer.page(
            "region",
            "../",
            region=region,
            ambitions=[
                (ambition, title, [self._of_region(measure, region) for measure in measures])
                for ambition, title, measures in view.by_ambition
            ],
        )

    def _of_region(self, measure: Measure, region: Region) -> dict[str, Any]:
        view = self._view
        series = None if view.is_survey(measure) else view.standing(measure)
        figures = view.area(series, region.code) if series else []
        figure = newest(figures)
        found: dict[str, Any] = {"measure": measure, "series": series, "figure": figure}
        if series is None:
            return found | {"why": "" if view.held(measure) else view.why_nothing(measure)}
        # Where no figure of the region is published, the newest period of its councils stands.
        latest = figure or view.latest(series)
        councils = []
        for council in region.councils:
            there = view.at(view.own(series, council), latest)
            if there is not None and there.value is not None:
                councils.append((there.value, council, view.beside_england(series, council, there)))
        england = view.at(view.area(series, ENGLAND), latest)
        signs = Counter(statement.sign for _, _, statement in councils if statement is not None)
        return found | {
            "why": "",
            "text": words.amount(figure.value, series)
            if figure is not None and figure.value is not None
            else "",
            "computed": figure is not None and figure.basis != "published",
            "period": words.period(latest) if latest else "",
            "england": words.amount(england.value, series)
            if england is not None and england.value is not None
            else "no figure",
            "spark": markup(
                charts.sparkline(view.area_line("region", region.name, series, region.code))
            ),
            "reach": _reach(sorted(value for value, _, _ in councils), series),
            "signs": _counted(signs),
            "councils": markup(
                "; ".join(
                    f'<a href="../councils/{council.slug}.html#{measure.measure_id}">'
                    f"{escaped(council.name)}</a> {escaped(words.amount(value, series))}"
                    for value, council, _ in councils
                )
            ),
        }

    def ambition(self, ambition: str, title: str, measures: list[Measure]) -> str:
        """An ambition: England's figures, and where councils stand beside them."""
        return self._renderer.page(
            "ambition",
            "../",
            ambition=ambition,
            title=title,
            measures=[self._of_ambition(measure) for measure in measures],
            others=[
                (other, name) for other, name, _ in self._view.by_ambition if other != ambition
            ],
        )

    def _of_ambition(self, measure: Measure) -> dict[str, Any]:
        view = self._view
        series = None if view.is_survey(measure) else view.standing(measure)
        if series is None:
            held = [(one, newest(view.area(one, ENGLAND))) for one in view.held(measure)]
            return {
                "measure": measure,
                "series": None,
                "why": "" if held else view.why_nothing(measure),
                "questions": [
                    (one.title, words.with_unit(figure, one), words.period(figure))
                    for one, figure in held
                    if figure is not None
                ],
            }
        latest = view.latest(series)
        signs: Counter[str] = Counter()
        values: list[float] = []
        for council in view.marts.councils:
            there = view.at(view.own(series, council), latest)
            if there is not None and there.value is not None:
                found = view.comparison(series, council, there)
                signs[meaning.sign_of(there.value, series, found)] += 1
                values.append(there.value)
        regions = []
        for region in view.marts.regions:
            there = view.at(view.area(series, region.code), latest)
            if there is not None:
                regions.append((region, words.with_unit(there, series)))
        figures = view.area(series, ENGLAND)
        figure = newest(figures)
        return {
            "measure": measure,
            "series": series,
            "why": "",
            "england": words.amount(figure.value, series)
            if figure is not None and figure.value is not None
            else "",
            "period": words.period(figure) if figure else "",
            "when": words.when(latest) if latest else "",
            "svg": markup(
                charts.line_chart(
                    [charts.Line("england", "England", figures, series)],
                    f"Line chart: {series.title}, England.",
                )
            ),
            "reach": _reach(sorted(values), series),
            "signs": _counted(signs),
            "regions": regions,
        }


def _reach(values: list[float], series: Series) -> str:
    """`12.1% to 24.3%`, from the lowest council to the highest."""
    if not values:
        return ""
    low, high = words.amount(values[0], series), words.amount(values[-1], series)
    return low if low == high else f"{low} to {high}"


def _counted(signs: Counter[str]) -> Markup:
    """How many councils have each sign, in the order of the key."""
    return markup(
        " ".join(
            str(sign(kind, f"{signs[kind]} {meaning.LABEL[kind]}"))
            for kind in meaning.GLYPH
            if signs[kind]
        )
    )

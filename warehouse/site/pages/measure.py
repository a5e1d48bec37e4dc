"""A measure's page: England's line, a map, every council's figure in any year, the definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from warehouse.site import charts, meaning, words
from warehouse.site.charts import Line
from warehouse.site.figures import ENGLAND, Council, Figure, Measure, Period, Series
from warehouse.site.pages.render import (
    Renderer,
    charts_script,
    escaped,
    figure_cell,
    markup,
    sign,
)
from warehouse.site.pages.view import View, newest


class MeasurePages:
    """The pages of measures."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    def pages(self, measure: Measure) -> Iterator[tuple[str, str]]:
        """A measure's page by its path, and the script of its charts to explore."""
        view = self._view
        before = view.predecessors[measure.measure_id]
        standing = view.standing(measure)
        blocks = [
            self._block(measure, series, is_lead=series is standing and not view.is_survey(measure))
            for series in view.held(measure)
        ]
        used = {
            (figure.publication, figure.release, figure.version)
            for series in measure.series
            for figures in view.marts.facts.get(series.key, {}).values()
            for figure in figures
        }
        publications = {publication for publication, _, _ in used}
        chart_data = {
            block["id"]: block["chart_data"] for block in blocks if block["chart_data"] is not None
        }
        yield f"assets/charts/{measure.measure_id}.js", charts_script(chart_data)
        page = self._renderer.page(
            "measure",
            "../",
            measure=measure,
            stages=[s for s in measure.stages if s != "all"],
            blocks=blocks,
            before=before,
            why="" if blocks else view.why_nothing(measure),
            unheld=[series for series in measure.series if not view.is_held(series)],
            regions=view.marts.regions,
            types=sorted({words.kind_of_council(c) for c in view.marts.councils if c.is_current}),
            councils=[c for c in view.marts.councils if c.code in view.marts.neighbours_of],
            releases=[
                (release, view.published_on(release))
                for release in view.marts.releases
                if release.publication in publications
            ],
            used=used,
        )
        yield f"measures/{measure.measure_id}.html", page

    def _block(self, measure: Measure, series: Series, is_lead: bool) -> dict[str, Any]:
        view = self._view
        before = view.predecessors[measure.measure_id] if series is measure.headline else []
        lines = [
            Line("england", "England", view.area(one, ENGLAND), one)
            for one in (*before, series)
            if view.area(one, ENGLAND)
        ]
        svg = charts.line_chart(lines, f"Line chart: {series.title}, England.")
        latest = view.latest(series)
        england = view.at(view.area(series, ENGLAND), latest)
        shown = figures_at(view, series, latest)
        strip = strip_of(view, series, latest, england, shown)
        held = {code: figure for code, (_, figure) in shown.items()}
        limits = view.marts.quintile_limits.get((*series.key, *latest.period)) if latest else None
        quintiles = {
            code: found.quintile
            for code, (council, figure) in shown.items()
            if (found := view.comparison(series, council, figure)) is not None and found.quintile
        }
        periods = periods_of(view, series)
        return {
            "id": f"{series.measure_id}.{series.series_id}",
            "series": series,
            "is_lead": is_lead,
            "latest": latest,
            "england": england,
            "england_newest": newest(lines[-1].figures) if lines else None,
            "svg": markup(svg),
            "chart_data": charts.chart_data(lines, series) if svg else None,
            "england_rows": [
                (one, words.period(f), words.beside(f, one), words.interval(f, one))
                for one in (series, *reversed(before))
                for f in reversed(view.area(one, ENGLAND))
            ],
            "map": markup(
                charts.tile_map(
                    [c for c in view.marts.councils if c.is_current],
                    quintiles,
                    {code: words.with_unit(figure, series) for code, figure in held.items()},
                    f"Map of tiles: {series.title}. The table beneath has the same figures.",
                    f"{series.measure_id}-{series.series_id}",
                )
            )
            if is_lead and limits
            else "",
            "limits": [
                (number, words.reach(low, high, series))
                for number, (low, high) in sorted((limits or {}).items())
            ],
            "strip": markup(strip.svg) if strip else "",
            "periods": periods,
            "rows": self._rows(series, shown, quintiles),
            "listed": len(shown),
            "with_number": sum(figure.value is not None for _, figure in shown.values()),
        }

    def _rows(
        self,
        series: Series,
        shown: dict[str, tuple[Council, Figure]],
        quintiles: dict[str, int],
    ) -> Markup:
        view = self._view
        rows = []
        for code, (council, figure) in shown.items():
            kind = meaning.sign_of(figure.value, series, view.comparison(series, council, figure))
            label = sign(kind, meaning.LABEL[kind]) if figure.value is not None else ""
            rows.append(
                f'<tr data-council="{council.slug}"><th scope=row>'
                f'<a href="../councils/{council.slug}.html#{series.measure_id}">'
                f"{escaped(council.name)}</a></th>"
                f"<td>{escaped(council.region_name)}</td>"
                f"<td>{words.kind_of_council(council)}</td>"
                + figure_cell(figure, series, [words.note(figure)])
                + f"<td>{words.interval(figure, series)}</td>"
                f"<td>{label}</td><td>{quintiles.get(code, '')}</td>"
                f"<td>{escaped(words.edition(figure.release))}, {figure.source_row}</td></tr>"
            )
        return markup("\n".join(rows))


def figures_at(
    view: View, series: Series, latest: Figure | None
) -> dict[str, tuple[Council, Figure]]:
    """Each council that has a row of the period, by its code, in the order of names."""
    found = {}
    for council in view.marts.councils:
        figure = view.at(view.own(series, council), latest)
        if figure is not None:
            found[council.code] = (council, figure)
    return found


def figures_by_period(
    view: View, series: Series
) -> dict[Period, dict[str, tuple[Council, Figure]]]:
    """The same for every period of the series."""
    found: dict[Period, dict[str, tuple[Council, Figure]]] = defaultdict(dict)
    for council in view.marts.councils:
        for figure in view.own(series, council):
            found[figure.period][council.code] = (council, figure)
    return found


def periods_of(view: View, series: Series) -> list[Figure]:
    """A figure of each period in which any council has a number, oldest first."""
    found: dict[tuple[Any, ...], Figure] = {}
    for council in view.marts.councils:
        for figure in view.own(series, council):
            if figure.value is not None:
                found.setdefault((figure.end, figure.start), figure)
    return [figure for _, figure in sorted(found.items(), key=lambda one: one[0])]


def strip_of(
    view: View,
    series: Series,
    latest: Figure | None,
    england: Figure | None,
    shown: dict[str, tuple[Council, Figure]],
) -> charts.Strip | None:
    """The strip plot of a period, on an axis that holds every period."""
    if latest is None:
        return None
    values = [
        figure.value
        for council in view.marts.councils
        for figure in view.own(series, council)
        if figure.value is not None
    ]
    values += [f.value for f in view.area(series, ENGLAND) if f.value is not None]
    return charts.strip_plot(
        [council for council, _ in shown.values()],
        {code: figure for code, (_, figure) in shown.items()},
        series,
        values,
        england,
        f"{series.title}: every council by region",
    )

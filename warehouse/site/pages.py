"""What stands on each page: marts in, HTML out, one page at a time.

A page is a function of the marts and of nothing else, neither clock nor machine, so that two
builds of the same figures write the same bytes.
"""

from __future__ import annotations

import html
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from warehouse.site import charts, words
from warehouse.site.charts import Line
from warehouse.site.figures import (
    ENGLAND,
    Council,
    Figure,
    Marts,
    Measure,
    Series,
    strand,
)

_HERE = Path(__file__).parent


def environment() -> jinja2.Environment:
    """The templates, everything escaped that is not our own markup."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.globals |= {"words": words}
    return found


def in_json(document: object) -> str:
    """JSON that may stand inside a page's script element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def newest(figures: list[Figure]) -> Figure | None:
    """The newest figure that is a number."""
    return next((figure for figure in reversed(figures) if figure.value is not None), None)


def _markup(text: str) -> Markup:
    """Our own markup: what came from a publisher was escaped where it was put in."""
    return Markup(text)  # noqa: S704  # nosec B704


@lru_cache(maxsize=20_000)
def _escaped(text: str) -> str:
    return html.escape(text)


def _figure_cell(figure: Figure, series: Series, notes: Sequence[str] = ()) -> str:
    """A figure's cell of a table, with what must be said beside it."""
    told = "".join(f' <span class="note">({_escaped(note)})</span>' for note in notes if note)
    kind = "" if figure.value is not None else ' class="none"'
    return f"<td{kind}>{_escaped(words.cell(figure, series))}{told}</td>"


class Pages:
    """Every page of a site."""

    def __init__(self, marts: Marts, charts_script: str, dbt_docs: str = "") -> None:
        self.marts = marts
        self._charts_script = charts_script
        self._dbt_docs = dbt_docs
        self._area_lines: dict[tuple[tuple[str, str], str], Line] = {}
        self._area_cells: dict[tuple[tuple[str, str], str], dict[Any, str]] = {}
        self._templates = environment()
        self._predecessors = {
            measure.measure_id: marts.predecessors(measure) for measure in marts.measures
        }

    def _render(self, template: str, root: str, **context: Any) -> str:
        return self._templates.get_template(template).render(
            root=root, sample=self.is_sample, charts_script=self._charts_script, **context
        )

    @cached_property
    def is_sample(self) -> bool:
        """Whether figures are the sample's, so that every page can say so."""
        return any((release.layout or "").startswith("sample") for release in self.marts.releases)

    # Figures of a series

    def _own(self, series: Series, council: Council) -> list[Figure]:
        return strand(
            self.marts.facts.get(series.key, {}).get(council.code, []), series.period_type
        )

    def _area(self, series: Series, code: str) -> list[Figure]:
        return strand(self.marts.comparators.get(series.key, {}).get(code, []), series.period_type)

    def _neighbours(self, series: Series, council: Council) -> list[Figure]:
        return strand(
            self.marts.neighbours.get(series.key, {}).get(council.code, []), series.period_type
        )

    def _lines(self, series: Series, council: Council) -> list[Line]:
        lines = [
            self._area_line("england", "England", series, ENGLAND),
            self._area_line("region", council.region_name, series, council.region_code),
            Line(
                "neighbours",
                "Statistical neighbours (median)",
                self._neighbours(series, council),
                series,
            ),
            Line("council", council.name, self._own(series, council), series),
        ]
        return [line for line in lines if line.figures]

    def _area_line(self, kind: str, name: str, series: Series, code: str) -> Line:
        """England's or a region's line: one for all councils beside which it stands."""
        key = (series.key, code)
        if key not in self._area_lines:
            self._area_lines[key] = Line(kind, name, self._area(series, code), series)
        return self._area_lines[key]

    # A council's page

    def council(self, council: Council) -> str:
        """A council: each measure's headline series in a card, by ambition."""
        newest_rows: list[Figure] = []
        ambitions: list[dict[str, Any]] = []
        for measure in self.marts.measures:
            if not ambitions or ambitions[-1]["id"] != measure.ambition:
                ambitions.append(
                    {"id": measure.ambition, "title": measure.ambition_title, "cards": []}
                )
            card = self._card(measure, council)
            ambitions[-1]["cards"].append(card)
            newest_rows += [
                block["newest"] for block in card["blocks"] if block["newest"] is not None
            ]
        rows = self._rows_of(council, newest_rows)
        told = {
            block["id"]: block["told"]
            for ambition in ambitions
            for card in ambition["cards"]
            for block in card["blocks"]
            if block["told"] is not None
        }
        return self._render(
            "council.html.jinja",
            "../",
            council=council,
            kind=words.kind_of_council(council.kind),
            ended=words.last_day(council.valid_to) if council.valid_to else "",
            former=[code for code in council.codes if code != council.code],
            ambitions=ambitions,
            rows=rows,
            chart_data=in_json(told),
            has_neighbours=bool(self.marts.neighbours),
        )

    def _card(self, measure: Measure, council: Council) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = []
        before = self._predecessors[measure.measure_id]
        for series in measure.series:
            if (series in before and not series.stands) or not self.marts.facts.get(series.key):
                continue
            earlier = before if series is measure.headline else []
            block = self._block(measure, series, earlier, council)
            blocks.append(block | {"is_lead": series.stands})
        instead = [series.stands_because for series in measure.series if series.stands_because]
        return {
            "measure": measure,
            # Another definition than the headline's, and said to be one.
            "instead": instead[0] if measure.headline is not None and instead else "",
            "blocks": blocks,
            # Several topics of one survey: none of them stands for the measure.
            "is_survey": measure.headline is None and len(blocks) > 1,
        }

    def _block(
        self, measure: Measure, series: Series, before: list[Series], council: Council
    ) -> dict[str, Any]:
        lines = [line for one in (*before, series) for line in self._lines(one, council)]
        own = self._own(series, council)
        figure = newest(own)
        last = own[-1] if own else None
        beside = []
        if figure is not None:
            for line in self._lines(series, council):
                if line.kind != "council":
                    there = next((f for f in line.figures if f.period == figure.period), None)
                    if there is not None and there.value is not None:
                        beside.append((line.name, words.amount(there.value, series), there))
        svg = charts.line_chart(
            lines, f"Line chart: {series.title}, {council.name} beside England and its region."
        )
        has_own = any(line.kind == "council" for line in lines)
        return {
            "id": f"{series.measure_id}.{series.series_id}",
            "series": series,
            "newest": figure,
            "newest_text": words.amount(figure.value, series)
            if figure is not None and figure.value is not None
            else "",
            "kept_back": words.status(last) if last is not None and last.value is None else "",
            "last": last,
            "beside": beside,
            "svg": _markup(svg) if has_own else "",
            "told": charts.told(lines, series) if svg and has_own else None,
            "groups": [self._table(one, council) for one in (*before, series)],
            "source": self._source(figure) if figure is not None else None,
        }

    def _table(self, series: Series, council: Council) -> dict[str, Any]:
        """A series as a table: a council's own periods, newest first, beside its comparators.

        The rows are put together here and not by the template: there are 80,000 of them.
        """
        own = self.marts.facts.get(series.key, {}).get(council.code, [])
        names = ["England", council.region_name]
        told = [
            self._cells_of_area(series, ENGLAND),
            self._cells_of_area(series, council.region_code),
        ]
        if self.marts.neighbours:
            names.append("Neighbours’ median")
            neighbours = self.marts.neighbours.get(series.key, {}).get(council.code, [])
            told.append({f.period: _escaped(words.beside(f, series)) for f in neighbours})
        rows = []
        for figure in reversed(own):
            also = [words.note(figure)]
            if figure.area_name != council.name:
                also.append(figure.area_name)
            rows.append(
                f'<tr><th scope="row">{_escaped(words.period(figure))}</th>'
                + _figure_cell(figure, series, also)
                + f"<td>{words.interval(figure, series)}</td>"
                + "".join(f"<td>{cells.get(figure.period, 'no figure')}</td>" for cells in told)
                + f"<td>{_escaped(figure.release)}, {figure.source_row}</td></tr>"
            )
        return {"series": series, "areas": names, "rows": _markup("\n".join(rows))}

    def _cells_of_area(self, series: Series, code: str) -> dict[Any, str]:
        key = (series.key, code)
        if key not in self._area_cells:
            figures = self.marts.comparators.get(series.key, {}).get(code, [])
            self._area_cells[key] = {f.period: _escaped(words.beside(f, series)) for f in figures}
        return self._area_cells[key]

    def _source(self, figure: Figure) -> dict[str, Any]:
        release = self.marts.release_of.get((figure.publication, figure.release, figure.version))
        return {
            "title": release.title if release else figure.publication,
            "landing_page": release.landing_page if release else "",
            "published": words.published_on(
                figure.published, release.precision if release else "day"
            ),
            "note": (release.note or "") if release else "",
        }

    @cached_property
    def _source_rows(self) -> dict[tuple[str, int], list[tuple[str, str]]]:
        shown = []
        for series, by_council in self.marts.facts.items():
            period_type = self._period_types[series]
            for figures in by_council.values():
                figure = newest(strand(figures, period_type))
                if figure is not None:
                    shown.append(figure)
        return self.marts.source_rows(shown)

    @cached_property
    def _period_types(self) -> dict[tuple[str, str], str]:
        return {
            series.key: series.period_type
            for measure in self.marts.measures
            for series in measure.series
        }

    def _rows_of(self, council: Council, figures: list[Figure]) -> dict[tuple[str, int], Markup]:
        keys = {(figure.source_sha256, figure.source_row) for figure in figures}
        return {
            key: _markup(
                "\n".join(
                    f'<tr><th scope="row">{_escaped(name)}</th><td>{_escaped(str(cell))}</td></tr>'
                    for name, cell in self._source_rows.get(key, [])
                )
            )
            for key in keys
        }

    # A measure's page

    def measure(self, measure: Measure) -> str:
        """A measure: each series' councils and England's line, its definition and its releases."""
        blocks = [
            self._spread(measure, series)
            for series in measure.series
            if self.marts.facts.get(series.key)
        ]
        used = {
            (figure.publication, figure.release, figure.version)
            for series in measure.series
            for figures in self.marts.facts.get(series.key, {}).values()
            for figure in figures
        }
        publications = {publication for publication, _, _ in used}
        releases = [
            (release, words.published_on(release.published, release.precision))
            for release in self.marts.releases
            if release.publication in publications
        ]
        told = {
            block["id"] + part: block["told" + part]
            for block in blocks
            for part in ("", "-strip")
            if block["told" + part] is not None
        }
        return self._render(
            "measure.html.jinja",
            "../",
            measure=measure,
            blocks=blocks,
            unheld=[s for s in measure.series if not self.marts.facts.get(s.key)],
            releases=releases,
            used=used,
            chart_data=in_json(told),
        )

    def _spread(self, measure: Measure, series: Series) -> dict[str, Any]:
        before = self._predecessors[measure.measure_id] if series is measure.headline else []
        lines = [
            Line("england", "England", self._area(one, ENGLAND), one)
            for one in (*before, series)
            if self._area(one, ENGLAND)
        ]
        by_council = {
            council: self._own(series, council)
            for council in self.marts.councils
            if self._own(series, council)
        }
        # The newest period that any council has a number for; each council's figure of it.
        ends = [f for fs in by_council.values() for f in fs if f.value is not None]
        latest = max(ends, key=lambda f: f.end) if ends else None
        rows: list[tuple[Council, Figure]] = []
        strips: dict[str, list[Figure]] = defaultdict(list)
        if latest is not None:
            for council, figures in by_council.items():
                figure = next((f for f in figures if f.period == latest.period), None)
                if figure is not None:
                    rows.append((council, figure))
                    strips[council.region_name].append(figure)
        england = None
        if latest is not None:
            found = self._area(series, ENGLAND)
            england = next((f for f in found if f.period == latest.period), None)
        label = f"{series.title}: every council by region"
        strip = charts.strip_plot(sorted(strips.items()), series, england, label)
        svg = charts.line_chart(lines, f"Line chart: {series.title}, England.")
        return {
            "id": f"{series.measure_id}.{series.series_id}",
            "series": series,
            "latest": latest,
            "england": england,
            "england_newest": newest(lines[-1].figures) if lines else None,
            "svg": _markup(svg),
            "told": charts.told(lines, series) if svg else None,
            "england_rows": [
                (one, words.period(f), words.beside(f, one), words.interval(f, one))
                for one in (series, *reversed(before))
                for f in reversed(self._area(one, ENGLAND))
            ],
            "strip": _markup(strip),
            "told-strip": self._told_strip(rows, series, england) if strip else None,
            "rows": _markup(
                "\n".join(
                    f'<tr><th scope="row"><a href="../councils/{council.slug}.html'
                    f'#{series.measure_id}">{_escaped(council.name)}</a></th>'
                    f"<td>{_escaped(council.region_name)}</td>"
                    + _figure_cell(f, series, [words.note(f)])
                    + f"<td>{words.interval(f, series)}</td>"
                    f"<td>{_escaped(f.release)}, {f.source_row}</td></tr>"
                    for council, f in rows
                )
            ),
            "listed": len(rows),
            "with_number": sum(f.value is not None for _, f in rows),
        }

    @staticmethod
    def _told_strip(
        rows: list[tuple[Council, Figure]], series: Series, england: Figure | None
    ) -> dict[str, Any]:
        return {
            "u": series.unit,
            "d": series.decimals,
            "e": england.value if england else None,
            "s": [
                [council.name, council.region_name, f.value, f.lower, f.upper]
                for council, f in rows
                if f.value is not None
            ],
        }

    # The other pages

    def home(self) -> str:
        """The four ambitions with their measures, and every council."""
        ambitions: list[dict[str, Any]] = []
        for measure in self.marts.measures:
            if not ambitions or ambitions[-1]["id"] != measure.ambition:
                ambitions.append(
                    {"id": measure.ambition, "title": measure.ambition_title, "measures": []}
                )
            ambitions[-1]["measures"].append(self._england(measure))
        regions: dict[str, list[Council]] = defaultdict(list)
        for council in self.marts.councils:
            if council.is_current:
                regions[council.region_name].append(council)
        return self._render(
            "index.html.jinja",
            "",
            ambitions=ambitions,
            regions=sorted(regions.items()),
            former=[
                (council, words.last_day(council.valid_to))
                for council in self.marts.councils
                if council.valid_to
            ],
            releases=[
                (release, words.published_on(release.published, release.precision))
                for release in [r for r in self.marts.releases if r.is_newest][:6]
            ],
            count=sum(len(councils) for councils in regions.values()),
        )

    def _england(self, measure: Measure) -> dict[str, Any]:
        series = next(
            (s for s in measure.series if s.stands and newest(self._area(s, ENGLAND)) is not None),
            None,
        )
        figure = newest(self._area(series, ENGLAND)) if series else None
        shown = series is not None and figure is not None and figure.value is not None
        return {
            "measure": measure,
            "series": series,
            "text": words.amount(figure.value, series)
            if series and figure is not None and figure.value is not None
            else "",
            "period": words.period(figure) if figure is not None else "",
            "spark": charts.sparkline(self._area(series, ENGLAND), series)
            if series and shown
            else "",
        }

    def about(self) -> str:
        """How to read a figure, where figures are from, and how accessible the site is."""
        return self._render(
            "about.html.jinja",
            "",
            releases=[
                (release, words.published_on(release.published, release.precision))
                for release in self.marts.releases
            ],
        )

    def data(self) -> str:
        """The data dictionary: every mart and column, with its files."""
        return self._render(
            "data.html.jinja", "", tables=self.marts.tables(), dbt_docs=self._dbt_docs
        )

    def search_index(self) -> str:
        """Names for the search box: a script, since a page on a disk may fetch nothing."""
        entries: list[list[str]] = []
        for council in self.marts.councils:
            ended = "" if council.is_current else f", until {words.day(council.valid_to)}"  # type: ignore[arg-type]
            entries.append(
                [council.name, f"councils/{council.slug}.html", council.region_name + ended]
            )
        entries += [
            [measure.title, f"measures/{measure.measure_id}.html", "Measure"]
            for measure in self.marts.measures
        ]
        return f"window.coreMeasuresSearch={in_json(entries)};\n"

    def all(self) -> Iterator[tuple[str, str]]:
        """Every page by its path."""
        yield "index.html", self.home()
        yield "about.html", self.about()
        yield "data.html", self.data()
        for measure in self.marts.measures:
            yield f"measures/{measure.measure_id}.html", self.measure(measure)
        for council in self.marts.councils:
            yield f"councils/{council.slug}.html", self.council(council)
        yield "assets/search-index.js", self.search_index()

"""A council's page: each measure folded to a line, and what it tells when it is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from markupsafe import Markup

from warehouse.site import charts, words
from warehouse.site.figures import (
    ENGLAND,
    STAGES,
    Council,
    Figure,
    Measure,
    Period,
    Series,
)
from warehouse.site.meaning import Statement
from warehouse.site.pages.render import (
    Renderer,
    charts_script,
    escaped,
    figure_cell,
    markup,
    statement_list,
)
from warehouse.site.pages.view import View, newest

Cells = dict[tuple[str, int], list[tuple[str, str]]]


class _Table(NamedTuple):
    """A series' figures with those beside them: whose they are, and the table's rows."""

    series: Series
    areas: list[str]
    rows: Markup


class _Source(NamedTuple):
    """Where a figure is from, in words, and its row as published."""

    title: str
    publisher: str
    landing_page: str
    published: str
    note: str
    row: str
    cells: Markup


class _Block(NamedTuple):
    """What a page tells of a series."""

    id: str
    series: Series
    is_lead: bool
    newest: Figure | None
    newest_text: str
    # Why the last period has no figure, where it has none.
    last: Figure | None
    kept_back: str
    england: Statement | None
    says: Markup
    beside: str
    # Of the series that stands for the measure alone: that is told folded.
    spark: Markup
    svg: Markup
    chart_data: dict[str, Any] | None
    tables: list[_Table]
    neighbours: Markup
    source: _Source | None

    @property
    def has_rows(self) -> bool:
        """Whether any of its tables has a row."""
        return any(table.rows for table in self.tables)


class _Card(NamedTuple):
    """What a page tells of a measure, `lead` what it tells while it is folded."""

    measure: Measure
    lead: _Block | None
    blocks: list[_Block]
    is_survey: bool
    # Another definition than the headline's, and said to be one.
    instead: str
    why: str

    @property
    def others(self) -> list[_Block]:
        """The series that do not stand for the measure."""
        return [block for block in self.blocks if not block.is_lead]


class CouncilPages:
    """The pages of councils."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer
        # What stands on the pages of many councils: by series and area, a text a period; by series
        # and period, a row a neighbour.
        self._area_cells: dict[tuple[tuple[str, str], str], dict[Period, str]] = {}
        self._rows_of_neighbours: dict[tuple[tuple[str, str], Period], dict[str, str]] = {}

    def pages(self, council: Council) -> Iterator[tuple[str, str]]:
        """A council's page by its path, and the script of its charts to explore."""
        view = self._view
        ambitions: list[dict[str, Any]] = [
            {"id": ambition, "title": title, "cards": [self._card(m, council) for m in measures]}
            for ambition, title, measures in view.by_ambition
        ]
        cards: list[_Card] = [card for ambition in ambitions for card in ambition["cards"]]
        chart_data = {
            block.id: block.chart_data
            for card in cards
            for block in card.blocks
            if block.chart_data is not None
        }
        yield f"assets/charts/{council.slug}.js", charts_script(chart_data)
        page = self._renderer.page(
            "council",
            "../",
            council=council,
            kind=words.kind_of_council(council),
            ended=words.last_day(council.valid_to) if council.valid_to else "",
            former=[code for code in council.codes if code != council.code],
            ambitions=ambitions,
            stages=[
                (title, [card for card in cards if stage in card.measure.stages])
                for stage, title in STAGES.items()
            ],
            inspection=inspection_of(view, council),
            neighbours=view.marts.neighbours_of.get(council.code, []),
            region=next((r for r in view.marts.regions if r.code == council.region_code), None),
            has_median=bool(view.marts.neighbours),
        )
        yield f"councils/{council.slug}.html", page

    def _card(self, measure: Measure, council: Council) -> _Card:
        view = self._view
        before = view.predecessors[measure.measure_id]
        blocks = [
            self._block(series, before if series is measure.headline else [], council)
            for series in view.held(measure)
            if series.stands or series not in before
        ]
        instead = [series.stands_because for series in measure.series if series.stands_because]
        return _Card(
            measure=measure,
            lead=next((block for block in blocks if block.is_lead), None),
            blocks=blocks,
            is_survey=view.is_survey(measure),
            instead=instead[0] if measure.headline is not None and instead else "",
            why="" if blocks else view.why_nothing(measure),
        )

    def _block(self, series: Series, before: Sequence[Series], council: Council) -> _Block:
        view = self._view
        own = view.own(series, council)
        figure = newest(own)
        last = own[-1] if own else None
        compared = view.lines(series, council)
        lines = [line for one in before for line in view.lines(one, council)] + compared
        own_line = next((line for line in compared if line.kind == "council"), None)
        has_own = any(line.kind == "council" for line in lines)
        faint = view.neighbour_lines(series, council) if series.stands else []
        svg = charts.line_chart(
            [*faint, *lines], f"Line chart: {series.title}, {council.name} beside England."
        )
        statements = view.statements(series, council, figure) if figure is not None else []
        return _Block(
            id=f"{series.measure_id}.{series.series_id}",
            series=series,
            is_lead=series.stands,
            newest=figure,
            newest_text=words.amount(figure.value, series)
            if figure is not None and figure.value is not None
            else "",
            last=last,
            kept_back=words.status(last) if last is not None and last.value is None else "",
            # England stands first of what a figure says.
            england=statements[0] if statements else None,
            says=statement_list(statements, view.quintile(series, council, figure))
            if figure is not None
            else markup(""),
            beside=self._beside(compared, series, figure),
            spark=markup(charts.sparkline(own_line) if series.stands and own_line else ""),
            svg=markup(svg if has_own else ""),
            chart_data=charts.chart_data(lines, series) if svg and has_own else None,
            tables=[self._table(one, council) for one in (*before, series)],
            neighbours=self._neighbour_rows(series, council, figure)
            if series.stands and figure is not None
            else markup(""),
            source=self._source(figure, series.stands) if figure is not None else None,
        )

    def _beside(self, lines: Sequence[charts.Line], series: Series, figure: Figure | None) -> str:
        """Region's and neighbours' figures of the same period: England's stands in words."""
        found = []
        for line in lines:
            if line.kind not in ("region", "neighbours"):
                continue
            there = self._view.at(line.figures, figure)
            if there is not None and there.value is not None:
                computed = "" if there.basis == "published" else " (computed"
                if computed and there.councils is not None:
                    computed += f" from {there.councils} councils"
                computed += ")" if computed else ""
                found.append(f"{line.name}: {words.amount(there.value, series)}{computed}")
        return f"{'; '.join(found)}." if found else ""

    def _table(self, series: Series, council: Council) -> _Table:
        """A series as a table: a council's own periods, newest first, beside its comparators.

        The rows are put together here and not by the template: there are 80,000 of them, and for
        the page's weight without the end tags that HTML lets out.
        """
        marts = self._view.marts
        own = marts.facts.get(series.key, {}).get(council.code, [])
        names = ["England", council.region_name]
        comparators = [
            self._cells_of_area(series, ENGLAND),
            self._cells_of_area(series, council.region_code),
        ]
        if marts.neighbours:
            names.append("Neighbours’ median")
            neighbours = marts.neighbours.get(series.key, {}).get(council.code, [])
            comparators.append({f.period: escaped(words.beside(f, series)) for f in neighbours})
        rows = []
        for figure in reversed(own):
            also = [words.note(figure)]
            if figure.area_name != council.name:
                also.append(figure.area_name)
            period = figure.period
            compared = "".join([f"<td>{cells.get(period, 'no figure')}" for cells in comparators])
            rows.append(
                f"<tr><th scope=row>{escaped(words.period(figure))}"
                f"{figure_cell(figure, series, also)}<td>{words.interval(figure, series)}"
                f"{compared}<td>{escaped(words.edition(figure.release))}, {figure.source_row}"
            )
        return _Table(series, names, markup("\n".join(rows)))

    def _cells_of_area(self, series: Series, code: str) -> dict[Period, str]:
        key = (series.key, code)
        if key not in self._area_cells:
            figures = self._view.marts.comparators.get(series.key, {}).get(code, [])
            self._area_cells[key] = {f.period: escaped(words.beside(f, series)) for f in figures}
        return self._area_cells[key]

    def _neighbour_rows(self, series: Series, council: Council, figure: Figure) -> Markup:
        """The neighbours' figures of the same period, the nearest neighbour first."""
        made = self._rows_of_neighbours.setdefault((series.key, figure.period), {})
        rows = []
        for neighbour in self._view.marts.neighbours_of.get(council.code, []):
            if neighbour.code not in made:
                made[neighbour.code] = self._neighbour_row(series, neighbour, figure)
            rows.append(made[neighbour.code])
        return markup("\n".join(rows))

    def _neighbour_row(self, series: Series, neighbour: Council, figure: Figure) -> str:
        there = self._view.at(self._view.own(series, neighbour), figure)
        cell = (
            figure_cell(there, series, [words.note(there)])
            if there is not None
            else '<td class="none">no figure'
        )
        interval = words.interval(there, series) if there is not None else ""
        return (
            f'<tr><th scope=row><a href="{neighbour.slug}.html#{series.measure_id}">'
            f"{escaped(neighbour.name)}</a>{cell}<td>{interval}"
        )

    def _source(self, figure: Figure, with_cells: bool) -> _Source:
        release = self._view.release(figure)
        key = (figure.source_sha256, figure.source_row)
        cells = self.cells.get(key, []) if with_cells else []
        return _Source(
            title=release.title if release else figure.publication,
            publisher=words.publisher(release.publisher) if release else "",
            landing_page=release.landing_page if release else "",
            published=words.published_on(figure.published, release.precision if release else "day"),
            note=(release.note or "") if release else "",
            row=words.row_of(figure),
            cells=_row_of_cells(cells) if cells else markup(""),
        )

    @cached_property
    def cells(self) -> Cells:
        """The cells of the rows that newest figures stand in: read once for all councils."""
        view = self._view
        shown = [
            figure
            for measure in view.marts.measures
            for series in view.held(measure)
            if series.stands
            for council in view.marts.councils
            if (figure := newest(view.own(series, council))) is not None
        ]
        return view.marts.source_rows(shown)


def _row_of_cells(cells: Sequence[tuple[str, str]]) -> Markup:
    """A row of a file, under the names of its columns."""
    names = "".join(f'<th scope="col">{escaped(name)}</th>' for name, _ in cells)
    published = "".join(f"<td>{escaped(str(cell))}</td>" for _, cell in cells)
    return markup(f"<tr>{names}</tr><tr>{published}</tr>")


def inspection_of(view: View, council: Council) -> dict[str, Any] | None:
    """Ofsted's standing judgement of a council, as pages tell it."""
    found = view.marts.inspections.get(council.code)
    if found is None:
        return None
    release = view.marts.release_of.get((found.publication, found.release, found.version))
    return {
        "overall": found.overall,
        "parts": found.parts,
        "day": words.day(found.day) if found.day else "",
        "kind": "report published" if found.is_day_of_report else "inspection began",
        "note": found.note or "",
        "landing_page": release.landing_page if release else "",
    }

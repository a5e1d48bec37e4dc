"""What every page asks of the marts: the figures of a series, and which series stands.

Pages are functions of this alone, of neither clock nor machine, so that two builds of the same
figures write the same bytes.
"""

from __future__ import annotations

from functools import cached_property

from warehouse.site import meaning, words
from warehouse.site.charts import Line
from warehouse.site.figures import (
    ENGLAND,
    Comparison,
    Council,
    Figure,
    Measure,
    Release,
    Series,
    strand,
)
from warehouse.site.marts import Marts
from warehouse.site.meaning import Statement


def newest(figures: list[Figure]) -> Figure | None:
    """The newest figure that is a number."""
    return next((figure for figure in reversed(figures) if figure.value is not None), None)


class View:
    """The marts as pages look at them."""

    def __init__(self, marts: Marts) -> None:
        self.marts = marts
        self.predecessors = {
            measure.measure_id: marts.predecessors(measure) for measure in marts.measures
        }
        self._area_lines: dict[tuple[tuple[str, str], str], Line] = {}

    @cached_property
    def is_sample(self) -> bool:
        """Whether figures are the sample's, so that every page can say so."""
        return any((release.layout or "").startswith("sample") for release in self.marts.releases)

    @cached_property
    def by_ambition(self) -> list[tuple[str, str, list[Measure]]]:
        """Each ambition's id, title and measures, in the Association's order."""
        found: dict[str, tuple[str, str, list[Measure]]] = {}
        for measure in self.marts.measures:
            found.setdefault(measure.ambition, (measure.ambition, measure.ambition_title, []))[
                2
            ].append(measure)
        return list(found.values())

    # Which series

    def is_held(self, series: Series) -> bool:
        """Whether any council has a row in it."""
        return bool(self.marts.facts.get(series.key))

    def held(self, measure: Measure) -> list[Series]:
        """The series of a measure that have rows, the headline first."""
        return [series for series in measure.series if self.is_held(series)]

    def standing(self, measure: Measure) -> Series | None:
        """The series that stands for the measure: the headline, or what is held in its place."""
        return next((series for series in self.held(measure) if series.stands), None)

    def is_survey(self, measure: Measure) -> bool:
        """Several questions, of which none stands for the measure."""
        return measure.headline is None and len(self.held(measure)) > 1

    def why_nothing(self, measure: Measure) -> str:
        """Why a measure has no figures."""
        told = [series.not_held for series in measure.series if series.not_held]
        return told[0] if told else "No release of it is held."

    # Figures of a series

    def own(self, series: Series, council: Council) -> list[Figure]:
        """A council's figures, of one kind of period, oldest first."""
        found = self.marts.facts.get(series.key, {}).get(council.code, [])
        return strand(found, series.period_type)

    def area(self, series: Series, code: str) -> list[Figure]:
        """England's or a region's figures."""
        found = self.marts.comparators.get(series.key, {}).get(code, [])
        return strand(found, series.period_type)

    def median(self, series: Series, council: Council) -> list[Figure]:
        """The median of a council's statistical neighbours."""
        found = self.marts.neighbours.get(series.key, {}).get(council.code, [])
        return strand(found, series.period_type)

    def lines(self, series: Series, council: Council) -> list[Line]:
        """A council's line with those it is set beside."""
        lines = [
            self.area_line("england", "England", series, ENGLAND),
            self.area_line("region", council.region_name, series, council.region_code),
            Line("neighbours", "Median of neighbours", self.median(series, council), series),
            Line("council", council.name, self.own(series, council), series),
        ]
        return [line for line in lines if line.figures]

    def area_line(self, kind: str, name: str, series: Series, code: str) -> Line:
        """England's or a region's line: one for all councils beside which it stands."""
        key = (series.key, code)
        if key not in self._area_lines:
            self._area_lines[key] = Line(kind, name, self.area(series, code), series)
        return self._area_lines[key]

    def neighbour_lines(self, series: Series, council: Council) -> list[Line]:
        """The lines of a council's statistical neighbours."""
        lines = [
            Line("neighbour", neighbour.name, self.own(series, neighbour), series)
            for neighbour in self.marts.neighbours_of.get(council.code, [])
        ]
        return [line for line in lines if newest(line.figures) is not None]

    def latest(self, series: Series) -> Figure | None:
        """A figure of the newest period that any council has a number for."""
        figures = (newest(self.own(series, council)) for council in self.marts.councils)
        return max(
            (figure for figure in figures if figure is not None),
            key=lambda figure: (figure.end, figure.start),
            default=None,
        )

    def at(self, figures: list[Figure], like: Figure | None) -> Figure | None:
        """The figure of the same period."""
        if like is None:
            return None
        return next((figure for figure in figures if figure.period == like.period), None)

    # What a figure is set beside

    def comparison(self, series: Series, council: Council, figure: Figure) -> Comparison | None:
        """The figure's row of `fct_comparison`."""
        return self.marts.comparisons.get((*series.key, council.code, *figure.period))

    def beside_england(
        self, series: Series, council: Council, figure: Figure | None
    ) -> Statement | None:
        """Whether it is better or worse than England's, or cannot be told."""
        if figure is None or figure.value is None:
            return None
        return meaning.against_england(figure, series, self.comparison(series, council, figure))

    def statements(self, series: Series, council: Council, figure: Figure) -> list[Statement]:
        """Everything that a council's newest figure says, England first."""
        found = [self.beside_england(series, council, figure)]
        own = self.own(series, council)
        changes = {
            span: self.marts.changes.get((*series.key, council.code, span))
            for span in ("last_period", "five_periods", "trend")
        }
        for span in ("last_period", "five_periods"):
            change = changes[span]
            earlier = None
            if change is not None:
                # Changes are of the newest period of the series: an older figure has none.
                if change.to_label != figure.period_label:
                    continue
                label, year = change.from_label, change.from_year
                earlier = next((f for f in own if f.period_label == label and f.year == year), None)
            found.append(meaning.of_change(change, series, earlier))
        found.append(meaning.of_trend(changes["trend"]))
        return [statement for statement in found if statement is not None]

    def quintile(self, series: Series, council: Council, figure: Figure) -> str:
        """Which fifth of the councils it is in, and its limits."""
        limits = self.marts.quintile_limits.get((*series.key, *figure.period))
        return meaning.of_quintile(series, self.comparison(series, council, figure), limits)

    # Where a figure is from

    def release(self, figure: Figure) -> Release | None:
        """The release that it is of."""
        return self.marts.release_of.get((figure.publication, figure.release, figure.version))

    def publication_title(self, publication: str) -> str:
        """A publication by its title."""
        return next(
            (one.title for one in self.marts.releases if one.publication == publication),
            publication,
        )

    def published_on(self, release: Release) -> str:
        """When a release came out."""
        return words.published_on(release.published, release.precision)

"""What every page asks of the marts: the figures of a series, and which series stands.

Pages are functions of this alone, of neither clock nor machine, so that two builds of the same
figures write the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from warehouse.site import meaning, words
from warehouse.site.charts import Line
from warehouse.site.figures import (
    ENGLAND,
    Change,
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
from warehouse.site.questions import Subject

# The spans of `fct_change` from one period to another, the shortest first.
CHANGES = ("last_period", "five_periods")


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
        # By series and area.
        self._own: dict[tuple[tuple[str, str], str], list[Figure]] = {}
        self._area_lines: dict[tuple[tuple[str, str], str], Line] = {}
        self._neighbour_lines: dict[tuple[tuple[str, str], str], Line] = {}
        self._latest: dict[tuple[str, str], Figure | None] = {}

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
        reasons = [series.not_held for series in measure.series if series.not_held]
        return reasons[0] if reasons else "No release of it is held."

    # Figures of a series

    def own(self, series: Series, council: Council) -> list[Figure]:
        """A council's figures, of one kind of period, oldest first."""
        key = (series.key, council.code)
        if key not in self._own:
            found = self.marts.facts.get(series.key, {}).get(council.code, [])
            self._own[key] = strand(found, series.period_type)
        return self._own[key]

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
            self._line_of_neighbour(series, neighbour)
            for neighbour in self.marts.neighbours_of.get(council.code, [])
        ]
        return [line for line in lines if newest(line.figures) is not None]

    def _line_of_neighbour(self, series: Series, neighbour: Council) -> Line:
        """A council's line as a neighbour: one for all councils beside which it stands."""
        key = (series.key, neighbour.code)
        if key not in self._neighbour_lines:
            own = self.own(series, neighbour)
            self._neighbour_lines[key] = Line("neighbour", neighbour.name, own, series)
        return self._neighbour_lines[key]

    def latest(self, series: Series) -> Figure | None:
        """A figure of the newest period that any council has a number for."""
        if series.key not in self._latest:
            figures = (newest(self.own(series, council)) for council in self.marts.councils)
            self._latest[series.key] = max(
                (figure for figure in figures if figure is not None),
                key=lambda figure: (figure.end, figure.start),
                default=None,
            )
        return self._latest[series.key]

    def at(self, figures: list[Figure], like: Figure | None) -> Figure | None:
        """The figure of the same period."""
        if like is None:
            return None
        period = like.period
        # Most often it is one of the newest.
        return next((figure for figure in reversed(figures) if figure.period == period), None)

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
        found = [
            self.beside_england(series, council, figure),
            *(self.moved(series, council, figure, span) for span in CHANGES),
            self.trend(series, council),
        ]
        return [statement for statement in found if statement is not None]

    def change(self, series: Series, council: Council, figure: Figure, span: str) -> Change | None:
        """The change that ends in the figure.

        Changes are of the newest period of the series: an older figure has none.
        """
        found = self.marts.changes.get((*series.key, council.code, span))
        return found if found is not None and found.to_label == figure.period_label else None

    def moved(
        self, series: Series, council: Council, figure: Figure, span: str
    ) -> Statement | None:
        """That change in words."""
        change = self.change(series, council, figure, span)
        if change is None:
            return None
        begun = (change.from_label, change.from_year)
        own = self.own(series, council)
        earlier = next((f for f in own if (f.period_label, f.year) == begun), None)
        return meaning.of_change(change, series, earlier)

    def trend(self, series: Series, council: Council) -> Statement | None:
        """Which way the newest figures in a row went."""
        return meaning.of_trend(self.marts.changes.get((*series.key, council.code, "trend")))

    def spread(self, series: Series, figure: Figure) -> float | None:
        """How far the councils' figures of the period lie apart; none where they do not."""
        return self.marts.spreads.get((*series.key, *figure.period))

    def quintile(self, series: Series, council: Council, figure: Figure) -> str:
        """Which fifth of the councils it is in, and its limits."""
        limits = self.marts.quintile_limits.get((*series.key, *figure.period))
        return meaning.of_quintile(series, self.comparison(series, council, figure), limits)

    # What a measure says of a council, for rules to ask about

    def subject(self, measure: Measure, council: Council) -> Subject:
        """All that the marts have on a measure of a council, in the series that stands for it."""
        series = None if self.is_survey(measure) else self.standing(measure)
        if series is None:
            asked = (newest(self.own(one, council)) for one in self.held(measure))
            survey = next((figure for figure in asked if figure is not None), None)
            why = "" if self.is_survey(measure) else self.why_nothing(measure)
            return Subject(measure, survey=survey, why_nothing=why)
        own = self.own(series, council)
        figure = newest(own)
        found = Subject(
            measure,
            series,
            own,
            breaks=self.marts.breaks.get(series.key, ()),
            latest=self.latest(series),
        )
        if figure is None:
            return found
        changes = {span: self.change(series, council, figure, span) for span in CHANGES}
        moved = {span: self.moved(series, council, figure, span) for span in CHANGES}
        return replace(
            found,
            newest=figure,
            comparison=self.comparison(series, council, figure),
            changes={span: change for span, change in changes.items() if change is not None},
            moved={span: statement for span, statement in moved.items() if statement is not None},
            trend=self.trend(series, council),
            spread=self.spread(series, figure),
        )

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

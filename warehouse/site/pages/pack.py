"""A council's pack for discussion: a first page, a page an ambition, and one of sources.

For a partnership board to talk over on paper. It says what changed, what is better, worse or cannot
be told, and what the figures raise as questions; it holds no verdict, and no list of what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from warehouse.site import charts, meaning, words
from warehouse.site.figures import Council, Figure, Measure, Series
from warehouse.site.meaning import Statement
from warehouse.site.pages.council import inspection_of
from warehouse.site.pages.render import Renderer, markup, style
from warehouse.site.pages.view import CHANGES, View, newest
from warehouse.site.questions import RULES, Subject, chosen

# How many changes of each kind the first page tells; each stands on its ambition's page as well.
_MOST_CHANGES = 4
_SPAN = {"last_period": "Since the period before", "five_periods": "Over five periods"}
_GROUPS = {
    meaning.BETTER: "Better than England",
    meaning.WORSE: "Worse than England",
    meaning.HIGHER: "Higher than England",
    meaning.LOWER: "Lower than England",
    meaning.SIMILAR: "Similar to England",
    meaning.UNTOLD: "Cannot be told beside England",
}


class _Question(NamedTuple):
    """A question of a survey, with what its figure says beside England."""

    title: str
    text: str
    england: Statement | None
    period: str


class _Row(NamedTuple):
    """A measure on its ambition's page: its figure, its chart, and what the figure says."""

    measure: Measure
    series: Series | None = None
    figure: Figure | None = None
    note: str = ""
    kept_back: str = ""
    why: str = ""
    says: Sequence[Statement] = ()
    svg: Markup = markup("")
    survey: Sequence[_Question] = ()


class PackPages:
    """The packs of councils."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    def page(self, council: Council) -> str:
        """A pack as a page of the site."""
        return self._renderer.page("pack", "../", alone=False, **self.content(council))

    def alone(self, council: Council) -> str:
        """The same as a page that needs nothing beside it, its style within."""
        styles = style("site.css") + style("pack.css")
        content = self.content(council)
        return self._renderer.page("pack_alone", "", alone=True, style=styles, **content)

    def content(self, council: Council) -> dict[str, Any]:
        """What a pack tells, for templates and for a terminal."""
        view = self._view
        subjects = {
            ambition: [view.subject(measure, council) for measure in measures]
            for ambition, _, measures in view.by_ambition
        }
        every = [subject for ones in subjects.values() for subject in ones]
        questions = {ambition: chosen(ones) for ambition, ones in subjects.items()}
        used = {question.rule for ones in questions.values() for question in ones}
        neighbours = view.marts.neighbours_of.get(council.code, [])
        return {
            "council": council,
            "kind": words.kind_of_council(council),
            "sheets": len(subjects) + 2,
            "changed": _changed(every),
            "ambitions": [
                {
                    "id": ambition,
                    "title": title,
                    "groups": _groups(subjects[ambition]),
                    "rows": [self._row(subject, council) for subject in subjects[ambition]],
                    "questions": questions[ambition],
                }
                for ambition, title, _ in view.by_ambition
            ],
            "inspection": inspection_of(view, council),
            "neighbours": neighbours,
            "has_median": bool(view.marts.neighbours),
            "sources": self._sources(every),
            "caveats": self._caveats(every),
            "rules": [rule for rule in RULES if rule in used],
        }

    def _row(self, subject: Subject, council: Council) -> _Row:
        """A measure: its figure, its chart, and what the figure says in a line each."""
        view, series, figure = self._view, subject.series, subject.newest
        measure = subject.measure
        if series is None:
            survey = self._survey(measure, council)
            return _Row(measure, why=subject.why_nothing, survey=survey)
        last = subject.figures[-1] if subject.figures else None
        kept_back = words.status(last) if last is not None and last.value is None else ""
        found = _Row(
            measure,
            series,
            figure,
            kept_back=f"{words.period(last)}: {kept_back}" if last and kept_back else "",
            why=subject.why_nothing,
        )
        if figure is None:
            return found._replace(why="No number is published for this council.")
        before = view.predecessors[measure.measure_id] if series is measure.headline else []
        lines = [line for one in (*before, series) for line in view.lines(one, council)]
        label = f"Line chart: {series.title}, {council.name} beside England."
        return found._replace(
            note=words.note(figure),
            says=_statements(subject),
            svg=markup(charts.line_chart(lines, label)),
        )

    def _survey(self, measure: Measure, council: Council) -> list[_Question]:
        """A survey's questions, with what each figure says beside England."""
        view = self._view
        if not view.is_survey(measure):
            return []
        held = [(series, newest(view.own(series, council))) for series in view.held(measure)]
        return [
            _Question(
                title=series.title,
                text=words.with_unit(figure, series),
                england=view.beside_england(series, council, figure),
                period=words.period(figure),
            )
            for series, figure in held
            if figure is not None
        ]

    def _sources(self, subjects: Sequence[Subject]) -> list[dict[str, Any]]:
        """The releases of the newest figures, newest first, each with its measures."""
        of: dict[tuple[str, str, int], list[str]] = {}
        for subject in subjects:
            figure = subject.newest or subject.survey
            if figure is not None:
                key = (figure.publication, figure.release, figure.version)
                of.setdefault(key, []).append(subject.measure.title)
        return [
            {
                "release": release,
                "publisher": words.publisher(release.publisher),
                "published": self._view.published_on(release),
                "measures": of[key],
            }
            for release in self._view.marts.releases
            if (key := (release.publication, release.release, release.version)) in of
        ]

    @staticmethod
    def _caveats(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
        """By measure: why another series stands, where it does not compare, and its end."""
        found = []
        for subject in subjects:
            series = subject.series
            if series is None:
                continue
            sentences = [series.stands_because, series.breaks]
            if series.ended:
                after = f" after {series.last_year}" if series.last_year else ""
                sentences.append(f"Discontinued{after}. {series.ended}")
            text = " ".join(one for one in sentences if one)
            if text:
                found.append((subject.measure.title, text))
        return found


def _statements(subject: Subject) -> list[Statement]:
    """What a newest figure says, briefly: England, the neighbours, changes, the trend."""
    series, figure = subject.series, subject.newest
    if series is None or figure is None:
        return []
    found = [
        meaning.against_england(figure, series, subject.comparison),
        meaning.against_neighbours(figure, series, subject.comparison),
        *(subject.moved.get(span) for span in CHANGES),
        subject.trend,
    ]
    # That neither change can be told is said once.
    return list({one.brief or one.sentence: one for one in found if one is not None}.values())


def _changed(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """What changed by more than chance, by span; trends last, in the order of the measures.

    Changes from one period to another stand by size, beside how far councils lie apart.
    """
    found = []
    for span, title in _SPAN.items():
        moved = [
            (subject.beside_spread(change.change or 0.0), subject)
            for subject in subjects
            if (change := subject.changes.get(span)) is not None
            and change.is_more_than_chance
            and span in subject.moved
        ]
        moved.sort(key=lambda one: -one[0])
        found.append(
            {
                "title": title,
                "more": max(0, len(moved) - _MOST_CHANGES),
                "rows": [
                    _change(subject, subject.moved[span]) for _, subject in moved[:_MOST_CHANGES]
                ],
                "undetermined": _undetermined(subjects, span),
            }
        )
    trends = [(subject, subject.trend) for subject in subjects if subject.trend is not None]
    significant = [
        _change(subject, trend) for subject, trend in trends if trend.sign != meaning.SIMILAR
    ]
    if trends:
        found.append(
            {
                "title": "Over the newest figures in a row",
                "more": max(0, len(significant) - _MOST_CHANGES),
                "rows": significant[:_MOST_CHANGES],
                "undetermined": [],
            }
        )
    return found


def _change(subject: Subject, statement: Statement) -> dict[str, Any]:
    series, figure = subject.series, subject.newest
    return {
        "measure": subject.measure,
        "text": words.with_unit(figure, series) if figure is not None and series else "",
        "period": words.period(figure) if figure is not None else "",
        "statement": statement,
    }


def _undetermined(subjects: Sequence[Subject], span: str) -> list[str]:
    """The measures whose change nobody can tell from chance."""
    return [
        subject.measure.title
        for subject in subjects
        if span in subject.moved and subject.moved[span].sign == meaning.UNTOLD
    ]


def _groups(subjects: Sequence[Subject]) -> list[tuple[str, str, list[str]]]:
    """An ambition's measures by what they say beside England: the sign, its words, the measures."""
    found: dict[str, list[str]] = {}
    nothing = []
    for subject in subjects:
        figure: Figure | None = subject.newest
        if figure is None or subject.series is None:
            if subject.survey is None:
                nothing.append(subject.measure.title)
            continue
        sign = meaning.sign_of(figure.value, subject.series, subject.comparison)
        found.setdefault(sign, []).append(subject.measure.title)
    groups = [(sign, title, found[sign]) for sign, title in _GROUPS.items() if sign in found]
    return [*groups, ("", "No figure", nothing)] if nothing else groups

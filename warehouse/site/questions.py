"""Open questions that a council's figures raise, made from rules that a person can read.

A rule is an object: its name, when it applies, and the question, in which every figure is one of
the marts. A rule says nothing of what is good or what is to be done. How three are chosen for an
ambition stands in `chosen`; what surrounds them on paper does not belong here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from warehouse.site import meaning, words
from warehouse.site.figures import Break, Change, Comparison, Figure, Measure, Series
from warehouse.site.meaning import BETTER, WORSE, Statement

PER_AMBITION = 3
# As many of the newest figures as a trend rests on at most: what a board would look back on.
_RECENT = 10
# Fewer figures kept back are no run.
_SHORTEST_RUN = 2


@dataclass(frozen=True)
class Subject:
    """What the marts have on one measure of one council: all that a rule may look at."""

    measure: Measure
    # The series that stands for the measure, and what the council has in it, oldest first.
    series: Series | None = None
    figures: Sequence[Figure] = ()
    # Its newest number, and what that is set beside.
    newest: Figure | None = None
    comparison: Comparison | None = None
    # By span of `fct_change`: the row, and the same in words.
    changes: dict[str, Change] = field(default_factory=dict)
    moved: dict[str, Statement] = field(default_factory=dict)
    trend: Statement | None = None
    # Standard deviation of the councils' figures of that period.
    spread: float | None = None
    # Where the series does not compare with itself, the oldest break first.
    breaks: Sequence[Break] = ()
    # The newest period for which any council has a number.
    latest: Figure | None = None
    # Of a survey: the newest figure of its questions.
    survey: Figure | None = None
    # Why no figure of the measure is held.
    why_nothing: str = ""

    def beside_spread(self, difference: float) -> float:
        """A difference as a share of how far councils lie apart: measures of any unit compare."""
        return abs(difference) / self.spread if self.spread else 0.0


class Asked(NamedTuple):
    """A question, and how much there is to ask about, to choose among measures by."""

    text: str
    size: float = 0.0


@dataclass(frozen=True)
class Question:
    """A question for the board, the measure that it is about, and the rule that it is from."""

    measure: Measure
    rule: Rule
    text: str


class Rule(ABC):
    """One rule: its docstring says where it comes from."""

    name: ClassVar[str]
    # When it applies, as it stands beside the question and in `docs/pack.md`.
    when: ClassVar[str]

    @abstractmethod
    def ask(self, subject: Subject) -> Asked | None:
        """The question that the measure's figures raise; None where the rule does not apply."""


class GapToNeighbours(Rule):
    """`fct_comparison.interval_holds_neighbours`, as Fingertips compares with England.

    The discussion pack's own list of what raises a question names it.
    """

    name = "gap to neighbours"
    when = "the neighbours’ median lies outside the council’s 95% confidence interval"

    def ask(self, subject: Subject) -> Asked | None:
        """The widest gap first, beside how far councils lie apart."""
        series, figure, found = subject.series, subject.newest, subject.comparison
        if series is None or figure is None or figure.value is None or found is None:
            return None
        if found.neighbours_median is None or found.holds_neighbours is not False:
            return None
        return Asked(
            f"{_text(figure, series)}, where the median of {found.neighbours} statistical"
            f" neighbours is {words.amount(found.neighbours_median, series)}: more than chance may"
            " do. What is different here, and which of the neighbours could be asked?",
            subject.beside_spread(figure.value - found.neighbours_median),
        )


class KeptBack(Rule):
    """`fct_core_measure.status`: figures that would tell of a few children are suppressed.

    The discussion pack's own list of what raises a question names it.
    """

    name = "run of suppressed figures"
    when = "two or more figures in a row are suppressed"

    def ask(self, subject: Subject) -> Asked | None:
        """The longest run first; of two as long in one measure the newer."""
        run: list[Figure] = []
        longest: list[Figure] = []
        for figure in subject.figures:
            run = [*run, figure] if figure.status == "suppressed" else []
            if len(run) >= len(longest):
                longest = run
        if len(longest) < _SHORTEST_RUN:
            return None
        first, last = longest[0], longest[-1]
        return Asked(
            f"{len(longest)} figures in a row are {words.status(last)}, the first"
            f" {words.when(first)}, the last {words.when(last)}. What do those who work with these"
            " children see that no published figure shows?",
            len(longest),
        )


class BreakOfSeries(Rule):
    """The seed `series_break`, which names what the publisher says of each.

    The discussion pack's own list of what raises a question names it.
    """

    name = "break of the series"
    when = "a break of the series lies among the ten newest figures"

    def ask(self, subject: Subject) -> Asked | None:
        """The newest break first."""
        recent = [figure for figure in subject.figures if figure.value is not None][-_RECENT:]
        for found in reversed(subject.breaks):
            after = next((one for one in recent if one.year >= found.first_year), None)
            if after is not None and recent[0].year < found.first_year:
                before = recent[recent.index(after) - 1]
                return Asked(
                    f"Figures up to {words.label(before.period_label)} do not compare with those"
                    f" from {words.label(after.period_label)} on. {found.what_changed} What do"
                    " partners hold that reaches over the break?",
                    found.first_year,
                )
        return None


class ApartFromItsDirection(Rule):
    """`fct_comparison` beside `fct_change`: a place and a direction that do not agree."""

    name = "place and direction apart"
    when = "better than England and getting worse, or the other way about, each by more than chance"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        series, figure, found = subject.series, subject.newest, subject.comparison
        if series is None or figure is None or found is None or found.england_value is None:
            return None
        side = meaning.sign_of(figure.value, series, found)
        other = {BETTER: WORSE, WORSE: BETTER}.get(side)
        statements = (subject.trend, *reversed([*subject.moved.values()]))
        moved = next((one for one in statements if one is not None and one.sign == other), None)
        if moved is None:
            return None
        england = words.amount(found.england_value, series)
        return Asked(
            f"{_text(figure, series)}, {side} than England ({england}) by more than chance; yet"
            f" {_lowered(moved.sentence)} What may explain that both are so?"
        )


class MovedByMoreThanChance(Rule):
    """`fct_change.is_more_than_chance` from the period before, or else from five before."""

    name = "change of more than chance"
    when = "the figure changed by more than chance"

    def ask(self, subject: Subject) -> Asked | None:
        """The largest change first, beside how far councils lie apart."""
        for span, change in subject.changes.items():
            if change.is_more_than_chance and span in subject.moved and subject.newest is not None:
                return Asked(
                    f"{_now(subject)} {subject.moved[span].sentence} What else changed in that"
                    " time, and who would know?",
                    subject.beside_spread(change.change or 0.0),
                )
        return None


class TrendOfMoreThanChance(Rule):
    """`fct_change` over the newest five to ten figures in a row (Mann 1945, Kendall 1975)."""

    name = "trend"
    when = "the newest figures in a row get better or worse by more than chance"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        if subject.trend is None or subject.trend.sign not in (BETTER, WORSE):
            return None
        return Asked(
            f"{_now(subject)} {subject.trend.sentence} What lies behind it, and what would show"
            " whether it goes on?"
        )


class GapToEngland(Rule):
    """`fct_comparison.interval_holds_england`, as Fingertips compares with England."""

    name = "gap to England"
    when = "England’s figure lies outside the council’s 95% confidence interval"

    def ask(self, subject: Subject) -> Asked | None:
        """The widest gap first, beside how far councils lie apart."""
        series, figure, found = subject.series, subject.newest, subject.comparison
        if series is None or figure is None or figure.value is None or found is None:
            return None
        if found.england_value is None or found.holds_england is not False:
            return None
        return Asked(
            f"{_text(figure, series)}, England {words.amount(found.england_value, series)}: more"
            " than chance may do. Whom does this concern most, and who knows them?",
            subject.beside_spread(figure.value - found.england_value),
        )


class Unusual(Rule):
    """`fct_core_measure.flags`: what a check of the load found odd about a figure."""

    name = "unusual figure"
    when = "a check found the newest figure unusual"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        series, figure = subject.series, subject.newest
        if series is None or figure is None or not figure.flags:
            return None
        return Asked(
            f"{_text(figure, series)}, which is {words.UNUSUAL}. Who can say how it came about?"
        )


class Discontinued(Rule):
    """`dim_series.last_year` and `ended_because`: the publisher's end of a definition."""

    name = "definition that ended"
    when = "the figures are discontinued"

    def ask(self, subject: Subject) -> Asked | None:
        """The one that ended last first."""
        series = subject.series
        if series is None or series.last_year is None or subject.newest is None:
            return None
        return Asked(
            f"{_now(subject)} Discontinued after {series.last_year}. {_sentence(series.ended)}What"
            " will tell the board of this from now on?",
            series.last_year,
        )


class OneSurvey(Rule):
    """`dim_series`: a measure of several questions of one survey, of which none is its headline."""

    name = "survey of one round"
    when = "the figures are of one survey"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        if subject.survey is None:
            return None
        return Asked(
            f"The figures are of one survey, {words.period(subject.survey)}. Who asks young people"
            " here about this today, and what do they say?"
        )


class OlderThanOthers(Rule):
    """`fct_core_measure`: another council has a number for a later period."""

    name = "older figure"
    when = "other councils have a figure of a later period"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        series, figure, latest = subject.series, subject.newest, subject.latest
        if series is None or figure is None or latest is None or figure.end >= latest.end:
            return None
        return Asked(
            f"{_text(figure, series)} is the newest figure here; other councils have one of a later"
            f" period ({words.period(latest)}). What is known locally of the time since?"
        )


class _OfChange(Rule):
    """A change of which a test says what it may: `is_more_than_chance` as the marts have it."""

    is_more_than_chance: ClassVar[bool | None]
    question: ClassVar[str]

    def ask(self, subject: Subject) -> Asked | None:
        """The largest change first, beside how far councils lie apart."""
        for span, change in subject.changes.items():
            is_of_this = change.is_more_than_chance is self.is_more_than_chance
            if is_of_this and change.change and span in subject.moved:
                return Asked(
                    f"{_now(subject)} {subject.moved[span].sentence} {self.question}",
                    subject.beside_spread(change.change),
                )
        return None


class MovedWithinChance(_OfChange):
    """`fct_change.is_more_than_chance` is false: what chance alone may do."""

    name = "change within chance"
    when = "the figure changed by no more than chance may do"
    is_more_than_chance = False
    question = "What would the board need to see before it calls it a change?"


class NotTested(_OfChange):
    """`fct_change.not_tested`: a change of which nobody can say whether it is chance."""

    name = "change that cannot be tested"
    when = "whether the change is more than chance cannot be told"
    is_more_than_chance = None
    question = "What else would tell whether something has changed?"


class NothingHeld(Rule):
    """`dim_series.not_held_because`: why no figure is here."""

    name = "measure without figures"
    when = "no figure of the measure is held"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        if not subject.why_nothing:
            return None
        return Asked(
            f"No figures are held. {_sentence(subject.why_nothing)}Who holds them locally, and"
            " could they be shared?"
        )


class NoneForTheCouncil(Rule):
    """`fct_core_measure.status`, or no row of the council at all."""

    name = "council without a figure"
    when = "no number is published for the council"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        if subject.series is None or subject.newest is not None:
            return None
        last = subject.figures[-1] if subject.figures else None
        why = f" ({words.period(last)}: {words.status(last)})" if last is not None else ""
        return Asked(f"No number is published for this council{why}. Who knows it locally?")


class FigureAlone(Rule):
    """`fct_core_measure`: a number, of which no other rule has anything to ask."""

    name = "figure"
    when = "there is a figure, and no other rule applies"

    def ask(self, subject: Subject) -> Asked | None:
        """In the order of the measures."""
        if subject.newest is None:
            return None
        return Asked(
            f"{_now(subject)} What would the people it counts say of it, and what would the"
            " board want to know beside it?"
        )


# In the order in which they are asked: what a figure shows by more than chance and what is hidden,
# then what it cannot show, then what may be asked of any measure.
RULES: tuple[Rule, ...] = (
    *(GapToNeighbours(), KeptBack(), ApartFromItsDirection(), BreakOfSeries()),
    *(MovedByMoreThanChance(), TrendOfMoreThanChance(), Unusual(), GapToEngland()),
    *(Discontinued(), OneSurvey(), OlderThanOthers(), MovedWithinChance(), NotTested()),
    *(NothingHeld(), NoneForTheCouncil(), FigureAlone()),
)


def chosen(subjects: Sequence[Subject], count: int = PER_AMBITION) -> list[Question]:
    """The questions on an ambition's measures.

    Rule by rule, each the measure of which it has most to ask; no rule and no measure twice while
    there is another, and no question twice.
    """
    asked: list[tuple[Rule, Measure, Asked]] = []
    for rule in RULES:
        questions = [
            (one.measure, question) for one in subjects if (question := rule.ask(one)) is not None
        ]
        questions.sort(key=lambda one: -one[1].size)
        asked += [(rule, measure, question) for measure, question in questions]
    found: list[Question] = []
    for rules_once, measures_once in ((True, True), (False, True), (False, False)):
        for rule, measure, question in asked:
            if len(found) == count:
                return found
            if rules_once and any(one.rule is rule for one in found):
                continue
            if measures_once and any(one.measure is measure for one in found):
                continue
            if any(one.rule is rule and one.measure is measure for one in found):
                continue
            found.append(Question(measure, rule, question.text))
    return found


def _text(figure: Figure, series: Series) -> str:
    """`24.2% in the year to March 2025`."""
    return f"{words.with_unit(figure, series)} {words.when(figure)}"


def _now(subject: Subject) -> str:
    """The newest figure as a sentence."""
    if subject.newest is None or subject.series is None:
        return ""
    return f"{_text(subject.newest, subject.series)}."


def _sentence(text: str) -> str:
    """A text of the marts as what stands before another sentence."""
    return f"{text} " if text else ""


def _lowered(text: str) -> str:
    """A sentence as it goes on from another."""
    return text[:1].lower() + text[1:]

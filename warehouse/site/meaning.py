"""What a figure means, in words: beside England, since before, and among all councils.

Each statement rests on a row of the marts and says what it cannot tell. No score and no rank: a
quintile is told with its limits, and *better* is the measure's own sense of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from warehouse.site import words
from warehouse.site.figures import Change, Comparison, Figure, Series

# What a sign says without its colour; each has its own shape too.
BETTER, WORSE, SIMILAR = "better", "worse", "similar"
HIGHER, LOWER, UNTOLD = "higher", "lower", "untold"
LABEL = {
    BETTER: "better",
    WORSE: "worse",
    SIMILAR: "similar",
    HIGHER: "higher",
    LOWER: "lower",
    UNTOLD: "cannot be told",
}
GLYPH = {BETTER: "+", WORSE: "−", SIMILAR: "=", HIGHER: "↑", LOWER: "↓", UNTOLD: "?"}


# What a brief statement ends with, where no test or interval says more.
_NOT_FROM_CHANCE = ": cannot be told from chance."


class Statement(NamedTuple):
    """One thing that a figure says: its sign, in few words, and in a sentence."""

    sign: str
    short: str
    sentence: str
    # The sentence without units and reasons: for a line on paper, beside the figure.
    brief: str = ""


def _side(difference: float, polarity: str) -> str:
    """What a difference that is more than chance is called."""
    if polarity not in ("high", "low"):
        return HIGHER if difference > 0 else LOWER
    return BETTER if (difference > 0) == (polarity == "high") else WORSE


def sign_of(value: float | None, series: Series, found: Comparison | None) -> str:
    """The sign of a figure beside England's."""
    if found is None:
        return UNTOLD
    return _sign(value, found.england_value, found.holds_england, series)


def _sign(value: float | None, other: float | None, holds: bool | None, series: Series) -> str:
    """The sign of a figure beside another, which its own interval holds or does not."""
    if value is None or other is None or holds is None:
        return UNTOLD
    return SIMILAR if holds else _side(value - other, series.polarity)


def against_england(figure: Figure, series: Series, found: Comparison | None) -> Statement:
    """Better, worse or similar by the 95% confidence interval; else that it cannot be told."""
    if found is None or found.england_value is None or figure.value is None:
        return Statement(
            UNTOLD,
            "No figure for England",
            f"England has no figure {words.when(figure)}.",
        )
    return _beside(
        *(figure.value, found.england_value, found.holds_england, series),
        name="England",
        its_figure="England’s figure",
    )


def against_neighbours(
    figure: Figure, series: Series, found: Comparison | None
) -> Statement | None:
    """The same beside the median of the statistical neighbours; nothing where there is none."""
    if found is None or found.neighbours_median is None or figure.value is None:
        return None
    return _beside(
        *(figure.value, found.neighbours_median, found.holds_neighbours, series),
        name="the neighbours’ median",
        its_figure="that median",
    )


def _beside(
    value: float, other: float, holds: bool | None, series: Series, *, name: str, its_figure: str
) -> Statement:
    text = f"{name} ({words.amount(other, series)})"
    brief = f"{name} ({words.bare(other, series)})"
    if holds is None:
        place = _place(value, other, series)
        return Statement(
            UNTOLD,
            f"Cannot be told beside {name}",
            f"{place} {text}. Whether by more than chance cannot be told: the figure has no 95%"
            " confidence interval.",
            f"{place} {brief}{_NOT_FROM_CHANCE}",
        )
    side = _sign(value, other, holds, series)
    if side == SIMILAR:
        return Statement(
            SIMILAR,
            f"Similar to {name}",
            f"Similar to {text}: {its_figure} lies within the council’s 95% confidence interval.",
            f"Similar to {brief}.",
        )
    return Statement(
        side,
        f"{side.capitalize()} than {name}",
        f"{side.capitalize()} than {text} by more than chance: {its_figure} lies outside the"
        " council’s 95% confidence interval.",
        f"{side.capitalize()} than {brief}, by more than chance.",
    )


def _place(value: float, other: float, series: Series) -> str:
    one, two = (words.rounded(each, series.decimals) for each in (value, other))
    return "As" if one == two else "Above" if one > two else "Below"


def of_change(change: Change | None, series: Series, earlier: Figure | None) -> Statement | None:
    """From an earlier period to the newest; nothing where no earlier period is held."""
    if change is None:
        return None
    if change.change is None or change.from_value is None or change.to_label is None:
        why = change.not_tested or ""
        # That nothing is held of a period says nothing of the council.
        if not why or why.startswith("No figures are held of"):
            return None
        cannot = "Change cannot be told"
        return Statement(UNTOLD, cannot, f"{cannot}. {why}", f"{cannot}.")
    since = words.period(earlier) if earlier is not None else str(change.from_label)
    before = words.amount(change.from_value, series)
    went = _moved(change, series)
    moved = f"{went} from {before} ({since})"
    brief = f"{went} from {words.bare(change.from_value, series)} ({since})"
    side = change.direction if change.direction in (BETTER, WORSE) else ""
    if change.is_more_than_chance is None:
        judged = f", which is {side}" if side else ""
        why = f" {change.not_tested}" if change.not_tested else ""
        return Statement(
            UNTOLD,
            moved,
            f"{moved}{judged}. Whether by more than chance cannot be told.{why}",
            brief + _NOT_FROM_CHANCE,
        )
    if not change.is_more_than_chance:
        no_more = ": no more than chance may do."
        return Statement(SIMILAR, moved, moved + no_more, brief + no_more)
    sign = side or (HIGHER if change.change > 0 else LOWER)
    more = f": {side or 'a change'}, by more than chance."
    return Statement(sign, moved, moved + more, brief + more)


def _moved(change: Change, series: Series) -> str:
    if change.change == 0:
        return "No change"
    direction = "Up" if (change.change or 0) > 0 else "Down"
    to = (change.from_value or 0) + (change.change or 0)
    same = words.rounded(to, series.decimals) == words.rounded(
        change.from_value or 0, series.decimals
    )
    return f"{direction} by less than is shown" if same else direction


def of_trend(trend: Change | None) -> Statement | None:
    """Which way the newest figures in a row went, where that is more than chance."""
    if trend is None or trend.is_more_than_chance is None:
        return None
    span = f"{trend.from_label} to {trend.to_label}"
    if not trend.is_more_than_chance:
        return Statement(SIMILAR, "No significant trend", f"No significant trend, {span}.")
    side = trend.direction or ""
    if side not in (BETTER, WORSE):
        return None
    return Statement(side, f"Getting {side}", f"Getting {side} over {span}, by more than chance.")


def of_quintile(
    series: Series, found: Comparison | None, limits: Mapping[int, tuple[float, float]] | None
) -> str:
    """`Quintile 2 of 5 (20.1% to 22.3%), of 151 councils; 1 has the lowest figures.`"""
    if found is None or found.quintile is None or not limits or found.quintile not in limits:
        return ""
    reach = words.reach(*limits[found.quintile], series)
    return (
        f"Quintile {found.quintile} of 5 ({reach}), of {found.councils} councils; quintile 1 has"
        " the lowest figures."
    )

"""Lines over time: a council's beside its comparators, and England's alone as a small shape.

A line never crosses a year without a figure, nor a break. `chart_data` gives the same figures to
`site.js`, which draws them anew with Vega-Lite when somebody asks to explore a chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from html import escape
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from warehouse.site import words
from warehouse.site.charts.scale import place, tick_text, ticks_of
from warehouse.site.figures import Figure, Series, segments

_WIDTH, _HEIGHT = 360, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 20, 24
# Where figures stand within: the first day and the width of all, the lowest value and the height.
_BEGIN, _WIDE = _LEFT + 6, _WIDTH - _LEFT - _RIGHT - 12
_GROUND, _HIGH = _HEIGHT - _BOTTOM, _HEIGHT - _TOP - _BOTTOM
# The council is drawn last, so that nothing covers it, and its neighbours beneath all others.
_LAYER, _BETWEEN = {"neighbour": 0, "council": 2}, 1
_END = attrgetter("end")

Point = tuple[float, float]
"""A day as a decimal year, and a value."""


@dataclass(eq=False)
class Line:
    """Figures that belong together, the oldest first.

    `kind` is council, england, region, neighbours (their median) or neighbour (one of them).
    """

    kind: str
    name: str
    figures: list[Figure]
    series: Series

    # As it was drawn before, by the scale.
    drawings: dict[_Scale, str] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def runs(self) -> list[list[Figure]]:
        """What may be joined."""
        return segments(self.figures, self.series.break_years)

    @cached_property
    def points(self) -> list[list[Point]]:
        """The same as days and values."""
        return [[(place(f.end), f.value or 0.0) for f in run] for run in self.runs]

    @cached_property
    def reach(self) -> tuple[float, ...]:
        """The lowest and the highest value; nothing where there is none."""
        values = [f.value for f in self.figures if f.value is not None]
        return (min(values), max(values)) if values else ()


@dataclass(frozen=True)
class Break:
    """A day from which figures do not compare with those before."""

    at: float
    label: str


def breaks_of(lines: Sequence[Line]) -> list[Break]:
    """Between two series of one measure, and inside a series where it says so."""
    found: dict[float, str] = {}
    council = [line for line in lines if line.kind in ("council", "england") and line.figures]
    kinds = {line.kind for line in council}
    main = [
        line for line in council if line.kind == ("council" if "council" in kinds else "england")
    ]
    for before, after in pairwise(main):
        if before.series != after.series:
            last, first = place(before.figures[-1].end), place(after.figures[0].end)
            found[(last + first) / 2] = "new definition"
    for line in main:
        for year in line.series.break_years:
            earlier = [f for f in line.figures if f.year < year]
            later = [f for f in line.figures if f.year >= year]
            if earlier and later:
                found.setdefault((place(earlier[-1].end) + place(later[0].end)) / 2, "break")
    return [Break(at, label) for at, label in sorted(found.items())]


class _Scale(NamedTuple):
    """The days, as decimal years, and the values that a small chart reaches from and to."""

    first: float
    last: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """Along the chart."""
        return _BEGIN + (at - self.first) / (self.last - self.first) * _WIDE

    def y(self, value: float) -> float:
        """Down the chart."""
        return _GROUND - (value - self.low) / (self.high - self.low) * _HIGH

    def points(self, held: Iterable[Point], point: str = "%.1f %.1f") -> list[str]:
        """Where days and values stand, as a path says it."""
        # As `x` and `y` have it, without two calls a point: there are hundreds of thousands.
        first, last, low, high = self
        days, reach = last - first, high - low
        return [
            point % (_BEGIN + (at - first) / days * _WIDE, _GROUND - (value - low) / reach * _HIGH)
            for at, value in held
        ]


class _Frame:
    """What a small chart of these lines has to hold."""

    def __init__(self, lines: Sequence[Line]) -> None:
        held = [line for line in lines if line.figures]
        self.own = [f for line in held if line.kind == "council" for f in line.figures]
        values = [v for line in held for v in line.reach]
        values += [v for f in self.own for v in (f.lower, f.upper) if v is not None]
        self.is_empty = not values
        share = all(line.series.unit == "%" for line in lines)
        places = max(line.series.decimals for line in lines)
        self.ticks = [0.0, 1.0] if self.is_empty else ticks_of(values, share=share, places=places)
        self.first = min((line.figures[0] for line in held), key=_END)
        # Of several that end together the last line's.
        self.last = max((line.figures[-1] for line in reversed(held)), key=_END)
        first, last = place(self.first.end), place(self.last.end)
        if last - first < 1:
            first, last = first - 0.5, last + 0.5
        self.scale = _Scale(first, last, self.ticks[0], self.ticks[-1])


def line_chart(lines: Sequence[Line], label: str) -> str:
    """A small chart of lines over time, the council's 95% confidence interval as a band."""
    if not any(line.figures for line in lines):
        return ""
    frame = _Frame(lines)
    if frame.is_empty:
        return ""
    scale = frame.scale
    ordered = sorted(lines, key=lambda line: _LAYER.get(line.kind, _BETWEEN))
    return "".join(
        [
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
            f' aria-label="{escape(label, quote=True)}">',
            *_axes(frame),
            *_break_rules(scale, breaks_of(lines)),
            *(_band(run, scale) for line in lines if line.kind == "council" for run in line.runs),
            *[_drawn(line, scale) for line in ordered],
            *(_cross(figure, scale) for figure in frame.own if figure.value is None),
            "</svg>",
        ]
    )


def _axes(frame: _Frame) -> Iterator[str]:
    for tick in frame.ticks:
        y = frame.scale.y(tick)
        yield (
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{tick_text(tick)}</text>"
        )
    first, last = frame.first, frame.last
    base = _HEIGHT - 6
    if first.end == last.end:
        yield _year(frame.scale.x(place(first.end)), base, "middle", first)
    else:
        yield _year(_LEFT, base, "start", first) + _year(_WIDTH - _RIGHT, base, "end", last)


def _year(x: float, y: float, anchor: str, figure: Figure) -> str:
    label = escape(words.label(figure.period_label))
    return f'<text class="tick" x="{x:.0f}" y="{y}" text-anchor="{anchor}">{label}</text>'


def _break_rules(scale: _Scale, breaks: Sequence[Break]) -> Iterator[str]:
    labelled_at = -1e9
    for found in breaks:
        x = scale.x(found.at)
        yield f'<path class="break" d="M{x:.1f} {_TOP - 6}V{_GROUND}"/>'
        # A word that would run into the one before is left out: the rule says the same.
        if x - labelled_at > 90:
            anchor = "end" if x > _WIDTH * 0.7 else "start" if x < 110 else "middle"
            yield (
                f'<text class="tick" x="{x:.1f}" y="{_TOP - 9}" text-anchor="{anchor}">'
                f"{found.label}</text>"
            )
            labelled_at = x


def _drawn(line: Line, scale: _Scale) -> str:
    """A line on a scale: drawn once, since councils share their neighbours and most scales."""
    drawn = line.drawings.get(scale)
    if drawn is None:
        drawn = line.drawings[scale] = _drawing(line, scale)
    return drawn


def _drawing(line: Line, scale: _Scale) -> str:
    """A line, and dots where it is the council's or where a figure stands alone."""
    # Ten faint lines of neighbours are half a page's weight: a pixel is near enough for them.
    point = "%.0f %.0f" if line.kind == "neighbour" else "%.1f %.1f"
    runs = [scale.points(run, point) for run in line.points]
    drawn = ""
    if path := "".join("M" + "L".join(run) for run in runs if len(run) > 1):
        drawn += f'<path class="line {line.kind}" d="{path}"/>'
    # A year alone is a dot: there is no line that it would lie on. Dots are a path of no length
    # with round ends: a fifth of a circle's weight.
    alone = [at for run in runs if line.kind == "council" or len(run) == 1 for at in run]
    if dots := "".join(f"M{at}h0" for at in alone):
        drawn += f'<path class="dots {line.kind}" d="{dots}"/>'
    return drawn


def _cross(figure: Figure, scale: _Scale) -> str:
    x, y = scale.x(place(figure.end)), _GROUND - 5
    text = escape(f"{words.period(figure)}: {words.status(figure)}")
    return f'<path class="mark" d="M{x - 3:.1f} {y - 3}l6 6m0 -6l-6 6"><title>{text}</title></path>'


def _band(run: list[Figure], scale: _Scale) -> str:
    """The interval of neighbours in time as an area, of a figure alone as a bar."""
    parts: list[str] = []
    limits = [(place(f.end), f.lower, f.upper) for f in run]
    for has_interval, group in groupby(limits, lambda limit: None not in limit):
        if not has_interval:
            continue
        held = [(at, lower or 0.0, upper or 0.0) for at, lower, upper in group]
        if len(held) == 1:
            [(at, lower, upper)] = held
            x, low, high = scale.x(at), scale.y(lower), scale.y(upper)
            parts.append(f'<path class="whisker" d="M{x:.1f} {low:.1f}V{high:.1f}"/>')
        else:
            top = "L".join(scale.points((at, upper) for at, _, upper in held))
            under = "L".join(scale.points((at, lower) for at, lower, _ in reversed(held)))
            parts.append(f'<path class="band" d="M{top}L{under}Z"/>')
    return "".join(parts)


def sparkline(line: Line) -> str:
    """A line for where words beside it say the figure: its shape alone."""
    if sum(map(len, line.points)) < 2:
        return ""
    low, high = line.reach
    span = high - low or 1.0
    x0, x1 = place(line.figures[0].end), place(line.figures[-1].end)

    def at(point: Point) -> tuple[float, float]:
        return 4 + (point[0] - x0) / (x1 - x0 or 1) * 92, 28 - (point[1] - low) / span * 24

    runs = [[at(point) for point in run] for run in line.points]
    path = "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs if len(run) > 1
    )
    dots = "".join(
        f'<circle class="dot england" cx="{x:.1f}" cy="{y:.1f}" r="1.8"/>'
        for run in runs
        if len(run) == 1
        for x, y in run
    )
    x, y = runs[-1][-1]
    return (
        '<svg class="spark" viewBox="0 0 100 32" aria-hidden="true" focusable="false">'
        f'<path class="line england" d="{path}"/>{dots}'
        f'<circle class="dot england" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/></svg>'
    )


def chart_data(lines: Sequence[Line], series: Series) -> dict[str, Any]:
    """A chart's figures for `explore.js`: a list a point, a null where a line must not go on."""
    ends = sorted({f.end: f for line in lines for f in line.figures}.items())
    places = {end: place for place, (end, _) in enumerate(ends)}
    drawn = [
        {"k": line.kind, "n": line.name, "p": _points_of(run, places, line.kind, series)}
        for line in lines
        for run in line.runs
    ]
    return {
        "u": series.unit,
        "d": series.decimals,
        "t": [[end.isoformat(), words.period(f), words.label(f.period_label)] for end, f in ends],
        "l": drawn,
        "b": [[round(found.at, 3), found.label] for found in breaks_of(lines)],
    }


def _points_of(
    run: list[Figure], places: Mapping[date, int], kind: str, series: Series
) -> list[list[float]]:
    """Each figure's place and value, and the council's limits too.

    Rounded as the words beside the chart say it, so that a chart never says otherwise.
    """
    decimals = series.decimals
    points = [[places[f.end], float(words.rounded(f.value or 0.0, decimals))] for f in run]
    if kind == "council":
        for f, point in zip(run, points, strict=True):
            if f.lower is not None and f.upper is not None:
                point += [float(words.rounded(v, max(decimals, 1))) for v in (f.lower, f.upper)]
    return points

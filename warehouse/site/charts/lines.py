"""Lines over time: a council's beside its comparators, and England's alone as a small shape.

A line never crosses a year without a figure, nor a break. `chart_data` gives the same figures to
`site.js`, which draws them anew with Vega-Lite when somebody asks to explore a chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from itertools import groupby, pairwise
from typing import Any

from warehouse.site import words
from warehouse.site.charts.scale import place, tick_text, ticks_of
from warehouse.site.figures import Figure, Series, segments

_WIDTH, _HEIGHT = 360, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 20, 24


@dataclass(frozen=True)
class Line:
    """Figures that belong together.

    `kind` is council, england, region, neighbours (their median) or neighbour (one of them).
    """

    kind: str
    name: str
    figures: list[Figure]
    series: Series

    @cached_property
    def runs(self) -> list[list[Figure]]:
        """What may be joined."""
        return segments(self.figures, self.series.break_years)


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


class _Frame:
    """Where a day and a value stand in a small chart of these lines."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.figures = sorted((f for line in lines for f in line.figures), key=lambda f: f.end)
        self.own = [f for line in lines if line.kind == "council" for f in line.figures]
        values = [f.value for f in self.figures if f.value is not None]
        values += [v for f in self.own for v in (f.lower, f.upper) if v is not None]
        self.is_empty = not values
        share = all(line.series.unit == "%" for line in lines)
        places = max(line.series.decimals for line in lines)
        self.ticks = [0.0, 1.0] if self.is_empty else ticks_of(values, share=share, places=places)
        first, last = place(self.figures[0].end), place(self.figures[-1].end)
        self._first, self._last = (first, last) if last - first >= 1 else (first - 0.5, last + 0.5)
        # Lines share their days, and ten neighbours' are most of what is drawn.
        self._along: dict[date, float] = {}

    def at(self, decimal_year: float) -> float:
        """Along the chart."""
        share = (decimal_year - self._first) / (self._last - self._first)
        return _LEFT + 6 + share * (_WIDTH - _LEFT - _RIGHT - 12)

    def x(self, figure: Figure) -> float:
        """Along the chart."""
        x = self._along.get(figure.end)
        if x is None:
            x = self._along[figure.end] = self.at(place(figure.end))
        return x

    def y(self, value: float | None) -> float:
        """Down the chart."""
        low, high = self.ticks[0], self.ticks[-1]
        share = ((value or 0.0) - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def line_chart(lines: Sequence[Line], label: str) -> str:
    """A small chart of lines over time, the council's 95% confidence interval as a band."""
    if not any(line.figures for line in lines):
        return ""
    frame = _Frame(lines)
    if frame.is_empty:
        return ""
    # The council last, so that nothing covers it, and its neighbours beneath all others.
    ordered = sorted(lines, key=lambda line: (line.kind == "council", line.kind != "neighbour"))
    return "".join(
        [
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
            f' aria-label="{escape(label, quote=True)}">',
            *_axes(frame),
            *_break_rules(frame, breaks_of(lines)),
            *(_band(run, frame) for line in lines if line.kind == "council" for run in line.runs),
            *(drawn for line in ordered for drawn in _drawn(line, frame)),
            *(_cross(figure, frame) for figure in frame.own if figure.value is None),
            "</svg>",
        ]
    )


def _axes(frame: _Frame) -> Iterator[str]:
    for tick in frame.ticks:
        y = frame.y(tick)
        yield (
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{tick_text(tick)}</text>"
        )
    first, last = frame.figures[0], frame.figures[-1]
    base = _HEIGHT - 6
    if first.end == last.end:
        yield _year(frame.x(first), base, "middle", first)
    else:
        yield _year(_LEFT, base, "start", first) + _year(_WIDTH - _RIGHT, base, "end", last)


def _year(x: float, y: float, anchor: str, figure: Figure) -> str:
    label = escape(words.label(figure.period_label))
    return f'<text class="tick" x="{x:.0f}" y="{y}" text-anchor="{anchor}">{label}</text>'


def _break_rules(frame: _Frame, breaks: Sequence[Break]) -> Iterator[str]:
    labelled_at = -1e9
    for found in breaks:
        x = frame.at(found.at)
        yield f'<path class="break" d="M{x:.1f} {_TOP - 6}V{_HEIGHT - _BOTTOM}"/>'
        # A word that would run into the one before is left out: the rule says the same.
        if x - labelled_at > 90:
            anchor = "end" if x > _WIDTH * 0.7 else "start" if x < 110 else "middle"
            yield (
                f'<text class="tick" x="{x:.1f}" y="{_TOP - 9}" text-anchor="{anchor}">'
                f"{found.label}</text>"
            )
            labelled_at = x


def _drawn(line: Line, frame: _Frame) -> Iterator[str]:
    """A line, and dots where it is the council's or where a figure stands alone."""
    # Ten faint lines of neighbours are half a page's weight: a pixel is near enough for them.
    places = 0 if line.kind == "neighbour" else 1
    path = "".join(_path(run, frame, places) for run in line.runs)
    if path:
        yield f'<path class="line {line.kind}" d="{path}"/>'
    # A year alone is a dot: there is no line that it would lie on.
    alone = [f for run in line.runs for f in run if line.kind == "council" or len(run) == 1]
    if alone:
        # Dots are a path of no length with round ends: a fifth of a circle's weight.
        dots = "".join(f"M{frame.x(f):.{places}f} {frame.y(f.value):.{places}f}h0" for f in alone)
        yield f'<path class="dots {line.kind}" d="{dots}"/>'


def _cross(figure: Figure, frame: _Frame) -> str:
    x, y = frame.x(figure), _HEIGHT - _BOTTOM - 5
    text = escape(f"{words.period(figure)}: {words.status(figure)}")
    return f'<path class="mark" d="M{x - 3:.1f} {y - 3}l6 6m0 -6l-6 6"><title>{text}</title></path>'


def _path(run: list[Figure], frame: _Frame, places: int) -> str:
    if len(run) < 2:
        return ""
    return "M" + "L".join(f"{frame.x(f):.{places}f} {frame.y(f.value):.{places}f}" for f in run)


def _band(run: list[Figure], frame: _Frame) -> str:
    """The interval of neighbours in time as an area, of a figure alone as a bar."""
    parts: list[str] = []
    for has_interval, group in groupby(run, lambda f: None not in (f.lower, f.upper)):
        held = list(group)
        if has_interval and len(held) == 1:
            f = held[0]
            parts.append(
                f'<path class="whisker" d="M{frame.x(f):.1f} {frame.y(f.lower):.1f}'
                f'V{frame.y(f.upper):.1f}"/>'
            )
        elif has_interval:
            top = "L".join(f"{frame.x(f):.1f} {frame.y(f.upper):.1f}" for f in held)
            under = "L".join(f"{frame.x(f):.1f} {frame.y(f.lower):.1f}" for f in reversed(held))
            parts.append(f'<path class="band" d="M{top}L{under}Z"/>')
    return "".join(parts)


def sparkline(figures: list[Figure], series: Series) -> str:
    """England's line for the home page: its shape alone, the words beside it say the figure."""
    values = [f.value for f in figures if f.value is not None]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = high - low or 1.0
    x0, x1 = place(figures[0].end), place(figures[-1].end)

    def x(figure: Figure) -> float:
        return 4 + (place(figure.end) - x0) / (x1 - x0 or 1) * 92

    def y(value: float) -> float:
        return 28 - (value - low) / span * 24

    runs = segments(figures, series.break_years)
    path = "".join(
        "M" + "L".join(f"{x(f):.1f} {y(f.value or 0):.1f}" for f in run)
        for run in runs
        if len(run) > 1
    )
    dots = "".join(
        f'<circle class="dot england" cx="{x(f):.1f}" cy="{y(f.value or 0):.1f}" r="1.8"/>'
        for run in runs
        if len(run) == 1
        for f in run
    )
    newest = [f for f in figures if f.value is not None][-1]
    return (
        '<svg class="spark" viewBox="0 0 100 32" aria-hidden="true" focusable="false">'
        f'<path class="line england" d="{path}"/>{dots}'
        f'<circle class="dot england" cx="{x(newest):.1f}" cy="{y(newest.value or 0):.1f}"'
        ' r="2.6"/></svg>'
    )


def _rounded(value: float | None, series: Series, least: int = 0) -> float | None:
    """As the words beside the chart say it, so that a chart never says otherwise."""
    if value is None:
        return None
    return float(words.rounded(value, max(series.decimals, least)))


def chart_data(lines: Sequence[Line], series: Series) -> dict[str, Any]:
    """A chart's figures for `explore.js`: a list a point, a null where a line must not go on."""
    ends = sorted({f.end: f for line in lines for f in line.figures}.items())
    places = {end: place for place, (end, _) in enumerate(ends)}
    drawn: list[dict[str, Any]] = []
    for line in lines:
        for run in line.runs:
            points = []
            for f in run:
                point: list[object] = [places[f.end], _rounded(f.value, series)]
                if line.kind == "council" and None not in (f.lower, f.upper):
                    point += [_rounded(f.lower, series, 1), _rounded(f.upper, series, 1)]
                points.append(point)
            drawn.append({"k": line.kind, "n": line.name, "p": points})
    return {
        "u": series.unit,
        "d": series.decimals,
        "t": [[end.isoformat(), words.period(f), words.label(f.period_label)] for end, f in ends],
        "l": drawn,
        "b": [[round(found.at, 3), found.label] for found in breaks_of(lines)],
    }

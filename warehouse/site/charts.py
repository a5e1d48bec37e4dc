"""Pictures: a council's line beside its comparators, and all councils of a year as dots.

Drawn as plain SVG that is there before any script runs, prints, and takes its colours from the
style sheet, so that light and dark are one file. A line never crosses a year without a figure, nor
a break. The same figures are told to `explore.js`, which draws them anew with Vega-Lite when
somebody asks to explore a chart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from itertools import groupby, pairwise
from typing import Any

from warehouse.site import words
from warehouse.site.figures import Figure, Series, segments

_WIDTH, _HEIGHT = 360, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 20, 24
# What two dots of a strip keep between them, and how far a strip may grow.
_DOT, _ROW = 5.0, 46
_STRIP_WIDTH = 720


@dataclass(frozen=True)
class Line:
    """Figures that belong together: `kind` is council, england, region or neighbours."""

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


def place(day: date) -> float:
    """A day as a decimal year."""
    return day.year + (day.month - 1) / 12 + (day.day - 1) / 365.25


def nice_ticks(low: float, high: float, wanted: int = 3) -> list[float]:
    """Round numbers that hold the range: about as many as wanted."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = math.floor(low / step + 1e-9) * step
    count = math.ceil((high - first) / step - 1e-9)
    return [round(first + step * i, 10) for i in range(count + 1)]


def _tick(value: float) -> str:
    return f"{value:,.10g}"


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
        self.ticks = [0.0, 1.0] if self.is_empty else _ticks(min(values), max(values))
        first, last = place(self.figures[0].end), place(self.figures[-1].end)
        self._first, self._last = (first, last) if last - first >= 1 else (first - 0.5, last + 0.5)

    def at(self, decimal_year: float) -> float:
        """Along the chart."""
        share = (decimal_year - self._first) / (self._last - self._first)
        return _LEFT + 6 + share * (_WIDTH - _LEFT - _RIGHT - 12)

    def x(self, figure: Figure) -> float:
        """Along the chart."""
        return self.at(place(figure.end))

    def y(self, value: float | None) -> float:
        """Down the chart."""
        low, high = self.ticks[0], self.ticks[-1]
        share = ((value or 0.0) - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _ticks(low: float, high: float, wanted: int = 3) -> list[float]:
    """From zero where zero is near; neither line nor dot has an area that a cut would falsify."""
    return nice_ticks(0.0 if 0 <= low < high * 0.6 else low, high, wanted)


def line_chart(lines: Sequence[Line], label: str) -> str:
    """A small chart of lines over time, the council's with its 95% interval as a band."""
    if not any(line.figures for line in lines):
        return ""
    frame = _Frame(lines)
    if frame.is_empty:
        return ""
    # The council last, so that nothing covers it.
    ordered = sorted(lines, key=lambda line: line.kind == "council")
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
            f"{_tick(tick)}</text>"
        )
    first, last = frame.figures[0], frame.figures[-1]
    base = _HEIGHT - 6
    if first.end == last.end:
        yield _year(frame.x(first), base, "middle", first)
    else:
        yield _year(_LEFT, base, "start", first) + _year(_WIDTH - _RIGHT, base, "end", last)


def _year(x: float, y: float, anchor: str, figure: Figure) -> str:
    said = words.short_period(figure)
    return f'<text class="tick" x="{x:.0f}" y="{y}" text-anchor="{anchor}">{said}</text>'


def _break_rules(frame: _Frame, breaks: Sequence[Break]) -> Iterator[str]:
    told = -1e9
    for found in breaks:
        x = frame.at(found.at)
        yield f'<path class="break" d="M{x:.1f} {_TOP - 6}V{_HEIGHT - _BOTTOM}"/>'
        # A word that would run into the one before is left out: the rule says the same.
        if x - told > 90:
            anchor = "end" if x > _WIDTH * 0.7 else "start" if x < 110 else "middle"
            yield (
                f'<text class="tick" x="{x:.1f}" y="{_TOP - 9}" text-anchor="{anchor}">'
                f"{found.label}</text>"
            )
            told = x


def _drawn(line: Line, frame: _Frame) -> Iterator[str]:
    """A line, and dots where it is the council's or where a figure stands alone."""
    path = "".join(_path(run, frame) for run in line.runs)
    if path:
        yield f'<path class="line {line.kind}" d="{path}"/>'
    size = 2.6 if line.kind == "council" else 2
    for run in line.runs:
        for f in run if line.kind == "council" or len(run) == 1 else ():
            yield (
                f'<circle class="dot {line.kind}" cx="{frame.x(f):.1f}" cy="{frame.y(f.value):.1f}"'
                f' r="{size}"/>'
            )


def _cross(figure: Figure, frame: _Frame) -> str:
    x, y = frame.x(figure), _HEIGHT - _BOTTOM - 5
    said = escape(f"{words.period(figure)}: {words.status(figure)}")
    return f'<path class="mark" d="M{x - 3:.1f} {y - 3}l6 6m0 -6l-6 6"><title>{said}</title></path>'


def _path(run: list[Figure], frame: _Frame) -> str:
    if len(run) < 2:
        return ""
    return "M" + "L".join(f"{frame.x(f):.1f} {frame.y(f.value):.1f}" for f in run)


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


def strip_plot(
    rows: Sequence[tuple[str, list[Figure]]],
    series: Series,
    england: Figure | None,
    label: str,
) -> str:
    """Every council as a dot at its value, a strip a region: how they spread, not who is first."""
    values = [f.value for _, figures in rows for f in figures if f.value is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    if england is not None and england.value is not None:
        low, high = min(low, england.value), max(high, england.value)
    ticks = _ticks(low, high, 6)
    y0, y1 = ticks[0], ticks[-1]
    left, right, top = 16, 24, 34

    def x(value: float) -> float:
        return left + (value - y0) / (y1 - y0) * (_STRIP_WIDTH - left - right)

    height = top + _ROW * len(rows) + 26
    parts = [
        f'<svg class="chart strip" viewBox="0 0 {_STRIP_WIDTH} {height}" role="img"'
        f' aria-label="{escape(label, quote=True)}">'
    ]
    for tick in ticks:
        parts.append(
            f'<path class="grid" d="M{x(tick):.1f} {top}V{height - 24}"/>'
            f'<text class="tick" x="{x(tick):.1f}" y="{height - 6}" text-anchor="middle">'
            f"{_tick(tick)}</text>"
        )
    if england is not None and england.value is not None:
        line_x = x(england.value)
        anchor = (
            "start"
            if line_x < _STRIP_WIDTH * 0.2
            else "end"
            if line_x > _STRIP_WIDTH * 0.8
            else "middle"
        )
        parts.append(
            f'<path class="line england" d="M{line_x:.1f} {top - 10}V{height - 24}"/>'
            f'<text class="label" x="{line_x:.1f}" y="{top - 16}" text-anchor="{anchor}">'
            f"England {escape(words.amount(england.value, series))}</text>"
        )
    for number, (region, figures) in enumerate(rows):
        ground = top + _ROW * number
        parts.append(
            f'<path class="grid" d="M{left} {ground + _ROW}H{_STRIP_WIDTH - right}"/>'
            f'<text class="label halo" x="{left}" y="{ground + 15}">{escape(region)}</text>'
        )
        for figure, cx, cy in _stacked(figures, x):
            parts.append(
                f'<circle class="dot council" cx="{cx:.1f}" cy="{ground + 33 + cy:.1f}" r="4">'
                f"<title>{escape(figure.area_name)}:"
                f" {escape(words.amount(figure.value or 0, series))}</title></circle>"
            )
    parts.append("</svg>")
    return "".join(parts)


def _stacked(figures: Iterable[Figure], x: Any) -> list[tuple[Figure, float, float]]:
    """Dots beside each other where one would hide the next, as near to the middle as may be."""
    placed: list[tuple[Figure, float, float]] = []
    for figure in sorted(figures, key=lambda f: (f.value or 0, f.area_name)):
        if figure.value is None:
            continue
        cx = x(figure.value)
        near = [(px, py) for _, px, py in placed if cx - px < 2 * _DOT]
        for cy in (0.0, -6.0, 6.0, -12.0, 9.0):
            if all(math.hypot(cx - px, cy - py) >= _DOT * 1.3 for px, py in near):
                break
        else:
            cy = 0.0
        placed.append((figure, cx, cy))
    return placed


def told(lines: Sequence[Line], series: Series) -> dict[str, Any]:
    """A chart's figures for `explore.js`: a list a point, a null where a line must not go on."""
    ends = sorted({f.end: words.period(f) for line in lines for f in line.figures}.items())
    places = {end: place for place, (end, _) in enumerate(ends)}
    drawn: list[dict[str, Any]] = []
    for line in lines:
        for run in line.runs:
            points = []
            for f in run:
                point: list[Any] = [places[f.end], f.value]
                if line.kind == "council" and f.lower is not None:
                    point += [f.lower, f.upper]
                points.append(point)
            drawn.append({"k": line.kind, "n": line.name, "p": points})
    return {
        "u": series.unit,
        "d": series.decimals,
        "t": [[end.isoformat(), said] for end, said in ends],
        "l": drawn,
        "b": [[round(found.at, 3), found.label] for found in breaks_of(lines)],
    }

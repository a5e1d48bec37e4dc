"""Every council of a period as a dot at its figure, a strip a region: the spread, and no ranking.

The axis holds all periods of the series, so that dots move and the axis stays when a reader goes
back through the years.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from warehouse.site import words
from warehouse.site.charts.scale import tick_text, ticks_of
from warehouse.site.figures import Council, Figure, Series

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 720, 16, 24, 34, 46
# What two dots keep between their middles, and how far from its line a dot may be moved.
_APART = 6.5
SLOTS = (0, -6, 6, -12, 9)


@dataclass(frozen=True)
class Strip:
    """A strip plot: its picture, and what a script needs to move its dots."""

    svg: str
    # Left and right end of the axis in the picture, and the figures there.
    axis: tuple[float, float, float, float]


class _Scale:
    def __init__(self, values: Sequence[float], share: bool) -> None:
        self.ticks = ticks_of(values, 6, share)
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def x(self, value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        return _LEFT + (value - self.low) / (self.high - self.low) * room


def strip_plot(
    councils: Sequence[Council],
    shown: Mapping[str, Figure],
    series: Series,
    values: Sequence[float],
    england: Figure | None,
    label: str,
) -> Strip | None:
    """The councils' figures of one period, by region; `values` are those of every period."""
    regions: dict[str, list[Council]] = {}
    for council in sorted(councils, key=lambda one: one.region_name):
        regions.setdefault(council.region_name, []).append(council)
    if not values:
        return None
    scale = _Scale(values, series.unit == "%")
    height = _TOP + _ROW * len(regions) + 26
    parts = [
        f'<svg class="chart strip" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(label, quote=True)}">'
    ]
    for tick in scale.ticks:
        parts.append(
            f'<path class="grid" d="M{scale.x(tick):.1f} {_TOP}V{height - 24}"/>'
            f'<text class="tick" x="{scale.x(tick):.1f}" y="{height - 6}" text-anchor="middle">'
            f"{tick_text(tick)}</text>"
        )
    if england is not None and england.value is not None:
        parts.append(_england(scale, england.value, series, height))
    for number, (region, members) in enumerate(regions.items()):
        ground = _TOP + _ROW * number
        parts.append(
            f'<path class="grid" d="M{_LEFT} {ground + _ROW}H{_WIDTH - _RIGHT}"/>'
            f'<text class="label halo" x="{_LEFT}" y="{ground + 15}">{escape(region)}</text>'
            f'<g data-ground="{ground + 33}">'
        )
        for figure, council, slot in stacked(members, shown, scale.x):
            title = f"{council.name}: {words.amount(figure.value or 0, series)}"
            parts.append(
                f'<circle class="dot council" data-council="{council.slug}"'
                f' cx="{scale.x(figure.value or 0):.1f}" cy="{ground + 33 + SLOTS[slot]}" r="4">'
                f"<title>{escape(title)}</title></circle>"
            )
        parts.append("</g>")
    parts.append("</svg>")
    return Strip("".join(parts), (_LEFT, _WIDTH - _RIGHT, scale.low, scale.high))


def _england(scale: _Scale, value: float, series: Series, height: float) -> str:
    x = scale.x(value)
    anchor = "start" if x < _WIDTH * 0.2 else "end" if x > _WIDTH * 0.8 else "middle"
    return (
        f'<g class="of-england"><path class="line england" d="M{x:.1f} {_TOP - 10}V{height - 24}"/>'
        f'<text class="label" x="{x:.1f}" y="{_TOP - 16}" text-anchor="{anchor}">'
        f"England {escape(words.amount(value, series))}</text></g>"
    )


def stacked(
    councils: Sequence[Council], shown: Mapping[str, Figure], x: Callable[[float], float]
) -> list[tuple[Figure, Council, int]]:
    """Each council with a number and its slot of `SLOTS`: beside each other, none on another."""
    held = [(shown[c.code], c) for c in councils if c.code in shown]
    placed: list[tuple[Figure, Council, int]] = []
    taken: list[tuple[float, int]] = []
    for figure, council in sorted(held, key=lambda one: (one[0].value or 0, one[1].name)):
        if figure.value is None:
            continue
        cx = x(figure.value)
        near = [(px, SLOTS[at]) for px, at in taken[-12:] if cx - px < 2 * _APART]
        free = (
            slot
            for slot, cy in enumerate(SLOTS)
            if all(math.hypot(cx - px, cy - py) >= _APART for px, py in near)
        )
        slot = next(free, 0)
        taken.append((cx, slot))
        placed.append((figure, council, slot))
    return placed

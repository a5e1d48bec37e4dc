"""A map of England with one equal tile a council: where figures are high, low or missing.

Quintiles are five steps of one hue, each with its limits in the key; a council without a figure is
hatched. Regions are outlined. The table beneath says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from warehouse.site.figures import Council

SIDE = 40


def tile_map(
    councils: Sequence[Council],
    quintiles: Mapping[str, int],
    texts: Mapping[str, str],
    label: str,
    name: str,
) -> str:
    """Each council's tile in its quintile's step; `name` tells maps of a page apart."""
    placed = {council.tile: council for council in councils if council.tile is not None}
    if not placed:
        return ""
    width = max(column for column, _ in placed) * SIDE + 4
    height = max(row for _, row in placed) * SIDE + 4
    parts = [
        f'<svg class="chart tiles" viewBox="-2 -2 {width} {height}" role="img"'
        f' aria-label="{escape(label, quote=True)}">'
        f'<defs><pattern id="{name}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>'
    ]
    for (column, row), council in sorted(placed.items()):
        x, y = (column - 1) * SIDE, (row - 1) * SIDE
        quintile = quintiles.get(council.code)
        kind = f"q{quintile}" if quintile else "q0"
        parts.append(
            f'<rect class="tile {kind}" data-council="{council.slug}" x="{x + 1}" y="{y + 1}"'
            f' width="{SIDE - 2}" height="{SIDE - 2}">'
            f"<title>{escape(council.name)}: {escape(texts.get(council.code, 'no figure'))}</title>"
            "</rect>"
        )
    parts.append(f'<path class="outline" d="{_outlines(placed)}"/></svg>')
    # The hatching is of this map alone.
    return "".join(parts).replace('class="tile q0"', f'class="tile q0" fill="url(#{name}-hatch)"')


def _outlines(placed: Mapping[tuple[int, int], Council]) -> str:
    """The edges between a tile and whatever is not of its region."""
    drawn: set[str] = set()
    for (column, row), council in placed.items():
        x, y = (column - 1) * SIDE, (row - 1) * SIDE
        for beside, edge in (
            ((column - 1, row), f"M{x} {y}v{SIDE}"),
            ((column + 1, row), f"M{x + SIDE} {y}v{SIDE}"),
            ((column, row - 1), f"M{x} {y}h{SIDE}"),
            ((column, row + 1), f"M{x} {y + SIDE}h{SIDE}"),
        ):
            there = placed.get(beside)
            if there is None or there.region_code != council.region_code:
                drawn.add(edge)
    return "".join(sorted(drawn))

"""Axes: round numbers that hold what is drawn, and where a day stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def place(day: date) -> float:
    """A day as a decimal year."""
    return day.year + (day.month - 1) / 12 + (day.day - 1) / 365.25


def nice_ticks(low: float, high: float, wanted: int = 3, finest: float = 0.0) -> list[float]:
    """Round numbers that hold the range: about as many as wanted, and none closer than `finest`."""
    rough = max((high - low) / wanted, finest)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = math.floor(low / step + 1e-9) * step
    count = math.ceil((high - first) / step - 1e-9)
    return [round(first + step * i, 10) for i in range(count + 1)]


def tick_text(value: float) -> str:
    """A tick as it is written: no digit more than it needs."""
    return f"{value:,.10g}"


def ticks_of(
    values: Sequence[float], wanted: int = 3, share: bool = False, places: int = 9
) -> list[float]:
    """Ticks that hold the values, no closer than figures of so many places are told apart.

    From zero where zero is near; neither line nor dot has an area that a cut would falsify. A value
    alone stands in the middle of a tenth of itself to either side; a share stays within 0 and 100.
    """
    low, high = min(values), max(values)
    if low == high:
        room = abs(low) / 10 or 1.0
        low, high = (low - room if low < 0 or low >= room else 0.0), high + room
        if share:
            low, high = max(low, 0.0), min(max(high, 1.0), 100.0)
    return nice_ticks(0.0 if 0 <= low < high * 0.6 else low, high, wanted, 10.0**-places)

"""Parts of the frame of figures: one thing looked at a row, its distance, and it in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd


def part(column: str, distance: Any, found: Sequence[str | None]) -> Any:
    """Rows of a rule: how far each thing is off, and its wording where it is."""
    return pd.DataFrame(
        {
            column: np.asarray(distance, dtype="float64"),
            "found": pd.Series(list(found), dtype="str"),
        }
    )


def in_rows(column: str, at: Sequence[int], what: str) -> Any:
    """One row of a rule: how many source rows are as they should not be, and the first of them."""
    words = f"{what} in row {', '.join(map(str, at[:5]))}"
    return part(column, [len(at)], [words if at else None])


def said(off: Any, *told: Any, wording: str) -> list[str | None]:
    """The wording of each row that is off; nothing for the rest, which are the most."""
    found: list[str | None] = [None] * len(off)
    for position in np.flatnonzero(off):
        found[position] = wording.format(*(cells[position] for cells in told))
    return found


def when(position: float) -> str:
    """A period as one reads it, by its position in time (`Period.position`).

    `2019`, or the month in which a quarter or a day lies: `March 2019`.
    """
    year, part_of_year = divmod(position, 1)
    if not part_of_year:
        return f"{year:.0f}"
    return f"{date(int(year), 1, 1) + timedelta(days=round(part_of_year * 366)):%B %Y}"

"""The columns of a described load, by name, as arrays that are worked out once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import pandas as pd

from ingest.contracts import RowFilter
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Made = TypeVar("_Made")

AREA_LEVEL = "area level"
COUNCIL_CODE = "council code"
COUNCIL_UNKNOWN = "council code not known"
REGION_CODE = "region code"
COUNTRY_CODE = "country code"
PERIOD = "period label"
PERIOD_UNREAD = "period not read"
YEAR = "period year"
EMPTIED = "emptied by a correction"

# Stands where a file has two numbers for one cell; the facts have it as a status.
CONFLICTING = "[conflicting]"

AREA_LEVELS = ("country", "region", "council", "district")
IGNORED_LEVEL = "ignored"

# DfE prints Inner and Outer London (E13) in its place, or beside it.
LONDON = "E12000007"

# What publishers print: no thousands separators, no exponents (217,628 rows of 35 files read).
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"


def numeric(column: str) -> str:
    """The derived column that holds a column's numbers, null where the cell is a mark."""
    return f"{column} as a number"


def no_council(column: str) -> str:
    """The derived column that holds a column's cells where they name no council."""
    return f"{column} of no council"


class Columns:
    """A described load's columns as plain arrays, row for row, each worked out once.

    What many checks ask is asked of these: a data frame answers each of them anew. Arrays that
    are handed out are not to be written to.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self._made: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def once(self, what: Hashable, make: Callable[[], _Made]) -> _Made:
        """What follows from the rows alone, worked out when it is first asked for."""
        if what not in self._made:
            self._made[what] = make()
        return cast(_Made, self._made[what])

    def codes(self, name: str) -> tuple[NDArray[np.intp], list[str]]:
        """For each cell its place among the distinct ones, -1 where it is null; and those."""

        def make() -> tuple[NDArray[np.intp], list[str]]:
            found, distinct = pd.factorize(self.rows[name])
            return found, distinct.tolist()

        return self.once(("codes", name), make)

    def there(self, name: str) -> NDArray[np.bool_]:
        """Which cells are not null."""
        return self.once(("there", name), lambda: self.codes(name)[0] >= 0)

    def texts(self, name: str) -> NDArray[np.object_]:
        """Cells as text, nan where they are null."""

        def make() -> NDArray[np.object_]:
            found, distinct = self.codes(name)
            return np.array([*distinct, np.nan], dtype=object)[found]

        return self.once(("texts", name), make)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The numbers of a column of figures, nan where a cell is a mark."""
        return self.once(("numbers", name), lambda: np.asarray(self.rows[numeric(name)]))

    def decimals(self, name: str) -> NDArray[np.intp]:
        """How many decimals each cell prints, but for noughts that fill it up."""

        def make() -> NDArray[np.intp]:
            found, distinct = self.codes(name)
            places = [len(cell.partition(".")[2].rstrip("0")) for cell in distinct]
            return np.array([*places, 0], dtype=int)[found]

        return self.once(("decimals", name), make)

    def equal(self, name: str, cell: str) -> NDArray[np.bool_]:
        """Which cells are this one, to the letter."""
        return self.among(name, (cell,))

    def among(self, name: str, cells: Sequence[str]) -> NDArray[np.bool_]:
        """Which cells are one of these, to the letter."""

        def make() -> NDArray[np.bool_]:
            found, distinct = self.codes(name)
            wanted = {*cells}
            return np.array([*(cell in wanted for cell in distinct), False])[found]

        return self.once(("among", name, tuple(cells)), make)

    def where(self, allowed: RowFilter) -> NDArray[np.bool_]:
        """Which rows have one of the cells allowed in each column."""
        hit = np.ones(len(self.rows), dtype=bool)
        for column, cells in allowed.items():
            hit &= self.among(column, cells)
        return hit

    @property
    def years(self) -> NDArray[np.float64]:
        """Where each row's period lies in time, nan where it has none."""
        return self.once("years", lambda: np.asarray(self.rows[YEAR]))

    @property
    def source_rows(self) -> NDArray[np.int64]:
        """The source row of each row."""
        return self.once("source rows", lambda: np.asarray(self.rows[SOURCE_ROW]))

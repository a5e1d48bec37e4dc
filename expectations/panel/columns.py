"""The columns of a described load, by name, as arrays that are worked out once."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import pandas as pd

from ingest.contracts.figure_checks import RowFilter
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Coded:
    """Cells by what each says: for each its place among the distinct ones, -1 where it is null.

    Each of the distinct cells stands somewhere; they are in the order in which they first do.
    """

    found: NDArray[np.intp]
    distinct: list[str]

    @classmethod
    def of(cls, cells: pd.Series[str]) -> Coded:
        """The cells of a column of text."""
        found, distinct = pd.factorize(cells)
        return cls(found, distinct.tolist())

    @property
    def there(self) -> NDArray[np.bool_]:
        """Which cells are not null."""
        return self.found >= 0

    def each(self, meaning: Callable[[str], str | None]) -> Coded:
        """What each cell means, asked once a distinct cell; null stays null."""
        meanings = [meaning(cell) for cell in self.distinct]
        if meanings == self.distinct:
            return self
        places: dict[str, int] = {}
        of = [-1 if one is None else places.setdefault(one, len(places)) for one in meanings]
        return Coded(np.array([*of, -1])[self.found], [*places])

    def numbers(self, meaning: Callable[[str], float | None]) -> NDArray[np.float64]:
        """What each cell means as a number, asked once a distinct cell; nan where it means none."""
        meanings = [meaning(cell) for cell in self.distinct]
        return np.array([*meanings, None], dtype="float64")[self.found]

    def only(self, kept: NDArray[np.bool_]) -> Coded:
        """The cells of some rows; those of all others are null."""
        return Coded(np.where(kept, self.found, -1), self.distinct)._compact()

    def among(self, cells: Container[str]) -> NDArray[np.bool_]:
        """Which cells are one of these, to the letter."""
        return np.array([*(cell in cells for cell in self.distinct), False])[self.found]

    def else_(self, other: Coded) -> Coded:
        """These cells, and where they are null the other's."""
        found = np.where(other.there, other.found + len(self.distinct), -1)
        both = Coded(np.where(self.there, self.found, found), [*self.distinct, *other.distinct])
        return both._compact()

    def texts(self) -> NDArray[np.object_]:
        """Cells as text, nan where they are null."""
        return np.array([*self.distinct, np.nan], dtype=object)[self.found]

    def cells(self) -> pd.api.extensions.ExtensionArray:
        """The cells as a data frame holds them."""
        return pd.array([*self.distinct, None], dtype="str").take(self.found)

    def _compact(self) -> Coded:
        """With each of the distinct cells once, and none that stands nowhere."""
        used = pd.unique(self.found[self.there])
        places: dict[str, int] = {}
        of = np.full(len(self.distinct) + 1, -1)
        for at in used.tolist():
            of[at] = places.setdefault(self.distinct[at], len(places))
        return Coded(of[self.found], [*places])


AREA_LEVEL = "area level"
COUNCIL_CODE = "council code"
COUNCIL_UNKNOWN = "council code not known"
REGION_CODE = "region code"
COUNTRY_CODE = "country code"
PERIOD = "period label"
PERIOD_UNREAD = "period not read"
YEAR = "period year"
EMPTIED = "emptied by a correction"

AREA_LEVELS = ("country", "region", "council", "district")

# DfE prints Inner and Outer London (E13) in its place, or beside it.
LONDON = "E12000007"


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

    def __init__(self, rows: pd.DataFrame, known: Mapping[str, Coded] | None = None) -> None:
        self.rows = rows
        self._codes = dict(known or {})
        self._made: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def once(self, what: Hashable, make: Callable[[], _Made]) -> _Made:
        """What follows from the rows alone, worked out when it is first asked for."""
        if what not in self._made:
            self._made[what] = make()
        return cast(_Made, self._made[what])

    def codes(self, name: str) -> Coded:
        """A column's cells by what each says."""
        if name not in self._codes:
            self._codes[name] = Coded.of(self.rows[name])
        return self._codes[name]

    def there(self, name: str) -> NDArray[np.bool_]:
        """Which cells are not null."""
        return self.once(("there", name), lambda: self.codes(name).there)

    def texts(self, name: str) -> NDArray[np.object_]:
        """Cells as text, nan where they are null."""
        return self.once(("texts", name), self.codes(name).texts)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The numbers of a column of figures, nan where a cell is a mark."""
        return self.once(("numbers", name), lambda: np.asarray(self.rows[numeric(name)]))

    def decimals(self, name: str) -> NDArray[np.intp]:
        """How many decimals each cell prints, but for noughts that fill it up."""

        def make() -> NDArray[np.intp]:
            cells = self.codes(name)
            places = [len(cell.partition(".")[2].rstrip("0")) for cell in cells.distinct]
            return np.array([*places, 0], dtype=int)[cells.found]

        return self.once(("decimals", name), make)

    def equal(self, name: str, cell: str) -> NDArray[np.bool_]:
        """Which cells are this one, to the letter."""
        return self.among(name, (cell,))

    def among(self, name: str, cells: Sequence[str]) -> NDArray[np.bool_]:
        """Which cells are one of these, to the letter."""
        return self.once(("among", name, tuple(cells)), lambda: self.codes(name).among({*cells}))

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

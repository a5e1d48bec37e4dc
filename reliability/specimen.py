"""A file on the table, to be damaged: where its columns, councils and years are."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable

from ingest.contracts.specs import NUMERIC_ROLES
from reliability.anatomy import Anatomy, Columns, Figure, number
from reliability.workbook import written


class NotApplicableError(Exception):
    """A kind of damage does not apply to a file: it has no such column, row or cell."""


def like(value: float, cell: str) -> str:
    """A number with as many decimals as a cell has."""
    decimals = len(cell.strip().partition(".")[2])
    return f"{value:.{decimals}f}"


class Specimen:
    """One file on the table, to be damaged once. Chance is of the seed alone."""

    def __init__(self, anatomy: Anatomy, seed: str) -> None:
        self.anatomy = anatomy
        self.contract = anatomy.contract
        self.chance = random.Random(seed)  # which cell, not a secret
        self.header = list(anatomy.header)
        self.rows = [list(row) for row in anatomy.rows]
        book = anatomy.book
        self.above = [list(row) for row in book.above] if book else []
        self.sheets = (
            {n: [list(row) for row in book.others[n]] for n in book.others} if book else {}
        )
        self.sheet = book.sheet if book else ""
        valued = [s for s, c in anatomy.columns.items() if c.value is not None]
        some = valued or [s for s, c in anatomy.columns.items() if c.numerator is not None]
        self.series = self.chance.choice(sorted(some)) if some else ""
        self.columns = anatomy.columns.get(self.series, Columns(None, None, None))

    # Where things are

    def at(self, column: str) -> int:
        """A contract column's position."""
        published = self.anatomy.mapping.get(column)
        if published not in self.anatomy.names:
            raise NotApplicableError(f"no column {column}")
        return self.anatomy.names.index(published)

    @property
    def value_at(self) -> int:
        """The column of the series' values; of its numerators where it is a share of counts."""
        for column in self.columns[:2]:
            if column is not None:
                return column
        raise NotApplicableError("no column of values")

    @property
    def counts_at(self) -> tuple[int, int]:
        """The columns of numerators and denominators."""
        numerator, denominator = self.columns.numerator, self.columns.denominator
        if numerator is None or denominator is None or numerator == denominator:
            raise NotApplicableError("no counts beside the values")
        return numerator, denominator

    @property
    def period_at(self) -> int:
        """The column of periods."""
        return self.at(self.contract.period.column)

    @property
    def code_at(self) -> int:
        """The column of councils' codes."""
        return self.at(self.contract.area.codes[self.contract.area.unit])

    @property
    def name_at(self) -> int:
        """The column of councils' names."""
        return self.at("la_name" if "la_name" in self.anatomy.mapping else "area_name")

    @property
    def level_at(self) -> int:
        """The column of levels, in a file that has words for them."""
        if self.contract.area.level == self.contract.area.codes[self.contract.area.unit]:
            raise NotApplicableError("levels are told by the code")
        return self.at(self.contract.area.level)

    @property
    def filter_at(self) -> int:
        """A column of labels that tells one row of an area and year from another."""
        found = [
            column
            for column in map(self.at, self.contract.columns_of("filters"))
            if column != self.period_at
            and len({self.rows[f.row][column] for f in self.figures()} - {""}) > 0
            and len({row[column] for row in self.rows}) > 1
        ]
        if not found:
            raise NotApplicableError("no column of labels")
        return found[0]

    # Which figures

    @property
    def years(self) -> list[int]:
        """The years that councils have a number for."""
        return sorted({f.year for f in self.figures("council", numbers=True)})

    def newest(self) -> int:
        """The last of the years."""
        if not self.years:
            raise NotApplicableError("no council has a number")
        return self.years[-1]

    def before_newest(self) -> int:
        """The year before the last."""
        if len(self.years) < 2:
            raise NotApplicableError("one year only")
        return self.years[-2]

    def figures(
        self, level: str | None = None, year: int | None = None, *, numbers: bool = False
    ) -> list[Figure]:
        """The series' figures of a level and a year; `numbers` leaves out those that are marks."""
        return [
            f
            for f in self.anatomy.figures
            if f.series == self.series
            and (level is None or f.level == level)
            and (year is None or f.year == year)
            and (not numbers or number(self.anatomy.rows[f.row][self.value_at]) is not None)
        ]

    def one(self, level: str = "council", least: float = 1) -> Figure:
        """A figure of the newest year that holds a number, of at least `least` (in per cent)."""
        numbers = {
            f: float(self.rows[f.row][self.value_at])
            for f in self.figures(level, self.newest(), numbers=True)
        }
        unit = 0.01 if max(numbers.values(), default=1) < 1 else 1
        found = [f for f, value in numbers.items() if value >= least * unit]
        if not found:
            raise NotApplicableError(f"no {level} with a number")
        return self.chance.choice(found)

    def two(self) -> tuple[Figure, Figure]:
        """Two councils' figures of the newest year, far apart."""
        found = sorted(
            self.figures("council", self.newest(), numbers=True),
            key=lambda f: float(self.rows[f.row][self.value_at]),
        )
        if len(found) < 8:
            raise NotApplicableError("too few councils")
        return self.chance.choice(found[: len(found) // 4]), self.chance.choice(
            found[-len(found) // 4 :]
        )

    def of_council(self, code: str) -> list[int]:
        """Every row of a council, whatever it says."""
        return [i for i, row in enumerate(self.rows) if row[self.code_at].strip() == code]

    def of_year(self, year: int) -> list[int]:
        """Every row of a year, whatever it says."""
        at = self.period_at
        labels = {self.anatomy.rows[f.row][at] for f in self.anatomy.figures if f.year == year}
        return [i for i, row in enumerate(self.rows) if row[at] in labels]

    def numeric(self) -> list[int]:
        """The columns of numbers that the contract reads; of melted ones the series' own."""
        if self.contract.reading.melt:
            return [column for column in self.columns if column is not None]
        return [self.at(name) for name in self.contract.columns_of(*NUMERIC_ROLES)]

    def mark(self) -> str:
        """The publisher's mark for a figure that is not told."""
        return "c" if "c" in self.contract.marks else ""

    # Change

    def change(self, rows: Iterable[int], column: int, new: Callable[[float], float]) -> None:
        """Change the numbers of a column, leaving its marks."""
        changed = False
        for row in rows:
            cell = self.rows[row][column]
            value = number(cell)
            if value is not None:
                self.rows[row][column] = like(new(value), cell)
                changed = changed or self.rows[row][column] != cell
        if not changed:
            raise NotApplicableError("no number to change")

    def drop(self, rows: Iterable[int]) -> None:
        """Leave rows out."""
        gone = set(rows)
        if not gone:
            raise NotApplicableError("no such rows")
        self.rows = [row for i, row in enumerate(self.rows) if i not in gone]

    def swap(self, left: int, right: int, columns: Iterable[int]) -> None:
        """Exchange cells of two rows."""
        for column in columns:
            cells = self.rows[left][column], self.rows[right][column]
            self.rows[right][column], self.rows[left][column] = cells

    # Bytes

    @property
    def is_untouched(self) -> bool:
        """Whether no cell is another than was published."""
        fresh = Specimen(self.anatomy, "")
        return (self.sheet, self.sheets, self.lines()) == (fresh.sheet, fresh.sheets, fresh.lines())

    def lines(self) -> list[list[str]]:
        """Every row of the file's table, its header's and those above it first."""
        return [*self.above, self.header, *self.rows]

    def write(self) -> bytes:
        """The file's bytes."""
        if self.anatomy.book is None:
            return self.as_csv()
        return written({self.sheet: self.lines()} | self.sheets)

    def as_csv(self, delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
        """A CSV file's bytes, laid out as it was."""
        content = self.published
        text = io.StringIO(newline="")
        end = "\r\n" if b"\r\n" in content[:100_000] else "\n"
        writer = csv.writer(text, lineterminator=end, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(self.header)
        writer.writerows(self.rows)
        start = "\ufeff" if content.startswith(b"\xef\xbb\xbf") else ""
        return (start + text.getvalue()).encode("utf-8")

    @property
    def published(self) -> bytes:
        """A CSV file's bytes as they were published."""
        if self.anatomy.book is not None:
            raise NotApplicableError("a workbook has no lines of text")
        return self.anatomy.content

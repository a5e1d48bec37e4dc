"""A published file taken apart, so that it can be damaged: its cells, and which are figures.

Which column holds a series' values and counts is found by comparing the file's cells with the
figures that were made of them, so that a new publication or measure needs no line here.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from expectations.panel.columns import AREA_LEVEL, YEAR, numeric
from expectations.panel.load_table import describe
from expectations.panel.measures import series_of
from ingest.contracts.contract import FileContract, Publication
from ingest.contracts.figure_checks import Share
from ingest.councils import Councils
from ingest.reading.grids import below_header
from ingest.reading.tables import SOURCE_ROW
from ingest.reading.workbooks import WantedSheet, read_sheets
from reliability.workbook import Book, Rows

_NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?\s*")
# Where a share of a column's cells is the figures' own, the column is theirs.
_ALIKE = 0.95


class Figure(NamedTuple):
    """One figure that was made of the file, and the position of its row, from 0."""

    series: str
    level: str
    code: str
    year: int
    row: int
    value: float | None
    text: str | None
    numerator: float | None
    denominator: float | None


class Columns(NamedTuple):
    """Positions of the columns that a series is read from; None where it has none of its own."""

    value: int | None
    numerator: int | None
    denominator: int | None


class Surroundings(NamedTuple):
    """What a publisher's desk has within reach: the release before, and another publication's file.

    `recoded` leads from a council's code to the one it had before.
    """

    before: bytes | None
    stranger: bytes | None
    recoded: Mapping[str, str]


@dataclass(frozen=True)
class Anatomy:
    """What stays the same however a file is damaged: its cells, and the figures made of them.

    `names` are what its columns are called, `header` the row above the first of `rows`; in a CSV
    file they are the same. A workbook has a `book` around the table.
    """

    content: bytes
    names: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    contract: FileContract
    mapping: Mapping[str, str]
    figures: tuple[Figure, ...]
    columns: Mapping[str, Columns]
    around: Surroundings
    book: Book | None = None


def dissect(
    content: bytes,
    contract: FileContract,
    mapping: Mapping[str, str],
    figures: Sequence[Figure],
    around: Surroundings,
) -> Anatomy:
    """Take a CSV file apart."""
    text = content.decode("utf-8-sig")
    cells = [tuple(row) for row in csv.reader(io.StringIO(text, newline="")) if row]
    header, rows = cells[0], tuple(cells[1:])
    columns = {
        series: _columns(
            header, rows, contract, mapping, [f for f in figures if f.series == series]
        )
        for series in sorted({figure.series for figure in figures})
    }
    return Anatomy(
        content, header, header, rows, contract, mapping, tuple(figures), columns, around
    )


def dissect_workbook(
    content: bytes,
    publication: Publication,
    contract: FileContract,
    mapping: Mapping[str, str],
    cells: pa.Table,
    around: Surroundings,
) -> Anatomy:
    """Take a workbook apart; `cells` are its rows under the contract's names.

    Its figures are the cells that its series' checks speak of: a fact may be a sum of many.
    """
    patterns = dict.fromkeys(
        pattern for file in publication.files for pattern in file.reading.sheets
    )
    wanted = contract.reading.sheets[0]
    found: dict[str, Sequence[Sequence[str]]] = {}
    for pattern in (wanted, *(p for p in patterns if p != wanted)):
        found |= {one.name: one.rows for one in read_sheets(content, [WantedSheet(pattern)])}
    sheet, *others = found
    begins, names = below_header(found[sheet], contract.reading)
    rows = _frozen(found[sheet][begins:])
    figures = _figures(contract, cells)
    columns = {
        series: _columns(names, rows, contract, mapping, own)
        for series, own in _by_series(figures).items()
    }
    book = Book(sheet, _frozen(found[sheet][: begins - 1]), {n: _frozen(found[n]) for n in others})
    header = tuple(found[sheet][begins - 1])
    return Anatomy(
        content, tuple(names), header, rows, contract, mapping, figures, columns, around, book
    )


def _frozen(rows: Sequence[Sequence[str]]) -> Rows:
    return tuple(tuple(row) for row in rows)


def _by_series(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.series, []).append(figure)
    return found


def _figures(contract: FileContract, cells: pa.Table) -> tuple[Figure, ...]:
    """Every cell of the series' columns; of columns that were melted each year is a series."""
    rows = describe(cells, contract, Councils.load())
    printed = cells.to_pandas()
    figures = []
    for column in dict.fromkeys(check.column for check in series_of(contract)):
        checks = contract.checks
        beside = next(
            (s for s in (*checks.shares, *checks.implied) if column in (s.value, s.numerator)), None
        )
        bottom = beside.denominator if isinstance(beside, Share) else None
        for at, row in enumerate(rows.to_dict("records")):
            level = row[AREA_LEVEL]
            if level not in contract.area.codes or math.isnan(row[YEAR]):
                continue
            year = int(row[YEAR])
            value = _number(row[numeric(column)])
            figures.append(
                Figure(
                    f"{column} {year}" if contract.reading.melt else column,
                    "council" if level == contract.area.unit else level,
                    printed[contract.area.codes[level]].iloc[at].strip(),
                    year,
                    row[SOURCE_ROW] - 1,
                    value,
                    row[column],
                    _number(row[numeric(beside.numerator)]) if beside else None,
                    _number(row[numeric(bottom)]) if bottom else None,
                )
            )
    return tuple(figures)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _columns(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    contract: FileContract,
    mapping: Mapping[str, str],
    figures: Sequence[Figure],
) -> Columns:
    """The columns that hold what the figures say."""
    numeric = [
        at
        for role in ("percentages", "numbers", "counts")
        for name in contract.columns_of(role)  # type: ignore[arg-type]
        if name in mapping
        for at in _positions(names, contract, mapping[name])
    ]

    def alike(wanted: Callable[[Figure], object], read: Callable[[str], object]) -> int | None:
        numbers = [figure for figure in figures if wanted(figure) is not None]
        for column in numeric:
            hits = sum(read(rows[f.row][column]) == wanted(f) for f in numbers)
            if numbers and hits >= _ALIKE * len(numbers):
                return column
        return None

    return Columns(
        alike(lambda f: f.text if f.value is not None else None, lambda cell: cell),
        alike(lambda f: f.numerator, number),
        alike(lambda f: f.denominator, number),
    )


def _positions(names: Sequence[str], contract: FileContract, name: str) -> list[int]:
    """Where a column stands; one that is melted in several places."""
    melt = contract.reading.melt
    if melt is None or name in names:
        return [names.index(name)]
    matches = ((at, re.fullmatch(melt.columns, printed)) for at, printed in enumerate(names))
    return [at for at, m in matches if m and m.groupdict().get("cell", "value") == name]


def number(cell: str) -> float | None:
    """A cell's number, None where it is a mark."""
    return float(cell) if _NUMBER.fullmatch(cell) else None

"""A published file as rows of cells, to be changed as its publisher might, and written again.

Only what a file is: its header, its rows, its sheets, its letters. What a change is for, and what
may become of it, is in the modules of kinds.
"""

from __future__ import annotations

import copy
import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import python_calamine

from expectations.panel.measures import series_of
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES, RELEASE
from ingest.errors import ReadError
from ingest.reading.grids import below_header
from ingest.reading.tables import csv_text, read_csv
from ingest.reading.workbooks import WantedSheet, read_sheets
from reliability.workbook import written


class NotApplicableError(Exception):
    """The file has nothing that this change could be done to."""


@dataclass
class Document:
    """One file: the rows above its header, the header's rows, and the rows below.

    `columns` leads from the contract's names to positions; of columns that a reading makes of
    others there is none. `values` are those that figures are read from. A workbook has the table's
    sheet under its name, `sheets` in order, `None` where the table goes.
    """

    name: str
    contract: FileContract
    above: list[list[str]]
    header: list[list[str]]
    rows: list[list[str]]
    columns: dict[str, int]
    values: tuple[str, ...]
    sheet: str = ""
    sheets: dict[str, list[list[str]] | None] = field(default_factory=dict)
    encoding: str = "utf-8"
    quoting: int = csv.QUOTE_MINIMAL
    line_end: str = "\r\n"
    delimiter: str = ","
    beside: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_workbook(self) -> bool:
        """Whether it has sheets."""
        return bool(self.sheets)

    def changed(self) -> Document:
        """A copy to change."""
        made = copy.copy(self)
        made.above = [list(row) for row in self.above]
        made.header = [list(row) for row in self.header]
        made.rows = [list(row) for row in self.rows]
        made.columns = dict(self.columns)
        made.sheets = dict(self.sheets)
        made.beside = dict(self.beside)
        return made

    # Columns

    def names(self) -> list[str]:
        """What each column is called in the lowest row of the header that has a cell for it."""
        width = max(map(len, self.header))
        return [
            next(
                (row[at] for row in reversed(self.header) if at < len(row) and row[at].strip()), ""
            )
            for at in range(width)
        ]

    def names_as_read(self) -> dict[str, str]:
        """The whole names of the contract's columns, where a reading makes them of several cells.

        *Single parent | Female [+1]*. Empty for a plain table, and where no header is found.
        """
        if self.contract.reading.is_plain:
            return {}
        try:
            _, names = below_header([*self.above, *self.header, *self.rows], self.contract.reading)
        except ReadError:
            return {}
        return {column: names[at] for column, at in self.columns.items() if at < len(names)}

    def rename(self, at: int, text: str) -> None:
        """Give a column another name, in the row of the header that has one for it."""
        for row in reversed(self.header):
            if at < len(row) and row[at].strip():
                row[at] = text
                return
        self.header[-1][at] = text

    def restyle(self, style: Callable[[str], str]) -> None:
        """Every name of the header in another style.

        Raises
        ------
        NotApplicableError
            No name is another by it.
        """
        before = [list(row) for row in self.header]
        self.header = [[style(cell) if cell.strip() else cell for cell in row] for row in before]
        if self.header == before:
            raise NotApplicableError

    def insert(self, at: int, name: str, cells: Sequence[str]) -> None:
        """A column more, before the one at `at`."""
        for depth, row in enumerate(self.header):
            row.insert(at, name if depth == len(self.header) - 1 else "")
        for row, cell in zip(self.rows, cells, strict=True):
            row.insert(at, cell)
        self.columns = {n: p + (p >= at) for n, p in self.columns.items()}

    def drop(self, gone: Iterable[int]) -> None:
        """Leave columns out."""
        kept = sorted(set(range(len(self.names()))) - set(gone))
        self.reorder(kept)

    def reorder(self, order: Sequence[int]) -> None:
        """The columns in another order; what is not named is left out."""
        for part in (self.header, self.rows):
            part[:] = [[row[at] if at < len(row) else "" for at in order] for row in part]
        places = {old: new for new, old in enumerate(order)}
        self.columns = {n: places[p] for n, p in self.columns.items() if p in places}

    def column(self, name: str) -> list[str]:
        """A column's cells."""
        return [row[self.columns[name]] for row in self.rows]

    def of(self, *roles: str) -> list[str]:
        """The contract's columns of these roles that are there."""
        return [n for n in self.contract.columns_of(*roles) if n in self.columns]  # type: ignore[arg-type]

    def numeric(self) -> list[str]:
        """The contract's columns of figures that are there."""
        return self.of(*NUMERIC_ROLES)

    def change(self, names: Iterable[str], cell: Callable[[str], str]) -> int:
        """Every cell of these columns changed; how many are others by it.

        Raises
        ------
        NotApplicableError
            None is.
        """
        changed = 0
        for name in names:
            at = self.columns[name]
            for row in self.rows:
                new = cell(row[at])
                changed += new != row[at]
                row[at] = new
        if not changed:
            raise NotApplicableError
        return changed

    def constant(self, name: str) -> bool:
        """Whether a column has one cell in all rows."""
        return len(set(self.column(name))) == 1

    # Bytes

    def written(self) -> bytes:
        """The file as it arrives."""
        grid = [*self.above, *self.header, *self.rows]
        if self.is_workbook:
            book = {
                self.sheet if rows is None else name: grid if rows is None else rows
                for name, rows in self.sheets.items()
            }
            return written(book)
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=self.delimiter,
            quoting=self.quoting,  # type: ignore[arg-type]
            lineterminator=self.line_end,
        )
        writer.writerows(grid)
        return text.getvalue().encode(self.encoding)


def take_apart(
    name: str,
    content: bytes,
    contract: FileContract,
    mapping: Mapping[str, str],
    patterns: Sequence[str],
) -> Document:
    """A published file as its contract reads it; `mapping` leads to the names of its columns.

    `patterns` are the names of all the sheets of it that some contract reads.
    """
    checked = dict.fromkeys(check.column for check in series_of(contract))
    if contract.reading.format == "workbook":
        return _workbook(name, content, contract, mapping, patterns, tuple(checked))
    rows = list(csv.reader(io.StringIO(csv_text(content), newline="")))
    begins = 1
    if not contract.reading.is_plain:
        begins, names = below_header(rows, contract.reading)
    else:
        names = [n for n in read_csv(content).column_names if n != "source_row"]
    depth = contract.reading.header.rows if contract.reading.header else 1
    return _document(
        name, contract, rows, (begins, depth), _positions(names, mapping), tuple(checked)
    )


def _workbook(
    name: str,
    content: bytes,
    contract: FileContract,
    mapping: Mapping[str, str],
    patterns: Sequence[str],
    values: tuple[str, ...],
) -> Document:
    names = python_calamine.load_workbook(io.BytesIO(content)).sheet_names
    read = [n for n in names if any(re.match(pattern, n) for pattern in patterns)]
    # Two that nobody reads stand for all of them.
    others = [n for n in names if n not in read][:2]
    wanted = [n for n in names if n in read or n in others]
    found = read_sheets(content, [WantedSheet(f"^{re.escape(n)}$") for n in wanted])
    sheets = {one.name: [list(row) for row in one.rows] for one in found}
    sheet = next(n for n in wanted if re.match(contract.reading.sheets[0], n))
    begins, printed = below_header(sheets[sheet], contract.reading)
    depth = contract.reading.header.rows if contract.reading.header else 1
    columns = _positions(printed, mapping)
    made = _document(name, contract, sheets[sheet], (begins, depth), columns, values)
    made.sheet = sheet
    made.sheets = {n: None if n == sheet else rows for n, rows in sheets.items()}
    return made


def _positions(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    return {
        column: list(names).index(printed)
        for column, printed in mapping.items()
        if printed != RELEASE and printed in names
    }


def _document(
    name: str,
    contract: FileContract,
    rows: list[list[str]],
    header: tuple[int, int],
    columns: dict[str, int],
    values: tuple[str, ...],
) -> Document:
    begins, depth = header
    width = max(len(row) for row in rows[begins - depth : begins])
    below = [row for row in rows[begins:] if any(cell.strip() for cell in row)]
    return Document(
        name=name,
        contract=contract,
        above=rows[: begins - depth],
        header=[[*row, *[""] * (width - len(row))] for row in rows[begins - depth : begins]],
        rows=[[*row, *[""] * (width - len(row))] for row in below],
        columns=columns,
        values=tuple(v for v in values if v in columns),
    )

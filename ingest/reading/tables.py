"""Bytes of a published file into a table of text, as published.

Every cell stays text, to the letter. What a cell means is for the contracts and for SQL; here
only what a CSV file is: its encoding, its header, its rows. Anything else ends in `ReadError`.
"""

from __future__ import annotations

import bisect
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ingest.errors import ReadError
from ingest.reading.names import bare_of_notes, normal

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE_ROW = "source_row"

# The first bytes of what publishers really serve in a CSV file's place.
_NOT_CSV = {
    b"PK\x03\x04": "a zip file or workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
}


# The widest file published has some hundreds; reading each costs time whatever is in it.
MOST_COLUMNS = 10_000


def _decode(data: bytes) -> str:
    """Text from UTF-8 (with or without a byte order mark), UTF-16 with one, else Windows-1252.

    A publisher's tool decides the encoding, not its standard: the same file has been both
    (facts: "detect, do not assume").
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ReadError(f"it is not whole UTF-16 text: {error.reason}") from error
    try:
        # A second mark, of a tool that adds one to a file that has it, would be part of a name.
        return data.decode("utf-8-sig").lstrip("\ufeff")
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise ReadError("it is neither UTF-8 nor Windows-1252 text") from error


def csv_text(data: bytes) -> str:
    """The text of a CSV file, with commas between its cells whatever divided them.

    Raises
    ------
    ReadError
        It is empty, something else than a CSV file, or not whole, or its numbers may have decimal
        commas.
    """
    for start, kind in _NOT_CSV.items():
        if data.startswith(start):
            raise ReadError(f"it is {kind}, not a CSV file")
    text = _decode(data)
    if not text.strip():
        raise ReadError("it is empty")
    if text.lstrip()[:1] == "<":
        raise ReadError("it is a web page, not a CSV file")
    if text.count('"') % 2:
        raise ReadError("it is not a whole CSV file: a quotation mark is left open")
    if "\x00" in text:
        raise ReadError("it holds NUL characters, so it is not a CSV file")
    return _with_commas(text)


# What a spreadsheet divides cells by where it is not a comma; tabs in Excel's "Unicode text".
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def _with_commas(text: str) -> str:
    """A table whose cells something else divides, with commas; any other text as it is.

    Its first line is one cell by commas, and one delimiter alone makes rows of one width of it and
    of all others: a title above a table is no such line.

    Raises
    ------
    ReadError
        Its numbers may have decimal commas.
    """
    first = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    if "," in first or not any(delimiter in first for delimiter in _DELIMITERS):
        return text
    tables = {delimiter: _divided(text, delimiter) for delimiter in _DELIMITERS}
    fitting = [(delimiter, rows) for delimiter, rows in tables.items() if rows]
    if len(fitting) != 1:
        return text
    ((delimiter, rows),) = fitting
    _refuse_decimal_commas(rows, _DELIMITERS[delimiter])
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _divided(text: str, delimiter: str) -> list[list[str]] | None:
    """The rows that a delimiter makes; None where they are not of one width, or of one cell."""
    width, rows = 0, []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            width = width or len(row)
            if row and (len(row) != width or width < 2):
                return None
            rows.append(row)
    except csv.Error:
        return None
    return rows


_BY_COMMA = re.compile(
    r"[-+−]?[\d., \u00a0\u202f\u2009]*,[\d., \u00a0\u202f\u2009]*(?:[eE][-+]?\d+)?"
)
_BY_POINT = re.compile(r"[-+−]?\d+\.\d+(?:[eE][-+]?\d+)?")
_MAYBE_THOUSANDS = re.compile(r"[-+−]?[1-9]\d{0,2}\.\d{3}")


def _bare(cell: str) -> str:
    """A cell without the notes, the letter and the sign that may stand behind its number."""
    return bare_of_notes(cell.strip()).rstrip("rpeRPE% ")


def _refuse_decimal_commas(rows: Sequence[Sequence[str]], delimiters: str) -> None:
    """Refuse a table whose numbers may be those of a country that writes 45,6 for 45.6.

    There semicolons divide cells because a comma divides numbers: 12,345 is twelve, and 12.345 is
    twelve thousand. Nothing in such a file tells which was meant.

    Raises
    ------
    ReadError
        A number has a comma, or all numbers of a column that have a point may have it for
        thousands.
    """
    for name, *cells in zip(*(row for row in rows if row), strict=True):
        numbers = [_bare(cell) for cell in dict.fromkeys(cells) if "," in cell or "." in cell]
        by_comma = next(filter(_BY_COMMA.fullmatch, numbers), None)
        by_point = [*filter(_BY_POINT.fullmatch, numbers)]
        if by_comma is None and by_point and all(map(_MAYBE_THOUSANDS.fullmatch, by_point)):
            by_comma = by_point[0]
        if by_comma is not None:
            raise ReadError(
                f"it has {delimiters} between its cells, and {by_comma!r} in {name!r} may be"
                " written as where a comma stands before decimals"
            )


def read_csv(data: bytes, known: Collection[str] = ()) -> pa.Table:
    """A CSV file as a table: every column text, and `source_row` counting data rows from 1.

    `known` are names that its header may have: with them a table is found among the notes that
    stand above and below it, and rows without a cell are left out.

    Raises
    ------
    ReadError
        It is empty or not a CSV file, a name stands twice in the header, or a row has more or
        fewer cells than the header (a file cut short ends so).
    """
    text = csv_text(data)
    try:
        table = _whole_table(text)
    except ReadError:
        if (table_alone := _among_notes(text, known)) is None:
            raise
        return table_alone
    if not known:
        return table
    if not _is_header(table.column_names, known) and (alone := _among_notes(text, known)):
        return alone
    return _without_blank_rows(table)


def _whole_table(text: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    try:
        header = next(csv.reader(io.StringIO(text, newline=""), strict=True))
        if len(header) > MOST_COLUMNS:
            raise ReadError(f"its header has {len(header):,} names, so it is no table of figures")
        _refuse_repeated(header)
        table = pyarrow.csv.read_csv(
            # Not a file of Python's: threads of the library go on with it where an error ended
            # the call, and break down in it.
            pa.BufferReader(text.encode("utf-8")),
            read_options=pyarrow.csv.ReadOptions(block_size=64 << 20),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, csv.Error) as error:
        raise ReadError(f"it is not a whole CSV file: {_first_sentence(error)}") from error
    if table.column_names != header:
        raise ReadError("its first line is not a header: it is empty, or not quoted as CSV is")
    if table.num_rows == 0:
        raise ReadError("it has a header and no rows")
    if '"' in text:
        _refuse_swallowed(table)
    if SOURCE_ROW in table.column_names:
        raise ReadError(f"it has a column of its own named {SOURCE_ROW}")
    rows = pa.array(range(1, table.num_rows + 1), pa.int64())
    return table.add_column(0, SOURCE_ROW, rows)


# Notes above a table run to some tens of rows.
_SOUGHT_IN = 200
# A header of ours has at least this share of its names known, or as many; a note has none.
_KNOWN, _MANY_KNOWN = 0.3, 6


def _is_header(names: Sequence[str], known: Collection[str]) -> bool:
    words = {normal(name) for name in known}
    hits = sum(normal(name) in words for name in names if name.strip())
    wanted = _KNOWN * sum(bool(name.strip()) for name in names)
    return hits >= max(2, min(wanted, _MANY_KNOWN))


def _is_note(row: Sequence[str], begins_a_row: Callable[[str], bool]) -> bool:
    """Whether a row is blank, or has one cell alone that is a note and no row cut short.

    A note is of several words, or of one word that no row of the table begins with.
    """
    cells = [cell.strip() for cell in row if cell.strip()]
    if len(cells) != 1 or len(row) == 2:
        return not cells
    (cell,) = cells
    if " " in cell:
        return True
    return any(letter.isalpha() for letter in cell) and not (
        cell == row[0].strip() and begins_a_row(cell)
    )


def _beginnings(first_cells: Iterable[str]) -> Callable[[str], bool]:
    """Asks whether a text is the beginning of one of these cells, of which it may be cut."""
    cells = sorted({cell.strip() for cell in first_cells if cell})

    def begins(text: str) -> bool:
        at = bisect.bisect_left(cells, text)
        return at < len(cells) and cells[at].startswith(text)

    return begins


def _among_notes(text: str, known: Collection[str]) -> pa.Table | None:
    """The one table among the notes of a CSV file; None where no row is its header.

    Raises
    ------
    ReadError
        A row below the header is neither as wide as it nor a note.
    """
    try:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        above = itertools.islice(lines, _SOUGHT_IN)
        header = next((row for row in above if known and _is_header(row, known)), None)
        if header is None:
            return None
        rows = list(lines)
    except csv.Error as error:
        raise ReadError(f"it is not a whole CSV file: {error}") from error
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    _refuse_repeated(names)
    width, kept, numbers = len(names), [], []
    begins = _beginnings(row[0] for row in rows if len(row) >= width and sum(map(bool, row)) > 1)
    among_notes = False
    for number, row in enumerate(rows, 1):
        # Below a note or a blank line stand more of them, with commas too.
        if _is_note(row, begins) or (
            among_notes and 1 < len(row) < width and not begins(row[0].strip())
        ):
            among_notes = True
            continue
        among_notes = False
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            raise ReadError(
                f"it is not a whole CSV file: row {number} below its header has {len(row)} cells,"
                f" its header {width}"
            )
        kept.append(row[:width])
        numbers.append(number)
    if not kept:
        raise ReadError("it has a header and no rows")
    import pyarrow as pa

    columns = {name: [row[at] for row in kept] for at, name in enumerate(names)}
    return pa.table(
        {SOURCE_ROW: pa.array(numbers, pa.int64())}
        | {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    )


def without_rows(table: pa.Table, rows: Collection[int]) -> pa.Table:
    """A table without these of its source rows."""
    import pyarrow as pa
    import pyarrow.compute

    if not rows:
        return table
    off = pyarrow.compute.is_in(table[SOURCE_ROW], value_set=pa.array([*rows], pa.int64()))
    return table.filter(pyarrow.compute.invert(off))


def _without_blank_rows(table: pa.Table) -> pa.Table:
    """The rows that have a cell, and are no note in the first of them.

    Raises
    ------
    ReadError
        There is none.
    """
    import pyarrow as pa
    import pyarrow.compute

    names = [name for name in table.column_names if name != SOURCE_ROW]
    # A row without a cell in all columns but the first is rare: most are seen in one column.
    bare = table
    for name in reversed(names[1:]):
        blank = pyarrow.compute.equal(pyarrow.compute.utf8_trim_whitespace(bare[name]), "")
        bare = bare.filter(blank)
        if not bare.num_rows:
            return table
    begins = _beginnings(
        table[names[0]]
        .filter(
            pyarrow.compute.invert(
                pyarrow.compute.is_in(
                    table[SOURCE_ROW], value_set=pa.array(bare[SOURCE_ROW].to_pylist(), pa.int64())
                )
            )
        )
        .unique()
        .to_pylist()
    )
    off = [
        row[SOURCE_ROW]
        for row in bare.to_pylist()
        if _is_note([row[name] for name in names], begins)
    ]
    if not off:
        return table
    rows = without_rows(table, off)
    if rows.num_rows == 0:
        raise ReadError("it has a header and no rows")
    return rows


def _refuse_swallowed(table: pa.Table) -> None:
    """Two quotation marks, each left open, make one cell of the rows between them."""
    import pyarrow.compute

    whole_row = max(len(table.column_names) - 1, 1)
    for name in table.column_names:
        column = table[name]
        lined = column.filter(pyarrow.compute.match_substring(column, "\n"))
        for cell in lined.unique().to_pylist():
            if cell.count(",") >= whole_row:
                raise ReadError(
                    f"it is not a whole CSV file: a cell of {name!r} holds"
                    f" {cell.count(chr(10)) + 1} lines, as where quotation marks are left open"
                )


def _refuse_repeated(header: list[str]) -> None:
    if (unnamed := header.count("")) > 1:
        raise ReadError(
            f"its first line is not a header: {unnamed} of its {len(header)} names are empty"
        )
    repeated = sorted(name for name, times in Counter(header).items() if times > 1)
    if repeated:
        raise ReadError(f"its header names {', '.join(repr(n) for n in repeated)} more than once")


def _first_sentence(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]

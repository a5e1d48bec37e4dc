"""From rows of cells to a table, as a reading says: its header, its data rows, its columns.

Works on text alone, whatever file the rows came from. Anything that is not as the reading says
ends in `ReadError`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.councils import all_councils
from ingest.errors import ReadError
from ingest.reading.cells import read_number
from ingest.reading.names import (
    READINGS,
    as_known,
    in_words,
    normal,
    spellings,
)
from ingest.reading.printed_codes import read_code
from ingest.reading.spec import HeaderSpec, Reading
from ingest.reading.tables import MOST_COLUMNS, SOURCE_ROW, csv_text, read_csv
from ingest.reading.workbooks import FoundSheet, WantedSheet, read_sheets, read_tables

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE_SHEET = "source_sheet"

# Notes above a table run to some tens of rows.
_SOUGHT_IN = 200

# The longest name published has some hundreds.
_MOST_LETTERS = 2_000

# A column of figures has a number in so many of its cells that are not blank; the rest are marks.
_MOSTLY_NUMBERS = 0.5

# In a table's metadata: what of it was found otherwise than by name, in sentences, and the sheets
# whose name their title says.
_FOUND_BY = b"found_by"
_TITLED = b"titled_sheets"

# What a pattern matches that tells no codes of areas.
_NO_CODE = "Total"


def read_table(
    data: bytes, reading: Reading, kept: Iterable[str], figures: Sequence[Sequence[str]] = ()
) -> pa.Table:
    """A published file as a table of text, with `source_row` and for workbooks `source_sheet`.

    `kept` are the names under which the contract's columns were ever published: of a file that
    is not plain nothing else is kept, so that what nobody asked for is never written down.
    `figures` are, for each column of figures, its names among them: where one of these columns is
    under none of its names, the file's other columns of figures are kept too, one of which it may
    be. Without them a header is found by the cells that the reading names, and not by its place.
    `source_row` is 1 for the row below the header, whatever stands in it; rows that a melt made
    of one share its number.

    Raises
    ------
    ReadError
        The bytes are not what the reading says.
    """
    wanted = frozenset(kept)
    if reading.is_plain:
        return read_csv(data, wanted)
    if reading.format == "csv":
        return _table([_Part(None, {}, _csv_rows(data))], reading, wanted, figures)
    return _of_sheets(read_sheets(data, sheets_wanted(reading)), reading, wanted, figures)


def read_workbook(
    data: bytes, tables: Sequence[tuple[Reading, Iterable[str], Sequence[Sequence[str]]]]
) -> list[pa.Table | ReadError]:
    """Several tables of a workbook that is parsed once, each as `read_table` reads it, or why not.

    A table is asked for by its reading, its names and its figures' names.

    Raises
    ------
    ReadError
        The bytes are no workbook or a harmful one, or too large with all of these tables.
    """
    found = read_tables(data, [sheets_wanted(reading) for reading, _, _ in tables])
    read: list[pa.Table | ReadError] = []
    for sheets, (reading, kept, figures) in zip(found, tables, strict=True):
        if isinstance(sheets, ReadError):
            read.append(sheets)
            continue
        try:
            read.append(_of_sheets(sheets, reading, frozenset(kept), figures))
        except ReadError as error:
            read.append(error)
    return read


def _of_sheets(
    sheets: Sequence[FoundSheet],
    reading: Reading,
    wanted: frozenset[str],
    figures: Sequence[Sequence[str]],
) -> pa.Table:
    found = zip(reading.sheets, sheets, strict=True)
    return _table([_sheet(pattern, sheet) for pattern, sheet in found], reading, wanted, figures)


def found_by(table: pa.Table) -> tuple[str, ...]:
    """What of a table was found otherwise than by name, in sentences: its sheet, its header."""
    return tuple(json.loads((table.schema.metadata or {}).get(_FOUND_BY, b"[]")))


def titled_sheets(table: pa.Table) -> tuple[str, ...]:
    """The sheets of a table whose name is said by their title, and not by their tab."""
    return tuple(json.loads((table.schema.metadata or {}).get(_TITLED, b"[]")))


def sheets_wanted(reading: Reading) -> list[WantedSheet]:
    """The sheets of a workbook's table; one whose name says nothing else may have another."""
    assert reading.header is not None  # noqa: S101  # nosec B101  # a reading that is not plain
    header = tuple(reading.header.find)
    others = tuple(reading.other_sheets)
    return [
        WantedSheet(pattern, header, others, says_more=bool(re.compile(pattern).groupindex))
        for pattern in reading.sheets
    ]


def below_header(rows: Sequence[list[str]], reading: Reading) -> tuple[int, list[str]]:
    """Where in a sheet the rows below its header begin, from 0, and the name of each column.

    Raises
    ------
    ReadError
        The sheet is not what the reading says.
    """
    assert reading.header is not None  # noqa: S101  # nosec B101  # a reading that is not plain
    above, names, _ = _opened(_Part("", {}, iter(rows)), reading, frozenset())
    return len(above) + reading.header.rows, names


@dataclass(frozen=True)
class _Part:
    """One sheet's rows, with the columns that its name gives; a CSV file has no sheet.

    `found_by` says in sentences what of it was found otherwise than by name; `is_titled` that the
    sheet's title says its name.
    """

    sheet: str | None
    constants: dict[str, str]
    rows: Iterator[list[str]]
    found_by: list[str] = field(default_factory=list)
    is_titled: bool = False

    def __str__(self) -> str:
        return "it" if self.sheet is None else f"its sheet {self.sheet!r}"


def _sheet(pattern: str, sheet: FoundSheet) -> _Part:
    part = _Part(sheet.name, _groups(pattern, sheet.spelt), iter(sheet.rows))
    if not sheet.title:
        return part
    sentence = f"sheet {sheet.spelt} is read from {sheet.name!r}, whose title says {sheet.title!r}"
    return replace(part, found_by=[sentence], is_titled=True)


def _groups(pattern: str, text: str) -> dict[str, str]:
    match = re.fullmatch(pattern, text)
    return {} if match is None else {k: v for k, v in match.groupdict().items() if v is not None}


def _csv_rows(data: bytes) -> Iterator[list[str]]:
    text = csv_text(data)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ReadError(f"it is not a whole CSV file: {error}") from error


def squeezed(text: str) -> str:
    """A header's text with blanks and line ends as single spaces."""
    return " ".join(text.split())


def _table(
    parts: Sequence[_Part],
    reading: Reading,
    wanted: frozenset[str],
    figures: Sequence[Sequence[str]],
) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, list[str]] = {}
    source_rows: list[int] = []
    sheets: list[str] = []
    for part in parts:
        found, numbers = _rows_of(part, reading, wanted, figures if len(parts) == 1 else ())
        if not numbers:
            raise ReadError(f"{part} has a header and no rows of data")
        if columns and set(found) != set(columns):
            raise ReadError(f"{part} has other columns than the sheet before")
        for name, cells in found.items():
            columns.setdefault(name, []).extend(cells)
        source_rows += numbers
        sheets += [part.sheet or ""] * len(numbers)
    places = {SOURCE_ROW: pa.array(source_rows, pa.int64())}
    if reading.format == "workbook":
        places[SOURCE_SHEET] = pa.array(sheets, pa.string())
    table = pa.table(
        places | {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    )
    sentences = [sentence for part in parts for sentence in part.found_by]
    titled = [part.sheet for part in parts if part.is_titled]
    if not sentences:
        return table
    metadata = {_FOUND_BY: sentences, _TITLED: titled}
    return table.replace_schema_metadata({k: json.dumps(v).encode() for k, v in metadata.items()})


def _rows_of(
    part: _Part, reading: Reading, wanted: frozenset[str], figures: Sequence[Sequence[str]]
) -> tuple[dict[str, list[str]], list[int]]:
    """A sheet's columns of text, and the source row of each of their cells."""
    # By its place a header is found for who can tell a column that has none of its names.
    above, names, rest = _opened(part, reading, wanted if figures else frozenset())
    titled = dict(part.constants)
    if reading.title:
        titled |= _agreed(part, _titled(part, reading.title, above))
    positions = _positions(part, names, reading, wanted)
    unknown = _unknown(names, positions, reading, figures)
    positions.plain.update(unknown)
    tests = [(positions.tested[name], re.compile(p)) for name, p in reading.rows.items()]
    _refuse_data_above(part, above, tests)

    cells: dict[str, list[str]] = {name: [] for name in positions.plain}
    for name in (*positions.groups, *positions.cells, *titled):
        # One name for two columns' cells would give it more cells than there are rows.
        if name in positions.plain:
            raise ReadError(f"{part} has {name!r} in its header, and makes a column of that name")
        cells[name] = []
    numbers: list[int] = []
    for number, row in _data_rows(part, rest, reading, len(names), tests):
        for made in positions.of(row):
            for name, at in positions.plain.items():
                cells[name].append(row[at])
            for name, text in (made | titled).items():
                cells[name].append(text)
            numbers.append(number)
    for name in unknown:
        if not _are_figures(cells[name]):
            del cells[name]
    return cells, numbers


def _unknown(
    names: Sequence[str],
    positions: _Positions,
    reading: Reading,
    figures: Sequence[Sequence[str]],
) -> dict[str, int]:
    """Where columns stand that a column of figures without one of its names may be.

    None where each has its name. A name that is there twice tells neither column.
    """
    words = {normal(name) for name in positions.plain}
    if reading.melt or all(any(normal(name) in words for name in of) for of in figures):
        return {}
    return {
        name: at
        for at, name in enumerate(names)
        if name
        and names.count(name) == 1
        and at not in positions.plain.values()
        and at not in positions.tested.values()
    }


def _are_figures(cells: Sequence[str]) -> bool:
    printed = [cell for cell in cells if cell.strip()]
    numbers = sum(read_number(cell, is_percentage=True) is not None for cell in printed)
    return bool(printed) and numbers >= _MOSTLY_NUMBERS * len(printed)


def _opened(
    part: _Part, reading: Reading, wanted: frozenset[str]
) -> tuple[list[list[str]], list[str], Iterable[list[str]]]:
    """The rows above the header, each column's name, and the rows below."""
    assert reading.header is not None  # noqa: S101  # nosec B101  # a reading that is not plain
    rows = list(part.rows)
    at = _header_at(part, rows[:_SOUGHT_IN], reading, wanted)
    above, below = rows[:at], rows[at + reading.header.rows :]
    header = _header(rows, at, reading.header)
    # Each column without a header repeats the name beside it: few names, and none long.
    if len(header[0]) > MOST_COLUMNS:
        raise ReadError(f"{part} has {len(header[0]):,} columns, so it is no table of figures")
    if (longest := max(len(text) for row in header for text in row)) > _MOST_LETTERS:
        raise ReadError(f"{part} has a name of {longest:,} letters in its header")
    names = _names(header)
    if reading.unnamed:
        names = _with_unnamed(part, names, header, below, reading.unnamed)
    return above, names, below


def _data_rows(
    part: _Part,
    rows: Iterable[list[str]],
    reading: Reading,
    width: int,
    tests: Sequence[tuple[int, re.Pattern[str]]],
) -> Iterator[tuple[int, list[str]]]:
    """The rows that are data, each as wide as the header, with its number below the header."""
    seen: set[tuple[str, ...]] = set()
    for number, printed in enumerate(rows, 1):
        if not any(cell.strip() for cell in printed):
            continue
        # A lone cell is a note beneath the table; commas without end fill up a line.
        ragged = 1 < len(printed) < width or any(printed[width:])
        if reading.format == "csv" and ragged:
            raise ReadError(f"{part} has {len(printed)} cells in row {number}, its header {width}")
        row = [*printed, *[""] * (width - len(printed))]
        if not all(_passes(row[at], test) for at, test in tests):
            continue
        if reading.once and tuple(row) in seen:
            continue
        seen.update([tuple(row)] if reading.once else [])
        yield number, row


def _passes(cell: str, test: re.Pattern[str]) -> bool:
    """Whether a cell is as a reading says that one of data is, a code with a note about it too."""
    if test.fullmatch(cell.strip()):
        return True
    code = read_code(cell, all_councils()) if any(map(str.isdigit, cell)) else None
    return code is not None and test.fullmatch(code) is not None


def _header(rows: Sequence[list[str]], at: int, spec: HeaderSpec) -> list[list[str]]:
    """The rows of a header from one on, of one width."""
    texts = [[squeezed(cell) for cell in row] for row in rows[at : at + spec.rows]]
    width = max(map(len, texts))
    return [[*row, *[""] * (width - len(row))] for row in texts]


def _header_at(
    part: _Part, rows: Sequence[list[str]], reading: Reading, wanted: frozenset[str]
) -> int:
    """Which row is the header: by its cells to the letter, in another spelling, or by its place."""
    assert reading.header is not None  # noqa: S101  # nosec B101  # a reading that is not plain
    spec = reading.header
    for spelt, flags in ((lambda text: (text,), 0), (spellings, re.IGNORECASE)):
        sought = [re.compile(pattern, flags) for pattern in spec.find]
        for at, row in enumerate(rows):
            texts = [text for cell in row for text in spelt(squeezed(cell))]
            if all(any(pattern.fullmatch(text) for text in texts) for pattern in sought):
                if at + spec.rows <= len(rows):
                    return at
                break
    if wanted and (found := _header_by_place(part, rows, reading, wanted)) is not None:
        return found
    cells = " and ".join(repr(in_words(pattern)) for pattern in spec.find)
    raise ReadError(f"{part} has no header: no row has the cells {cells}")


def _header_by_place(
    part: _Part, rows: Sequence[list[str]], reading: Reading, wanted: frozenset[str]
) -> int | None:
    """The rows that end right above the first area's code; None where no code tells where.

    Which columns they name is for names and figures to say. Rows further up that have more of the
    contract's names are as likely the header, so that neither is taken.
    """
    assert reading.header is not None  # noqa: S101  # nosec B101  # a reading that is not plain
    spec = reading.header
    patterns = [re.compile(one) for one in (*reading.rows.values(), *reading.unnamed.values())]
    codes = [one for one in patterns if not one.fullmatch(_NO_CODE)]
    has_code = [any(c.fullmatch(x.strip()) for c in codes for x in row) for row in rows]
    first = has_code.index(True) if any(has_code) else 0
    printed = [at for at, row in enumerate(rows[:first]) if any(cell.strip() for cell in row)]
    if not printed or (place := printed[-1] - spec.rows + 1) < 0:
        return None
    words = {of_known(name) for name in wanted for _, of_known, _ in READINGS}
    known = {
        at: sum(
            any(of_printed(name) in words for of_printed, _, _ in READINGS)
            for name in dict.fromkeys(_names(_header(rows, at, spec)))
        )
        for at in range(place + 1)
    }
    if (best := max(known, key=lambda at: known[at])) != place and known[best] > known[place]:
        raise ReadError(
            f"{part} may have its header in row {place + 1}, right above the areas' codes, or in"
            f" row {best + 1}, which has more of the names: {known[best]}, not {known[place]}"
        )
    part.found_by.append(
        f"the header of {part} is read from row {place + 1}, right above the areas' codes:"
        f" {known[place]} of its names are known"
    )
    return place


def _names(header: Sequence[Sequence[str]]) -> list[str]:
    """Each column's name; empty where no row of the header has a cell for it."""
    filled: list[list[str]] = []
    for depth, row in enumerate(header):
        last = depth == len(header) - 1
        texts: list[str] = []
        for at, text in enumerate(row):
            # A new cell above begins a new group below it.
            begins = any(upper[at] for upper in header[:depth])
            carried = texts[-1] if texts and not text and not last and not begins else text
            texts.append(carried)
        filled.append(texts)
    names: list[str] = []
    named, beside = "", 0
    for at in range(len(header[0])):
        if any(row[at] for row in header):
            named, beside = " | ".join(texts[at] for texts in filled if texts[at]), 0
            names.append(named)
        else:
            beside += 1
            names.append(f"{named} [+{beside}]" if named else "")
    return names


def _with_unnamed(
    part: _Part,
    names: list[str],
    header: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str]],
    unnamed: dict[str, str],
) -> list[str]:
    """The names with those that columns without a header have by their cells."""
    for name, pattern in unnamed.items():
        looks = re.compile(pattern)
        hits = [
            at
            for at in range(len(names))
            if not any(row[at] for row in header)
            and any(at < len(row) and looks.fullmatch(row[at].strip()) for row in rows)
        ]
        if not hits:
            hits = _named_by_cells(part, names, rows, name, pattern)
        if not hits:
            raise ReadError(
                f"{part} has no column of cells such as {in_words(pattern)!r}, for {name}"
            )
        at = hits[0]
        names = [*names[:at], name, *names[at + 1 :]]
        for beside, after in enumerate(range(at + 1, len(names)), 1):
            if any(row[after] for row in header):
                break
            names[after] = f"{name} [+{beside}]"
    return names


def _named_by_cells(
    part: _Part, names: Sequence[str], rows: Sequence[Sequence[str]], name: str, pattern: str
) -> list[int]:
    """The column that had no header before and has one now, by the cell that tells it.

    Empty where no column has that cell.
    """
    looks = re.compile(pattern)
    hits = [
        at
        for at in range(len(names))
        if any(at < len(row) and looks.fullmatch(row[at].strip()) for row in rows)
    ]
    if len(hits) > 1:
        both = " and ".join(repr(names[at]) for at in hits)
        raise ReadError(f"{part} has {in_words(pattern)!r} in {both}: either may be {name}")
    cell = in_words(pattern)
    part.found_by.extend(f"{name} is read from {names[at]!r}, which has {cell!r}" for at in hits)
    return hits


@dataclass(frozen=True)
class _Positions:
    """Where each column's cells stand in a row: `melted` has for each set of groups its cells."""

    plain: dict[str, int]
    tested: dict[str, int]
    melted: list[tuple[dict[str, str], dict[str, int]]]
    groups: list[str]
    cells: list[str]

    def of(self, row: Sequence[str]) -> Iterator[dict[str, str]]:
        """What a row's melted columns make of it: once, where there are none."""
        if not self.melted:
            yield {}
        for groups, cells in self.melted:
            yield groups | {name: row[cells[name]] if name in cells else "" for name in self.cells}


def _positions(
    part: _Part, names: Sequence[str], reading: Reading, wanted: frozenset[str]
) -> _Positions:
    # A name in another spelling is the one that the contract knows.
    known = as_known({*wanted, *reading.rows}, names)
    names = [known.get(name, name) for name in names]
    melted: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    columns: dict[str, int] = {}
    melt = re.compile(reading.melt.columns, re.IGNORECASE) if reading.melt else None
    for at, name in enumerate(names):
        if melt and (match := melt.fullmatch(name)):
            groups = {k: v or "" for k, v in match.groupdict().items()}
            cell = groups.pop("cell", "value")
            cell = as_known(wanted, [cell]).get(cell, cell)
            if cell not in wanted:
                continue
            cells = melted.setdefault(tuple(groups.items()), {})
            if cell in cells:
                raise ReadError(f"{part} has {name!r} in its header more than once")
            cells[cell] = at
        elif name in columns and (name in wanted or name in reading.rows):
            raise ReadError(f"{part} has {name!r} in its header more than once")
        elif name:
            columns.setdefault(name, at)
    # Two known names may say the same words: which column is meant is for the contract to say.
    words = {normal(name) for name in wanted}
    if melt and not melted:
        raise ReadError(f"{part} has no column named as {in_words(melt.pattern)!r} says")
    if reading.melt and reading.melt.times not in (None, len(melted)):
        raise ReadError(
            f"{part} has {len(melted)} columns or sets of them named as"
            f" {in_words(reading.melt.columns)!r} says, not {reading.melt.times}"
        )
    cell_names = list(dict.fromkeys(name for cells in melted.values() for name in cells))
    for key, cells in melted.items():
        # A column beside another has no header of its own, and may be left off where it is blank.
        if missing := [name for name in cell_names if name not in cells and "[+" not in name]:
            of = ", ".join(text for _, text in key)
            raise ReadError(f"{part} has no {missing[0]!r} of {of}, which it has of others")
    for name in reading.rows:
        if name not in columns:
            raise ReadError(f"{part} has no column {name!r}, which tells its rows of data")
    return _Positions(
        plain={n: at for n, at in columns.items() if n in wanted or normal(n) in words},
        tested={name: columns[name] for name in reading.rows},
        melted=[(dict(key), cells) for key, cells in melted.items()],
        groups=list(dict.fromkeys(name for key in melted for name, _ in key)),
        cells=cell_names,
    )


def _titled(part: _Part, pattern: str, above: Sequence[Sequence[str]]) -> dict[str, str]:
    sought = re.compile(pattern)
    for text in (squeezed(cell) for row in above for cell in row):
        if match := sought.search(text):
            return {name: group or "" for name, group in match.groupdict().items()}
    raise ReadError(f"{part} says nowhere above its header {in_words(pattern)!r}")


def _agreed(part: _Part, titled: dict[str, str]) -> dict[str, str]:
    """What a title tells, where it says nothing else than the sheet's name: a name is changed."""
    for name, by_title in titled.items():
        by_name = part.constants.get(name, by_title)
        if by_name != by_title:
            raise ReadError(
                f"{part} is of {by_name!r} by its name, and of {by_title!r} by its title"
            )
    return titled


def _refuse_data_above(
    part: _Part, above: Sequence[Sequence[str]], tests: Sequence[tuple[int, re.Pattern[str]]]
) -> None:
    """A header that slipped into its table would take the rows above it for notes."""
    for row in above:
        if tests and all(at < len(row) and _passes(row[at], test) for at, test in tests):
            raise ReadError(f"{part} has rows of data above its header")

"""A load's rows as they are understood: the cells, and beside them what they mean.

What a row is (its area, its period) and what each figure says (its number, its status, its mark) is
worked out here, once; the checks and the facts read the same columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from ingest.contracts.contract import FileContract
from ingest.contracts.specs import ENGLAND, NUMERIC_ROLES, OTHER_ENTITIES
from ingest.councils import Councils
from ingest.reading.cells import EXPONENT, PLAIN, read_cell
from ingest.reading.days import read_days
from ingest.reading.grids import SOURCE_SHEET
from ingest.reading.marks import FigureRead, read_blank, read_figure
from ingest.reading.names import as_known
from ingest.reading.periods import are_day_first, label_of, parse_period, read_period
from ingest.reading.printed_codes import read_code
from ingest.reading.recognise import Filled, Understanding
from ingest.reading.tables import SOURCE_ROW, without_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from ingest.reading.periods import Notation, Period, PeriodType

    # By column, for each row the position of what is said of it; null where nothing is.
    _Cells = dict[str, tuple[pa.Array, list[str]]]

_Meaning = TypeVar("_Meaning")
_GSS = re.compile(r"[A-Z][0-9]{8}")

AS_PUBLISHED = "as_published"
"""The cells to the letter that a described row reads in plainer signs, by column."""
CELL_NOTES = "cell_notes"
"""The notes that stood beside a described row's figures, by column."""

AREA_LEVEL = "row_area_level"
"""`country`, `region`, `council`, `district`, or `ignored`; null where nobody knows the level."""
AREA_CODE = "row_area_code"
"""The GSS code that the row prints, or that its DfE code or name stands for; as it stood then."""
PERIOD_TYPE = "row_period_type"
PERIOD_LABEL = "row_period_label"
PERIOD_START = "row_period_start"
PERIOD_END = "row_period_end"
YEAR = "row_year"
"""The calendar year in which the row's period ends."""

ROW_COLUMNS: Mapping[str, str] = {
    AREA_LEVEL: "varchar",
    AREA_CODE: "varchar",
    PERIOD_TYPE: "varchar",
    PERIOD_LABEL: "varchar",
    PERIOD_START: "date",
    PERIOD_END: "date",
    YEAR: "integer",
}
"""What a row is, with DuckDB's types."""

IGNORED_LEVEL = "ignored"


def number_of(column: str) -> str:
    """The column that holds the numbers of a column of figures, null where a cell has none."""
    return f"{column}__number"


def status_of(column: str) -> str:
    """The column that says why there is no number, or `published`."""
    return f"{column}__status"


def mark_of(column: str) -> str:
    """The column of the marks in place of numbers, or beside them."""
    return f"{column}__mark"


def tells_meaning(column: str) -> bool:
    """Whether a column of a described load says what its cells mean, and is none of theirs."""
    return column in ROW_COLUMNS or column in figure_columns([column.rpartition("__")[0]])


def figure_columns(columns: Sequence[str]) -> dict[str, str]:
    """What is known of some columns of figures, with DuckDB's types."""
    return {
        of(column): kind
        for column in columns
        for of, kind in ((number_of, "double"), (status_of, "varchar"), (mark_of, "varchar"))
    }


def described(
    table: pa.Table, contract: FileContract, how: Understanding, councils: Councils
) -> pa.Table:
    """A load's rows as they are understood: the contract's columns, and what they mean.

    `source_row` stands before them, and `source_sheet` where the file is a workbook. Cells stay
    text. A figure is in plain digits and a mark in its plain spelling; what a cell said to the
    letter, where it said it otherwise, is in the map `as_published`, and notes that stood beside
    it in `cell_notes`, by column. `ROW_COLUMNS` say what each row is, and `figure_columns` what
    each figure says. `councils` are all councils, whatever the file is of.
    """
    import pyarrow as pa
    import pyarrow.compute

    for name, cell in how.whole.items():
        indices, distinct = _encoded(table[name])
        is_meant = pa.array([one.strip() == cell for one in distinct], pa.bool_())
        table = table.filter(is_meant.take(indices))
    table = without_rows(table, how.left_out)
    columns: dict[str, pa.ChunkedArray] = {
        name: table[name] for name in (SOURCE_ROW, SOURCE_SHEET) if name in table.column_names
    }
    for name, published in how.columns.items():
        columns[name] = table[published]
    for name, spelt in how.labels.items():
        columns[name] = _by_distinct(columns[name], lambda c, s=spelt: s.get(c.strip(), c))
    for name, filled in how.filled.items():
        columns[name] = _filled(columns, filled, table.num_rows)
    columns |= _periods(contract, columns)
    columns, as_published, notes = _figures(contract, columns)
    columns, days_as_published = _days(contract, columns)
    as_published |= days_as_published
    codes = plain_codes(contract, columns, councils)
    for name, (at, texts) in codes.items():
        columns[name] = pa.chunked_array([column_of_codes(at, texts)])
        as_published[name] = at, [c if k is not None else None for k, c in texts]  # type: ignore[misc]
    maps = {
        AS_PUBLISHED: _map(as_published, table.num_rows),
        CELL_NOTES: _map(notes, table.num_rows),
    }
    rows = with_meaning(pa.table(columns | maps), contract, councils)
    for name, cell in how.only.items():
        trimmed = pyarrow.compute.utf8_trim(rows[name], characters=" ")
        rows = rows.filter(pyarrow.compute.equal(trimmed, cell))
    return rows


def with_exponent(rows: pa.Table) -> dict[str, list[tuple[int, str]]]:
    """By column: the source rows and the cells of figures that are written with an exponent."""
    import pyarrow.compute

    found: dict[str, list[tuple[int, str]]] = {}
    if AS_PUBLISHED not in rows.column_names:
        return found
    for batch in rows.select([SOURCE_ROW, AS_PUBLISHED]).to_batches():
        source_rows, maps = batch.columns
        there = pyarrow.compute.match_substring_regex(maps.items, EXPONENT.pattern)
        if pyarrow.compute.any(there).as_py():
            for row, cells in zip(source_rows.to_pylist(), maps.to_pylist(), strict=True):
                for column, cell in cells or ():
                    if EXPONENT.search(cell):
                        found.setdefault(column, []).append((row, cell))
    return found


def without_letters(rows: pa.Table) -> pa.Table:
    """Described rows without what their cells said to the letter, and notes beside these."""
    beside = {AS_PUBLISHED, CELL_NOTES}.intersection(rows.column_names)
    return rows.drop_columns(sorted(beside))


def canonical(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """The contract's columns under their canonical names, cells untouched.

    `source_row` stands before them, and `source_sheet` where the file is a workbook.
    """
    import pyarrow as pa

    places = [name for name in (SOURCE_ROW, SOURCE_SHEET) if name in table.column_names]
    return pa.table(
        {name: table[name] for name in places}
        | {name: table[published] for name, published in mapping.items()}
    )


def with_meaning(table: pa.Table, contract: FileContract, councils: Councils) -> pa.Table:
    """Rows under the contract's names, with what each row and each of its figures means."""
    import pyarrow as pa

    columns = {name: table[name] for name in table.column_names}
    meaning = row_columns(contract, columns, table.num_rows, councils)
    return pa.table(columns | meaning | figures_read(contract, columns))


class _Area(NamedTuple):
    level: str | None
    code: str | None


class _Period(NamedTuple):
    type: PeriodType | None = None
    label: str | None = None
    start: date | None = None
    end: date | None = None
    year: int | None = None


def row_columns(
    contract: FileContract,
    columns: Mapping[str, pa.ChunkedArray],
    rows: int,
    councils: Councils,
) -> dict[str, pa.Array]:
    """What each row is: the columns of `ROW_COLUMNS`, from a load's under the contract's names."""
    import pyarrow as pa

    area = contract.area
    known = councils.of_unit(area.unit)
    codes: dict[str, str] = {of: name for of, name in area.codes.items() if name in columns}
    if area.level in columns:
        read = [columns[name] for name in (area.level, *codes.values())]

        def area_of(cells: tuple[str, ...]) -> _Area:
            level = level_of(contract, cells[0], known)
            cell_of = dict(zip(codes, cells[1:], strict=True))
            if level not in cell_of:
                return _Area(level, None)
            code = code_of(contract, cell_of[level], known)
            # A council of Wales is a local authority too.
            if level == area.unit and _is_other_entity(code):
                return _Area(IGNORED_LEVEL, None)
            return _Area(level, code)

        at, areas = _by_rows(read, area_of)
    else:
        at, areas = _nothing(rows, _Area(None, None))
    found = {
        AREA_LEVEL: pa.array([one.level for one in areas], pa.string()).take(at),
        AREA_CODE: pa.array([one.code for one in areas], pa.string()).take(at),
    }
    name, by = contract.period.column, contract.period_type
    types = () if isinstance(by, str) else (by["column"],)
    if all(one in columns for one in (name, *types)):

        def period_of(cells: tuple[str, ...]) -> _Period:
            row = dict(zip((name, *types), cells, strict=True))
            kind = contract.period_type_of(row)
            period = contract.period_of(row)
            label = label_of(cells[0], period, contract.period.format, years=contract.period.years)
            if period is None:
                return _Period(kind, label)
            return _Period(kind, label, period.start, period.end, period.year)

        at, periods = _by_rows([columns[one] for one in (name, *types)], period_of)
    else:
        at, periods = _nothing(rows, _Period())
    return found | {
        PERIOD_TYPE: pa.array([one.type for one in periods], pa.string()).take(at),
        PERIOD_LABEL: pa.array([one.label for one in periods], pa.string()).take(at),
        PERIOD_START: pa.array([one.start for one in periods], pa.date32()).take(at),
        PERIOD_END: pa.array([one.end for one in periods], pa.date32()).take(at),
        YEAR: pa.array([one.year for one in periods], pa.int32()).take(at),
    }


def _is_other_entity(code: str) -> bool:
    return bool(_GSS.fullmatch(code)) and code[:3].lower() in OTHER_ENTITIES


def level_of(contract: FileContract, cell: str, councils: Councils) -> str | None:
    """Our level for a cell that tells it, `ignored`, or None where nobody knows it."""
    code = cell
    if contract.area.level_from_code:
        code = councils.code_of(cell, contract.area.known_by) or ""
    return IGNORED_LEVEL if contract.is_ignored_level(cell) else contract.level_of(code)


def code_of(contract: FileContract, cell: str, councils: Councils) -> str:
    """The GSS code that a cell stands for; the cell itself where nobody knows it."""
    text = cell.strip(" ")
    if text in contract.area.england:
        return ENGLAND
    return councils.code_of(text, contract.area.known_by) or text


def figures_read(
    contract: FileContract, columns: Mapping[str, pa.ChunkedArray]
) -> dict[str, pa.Array]:
    """What each figure says: its number, its status and its mark, a column each."""
    import pyarrow as pa

    found: dict[str, pa.Array] = {}
    for name in contract.figure_names:
        if name not in columns:
            continue
        read_from, meaning = _figure_meaning(contract, name, columns)
        at, read = _by_rows([columns[one] for one in read_from], meaning)
        found[number_of(name)] = pa.array([one.number for one in read], pa.float64()).take(at)
        found[status_of(name)] = pa.array([one.status for one in read], pa.string()).take(at)
        found[mark_of(name)] = pa.array([one.mark for one in read], pa.string()).take(at)
    return found


def figures_of_row(
    contract: FileContract, cells: Mapping[str, str | None]
) -> dict[str, float | str | None]:
    """The same of one row, by the cells of its columns."""
    found: dict[str, float | str | None] = {}
    for name in contract.figure_names:
        if name in cells:
            read_from, meaning = _figure_meaning(contract, name, cells)
            read = meaning(tuple(cells[one] or "" for one in read_from))
            found[number_of(name)] = read.number
            found[status_of(name)] = read.status
            found[mark_of(name)] = read.mark
    return found


def _figure_meaning(
    contract: FileContract, name: str, columns: Container[str]
) -> tuple[tuple[str, ...], Callable[[tuple[str, ...]], FigureRead]]:
    """The columns that say what a figure is, and what their cells mean.

    Of an empty cell the column of flags or notes beside it has the reason, where the contract names
    one. A flag is the mark beside a number too.
    """
    statuses, notes = contract.statuses, contract.notes

    def by_itself(cells: tuple[str, ...]) -> FigureRead:
        return read_figure(cells[0], statuses)

    def by_flag(cells: tuple[str, ...]) -> FigureRead:
        cell, flag = read_figure(cells[0], statuses), cells[1].strip(" ")
        if cell.mark == "" and flag:
            cell = cell._replace(number=None, status=read_blank(flag, (), statuses))
        return cell._replace(mark=flag or cell.mark)

    def by_note(cells: tuple[str, ...]) -> FigureRead:
        cell = read_figure(cells[0], statuses)
        if cell.mark != "" or notes is None:
            return cell
        status = read_blank(cells[1], notes.suppressed, statuses)
        return FigureRead(None, status, cells[1].strip(" "))

    beside, meaning = contract.flags.get(name), by_flag
    if beside is None and notes is not None and notes.value == name:
        beside, meaning = notes.column, by_note
    if beside is None or beside not in columns:
        return (name,), by_itself
    return (name, beside), meaning


def _by_rows(
    columns: Sequence[pa.ChunkedArray], meaning: Callable[[tuple[str, ...]], _Meaning]
) -> tuple[NDArray[np.intp], list[_Meaning]]:
    """What rows mean by their cells, asked once for those alike: each row's place, and meanings.

    A cell that is null says nothing, as an empty one.
    """
    import numpy as np

    places = np.zeros(len(columns[0]), dtype=np.intp)
    combinations: list[tuple[str, ...]] = [()]
    for column in columns:
        indices, distinct = _encoded(column)
        texts = [*distinct, ""]
        here = indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
        pairs, places = np.unique(places * len(texts) + here, return_inverse=True)
        combinations = [
            (*combinations[pair // len(texts)], texts[pair % len(texts)]) for pair in pairs.tolist()
        ]
    return places, [meaning(cells) for cells in combinations]


def _nothing(rows: int, meaning: _Meaning) -> tuple[NDArray[np.intp], list[_Meaning]]:
    """The same of every row, where no column tells."""
    import numpy as np

    return np.zeros(rows, dtype=np.intp), [meaning]


def _encoded(cells: pa.ChunkedArray) -> tuple[pa.Array, list[str]]:
    import pyarrow as pa
    import pyarrow.compute

    found = pyarrow.compute.dictionary_encode(cells.combine_chunks())
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found.indices, [
        "" if cell is None else str(cell) for cell in found.dictionary.to_pylist()
    ]


def _by_distinct(cells: pa.ChunkedArray, meaning: Callable[..., str | None]) -> pa.ChunkedArray:
    """Cells by what each says, asked once a distinct cell."""
    import pyarrow as pa

    indices, distinct = _encoded(cells)
    meanings = [meaning(cell) for cell in distinct]
    if meanings == distinct:
        return cells
    return pa.chunked_array([pa.array(meanings, pa.string()).take(indices)])


def _filled(columns: Mapping[str, pa.ChunkedArray], filled: Filled, rows: int) -> pa.ChunkedArray:
    import pyarrow as pa

    if not filled.by:
        return pa.chunked_array([pa.array([filled.value] * rows, pa.string())])
    sides = [[str(cell).strip() for cell in columns[name].to_pylist()] for name in filled.by]
    joined = ("\t".join(cells) for cells in zip(*sides, strict=True))
    cells = [filled.values.get(cell, filled.value) for cell in joined]
    return pa.chunked_array([pa.array(cells, pa.string())])


def _periods(
    contract: FileContract, columns: Mapping[str, pa.ChunkedArray]
) -> dict[str, pa.ChunkedArray]:
    """The column of periods in its contract's notation, and that of their types as it names them.

    A period that is of a type by another column's cell is read as one of that type.
    """
    name, of = contract.period.column, contract.period_type
    notation = contract.period.format
    if name not in columns:
        return {}
    import pyarrow as pa
    import pyarrow.compute

    if isinstance(of, str):
        kind = cast("PeriodType", of)
        return {name: _as_type(columns[name], notation, kind)}
    if (by := of["column"]) not in columns:
        return {}
    known = {cell: cell for cell in of if cell != "column"}
    known |= as_known([*known], [cell.strip() for cell in _encoded(columns[by])[1]])
    types = _by_distinct(columns[by], lambda cell: known.get(cell.strip(), cell))
    made = columns[name]
    for cell in known.values():
        kind = cast("PeriodType", of[cell])
        read = _as_type(made, notation, kind)
        made = pa.chunked_array(
            [
                pyarrow.compute.if_else(
                    pyarrow.compute.equal(types.combine_chunks(), cell),
                    read.combine_chunks(),
                    made.combine_chunks(),
                )
            ]
        )
    return {name: made, by: types}


def _as_type(cells: pa.ChunkedArray, notation: Notation, kind: PeriodType) -> pa.ChunkedArray:
    """A column of periods in a notation: one period has one label, so that it stands there once."""
    distinct = _encoded(cells)[1]
    day_first = are_day_first(distinct)
    read = {c: read_period(c, notation, kind, day_first=day_first) for c in distinct}
    label_of_period: dict[Period, str] = {}
    for cell, label in read.items():
        if label and (period := parse_period(label, notation, kind)):
            read[cell] = label_of_period.setdefault(period, label)
    return _by_distinct(cells, lambda cell: read[cell] or cell)


def plain_codes(
    contract: FileContract, columns: Mapping[str, pa.ChunkedArray], councils: Councils
) -> dict[str, tuple[pa.Array, list[tuple[str | None, str]]]]:
    """The columns of codes some of whose cells have something about the code.

    For each its rows' positions in the list of its cells, and of these the plain code, None where
    the cell is left as it is, and the cell.
    """
    area = contract.area
    known = councils.of_unit(area.unit)
    found = {}
    for name in dict.fromkeys((*area.codes.values(), *contract.more_councils)):
        if name not in columns:
            continue
        indices, distinct = _encoded(columns[name])
        read = [(_plain_code(cell, contract, known), cell) for cell in distinct]
        if any(code is not None for code, _ in read):
            found[name] = indices, read
    return found


def column_of_codes(at: pa.Array, texts: Sequence[tuple[str | None, str]]) -> pa.Array:
    """A column of `plain_codes` as it is read."""
    import pyarrow as pa

    return pa.array([cell if code is None else code for code, cell in texts], pa.string()).take(at)


def _plain_code(cell: str, contract: FileContract, councils: Councils) -> str | None:
    """A cell's code; None where it is one to the letter, or none, or the seeds know the cell."""
    text = cell.strip(" ")
    known_by = contract.area.known_by
    if text in contract.area.england or text in councils.spellings:
        return None
    code = read_code(text, councils, known_by)
    return None if code == text else code


def _figures(
    contract: FileContract, columns: dict[str, pa.ChunkedArray]
) -> tuple[dict[str, pa.ChunkedArray], _Cells, _Cells]:
    import pyarrow as pa

    as_published: _Cells = {}
    notes: _Cells = {}
    percentages = set(contract.columns_of("percentages"))
    for name in contract.columns_of(*NUMERIC_ROLES):
        if name not in columns:
            continue
        indices, distinct = _encoded(columns[name])
        read = [
            read_cell(cell, contract.known_marks, is_percentage=name in percentages) or (cell, "")
            for cell in distinct
        ]
        plain = _without_noughts([cell for cell, _ in read])
        if plain == [cell.strip(" ") for cell in distinct] and not any(n for _, n in read):
            continue
        columns = columns | {name: pa.chunked_array([pa.array(plain, pa.string()).take(indices)])}
        otherwise = [was if now != was else None for now, was in zip(plain, distinct, strict=True)]
        as_published[name] = indices, otherwise  # type: ignore[assignment]
        if any(note for _, note in read):
            notes[name] = indices, [note or None for _, note in read]  # type: ignore[misc]
    return columns, as_published, notes


def _days(
    contract: FileContract, columns: dict[str, pa.ChunkedArray]
) -> tuple[dict[str, pa.ChunkedArray], _Cells]:
    """The declared columns of days in one notation, and what their cells said to the letter."""
    import pyarrow as pa

    as_published: _Cells = {}
    spec, period = contract.checks.days, contract.period.column
    if spec is None or period not in columns or not isinstance(contract.period_type, str):
        return columns, as_published
    periods = [contract.period_of({period: cell}) for cell in _encoded(columns[period])[1]]
    ends = [one.end for one in periods if one]
    for name in spec.order:
        if name not in columns:
            continue
        # What is no part of the period itself, as a report's publication, follows within a year.
        after = timedelta() if name in spec.by_then else timedelta(days=366)
        indices, distinct = _encoded(columns[name])
        if read := read_days(distinct, max(ends) + after if ends else None):
            plain = [read.get(cell, cell) for cell in distinct]
            made = pa.chunked_array([pa.array(plain, pa.string()).take(indices)])
            columns = columns | {name: made}
            letters = [cell if cell in read else None for cell in distinct]
            as_published[name] = indices, letters  # type: ignore[assignment]
    return columns, as_published


# A column of so many whole numbers by chance, where one decimal is meant: one in 10 to the 20th.
_ALL_WHOLE = 20


def _without_noughts(cells: list[str]) -> list[str]:
    """Whole numbers without the nought that a tool wrote behind each: `7.0` in a column of such.

    A column with one decimal that says something keeps them all.
    """
    divided = [cell.partition(".") for cell in cells if "." in cell and PLAIN.fullmatch(cell)]
    if len(divided) < _ALL_WHOLE or any(behind.strip("0") for _, _, behind in divided):
        return cells
    return [cell.partition(".")[0] if PLAIN.fullmatch(cell) else cell for cell in cells]


def _map(cells: _Cells, rows: int) -> pa.Array:
    """A map a row, null where it would be empty."""
    import pyarrow as pa
    import pyarrow.compute

    kind = pa.map_(pa.string(), pa.string())
    if not cells:
        return pa.nulls(rows, kind)
    taken = {name: pa.array(texts, pa.string()).take(at) for name, (at, texts) in cells.items()}
    by_row: list[list[tuple[str, str]] | None] = [None] * rows
    for name, texts in taken.items():
        for at in pyarrow.compute.indices_nonzero(texts.is_valid()).to_pylist():
            by_row[at] = [*(by_row[at] or []), (name, texts[at].as_py())]
    return pa.array(by_row, kind)

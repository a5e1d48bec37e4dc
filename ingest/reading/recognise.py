"""How a load is read: which published column is which of its contract's, and what its labels say.

By name first (`names`), then by the figures that the release before had too (`evidence`): a file
whose years to 2024 agree with the release before, cell for cell, has been understood, whatever its
columns are called. What is found is kept in the load's verdict, and the rows that the checks and
the build read (`described`) follow from it alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ingest.contracts.contract import Column, FileContract
from ingest.contracts.specs import NUMERIC_ROLES
from ingest.errors import ReadError
from ingest.reading.cells import PLAIN, read_cell
from ingest.reading.evidence import MIN_CELLS_AGAINST
from ingest.reading.grids import SOURCE_SHEET, titled_sheets
from ingest.reading.names import (
    READINGS,
    as_known,
    in_words,
    normal,
    spelt_as,
)
from ingest.reading.periods import read_period
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.reading.evidence import Evidence
    from ingest.reading.periods import PeriodType

    # By column, for each row the position of what is said of it; null where nothing is.
    _Cells = dict[str, tuple[pa.Array, list[str]]]

AS_PUBLISHED = "as_published"
"""The cells to the letter that a described row reads in plainer signs, by column."""
CELL_NOTES = "cell_notes"
"""The notes that stood beside a described row's figures, by column."""

# Of a column with more labels than this none is a breakdown.
_MOST_LABELS = 400
_MOST_UNKNOWN_SHOWN = 6


class NotUnderstoodError(ReadError):
    """A column is not known. `proposal` is what might be meant, the contract's name first."""

    def __init__(self, message: str, proposal: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.proposal = dict(proposal or {})


@dataclass(frozen=True)
class Filled:
    """A column that is gone, and what it would say: `value`, or by the cells of other columns.

    `values` has, for the cells of the columns `by` joined by tabs, the cell of the one gone.
    """

    value: str = ""
    by: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Understanding:
    """How one load is read.

    `columns` are the contract's names with the published ones; `labels` have, for a column, each
    printed label that is another spelling or name of one that is known; `filled` are columns that
    are gone and follow from the rest. `evidence` are the sentences that say what was matched by
    figures, with numbers; `proposals` what may be meant for a label (`column/label`) that is gone.
    `only` are columns by whose cell the rows of this series are told from another's in one file.
    """

    columns: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filled: Mapping[str, Filled] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    proposals: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a verdict."""
        filled = {name: dict(vars(one)) for name, one in self.filled.items()}
        return vars(self) | {"filled": filled, "evidence": list(self.evidence)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Understanding:
        """The understanding that `to_dict` wrote.

        Raises
        ------
        KeyError
            A field is missing.
        """
        return cls(
            columns=dict(document["columns"]),
            labels={name: dict(labels) for name, labels in document["labels"].items()},
            filled={
                name: Filled(one["value"], tuple(one["by"]), dict(one["values"]))
                for name, one in document["filled"].items()
            },
            evidence=tuple(document["evidence"]),
            proposals=dict(document["proposals"]),
            only=dict(document["only"]),
        )


# By name


@dataclass(frozen=True)
class ByName:
    """What names alone tell: columns found, those not found, and those that two names claim."""

    columns: dict[str, str]
    missing: tuple[Column, ...]
    twice: dict[str, tuple[str, ...]]


def match_names(contract: FileContract, printed: Sequence[str]) -> ByName:
    """Which published column is which of the contract's, as far as names tell."""
    columns: dict[str, str] = {}
    twice: dict[str, tuple[str, ...]] = {}
    present = set(printed)
    for column in contract.columns:
        hits = tuple(name for name in column.published_as if name in present)
        if len(hits) == 1:
            columns[column.name] = hits[0]
        elif hits:
            twice[column.name] = hits
    for of_printed, of_known, roles in READINGS:
        free = [name for name in printed if name not in set(columns.values())]
        wanted = [c for c in contract.columns if c.name not in columns and c.name not in twice]
        said: dict[str, set[str]] = {}
        for column in contract.columns:
            for name in column.published_as:
                said.setdefault(of_known(name), set()).add(column.name)
        for column in wanted:
            if roles and column.role not in roles:
                continue
            words = {of_known(name) for name in column.published_as}
            # Words that stand for two columns of the contract tell neither.
            own = {word for word in words if said[word] == {column.name}}
            found = tuple(name for name in free if of_printed(name) in own)
            if len(found) == 1:
                columns[column.name] = found[0]
            elif found:
                twice[column.name] = found
    missing = tuple(c for c in contract.columns if c.name not in columns and c.name not in twice)
    return ByName(columns, missing, twice)


def is_needed(contract: FileContract, column: Column) -> bool:
    """Whether a file without a column is not the file: all but names that stand beside codes."""
    if column.name in contract.optional:
        return False
    referenced_columns = {
        *contract.key,
        *contract.constants,
        *contract.more_councils,
        *contract.checks.referenced_columns(),
        contract.period.column,
        contract.row_count,
        contract.area.level,
        *contract.area.codes.values(),
    }
    return column.role != "identity" or column.name in referenced_columns


def column_mapping(contract: FileContract, published: Sequence[str]) -> dict[str, str]:
    """Each canonical column's name in this file, by names alone.

    Raises
    ------
    NotUnderstoodError
        A column has none of the names it has had, or two of them. The nearest names found are
        told, never taken.
    """
    printed = [name for name in published if name not in (SOURCE_ROW, SOURCE_SHEET)]
    found = match_names(contract, printed)
    refuse_twice(found.twice)
    refuse_missing(contract, found.missing, printed, found.columns.values(), [])
    return found.columns


def refuse_twice(twice: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that two published ones might be, naming both.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    for name, hits in twice.items():
        raise NotUnderstoodError(
            f"column {name} is there under two names: {', '.join(map(repr, hits))}",
            {name: hits[0]},
        )


def refuse_missing(
    contract: FileContract,
    missing: Iterable[Column],
    printed: Sequence[str],
    taken: Iterable[str],
    evidence: Sequence[Evidence],
) -> None:
    """Refuse a file without a column that is needed, with what might be meant.

    Proposed is what most of the figures speak for, or, where there are none to compare, the one
    name that is near. What figures speak against is shown, and not proposed.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    said: list[str] = []
    proposal: dict[str, str] = {}
    # What is known to be of no use is no guess: the children beside their referrals.
    of_use = [name for name in printed if not contract.is_ignored(name)]
    free = [name for name in of_use if name not in set(taken)]
    near = {one.of: one for one in evidence}
    for column in missing:
        if not is_needed(contract, column):
            continue
        known = " or ".join(repr(name) for name in column.published_as)
        one = near.get(column.name)
        if one and one.may_be_meant:
            proposal[column.name] = one.best.candidate
            said.append(f"{known} (by its figures {one})")
            continue
        if one and one.kind != "near" and one.best.cells >= MIN_CELLS_AGAINST:
            said.append(f"{known} (no column has its figures; nearest {one.best})")
            continue
        close = difflib.get_close_matches(column.published_as[0], free, n=3, cutoff=0.5)
        # Figures that no column is clearly nearest to are not to be had by a name that is near.
        if len(close) == 1 and one is None:
            proposal[column.name] = close[0]
        hint = f" (nearest found: {', '.join(map(repr, close))})" if close else ""
        said.append(f"{known}{hint}")
    if said:
        listed = {name for column in contract.columns for name in column.published_as}
        unknown = [name for name in free if name not in listed and name not in proposal.values()]
        shown = ", ".join(map(repr, unknown[:_MOST_UNKNOWN_SHOWN]))
        more = ", …" if len(unknown) > _MOST_UNKNOWN_SHOWN else ""
        there = f"; there, and unknown: {shown}{more}" if shown else ""
        missing_told = "; ".join(said)
        raise NotUnderstoodError(
            f"its columns are not known; missing: {missing_told}{there}", proposal
        )


def sheets_by_header(contract: FileContract, table: pa.Table) -> list[tuple[str, str]]:
    """Sheets that were known by their header alone: what each was to be named, and its name."""
    if SOURCE_SHEET not in table.column_names:
        return []
    patterns = contract.reading.sheets
    sheets = distinct_labels(table[SOURCE_SHEET])
    unnamed = [one for one in sheets if not any(spelt_as(pattern, one) for pattern in patterns)]
    wanted = [p for p in patterns if not any(spelt_as(p, sheet) for sheet in sheets)]
    # A sheet whose title says the name has it, whatever stands on its tab.
    if all(sheet in titled_sheets(table) for sheet in unnamed):
        return []
    return list(zip(map(in_words, wanted), unnamed, strict=False))


def refuse_unproved_sheets(contract: FileContract, table: pa.Table) -> None:
    """Refuse figures of a sheet with another name, where no figure of before speaks for it.

    A header is not enough: relative and absolute low income have the same. A list without figures
    is what its columns say.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    if not contract.columns_of(*NUMERIC_ROLES):
        return
    for wanted, sheet in sheets_by_header(contract, table):
        raise NotUnderstoodError(
            f"no sheet is named {wanted!r}; {sheet!r} has its header, and no figures that were"
            " published before to prove that it is the one"
        )


def unlisted_columns(
    contract: FileContract, published: Sequence[str], read: Iterable[str] = ()
) -> list[str]:
    """Published columns that the contract neither reads nor knows to be of no use."""
    listed = {name for column in contract.columns for name in column.published_as} | set(read)
    return [
        name
        for name in published
        if name not in (SOURCE_ROW, SOURCE_SHEET)
        and name not in listed
        and not contract.is_ignored(name)
    ]


def spelt_labels(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    history: Mapping[str, set[str]] | None = None,
) -> dict[str, dict[str, str]]:
    """Labels that are another spelling of one that the contract or the release before has."""
    labels: dict[str, dict[str, str]] = {}
    level = contract.area.level
    for name, of_contract in known_labels(contract).items():
        before = history.get(name, set()) if history is not None and name != level else set()
        known = of_contract | before
        if not known or name not in columns:
            continue
        distinct = distinct_labels(table[columns[name]])
        if name == level:
            distinct = [one for one in distinct if not contract.knows_level(one)]
        if len(distinct) > _MOST_LABELS:
            continue
        spelt: dict[str, str] = {}
        for label, spellings in contract.labels.get(name, {}).items():
            # A label that is there itself has no other name in the same file.
            if label not in distinct:
                spelt |= _one_spelling(label, spellings, distinct)
        spelt |= as_known(known, [label for label in distinct if label not in spelt])
        if spelt:
            labels[name] = spelt
    return labels


def _one_spelling(label: str, spellings: Iterable[str], printed: Sequence[str]) -> dict[str, str]:
    """The one printed label that is a spelling of this one; two at once are of two things."""
    to_the_letter = [one for one in spellings if one in printed]
    words = {normal(one) for one in spellings} - {normal(label)}
    found = to_the_letter or [one for one in printed if normal(one) in words]
    return {found[0]: label} if len(found) == 1 else {}


def known_labels(contract: FileContract) -> dict[str, set[str]]:
    """The columns whose cells are labels, with the labels that the contract names."""
    known: dict[str, set[str]] = {
        name: set() for name in contract.columns_of("filters") if name != contract.period.column
    }
    for name, values in contract.constants.items():
        known.setdefault(name, set()).update(values)
    for name, spellings in contract.labels.items():
        known.setdefault(name, set()).update(spellings)
    for where in contract.checks.filters():
        for name, cells in where.items():
            known.setdefault(name, set()).update(cells)
    if not contract.area.told_by_code:
        known[contract.area.level] = {*contract.area.levels, *contract.area.ignored_levels}
    else:
        known.pop(contract.area.level, None)
    known.pop(contract.period.column, None)
    return known


def distinct_labels(cells: pa.ChunkedArray) -> list[str]:
    """The labels of a column, trimmed."""
    import pyarrow.compute

    return sorted({str(cell).strip() for cell in pyarrow.compute.unique(cells).to_pylist()})


# Rows


def described(table: pa.Table, contract: FileContract, how: Understanding) -> pa.Table:
    """A load's rows as they are understood: the contract's columns, labels, periods and figures.

    `source_row` stands before them, and `source_sheet` where the file is a workbook. Cells stay
    text. A figure is in plain digits and a mark in its plain spelling; what a cell said to the
    letter, where it said it otherwise, is in the map `as_published`, and notes that stood beside
    it in `cell_notes`, by column.
    """
    import pyarrow as pa
    import pyarrow.compute

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
    columns, said, notes = _figures(contract, columns)
    maps = {AS_PUBLISHED: _map(said, table.num_rows), CELL_NOTES: _map(notes, table.num_rows)}
    rows = pa.table(columns | maps)
    for name, cell in how.only.items():
        trimmed = pyarrow.compute.utf8_trim(rows[name], characters=" ")
        rows = rows.filter(pyarrow.compute.equal(trimmed, cell))
    return rows


def canonical(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """The contract's columns under their canonical names, cells untouched.

    `source_row` stands before them, and `source_sheet` where the file is a workbook.
    """
    import pyarrow as pa

    told = [name for name in (SOURCE_ROW, SOURCE_SHEET) if name in table.column_names]
    return pa.table(
        {name: table[name] for name in told}
        | {name: table[published] for name, published in mapping.items()}
    )


def _encoded(cells: pa.ChunkedArray) -> tuple[pa.Array, list[str]]:
    import pyarrow as pa
    import pyarrow.compute

    found = pyarrow.compute.dictionary_encode(cells.combine_chunks())
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found.indices, [
        "" if cell is None else str(cell) for cell in found.dictionary.to_pylist()
    ]


def _by_distinct(cells: pa.ChunkedArray, meaning: Any) -> pa.ChunkedArray:
    """Cells by what each says, asked once a distinct cell."""
    import pyarrow as pa

    indices, distinct = _encoded(cells)
    said = [meaning(cell) for cell in distinct]
    if said == distinct:
        return cells
    return pa.chunked_array([pa.array(said, pa.string()).take(indices)])


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
        return {name: _by_distinct(columns[name], lambda c: read_period(c, notation, kind) or c)}
    if (by := of["column"]) not in columns:
        return {}
    known = {cell: cell for cell in of if cell != "column"}
    known |= as_known([*known], [cell.strip() for cell in _encoded(columns[by])[1]])
    types = _by_distinct(columns[by], lambda cell: known.get(cell.strip(), cell))
    made = columns[name]
    for cell in known.values():
        kind = cast("PeriodType", of[cell])
        read = _by_distinct(made, lambda c, kind=kind: read_period(c, notation, kind) or c)
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


def _figures(
    contract: FileContract, columns: dict[str, pa.ChunkedArray]
) -> tuple[dict[str, pa.ChunkedArray], _Cells, _Cells]:
    import pyarrow as pa

    said: _Cells = {}
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
        said[name] = indices, otherwise  # type: ignore[assignment]
        if any(note for _, note in read):
            notes[name] = indices, [note or None for _, note in read]  # type: ignore[misc]
    return columns, said, notes


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

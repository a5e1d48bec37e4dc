"""A file by what it is: which of a publication's tables it holds, whatever it is named.

A publisher renames its files more often than it changes what stands in them. A name that no
contract knows costs nothing where the columns are those of one table that is wanted, and of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES
from ingest.errors import ReadError
from ingest.reading.evidence import MIN_AGREEMENT, MIN_CELLS_OF_CODES
from ingest.reading.grids import SOURCE_SHEET, read_table
from ingest.reading.names import in_words, normal, words_of
from ingest.reading.recognise import distinct_labels, is_needed, known_labels, match_names
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    import pyarrow as pa


# Of the columns that tell a table from others, so many are there at least where some are renamed.
_MOSTLY = 0.4
# Office for National Statistics, Register of Geographic Codes: a letter for the country, 8 digits.
_CODE = re.compile(r"[EKNSW]\d{8}")
# How well a file is a table: its columns, of the labels that its contract names those found, and
# whether its name has the words of the contract's.
_Fit = tuple[int, float, bool]
_NONE: _Fit = (0, 0.0, False)


def recognise(
    wanted: Sequence[FileContract], files: Mapping[str, Callable[[], bytes]]
) -> dict[str, tuple[str, ...]]:
    """Which of the wanted tables each file holds, by the file's name; none of a file of no use.

    A workbook may hold several, a plain table is one: the one of which it has the most columns,
    and among those with as many the one of whose labels it has the most, and then the one whose
    name it has with more words about it. A table that two files hold, and a file that is as much
    one table as another, are left out: a person has to say. A table that no file holds whole is
    the one of which a file has most columns, the others under other names, or failing that the one
    whose name a single file has, with more words about it: whether they are is for its figures to
    say, when it is read.
    """
    read = {name: contents() for name, contents in files.items()}
    held = {name: _tables_of(wanted, name, data, _fit) for name, data in read.items()}
    claimed = {file_id for tables in held.values() for file_id in tables}
    left = [one for one in wanted if one.reading.format == "csv" and one.file_id not in claimed]
    nearly = {
        name: _tables_of(left, name, data, _partial_fit)
        for name, data in read.items()
        if left and not held[name]
    }
    found = _held_once(held) | _held_once(nearly)
    claimed = {file_id for tables in found.values() for file_id in tables}
    named = {
        name: tuple(
            one.file_id
            for one in left
            if one.file_id not in claimed
            and _is_named(one, name)
            and _table_of(one, data) is not None
        )
        for name, data in read.items()
        if left and not found.get(name)
    }
    return found | _held_once({name: t for name, t in named.items() if len(t) == 1})


def _held_once(held: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The files with those of their tables that no other file holds."""
    claims = [file_id for tables in held.values() for file_id in tables]
    return {
        name: kept
        for name, tables in held.items()
        if (kept := tuple(one for one in tables if claims.count(one) == 1))
    }


def _tables_of(
    wanted: Sequence[FileContract],
    name: str,
    data: bytes,
    fit_of: Callable[[FileContract, bytes], tuple[int, float] | None],
) -> tuple[str, ...]:
    sheets: list[str] = []
    plain: dict[str, _Fit] = {}
    for contract in wanted:
        if (fit := fit_of(contract, data)) is None:
            continue
        if contract.reading.format == "workbook":
            sheets.append(contract.file_id)
        else:
            plain[contract.file_id] = (*fit, _is_named(contract, name))
    best = max(plain.values(), default=_NONE)
    most = [file_id for file_id, fit in plain.items() if fit == best]
    return (*sheets, *(most if len(most) == 1 else ()))


def _is_named(contract: FileContract, name: str) -> bool:
    """Whether a file's name has every word of a name that the contract knows."""
    words = set(words_of(name))
    return any(words >= set(words_of(in_words(pattern))) for pattern in contract.names)


def _fit(contract: FileContract, data: bytes) -> tuple[int, float] | None:
    """How well a file is a contract's; None where it lacks a column that is needed."""
    if (table := _table_of(contract, data)) is None:
        return None
    printed = [n for n in table.column_names if n not in (SOURCE_ROW, SOURCE_SHEET)]
    available = [*printed, contract.period.column] if _is_period_from_release(contract) else printed
    found = match_names(contract, printed)
    lacking = [c for c in found.missing if is_needed(contract, c) and c.name not in available]
    if lacking or found.twice:
        return None
    return len(found.columns), _labels_found(contract, table, found.columns)


def _partial_fit(contract: FileContract, data: bytes) -> tuple[int, float] | None:
    """How well a file is a contract's, some of whose columns may have other names."""
    if (table := _table_of(contract, data)) is None:
        return None
    printed = [n for n in table.column_names if n not in (SOURCE_ROW, SOURCE_SHEET)]
    found = match_names(contract, printed)
    # Columns of areas and periods are those of any other table.
    telling = [*contract.columns_of(*NUMERIC_ROLES), *contract.columns_of("filters")]
    telling = [name for name in telling if name != contract.period.column]
    there = [name for name in telling if name in found.columns]
    area = contract.area.codes[contract.area.unit]
    if area not in found.columns and not (
        contract.area.known_by == "gss" and any(_holds_codes(table[name]) for name in printed)
    ):
        return None
    if found.twice or len(there) < max(2, _MOSTLY * len(telling)):
        return None
    return len(found.columns), _labels_found(contract, table, found.columns)


def _holds_codes(cells: pa.ChunkedArray) -> bool:
    """Whether a column prints codes of areas, whatever it is called."""
    distinct = {cell.strip() for cell in distinct_labels(cells)}
    codes = sum(_CODE.fullmatch(cell) is not None for cell in distinct)
    return codes >= MIN_CELLS_OF_CODES and codes >= MIN_AGREEMENT * len(distinct - {""})


def _table_of(contract: FileContract, data: bytes) -> pa.Table | None:
    try:
        return read_table(data, contract.reading, contract.kept, contract.figures)
    except ReadError:
        return None


def _labels_found(contract: FileContract, table: pa.Table, columns: Mapping[str, str]) -> float:
    """Of the labels that a contract names, the share that a file has; 0 where it names none."""
    named = found = 0
    for name, labels in known_labels(contract).items():
        if name == contract.area.level or name not in columns:
            continue
        there = {normal(one) for one in distinct_labels(table[columns[name]])}
        words = {normal(one) for one in labels}
        named, found = named + len(words), found + len(words & there)
    return found / named if named else 0.0


def _is_period_from_release(contract: FileContract) -> bool:
    """Whether the release's name tells the period, and no column of the file."""
    return contract.period.taken_from == "release"

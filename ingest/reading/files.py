"""A file by what it is: which of a publication's tables it holds, whatever it is named.

A publisher renames its files more often than it changes what stands in them. A name that no
contract knows costs nothing where the columns are those of one table that is wanted, and of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ingest.contracts import FileContract
from ingest.errors import ReadError
from ingest.reading.grids import SOURCE_SHEET, read_table
from ingest.reading.recognise import is_needed, match_names
from ingest.reading.tables import SOURCE_ROW


def recognise(
    wanted: Sequence[FileContract], files: Mapping[str, Callable[[], bytes]]
) -> dict[str, tuple[str, ...]]:
    """Which of the wanted tables each file holds, by the file's name; none of a file of no use.

    A workbook may hold several, a plain table is one: the one of which it has the most columns. A
    table that two files hold, and a file that is as much one table as another, are left out: a
    person has to say.
    """
    held = {name: _tables_of(wanted, contents()) for name, contents in files.items()}
    claims = [file_id for tables in held.values() for file_id in tables]
    return {
        name: told
        for name, tables in held.items()
        if (told := tuple(one for one in tables if claims.count(one) == 1))
    }


def _tables_of(wanted: Sequence[FileContract], data: bytes) -> tuple[str, ...]:
    sheets: list[str] = []
    plain: dict[str, int] = {}
    for contract in wanted:
        if not (columns := _columns_found(contract, data)):
            continue
        if contract.reading.format == "workbook":
            sheets.append(contract.file_id)
        else:
            plain[contract.file_id] = columns
    best = max(plain.values(), default=0)
    most = [name for name, columns in plain.items() if columns == best]
    return (*sheets, *(most if len(most) == 1 else ()))


def _columns_found(contract: FileContract, data: bytes) -> int:
    """How many of a contract's columns a file has; 0 where it lacks one that is needed."""
    try:
        table = read_table(data, contract.reading, contract.kept)
    except ReadError:
        return 0
    printed = [n for n in table.column_names if n not in (SOURCE_ROW, SOURCE_SHEET)]
    told = [*printed, contract.period.column] if _period_is_told(contract) else printed
    found = match_names(contract, printed)
    lacking = [c for c in found.missing if is_needed(contract, c) and c.name not in told]
    return 0 if lacking or found.twice else len(found.columns)


def _period_is_told(contract: FileContract) -> bool:
    """Whether the release's name tells the period, and no column of the file."""
    return contract.period.taken_from == "release"

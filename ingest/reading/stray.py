"""Rows of a table that are no data: its header once more, and units or types right below it.

Which they are, from what a row prints alone. A row that might be an area's is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES, RELEASE
from ingest.councils import all_councils
from ingest.reading.printed_codes import read_code
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    import pyarrow as pa

# A row that says so is of all areas together, whatever else it lacks.
_WHOLE = re.compile(r"\b(?:total|totals|england|all|average|mean|sum)\b", re.IGNORECASE)
_SHOWN = 4


def stray_rows(
    contract: FileContract, table: pa.Table, columns: Mapping[str, str]
) -> dict[int, str]:
    """The source rows of a load that are no data, each with why, in a sentence.

    `columns` lead from the contract's names to the published ones, as far as names tell.
    """
    return _headers_again(table) | _words_below(contract, table, columns)


def _headers_again(table: pa.Table) -> dict[int, str]:
    """Rows with the names of their columns in all cells, as of files joined.

    Below a note or a blank row a header may begin another table, and is for a person.
    """
    import pyarrow.compute

    found = table
    for name in table.column_names:
        if name not in (SOURCE_ROW, RELEASE):
            cells = pyarrow.compute.utf8_trim_whitespace(found[name])
            found = found.filter(pyarrow.compute.equal(cells, name.strip()))
            if not found.num_rows:
                return {}
    numbers = {0, *table[SOURCE_ROW].to_pylist()}
    return {
        row: f"row {row} repeats the header, and is left out"
        for row in found[SOURCE_ROW].to_pylist()
        if row - 1 in numbers
    }


def _words_below(
    contract: FileContract, table: pa.Table, columns: Mapping[str, str]
) -> dict[int, str]:
    """The row right below the header, where it has words alone: no area, no period, no figure.

    One whose figures are all marks may be an area's, and stays.
    """
    area = contract.area
    figures = [name for name in contract.columns_of(*NUMERIC_ROLES) if name in columns]
    apart = [contract.period.column, area.level, *area.codes.values()]
    apart = [name for name in apart if columns.get(name) != RELEASE]
    if not figures or any(name not in columns for name in apart):
        return {}
    rows = table.slice(0, 2).to_pylist()
    if len(rows) < 2 or rows[0][SOURCE_ROW] != 1 or rows[1][SOURCE_ROW] == 1:
        return {}
    row = {name: str(cell or "").strip() for name, cell in rows[0].items()}
    row = {name: cell for name, cell in row.items() if name not in (SOURCE_ROW, RELEASE)}
    of_contract = {name: row[one] for name, one in columns.items() if one in row}
    identity = {columns[n] for n in contract.columns_of("identity", "filters") if n in of_contract}
    words = [of_contract[name] for name in figures]
    marks = {mark.lower() for mark in (*contract.known_marks, *contract.statuses)}
    if (
        any(re.search(r"\d", row[name]) for name in row if name not in identity)
        or any(re.search(r"\d", of_contract[name]) for name in apart)
        or not any(words)
        or any(word.lower().strip("[]() ") in marks for word in words if word)
        or any(_WHOLE.search(row[name]) for name in identity)
        or contract.knows_level(of_contract[area.level])
        or _names_an_area(contract, [row[name] for name in identity])
    ):
        return {}
    shown = ", ".join(repr(word) for word in [*dict.fromkeys(filter(None, row.values()))][:_SHOWN])
    return {1: f"row 1, right below the header, has no area and no figure ({shown}): left out"}


def _names_an_area(contract: FileContract, cells: Iterable[str]) -> bool:
    councils = all_councils()
    names = {council.name.lower() for council in councils.by_code.values()}
    names |= {one.lower() for one in (*councils.spellings, *councils.regions.values())}
    names |= {one.lower() for one in contract.area.england}
    return any(cell.lower() in names or read_code(cell, councils) for cell in cells if cell)

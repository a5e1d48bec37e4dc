"""How a load is read: by its names, and by what its figures say where there is a history."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa

from ingest.contracts.contract import FileContract
from ingest.councils import all_councils
from ingest.reading.breakdowns import breakdowns
from ingest.reading.codes import columns_of_codes
from ingest.reading.evidence import Evidence
from ingest.reading.grids import SOURCE_SHEET, found_by
from ingest.reading.history import History
from ingest.reading.recognise import (
    ByName,
    NotUnderstoodError,
    Understanding,
    distinct_labels,
    match_names,
    refuse_missing,
    refuse_twice,
    refuse_unproved_sheets,
    spelt_labels,
)
from ingest.reading.stray import stray_rows
from ingest.reading.tables import SOURCE_ROW, without_rows


def understand(
    contract: FileContract, table: pa.Table, history: pa.Table | None = None
) -> Understanding:
    """How a load is read, by its names and by the figures that it shares with the one before.

    `history` are the described rows of the admitted release before.

    Raises
    ------
    NotUnderstoodError
        A column that is needed is not to be told, or figures speak against a name.
    """
    printed = [name for name in table.column_names if name not in (SOURCE_ROW, SOURCE_SHEET)]
    for ours, theirs in contract.decided.items():
        if "/" not in ours and theirs not in printed:
            near = difflib.get_close_matches(theirs, printed, n=3, cutoff=0.5)
            raise NotUnderstoodError(
                f"it has no column {theirs!r}, which {ours} was to be read from"
                + (f" (nearest found: {', '.join(map(repr, near))})" if near else "")
            )
    by_name = match_names(contract, printed)
    stray = stray_rows(contract, table, by_name.columns)
    how = _understood(contract, without_rows(table, stray), history, by_name)
    messages = (*stray.values(), *_councils_by_title(contract, table, how.columns))
    if not messages:
        return how
    return replace(how, left_out=tuple(stray), evidence=(*how.evidence, *messages))


def _councils_by_title(
    contract: FileContract, table: pa.Table, columns: Mapping[str, str]
) -> Iterator[str]:
    """The names of councils that are told by their title or for a note, and by no seed."""
    area = contract.area
    name = area.codes[area.unit]
    if area.known_by != "name" or columns.get(name) not in table.column_names:
        return
    councils = all_councils()
    for cell in distinct_labels(table[columns[name]]):
        code = councils.code_of(cell, "name")
        if code and cell not in councils.spellings:
            yield f"{name} {cell!r} is read as {councils.name(code)}, {code}"


def _understood(
    contract: FileContract, table: pa.Table, history: pa.Table | None, by_name: ByName
) -> Understanding:
    if history is None or not history.num_rows:
        refuse_unproved_sheets(contract, table)
        refuse_twice(by_name.twice)
        columns = dict(by_name.columns)
        by_codes: list[Evidence] = []
        if by_name.missing:
            labels = spelt_labels(contract, table, columns)
            by_codes = columns_of_codes(contract, table, columns, labels)
            columns |= {one.of: one.best.candidate for one in by_codes}
        missing = [column for column in by_name.missing if column.name not in columns]
        printed = [n for n in table.column_names if n not in (SOURCE_ROW, SOURCE_SHEET)]
        refuse_missing(contract, missing, printed, columns.values(), [])
        labels = spelt_labels(contract, table, columns)
        for one in breakdowns(contract, table, columns, labels):
            raise NotUnderstoodError(f"{one}; no release before says which is the whole")
        return Understanding(columns, labels, evidence=(*found_by(table), *map(str, by_codes)))
    return History(contract, table, history, by_name).understanding()

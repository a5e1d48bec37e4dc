"""Columns of area codes that no name tells, by their cells: codes of the register and no others.

A council's codes are told by those that the release before had (`history`): a row may have other
councils' codes, such as that of the one that placed a child. It has no other region or country.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ingest.contracts.contract import FileContract
from ingest.contracts.specs import ENGLAND, AreaLevel
from ingest.councils import all_councils
from ingest.reading.evidence import MIN_CELLS_OF_CODES, Agreement, Evidence
from ingest.reading.recognise import unread_columns

if TYPE_CHECKING:
    import pyarrow as pa

# London's two halves, which the Department for Education prints beside the nine regions.
_PARTS_OF_LONDON = frozenset({"E13000001", "E13000002"})


def columns_of_codes(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
) -> list[Evidence]:
    """For columns of regions' and of the country's codes that are missing, the one that has them.

    It has a code in each row of its level, or in enough rows where no level is known, and beside
    codes of that kind nothing. Where two columns have, neither is meant.
    """
    area = contract.area
    if area.known_by != "gss" or area.level_from_code:
        return []
    codes_of: dict[AreaLevel, frozenset[str]] = {
        "region": frozenset(all_councils().regions) | _PARTS_OF_LONDON,
        "country": frozenset({ENGLAND}),
    }
    found = []
    for level, codes in codes_of.items():
        if level not in area.codes or area.codes[level] in columns:
            continue
        if len(have := _with_codes(contract, table, columns, labels, level, codes)) == 1:
            found.append(Evidence("code", area.codes[level], have[0]))
    return found


def _with_codes(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
    level: AreaLevel,
    codes: frozenset[str],
) -> list[Agreement]:
    """The unlisted columns that hold codes of a level and nothing else."""
    area = contract.area
    of_level = np.zeros(table.num_rows, dtype=bool)
    if area.level in columns:
        spelt = labels.get(area.level, {})
        levels = table[columns[area.level]].to_pandas().astype(str).str.strip()
        is_one = {
            cell: contract.level_of(spelt.get(cell, cell)) == level for cell in levels.unique()
        }
        of_level = levels.map(is_one).to_numpy(dtype=bool)
    found = []
    for name in unread_columns(contract, table.column_names, columns.values()):
        cells = table[name].to_pandas().astype(str).str.strip()
        is_blank = cells.isin({"", *contract.known_marks}).to_numpy()
        is_code = cells.isin(codes).to_numpy()
        everywhere = (
            is_code[of_level].all() if of_level.any() else is_code.sum() >= MIN_CELLS_OF_CODES
        )
        if everywhere and (is_code | is_blank).all():
            count = int(is_code.sum())
            found.append(Agreement(name, count, count))
    return found

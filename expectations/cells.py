"""What is read off a load's described rows, row by row, as arrays: what the rules share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from expectations.vocabulary import AREA_LEVEL, PERIOD, numeric
from ingest.contracts import FileContract, RowFilter, Share


def rows_where(rows: Any, allowed: RowFilter) -> Any:
    """Which rows have one of the cells allowed in each column, as an array of truths."""
    hit = np.ones(len(rows), dtype=bool)
    for column, cells in allowed.items():
        hit &= rows[column].isin(cells).to_numpy()
    return hit


def denominators(rows: Any, contract: FileContract, share: Share) -> Any:
    """The denominator of each row's share; nan where it or its row is not there."""
    own = rows[numeric(share.denominator)].to_numpy()
    if not share.denominator_row:
        return own
    rest = [column for column in contract.key if column not in share.denominator_row]
    group = row_groups(rows, rest)
    stands = rows_where(rows, share.denominator_row)
    of_group = np.full(group.max(initial=-1) + 1, np.nan)
    of_group[group[stands]] = own[stands]
    return of_group[group]


def row_groups(rows: Any, columns: Sequence[str]) -> Any:
    """A number for each row, the same where the columns are the same."""
    code = np.zeros(len(rows), dtype="int64")
    for column in columns:
        found, distinct = pd.factorize(rows[column])
        code = pd.factorize(code * (len(distinct) + 1) + found)[0]
    return code


def decimals_of(cells: Any) -> Any:
    """How many decimals each cell prints, but for noughts that fill it up."""
    codes, distinct = pd.factorize(cells)
    return np.array([len(cell.partition(".")[2].rstrip("0")) for cell in distinct], int)[codes]


def half_unit(rows: Any, column: str, numbers: Any) -> Any:
    """Half of the last place printed. A last nought is often left off: the year's usual places."""
    decimals = decimals_of(rows[column])
    periods = pd.factorize(rows[PERIOD])[0]
    usual = np.zeros(len(rows), dtype=int)
    for period in np.unique(periods):
        of_period = (periods == period) & numbers
        if of_period.any():
            usual[periods == period] = np.bincount(decimals[of_period]).argmax()
    places = np.maximum(decimals, usual)
    # Long decimals are cut off as often as they are rounded.
    return np.where(places < 4, 0.5, 1.0) * 10.0**-places


def half_rounding(rows: Any, contract: FileContract) -> Any:
    """Half of what the counts of each row's area are rounded to."""
    half = {level: unit / 2 for level, unit in contract.checks.rounded.items()}
    return rows[AREA_LEVEL].map(half).astype("float64").fillna(0.0).to_numpy(dtype="float64")

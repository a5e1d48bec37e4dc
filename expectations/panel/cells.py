"""What is read off described rows, row by row, as arrays: what several checks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from expectations.panel.columns import AREA_LEVEL, PERIOD, numeric, rows_where
from ingest.contracts import FileContract, Share

# What publishers round counts to. A column is taken to be rounded where so few of its counts are
# no multiple (a slip, a damaged cell), and so many are that chance cannot have made them so.
ROUNDED_TO = (1000, 100, 10, 5)
FEW_EXCEPTIONS = 0.01
NOT_BY_CHANCE = 1e-6


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


def rounding(rows: Any, contract: FileContract, column: str) -> Any:
    """What the counts of a column are rounded to in each row's level of area; 0 where exact.

    What the contract says, or what the counts themselves show.
    """
    levels = rows[AREA_LEVEL].to_numpy()
    numbers = rows[numeric(column)].to_numpy()
    unit = np.zeros(len(rows))
    for level in np.unique(levels.astype(str)):
        at = levels == level
        declared = {str(of): to for of, to in contract.checks.rounded.items()}.get(level, 0)
        unit[at] = max(declared, rounded_to(numbers[at]))
    return unit


def rounded_to(numbers: Any) -> int:
    """What counts are rounded to, as far as they show it; 0 where they are exact."""
    counts = numbers[~np.isnan(numbers) & (numbers != 0)]
    if not len(counts):
        return 0
    for unit in ROUNDED_TO:
        multiples = int((counts % unit == 0).sum())
        by_chance = float(unit) ** -multiples
        if multiples >= (1 - FEW_EXCEPTIONS) * len(counts) and by_chance < NOT_BY_CHANCE:
            return unit
    return 0


def labels_of(period: object) -> str:
    """A period's label as printed, without the cell that decides its type."""
    return str(period).split("\t", 1)[0]

"""What is read off described rows, row by row, as arrays: what several checks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.panel.columns import AREA_LEVEL, PERIOD, Columns
from ingest.contracts.contract import FileContract
from ingest.contracts.figure_checks import Share

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What publishers round counts to. A column is taken to be rounded where so few of its counts are
# no multiple (a slip, a damaged cell), and so many are that chance cannot have made them so.
ROUNDED_TO = (1000, 100, 10, 5)
FEW_EXCEPTIONS = 0.01
NOT_BY_CHANCE = 1e-6


def denominators(rows: Columns, contract: FileContract, share: Share) -> NDArray[np.float64]:
    """The denominator of each row's share; nan where it or its row is not there."""
    own = rows.numbers(share.denominator)
    if not share.denominator_row:
        return own

    def make() -> NDArray[np.float64]:
        rest = [column for column in contract.key if column not in share.denominator_row]
        group = row_groups(rows, rest)
        stands = rows.where(share.denominator_row)
        of_group = np.full(group.max(initial=-1) + 1, np.nan)
        of_group[group[stands]] = own[stands]
        return of_group[group]

    return rows.once(("denominators", share.denominator, str(share.denominator_row)), make)


def row_groups(rows: Columns, names: Sequence[str]) -> NDArray[np.intp]:
    """A number for each row, the same where the columns are the same."""

    def make() -> NDArray[np.intp]:
        code = np.zeros(len(rows), dtype="int64")
        for name in names:
            cells = rows.codes(name)
            code = pd.factorize(code * (len(cells.distinct) + 1) + cells.found)[0]
        return code

    return rows.once(("groups", *names), make)


def half_unit(rows: Columns, name: str) -> NDArray[np.float64]:
    """Half of the last place printed. A last nought is often left off: the year's usual places."""

    def make() -> NDArray[np.float64]:
        decimals, numbers = rows.decimals(name), ~np.isnan(rows.numbers(name))
        periods = rows.codes(PERIOD)
        # Rows without a period stand together.
        of_period = np.where(periods.there, periods.found, len(periods.distinct))
        printed, which = np.unique(np.append(decimals, 0), return_inverse=True)
        cell = of_period[numbers] * len(printed) + which[:-1][numbers]
        times = np.bincount(cell, minlength=(len(periods.distinct) + 1) * len(printed))
        usual = printed[times.reshape(len(periods.distinct) + 1, -1).argmax(axis=1)]
        places = np.maximum(decimals, usual[of_period])
        # Long decimals are cut off as often as they are rounded.
        half: NDArray[np.float64] = np.where(places < 4, 0.5, 1.0) * 10.0**-places
        return half

    return rows.once(("half unit", name), make)


def rounding(rows: Columns, contract: FileContract, name: str) -> NDArray[np.float64]:
    """What the counts of a column are rounded to in each row's level of area; 0 where exact.

    What the contract says, or what the counts themselves show.
    """

    def make() -> NDArray[np.float64]:
        levels = rows.codes(AREA_LEVEL)
        numbers = rows.numbers(name)
        rounded = {str(of): to for of, to in contract.checks.rounded.items()}
        units = [
            max(rounded.get(level, 0), rounded_to(numbers[levels.found == at]))
            for at, level in enumerate(levels.distinct)
        ]
        return np.array([*units, 0], dtype="float64")[levels.found]

    return rows.once(("rounding", name), make)


def rounded_to(numbers: NDArray[np.float64]) -> int:
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

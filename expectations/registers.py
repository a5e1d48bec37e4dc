"""What lists hold: the frame of registers, and of whatever else is a row a thing.

As in `figures`, each row is one thing looked at, its distance from where it should be in the
column of its rule, above 0 where it is off. `docs/checks.md` has the formulas and their reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from expectations.parts import part, said
from expectations.register_rules import register_rules
from expectations.suites import Frame
from expectations.vocabulary import ROW_COUNT, ROWS_CHANGED, VALUE_CHANGED, VALUE_FEW, YEAR
from ingest.contracts import FileContract, Register

# How far the rows of a register may move, as logarithms: at once, and for each year between.
ROWS_APART, ROWS_APART_A_YEAR = 0.1, 0.05
VALUES_APART, VALUES_APART_A_YEAR = 0.7, 0.2
# A kind of fewer things comes and goes.
MANY = 100


def register_frame(rows: Any, contract: FileContract, before: Any | None) -> Frame:
    """The frame of a load's described rows; `before` are those of the release before, if any."""
    parts: list[Any] = []
    if register := contract.checks.full_list:
        parts += _values(rows, register)
        parts += _row_count(rows, register)
        parts += [] if before is None else _changed(rows, before, register)
    stacked = pd.concat([pd.DataFrame({"found": []}), *parts], ignore_index=True)
    stacked["found"] = stacked["found"].astype("str")
    # A rule that found nothing to look at has its column all the same.
    for rule in register_rules(contract):
        if (column := rule.arguments["column"]) not in stacked:
            stacked[column] = np.nan
    return Frame(stacked, labels=("found",))


# --- registers


def _values(rows: Any, register: Register) -> Iterator[Any]:
    """One row a listed cell: how far its share of the rows is below the least."""
    for column, wanted in register.values.items():
        if column not in rows:
            continue
        shares = rows[column].value_counts(normalize=True)
        least = np.array([*wanted.values()])
        found = np.array([shares.get(value, 0.0) for value in wanted])
        few = np.maximum(least - found, 0)
        yield part(
            VALUE_FEW,
            few,
            said(
                few > 0,
                [*wanted],
                100 * found,
                100 * least,
                wording=column + " is '{0}' in {1:.2g} % of the rows, in no list under {2:.2g} %",
            ),
        )


def _row_count(rows: Any, register: Register) -> Iterator[Any]:
    """One row: how many rows there are beyond the least and the most."""
    least, most = register.rows
    off = np.array([max(least - len(rows), len(rows) - most, 0)])
    yield part(
        ROW_COUNT,
        off,
        said(off, [len(rows)], [least], [most], wording="{0:,} rows, not {1:,} to {2:,}"),
    )


def _changed(rows: Any, before: Any, register: Register) -> Iterator[Any]:
    """One row of all rows, and one a kind of many: how much more they moved than they may."""
    years = abs(float(rows[YEAR].max() - before[YEAR].max()))
    ratio = abs(np.log(len(rows) / len(before)))
    off = np.array([max(ratio - ROWS_APART - ROWS_APART_A_YEAR * years, 0)])
    yield part(
        ROWS_CHANGED,
        off,
        said(off, [len(rows)], [len(before)], wording="{0:,} rows, and {1:,} in the one before"),
    )
    for column in register.values:
        if column not in rows or column not in before:
            continue
        was = before[column].value_counts()
        was = was[was >= MANY]
        now = rows[column].value_counts().reindex(was.index, fill_value=0)
        moved = np.abs(np.log((now + 1) / (was + 1))).to_numpy()
        off = np.maximum(moved - VALUES_APART - VALUES_APART_A_YEAR * years, 0)
        yield part(
            VALUE_CHANGED,
            off,
            said(
                off > 0,
                was.index,
                now.to_numpy(),
                was.to_numpy(),
                wording=column + " is '{0}' in {1:,} rows, and in {2:,} of the release before",
            ),
        )

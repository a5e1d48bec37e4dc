"""What lists hold: the frame of registers, and of whatever else is a row a thing.

As in `figures`, each row is one thing looked at, its distance from where it should be in the
column of its rule, above 0 where it is off. `docs/checks.md` has the formulas and their reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from expectations.councils import Councils
from expectations.parts import in_rows, part, said
from expectations.register_rules import register_rules
from expectations.suites import Frame
from expectations.vocabulary import (
    COUNCIL_CODE,
    NAMED_TWICE,
    NEIGHBOUR_GONE,
    NOT_MUTUAL,
    NOT_THE_LAST,
    OWN_NEIGHBOUR,
    PERIOD,
    ROW_COUNT,
    ROWS_CHANGED,
    VALUE_CHANGED,
    VALUE_FEW,
    YEAR,
)
from ingest.contracts import FileContract, Register
from ingest.tables import SOURCE_ROW

# How far the rows of a register may move, as logarithms: at once, and for each year between.
ROWS_APART, ROWS_APART_A_YEAR = 0.1, 0.05
VALUES_APART, VALUES_APART_A_YEAR = 0.7, 0.2
# A kind of fewer things comes and goes.
MANY = 100
# As published 59 and 61 % of neighbours name each other, and 13 and 7 % a row too low.
MUTUAL = 1 / 3


def register_frame(
    rows: Any,
    contract: FileContract,
    councils: Councils,
    expected: Mapping[str, frozenset[str]],
    before: Any | None,
    beside: Any | None,
) -> Frame:
    """The frame of a load's described rows; `before` are those of the release before, if any.

    `expected` are the councils that each period should have, `beside` the rows of the table that
    they are compared with.
    """
    parts: list[Any] = []
    if register := contract.checks.full_list:
        parts += _values(rows, register)
        parts += _row_count(rows, register)
        parts += [] if before is None else _changed(rows, before, register)
    if contract.checks.neighbours:
        parts += _neighbours(rows, contract, councils, expected)
    if contract.checks.last_of and beside is not None:
        parts.append(_last(rows, beside, contract, councils))
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


# --- neighbours


def _neighbours(
    rows: Any, contract: FileContract, councils: Councils, expected: Mapping[str, frozenset[str]]
) -> Iterator[Any]:
    """Who names whom: what no list of neighbours has, whoever is whose."""
    spec = contract.checks.neighbours
    assert spec is not None  # noqa: S101  # nosec B101  # the caller asked
    of, named = (_council(rows[column], contract, councils) for column in (spec.of, spec.named))
    pairs = pd.DataFrame({"of": of, "named": named, PERIOD: rows[PERIOD]})
    itself = rows.loc[of == named, SOURCE_ROW].tolist()
    yield in_rows(OWN_NEIGHBOUR, itself, "a council that names itself")
    again = pairs[pairs.duplicated()]
    yield _told_of(NAMED_TWICE, pairs, again, councils, "more than once")
    existing = pairs[PERIOD].map(expected)
    stands = np.array([c in e for c, e in zip(of, existing, strict=True)], dtype=bool)
    gone = np.array([c not in e for c, e in zip(named, existing, strict=True)], dtype=bool)
    yield _told_of(NEIGHBOUR_GONE, pairs, pairs[stands & gone], councils, "which was none then")
    distinct = {*zip(of, named, strict=True)}
    mutual = sum((other, one) in distinct for one, other in distinct) / max(len(distinct), 1)
    off = np.array([max(MUTUAL - mutual, 0)])
    yield part(
        NOT_MUTUAL, off, said(off, [mutual], wording="{0:.0%} of neighbours name each other")
    )


def _council(cells: Any, contract: FileContract, councils: Councils) -> Any:
    """The council of today that each cell stands for; a cell that stands for none is itself."""
    known = {c: councils.code_of(c, contract.area.known_by) or c for c in cells.unique()}
    return cells.map({cell: councils.entity(code) for cell, code in known.items()}).to_numpy()


def _told_of(column: str, pairs: Any, off: Any, councils: Councils, how: str) -> Any:
    """One row a council: how many of its neighbours are not as they should be."""
    named = {of: [*dict.fromkeys(others)] for of, others in off.groupby("of")["named"]}
    asked = pairs["of"].unique()
    return part(
        column,
        [len(named.get(of, ())) for of in asked],
        [
            f"{councils.name(of)} names {', '.join(map(councils.name, named[of][:5]))} {how}"
            if of in named
            else None
            for of in asked
        ],
    )


# --- what stands, and what was before


def _last(rows: Any, beside: Any, contract: FileContract, councils: Councils) -> Any:
    """One row an area with a day: whether it is the last of the area's rows in the other table."""
    spec = contract.checks.last_of
    assert spec is not None  # noqa: S101  # nosec B101  # the caller asked
    code = contract.area.codes[contract.area.unit]
    days = pd.to_datetime(beside[spec.by].str.strip(), format="%Y-%m-%d", errors="coerce")
    history = beside.assign(**{code: _council(beside[code], contract, councils), spec.by: days})
    last = history.dropna(subset=[spec.by]).sort_values(spec.by).groupby(code).tail(1)
    own = rows.assign(
        **{
            spec.day: pd.to_datetime(rows[spec.day], format="%Y-%m-%d", errors="coerce"),
            code: [councils.entity(c) if isinstance(c, str) else c for c in rows[COUNCIL_CODE]],
        }
    ).dropna(subset=[spec.day])
    both = own.merge(last, on=code, how="left", suffixes=("", " last"))
    later = (both[spec.by] - both[spec.day]).dt.days
    off = ~later.between(0, spec.within).to_numpy()
    for name in spec.cells:
        off |= (both[name] != both[f"{name} last"].str.strip()).to_numpy()
    return part(
        NOT_THE_LAST,
        off,
        said(
            off,
            [councils.name(c) for c in both[code]],
            both[spec.cells[0]].to_numpy(),
            both[spec.day].dt.date.to_numpy(),
            both[f"{spec.cells[0]} last"].fillna("nothing").to_numpy(),
            both[spec.by].dt.date.to_numpy(),
            wording="{0} has '{1}' of {2}, and last '{3}' of {4}",
        ),
    )

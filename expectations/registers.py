"""What lists hold: the frame of registers, and of whatever else is a row a thing.

As in `figures`, each row is one thing looked at, its distance from where it should be in the
column of its rule, above 0 where it is off. `docs/checks.md` has the formulas and their reasons.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from expectations.cells import rows_where
from expectations.councils import Councils
from expectations.parts import in_rows, part, said
from expectations.register_rules import register_rules
from expectations.suites import Frame
from expectations.vocabulary import (
    AREA_LEVEL,
    COUNCIL_CODE,
    COUNCIL_STOCK_MOVED,
    DISORDERED,
    FEW_DISORDERED,
    NAMED_TWICE,
    NEIGHBOUR_GONE,
    NO_DAYS,
    NOT_MUTUAL,
    NOT_THE_LAST,
    OFF_TOTAL_ROW,
    OWN_NEIGHBOUR,
    PERIOD,
    ROW_COUNT,
    ROWS_CHANGED,
    STOCK_MOVED,
    STOCK_UNLIKELY,
    VALUE_CHANGED,
    VALUE_FEW,
    WITHOUT,
    YEAR,
    numeric,
)
from ingest.contracts import Days, FileContract, Register, Stock, TotalRow
from ingest.tables import SOURCE_ROW

# How far the rows of a register may move, as logarithms: at once, and for each year between.
ROWS_APART, ROWS_APART_A_YEAR = 0.1, 0.05
VALUES_APART, VALUES_APART_A_YEAR = 0.7, 0.2
# A kind of fewer things comes and goes.
MANY = 100
# How Ofsted prints that there is nothing, in one edition or another.
NOTHING = ("", "NULL", "-")
# A slip of a few hands; a column turned round is off in a fifth of the rows. None is as published.
SLIPS = 0.001
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
    if contract.checks.days:
        parts += _days(rows, contract, contract.checks.days)
    parts += _needs(rows, contract)
    if contract.checks.total_row:
        parts += _total_row(rows, contract, contract.checks.total_row)
    for stock in contract.checks.stocks:
        parts += _stock(rows, before, contract, councils, stock)
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
    ratio = abs(np.log((len(rows) + 1) / (len(before) + 1)))
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


# --- days, and cells that follow from others


def _days(rows: Any, contract: FileContract, spec: Days) -> Iterator[Any]:
    """One row a column, and one a pair of columns: what share of the days cannot be."""
    names = [name for name in spec.order if name in rows]
    days = {name: _as_days(rows[name]) for name in names}
    ends = {label: _end(label, contract) for label in rows[PERIOD].dropna().unique()}
    day_of_list = pd.to_datetime(rows[PERIOD].map(ends))
    for name in names:
        there = ~rows[name].isin(NOTHING)
        off = there & days[name].isna()
        if name in spec.by_then:
            off |= days[name] > day_of_list
        yield _slips(NO_DAYS, off, there, rows, name, name + " '{0}' in row {1}")
    for earlier, later in itertools.pairwise(names):
        both = days[earlier].notna() & days[later].notna()
        off = both & (days[later] < days[earlier])
        wording = later + " '{0}' before " + earlier + " in row {1}"
        yield _slips(DISORDERED, off, both, rows, later, wording)
        yield in_rows(
            FEW_DISORDERED, rows.loc[off, SOURCE_ROW].tolist(), f"{later} before {earlier}"
        )


def _needs(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row a column: what share of its cells lacks the cell that it follows from."""
    for name, needed in contract.checks.needs.items():
        if name in rows and needed in rows:
            there = ~rows[name].isin(NOTHING)
            off = there & rows[needed].isin(NOTHING)
            yield _slips(
                WITHOUT, off, there, rows, name, name + " '{0}' without " + needed + " in row {1}"
            )


def _slips(column: str, off: Any, of: Any, rows: Any, name: str, wording: str) -> Any:
    """One row: how far the share of what is off is beyond that of slips; the first is told."""
    count = int(off.sum())
    share = count / max(int(of.sum()), 1)
    if share <= SLIPS:
        return part(column, [0], [None])
    first = rows[off].iloc[0]
    told = wording.format(first[name], first[SOURCE_ROW])
    return part(column, [share], [f"{told}, and {count - 1:,} more of {int(of.sum()):,}"])


def _end(label: str, contract: FileContract) -> date | None:
    """The last day of the period that a label names."""
    period = contract.period_of({contract.period.column: label})
    return None if period is None else period.end


def _as_days(cells: Any) -> Any:
    """Each cell's day, as editions print it; nothing where it is none."""
    text = cells.str[:10]
    british = pd.to_datetime(text, format="%d/%m/%Y", errors="coerce")
    return british.fillna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))


# --- sums and stocks


def _total_row(rows: Any, contract: FileContract, spec: TotalRow) -> Iterator[Any]:
    """One row a column and period: how far the councils' sum is from the row of totals."""
    is_part = (rows[AREA_LEVEL] == contract.area.unit).to_numpy()
    is_total = rows_where(rows, spec.where)
    for period, of_period in rows.groupby(PERIOD):
        at = rows.index.isin(of_period.index)
        year = int(of_period[YEAR].iloc[0])
        left_out = max((gap.share for gap in spec.left_out if year in gap.years), default=0.0)
        totals, parts = rows[at & is_total], rows[at & is_part]
        found: list[tuple[str, float, float, float]] = []
        for column in spec.columns:
            total, added = totals[numeric(column)].sum(), parts[numeric(column)].sum()
            # A part kept back is in the total, and not applicable is nothing.
            hidden = (parts[numeric(column)].isna() & (parts[column] != "z")).any()
            most = np.inf if hidden else left_out * total
            short = total - added
            found.append((column, total, added, max(short - most, -short, 0.0)))
        names, whole, sums, short_of = zip(*found, strict=True)
        # No such row, or two, is as bad.
        off = np.array(short_of) if len(totals) == 1 else np.ones(len(found))
        told = str(period).split("\t", 1)[0]
        wording = "{0} of England in " + told + " is {1:,.0f}, and {2:,.0f} in its councils"
        yield part(OFF_TOTAL_ROW, off, said(off > 0, names, whole, sums, wording=wording))


def _stock(
    rows: Any, before: Any | None, contract: FileContract, councils: Councils, stock: Stock
) -> Iterator[Any]:
    """One row a release, and one a council: how far a stock is from where it was."""
    now, year = _newest_stock(rows, contract, councils, stock)
    least, most = stock.between
    whole = now.sum()
    off = np.array([max(least - whole, whole - most, 0)])
    wording = stock.name + " {0:,.0f}, not {1:,.0f} to {2:,.0f}"
    yield part(STOCK_UNLIKELY, off, said(off, [whole], [least], [most], wording=wording))
    if before is None:
        return
    was, year_before = _newest_stock(before, contract, councils, stock)
    years = max(abs(year - year_before), 1.0)
    both = pd.DataFrame({"now": now, "was": was}).dropna()
    both = both[(both > 0).all(axis=1)]
    if both.empty:
        return
    moved = np.abs(np.log(both["now"].sum() / both["was"].sum()))
    off = np.array([max(moved - stock.steady * years, 0)])
    wording = stock.name + " {0:,.0f}, and {1:,.0f} of the same councils in the one before"
    yield part(
        STOCK_MOVED, off, said(off, [both["now"].sum()], [both["was"].sum()], wording=wording)
    )
    own = np.abs(np.log(both["now"] / both["was"])).to_numpy()
    over = np.maximum(own - stock.council_steady * years, 0)
    wording = "{0} has " + stock.name + " {1:,.0f}, and {2:,.0f} in the release before"
    told = ([councils.name(c) for c in both.index], both["now"].to_numpy(), both["was"].to_numpy())
    yield part(COUNCIL_STOCK_MOVED, over, said(over > 0, *told, wording=wording))


def _newest_stock(
    rows: Any, contract: FileContract, councils: Councils, stock: Stock
) -> tuple[Any, float]:
    """A stock by council in the newest period, and the year of that."""
    newest = rows[(rows[YEAR] == rows[YEAR].max()) & (rows[AREA_LEVEL] == contract.area.unit)]
    summed = newest[[numeric(name) for name in stock.columns]].sum(axis=1)
    return summed.groupby(newest[COUNCIL_CODE].map(councils.entity)).sum(), float(rows[YEAR].max())


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
    existing = [expected.get(label, frozenset()) for label in pairs[PERIOD]]
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
    """One row an area that has been judged: whether it is its last row in the other table."""
    spec = contract.checks.last_of
    assert spec is not None  # noqa: S101  # nosec B101  # the caller asked
    code = contract.area.codes[contract.area.unit]
    days = pd.to_datetime(beside[spec.by].str.strip(), format="%Y-%m-%d", errors="coerce")
    history = beside.assign(**{code: _council(beside[code], contract, councils), spec.by: days})
    last = history.dropna(subset=[spec.by]).sort_values(spec.by).groupby(code).tail(1)
    judged = rows[rows[spec.cells[0]] != ""]
    own = judged.assign(
        **{
            spec.day: pd.to_datetime(judged[spec.day], format="%Y-%m-%d", errors="coerce"),
            code: [councils.entity(c) if isinstance(c, str) else c for c in judged[COUNCIL_CODE]],
        }
    )
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

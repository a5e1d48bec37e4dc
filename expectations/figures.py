"""What a load's figures have to do with each other, and with the release before: one frame.

Each row is one thing looked at, with its distance from where it should be in the column of its
rule; `found` words it where it is off. The formulas and their reasons are in `docs/checks.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from expectations.cells import denominators, half_rounding, half_unit, row_groups, rows_where
from expectations.councils import Councils
from expectations.domain import domain_rules
from expectations.measures import series_of
from expectations.parts import in_rows, part, said
from expectations.presence import presence_of
from expectations.rows import row_parts
from expectations.series import read_series, series_parts, whole_parts
from expectations.suites import Frame
from expectations.vocabulary import (
    ANOTHERS_NAME,
    AREA_LEVEL,
    CODES_WITH_NUMBERS,
    COUNCIL_CODE,
    COUNTRY_CODE,
    DENIED,
    EMPTIED,
    NOT_LOOKED_AT,
    OFF_COUNTS,
    OFF_PARTS,
    OVER_DENOMINATOR,
    PERIOD,
    REGION_CODE,
    START,
    UNEXPLAINED,
    numeric,
)
from ingest.contracts import NUMERIC_ROLES, FileContract, RowFilter
from ingest.tables import SOURCE_ROW

# Marks that stand for nothing there, not for a number kept back.
NOT_APPLICABLE = ("z",)


def figures_of(
    rows: Any,
    contract: FileContract,
    councils: Councils,
    expected: Mapping[str, frozenset[str]],
    before: Any | None,
) -> Frame:
    """The frame of a load's described rows; `before` are those of the release before, if any.

    `expected` are the councils that each period should have.
    """
    codes, wholes = _entities(rows, councils), _wholes(rows)
    parts = [
        *_starts(rows, contract),
        *_notes(rows, contract),
        *_not_looked_at(rows, contract),
        *_shares(rows, contract),
        *row_parts(rows, contract, codes.fillna(wholes)),
        *_totals(rows, contract, councils, codes, expected),
        _listed_twice(rows, contract, councils, codes),
        *_names(rows, contract, councils),
    ]
    codes_before = None if before is None else _entities(before, councils)
    wholes_before = None if before is None else _wholes(before)
    for check in series_of(contract):
        hit = rows_where(rows, check.where)
        parts += presence_of(rows[hit], contract, check, councils, expected, codes[hit])
        for of_series, own, own_before in (
            (series_parts, codes, codes_before),
            (whole_parts, wholes, wholes_before),
        ):
            now = read_series(rows, contract, check, own)
            was = None if before is None else read_series(before, contract, check, own_before)
            parts += of_series(now, was, check, councils)
    stacked = pd.concat([one for one in parts if len(one)] or parts, ignore_index=True)
    stacked["found"] = stacked["found"].astype("str")
    # A rule that found nothing to look at has its column all the same.
    for rule in domain_rules(contract):
        if (column := rule.arguments["column"]) not in stacked:
            stacked[column] = np.nan
    return Frame(stacked, labels=("found",))


def _wholes(rows: Any) -> Any:
    """The code of each row's region, or of England; null where it is a council's."""
    return rows[REGION_CODE].fillna(rows[COUNTRY_CODE])


def _entities(rows: Any, councils: Councils) -> Any:
    codes, distinct = pd.factorize(rows[COUNCIL_CODE])
    today = np.array([*map(councils.entity, distinct), None], dtype=object)
    return pd.Series(today[codes], index=rows.index, dtype="str")


def _starts(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row a label: whether its year is that of the sort key beside it."""
    if not (key := contract.period.sortable):
        return
    pairs = rows[[PERIOD, key, SOURCE_ROW]].dropna().drop_duplicates([PERIOD, key])
    labels, keys = pairs[PERIOD].str[:4].to_numpy(), pairs[key].str[:4].to_numpy()
    off = (labels != keys) & (keys != "")
    yield part(
        START,
        off,
        said(
            off,
            pairs[PERIOD].str.split("\t").str[0].to_numpy(),
            pairs[key].to_numpy(),
            pairs[SOURCE_ROW].to_numpy(),
            wording="'{0}' beside " + key + " '{1}' in row {2}",
        ),
    )


def _notes(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row each: blanks that no note explains, and numbers whose note says there is none."""
    if (notes := contract.notes) is None:
        return
    found, distinct = pd.factorize(rows[notes.column].fillna(""))
    denies = np.array([str(note).startswith(notes.absent) for note in distinct], dtype=bool)[found]
    is_number = rows[numeric(notes.value)].notna().to_numpy()
    blank = (rows[notes.value] == "").to_numpy() & ~rows[EMPTIED].to_numpy()
    unexplained = blank & (rows[notes.column].fillna("") == "").to_numpy()
    for column, hit, what in (
        (UNEXPLAINED, unexplained, "blank"),
        (DENIED, is_number & denies, "a number"),
    ):
        at = rows.loc[hit, SOURCE_ROW].tolist()
        yield in_rows(column, at, f"{notes.value} is {what}")


# --- whether there is anything to look at


def _not_looked_at(rows: Any, contract: FileContract) -> Iterator[Any]:
    """One row a rule, and a share's period: whether the rows that it speaks of are not there."""
    periods = rows[PERIOD].str.split("\t").str[0]
    missing: list[tuple[str, bool]] = []
    for share in contract.checks.shares:
        hit = rows_where(rows, share.where)
        figures = hit & rows[numeric(share.value)].notna().to_numpy()
        if share.where:
            missing.append((f"{share.value}: no row has {_cells(share.where)}", not hit.any()))
        if share.denominator_row:
            is_whole = rows_where(rows, share.denominator_row)
            for period in periods[figures].dropna().unique():
                of_period = (periods == period).to_numpy()
                named = f"{share.value} in {period}: no row has {_cells(share.denominator_row)}"
                missing.append((named, not (of_period & is_whole).any()))
        else:
            counts = rows[[numeric(share.numerator), numeric(share.denominator)]]
            missing.append(
                (
                    f"{share.value}: no row has its {share.numerator} and {share.denominator}",
                    bool(figures.any())
                    and not (figures & counts.notna().all(axis=1).to_numpy()).any(),
                )
            )
    for total in contract.checks.totals:
        if total.but_for:
            named = f"{', '.join(total.columns)}: no row has {_cells(total.but_for)}"
            missing.append((named, not rows_where(rows, total.but_for).any()))
    for breakdown in contract.checks.breakdowns:
        for cell in (breakdown.whole, *breakdown.parts):
            named = f"{', '.join(breakdown.numbers)}: no row has {breakdown.column} '{cell}'"
            missing.append((named, not (rows[breakdown.column] == cell).any()))
    is_missing = np.array([gone for _, gone in missing], dtype=bool)
    yield part(NOT_LOOKED_AT, is_missing, said(is_missing, [n for n, _ in missing], wording="{0}"))


def _cells(allowed: RowFilter) -> str:
    """`age '19 to 21 years' or 'Aged 19 to 21' and activity 'Total'`."""
    return " and ".join(
        f"{column} {' or '.join(repr(cell) for cell in cells)}" for column, cells in allowed.items()
    )


# --- shares and their counts


def _shares(rows: Any, contract: FileContract) -> Iterator[Any]:
    half = half_rounding(rows, contract)
    for share in contract.checks.shares:
        value = rows[numeric(share.value)].to_numpy()
        top = rows[numeric(share.numerator)].to_numpy()
        bottom = denominators(rows, contract, share)
        known = rows_where(rows, share.where) & ~np.isnan(top) & ~np.isnan(bottom)
        at = np.flatnonzero(known)
        slack = np.zeros(len(rows)) if share.as_printed else half
        if share.per == 100:
            over = (top - bottom - 2 * slack)[at]
            yield part(
                OVER_DENOMINATOR,
                over,
                said(
                    over > 0,
                    top[at],
                    bottom[at],
                    rows[SOURCE_ROW].to_numpy()[at],
                    wording=share.numerator
                    + " {0:g} of "
                    + share.denominator
                    + " {1:g} in row {2}",
                ),
            )
        # 0 of 0 is printed; anything else of nobody is not so.
        of_nobody = np.flatnonzero(known & (bottom <= 0) & ((value > 0) | (top > 0)))
        yield part(
            OFF_COUNTS,
            np.ones(len(of_nobody)),
            said(
                np.ones(len(of_nobody), dtype=bool),
                rows[share.value].to_numpy()[of_nobody],
                bottom[of_nobody],
                rows[SOURCE_ROW].to_numpy()[of_nobody],
                wording=share.value + " '{0}' in row {2} is of {1:g}",
            ),
        )
        at = np.flatnonzero(known & ~np.isnan(value) & (bottom > 0))
        printed, above, below, h = value[at], top[at], bottom[at], slack[at]
        u = half_unit(rows, share.value, ~np.isnan(value))[at]
        low = share.per * np.maximum(above - h, 0) / (below + h)
        with np.errstate(divide="ignore"):
            high = np.where(below > h, share.per * (above + h) / (below - h), np.inf)
        # Some publishers work in single precision: seven digits.
        hair = 3e-7 * np.maximum(printed, 1)
        off = np.maximum(np.maximum(low - (printed + u), printed - u - high) - hair, 0)
        yield part(
            OFF_COUNTS,
            off,
            said(
                off > 0,
                rows[share.value].to_numpy()[at],
                share.per * above / below,
                rows[SOURCE_ROW].to_numpy()[at],
                wording=share.value + " '{0}' in row {2} is {1:.4g} by its counts",
            ),
        )


# --- parts and wholes


def _totals(
    rows: Any,
    contract: FileContract,
    councils: Councils,
    codes: Any,
    expected: Mapping[str, frozenset[str]],
) -> Iterator[Any]:
    if not contract.checks.totals:
        return
    area = {contract.area.level, *contract.area.codes.values(), "parent_code", "lad_code"}
    group = row_groups(rows, [name for name in contract.key if name not in area])
    level = rows[AREA_LEVEL].to_numpy()
    unit_level = contract.area.unit
    region = _regions(rows, councils, unit_level)
    # England stands twice where the parent is England: once is enough.
    national = (level == "country") & ~rows.duplicated(
        [name for name in contract.key if name != "parent_code"]
    ).to_numpy()
    whole = _whole_periods(rows, codes, expected)
    half = {str(level): unit for level, unit in contract.checks.rounded.items()}
    for total in contract.checks.totals:
        counted = ~rows_where(rows, total.but_for) if total.but_for else np.ones(len(rows), bool)
        for column in total.columns:
            number = rows[numeric(column)].to_numpy()
            printed = rows[column].to_numpy()
            kept_back = np.isnan(number) & ~np.isin(printed.astype(str), NOT_APPLICABLE)
            sums = (
                ("country", unit_level, group, national, whole),
                ("country", "region", group, national, _nine_regions(group, region, level)),
                ("region", unit_level, _paired(group, region), level == "region", whole),
            )
            for whole_level, part_level, by, is_whole, complete in sums:
                is_part = (level == part_level) & counted
                if part_level == "region":
                    is_part &= region != None  # noqa: E711  # elementwise
                if whole_level == "region":
                    is_whole = is_whole & (region != None)  # noqa: E711, PLW2901
                size = by.max(initial=-1) + 1
                parts = np.bincount(by[is_part & ~np.isnan(number)], minlength=size)
                added = np.bincount(
                    by[is_part], weights=np.nan_to_num(number[is_part]), minlength=size
                )
                hidden = np.bincount(by[is_part & kept_back], minlength=size)
                at = np.flatnonzero(is_whole & counted & ~np.isnan(number))
                at = at[parts[by[at]] > 0]
                unit = (half.get(whole_level, 0), half.get(part_level, 0))
                slack = unit[0] / 2 + parts[by[at]] * unit[1] / 2
                short = number[at] - added[by[at]]
                exact = (hidden[by[at]] == 0) & complete[at]
                above = np.where(exact, short - slack - total.left_out, 0)
                off = np.maximum(np.maximum(above, -short - slack), 0)
                yield part(
                    OFF_PARTS,
                    off,
                    said(
                        off > 1e-6,
                        number[at],
                        added[by[at]],
                        parts[by[at]],
                        rows[SOURCE_ROW].to_numpy()[at],
                        wording=(
                            f"{column} {{0:g}} of a {whole_level} in row {{3}}, and {{1:g}} in"
                            f" its {{2}} {part_level}s"
                        ),
                    ),
                )


def _regions(rows: Any, councils: Councils, unit: str) -> Any:
    """The region that each council lies in, and each region's own code; none for E13, England."""
    region = rows[REGION_CODE].to_numpy(dtype=object, na_value=None)
    council = rows[COUNCIL_CODE]
    found, distinct = pd.factorize(council)
    of = np.array(
        [
            *(councils.by_code[c].region_code if councils.known(c) else None for c in distinct),
            None,
        ],
        dtype=object,
    )[found]
    own = np.array([c if c and not c.startswith("E13") else None for c in region], dtype=object)
    return np.where(rows[AREA_LEVEL].to_numpy() == unit, of, own)


def _paired(group: Any, region: Any) -> Any:
    found, distinct = pd.factorize(region)
    return pd.factorize(group * (len(distinct) + 1) + found)[0]


def _nine_regions(group: Any, region: Any, level: Any) -> Any:
    """Whether all nine regions have a row in a row's group."""
    is_region = (level == "region") & (region != None)  # noqa: E711
    counts = np.bincount(group[is_region], minlength=group.max(initial=-1) + 1)
    complete: Any = counts[group] >= 9
    return complete


def _whole_periods(rows: Any, codes: Any, expected: Mapping[str, frozenset[str]]) -> Any:
    """Whether every council that should be is in the row's period."""
    found = codes.groupby(rows[PERIOD]).agg(frozenset)
    complete = {label: names <= found.get(label, frozenset()) for label, names in expected.items()}
    return rows[PERIOD].map(lambda label: complete.get(label, False)).to_numpy(dtype=bool)


# --- councils


def _listed_twice(rows: Any, contract: FileContract, councils: Councils, codes: Any) -> Any:
    """One row a council and period: under how many codes it has numbers."""
    columns = [numeric(name) for name in contract.columns_of(*NUMERIC_ROLES)]
    has = rows[columns].notna().any(axis=1).to_numpy() & codes.notna().to_numpy()
    pairs = pd.DataFrame({"period": rows[PERIOD], "council": codes, "code": rows[COUNCIL_CODE]})[
        has
    ].drop_duplicates()
    counts = pairs.groupby(["period", "council"])["code"].agg(["size", list])
    size = counts["size"].to_numpy()
    return part(
        CODES_WITH_NUMBERS,
        size - 1,
        said(
            size > 1,
            [councils.name(council) for _, council in counts.index],
            [period.split("\t")[0] for period, _ in counts.index],
            [" and ".join(sorted(found)) for found in counts["list"]],
            wording="{0} in {1} under {2}",
        ),
    )


def plain_name(name: str) -> str:
    """A council's name without what publishers leave out, add or turn round."""
    text = re.sub(r"[^a-z ]", "", name.lower().replace("&", "and").replace("-", " "))
    words = [w for w in text.split() if w not in {"city", "county", "of", "the", "ua", "borough"}]
    return " ".join(words)


def _names(rows: Any, contract: FileContract, councils: Councils) -> Iterator[Any]:
    column = next((n for n in ("la_name", "area_name") if n in rows), None)
    if column is None:
        return
    pairs = pd.DataFrame(
        {
            "code": rows[COUNCIL_CODE],
            "name": rows[column],
            SOURCE_ROW: rows[SOURCE_ROW],
        }
    )
    pairs = pairs[pairs["code"].notna() & (pairs["name"] != "")].drop_duplicates(["code", "name"])
    known = {plain_name(c.name) for c in councils.by_code.values()}
    wrong = np.array(
        [
            councils.known(code)
            and plain_name(name) in known
            and plain_name(name) != plain_name(councils.name(code))
            for code, name in zip(pairs["code"], pairs["name"], strict=True)
        ],
        dtype=bool,
    )
    yield part(
        ANOTHERS_NAME,
        wrong,
        said(
            wrong,
            pairs["name"].to_numpy(),
            pairs["code"].to_numpy(),
            [councils.name(code) for code in pairs["code"]],
            pairs[SOURCE_ROW].to_numpy(),
            wording="'{0}' beside {1}, the code of {2}, in row {3}",
        ),
    )

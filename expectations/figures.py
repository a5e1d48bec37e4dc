"""What a load's figures have to do with each other, and with the release before: one frame.

Each row is one thing looked at, with its distance from where it should be in the column of its
rule; `found` words it where it is off. The formulas and their reasons are in `docs/checks.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from expectations.councils import Councils
from expectations.history import ENOUGH, MAD_TO_SD, Grid, nanmedian
from expectations.measures import UNLIKE_ANY, SeriesCheck, series_of
from expectations.parts import part, said
from expectations.presence import presence_of
from expectations.suites import Frame
from expectations.vocabulary import (
    ALONE,
    ANOTHERS_NAME,
    AREA_LEVEL,
    AREAS_MISSING,
    BLANKS,
    CODES_WITH_NUMBERS,
    COUNCIL_CODE,
    FROZEN,
    LEAP,
    NUMBERS_SHORT,
    OFF_COUNTS,
    OFF_ITS_PARTS,
    OFF_PARTS,
    OUT_OF_BOUNDS,
    OVER_DENOMINATOR,
    PERIOD,
    REGION_CODE,
    REVISED,
    ROUNDED_AWAY,
    SAME_YEAR,
    SERIES_ROWS,
    SHIFTED,
    SORTED,
    START,
    STRANGE,
    SWAPPED,
    TYPICAL,
    UNITS,
    UNLIKE,
    YEAR,
    YEARS_MISSING,
    numeric,
)
from ingest.contracts import NUMERIC_ROLES, FileContract, RowFilter, Share
from ingest.tables import SOURCE_ROW

# Marks that stand for nothing there, not for a number kept back.
NOT_APPLICABLE = ("z",)
# A swap is told where both are this far from their own years and near to each other's.
FAR, NEAR = 5.0, 2.0
# Fewer than this say nothing of a council: they come and go.
FEW = 20
# Councils are told apart by how many there are, on a scale of ratios known to 2 per cent.
SIZE_UNIT = 0.02


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
    codes = _entities(rows, councils)
    parts = [
        *_starts(rows, contract),
        *_shares(rows, contract),
        *_bounds(rows, contract),
        *_totals(rows, contract, councils, codes, expected),
        _listed_twice(rows, contract, councils, codes),
        *_names(rows, contract, councils),
    ]
    series = series_of(contract)
    codes_before = None if before is None else _entities(before, councils)
    for check in series:
        now = _read(rows, contract, check, codes)
        was = None if before is None else _read(before, contract, check, codes_before)
        hit = _where(rows, check.where)
        parts += presence_of(rows[hit], contract, check, councils, expected, codes[hit])
        parts += _series(now, was, check, councils)
    stacked = pd.concat([one for one in parts if len(one)] or parts, ignore_index=True)
    stacked["found"] = stacked["found"].astype("str")
    for column in _columns(contract):
        if column not in stacked:
            stacked[column] = np.nan
    return Frame(stacked, labels=("found",))


def _columns(contract: FileContract) -> list[str]:
    declared = contract.checks
    columns = [CODES_WITH_NUMBERS, ANOTHERS_NAME]
    columns += [START] if contract.period.sortable else []
    columns += [OVER_DENOMINATOR, OFF_COUNTS] if declared.shares else []
    columns += [OFF_PARTS] if declared.totals else []
    columns += [OUT_OF_BOUNDS] if declared.bounds else []
    if series_of(contract):
        columns += [LEAP, STRANGE, TYPICAL, UNITS, SAME_YEAR, FROZEN, SWAPPED, SHIFTED, REVISED]
        columns += [SERIES_ROWS, AREAS_MISSING, YEARS_MISSING, NUMBERS_SHORT, BLANKS, ALONE]
        columns += [OFF_ITS_PARTS, ROUNDED_AWAY, SORTED, UNLIKE]
    return columns


def _entities(rows: Any, councils: Councils) -> Any:
    codes, distinct = pd.factorize(rows[COUNCIL_CODE])
    today = np.array([*map(councils.entity, distinct), None], dtype=object)
    return pd.Series(today[codes], index=rows.index, dtype="str")


def _where(rows: Any, allowed: RowFilter) -> Any:
    hit = np.ones(len(rows), dtype=bool)
    for column, cells in allowed.items():
        hit &= rows[column].isin(cells).to_numpy()
    return hit


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


# --- shares and their counts


def _denominators(rows: Any, contract: FileContract, share: Share) -> Any:
    """The denominator of each row's share; nan where it or its row is not there."""
    own = rows[numeric(share.denominator)].to_numpy()
    if not share.denominator_row:
        return own
    rest = [column for column in contract.key if column not in share.denominator_row]
    group = _codes(rows, rest)
    stands = _where(rows, {column: [cell] for column, cell in share.denominator_row.items()})
    of_group = np.full(group.max(initial=-1) + 1, np.nan)
    of_group[group[stands]] = own[stands]
    return of_group[group]


def _codes(rows: Any, columns: Sequence[str]) -> Any:
    """A number for each row, the same where the columns are the same."""
    code = np.zeros(len(rows), dtype="int64")
    for column in columns:
        found, distinct = pd.factorize(rows[column])
        code = pd.factorize(code * (len(distinct) + 1) + found)[0]
    return code


def _decimals(cells: Any) -> Any:
    """How many decimals each cell prints, but for noughts that fill it up."""
    codes, distinct = pd.factorize(cells)
    return np.array([len(cell.partition(".")[2].rstrip("0")) for cell in distinct], int)[codes]


def _half_unit(rows: Any, column: str, numbers: Any) -> Any:
    """Half of the last place printed. A last nought is often left off: the year's usual places."""
    decimals = _decimals(rows[column])
    periods = pd.factorize(rows[PERIOD])[0]
    usual = np.zeros(len(rows), dtype=int)
    for period in np.unique(periods):
        of_period = (periods == period) & numbers
        if of_period.any():
            usual[periods == period] = np.bincount(decimals[of_period]).argmax()
    places = np.maximum(decimals, usual)
    # Long decimals are cut off as often as they are rounded.
    return np.where(places < 4, 0.5, 1.0) * 10.0**-places


def _half_rounding(rows: Any, contract: FileContract) -> Any:
    half = {level: unit / 2 for level, unit in contract.checks.rounded.items()}
    return rows[AREA_LEVEL].map(half).astype("float64").fillna(0.0).to_numpy(dtype="float64")


def _shares(rows: Any, contract: FileContract) -> Iterator[Any]:
    half = _half_rounding(rows, contract)
    for share in contract.checks.shares:
        value = rows[numeric(share.value)].to_numpy()
        top = rows[numeric(share.numerator)].to_numpy()
        bottom = _denominators(rows, contract, share)
        known = _where(rows, share.where) & ~np.isnan(top) & ~np.isnan(bottom)
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
        at = np.flatnonzero(known & ~np.isnan(value) & (bottom > 0))
        printed, above, below, h = value[at], top[at], bottom[at], slack[at]
        u = _half_unit(rows, share.value, ~np.isnan(value))[at]
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


def _bounds(rows: Any, contract: FileContract) -> Iterator[Any]:
    for bound in contract.checks.bounds:
        low, value, high = (
            rows[numeric(name)].to_numpy() for name in (bound.lower, bound.value, bound.upper)
        )
        at = np.flatnonzero(~np.isnan(low) & ~np.isnan(value) & ~np.isnan(high))
        off = np.maximum(np.maximum(low - value, value - high), 0)[at]
        told = (rows[name].to_numpy()[at] for name in (bound.value, bound.lower, bound.upper))
        yield part(
            OUT_OF_BOUNDS,
            off,
            said(
                off > 0,
                *told,
                rows[SOURCE_ROW].to_numpy()[at],
                wording=bound.value + " '{0}' in row {3} is not between '{1}' and '{2}'",
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
    group = _codes(rows, [name for name in contract.key if name not in area])
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
        counted = ~_where(rows, total.but_for) if total.but_for else np.ones(len(rows), bool)
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


# --- series through time


@dataclass(frozen=True)
class Printed:
    """A series as a file prints it: arrays of years by councils, in the order of the file.

    `texts` are value, numerator and denominator to the letter, empty where no number is.
    """

    years: Any
    councils: Any
    values: Any
    counts: Any
    sizes: Any
    texts: Any
    source_rows: Any
    decimals: int
    kind: str

    @property
    def empty(self) -> bool:
        """Whether there is no number at all."""
        return bool(np.isnan(self.values).all()) if self.values.size else True


def _read(rows: Any, contract: FileContract, check: SeriesCheck, codes: Any) -> Printed:
    share = next(
        (
            s
            for s in contract.checks.shares
            if s.value == check.column
            and all(set(check.where.get(c, cells)) <= set(cells) for c, cells in s.where.items())
        ),
        None,
    )
    hit = _where(rows, check.where) & codes.notna().to_numpy() & rows[YEAR].notna().to_numpy()
    at = np.flatnonzero(hit)
    years, row_years = np.unique(rows[YEAR].to_numpy()[at], return_inverse=True)
    columns, council = pd.factorize(codes.to_numpy()[at])
    shape = (len(years), len(council))

    def grid(cells: Any, fill: Any = np.nan) -> Any:
        made = np.full(shape, fill, dtype=object if fill == "" else "float64")
        # A council under two codes: the row that has a number counts.
        order = np.argsort(~np.isnan(numbers), kind="stable")[::-1]
        made[row_years[order], columns[order]] = cells[order]
        return made

    value = rows[numeric(check.column)].to_numpy()
    numbers = value[at]
    nothing = np.full(len(rows), np.nan)
    count = rows[numeric(share.numerator)].to_numpy() if share else nothing
    size = _denominators(rows, contract, share) if share else nothing
    if check.size:
        size = rows[numeric(check.size)].to_numpy()
    text = rows[check.column].to_numpy(dtype=object)[at]
    beside = np.char.add(np.char.add(count[at].astype("U24"), "/"), size[at].astype("U24")).astype(
        object
    )
    texts = np.where(np.isnan(numbers), "", text + "|" + beside)
    places = _decimals(rows[check.column].iloc[at[~np.isnan(numbers)]]) if len(at) else []
    if check.column in contract.columns_of("counts"):
        kind = "count"
    else:
        kind = "share" if share and share.per == 100 else "rate"
    return Printed(
        years=years,
        councils=np.asarray(council, dtype=object),
        values=grid(numbers),
        counts=grid(count[at]),
        sizes=grid(size[at]),
        texts=grid(texts, ""),
        source_rows=grid(rows[SOURCE_ROW].to_numpy(dtype="float64")[at]),
        decimals=int(np.bincount(places).argmax()) if len(places) else 0,
        kind=kind,
    )


def _with_years_before(now: Printed, was: Printed | None) -> Printed:
    """The series with the years that only the release before has: a file of one year has none."""
    if was is None or now.empty:
        return now
    older = np.flatnonzero(~np.isin(was.years, now.years) & (was.years < now.years.max()))
    if not len(older):
        return now
    position = {council: column for column, council in enumerate(was.councils)}
    source = np.array([position.get(council, -1) for council in now.councils])

    def joined(old: Any, new: Any, nothing: Any) -> Any:
        taken = np.where(source[None, :] >= 0, old[older][:, source], nothing)
        return np.concatenate([taken, new])[order]

    years = np.concatenate([was.years[older], now.years])
    order = np.argsort(years)
    return Printed(
        years=years[order],
        councils=now.councils,
        values=joined(was.values, now.values, np.nan),
        counts=joined(was.counts, now.counts, np.nan),
        sizes=joined(was.sizes, now.sizes, np.nan),
        texts=joined(was.texts, now.texts, ""),
        source_rows=joined(np.full(was.values.shape, np.nan), now.source_rows, np.nan),
        decimals=now.decimals,
        kind=now.kind,
    )


def _value_grid(series: Printed, check: SeriesCheck) -> Grid:
    values = series.values
    unit = 10.0 ** -min(series.decimals, 1)
    counts = np.fmax(series.counts, 1)
    if check.leap.scale == "log":
        floor = unit / 2
        # A ratio's chance error is that of its count: 1 / sqrt(count).
        noise = np.where(np.isnan(series.counts), 0.0, 1 / np.sqrt(counts))
        place = unit / np.fmax(nanmedian(values), unit)
        logs = np.log(np.where(values < floor, floor, values))
        return Grid(series.years, logs, noise, float(place))
    if series.kind == "count":
        noise = np.sqrt(np.fmax(values, 1))
    elif series.kind == "share":
        p = np.clip(Grid(series.years, values, 0.0, 0.0).expected, 2, 98) / 100
        noise = 100 * np.sqrt(p * (1 - p) / np.fmax(series.sizes, 1))
    else:
        noise = np.zeros(values.shape)
    return Grid(series.years, values, np.nan_to_num(noise), unit)


def _size_grid(series: Printed) -> Grid | None:
    sizes = np.where(series.sizes >= FEW, series.sizes, np.nan)
    if np.isnan(sizes).all():
        return None
    return Grid(series.years, np.log(sizes), np.nan_to_num(1 / np.sqrt(sizes)), SIZE_UNIT)


def _series(
    now: Printed, was: Printed | None, check: SeriesCheck, councils: Councils
) -> Iterator[Any]:
    rows = int((~np.isnan(now.source_rows)).sum())
    if rows or not check.may_be_absent:
        yield part(SERIES_ROWS, [rows], [f"{check.name} has {rows} rows"])
    if now.empty:
        return
    series = _with_years_before(now, was)
    own = np.isin(series.years, now.years)
    names = [councils.name(code) for code in series.councils]
    grid, sizes = _value_grid(series, check), _size_grid(series)
    with np.errstate(invalid="ignore"):
        yield from _leaps(series, grid, own, check, names)
        yield from _unlike(series, own, check, names)
        yield from _levels(series, own, check)
        yield from _frozen(series, own, check, names)
        yield from _swapped(series, grid, sizes, own, check, names)
        yield from _shifted(series, grid, sizes, own, check)
        if was is not None and not was.empty:
            yield from _revised(now, was, check)
            newest, before = now.years.max(), was.years.max()
            words = f"{check.name}: {newest:g} is its newest year, and was {before:g} before"
            yield part(YEARS_MISSING, [before - newest], [words if before > newest else None])


def _leaps(series: Printed, grid: Grid, own: Any, check: SeriesCheck, names: Any) -> Iterator[Any]:
    enough = (~np.isnan(grid.values)).sum(axis=1) >= ENOUGH
    # One other year of several is no history.
    others = (~np.isnan(grid.values)).sum(axis=0) - 1 >= min(2, enough.sum() - 1)
    z = np.where((own & enough)[:, None] & others[None, :], np.abs(grid.z), np.nan)
    year, council = np.nonzero(~np.isnan(z))
    score = z[year, council]
    back = np.exp(grid.expected) if check.leap.scale == "log" else grid.expected
    few = np.isin(series.councils, check.few)[council]
    for column, bound in ((STRANGE, check.leap.warn), (LEAP, check.leap.error)):
        judged = np.where(few & (column == LEAP), np.nan, score)
        yield part(
            column,
            judged - bound,
            said(
                judged > bound,
                [names[c] for c in council],
                series.years[year],
                series.values[year, council],
                back[year, council],
                score,
                wording=(
                    check.name + ": {0} in {1:g} has {2:g}, its other years {3:.3g}"
                    " (robust z {4:.1f})"
                ),
            ),
        )


def _unlike(series: Printed, own: Any, check: SeriesCheck, names: Any) -> Iterator[Any]:
    """One row a figure without a history: how far it is from the middle of the year's councils.

    Councils' counts are as unlike as councils are, and are left out.
    """
    if series.kind == "count":
        return
    numbers = ~np.isnan(series.values)
    enough = numbers.sum(axis=1) >= ENOUGH
    alone = numbers.sum(axis=0) < 3
    year, council = np.nonzero(numbers & (own & enough)[:, None] & alone[None, :])
    values = series.values
    middle = nanmedian(values, axis=1)[:, None]
    spread = MAD_TO_SD * nanmedian(np.abs(values - middle), axis=1)[:, None]
    far = (np.abs(values - middle) / np.fmax(spread, 10.0**-series.decimals))[year, council]
    yield part(
        UNLIKE,
        far,
        said(
            far > UNLIKE_ANY,
            [names[c] for c in council],
            series.years[year],
            values[year, council],
            np.broadcast_to(middle, values.shape)[year, council],
            wording=check.name + ": {0} in {1:g} has {2:g}, the councils' median is {3:g}",
        ),
    )


def _levels(series: Printed, own: Any, check: SeriesCheck) -> Iterator[Any]:
    known = (~np.isnan(series.values)).sum(axis=1) >= ENOUGH
    median = nanmedian(series.values, axis=1)
    low, high = check.typical
    at = np.flatnonzero(own & known)
    off = np.maximum(np.maximum(low - median, median - high), 0)[at]
    wording = f"{check.name}: {{0:.4g}} in {{1:g}}, not between {low:g} and {high:g}"
    yield part(TYPICAL, off, said(off > 0, median[at], series.years[at], wording=wording))
    for what, cells, least in (("median", series.values, 0), ("median count", series.sizes, FEW)):
        middle = nanmedian(cells, axis=1)
        pairs = [
            (t, t - 1)
            for t in range(1, len(series.years))
            if own[t] and known[t] and known[t - 1] and min(middle[t], middle[t - 1]) > least
        ]
        # In powers of ten, so that tenfold and a tenth are equally far from nought.
        ratio = np.array([abs(np.log10(middle[t] / middle[s])) for t, s in pairs])
        yield part(
            UNITS,
            ratio,
            said(
                ratio > 0.7,
                [series.years[t] for t, _ in pairs],
                [middle[t] for t, _ in pairs],
                [middle[s] for _, s in pairs],
                wording=f"{check.name}: the {what} of {{0:g}} is {{1:.4g}}, after {{2:.4g}}",
            ),
        )


def _frozen(series: Printed, own: Any, check: SeriesCheck, names: Any) -> Iterator[Any]:
    there = series.texts != ""
    same = there[1:] & there[:-1] & (series.texts[1:] == series.texts[:-1])
    next_to = np.diff(series.years) == 1
    pairs = [(t, u) for t in np.flatnonzero(own) for u in range(t)]
    both = np.array([(there[t] & there[u]).sum() for t, u in pairs])
    alike = np.array([(there[t] & (series.texts[t] == series.texts[u])).sum() for t, u in pairs])
    told = [i for i in range(len(pairs)) if both[i] >= ENOUGH]
    share = alike[told] / both[told] if told else np.array([])
    wording = check.name + ": {0:.0%} of councils in {1:g} are to the letter as in {2:g}"
    yield part(
        SAME_YEAR,
        share,
        said(
            share > 0.5,
            share,
            [series.years[pairs[i][0]] for i in told],
            [series.years[pairs[i][1]] for i in told],
            wording=wording,
        ),
    )
    # Only where it cannot be chance: three figures of a large council, or two decimals.
    telling = (series.counts >= FEW) if series.kind == "share" else (series.values > 0)
    telling = telling & ((series.kind == "share") | (series.decimals >= 1))
    run = np.ones(len(names), dtype=int)
    longest = np.ones(len(names), dtype=int)
    for t in range(len(same)):
        goes_on = same[t] & telling[t] & next_to[t]
        run = np.where(goes_on, run + 1, 1)
        longest = np.maximum(longest, run)
    looked_at = there.any(axis=0)
    # Of a figure without counts one year more.
    allowed = 2 if series.kind == "share" else 3
    yield part(
        FROZEN,
        longest[looked_at] - allowed,
        said(
            longest[looked_at] > allowed,
            [name for name, looked in zip(names, looked_at, strict=True) if looked],
            longest[looked_at],
            wording=check.name + ": {0} has the same figures {1} years running",
        ),
    )


def _swapped(
    series: Printed,
    grid: Grid,
    sizes: Grid | None,
    own: Any,
    check: SeriesCheck,
    names: Any,
) -> Iterator[Any]:
    """One row a year: how many councils stand in each other's place."""
    told = sizes or grid
    for t in np.flatnonzero(own & ((~np.isnan(told.values)).sum(axis=1) >= ENOUGH)):
        far = np.flatnonzero(np.abs(told.z[t]) > FAR)
        found: list[str] = []
        shift = nanmedian(told.values[t] - told.expected[t])
        for i, a in enumerate(far):
            for b in far[i + 1 :]:
                here = abs(told.values[t, a] - shift - told.expected[t, b]) / told.scale[t, b]
                there = abs(told.values[t, b] - shift - told.expected[t, a]) / told.scale[t, a]
                if here < NEAR and there < NEAR:
                    found.append(f"{names[a]} and {names[b]}")
        words = f"{check.name}: {'; '.join(found[:5])} in {series.years[t]:g}"
        yield part(SWAPPED, [len(found)], [words if found else None])


def _shifted(
    series: Printed, grid: Grid, sizes: Grid | None, own: Any, check: SeriesCheck
) -> Iterator[Any]:
    """One row a year and kind of figure: how well it fits its own years, and its neighbour's."""
    told = sizes or grid
    for t in np.flatnonzero(own & ((~np.isnan(told.values)).sum(axis=1) >= ENOUGH)):
        order = np.argsort(series.source_rows[t])
        order = order[~np.isnan(series.source_rows[t][order])]
        values, expected = told.values[t][order], told.expected[t][order]
        apart = nanmedian(np.abs(values - np.roll(values, 1)))
        chance = nanmedian(np.broadcast_to(told.noise, told.values.shape)[t]) + told.unit
        shift = nanmedian(values - expected)
        # Neighbours that are alike by chance cannot be told apart.
        if np.isnan(shift) or apart < 4 * chance:
            continue
        own_fit = nanmedian(np.abs(values - expected - shift))
        fits = [nanmedian(np.abs(values - np.roll(expected, by) - shift)) for by in (1, -1)]
        ratio = own_fit / max(min(fits), 1e-12)
        words = f"{check.name}: {series.years[t]:g} fits the neighbouring rows' councils better"
        yield part(SHIFTED, [ratio], [words if ratio > 1 else None])


def _revised(now: Printed, was: Printed, check: SeriesCheck) -> Iterator[Any]:
    """One row: the share of the figures known before that are not what they were."""
    position = {council: column for column, council in enumerate(was.councils)}
    columns = np.array([position.get(council, -1) for council in now.councils])
    _, here, there = np.intersect1d(now.years, was.years, return_indices=True)
    old = np.where(columns >= 0, was.values[there][:, columns], np.nan)
    new = now.values[here]
    unit = 0.5 * 10.0 ** -min(now.decimals, was.decimals) + 1e-9
    moved = np.abs(new - old)
    known = int((~np.isnan(old)).sum())
    lost = int((~np.isnan(old) & np.isnan(new)).sum())
    changed = int((moved > unit).sum())
    sizes = (moved / np.fmax(np.abs(old), unit))[moved > unit]
    if known < ENOUGH:
        return
    share = (changed + lost) / known
    typical = float(np.median(sizes)) if len(sizes) else 0.0
    words = (
        f"{check.name}: {changed:,} of {known:,} figures of earlier years changed, by"
        f" {typical:.0%} in the middle, and {lost:,} are gone"
    )
    yield part(REVISED, [share], [words if share > 0.5 else None])

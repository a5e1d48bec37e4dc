"""The frames that a load's suite looks at, made from its rows and its contract.

Small derived tables, so that each rule is a plain expectation of a plain column. What a row is
(its level, its period, its council) is worked out once a distinct cell, not once a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from expectations.councils import Councils
from expectations.figures import figures_of
from expectations.parts import when
from expectations.register_rules import has_register_rules
from expectations.registers import register_frame
from expectations.suites import Frame
from expectations.vocabulary import (
    AREA_LEVEL,
    CODE_IN_TEXT,
    CORRECTIONS,
    COUNCIL_CODE,
    COUNCIL_ROWS,
    COUNCIL_UNKNOWN,
    COUNTRY_CODE,
    EMPTIED,
    EXPECTED,
    FIGURES,
    IGNORED_LEVEL,
    LAG,
    LONDON,
    NUMBER,
    PERIOD,
    PERIOD_UNREAD,
    PUBLICATION,
    REGION_CODE,
    REGION_ROWS,
    REGISTERS,
    ROWS,
    YEAR,
    YEARS_CLAIMED,
    dropped_rows,
    no_council,
    numeric,
)
from ingest.contracts import NUMERIC_ROLES, DroppedRows, FileContract
from ingest.corrections import Correction
from ingest.loads import Load, unlisted_columns
from ingest.periods import Period, parse_period
from ingest.tables import SOURCE_ROW

# What a spreadsheet would reckon or a browser run, and letters that show nothing.
_CODE = re.compile(r"^\s*[=@]|<\s*script|[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", re.I)
DAYS_A_MONTH = 365.25 / 12

# What is claimed, the number claimed, and the number found.
_Claim = tuple[str, float | None, float | None]


@dataclass(frozen=True)
class LoadFrames:
    """Every frame of a load, and the source rows that were taken out before."""

    frames: Mapping[str, Frame]
    dropped_rows: tuple[int, ...]


def frames_of(
    load: Load,
    *,
    published: Sequence[str],
    mapping: Mapping[str, str],
    cells: pa.Table,
    councils: Councils,
    corrections: Sequence[Correction],
    before: pa.Table | None = None,
    beside: pa.Table | None = None,
) -> LoadFrames:
    """The frames of a load.

    `published` are the names in the file's header, `mapping` the contract's columns to them, and
    `cells` the rows under the contract's names with `source_row`; `before` are those of the same
    file in the release before, if there is one, and `beside` those of another table of its workbook
    that the contract compares it with.
    """
    contract = load.contract
    if contract.area.unit == "district":
        councils = councils.districts()
    rows = cells.to_pandas()
    frames: dict[str, Frame] = {}
    located = [(_position(rows, correction), correction) for correction in corrections]
    emptied = [rows.at[at, SOURCE_ROW] for at, c in located if at is not None and not c.corrected]
    if located:
        frames[CORRECTIONS] = _corrections(rows, located)
        rows = _corrected(rows, located)
    rows, dropped = _without_dropped(rows, contract.dropped_rows)
    for index, taken_out in dropped.items():
        frames[dropped_rows(index)] = Frame(taken_out)
    labels = _period_labels(rows, contract)
    periods = _periods(labels, contract)
    described = _rows(rows, contract, labels, periods, councils)
    # The library hashes every column it is given, twice: only those that rules ask about.
    frames[ROWS] = Frame(described.drop(columns=[COUNCIL_CODE, PERIOD, YEAR]))
    named = _named(described, rows, contract)
    expected = {label: _expected_councils(contract, p, councils) for label, p in periods.items()}
    earlier = None if before is None else describe(before, contract, councils)
    frames[FIGURES] = figures_of(
        named.assign(**{EMPTIED: rows[SOURCE_ROW].isin(emptied)}),
        contract,
        councils,
        expected,
        earlier,
    )
    if has_register_rules(contract):
        frames[REGISTERS] = register_frame(
            named,
            contract,
            councils,
            expected,
            earlier,
            None if beside is None else beside.to_pandas(),
        )
    frames[YEARS_CLAIMED] = _years(load, described, periods, _row_count(rows, contract))
    if contract.years.not_after == "published" or contract.years.not_before is not None:
        frames[PUBLICATION] = _publication(load, described, periods)
    frames[EXPECTED] = _stacked(
        _header(contract, published, mapping),
        _texts(rows, contract),
        _areas_expected(described, contract, periods, councils),
        _newest_year(described, contract),
    )
    return LoadFrames(
        frames=frames,
        dropped_rows=tuple(
            sorted(int(row) for taken_out in dropped.values() for row in taken_out[SOURCE_ROW])
        ),
    )


def _named(described: Any, rows: Any, contract: FileContract) -> Any:
    """The described rows with what stands beside their codes: names, notes, periods' sort key."""
    note = contract.notes.column if contract.notes else None
    beside = ["la_name", "area_name", contract.period.sortable, note]
    beside += contract.checks.cell_columns()
    # An edition may lack those that the contract lists as optional.
    names = dict.fromkeys(n for n in beside if n in rows)
    return described.assign(**{name: _trimmed(rows[name]) for name in names})


def describe(cells: pa.Table, contract: FileContract, councils: Councils) -> Any:
    """The rows under the contract's names and what each is: its level, area, year and numbers."""
    rows, _ = _without_dropped(cells.to_pandas(), contract.dropped_rows)
    labels = _period_labels(rows, contract)
    described = _rows(rows, contract, labels, _periods(labels, contract), councils)
    return _named(described, rows, contract)


def _by_distinct(
    cells: Any, meaning: Callable[[Any], Any], dtype: Literal["str", "float64"]
) -> Any:
    """What each cell means, asked once a distinct cell; null stays null."""
    positions, distinct = pd.factorize(cells)
    # Position -1 is null, and takes the last of these.
    meanings = pd.Series([*map(meaning, distinct), None], dtype=dtype)
    return meanings.take(positions).set_axis(cells.index)


def _trimmed(cells: Any) -> Any:
    # Spaces only, as in SQL's trim: any other blank would reach the facts' casts untrimmed.
    return cells.str.strip(" ")


def _stacked(*frames: Frame) -> Frame:
    """Small frames as one, null where a row is not theirs: the library's cost is by the frame."""
    return Frame(
        pd.concat([frame.rows for frame in frames], ignore_index=True),
        labels=tuple(label for frame in frames for label in frame.labels),
    )


def _header(contract: FileContract, published: Sequence[str], mapping: Mapping[str, str]) -> Frame:
    """One row a published column: the contract's name for it, and whether it is of use."""
    canonical = {name: column for column, name in mapping.items()}
    unlisted = set(unlisted_columns(contract, list(published)))
    names = [name for name in published if name != SOURCE_ROW]
    return Frame(
        pd.DataFrame(
            {
                "published": names,
                "read as": pd.Series([canonical.get(name) for name in names], dtype="str"),
                "use": ["unlisted" if name in unlisted else "known" for name in names],
            }
        ),
        labels=("published",),
    )


def _texts(rows: Any, contract: FileContract) -> Frame:
    """One row a column of text: how many of its cells are code, and where the first one is."""
    numbers = contract.columns_of(*NUMERIC_ROLES)
    names = [name for name in contract.column_names if name in rows and name not in numbers]
    counts, first = [], []
    for name in names:
        found, distinct = pd.factorize(rows[name])
        is_code = np.array([*(bool(_CODE.search(cell)) for cell in distinct), False])[found]
        counts.append(int(is_code.sum()))
        first.append(rows[SOURCE_ROW].iloc[int(is_code.argmax())] if counts[-1] else None)
    return Frame(
        pd.DataFrame(
            {"text": names, CODE_IN_TEXT: counts, "first": pd.Series(first, dtype=object)}
        ),
        labels=("text", "first"),
    )


def _position(rows: Any, correction: Correction) -> int | None:
    """Where the correction's row is; None where no row, or more than one, is meant.

    Rows that a melt made of one share its number: they are told apart by their cells alone.
    """
    if correction.row is not None:
        hit = rows[SOURCE_ROW] == correction.row
    else:
        hit = pd.Series(True, index=rows.index)
        for column, cell in correction.where.items():
            hit &= (rows[column] == cell) if column in rows else False
    found = hit.to_numpy().nonzero()[0]
    return int(found[0]) if len(found) == 1 else None


Located = Sequence[tuple[int | None, Correction]]


def _corrections(rows: Any, located: Located) -> Frame:
    """One row a correction: what it expects to find, and what is printed."""
    printed = [
        None if at is None or c.column not in rows else rows[c.column].iloc[at] for at, c in located
    ]
    numbers = [c.row if at is None else int(rows[SOURCE_ROW].iloc[at]) for at, c in located]
    return Frame(
        pd.DataFrame(
            {
                SOURCE_ROW: numbers,
                "column": [c.column for _, c in located],
                "expected": pd.Series([c.expected for _, c in located], dtype="str"),
                "printed": pd.Series(printed, dtype="str"),
            }
        ),
        labels=(SOURCE_ROW, "column"),
    )


def _corrected(rows: Any, located: Located) -> Any:
    """The rows as the facts will take them: a cell mended in the open is not refused again."""
    rows = rows.copy()
    for at, c in located:
        if at is not None and c.column in rows and rows[c.column].iloc[at] == c.expected:
            rows.loc[rows.index[at], c.column] = c.corrected
    return rows


def _without_dropped(rows: Any, drops: Sequence[DroppedRows]) -> tuple[Any, dict[int, Any]]:
    """The rows that stay, and those that each of the contract's drops takes out, if any."""
    dropped: dict[int, Any] = {}
    for index, drop in enumerate(drops):
        hit = pd.Series(True, index=rows.index)
        for column, text in drop.where.items():
            hit &= _trimmed(rows[column]) == text
        if hit.any():
            names = [SOURCE_ROW, *drop.where]
            dropped[index] = rows.loc[hit, names].reset_index(drop=True)
            rows = rows.loc[~hit].reset_index(drop=True)
    return rows, dropped


def _period_labels(rows: Any, contract: FileContract) -> Any:
    """Each row's period cell, and behind a tab the cell that decides its type, if one does."""
    label = rows[contract.period.column]
    if not isinstance(contract.period_type, str):
        label = label + "\t" + rows[contract.period_type["column"]]
    return label


def _periods(labels: Any, contract: FileContract) -> dict[str, Period]:
    """The period of each distinct label that names one."""
    periods: dict[str, Period] = {}
    for label in labels.unique():
        cell, _, type_cell = label.partition("\t")
        row = {contract.period.column: cell}
        if not isinstance(contract.period_type, str):
            row |= {contract.period_type["column"]: type_cell}
        if (period := contract.period_of(row)) is not None:
            periods[label] = period
    return periods


def _rows(
    rows: Any,
    contract: FileContract,
    labels: Any,
    periods: Mapping[str, Period],
    councils: Councils,
) -> Any:
    """The cells that rules speak of, trimmed, and beside them what each row is."""
    area = contract.area
    level = _by_distinct(rows[area.level], lambda cell: _level(contract, cell, councils), "str")
    nothing = pd.Series(None, index=rows.index, dtype="str")
    codes = {of: _codes(rows[column], contract, councils) for of, column in area.codes.items()}
    council = codes[area.unit].where(level == area.unit)
    year = _by_distinct(
        labels, lambda label: periods[label].position if label in periods else None, "float64"
    )
    numbers = contract.columns_of(*NUMERIC_ROLES)
    described = {
        SOURCE_ROW: rows[SOURCE_ROW],
        **{
            name: _trimmed(rows[name])
            for name in dict.fromkeys([*contract.key, *contract.constants, *numbers])
        },
        AREA_LEVEL: level,
        COUNCIL_CODE: council,
        COUNCIL_UNKNOWN: council.where(~council.isin(councils.codes)),
        REGION_CODE: codes.get("region", nothing).where(level == "region"),
        COUNTRY_CODE: codes.get("country", nothing).where(level == "country"),
        PERIOD: labels.where(year.notna()),
        PERIOD_UNREAD: labels.where(year.isna()),
        YEAR: year,
    }
    for name in contract.more_councils:
        code = _codes(rows[name], contract, councils)
        described[no_council(name)] = code.where(~code.isin(councils.codes))
    for name in numbers:
        described[numeric(name)] = _by_distinct(described[name], _number, "float64")
    return pd.DataFrame(described)


def _level(contract: FileContract, cell: str, councils: Councils) -> str:
    """Our level; `ignored`; or the cell itself, marked so that it can be none of ours."""
    code = cell
    if contract.area.told_by_code:
        code = councils.code_of(cell, contract.area.known_by) or ""
    if contract.is_ignored_level(cell):
        return IGNORED_LEVEL
    return contract.level_of(code) or f"{cell} (unknown)"


def _codes(cells: Any, contract: FileContract, councils: Councils) -> Any:
    """The GSS codes that cells stand for; a cell that stands for none is left as it is."""
    return _by_distinct(
        _trimmed(cells), lambda c: councils.code_of(c, contract.area.known_by) or c, "str"
    )


def _number(cell: str) -> float | None:
    return float(cell) if re.fullmatch(NUMBER, cell) else None


def _row_count(rows: Any, contract: FileContract) -> list[_Claim]:
    """How many rows a file says that it has, and how many there are; nothing where none says."""
    if contract.row_count is None:
        return []
    told = {_number(cell.strip()) for cell in rows[contract.row_count].unique()}
    only = told.pop() if len(told) == 1 else None
    return [("the number of rows by its own count", only, float(len(rows)))]


def _years(
    load: Load,
    rows: Any,
    periods: Mapping[str, Period],
    others: Sequence[_Claim] = (),
) -> Frame:
    """One row a claim of the file's or the release's name: the year claimed and the one found.

    Where the whole period is claimed, its last day stands for it, as 20180630.
    """
    spec = load.contract.years
    found = rows[YEAR].dropna() // 1
    last = float(found.max()) if len(found) else None
    first = float(found.min()) if len(found) else None
    claims: list[_Claim] = [*others]
    if "file" in spec.last:
        claims.append(("the last year by the file's name", _year_of_file(load, "last"), last))
    if "release" in spec.last:
        year = _year_of_release(load.release.release)
        claimed = None if year is None else year + spec.offset
        claims.append(("the last year by the release's name", claimed, last))
    if "file" in spec.first:
        claims.append(("the first year by the file's name", _year_of_file(load, "first"), first))
    if spec.span is not None:
        claims.append(("the number of years", spec.span, float(found.nunique())))
    if spec.only == "release":
        days = sorted(_as_number(period.end) for period in periods.values())
        named = parse_period(load.release.release, "days", "snapshot")
        claimed = None if named is None else _as_number(named.end)
        claims += [
            ("the last day by the release's name", claimed, float(day))
            for day in (days[:1] + days[-1:]) or [0]
        ]
    return Frame(
        pd.DataFrame(
            {
                "claim": pd.Series([claim for claim, _, _ in claims], dtype="str"),
                "claimed": pd.Series([claimed for _, claimed, _ in claims], dtype="float64"),
                "found": pd.Series([year for _, _, year in claims], dtype="float64"),
            }
        ),
        labels=("claim", "claimed", "found"),
    )


def _as_number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _year_of_file(load: Load, end: str) -> int | None:
    match = load.contract.match(load.file.name)
    groups = match.groupdict() if match else {}
    if year := groups.get(f"{end}_year"):
        return int(year)
    academic_year = groups.get("academic_year") or ""
    if re.fullmatch(r"\d{4}", academic_year) and end == "last":
        return _second_year(2000 + int(academic_year[:2]), int(academic_year[2:]))
    return None


def _year_of_release(release: str) -> int | None:
    """`2024`: 2024. `2022-23`, `2022-23-revised`: 2023. `2021-08-31`, `2018-04-to-06`: theirs.

    Anything else names no year.
    """
    if (named := parse_period(release, "days", "snapshot")) and release.count("-") > 1:
        return named.year
    match = re.match(r"(\d{4})(?:-(\d{2}))?(?:-[a-z]|$)", release)
    if match is None:
        return None
    return _second_year(int(match[1]), int(match[2])) if match[2] else int(match[1])


def _second_year(first: int, last_two_digits: int) -> int | None:
    return first + 1 if (first + 1) % 100 == last_two_digits else None


def _publication(load: Load, rows: Any, periods: Mapping[str, Period]) -> Frame:
    """One row: the year in which the release was published, and what years were found in it."""
    years = rows[YEAR] // 1
    newest = max((period.end for period in periods.values()), default=None)
    lag = (load.release.published - newest).days / DAYS_A_MONTH if newest else None
    return Frame(
        pd.DataFrame(
            {
                "published": [float(load.release.published.year)],
                "found": [years.max()],
                "first": [years.min()],
                LAG: [lag],
                "newest": [str(newest)],
            }
        ),
        labels=("published", "found", "first", "newest"),
    )


def _newest_year(rows: Any, contract: FileContract) -> Frame:
    """One row a numeric column: how many councils' cells of the newest year hold a number.

    Left out are columns without numbers the year before (in a file of one year: blank ones):
    those the publisher gave up or never filled, and nothing was taken away from them.
    """
    councils = rows[rows[AREA_LEVEL] == contract.area.unit]
    years = sorted(councils[YEAR].dropna().unique())
    columns: list[tuple[str, int]] = []
    if years:
        newest = councils[councils[YEAR] == years[-1]]
        before = councils[councils[YEAR] == years[-2]] if len(years) > 1 else None
        for name in contract.columns_of(*NUMERIC_ROLES):
            filled = newest[name] != "" if before is None else before[numeric(name)].notna()
            if filled.any():
                columns.append((name, int(newest[numeric(name)].count())))
    return Frame(
        pd.DataFrame(
            {
                "column": pd.Series([name for name, _ in columns], dtype="str"),
                "year": pd.Series([when(years[-1])] * len(columns) if years else [], dtype="str"),
                "figures": pd.Series([count for _, count in columns], dtype="float64"),
            }
        ),
        labels=("column", "year"),
    )


def _areas_expected(
    rows: Any, contract: FileContract, periods: Mapping[str, Period], councils: Councils
) -> Frame:
    """One row a period and an area that must be in it: how many rows it has there."""
    wanted = {
        COUNCIL_ROWS: {
            label: _expected_councils(contract, period, councils)
            for label, period in periods.items()
        },
        REGION_ROWS: {
            label: frozenset(councils.regions)
            for label in periods
            if (rows[AREA_LEVEL] == "region").any()
        },
    }
    found = {
        COUNCIL_ROWS: _by_distinct(rows[COUNCIL_CODE], councils.entity, "str"),
        # DfE prints Inner and Outer London (E13) in London's place in some files.
        REGION_ROWS: _by_distinct(
            rows[REGION_CODE], lambda code: LONDON if code.startswith("E13") else code, "str"
        ),
    }
    entries: list[dict[str, Any]] = []
    for kind, by_period in wanted.items():
        counts = found[kind].groupby([rows[PERIOD], found[kind]]).size().to_dict()
        entries += [
            {
                "area": councils.regions.get(code) or councils.name(code),
                "period": label.split("\t")[0],
                kind: float(counts.get((label, code), 0)),
            }
            for label, codes in by_period.items()
            for code in sorted(codes)
        ]
    frame = pd.DataFrame(entries, columns=["area", "period", COUNCIL_ROWS, REGION_ROWS])
    return Frame(
        frame.astype({COUNCIL_ROWS: "float64", REGION_ROWS: "float64"}), labels=("area", "period")
    )


def _expected_councils(
    contract: FileContract, period: Period, councils: Councils
) -> frozenset[str]:
    absent = frozenset(
        councils.entity(code)
        for absence in contract.councils.absent
        if absence.years is None or period.year in absence.years
        for code in absence.codes
    )
    return councils.existing(contract.councils.as_of or period.end) - absent

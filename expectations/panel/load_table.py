"""A load as the checks look at it: its rows under the contract's names, and what each row is.

What a row is (its level, its period, its council) is worked out once a distinct cell, not once a
row. Derived columns have a space in their names: no contract's column has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from expectations.panel.cells import row_groups
from expectations.panel.columns import (
    AREA_LEVEL,
    COUNCIL_CODE,
    COUNCIL_UNKNOWN,
    COUNTRY_CODE,
    EMPTIED,
    PERIOD,
    PERIOD_UNREAD,
    REGION_CODE,
    YEAR,
    Coded,
    Columns,
    no_council,
    numeric,
)
from expectations.panel.measures import SeriesCheck, series_of
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES, DroppedRows
from ingest.corrections import Correction
from ingest.councils import Councils
from ingest.reading import rows as described_rows
from ingest.reading.loads import Load
from ingest.reading.marks import CONFLICTING, number_in
from ingest.reading.periods import Period
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expectations.panel.series_panel import SeriesView
    from ingest.arrays import Floats, Places

_Made = TypeVar("_Made")

# So much of the history that two releases share must be the same to prove how a file is read, of
# so many figures: two columns of other things agree by chance in a few of a hundred.
_ENOUGH_HISTORY, _MOST_OF_HISTORY = 300, 0.95


Located = Sequence[tuple[int | None, Correction]]


@dataclass(frozen=True)
class Conflict:
    """A cell that the file has twice, with two texts: which of them counts nobody can tell.

    `source_row` is the row that is kept for both, `again` the later one.
    """

    source_row: int
    again: int
    column: str
    texts: tuple[str, str]


@dataclass(frozen=True)
class LoadTable:
    """One load, described: what its checks look at.

    `columns` are those of the rows that stay, with every derived column, each key once; `printed`
    those of the rows as published, and `key` their keys; `key_again` says which of these stood
    before. `repeated_rows` are the source rows that are left out for it, `repeated_otherwise` how
    many of the rows say something else, `conflicts` the cells that they have other numbers for.
    `dropped` are the rows that each of the contract's drops takes out, by its position;
    `corrections` each correction with where it stands. `columns_before` are those of the described
    rows of the same file in the admitted release before, `sibling_table` the rows of another table
    of the workbook, where there are such. `expected` are the councils that each period should have,
    by its label.
    """

    load: Load
    councils: Councils
    published: tuple[str, ...]
    mapping: Mapping[str, str]
    columns: Columns
    printed: Columns
    key: pd.DataFrame
    key_again: NDArray[np.bool_]
    repeated_rows: tuple[int, ...]
    repeated_otherwise: int
    conflicts: tuple[Conflict, ...]
    periods: Mapping[str, Period]
    expected: Mapping[str, frozenset[str]]
    dropped: Mapping[int, pd.DataFrame]
    corrections: pd.DataFrame
    columns_before: Columns | None
    sibling_table: pd.DataFrame | None
    with_exponent: Mapping[str, Sequence[tuple[int, str]]]
    _kept: dict[tuple[str, str], object] = field(default_factory=dict)

    def once(self, what: str, check: SeriesCheck, make: Callable[[], _Made]) -> _Made:
        """What several checks of a series need, worked out once."""
        key = what, f"{check.name} {check.column} {check.where}"
        if key not in self._kept:
            self._kept[key] = make()
        return cast(_Made, self._kept[key])

    @property
    def contract(self) -> FileContract:
        """The contract that the load is read by."""
        return self.load.contract

    @property
    def dropped_rows(self) -> tuple[int, ...]:
        """The source rows that are left out: the contract's drops, and a key's second rows."""
        taken = (int(row) for one in self.dropped.values() for row in one[SOURCE_ROW])
        return tuple(sorted({*taken, *self.repeated_rows}))

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that stay, as a data frame."""
        return self.columns.rows

    @property
    def cells(self) -> pd.DataFrame:
        """The rows as published, as a data frame."""
        return self.printed.rows

    @property
    def previous_release(self) -> pd.DataFrame | None:
        """The described rows of the release before as a data frame, where there is one."""
        return None if self.columns_before is None else self.columns_before.rows

    @property
    def source_rows(self) -> NDArray[np.int64]:
        """The source row of each row."""
        return self.columns.source_rows

    @cached_property
    def entities(self) -> Coded:
        """The council of today that each row is of; null where it is of none."""
        return entities(self.columns, self.councils)

    @cached_property
    def councils_in(self) -> dict[str, frozenset[str]]:
        """The councils of today that have a row in each period, by its label."""
        return areas_by_period(self.entities, self.columns.codes(PERIOD))

    @cached_property
    def is_understood(self) -> bool:
        """Whether the history that it shares with the release before proves how it is read.

        Nineteen of twenty figures of earlier years, of three hundred and more, are what they were:
        no column, unit or row can be another there. What is left to doubt is what is new.
        """
        overlaps = [view.overlap for view in self.series if view.overlap is not None]
        known = sum(overlap.known for overlap in overlaps)
        stand = sum(
            overlap.known - overlap.lost - int(overlap.changed.sum()) for overlap in overlaps
        )
        return known >= _ENOUGH_HISTORY and stand >= _MOST_OF_HISTORY * known

    @cached_property
    def larger_areas(self) -> Coded:
        """The code of each row's region, or of England; null where it is a council's."""
        return larger_areas(self.columns)

    @cached_property
    def series(self) -> tuple[SeriesView, ...]:
        """The series of councils that are printed in the file."""
        return tuple(self._view(check, councils=True) for check in series_of(self.contract))

    @cached_property
    def larger_series(self) -> tuple[SeriesView, ...]:
        """The same of the regions and of England."""
        return tuple(self._view(check, councils=False) for check in series_of(self.contract))

    def rows_of(self, check: SeriesCheck) -> Places:
        """The positions of the rows that a series is printed in."""
        return self.once("rows", check, lambda: np.flatnonzero(self.columns.where(check.where)))

    def series_with(self, source_row: int, column: str) -> tuple[str, ...]:
        """The series, as `measure.series`, whose facts a cell is part of."""
        return tuple(
            dict.fromkeys(
                name
                for name, columns, rows in self._cells_of_series
                if column in columns and source_row in rows
            )
        )

    def years_of(self, source_row: int) -> list[int]:
        """The years that a row of the file speaks of: more than one where rows were made of it."""
        at = self.source_rows == source_row
        return sorted({int(year) for year in self.rows[YEAR].to_numpy()[at] if not np.isnan(year)})

    @cached_property
    def _cells_of_series(self) -> list[tuple[str, frozenset[str], frozenset[int]]]:
        found = []
        for check in series_of(self.contract):
            columns = {check.column, *filter(None, [check.size])}
            for share in self.contract.checks.shares:
                if share.value == check.column:
                    columns |= {share.numerator, share.denominator}
            for bound in self.contract.checks.bounds:
                if bound.value == check.column:
                    columns |= {bound.lower, bound.upper}
            rows = frozenset(self.source_rows[self.rows_of(check)].tolist())
            # Where a file prints several columns of one series, the name tells them apart.
            found.append((check.name.split(" ", 1)[0], frozenset(columns), rows))
        return found

    def _view(self, check: SeriesCheck, *, councils: bool) -> SeriesView:
        from expectations.panel.series_panel import SeriesView, read_series

        areas = self.entities if councils else self.larger_areas
        now = read_series(self.columns, self.contract, check, areas)
        was = None
        if self.columns_before is not None:
            before = self.columns_before
            areas = entities(before, self.councils) if councils else larger_areas(before)
            was = read_series(before, self.contract, check, areas)
        return SeriesView(check, now, was, self.councils)


def describe_load(
    load: Load,
    *,
    published: Sequence[str],
    mapping: Mapping[str, str],
    cells: pa.Table,
    councils: Councils,
    corrections: Sequence[Correction],
    previous_release: pa.Table | None = None,
    sibling_table: pa.Table | None = None,
) -> LoadTable:
    """Describe a load.

    `published` are the names in the file's header, `mapping` the contract's columns to them, and
    `cells` the rows under the contract's names with what they mean (`ingest.reading.rows`).
    """
    with_exponent = described_rows.with_exponent(cells)
    cells = described_rows.without_letters(cells)
    contract = load.contract
    councils = councils.of_unit(contract.area.unit)
    rows = _as_frame(cells, contract)
    located = [(_position(rows, correction), correction) for correction in corrections]
    emptied = [rows.at[at, SOURCE_ROW] for at, c in located if at is not None and not c.corrected]
    found = _corrections(rows, located)
    if located:
        rows = _corrected(rows, located)
    rows, dropped = _without_dropped(rows, contract.dropped_rows)
    printed = Columns(rows)
    labels = _period_labels(printed, contract)
    periods = _periods(labels, rows)
    columns = _columns(printed, contract, labels, periods, councils)
    columns.rows[EMPTIED] = rows[SOURCE_ROW].isin(emptied)
    key = columns.rows[list(contract.key)]
    later = pd.Series(row_groups(columns, contract.key)).duplicated().to_numpy()
    columns, again, conflicts, otherwise = _key_once(columns, printed, contract, later)
    return LoadTable(
        load=load,
        councils=councils,
        published=tuple(published),
        mapping=mapping,
        columns=columns,
        printed=printed,
        key=key,
        key_again=later,
        repeated_rows=again,
        repeated_otherwise=otherwise,
        conflicts=conflicts,
        periods=periods,
        expected=_expected_councils(columns, contract, periods, councils, load),
        dropped=dropped,
        corrections=found,
        columns_before=(
            None
            if previous_release is None
            else _described(_as_frame(previous_release, contract), contract, councils)
        ),
        sibling_table=None if sibling_table is None else sibling_table.to_pandas(),
        with_exponent=with_exponent,
    )


def describe(cells: pa.Table, contract: FileContract, councils: Councils) -> pd.DataFrame:
    """The rows under the contract's names and what each is: its level, area, year and numbers.

    `councils` are all councils, whatever the file is of.
    """
    meant = described_rows.with_meaning(cells, contract, councils)
    known = councils.of_unit(contract.area.unit)
    return _described(_as_frame(meant, contract), contract, known).rows


def _as_frame(cells: pa.Table, contract: FileContract) -> pd.DataFrame:
    """Described rows as a data frame, without what the checks read from the cells themselves."""
    names = contract.figure_names
    of_each = described_rows.status_of, described_rows.mark_of
    beside = {of(name) for name in names for of in of_each}
    return cells.drop_columns([n for n in cells.column_names if n in beside]).to_pandas()


def _described(cells: pd.DataFrame, contract: FileContract, councils: Councils) -> Columns:
    printed = Columns(_without_dropped(cells, contract.dropped_rows)[0])
    labels = _period_labels(printed, contract)
    return _columns(printed, contract, labels, _periods(labels, printed.rows), councils)


def _key_once(
    columns: Columns, printed: Columns, contract: FileContract, later: NDArray[np.bool_]
) -> tuple[Columns, tuple[int, ...], tuple[Conflict, ...], int]:
    """The rows with each key once, the source rows left out for it, and what they disagree on.

    A row that stands there twice alike is one row; how many say otherwise, in whatever column, is
    the last of what is returned. Rows that a melt made of one share its number: where not all of
    them stood before, or some say otherwise, they cannot be left out by it. They stay, and the
    key's check refuses them.
    """
    source = columns.source_rows
    melted = len(np.unique(source)) < len(source)
    if not later.any() or (melted and np.isin(source[later], source[~later]).any()):
        return columns, (), (), 0
    rows = columns.rows.copy()
    numbers = contract.columns_of(*NUMERIC_ROLES)
    again = np.flatnonzero(later)
    groups = row_groups(columns, contract.key)
    _, first, of_group = np.unique(groups, return_index=True, return_inverse=True)
    stands = first[of_group[again]]
    texts = {name: rows[name].to_numpy(dtype=object) for name in numbers}
    # A later row a line, a column of figures a column. Many where a breakdown is new.
    differ = np.zeros((len(again), len(numbers)), dtype=bool)
    for at, name in enumerate(numbers):
        differ[:, at] = texts[name][stands] != texts[name][again]
    unlike = differ.any(axis=1)
    for name in contract.column_names:
        if name in printed.rows and name not in texts:
            codes, _ = pd.factorize(printed.rows[name])
            unlike |= codes[stands] != codes[again]
    otherwise = int(unlike.sum())
    if melted and otherwise:
        return columns, (), (), 0
    conflicts = [
        Conflict(
            int(source[stands[row]]),
            int(source[again[row]]),
            numbers[at],
            (texts[numbers[at]][stands[row]], texts[numbers[at]][again[row]]),
        )
        for row, at in np.argwhere(differ).tolist()
    ]
    for at, name in enumerate(numbers):
        if (hit := np.unique(stands[differ[:, at]])).size:
            rows.iloc[hit, rows.columns.get_loc(numeric(name))] = np.nan
            rows.iloc[hit, rows.columns.get_loc(name)] = CONFLICTING
    taken = tuple(int(row) for row in np.unique(source[later]))
    return Columns(rows.loc[~later].reset_index(drop=True)), taken, tuple(conflicts), otherwise


def entities(columns: Columns, councils: Councils) -> Coded:
    """The council of today that each row is of; null where it is of none."""
    return columns.once(
        ("entities", id(councils)), lambda: columns.codes(COUNCIL_CODE).each(councils.entity)
    )


def areas_by_period(areas: Coded, periods: Coded) -> dict[str, frozenset[str]]:
    """The areas that have a row in each period; rows of no area or no period are left out."""
    both = areas.there & periods.there
    pairs = pd.unique(periods.found[both] * len(areas.distinct) + areas.found[both])
    found: dict[str, set[str]] = {}
    for pair in pairs.tolist():
        period, area = divmod(pair, len(areas.distinct))
        found.setdefault(periods.distinct[period], set()).add(areas.distinct[area])
    return {period: frozenset(names) for period, names in found.items()}


def larger_areas(columns: Columns) -> Coded:
    """The code of each row's region, or of England; null where it is a council's."""
    return columns.once(
        "larger areas",
        lambda: columns.codes(REGION_CODE).else_(columns.codes(COUNTRY_CODE)),
    )


def _position(rows: pd.DataFrame, correction: Correction) -> int | None:
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


def _corrections(rows: pd.DataFrame, located: Located) -> pd.DataFrame:
    """One row a correction: what it expects to find, and what is printed."""
    printed = [
        None if at is None or c.column not in rows else rows[c.column].iloc[at] for at, c in located
    ]
    numbers = [c.row if at is None else int(rows[SOURCE_ROW].iloc[at]) for at, c in located]
    return pd.DataFrame(
        {
            SOURCE_ROW: numbers,
            "column": [c.column for _, c in located],
            "expected": pd.Series([c.expected for _, c in located], dtype="str"),
            "printed": pd.Series(printed, dtype="str"),
        }
    )


def _corrected(rows: pd.DataFrame, located: Located) -> pd.DataFrame:
    """The rows as the facts will take them: a cell mended in the open is not refused again."""
    rows = rows.copy()
    for at, c in located:
        if at is not None and c.column in rows and rows[c.column].iloc[at] == c.expected:
            rows.loc[rows.index[at], c.column] = c.corrected
            if (number := described_rows.number_of(c.column)) in rows:
                rows.loc[rows.index[at], number] = number_in(c.corrected)
    return rows


def _without_dropped(
    rows: pd.DataFrame, drops: Sequence[DroppedRows]
) -> tuple[pd.DataFrame, dict[int, pd.DataFrame]]:
    """The rows that stay, and those that each of the contract's drops takes out, if any."""
    dropped: dict[int, pd.DataFrame] = {}
    for index, drop in enumerate(drops):
        hit = pd.Series(True, index=rows.index)
        for column, text in drop.where.items():
            # Spaces only, as in SQL's trim. What no column says any more is true of no row.
            hit &= rows[column].str.strip(" ") == text if column in rows else False
        if hit.any():
            names = [SOURCE_ROW, *drop.where]
            dropped[index] = rows.loc[hit, names].reset_index(drop=True)
            rows = rows.loc[~hit].reset_index(drop=True)
    return rows, dropped


def _period_labels(printed: Columns, contract: FileContract) -> Coded:
    """Each row's period cell, and behind a tab the cell that decides its type, if one does."""
    name, of = contract.period.column, contract.period_type
    if isinstance(of, str):
        return printed.codes(name)
    return Coded.of(printed.rows[name] + "\t" + printed.rows[of["column"]])


def _periods(labels: Coded, rows: pd.DataFrame) -> dict[str, Period]:
    """The period of each distinct label that names one."""
    starts, ends = rows[described_rows.PERIOD_START], rows[described_rows.PERIOD_END]
    # Each label stands somewhere, and the rows of one are of one period.
    firsts = np.unique(labels.found[labels.there], return_index=True)[1]
    at = np.flatnonzero(labels.there)[firsts].tolist()
    return {
        label: Period(starts.iat[row], ends.iat[row])
        for label, row in zip(labels.distinct, at, strict=True)
        if pd.notna(starts.iat[row])
    }


def _columns(
    printed: Columns,
    contract: FileContract,
    labels: Coded,
    periods: Mapping[str, Period],
    councils: Councils,
) -> Columns:
    """The cells that checks speak of, trimmed, and beside them what each row is.

    What stands beside codes is among them: names, notes, periods' sort key.
    """
    area, rows = contract.area, printed.rows
    numbers = [name for name in contract.columns_of(*NUMERIC_ROLES) if name in rows]
    note = contract.notes.column if contract.notes else None
    beside = ["la_name", "area_name", contract.period.sortable, note]
    beside += contract.checks.cell_columns()
    # An edition may lack those that the contract lists as optional.
    names = dict.fromkeys(
        name
        for name in [*contract.key, *contract.constants, *numbers, *beside]
        if name is not None and name in rows
    )
    known = {name: printed.codes(name).each(_cut) for name in names}

    level = printed.codes(described_rows.AREA_LEVEL)
    code = printed.codes(described_rows.AREA_CODE)
    # A level that nobody knows is the cell itself, marked so that it can be none of ours.
    level = level.else_(printed.codes(area.level).each(lambda cell: f"{cell} (unknown)"))
    council = code.only(level.among({area.unit}))
    known |= {
        AREA_LEVEL: level,
        COUNCIL_CODE: council,
        COUNCIL_UNKNOWN: council.only(~council.among(councils.codes)),
        REGION_CODE: code.only(level.among({"region"})),
        COUNTRY_CODE: code.only(level.among({"country"})),
        PERIOD: labels.only(labels.among(periods)),
        PERIOD_UNREAD: labels.only(~labels.among(periods)),
    }
    for name in contract.more_councils:
        named = printed.codes(name).each(
            lambda cell: described_rows.code_of(contract, cell, councils)
        )
        known[no_council(name)] = named.only(~named.among(councils.codes))
    year = labels.numbers(lambda label: periods[label].position if label in periods else None)
    described = (
        {SOURCE_ROW: rows[SOURCE_ROW]}
        | {name: cells.cells() for name, cells in known.items()}
        | {YEAR: year}
        | {numeric(name): _numbers(rows, contract, name, known[name]) for name in numbers}
    )
    return Columns(pd.DataFrame(described, index=rows.index), known)


def _cut(cell: str) -> str:
    # Spaces only, as in SQL's trim: any other blank would reach the facts' casts untrimmed.
    return cell.strip(" ")


def _numbers(rows: pd.DataFrame, contract: FileContract, name: str, cells: Coded) -> Floats:
    """The numbers of a column of figures; nan where there is none, or a mark that stands for one.

    What is rounded to zero without being zero is nothing to compare by.
    """
    rounded = [mark for mark, status in contract.statuses.items() if status == "published"]
    numbers: Floats = rows[described_rows.number_of(name)].to_numpy(dtype="float64")
    return np.where(cells.among(rounded), np.nan, numbers)


def _expected_councils(
    columns: Columns,
    contract: FileContract,
    periods: Mapping[str, Period],
    councils: Councils,
    load: Load,
) -> dict[str, frozenset[str]]:
    """The councils that each period should have, by its label.

    Those of the period's end, or of the day that the contract names. A file that lacks some of
    them and has, in every period, all those of one other day before its publication is of the
    boundaries of that day: a council that was merged or divided is there in its other form, and
    none is merely left out.
    """

    def on(day: date | None) -> dict[str, frozenset[str]]:
        expected: dict[str, frozenset[str]] = {}
        for label, period in periods.items():
            absent = frozenset(
                councils.entity(code)
                for absence in contract.councils.absent
                if absence.years is None or period.year in absence.years
                for code in absence.codes
            )
            day_of_period = day or contract.councils.as_of or period.end
            expected[label] = councils.existing(day_of_period) - absent
        return expected

    found = areas_by_period(entities(columns, councils), columns.codes(PERIOD))

    def is_whole(expected: Mapping[str, frozenset[str]]) -> bool:
        return all(wanted <= found.get(label, frozenset()) for label, wanted in expected.items())

    usual = on(None)
    if is_whole(usual):
        return usual

    def is_another(expected: Mapping[str, frozenset[str]]) -> bool:
        # A list that only has fewer, or none, excuses whatever is left out.
        return not any(wanted < usual[label] for label, wanted in expected.items())

    days = (day for day in councils.days_of_change if day <= load.release.published)
    lists = (expected for day in days if is_another(expected := on(day)))
    return next((expected for expected in lists if is_whole(expected)), usual)

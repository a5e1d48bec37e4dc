"""The marts as the site needs them: measures, councils, and every figure by series and council.

Columns are asked for by name, and those that a mart may not have yet are left out, so that a mart
may grow without a page going wrong. Nothing here formats or draws.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import duckdb

ENGLAND = "E92000001"
NEIGHBOURS = "neighbours"
# The ambitions in the Association's order; one that is not listed comes after them.
_AMBITIONS = ("safe_and_secure", "healthy_and_happy", "good_education", "prepared_for_adulthood")
# Months from one period of a series to the next; a longer way is a year that is not there.
_STEP = {"quarter": 3, "snapshot": 12}
_A_YEAR = 12


class Figure(NamedTuple):
    """A row of a fact table: a figure, or why there is none, and where it stands."""

    area_code: str
    area_name: str
    year: int
    period_label: str
    period_type: str
    start: date
    end: date
    value: float | None
    as_published: str | None
    lower: float | None
    upper: float | None
    method: str | None
    corrected: bool
    status: str
    symbol: str | None
    publication: str
    release: str
    version: int
    published: date
    source_file: str
    source_sha256: str
    source_row: int
    numerator: float | None
    denominator: float | None
    # Of a file with sheets, the one it stands in.
    source_sheet: str | None = None
    # Of a comparator: whether it is as published or computed from councils, and from how many.
    basis: str = "published"
    councils: int | None = None

    @property
    def period(self) -> tuple[str, date, date]:
        """What two figures of one series share if they stand beside each other."""
        return (self.period_type, self.start, self.end)


_COLUMNS = (
    "council_code, council_name, year, period_label, period_type, period_start, period_end, value,"
    " value_as_published, lower_95, upper_95, interval_method, is_corrected, status, status_symbol,"
    " publication, release, version, published, source_file, source_sha256, source_row, numerator,"
    " denominator"
)
# Columns that a mart has from some version on, with what stands for them before.
_LATER = {"source_sheet": "null", "basis": "'published'", "councils_with_value": "null"}


@dataclass(frozen=True)
class Series:
    """One definition of a measure, inside which years compare."""

    measure_id: str
    series_id: str
    title: str
    description: str
    unit: str
    polarity: str
    decimals: int
    period_type: str
    is_headline: bool
    derivation: str
    breaks: str
    break_years: tuple[int, ...]
    # The year in which the definition ended, and why; why no release of it is held.
    last_year: int | None = None
    ended: str = ""
    not_held: str = ""
    # Whether it stands for its measure, and why where it is not the headline.
    stands: bool = False
    stands_because: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Measure and series."""
        return (self.measure_id, self.series_id)


@dataclass(eq=False)
class Measure:
    """A measure of the Association's list, with its series, the headline first."""

    measure_id: str
    number: int
    title: str
    description: str
    ambition: str
    ambition_title: str
    series: list[Series] = field(default_factory=list)

    @property
    def headline(self) -> Series | None:
        """The series that stands for the measure where it has figures."""
        return next((series for series in self.series if series.is_headline), None)


@dataclass(eq=False)
class Council:
    """A council under the last of its codes, with the codes before it."""

    code: str
    name: str
    dfe_code: str
    region_code: str
    region_name: str
    kind: str
    valid_to: date | None
    codes: list[str] = field(default_factory=list)
    slug: str = ""

    @property
    def is_current(self) -> bool:
        """Whether it stands today."""
        return self.valid_to is None


class Release(NamedTuple):
    """A row of `dim_release`."""

    publisher: str
    publication: str
    title: str
    release: str
    version: int
    published: date
    precision: str
    landing_page: str
    licence: str
    layout: str | None
    note: str | None
    is_newest: bool


class Table(NamedTuple):
    """A mart as the data dictionary tells it: name, what it is, rows, columns."""

    name: str
    comment: str
    rows: int
    columns: list[tuple[str, str, str]]


def strand(figures: list[Figure], period_type: str) -> list[Figure]:
    """The figures of one kind of period: only these make a line.

    A series that is published by quarter and by year has a line for one of the two.
    """
    kinds = {figure.period_type for figure in figures}
    if len(kinds) < 2:
        return figures
    chosen = period_type if period_type in kinds else max(sorted(kinds), key=_count_of(figures))
    return [figure for figure in figures if figure.period_type == chosen]


def _count_of(figures: list[Figure]) -> Any:
    return lambda kind: sum(figure.period_type == kind for figure in figures)


def segments(figures: list[Figure], break_years: tuple[int, ...] = ()) -> list[list[Figure]]:
    """The runs of figures that a line may join: no mark, no missing period, no break within."""
    runs: list[list[Figure]] = []
    previous: Figure | None = None
    for figure in figures:
        if figure.value is None:
            previous = None
            continue
        if previous is None or _apart(previous, figure, break_years):
            runs.append([])
        runs[-1].append(figure)
        previous = figure
    return runs


def _apart(one: Figure, two: Figure, break_years: tuple[int, ...]) -> bool:
    months = (two.end.year - one.end.year) * 12 + two.end.month - one.end.month
    if months > _STEP.get(two.period_type, _A_YEAR) * 1.5:
        return True
    return any(one.year < broken <= two.year for broken in break_years)


class Marts:
    """Everything that pages tell, from the warehouse of one build."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._columns: dict[str, list[str]] = defaultdict(list)
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
            " order by table_name, column_index"
        ).fetchall():
            self._columns[table].append(column)

    def _figures_of(self, table: str) -> str:
        """The columns of a figure, in the order of `Figure`, with what its mart does not have."""
        later = [
            column if self._has(table, column) else nothing for column, nothing in _LATER.items()
        ]
        return f"{_COLUMNS}, {', '.join(later)}"

    def _has(self, table: str, column: str) -> bool:
        return column in self._columns.get(table, ())

    @cached_property
    def measures(self) -> list[Measure]:
        """Every measure in the order of the ambitions and of the Association's list."""
        rows = self._con.execute(
            "select measure_id, lga_number, title, description, ambition, ambition_title"
            " from marts.dim_measure order by lga_number, measure_id"
        ).fetchall()
        found = [
            Measure(measure_id, number, title, description or "", ambition, ambition_title)
            for measure_id, number, title, description, ambition, ambition_title in rows
        ]
        by_id = {measure.measure_id: measure for measure in found}
        later = ", ".join(
            column if self._has("dim_series", column) else "null"
            for column in (
                *("break_years", "last_year", "ended_because", "not_held_because"),
                *("stands_for_measure", "stands_because"),
            )
        )
        for row in self._con.execute(
            "select measure_id, series_id, title, description, unit, polarity, decimals,"
            f" period_type, is_headline, derivation, breaks, {later} from marts.dim_series"
            " order by is_headline desc, series_id"
        ).fetchall():
            measure_id, series_id, title, description, unit, polarity, decimals, *rest = row
            period_type, is_headline, derivation, breaks, broken, last_year, *said = rest
            ended, not_held, stands, stands_because = said
            by_id[measure_id].series.append(
                Series(
                    measure_id=measure_id,
                    series_id=series_id,
                    title=title,
                    description=description or "",
                    unit=unit,
                    polarity=polarity,
                    decimals=1 if decimals is None else decimals,
                    period_type=period_type or "",
                    is_headline=is_headline,
                    derivation=derivation or "",
                    breaks=breaks or "",
                    break_years=tuple(int(year) for year in str(broken or "").split(",") if year),
                    last_year=last_year,
                    ended=ended or "",
                    not_held=not_held or "",
                    stands=bool(stands),
                    stands_because=stands_because or "",
                )
            )
        order = {name: place for place, name in enumerate(_AMBITIONS)}
        return sorted(found, key=lambda measure: order.get(measure.ambition, len(order)))

    @cached_property
    def councils(self) -> list[Council]:
        """Every council by name, present and former, each under its last code."""
        found: dict[str, Council] = {}
        codes: dict[str, list[str]] = defaultdict(list)
        for code, current, *rest in self._con.execute(
            "select council_code, current_code, council_name, dfe_code, region_code, region_name,"
            " council_type, valid_to from marts.dim_council order by valid_from, council_code"
        ).fetchall():
            codes[current].append(code)
            if code == current:
                name, dfe_code, region_code, region_name, kind, valid_to = rest
                found[code] = Council(
                    code, name, dfe_code or "", region_code, region_name, kind or "", valid_to
                )
        for code, council in found.items():
            council.codes = codes[code]
        councils = sorted(found.values(), key=lambda council: (council.name, council.code))
        taken: set[str] = set()
        # Today's councils have the plain name in their address; a namesake gone has its code too.
        for council in sorted(councils, key=lambda council: not council.is_current):
            slug = "".join(c if c.isalnum() else "-" for c in council.name.lower())
            slug = "-".join(part for part in slug.split("-") if part)
            council.slug = slug if slug not in taken else f"{slug}-{council.code.lower()}"
            taken.add(council.slug)
        return councils

    @cached_property
    def facts(self) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        """By series, then by the council's last code: its figures from the oldest period on."""
        current = {code: council.code for council in self.councils for code in council.codes}
        found: dict[tuple[str, str], dict[str, list[Figure]]] = defaultdict(
            lambda: defaultdict(list)
        )
        cursor = self._con.execute(
            f"select measure_id, series_id, {self._figures_of('fct_core_measure')}"
            " from marts.fct_core_measure"
            " order by period_end, period_start, period_type, published, council_code"
        )
        while rows := cursor.fetchmany(5000):
            for measure, series, *cells in rows:
                figure = Figure(*cells)
                mine = found[measure, series][current.get(figure.area_code, figure.area_code)]
                # Printed under two codes of one council: the number counts, else the later code.
                if mine and mine[-1].period == figure.period:
                    if figure.value is not None or mine[-1].value is None:
                        mine[-1] = figure
                    continue
                mine.append(figure)
        return found

    @cached_property
    def comparators(self) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        """By series, then by the area's code: England and the regions.

        A figure computed from all councils' counts stands where none is published.
        """
        return self._beside("comparator in ('england', 'region')", {})

    @cached_property
    def neighbours(self) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        """By series, then by council: the median of its statistical neighbours, where held."""
        if not self._has("fct_comparator", "statistic"):
            return {}
        current = {code: council.code for council in self.councils for code in council.codes}
        return self._beside(
            "comparator = 'statistical_neighbours' and statistic = 'median'", current
        )

    def _beside(
        self, which: str, current: dict[str, str]
    ) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        found: dict[tuple[str, str], dict[str, list[Figure]]] = defaultdict(
            lambda: defaultdict(list)
        )
        cursor = self._con.execute(
            f"select measure_id, series_id, {self._figures_of('fct_comparator')}"
            f" from marts.fct_comparator where {which}"
            " order by period_end, period_start, period_type, value is null desc, published"
        )
        while rows := cursor.fetchmany(5000):
            for measure, series, *cells in rows:
                figure = Figure(*cells)
                mine = found[measure, series][current.get(figure.area_code, figure.area_code)]
                if mine and mine[-1].period == figure.period:
                    mine[-1] = figure
                else:
                    mine.append(figure)
        return dict(found)

    @cached_property
    def releases(self) -> list[Release]:
        """Every release held, newest first."""
        return [
            Release(*row)
            for row in self._con.execute(
                "select publisher, publication, title, release, version, published,"
                " published_precision, landing_page, licence, layout, note, is_newest"
                " from marts.dim_release"
                " order by published desc, publisher, publication, release desc, version desc"
            ).fetchall()
        ]

    @cached_property
    def release_of(self) -> dict[tuple[str, str, int], Release]:
        """A release by publication, name and version."""
        return {(r.publication, r.release, r.version): r for r in self.releases}

    def source_rows(self, figures: list[Figure]) -> dict[tuple[str, int], list[tuple[str, str]]]:
        """The cells of the rows that figures stand in, as published, under the contract's names.

        By file hash and row. Empty for a warehouse that does not hold the loads any more.
        """
        wanted = {(figure.source_sha256, figure.source_row) for figure in figures}
        if not wanted:
            return {}
        tables = self._con.execute(
            "select table_name from duckdb_tables() where schema_name = 'loads' order by all"
        ).fetchall()
        self._con.execute("create or replace temp table wanted (sha256 varchar, place bigint)")
        listed = sorted(wanted)
        for start in range(0, len(listed), 1000):
            chunk = listed[start : start + 1000]
            self._con.execute(
                f"insert into wanted values {', '.join(['(?, ?)'] * len(chunk))}",
                [cell for pair in chunk for cell in pair],
            )
        found: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for (table,) in tables:
            quoted = '"' + table.replace('"', '""') + '"'
            cursor = self._con.execute(
                "select t.* exclude (publication, release, version, published, source_file,"
                f" period_type, corrections) from loads.{quoted} as t inner join wanted as w"
                " on t.source_sha256 = w.sha256 and t.source_row = w.place"
            )
            names = [column[0] for column in cursor.description or []]
            for row in cursor.fetchall():
                cells = dict(zip(names, row, strict=True))
                key = (cells.pop("source_sha256"), cells.pop("source_row"))
                found[key] = [(name, cell) for name, cell in cells.items() if cell is not None]
        return found

    def tables(self) -> list[Table]:
        """Every mart with its rows and columns, in the words of its own comments."""
        found = []
        for name, comment in self._con.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'marts'"
            " order by table_name"
        ).fetchall():
            quoted = '"' + name.replace('"', '""') + '"'
            counted = self._con.execute(f"select count(*) from marts.{quoted}").fetchone()
            columns = self._con.execute(
                "select column_name, data_type, comment from duckdb_columns()"
                " where schema_name = 'marts' and table_name = ? order by column_index",
                [name],
            ).fetchall()
            found.append(
                Table(
                    name,
                    comment or "",
                    counted[0] if counted else 0,
                    [(column, kind.lower(), said or "") for column, kind, said in columns],
                )
            )
        return found

    def predecessors(self, measure: Measure) -> list[Series]:
        """The definitions that ended before the headline's first year: drawn before it, apart.

        Only a series that says of itself that it ended is one: that another question was last
        asked some years ago makes it no predecessor.
        """
        headline = measure.headline
        if headline is None or not self.facts.get(headline.key):
            return []
        begins = min(figures[0].year for figures in self.facts[headline.key].values())
        before = [
            series
            for series in measure.series
            if series is not headline
            and self.facts.get(series.key)
            and series.unit == headline.unit
            and series.last_year is not None
            and series.last_year < begins
        ]
        return sorted(before, key=lambda series: (series.last_year or 0, series.series_id))

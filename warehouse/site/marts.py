"""The marts of one build, read as pages need them.

Columns are asked for by name, and those that a mart may not have yet are left out, so that a mart
may grow without a page going wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from ingest.reading.rows import tells_meaning
from warehouse.connection import sql_name
from warehouse.site.figures import (
    AMBITIONS,
    Break,
    Change,
    Comparison,
    Council,
    Figure,
    Inspection,
    Measure,
    Region,
    Release,
    Revised,
    Revision,
    Series,
    Table,
)

_COLUMNS = (
    "council_code, council_name, year, period_label, period_type, period_start, period_end, value,"
    " value_as_published, lower_95, upper_95, interval_method, is_corrected, status, status_symbol,"
    " publication, release, version, published, source_file, source_sha256, source_row, numerator,"
    " denominator"
)
# Columns that a mart has from some version on, with what stands for them before.
_LATER = {
    "source_sheet": "null",
    "basis": "'published'",
    "councils_with_value": "null",
    "flags": "[]::varchar[]",
}
# Columns of a load that are no cells of its file.
_NO_CELLS = {
    *("publication", "release", "version", "published", "source_file", "source_sha256"),
    *("source_row", "corrections"),
}
# How many rows are asked for at once.
_BATCH = 20_000


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that has many."""
    for batch in con.execute(query).to_arrow_reader(_BATCH):
        yield from zip(*map(_cells, batch.columns), strict=True)


def _cells(column: pa.Array) -> list[Any]:
    """A column's cells, a list as a tuple.

    Texts and days are few and stand in thousands of rows: each is made once.
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_date(kind):
        encoded = column.dictionary_encode()
        values = encoded.dictionary.to_pylist()
        return [None if at is None else values[at] for at in encoded.indices.to_pylist()]
    if pa.types.is_list(kind):
        return [tuple(cell or ()) for cell in column.to_pylist()]
    return column.to_pylist()  # type: ignore[no-any-return]


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

    def read(self) -> None:
        """Read now what pages of councils and of measures tell, and not when they ask for it."""
        for name, what in vars(Marts).items():
            if isinstance(what, cached_property):
                getattr(self, name)

    def ask(self, con: duckdb.DuckDBPyConnection) -> None:
        """Ask another connection to the same warehouse for what was not read yet."""
        self._con = con

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
            "select measure_id, lga_number, title, description, ambition, ambition_title, stage"
            " from marts.dim_measure order by lga_number, measure_id"
        ).fetchall()
        found = [
            Measure(
                *(measure_id, number, title, description or "", ambition, ambition_title),
                stages=tuple(stage.split(", ")),
            )
            for measure_id, number, title, description, ambition, ambition_title, stage in rows
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
            period_type, is_headline, derivation, breaks, broken, last_year, *ending = rest
            ended, not_held, stands, stands_because = ending
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
        order = {name: place for place, name in enumerate(AMBITIONS)}
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
        tiles = self._tiles()
        for code, council in found.items():
            council.codes = codes[code]
            council.tile = tiles.get(code)
        councils = sorted(found.values(), key=lambda council: (council.name, council.code))
        taken: set[str] = set()
        # Today's councils have the plain name in their address; a namesake gone has its code too.
        for council in sorted(councils, key=lambda council: not council.is_current):
            slug = "".join(c if c.isalnum() else "-" for c in council.name.lower())
            slug = "-".join(part for part in slug.split("-") if part)
            council.slug = slug if slug not in taken else f"{slug}-{council.code.lower()}"
            taken.add(council.slug)
        return councils

    def _tiles(self) -> dict[str, tuple[int, int]]:
        if not self._has("dim_council_tile", "tile_row"):
            return {}
        rows = self._con.execute(
            "select council_code, tile_column, tile_row from marts.dim_council_tile"
        ).fetchall()
        return {code: (column, row) for code, column, row in rows}

    @cached_property
    def regions(self) -> list[Region]:
        """The regions by name, each with its councils of today."""
        held: dict[tuple[str, str], list[Council]] = defaultdict(list)
        for council in self.councils:
            if council.is_current:
                held[council.region_name, council.region_code].append(council)
        return [
            Region(code, name, name.lower().replace(" ", "-"), tuple(councils))
            for (name, code), councils in sorted(held.items())
        ]

    @cached_property
    def _current(self) -> dict[str, str]:
        """A council's last code by each that it had."""
        return {code: council.code for council in self.councils for code in council.codes}

    @cached_property
    def facts(self) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        """By series, then by the council's last code: its figures from the oldest period on."""
        current = self._current
        found: dict[tuple[str, str], dict[str, list[Figure]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for measure, series, *cells in _rows(
            self._con,
            f"select measure_id, series_id, {self._figures_of('fct_core_measure')}"
            " from marts.fct_core_measure"
            " order by period_end, period_start, period_type, published, council_code",
        ):
            figure = Figure._make(cells)
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
        return self._beside(
            "comparator = 'statistical_neighbours' and statistic = 'median'", self._current
        )

    @cached_property
    def neighbours_of(self) -> dict[str, list[Council]]:
        """By council: its statistical neighbours in the model of today, the nearest first."""
        if not self._has("dim_statistical_neighbour", "neighbour_code"):
            return {}
        by_code = {council.code: council for council in self.councils}
        found: dict[str, list[Council]] = defaultdict(list)
        for code, neighbour in self._con.execute(
            "select council_code, neighbour_code from marts.dim_statistical_neighbour"
            " where why is not null and valid_to is null order by council_code, place"
        ).fetchall():
            known = by_code.get(self._current.get(neighbour, neighbour))
            if known is not None:
                found[self._current.get(code, code)].append(known)
        return dict(found)

    @cached_property
    def comparisons(self) -> dict[tuple[Any, ...], Comparison]:
        """By measure, series, council's last code and period: what `fct_comparison` says."""
        current = self._current
        found: dict[tuple[Any, ...], Comparison] = {}
        for measure, series, code, kind, start, end, *cells in _rows(
            self._con,
            "select measure_id, series_id, council_code, period_type, period_start, period_end,"
            " england_value, interval_holds_england, quintile, councils_with_value,"
            " neighbours_median, interval_holds_neighbours, neighbours_with_value"
            " from marts.fct_comparison where value is not null",
        ):
            council = current.get(code, code)
            found[measure, series, council, kind, start, end] = Comparison._make(cells)
        return found

    @cached_property
    def quintile_limits(self) -> dict[tuple[Any, ...], dict[int, tuple[float, float]]]:
        """By measure, series and period: the lowest and highest figure of each quintile."""
        found: dict[tuple[Any, ...], dict[int, tuple[float, float]]] = defaultdict(dict)
        for measure, series, kind, start, end, quintile, low, high in self._con.execute(
            "select measure_id, series_id, period_type, period_start, period_end, quintile,"
            " min(value), max(value) from marts.fct_comparison where quintile is not null"
            " group by all order by all"
        ).fetchall():
            found[measure, series, kind, start, end][quintile] = (low, high)
        return dict(found)

    @cached_property
    def spreads(self) -> dict[tuple[Any, ...], float]:
        """By measure, series and period: how far councils lie apart, as a standard deviation."""
        return {
            (measure, series, kind, start, end): spread
            for measure, series, kind, start, end, spread in self._con.execute(
                "select measure_id, series_id, period_type, period_start, period_end,"
                " stddev_samp(value) as spread from marts.fct_comparison"
                " group by all having spread > 0"
            ).fetchall()
        }

    @cached_property
    def breaks(self) -> dict[tuple[str, str], list[Break]]:
        """By series: where it does not compare with itself, the oldest break first."""
        found: dict[tuple[str, str], list[Break]] = defaultdict(list)
        for measure, series, *cells in self._con.execute(
            "select measure_id, series_id, first_year, last_year, what_changed"
            " from seeds.series_break order by all"
        ).fetchall():
            found[measure, series].append(Break(*cells))
        return dict(found)

    @cached_property
    def changes(self) -> dict[tuple[str, str, str, str], Change]:
        """By measure, series, council of today and span, as `fct_change` calls it."""
        return {
            (measure, series, code, span): Change(*cells)
            for measure, series, code, span, *cells in self._con.execute(
                "select measure_id, series_id, council_code, span, from_label, from_year,"
                " from_value, to_label, change, direction, is_more_than_chance, not_tested"
                " from marts.fct_change"
            ).fetchall()
        }

    @cached_property
    def inspections(self) -> dict[str, Inspection]:
        """By council: Ofsted's standing judgement."""
        parts = {
            "leaders": "Impact of leaders",
            "help_and_protection": "Help and protection",
            "children_in_care": "Children in care",
            "care_leavers": "Care leavers",
        }
        judged = "judged_on" if self._has("council_inspection", "judged_on") else "null"
        found: dict[str, Inspection] = {}
        for code, overall, inspected, reported, judged_on, note, *rest in self._con.execute(
            "select council_code, overall_effectiveness, inspection_date, publication_date,"
            f" {judged}, note, publication, release, version, {', '.join(parts)}"
            " from marts.council_inspection where is_newest order by council_code"
        ).fetchall():
            publication, release, version, *grades = rest
            day = judged_on or inspected or reported
            found[self._current.get(code, code)] = Inspection(
                overall=overall,
                parts=tuple(
                    (title, grade)
                    for title, grade in zip(parts.values(), grades, strict=True)
                    if grade
                ),
                day=day,
                is_day_of_report=day is not None and day != inspected,
                note=note,
                publication=publication,
                release=release,
                version=version,
            )
        return found

    @cached_property
    def revised(self) -> list[Revised]:
        """What each release changed of the one before, newest first."""
        return [
            Revised(*row)
            for row in self._con.execute(
                "select publication, release, version, published, measure_id, series_id,"
                " cells_shared, cells_changed, councils_changed, largest_difference"
                " from marts.revision_of_release where cells_changed > 0"
                " order by published desc, publication, release desc, version desc, measure_id,"
                " series_id"
            ).fetchall()
        ]

    def revisions(self, most: int) -> list[Revision]:
        """The figures that changed most, beside how far the figures of their series lie apart."""
        return [
            Revision(*row)
            for row in self._con.execute(
                """
                with spread as (
                    select measure_id, series_id, stddev_samp(value) as spread
                    from marts.fct_core_measure
                    group by all
                )

                select
                    publication, release, published, measure_id, series_id, council_code,
                    council_name, period_label, old_value, new_value, old_status, new_status
                from marts.revision
                inner join spread using (measure_id, series_id)
                order by
                    abs(difference) / nullif(spread, 0) desc nulls last, published desc,
                    measure_id, series_id, council_code, period_end
                limit ?
                """,
                [most],
            ).fetchall()
        ]

    def _beside(
        self, which: str, current: dict[str, str]
    ) -> dict[tuple[str, str], dict[str, list[Figure]]]:
        found: dict[tuple[str, str], dict[str, list[Figure]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for measure, series, *cells in _rows(
            self._con,
            f"select measure_id, series_id, {self._figures_of('fct_comparator')}"
            f" from marts.fct_comparator where {which}"
            " order by period_end, period_start, period_type, value is null desc, published",
        ):
            figure = Figure._make(cells)
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
        columns: dict[str, list[str]] = {}
        for table, column in self._con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'loads'"
            " order by table_name, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        # Handed over as a whole: values bound one by one take seconds.
        places = pa.table(
            {
                "sha256": pa.array([sha256 for sha256, _ in sorted(wanted)], pa.string()),
                "place": pa.array([place for _, place in sorted(wanted)], pa.int64()),
            }
        )
        self._con.register("wanted", places)
        found: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for table, held in columns.items():
            shown = [name for name in held if name not in _NO_CELLS and not tells_meaning(name)]
            cells = ", ".join(f"t.{sql_name(name)}" for name in shown)
            cursor = self._con.execute(
                f"select t.source_sha256, t.source_row, {cells} from loads.{sql_name(table)} as t"
                " inner join wanted as w on t.source_sha256 = w.sha256 and t.source_row = w.place"
            )
            for sha256, row, *published in cursor.fetchall():
                found[sha256, row] = [
                    (name, cell)
                    for name, cell in zip(shown, published, strict=True)
                    if cell is not None
                ]
        self._con.unregister("wanted")
        return found

    def tables(self) -> list[Table]:
        """Every mart with its rows and columns, in the words of its own comments."""
        columns: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for name, column, kind, description in self._con.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns()"
            " where schema_name = 'marts' order by table_name, column_index"
        ).fetchall():
            columns[name].append((column, kind.lower(), description or ""))
        found = []
        for name, comment in self._con.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'marts'"
            " order by table_name"
        ).fetchall():
            counted = self._con.execute(f"select count(*) from marts.{sql_name(name)}").fetchone()
            found.append(Table(name, comment or "", counted[0] if counted else 0, columns[name]))
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

"""What `show` and `revisions` ask of the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import CoreMeasuresError
from warehouse.query import Answer, query
from warehouse.reports.names import search_words
from warehouse.reports.nearest import nearest, unknown_publication

ENGLAND = "E92000001"

_COUNCIL_FACTS = """
select period_label, period_end, council_name, value, status, status_symbol, flags
from marts.fct_core_measure
where measure_id = ? and series_id = ? and council_code in (select unnest(?))
"""
_COMPARATORS = """
select period_label, period_end, council_name, value, status, status_symbol, flags
from marts.fct_comparator
where measure_id = ? and series_id = ? and comparator in ('england', 'region')
    and (council_code = ? or council_name in (select unnest(?)))
order by value is not null
"""
_NEIGHBOURS = """
select period_label, period_end, 'Neighbours of ' || council_name, value, status,
    councils_with_value || ' of ' || councils_of, flags
from marts.fct_comparator
where measure_id = ? and series_id = ? and comparator = 'statistical_neighbours'
    and council_code in (select unnest(?))
"""
_RELEASES = """
select
    measure_id, series_id, old_release, release, cells_shared, cells_changed, values_changed,
    councils_changed, largest_difference, mean_difference,
from marts.revision_of_release
where publication = ?
order by published desc, version desc, release desc, old_release desc, measure_id, series_id
"""
_REVISIONS = """
select
    measure_id, series_id, council_name, period_label, old_release, release,
    coalesce(old_value_as_published, old_value::varchar) as old,
    coalesce(new_value_as_published, new_value::varchar) as new,
    old_status, new_status,
    difference,
from marts.revision
where publication = ?
order by
    published desc, version desc, release desc, abs(difference) desc nulls last, measure_id,
    series_id, council_name, period_end
"""

SeriesTable = tuple[str, list[str], list[tuple[str, ...]], str]


def series_tables(
    warehouse: Path, measure: str, councils: tuple[str, ...]
) -> Iterator[SeriesTable]:
    """Each series of a measure: its title, its columns, a row a period, and notes, a line each.

    Councils stand beside their region and England; a cell without a number shows its reason, and
    what a check found unusual about one that is served is said below.

    Raises
    ------
    CoreMeasuresError
        There is no such measure, or no such council; the nearest names are told.
    """
    called = search_words().measures_called(measure)
    if len(called) > 1:
        raise CoreMeasuresError(f"{measure!r} may be {' or '.join(called)}: give one of them.")
    measure = called[0] if called else measure
    series = query(
        warehouse,
        "select series_id, title, unit, is_headline, derivation from marts.dim_series"
        " where measure_id = ? order by is_headline desc, series_id",
        [measure],
    ).rows
    if not series:
        listed = query(warehouse, "select measure_id from marts.dim_measure")
        known = [row[0] for row in listed.rows]
        raise CoreMeasuresError(f"No measure {measure!r}.{nearest(measure, known)}")
    chosen = _councils(warehouse, councils)
    codes = sorted({code for found in chosen.values() for code in found["codes"]})
    regions = sorted({found["region"] for found in chosen.values()})
    for series_id, title, unit, is_headline, derivation in series:
        cells: dict[tuple[Any, str], dict[str, str]] = {}
        notes = [derivation] if derivation else []
        for sql, arguments in (
            (_COUNCIL_FACTS, [measure, series_id, codes]),
            (_COMPARATORS, [measure, series_id, ENGLAND, regions]),
            (_NEIGHBOURS, [measure, series_id, codes]),
        ):
            for label, end, area, value, *marks, flags in query(warehouse, sql, arguments).rows:
                shown = _cell(value, *marks)
                if flags:
                    shown = f"{shown} (unusual)"
                    notes += [f"Unusual, as published: {area}, {label}: {flag}" for flag in flags]
                cells.setdefault((end, label), {})[area] = shown
        beside = [*regions, "England"]
        # One council has room for its neighbours; their median says how many it rests on.
        printed = {area for shown in cells.values() for area in shown}
        if len(chosen) == 1:
            named = [f"Neighbours of {name}" for name in chosen]
            beside = [*(name for name in named if name in printed), *beside]
        areas = [*chosen, *beside]
        rows = [
            (label, *(shown.get(area, "") for area in areas))
            for (_, label), shown in sorted(cells.items())
        ]
        headline = ", the headline series" if is_headline else ""
        yield f"{title} ({unit}){headline}", ["Period", *areas], rows, "\n".join(notes)


def _cell(value: float | None, status: str, symbol: str | None) -> str:
    if value is None:
        return status.replace("_", " ")
    # `k` and the like: it rounds to zero and is not.
    return f"{value:.10g}" + (f" ({symbol})" if symbol else "")


def _councils(warehouse: Path, asked: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    rows = query(
        warehouse,
        "select council_code, council_name, region_name, current_code from marts.dim_council",
    ).rows
    chosen: dict[str, dict[str, Any]] = {}
    for text in asked:
        wanted = text.strip().casefold()
        hits = [row for row in rows if wanted in (row[0].casefold(), row[1].casefold())]
        called = search_words().councils_called(text)
        hits = hits or [row for row in rows if row[0] in called]
        if not hits:
            raise CoreMeasuresError(
                f"No council {text!r}.{nearest(text, sorted({row[1] for row in rows}))}"
            )
        current = {row[3] for row in hits}
        # One council under its old and new codes is one line.
        codes = [row[0] for row in rows if row[3] in current]
        chosen[hits[0][1]] = {"codes": codes, "region": hits[0][2]}
    return chosen


def revisions_of(warehouse: Path, publication: str) -> tuple[Answer, Answer]:
    """What each release changed: how many figures of how many, and each changed one.

    Newest release first, largest change first.

    Raises
    ------
    CoreMeasuresError
        No release of the publication is held; the nearest names are told.
    """
    listed = query(warehouse, "select distinct publication from marts.dim_release order by all")
    held = [row[0] for row in listed.rows]
    if publication not in held:
        raise CoreMeasuresError(unknown_publication(publication, held))
    return query(warehouse, _RELEASES, [publication]), query(warehouse, _REVISIONS, [publication])

"""Explore Local Statistics, and what two publications of one series make of each other."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from conftest import PUBLISHED, needs_published, rows

from expectations.suites.loads import check_load
from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.errors import ReadError
from ingest.reading.loads import Load, loads_of
from ingest.reading.periods import parse_period
from ingest.reading.tables import read_csv

POVERTY = "children-in-relative-poverty"
RECEPTION, YEAR_6 = "overweight-children-at-reception", "overweight-children-at-year-6"
KS2 = "pupils-at-expected-standard-at-key-stage-2"
SCHOOLS = "schools-rated-good-or-outstanding"


def real_loads(publication: str) -> list[Load]:
    found = Archive(PUBLISHED).releases("ons", publication)
    releases = sorted((r for r in found if isinstance(r, Release)), key=lambda r: r.published)
    return [one for r in releases for one in loads_of(load_contracts()[publication], r)[0]]


def contents(load: Load) -> bytes:
    return (PUBLISHED / load.release.path / load.file.name).read_bytes()


def without_column(data: bytes, name: str) -> bytes:
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    position = lines[0].index(name)
    out = io.StringIO()
    csv.writer(out).writerows(line[:position] + line[position + 1 :] for line in lines)
    return out.getvalue().encode()


# --- periods


@pytest.mark.parametrize(
    ("cell", "kind", "start", "end"),
    [
        ("2018-09-01T00:00:00/P1Y", "academic_year", date(2018, 9, 1), date(2019, 8, 31)),
        # The measurement programme's year is printed from August, and is the same year.
        ("2006-08-01T00:00:00/P1Y", "academic_year", date(2006, 9, 1), date(2007, 8, 31)),
        ("2021-04-01/P1Y", "financial_year", date(2021, 4, 1), date(2022, 3, 31)),
        ("2014-2015", "financial_year", date(2014, 4, 1), date(2015, 3, 31)),
        ("2024-04-30T00:00:00", "snapshot", date(2024, 4, 30), date(2024, 4, 30)),
        ("2021-01-01/P1Y", "calendar_year", date(2021, 1, 1), date(2021, 12, 31)),
    ],
)
def test_a_start_is_taken_for_an_end(cell: str, kind: str, start: date, end: date) -> None:
    period = parse_period(cell, "iso", kind)  # type: ignore[arg-type]
    assert period is not None
    assert (period.start, period.end, period.year) == (start, end, end.year)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2021-04-01/P1Y", "academic_year"),
        ("2021-09-01/P1Y", "financial_year"),
        ("2021-04-01/P3Y", "financial_year"),
        ("2014-2016", "financial_year"),
        ("2021-04-01", "financial_year"),
        ("2024-04-31T00:00:00", "snapshot"),
        ("2024-04-30/P1M", "snapshot"),
        ("2014-2015", "pooled_3_years"),
    ],
)
def test_another_period_is_taken_for_a_year(cell: str, kind: str) -> None:
    assert parse_period(cell, "iso", kind) is None  # type: ignore[arg-type]


# --- each real file, and three damaged ones


@needs_published
@pytest.mark.parametrize("publication", [POVERTY, RECEPTION, YEAR_6, KS2, SCHOOLS])
@pytest.mark.parametrize("damage", ["a renamed column", "a moved header", "a dropped column"])
def test_a_damaged_file_is_read(publication: str, damage: str) -> None:
    load = real_loads(publication)[-1]
    data = contents(load)
    header = data.split(b"\n", 1)[0].decode("utf-8-sig").strip().split(",")
    value = next(name for name in header if name in ("Value", "Observation", "observation"))
    match damage:
        case "a renamed column":
            data = data.replace(value.encode(), b"Figure", 1)
        case "a moved header":
            data = b"Explore local statistics,,\r\nAs published,,\r\n" + data
        case _:
            data = without_column(data, value)
    try:
        table = read_csv(data)
    except ReadError as error:
        assert damage == "a moved header"
        assert str(error) == "its first line is not a header: 2 of its 3 names are empty"
        return
    verdict = check_load(load, table, Councils.load())
    assert not verdict.admitted
    (reason,) = verdict.reasons
    assert reason.name == "columns" and value in reason.observed


# --- the break in low income


@needs_published
def test_two_calibrations_are_one_line(published_home: Path) -> None:
    assert rows(
        published_home,
        "select series_id, min(published), max(published), min(year), max(year)"
        " from marts.fct_core_measure_vintage where publication = 'children-in-relative-poverty'"
        " group by all order by all",
    ) == [
        ("relative_before_housing_costs", date(2025, 9, 23), date(2026, 1, 12), 2015, 2024),
        ("relative_before_housing_costs_2026", date(2026, 3, 30), date(2026, 5, 7), 2022, 2025),
    ]
    # Points between the two for the same councils and years, as the facts have them.
    assert rows(
        published_home,
        """
        select year, round(avg(b.value - a.value), 1), count(*)
        from marts.fct_core_measure_vintage as a
        inner join marts.fct_core_measure_vintage as b using (council_code, year, publication)
        where a.series_id = 'relative_before_housing_costs' and a.superseded_on is null
            and b.series_id = 'relative_before_housing_costs_2026' and b.superseded_on is null
            and publication = 'children-in-relative-poverty'
        group by year order by year
        """,
    ) == [(2022, -0.7, 132), (2023, -1.6, 132), (2024, -3.2, 132)]


@needs_published
def test_the_old_calibration_is_published_again_as_the_new() -> None:
    loads = real_loads(POVERTY)
    assert [load.contract.file_id for load in loads] == [
        *("relative_poverty", "relative_poverty", "relative_poverty_2026", "relative_poverty_2026")
    ]
    old, _, new, _ = loads
    verdict = check_load(
        Load(new.release, new.file, new.contract), read_csv(contents(old)), Councils.load()
    )
    found = {check.name: check.observed for check in verdict.reasons}
    assert "2015" in found["years_of_the_definition"]


# --- two publications of one series


@needs_published
def test_a_republication_serves_before_the_publishers_own(published_home: Path) -> None:
    served = rows(
        published_home,
        "select f.publication, min(f.year), max(f.year) from marts.fct_core_measure as f"
        " inner join marts.fct_core_measure_vintage as v"
        " using (measure_id, series_id, council_code, period_start, period_end)"
        " where f.measure_id = 'key_stage_2_attainment' and v.value is not null"
        " and v.publication = 'key-stage-2-attainment' group by all",
    )
    assert served == [("key-stage-2-attainment", 2019, 2024)]


@needs_published
def test_a_figure_without_an_interval_serves_before_one_with(published_home: Path) -> None:
    for publication, measure in ((RECEPTION, "reception"), (YEAR_6, "year_6")):
        served = rows(
            published_home,
            "select publication, council_name, count(*) from marts.fct_core_measure"
            f" where measure_id = 'excess_weight_{measure}' and value is not null"
            # ONS has no later years.
            " and lower_95 is null and year <= (select max(year)"
            f" from marts.fct_core_measure_vintage where publication = '{publication}')"
            " group by all order by all",
        )
        # These two ONS prints with their neighbours alone.
        assert {name for _, name, _ in served} == {"Hackney", "Cornwall"}
        assert publication not in {name for name, *_ in served}


@needs_published
def test_yesterdays_figure_is_not_the_one_that_was_served_then(published_home: Path) -> None:
    query = (
        "select publication, release, value from marts.core_measure_as_of(date '{}')"
        " where measure_id = '{}' and council_name = 'Leeds' and year = {}"
    )
    # ONS's file came out 15 months after Fingertips', which served till then.
    for day, release in (("2023-01-01", "2022-11"), ("2024-02-05", "2024-02-05")):
        found = rows(published_home, query.format(day, "excess_weight_reception", 2022))
        assert [row[1] for row in found] == [release]
    # ONS was first with provisional figures of 2023, DfE's own revised ones follow.
    for day, publication in (("2023-06-01", KS2), ("2025-06-01", "key-stage-2-attainment")):
        (found,) = rows(published_home, query.format(day, "key_stage_2_attainment", 2022))
        assert found[0] == publication


@needs_published
def test_publications_differ_and_nobody_is_told_or_everybody_a_thousand_times(
    published_home: Path,
) -> None:
    told = rows(
        published_home,
        "select publication, check_column, observed from marts.load_quality"
        " where check_name = 'publications_agree' and not success and severity = 'warn'"
        f" and publication in ('20601', '20602', '{KS2}') order by all",
    )
    assert [(publication, series) for publication, series, _ in told] == [
        ("20601", "excess_weight_reception.overweight_including_obesity"),
        ("20602", "excess_weight_year_6.overweight_including_obesity"),
        (KS2, "key_stage_2_attainment.expected_standard"),
    ]
    numbers = re.compile(r"(\d+) of \d+ figures \([\d.]+ %\) are not as in .+; furthest apart: ")
    found = [numbers.match(str(observed)) for _, _, observed in told]
    assert [match and match[1] for match in found] == ["832", "839", "27"]
    assert ("68", "key-stage-2-attainment", "67", True) in rows(
        published_home,
        "select printed, served_publication, served_printed, is_different"
        f" from intermediate.int_publication_difference where publication = '{KS2}'"
        " and council_name = 'Barnet' and period_label = '2021/22'",
    )


@needs_published
def test_a_figure_of_low_reliability_loses_its_mark(published_home: Path) -> None:
    marked = rows(
        published_home,
        "select status, count(*) from marts.fct_core_measure_vintage"
        f" where publication = '{RECEPTION}' and status_symbol = 'u' group by all order by all",
    )
    assert [status for status, _ in marked] == ["low_reliability", "published"]

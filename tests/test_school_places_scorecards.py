"""School places scorecards that hold several years in one file, as they were really published."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from conftest import PUBLISHED, needs_published, rows

PLACES = "dfe/local-authority-school-places-scorecards"
FILES = {
    ("2024", 2): "2024+2/scorecard_data_2024_2023.csv",
    ("2025", 1): "2025/scorecard_data_2025_2023.csv",
}


def england(home: Path, release: str, version: int) -> dict[int, float | None]:
    served = rows(
        home,
        "select year, value from marts.fct_comparator_vintage where comparator = 'england'"
        f" and series_id = 'places_primary' and release = '{release}' and version = {version}",
    )
    return {int(str(year)): None if value is None else float(str(value)) for year, value in served}


@needs_published
@pytest.mark.parametrize("which", FILES, ids=lambda which: "-".join(map(str, which)))
def test_one_of_several_years_in_a_file_is_read_wrong(
    published_home: Path, which: tuple[str, int]
) -> None:
    text = (PUBLISHED / PLACES / FILES[which]).read_text("utf-8-sig")
    served = england(published_home, *which)
    printed = [r for r in csv.DictReader(io.StringIO(text)) if r["geographic_level"] == "National"]
    assert len(printed) == len(served) > 1
    for row in printed:
        grades = [row[f"Qual_P_{grade}_E"] for grade in (1, 2, 3, 4)]
        value = served[int(row["Year"][:4]) + 1]
        if "NA" in grades:
            assert value is None
        else:
            places = list(map(float, grades))
            assert value == pytest.approx(100 * sum(places[:2]) / sum(places))


@needs_published
def test_a_year_without_grades_has_figures_or_no_reason(published_home: Path) -> None:
    told = rows(
        published_home,
        "select distinct status, value is null from marts.fct_core_measure_vintage"
        " where series_id = 'places_primary' and year = 2025",
    )
    assert told == [("not_available", True)]

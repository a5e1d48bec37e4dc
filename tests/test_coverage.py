"""What is held, and what is not: in the warehouse, in words and in the picture."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from conftest import PROJECT, command, needs_published, rows


@needs_published
def test_the_words_on_what_is_held_are_stale(published_home: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "scripts/coverage.py", str(published_home), "--check"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_a_series_or_a_cell_is_not_in_the_picture(sample_home: Path) -> None:
    spec = importlib.util.spec_from_file_location("what_is_held", PROJECT / "scripts/coverage.py")
    assert spec is not None and spec.loader is not None
    drawn = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawn)
    from warehouse.query import query

    warehouse = sample_home / "warehouse" / "core_measures.duckdb"
    series = drawn.records(query(warehouse, drawn._SERIES))
    coverage = drawn.records(query(warehouse, drawn._COVERAGE))
    picture = json.loads(drawn.chart(series, coverage).to_json())
    heat, told = (layer["data"]["values"] for layer in picture["layer"])
    assert len(heat) == len(coverage) > 100
    assert {cell["series"] for cell in heat} | {cell["series"] for cell in told} == {
        drawn.label(one) for one in series
    }
    assert all(0 <= cell["share"] <= 1 for cell in heat)
    assert all(cell["why"] for cell in told)


def test_the_picture_is_none_or_fetches_from_elsewhere() -> None:
    assert (PROJECT / "docs/coverage.png").read_bytes().startswith(b"\x89PNG")
    page = (PROJECT / "docs/coverage.html").read_text("utf-8")
    assert 'src="http' not in page
    assert "no release held" in page


def test_a_council_is_counted_twice_or_not_at_all(sample_home: Path) -> None:
    wrong = rows(
        sample_home,
        "select count(*) from marts.coverage where councils <> published + suppressed"
        " + not_applicable + low_reliability + not_available + conflicting + unrecognised"
        " + absent",
    )
    assert wrong == [(0,)]
    # One by one, from the facts.
    assert rows(
        sample_home,
        "select published, suppressed from marts.coverage"
        " where series_id = 'within_12_months' and year = 2024",
    ) == rows(
        sample_home,
        "select count(value), count(*) filter (where status = 'suppressed')"
        " from marts.fct_core_measure where series_id = 'within_12_months' and year = 2024",
    )


def test_a_series_that_no_release_has_keeps_silent(sample_home: Path) -> None:
    silent = rows(
        sample_home,
        "select count(*) from marts.dim_series where (releases_held = 0) <> (not_held_because"
        " is not null)",
    )
    assert silent == [(0,)]
    told = command("status", "--home", sample_home).stdout
    assert "No release held: infant_mortality.pooled_3_years" in told
    assert "single years alone" in told
    assert "No release held: repeat_referrals" not in told

"""What a night takes over from the warehouse that is served, and what it never does."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import factory
import pytest
from conftest import IN_NEED, PROJECT, copy_of, made_once, refreshed, rows

from orchestration.pipeline.build import build
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from warehouse.build.dbt import NodeResult
from warehouse.serve.home import Home

NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
LOADS = (
    "select table_name from information_schema.tables where table_schema = 'loads'"
    " and table_name like '%neet%' order by all"
)


@pytest.fixture(scope="module")
def two_publications(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two publications, and beside it an archive with a newer release of one of them."""

    def make(home: Path) -> None:
        figures = factory.figures_of(IN_NEED, ["2023"]), factory.figures_of(NEET, ["2023"])
        source = home.parent / "archive"
        for one in figures:
            factory.lay_out(source, figures=one)
        outcome = refreshed(home, source)
        assert outcome.returncode == 0, outcome.stderr
        factory.lay_out(source, figures=factory.figures_of(IN_NEED))

    return made_once(tmp_path_factory, "two_publications", make)


def marts_of(home: Path) -> dict[str, bytes]:
    """Every published CSV."""
    return {p.name: p.read_bytes() for p in (home / "published" / "latest").glob("*.csv")}


def night_after(home: Path, two_publications: Path) -> dict[str, bytes]:
    """What is published once the newer release has come."""
    outcome = refreshed(home, two_publications.parent / "archive")
    assert outcome.returncode == 0, outcome.stderr
    return marts_of(home)


@pytest.fixture(scope="module")
def lived(two_publications: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That home after the night on which the newer release came. Not to be changed."""
    home = copy_of(two_publications, tmp_path_factory.mktemp("lived") / "home")
    night_after(home, two_publications)
    return home


def test_a_night_serves_what_a_home_made_of_nothing_serves(
    two_publications: Path, lived: Path, tmp_path: Path
) -> None:
    of_nothing = tmp_path / "of nothing"
    taken = marts_of(lived)
    assert taken == night_after(of_nothing, two_publications)
    assert taken != marts_of(two_publications)
    relations = (
        # Of a view's words the length: columns left out are written in no order.
        "select schema_name, table_name, 0 from duckdb_tables() union all select schema_name,"
        " view_name, length(sql) from duckdb_views() where not internal order by all"
    )
    held = rows(lived, relations)
    assert held == rows(of_nothing, relations)
    assert len(held) > 150
    with duckdb.connect() as con:
        for name, home in (("lived", lived), ("nothing", of_nothing)):
            warehouse = home / "warehouse" / "core_measures.duckdb"
            con.execute(f"attach '{warehouse}' as {name} (read_only)")
        for listed in ("tables", "views", "columns"):
            name = f"{listed.removesuffix('s')}_name"
            described = f"select schema_name, {name}, comment from duckdb_{listed}() order by all"
            assert rows(lived, described) == rows(of_nothing, described), listed
        # Views of the same words, over tables of the same rows.
        for schema, table in [(schema, table) for schema, table, words in held if not words]:
            one, other = (f'{name}.{schema}."{table}"' for name in ("lived", "nothing"))
            for left, right in ((one, other), (other, one)):
                beside = con.execute(f"select count(*) from (from {left} except all from {right})")
                assert beside.fetchone() == (0,), table


def test_what_somebody_wrote_into_the_served_warehouse_becomes_no_figure(
    two_publications: Path, lived: Path, tmp_path: Path
) -> None:
    home = copy_of(two_publications, tmp_path / "written to")
    with duckdb.connect(str((home / "warehouse" / "core_measures.duckdb").resolve())) as con:
        for (table,) in con.execute(LOADS).fetchall():
            con.execute(f'delete from loads."{table}" where source_row % 2 = 0')
    assert night_after(home, two_publications) == marts_of(lived)


def test_a_night_builds_what_a_new_release_is_part_of_and_nothing_else(
    two_publications: Path, tmp_path: Path
) -> None:
    home = Home(copy_of(two_publications, tmp_path / "home"))
    collect(home, str(two_publications.parent / "archive"))
    ended: list[NodeResult] = []
    build(home, check(home), on_node=ended.append)
    status = {node.name: node.status for node in ended}
    assert status["repeat_referrals"] == status["fct_core_measure"] == "ok"
    assert status["not_in_education_employment_or_training"] == "kept"
    assert status["council"] == status["stg_ees__children_in_need__referrals"] == "kept"
    tests = {one.name: one.status for one in ended if one.unique_id.startswith("test.")}
    assert set(tests) == {path.stem for path in (PROJECT / "dbt_project" / "tests").glob("*.sql")}
    assert set(tests.values()) == {"pass"}


def test_what_another_library_or_code_built_is_taken_for_todays(
    two_publications: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(copy_of(two_publications, tmp_path / "home"))
    collect(home, str(two_publications.parent / "archive"))
    inventory = check(home)

    def kept() -> set[str]:
        ended: list[NodeResult] = []
        build(home, inventory, on_node=ended.append)
        return {node.name for node in ended if node.status == "kept"}

    record = (home.root / "builds" / "current").resolve() / "build.json"
    written = json.loads(record.read_bytes())
    for changed in ({"built_by": ["duckdb 1.5.4"]}, {"code": "0" * 64}, {"built_by": []}):
        record.write_text(json.dumps(written | changed))
        assert kept() == set(), changed
    record.write_text(json.dumps(written))
    assert kept()
    # Code that is written to while a build goes on: what it was built by nobody knows.
    monkeypatch.setattr("orchestration.pipeline.build.code_stands", lambda: False)
    assert kept() == set()
    assert json.loads(home.candidate_record.read_bytes())["built_by"] == []

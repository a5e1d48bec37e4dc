"""The published marts: what a dashboard, a spreadsheet or a script gets."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT, command, copy_of, rows

from orchestration.pipeline.code import dbt_project
from warehouse.publish.marts import write_marts
from warehouse.serve.home import Home

# In the order of the design's table.
FACT_COLUMNS = [
    *("measure_id", "series_id", "council_code", "council_name", "region_code", "region_name"),
    *("year", "period_label", "period_type", "period_start", "period_end"),
    *("value", "value_as_published", "unit", "numerator", "denominator"),
    *("lower_95", "upper_95", "interval_method", "is_corrected", "is_flagged", "flags", "basis"),
    *("status", "status_symbol"),
    *("publication", "release", "version", "published"),
    *("source_file", "source_sha256", "source_sheet", "source_row"),
]


@pytest.fixture(scope="module")
def package(sample_home: Path) -> dict[str, object]:
    return json.loads((sample_home / "published" / "latest" / "datapackage.json").read_text())


def test_a_mart_of_the_design_is_missing_or_has_other_columns(sample_home: Path) -> None:
    tables: dict[str, list[str]] = {}
    for table, column in rows(
        sample_home,
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
        " order by table_name, column_index",
    ):
        tables.setdefault(str(table), []).append(str(column))
    assert tables["fct_core_measure"] == FACT_COLUMNS
    assert tables["fct_core_measure_vintage"] == [
        *FACT_COLUMNS,
        *("superseded_on", "publication_preference", "first_published"),
    ]
    assert tables["fct_comparator"] == [
        "comparator",
        *FACT_COLUMNS,
        *("statistic", "mean", "neighbour_model", "councils_with_value", "councils_of"),
    ]
    assert set(tables) >= {
        "council_year",
        "dim_measure",
        "dim_series",
        "dim_council",
        "dim_release",
        "load_quality",
    }
    kinds = dict(
        rows(
            sample_home,
            "select column_name, data_type from duckdb_columns()"
            " where schema_name = 'marts' and table_name = 'fct_core_measure'",
        )
    )
    assert {kinds[name] for name in ("value", "numerator", "denominator")} == {"DOUBLE"}
    assert {kinds[name] for name in ("period_start", "period_end", "published")} == {"DATE"}
    assert kinds["year"] == "INTEGER"
    assert kinds["is_corrected"] == "BOOLEAN"


def test_a_figure_stands_twice_or_has_a_value_without_being_published(sample_home: Path) -> None:
    assert rows(
        sample_home,
        "select count(*) from (select 1 from marts.fct_core_measure group by measure_id, series_id,"
        " council_code, period_type, period_start, period_end having count(*) > 1)",
    ) == [(0,)]
    assert rows(
        sample_home,
        "select count(*) from marts.fct_core_measure_vintage"
        " where (value is not null) <> (status = 'published')",
    ) == [(0,)]


def test_a_series_of_two_definitions_is_one_line(sample_home: Path) -> None:
    lines = rows(
        sample_home,
        "select series_id, is_headline from marts.dim_series"
        " where measure_id = 'good_level_of_development' order by series_id",
    )
    assert lines == [("profile_2013", False), ("profile_2021", True)]
    columns = {
        column
        for (column,) in rows(
            sample_home,
            "select column_name from duckdb_columns() where table_name = 'council_year'",
        )
    }
    assert {"good_level_of_development", "good_level_of_development__profile_2013"} <= columns
    # The headline's column holds the headline alone: no value of the old profile slips in.
    assert rows(
        sample_home,
        "select min(year) from marts.council_year where good_level_of_development is not null",
    ) == [(2022,)]


def test_a_wide_row_differs_from_the_facts(sample_home: Path) -> None:
    assert (
        rows(
            sample_home,
            """
        select count(*), count(*) filter (where w.repeat_referrals is distinct from f.value)
        from marts.fct_core_measure as f
        inner join marts.council_year as w using (council_code, year)
        where f.measure_id = 'repeat_referrals'
        """,
        )[0][1]
        == 0
    )


def test_what_was_known_on_a_day_cannot_be_asked(sample_home: Path) -> None:
    newest = {
        day: rows(
            sample_home,
            f"select max(year) from marts.core_measure_as_of(date '{day}')"
            " where measure_id = 'repeat_referrals'",
        )[0][0]
        for day in ("2023-12-31", "2024-12-31")
    }
    assert newest == {"2023-12-31": 2023, "2024-12-31": 2024}


def test_the_data_package_is_refused_by_frictionless(
    sample_home: Path, package: dict[str, object]
) -> None:
    import frictionless

    # The library checks cell by cell in Python: the dimensions whole, the facts by their head.
    folder = sample_home / "published" / "latest"
    report = frictionless.validate(str(folder / "datapackage.json"), limit_rows=300)
    assert report.valid, report.flatten(["title", "message"])[:5]
    assert package["licenses"][0]["name"] == "OGL-UK-3.0"
    assert rows(
        sample_home, "select count(distinct title || landing_page) from marts.dim_release"
    ) == [(len(package["sources"]),)]
    for resource in package["resources"]:
        assert resource["description"], resource["name"]
        for field in resource["schema"]["fields"]:
            described = field.get("description") or field.get("unit")
            assert described, (resource["name"], field["name"])


def test_csv_and_parquet_of_a_mart_differ(sample_home: Path, package: dict[str, object]) -> None:
    folder = sample_home / "published" / "latest"
    for resource in package["resources"]:
        name = resource["name"]
        counts = {
            duckdb.sql(
                f"select count(*) from read_csv('{folder / name}.csv', all_varchar = true)"
            ).fetchall()[0],
            duckdb.sql(f"select count(*) from '{folder / name}.parquet'").fetchall()[0],
            rows(sample_home, f"select count(*) from marts.{name}")[0],
        }
        assert len(counts) == 1, name


def beside_no_other_mart(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """A new warehouse that has what every package tells of, and nothing in it."""
    con = duckdb.connect(str(warehouse))
    con.execute("create schema marts")
    con.execute(
        "create table marts.dim_series"
        " (measure_id varchar, series_id varchar, is_headline boolean, unit varchar)"
    )
    con.execute(
        "create table marts.dim_release (title varchar, landing_page varchar, published date)"
    )
    return con


def test_a_cell_of_a_publisher_runs_as_a_formula(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    cells = [
        '=HYPERLINK("http://x")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "-1.5",
        "+4",
        "-",
        "c",
        "",
    ]
    with beside_no_other_mart(warehouse) as con:
        con.execute("create table marts.t (cell varchar)")
        con.executemany("insert into marts.t values (?)", [[cell] for cell in cells])
    write_marts(warehouse, tmp_path / "marts")
    with (tmp_path / "marts" / "t.csv").open(newline="") as file:
        written = {row["cell"] for row in csv.DictReader(file)}
    assert not [c for c in written if re.match(r"[=@\t\r]|[+-](?![0-9]+([.][0-9]+)?$)", c)]
    # A negative number is a number, and nothing but an apostrophe is ever added.
    assert {"-1.5", "+4", "c"} <= written
    assert {cell.removeprefix("'") for cell in written} == set(cells)
    kept = duckdb.sql(f"select cell from '{tmp_path}/marts/t.parquet'").fetchall()
    assert {cell for (cell,) in kept} == set(cells)


def test_rows_of_a_large_mart_are_lost_or_stand_in_no_order(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    with beside_no_other_mart(warehouse) as con:
        # More than are put in order at once; of some nobody says what they are of.
        con.execute(
            "create table marts.t as select case when i % 7 > 0 then 'of ' || i % 7 end as what,"
            " i * 7919 % 300007 as number from range(300007) as r (i)"
        )
    write_marts(warehouse, tmp_path / "marts")
    with duckdb.connect(str(warehouse), read_only=True) as con:
        expected = con.execute("from marts.t order by all").fetchall()
    package = tmp_path / "marts" / "core_measures_marts.duckdb"
    with duckdb.connect(str(package), read_only=True) as con:
        assert con.execute("from marts.t").fetchall() == expected
    for suffix in ("parquet", "csv"):
        assert duckdb.sql(f"from '{tmp_path}/marts/t.{suffix}'").fetchall() == expected


# --- adding a measure


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a contributor has it, to add to."""
    project = tmp_path_factory.mktemp("project") / "core-measures"
    shutil.copytree(
        PROJECT,
        project,
        ignore=shutil.ignore_patterns(".git", ".venv", "data", "__pycache__", ".*_cache", "docs"),
    )
    return project


SQL = """with

referrals as (
    select * from {{ ref('stg_ees__children_in_need__referrals') }}
),

cells as (
    select
        'a_year' as series_id,
        {{ row_columns() }},
        {{ cells(value='referrals') }}
    from referrals
),

final as (
    {{ figures('select * from cells') }}
)

select * from final
"""
YAML = """models:
  - name: referrals
    description: Referrals to children's social care in the year.
    config:
      meta:
        number: 99
        title: Referrals
        stage: [all]
        series:
          - series_id: a_year
            title: Referrals in the year
            description: Every referral, repeated ones with them.
            headline: true
            unit: referrals
            polarity: low
            figure_kind: count
            decimals: 0
            period_type: financial_year
"""


@pytest.fixture(scope="module")
def contributors_home(second_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(second_home, tmp_path_factory.mktemp("contributor") / "home")


def test_a_measure_needs_more_than_its_sql_its_yaml_and_its_name_in_the_union(
    copied: Path, second_home: Path, contributors_home: Path
) -> None:
    folder = copied / "dbt_project" / "models" / "measures" / "safe_and_secure"
    (folder / "referrals.sql").write_text(SQL)
    (folder / "referrals.yml").write_text(YAML)
    home, archive = contributors_home, second_home.parent / "archive"
    outcome = command("refresh", "--from", archive, "--home", home, project=copied)
    assert outcome.returncode == 1
    # As dbt by hand leaves it: none of the project's own.
    (copied / "dbt_project" / "target" / "compiled" / "referrals.yml").mkdir(parents=True)
    assert "referrals.sql: name it in int_core_measure_unioned" in outcome.stderr
    union = copied / "dbt_project" / "models" / "intermediate" / "int_core_measure_unioned.sql"
    union.write_text(union.read_text().replace("\n] %}", "\n    'referrals',\n] %}"))
    outcome = command("refresh", "--from", archive, "--home", home, project=copied)
    assert outcome.returncode == 0, outcome.stderr
    assert rows(home, "select title from marts.dim_measure where measure_id = 'referrals'") == [
        ("Referrals",)
    ]
    assert rows(
        home,
        "select unit, is_headline from marts.dim_series where measure_id = 'referrals'",
    ) == [("referrals", True)]
    assert rows(
        home,
        "select count(*) = count(w.referrals) from marts.fct_core_measure as f"
        " inner join marts.council_year as w using (council_code, year)"
        " where f.measure_id = 'referrals' and f.value is not null",
    ) == [(True,)]
    assert rows(
        home,
        "select value from marts.fct_comparator where measure_id = 'referrals'"
        " and comparator = 'england' and year = 2024",
    ) == [(621880.0,)]


def test_a_measure_with_an_unknown_mark_is_published(
    copied: Path, second_home: Path, contributors_home: Path
) -> None:
    folder = copied / "dbt_project" / "models" / "measures" / "safe_and_secure"
    (folder / "referrals.sql").write_text(SQL.replace("value='referrals'", "value='la_name'"))
    (folder / "referrals.yml").write_text(YAML)
    home = contributors_home
    served = (home / "builds" / "current").readlink()
    archive = second_home.parent / "archive"
    outcome = command("refresh", "--from", archive, "--home", home, project=copied)
    assert outcome.returncode == 1
    assert "nothing was swapped" in outcome.stderr
    assert (home / "builds" / "current").readlink() == served


def test_the_sample_sets_a_council_beside_no_neighbours(sample_home: Path) -> None:
    told = command("profile", "Leeds", "--home", sample_home)
    assert told.returncode == 0, told.stderr
    line = next(line for line in told.stdout.splitlines() if "Repeat referrals" in line)
    assert "21.4 higher (10 of 10)" in line


def test_a_measure_without_figures_of_its_headline_has_none_at_all(sample_home: Path) -> None:
    """Infant mortality is held by single years alone; the headline is three years pooled."""
    ((series, value, period, because),) = rows(
        sample_home,
        "select series_id, value, period_label, stands_because from marts.council_profile"
        " where council_name = 'Leeds' and measure_id = 'infant_mortality'",
    )
    assert series == "single_year" and "three years pooled" in str(because)
    assert rows(
        sample_home,
        "select value, period_label from marts.fct_core_measure where council_name = 'Leeds'"
        " and measure_id = 'infant_mortality' order by period_end desc limit 1",
    ) == [(value, period)]
    assert rows(
        sample_home,
        "select series_title, value from answers.newest_headline where council_name = 'Leeds'"
        " and measure_id = 'infant_mortality'",
    ) == [("Infant mortality, single years", value)]
    told = " ".join(command("profile", "Leeds", "--home", sample_home).stdout.split())
    assert "Infant mortality, single years: Not the headline series" in told
    # Every measure has its place, whatever is held of it; the headline stands wherever it can.
    assert rows(
        sample_home,
        "select count(distinct council_code), min(measures), max(measures) from ("
        "select council_code, count(distinct measure_id) as measures"
        " from marts.council_profile group by all)",
    ) == [(153, 28, 28)]
    assert rows(
        sample_home,
        "select count(*) from marts.dim_series as s where s.is_headline and not"
        " s.stands_for_measure and exists (select 1 from marts.fct_core_measure as f"
        " where f.measure_id = s.measure_id and f.series_id = s.series_id"
        " and f.value is not null)",
    ) == [(0,)]


def test_a_council_is_set_beside_neighbours_that_nobody_can_name(sample_home: Path) -> None:
    ten = rows(
        sample_home,
        "select neighbour_code, neighbour_name, place from marts.dim_statistical_neighbour"
        " where council_name = 'Leeds' and valid_to is null order by place",
    )
    assert [place for *_, place in ten] == list(range(1, 11))
    # Their median, by the codes told, is the one served: those are the last codes, and Sheffield's
    # figure of 2024 stands under its code before.
    codes = ", ".join(f"'{code}'" for code, *_ in ten)
    figure = "series_id = 'within_12_months' and year = 2024"
    assert rows(
        sample_home,
        f"select round(median(value), 6), count(value) from marts.fct_core_measure_today"
        f" where {figure} and council_code in ({codes})",
    ) == rows(
        sample_home,
        f"select value, councils_with_value from marts.fct_comparator where {figure}"
        " and comparator = 'statistical_neighbours' and council_name = 'Leeds'",
    )
    assert rows(
        sample_home,
        "select distinct model, valid_from::varchar, valid_to::varchar"
        " from marts.dim_statistical_neighbour order by all",
    ) == [("2021", None, "2023-03-31"), ("2025", "2023-04-01", None)]


# --- dbt's own unit tests


def test_the_sql_reads_a_mark_a_period_or_a_code_wrong(first_home: Path, tmp_path: Path) -> None:
    home = Home(copy_of(first_home, tmp_path / "home"))
    shutil.copy((home.warehouse).resolve(), home.candidate)
    results = dbt_project(home).unit_tests()
    assert len(results) >= 9
    failed = [f"{node.name}: {node.message}" for node in results if node.status != "pass"]
    assert not failed


def test_who_runs_dbt_by_hand_has_to_set_what_a_refresh_sets(
    second_home: Path, tmp_path: Path
) -> None:
    """As CONTRIBUTING.md says: dbt's own command, on a copy of a warehouse, in the checkout."""
    folder = tmp_path / "dbt_project" / "target"
    folder.mkdir(parents=True)
    shutil.copy((second_home / "warehouse" / "core_measures.duckdb").resolve(), folder)
    places = ("--project-dir", PROJECT / "dbt_project", "--profiles-dir", PROJECT / "dbt_project")
    written = ("--target-path", tmp_path / "written", "--log-path", tmp_path / "written")
    own = {k: v for k, v in os.environ.items() if not k.startswith(("CORE_MEASURES", "DBT"))}
    outcome = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", *places, *written, "-s", "+dim_measure"],
        cwd=tmp_path,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "ERROR=0" in outcome.stdout


def test_who_changes_a_mart_is_not_told_that_pages_and_files_read_it() -> None:
    exposures = yaml.safe_load((PROJECT / "dbt_project/models/exposures.yml").read_text("utf-8"))
    told = {
        one["name"]: {ref.removeprefix("ref('").removesuffix("')") for ref in one["depends_on"]}
        for one in exposures["exposures"]
    }
    marts = {path.stem for path in (PROJECT / "dbt_project/models/marts").rglob("*.sql")}
    code = [path.read_text("utf-8") for path in (PROJECT / "warehouse/site").rglob("*.py")]
    assert told["site"] == {mart for mart in marts if any(f"marts.{mart}" in of for of in code)}
    assert told["data_package"] == marts
    pages = [path.read_text("utf-8") for path in (PROJECT / "docs/consumers").rglob("*.md")]
    shown = {mart for mart in marts if any(re.search(rf"\b{mart}\b", page) for page in pages)}
    assert told["consumers"] == shown

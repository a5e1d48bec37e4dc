"""The marts in a lake: the same figures, whole builds, and a home that does not depend on it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, command, copy_of

from reliability.postgres import BIN
from warehouse.publish.lake import CATALOGUE, DATA, Lake, LakeError, attached, digest_of, publish

pytest.importorskip("duckdb_extension_ducklake", reason="needs core-measures[lake]")


def warehouse_of(home: Path) -> Path:
    return (home / "warehouse" / "core_measures.duckdb").resolve()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    (tmp_path / "lake").mkdir()
    return Lake(str(tmp_path / "lake" / "catalogue.ducklake"), str(tmp_path / "lake" / "data"))


@pytest.fixture
def lake_in_postgres(postgres: int, tmp_path: Path) -> Lake:
    address = f"postgresql://dagster@127.0.0.1:{postgres}/dagster"
    # The server is one for all tests here, and a catalogue knows where its lake's files are.
    emptied = ("-c", "drop schema public cascade", "-c", "create schema public")
    subprocess.run([BIN / "psql", "-q", address, *emptied], check=True, stderr=subprocess.DEVNULL)
    return Lake(address, str(tmp_path / "data"))


def see_same(lake: Lake, warehouse: Path) -> None:
    """Every mart, comment, view and macro as the warehouse has it."""
    with attached(lake, read_only=True) as con:
        con.execute(f"attach '{warehouse}' as built (read_only)")

        def listed(sql: str, database: str) -> list[tuple[object, ...]]:
            found: list[tuple[object, ...]] = con.execute(sql, [database]).fetchall()
            return found

        columns = (
            "select table_name, column_name, data_type, comment from duckdb_columns()"
            " where database_name = ? and schema_name = 'marts' order by all"
        )
        held = listed(columns, "core_measures")
        assert held == listed(columns, "built")
        tables = sorted({str(row[0]) for row in held})
        assert "fct_core_measure" in tables
        comments = (
            "select table_name, comment from duckdb_tables()"
            " where database_name = ? and schema_name = 'marts' order by all"
        )
        assert listed(comments, "core_measures") == listed(comments, "built")
        views = [
            str(view)
            for (view,) in con.execute(
                "select view_name from duckdb_views()"
                " where database_name = 'built' and schema_name = 'answers'"
            ).fetchall()
        ]
        assert views
        for table in tables:
            for one, other in (("core_measures", "built"), ("built", "core_measures")):
                assert con.execute(
                    f"select count(*) from"
                    f" (from {one}.marts.{table} except all from {other}.marts.{table})"
                ).fetchone() == (0,), table
        said = (
            "select view_name, comment from duckdb_views()"
            " where database_name = ? and schema_name = 'answers' order by all"
        )
        assert listed(said, "core_measures") == listed(said, "built")
        for view in views:
            assert con.execute(f"select count(*) from answers.{view}").fetchone() is not None
        ((known,),) = con.execute(
            "select count(*) from marts.core_measure_as_of(date '2024-01-01')"
        ).fetchall()
        assert known > 0


def test_a_lake_in_a_file_has_other_figures_than_the_home(sample_home: Path, lake: Lake) -> None:
    first = publish(lake, warehouse_of(sample_home), "a build")
    assert first is not None
    see_same(lake, warehouse_of(sample_home))
    assert publish(lake, warehouse_of(sample_home), "a build") is None, "it has that build"
    files = sorted(Path(lake.data).rglob("*.parquet"))
    again = publish(lake, warehouse_of(sample_home), "the same figures by other code")
    assert again is not None and again > first
    assert sorted(Path(lake.data).rglob("*.parquet")) == files, "written anew for nothing"


def test_a_lake_in_postgresql_has_other_figures_than_the_home(
    first_home: Path, lake_in_postgres: Lake
) -> None:
    assert publish(lake_in_postgres, warehouse_of(first_home), "a build") is not None
    see_same(lake_in_postgres, warehouse_of(first_home))


def changed(warehouse: Path, folder: Path, value: float) -> Path:
    """A warehouse with another figure."""
    copy = folder / f"{value}" / "core_measures.duckdb"
    copy.parent.mkdir(parents=True)
    shutil.copy(warehouse, copy)
    with duckdb.connect(str(copy)) as con:
        con.execute(f"update marts.fct_core_measure set value = {value} where value is not null")
    return copy


def test_an_earlier_build_is_lost_too_soon_or_its_files_stay_for_good(
    first_home: Path, lake: Lake, tmp_path: Path
) -> None:
    warehouse = warehouse_of(first_home)
    first = publish(lake, warehouse, "first")
    with attached(lake, read_only=True) as con:
        average = "select avg(value) from marts.fct_core_measure"
        before = con.execute(average).fetchone()
    publish(lake, changed(warehouse, tmp_path, 1.0), "second")
    with attached(lake, read_only=True) as con:
        assert con.execute(average).fetchone() == (1.0,)
        assert con.execute(f"{average} at (version => {first})").fetchone() == before
        ((moment,),) = con.execute(
            "select snapshot_time from ducklake_snapshots('core_measures') where snapshot_id = ?",
            [first],
        ).fetchall()
        assert con.execute(f"{average} at (timestamp => '{moment}')").fetchone() == before
    many = len(list(Path(lake.data).rglob("*.parquet")))
    # Years later only the last of the year is kept, and files of no build but the first go.
    publish(lake, changed(warehouse, tmp_path, 2.0), "third", date.today().replace(year=2099))
    with attached(lake, read_only=True) as con:
        assert con.execute(average).fetchone() == (2.0,)
        with pytest.raises(duckdb.Error):
            con.execute(f"{average} at (version => {first})")
    assert len(list(Path(lake.data).rglob("*.parquet"))) < many


def test_a_publication_that_is_killed_is_served_half(
    first_home: Path, lake: Lake, tmp_path: Path
) -> None:
    warehouse = warehouse_of(first_home)
    publish(lake, warehouse, "first")
    other = changed(warehouse, tmp_path, 1.0)
    code = (
        "import sys; from pathlib import Path; from warehouse.publish.lake import Lake, publish;"
        " publish(Lake(sys.argv[1], sys.argv[2]), Path(sys.argv[3]), 'second')"
    )
    files = len(list(Path(lake.data).rglob("*.parquet")))
    with subprocess.Popen(
        [sys.executable, "-c", code, lake.catalogue, lake.data, str(other)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        # Some of it is written, and not all.
        while child.poll() is None and len(list(Path(lake.data).rglob("*.parquet"))) == files:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    was_whole = digest_of(lake)
    with attached(lake, read_only=True) as con:
        found = con.execute("select avg(value) from marts.fct_core_measure").fetchone()
    assert found is not None
    assert (was_whole == "second") == (found[0] == 1.0)
    # The next night heals it.
    publish(lake, other, "second")
    see_same(lake, other)


def test_a_lake_that_cannot_be_reached_costs_the_home_its_build(
    first_home: Path, tmp_path: Path
) -> None:
    home, archive = copy_of(first_home, tmp_path / "home"), first_home.parent / "archive"
    away = {CATALOGUE: "postgresql://user:pass-word@127.0.0.1:1/lake", DATA: str(tmp_path / "data")}
    told = command("refresh", "--from", archive, "--home", home, environment=away)
    assert told.returncode == 0, told.stderr
    said = " ".join(told.stderr.split())
    assert "The lake has not got this build" in said
    assert "pass-word" not in said
    # There again, it is filled without anything being built.
    built = (home / "builds" / "current").readlink()
    there = {CATALOGUE: str(tmp_path / "catalogue.ducklake"), DATA: str(tmp_path / "data")}
    told = command("refresh", "--from", archive, "--home", home, environment=there)
    assert told.returncode == 0, told.stderr
    assert (home / "builds" / "current").readlink() == built
    see_same(Lake(there[CATALOGUE], there[DATA]), warehouse_of(home))


def backed_up(home: Path, lake: Lake, folder: Path) -> Path:
    """A backup made with the lake named, restored beside it."""
    environment = {CATALOGUE: lake.catalogue, DATA: lake.data}
    made = command("backup", folder / "b.tar", "--home", home, environment=environment)
    assert made.returncode == 0, made.stderr
    restored = command("restore", folder / "b.tar", "--home", folder / "restored")
    assert restored.returncode == 0, restored.stderr
    return folder / "restored" / "lake"


def test_a_catalogue_in_a_file_is_lost_with_its_machine(
    first_home: Path, lake: Lake, tmp_path: Path
) -> None:
    publish(lake, warehouse_of(first_home), "a build")
    kept = backed_up(first_home, lake, tmp_path)
    Path(lake.catalogue).unlink()
    shutil.copy(kept / "catalogue.ducklake", lake.catalogue)
    see_same(lake, warehouse_of(first_home))
    assert publish(lake, warehouse_of(first_home), "another") is not None


def test_a_catalogue_in_postgresql_is_lost_with_its_machine(
    first_home: Path, lake_in_postgres: Lake, tmp_path: Path
) -> None:
    publish(lake_in_postgres, warehouse_of(first_home), "a build")
    kept = backed_up(first_home, lake_in_postgres, tmp_path)

    def psql(*arguments: str | Path) -> None:
        client = (BIN / "psql", "-q", "-v", "ON_ERROR_STOP=1", lake_in_postgres.catalogue)
        subprocess.run([*client, *arguments], check=True, stdout=subprocess.DEVNULL)

    psql("-c", "drop schema public cascade", "-c", "create schema public")
    psql("-f", kept / "catalogue.sql")
    see_same(lake_in_postgres, warehouse_of(first_home))
    assert publish(lake_in_postgres, warehouse_of(first_home), "another") is not None


def test_a_catalogue_that_is_away_costs_the_home_its_backup(
    first_home: Path, tmp_path: Path
) -> None:
    away = {CATALOGUE: "postgresql://user:pass-word@127.0.0.1:1/lake", DATA: str(tmp_path / "data")}
    made = command("backup", tmp_path / "b.tar", "--home", first_home, environment=away)
    assert made.returncode == 2
    assert "Without the lake's catalogue" in made.stderr
    assert "pass-word" not in made.stderr
    restored = command("restore", tmp_path / "b.tar", "--home", tmp_path / "restored")
    assert restored.returncode == 0, restored.stderr


def test_half_a_lake_is_taken_for_none_at_all(lake: Lake) -> None:
    assert Lake.from_environment({}) is None
    assert Lake.from_environment({CATALOGUE: lake.catalogue, DATA: lake.data}) == lake
    with pytest.raises(LakeError, match=f"{DATA} is not"):
        Lake.from_environment({CATALOGUE: lake.catalogue})
    nowhere = dataclasses.replace(lake, catalogue="/nowhere/at/all.ducklake")
    with pytest.raises(LakeError, match="did not do what was asked"):
        digest_of(nowhere)

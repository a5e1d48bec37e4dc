"""The warehouse is a function of the archive and the code, whatever the nights were that led to it.

One home lives through eight nights of releases, amendments, decisions, corrections and a
withdrawal. Along the way it is held to a home that is built from nothing of the same archive and
decisions: every file that is served byte for byte, every table row for row, every verdict word for
word. What a night takes over from the warehouse that is served, and what it never does, is seen of
one build.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import factory
import pyarrow as pa
import pytest
import yaml
from conftest import IN_NEED, NEET, PROJECT, command, copy_of
from factory import Fault, Where, faults

from ingest.archive.release import Release
from ingest.sample import read_releases
from orchestration.pipeline.build import build
from orchestration.pipeline.check import check
from orchestration.pipeline.code import dbt_project
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import Inventory
from warehouse.build.dbt import NodeResult, Project
from warehouse.serve.home import Home

LEEDS = "E08000035"
REFERRALS_2024 = Where(IN_NEED, "2024", "referrals")
# Printed without its decimal point, in the release that was amended once.
SLIP, MEANT = "910", "24.2"
CORRECTION = {
    "release": "2024",
    "version": 2,
    "file": "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv",
    "where": {"new_la_code": LEEDS, "time_period": "2024"},
    "column": "re_referrals_percent",
    "expected": SLIP,
    "corrected": MEANT,
    "reason": "The decimal point was lost on the way to the file.",
    "authority": "A test",
}
# Of the code what has a correction written into it, or asks itself where it stands; the rest is a
# link, so that dbt finds the project where it was parsed before.
COPIED, LINKED = ("expectations", "ingest", "orchestration"), ("dbt_project", "warehouse")
# How each night but the first ends: 2 where a load is refused or a release not downloaded.
ENDS = {2: 2, 3: 2, 4: 2, 5: 2, 6: 0, 7: 0, 8: 0}
# When all but the first decisions and amendments hang on nights before, and when all had come.
LOOKED_AT = (4, 7)


class Nights:
    """A home, the archive that its releases come from, and the code that builds it."""

    def __init__(self, folder: Path, first: Path) -> None:
        self.home, self.source, self.project = (
            folder / name for name in ("home", "source", "project")
        )
        copy_of(first, self.home)
        for part in COPIED:
            shutil.copytree(PROJECT / part, self.project / part)
        for part in LINKED:
            (self.project / part).symlink_to(PROJECT / part)
        # What is on offer: when each release came out as it is, and what was done to its files.
        self.offered: dict[tuple[str, str], tuple[date, list[Fault]]] = {}
        self.comes_out(IN_NEED, "2023")
        self.comes_out(NEET, "2021")
        self.comes_out(NEET, "2023")

    # --- what happens by day

    def before_night_2(self) -> None:
        """A release is amended, a new one lacks a council, and so does one that comes late.

        The next is to be compared with the late one.
        """
        self.comes_out(NEET, "2023", a_cell_of(NEET, "2023"), day=date(2023, 7, 6))
        self.comes_out(NEET, "2022", faults.drop_council(Where(NEET, "2022"), LEEDS))
        self.comes_out(IN_NEED, "2024", faults.drop_council(REFERRALS_2024, LEEDS))

    def before_night_3(self) -> None:
        """A load is let in, another taken out."""
        self.decided("accept", IN_NEED, "2024")
        self.decided("reject", NEET, "2021")

    def before_night_4(self) -> None:
        """What was let in is amended, and in it a decimal point is lost; what was read is gone."""
        self.comes_out(IN_NEED, "2024", leeds_prints(SLIP), day=date(2024, 11, 14))
        shutil.rmtree(self.home / "loads")

    def before_night_5(self) -> None:
        """A correction puts the point back. A new release comes damaged."""
        corrections = self.project / "ingest" / "corrections" / f"{IN_NEED}.yml"
        corrections.write_text(yaml.safe_dump([CORRECTION]))
        self.comes_out(NEET, "2024", faults.wrong_hash(Where(NEET, "2024")))

    def before_night_6(self) -> None:
        """The new release is whole, an amendment taken back, and what was out is let in.

        A part of the loads is gone.
        """
        self.comes_out(NEET, "2024")
        self.comes_out(NEET, "2023", day=date(2023, 7, 20))
        self.decided("accept", NEET, "2022")
        self.decided("accept", NEET, "2021")
        for path in sorted((self.home / "loads").rglob("*.parquet"))[::2]:
            path.unlink()

    def before_night_7(self) -> None:
        """The slip is mended and a release withdrawn; that, and a first version, are taken out."""
        self.comes_out(IN_NEED, "2024", leeds_prints(MEANT), day=date(2024, 11, 28))
        del self.offered[NEET, "2022"]
        archive = Home(self.home).archive
        (release,) = (r for r in archive.held("ees", NEET) if r.release == "2022")
        assert archive.mark_withdrawn(release, date(2024, 11, 28), "The figures were wrong")
        self.decided("reject", NEET, "2022")
        self.decided("reject", IN_NEED, "2024", "--version", "1")

    def before_night_8(self) -> None:
        """Nothing."""

    # --- how it comes about

    def comes_out(
        self, publication: str, release: str, *done: Fault, day: date | None = None
    ) -> None:
        """A release, new or in the place of what it was, by default on its own day."""
        (described,) = (
            r for r in read_releases() if (r.publication, r.release) == (publication, release)
        )
        self.offered[publication, release] = (day or described.published, list(done))

    def decided(self, verb: str, publication: str, release: str, *more: str) -> None:
        outcome = self.command(
            *(verb, publication, release, "--reason", "Looked at by hand."),
            *("--by", "Ada", *more, "--home", self.home),
        )
        assert outcome.returncode == 0, outcome.stderr

    def lay_out(self) -> None:
        """The archive as it stands today; of what it was no trace is left."""
        shutil.rmtree(self.source, ignore_errors=True)
        releases = [
            r.model_copy(update={"published": self.offered[r.publication, r.release][0]})
            for r in read_releases()
            if (r.publication, r.release) in self.offered
        ]
        factory.lay_out(
            self.source,
            figures=pa.concat_tables(
                factory.figures_of(r.publication, [r.release]) for r in releases
            ),
            releases=releases,
            faults=[fault for _, done in self.offered.values() for fault in done],
        )

    def night(self, number: int) -> subprocess.CompletedProcess[str]:
        getattr(self, f"before_night_{number}")()
        self.lay_out()
        return self.refreshed(self.home)

    def refreshed(self, home: Path) -> subprocess.CompletedProcess[str]:
        return self.command("refresh", "--from", self.source, "--home", home)

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return command(*arguments, project=self.project)

    def from_nothing(self, home: Path) -> subprocess.CompletedProcess[str]:
        """A home with the files that were published and what persons decided, and nothing else."""
        shutil.copytree(
            self.home / "archive",
            home / "archive",
            ignore=lambda folder, names: {"verdict.json"} & {*names},
        )
        return self.refreshed(home)


def a_cell_of(publication: str, release: str) -> Fault:
    """A figure of the first council is another."""
    place = Where(publication, release)

    def change(grid: faults.Grid) -> None:
        row = grid.a_value()
        row[grid.at(grid.value)] = f"{float(row[grid.at(grid.value)]) + 0.3:.1f}"

    return Fault("amended", place, cells=change)


def leeds_prints(cell: str) -> Fault:
    return faults.set_cell(REFERRALS_2024, LEEDS, "2024", "Re_referrals_percent", cell)


# --- what the two homes have


def served(home: Path) -> dict[str, bytes]:
    """Every file that is served but for DuckDB's own, whose pages have no order."""
    folder = home / "published" / "latest"
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".duckdb"
    }
    assert {"fct_core_measure.csv", "fct_core_measure_vintage.csv", "load_quality.csv"} <= {*found}
    return found


def verdicts(home: Path) -> dict[str, Any]:
    """What was said of each release, but for when."""
    return {
        path.parent.relative_to(home).as_posix(): json.loads(path.read_bytes()) | {"checked": ""}
        for path in (home / "archive").glob("*/*/*/verdict.json")
    }


def relations(home: Path) -> Iterator[tuple[str, str, str]]:
    """Every table's and view's schema and name, and what it is made as."""
    with duckdb.connect(str(Home(home).warehouse), read_only=True) as con:
        for kind in ("table", "view"):
            yield from con.execute(
                f"select schema_name, {kind}_name, sql from duckdb_{kind}s() where not internal"
            ).fetchall()


def comments(home: Path) -> list[tuple[str, ...]]:
    """What is written of every table, view and column."""
    with duckdb.connect(str(Home(home).warehouse), read_only=True) as con:
        return con.execute(
            "select schema_name, table_name, '', comment from duckdb_tables() union all"
            " select schema_name, view_name, '', comment from duckdb_views() union all"
            " select schema_name, table_name, column_name, comment from duckdb_columns()"
            " order by all"
        ).fetchall()


def differing(one: Path, other: Path) -> dict[str, int]:
    """Of each table, how many rows one warehouse has and the other has not, where there are any."""
    found = {}
    tables = [(s, n) for s, n, sql in relations(one) if sql.startswith("CREATE TABLE")]
    assert len(tables) > 50
    with duckdb.connect() as con:
        for name, home in (("one", one), ("other", other)):
            con.execute(f"attach '{Home(home).warehouse}' as {name} (read_only)")
        for schema, table in tables:
            here, there = (f'from {name}.{schema}."{table}"' for name in ("one", "other"))
            (count,) = con.execute(
                f"select count(*) from (({here} except all {there})"
                f" union all ({there} except all {here}))"
            ).fetchone() or (0,)
            if count:
                found[f"{schema}.{table}"] = count
    return found


def test_what_is_served_hangs_on_the_nights_that_led_to_it(two_home: Path, tmp_path: Path) -> None:
    nights = Nights(tmp_path, two_home)
    built = [Home(nights.home).served_build()]
    for number, end in ENDS.items():
        outcome = nights.night(number)
        assert outcome.returncode == end, (number, outcome.stdout, outcome.stderr)
        built.append(Home(nights.home).served_build())
        if number not in LOOKED_AT:
            continue
        beside = tmp_path / f"from-nothing-{number}"
        outcome = nights.from_nothing(beside)
        assert outcome.returncode == end, (number, outcome.stderr)
        assert verdicts(nights.home) == verdicts(beside), number
        assert {*relations(nights.home)} == {*relations(beside)}, number
        assert comments(nights.home) == comments(beside), number
        assert differing(nights.home, beside) == {}, number
        found, expected = served(nights.home), served(beside)
        assert {*found} == {*expected}, number
        assert [name for name in found if found[name] != expected[name]] == [], number
        # Made of the same, it is taken for the same: neither would be built again.
        digests = {str((Home(h).build_record() or {})["digest"]) for h in (nights.home, beside)}
        assert len(digests) == 1, number
    # Every night but the last had something to build.
    assert len({*built}) == len(built) - 1
    assert built[-1] == built[-2]
    # What was to happen has happened.
    assert held(nights.home, IN_NEED) == ["2023", "2024", "2024+2", "2024+3"]
    assert held(nights.home, NEET) == ["2021", "2022", "2023", "2023+2", "2023+3", "2024"]
    with duckdb.connect(str(Home(nights.home).warehouse), read_only=True) as con:
        assert con.execute(
            "select version, value, value_as_published, is_corrected"
            " from marts.fct_core_measure_vintage where measure_id = 'repeat_referrals'"
            f" and council_code = '{LEEDS}' and year = 2024 and release = '2024' order by version"
        ).fetchall() == [(2, 24.2, SLIP, True), (3, 24.2, MEANT, False)]


def held(home: Path, publication: str) -> list[str]:
    found: list[Release] = Home(home).archive.held("ees", publication)
    return sorted(release.folder for release in found)


# --- what a night takes over from the warehouse that is served, and what it never does


class StoppedError(Exception):
    """dbt was about to begin."""


class Stops(Project):
    """The project, of which nothing is built."""

    def build(self, on_node: Callable[[NodeResult], None], only: Sequence[str] = ()) -> Any:
        raise StoppedError


def kept(home: Home, inventory: Inventory) -> set[str]:
    """Of the models what stands when dbt begins, as the build before made it."""
    ended: list[NodeResult] = []
    with pytest.raises(StoppedError):
        build(home, inventory, on_node=ended.append, dbt=Stops(home, dbt_project(home).digest))
    assert {node.status for node in ended} <= {"kept"}
    return {node.name for node in ended}


def loads_in(warehouse: Path) -> dict[str, int]:
    """How many rows each table of loads has that dbt is to build from."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        tables = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'loads' order by all"
        ).fetchall()
        return {
            table: (con.execute(f'select count(*) from loads."{table}"').fetchone() or (0,))[0]
            for (table,) in tables
        }


@pytest.fixture
def morning(two_home: Path, tmp_path: Path) -> Home:
    """That home when a newer release of one of its publications has come."""
    home = Home(copy_of(two_home, tmp_path / "home"))
    newer = factory.lay_out(tmp_path / "newer", figures=factory.figures_of(IN_NEED))
    collect(home, str(newer))
    return home


def test_a_night_builds_what_a_new_release_is_part_of_and_nothing_else(
    morning: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it ends, the code is no longer what it was when it began.
    stands = iter((True, False))
    monkeypatch.setattr("orchestration.pipeline.build.code_stands", lambda: next(stands))
    ended: list[NodeResult] = []
    build(morning, check(morning), on_node=ended.append)
    status = {node.name: node.status for node in ended}
    assert status["repeat_referrals"] == status["fct_core_measure"] == "ok"
    assert status["not_in_education_employment_or_training"] == "kept"
    assert status["council"] == status["stg_ees__children_in_need__referrals"] == "kept"
    tests = {one.name: one.status for one in ended if one.unique_id.startswith("test.")}
    assert set(tests) == {path.stem for path in (PROJECT / "dbt_project" / "tests").glob("*.sql")}
    assert set(tests.values()) == {"pass"}
    # Code that is written to while a build goes on: what it was built by nobody knows.
    assert json.loads(morning.candidate_record.read_bytes())["built_by"] == []


def test_what_another_library_or_code_or_somebody_wrote_is_taken_for_todays(
    morning: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = check(morning)
    assert "not_in_education_employment_or_training" in kept(morning, inventory)
    filled = loads_in(morning.candidate)
    assert sum(filled.values()) > sum(loads_in(morning.warehouse).values()) > 0
    record = morning.warehouse.resolve().parent / "build.json"
    written = json.loads(record.read_bytes())
    for changed in ({"built_by": ["duckdb 1.5.4"]}, {"code": "0" * 64}, {"built_by": []}):
        record.write_text(json.dumps(written | changed))
        assert kept(morning, inventory) == set(), changed
    record.write_text(json.dumps(written))
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.pipeline.build.code_stands", lambda: False)
        assert kept(morning, inventory) == set()
    assert kept(morning, inventory)
    # Of the file that is served half the rows are gone, and what was made of them is another's.
    with duckdb.connect(str(morning.warehouse.resolve())) as con:
        for table in (name for name, rows in filled.items() if rows and "neet" in name):
            con.execute(f'delete from loads."{table}" where source_row % 2 = 0')
    assert sum(loads_in(morning.warehouse).values()) < sum(filled.values())
    assert kept(morning, inventory) == set()
    assert loads_in(morning.candidate) == filled

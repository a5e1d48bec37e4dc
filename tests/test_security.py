"""What SECURITY.md promises."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PROJECT, SECRET, SECRETS, command, copy_of, refreshed

from ingest.archive.store import Archive
from ingest.errors import ArchiveError
from warehouse.query import QueryError, query

PACKAGES = ("ingest", "expectations", "warehouse", "orchestration")


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(sample_home, tmp_path_factory.mktemp("security") / "home")


def with_secret(folder: Path) -> list[Path]:
    """The files of a folder that have the secret."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if SECRET.encode() in path.read_bytes()]


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


# `{file}` is the warehouse's own file, `{folder}` a folder that anybody may write to.
FORBIDDEN = """
    drop table marts.fct_core_measure
    delete from marts.fct_core_measure
    truncate marts.fct_core_measure
    update marts.dim_measure set title = 'x'
    insert into marts.dim_measure select * from marts.dim_measure
    alter table marts.dim_measure rename to x
    comment on table marts.dim_measure is 'x'
    create table t as select 1
    create temp table t as select 1
    create temp view v as select 1
    create temp macro m() as 1
    create schema s
    create secret s (type s3)
    select 1; drop table marts.fct_core_measure
    select 1; select 2
    select 1; copy (select 1) to '{folder}/stolen.csv'
    pivot marts.dim_measure on measure_id using count(*); select 1
    create temp table t as select 1; pivot marts.dim_measure on measure_id using count(*)
    copy (select 1) to '{folder}/stolen.csv'
    copy marts.dim_measure to '{folder}/stolen.parquet' (format parquet)
    copy (select 1) to '{file}' (format csv)
    copy (select 1) to '{file}.wal' (format csv)
    copy (select 1) to '{file}.wal.recovery' (format csv)
    explain analyze copy (select 1) to '{file}.wal' (format csv)
    export database '{folder}/stolen'
    import database '{folder}'
    attach '{folder}/other.duckdb'
    attach ':memory:' as m
    attach '{file}' as again
    detach core_measures
    use loads
    install httpfs
    force install httpfs
    load httpfs
    load '{folder}/x.duckdb_extension'
    update extensions
    set threads = 4
    set enable_external_access = true
    set lock_configuration = false
    set disabled_filesystems = ''
    set variable a = 1
    set temp_directory = '{folder}'
    reset memory_limit
    pragma threads = 4
    pragma enable_profiling
    pragma profiling_output = '{folder}/stolen.json'
    call enable_logging()
    checkpoint
    vacuum
    begin transaction
    prepare p as select 1
    select * from read_text('/etc/passwd')
    select * from read_blob('{file}')
    select * from read_text('{file}.wal')
    select * from read_csv('/etc/passwd')
    select * from read_json('/etc/passwd')
    select * from read_parquet('{folder}/*.parquet')
    select * from '/etc/passwd'
    select * from '{folder}/a.csv'
    select * from 'https://localhost/a.csv'
    select * from read_csv('https://localhost/a.csv')
    select * from read_text('s3://bucket/a')
    select * from glob('/etc/*')
    select * from glob('{folder}/*')
    select * from query('select * from read_text(''/etc/passwd'')')
    select * from query_table('/etc/passwd')
    from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''/etc/passwd'')'))
    select * from sqlite_scan('{folder}/x', 't')
    select * from duckdb_secrets()
    select getenv('HOME')
    select * from sql
    select * from path
    select * from SECRET
"""


@pytest.mark.parametrize(
    "statement", [line.strip() for line in FORBIDDEN.strip().splitlines()] + ["", ";", "-- nothing"]
)
def test_a_query_writes_reads_a_file_or_sets_something(
    home: Path, tmp_path: Path, statement: str
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    warehouse = home / "warehouse" / "core_measures.duckdb"
    before = contents(home), contents(tmp_path)
    with pytest.raises(QueryError):
        query(warehouse, statement.format(file=warehouse.resolve(), folder=tmp_path))
    assert (contents(home), contents(tmp_path)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from marts.fct_core_measure",
        "from marts.dim_measure limit 1;",
        "with a as (select 1 as b) select b from a",
        "describe marts.fct_core_measure",
        "show all tables",
        "summarize marts.dim_measure",
        "explain select 1",
        "pivot marts.fct_core_measure on year using max(value) group by council_name",
        "values (1)",
    ],
)
def test_a_query_that_asks_is_refused(home: Path, statement: str) -> None:
    assert query(home / "warehouse" / "core_measures.duckdb", statement).rows


def test_a_query_too_large_for_memory_writes_beside_the_warehouse(home: Path) -> None:
    before = contents(home)
    with pytest.raises(QueryError, match="memory"):
        query(
            home / "warehouse" / "core_measures.duckdb",
            "select count(*) from (select a, repeat('x', 50) || a as b from range(30000000) t(a)"
            " order by hash(a)) where b > ''",
        )
    assert contents(home) == before


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize(
    "statement",
    [
        "select repeat('x', 2000000000)",
        "select repeat('x', 10000000) from range(1000)",
        "select range(5000000)",
    ],
)
def test_a_value_as_large_as_memory_takes_it_all(home: Path, statement: str, form: str) -> None:
    """A process of 2 GiB is what the operating system allows; a test cannot see it grow beyond."""
    outcome = command("sql", statement, "--format", form, "--home", home)
    assert outcome.returncode == 1
    assert len(outcome.stderr.strip().splitlines()) == 1, outcome.stderr
    assert "384MB within DuckDB and 2 GiB in all" in outcome.stderr


def test_more_rows_than_anybody_reads_fill_memory_or_are_cut_unsaid(home: Path) -> None:
    outcome = command("sql", "select * from range(30000000)", "--home", home)
    assert outcome.returncode == 0, outcome.stderr
    assert len(outcome.stdout.splitlines()) < 1010
    assert "The first 1,000 rows, and there are more" in outcome.stdout
    for rows, told in ((5, "The first 3 rows, and"), (3, "3 rows")):
        outcome = command("sql", f"from range({rows})", "--limit", "3", "--home", home)
        assert outcome.stdout.splitlines()[-1].startswith(told)


def test_a_long_answer_as_csv_or_json_loses_rows(home: Path) -> None:
    for form, read in (("csv", csv_rows), ("json", json.loads)):
        for rows in (0, 1, 2500):
            statement = f"select i::integer as i from range({rows}) t(i)"
            outcome = command("sql", statement, "--format", form, "--home", home)
            assert [int(row["i"]) for row in read(outcome.stdout)] == [*range(rows)]
        outcome = command("sql", statement, "--format", form, "--limit", "7", "--home", home)
        assert len(read(outcome.stdout)) == 7


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_long_cell_drowns_a_table_or_is_cut_in_a_file(home: Path) -> None:
    statement = "select repeat('x', 100000) as a"
    outcome = command("sql", statement, "--home", home)
    assert outcome.stdout.count("x") == 1000
    assert "x…" in outcome.stdout
    assert command("sql", statement, "--format", "csv", "--home", home).stdout.count("x") == 100_000


def wait_until_it_reads(process: subprocess.Popen[str], warehouse: Path) -> None:
    opened, end = Path(f"/proc/{process.pid}/fd"), time.monotonic() + 60
    if not opened.exists():
        time.sleep(3)
        return
    while process.poll() is None and time.monotonic() < end:
        # A file may be closed between the two.
        with contextlib.suppress(OSError):
            if any(one.resolve() == warehouse for one in opened.iterdir()):
                return
        time.sleep(0.05)


# The second is one value, within which DuckDB does not look up.
@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i, j) % 7 = 3",
        "select levenshtein(repeat('ab', 30000), repeat('ba', 30000))",
    ],
)
def test_a_query_that_goes_on_cannot_be_stopped_by_ctrl_c(home: Path, statement: str) -> None:
    # A shell's background jobs, and what they start, are deaf to it.
    heard = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " from orchestration.cli import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", heard, "sql", statement, "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    ) as process:
        wait_until_it_reads(process, (home / "warehouse" / "core_measures.duckdb").resolve())
        # By then it is at the statement.
        time.sleep(1)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        try:
            told = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 130
    assert told == ("", "Interrupted: the statement was ended.\n")


def test_the_command_tells_a_traceback_of_a_forbidden_query(home: Path) -> None:
    for statement in ("select 1; drop table marts.dim_measure", ""):
        outcome = command("sql", statement, "--home", home)
        assert outcome.returncode == 1
        assert len(outcome.stderr.strip().splitlines()) == 1, outcome.stderr


def test_a_secret_of_the_environment_is_told_or_kept(refused_home: Path) -> None:
    """Nothing that a refresh prints or writes has it; of Dagster's, tests/test_dagster.py."""
    status = command("status", "--home", refused_home, environment=SECRETS)
    assert status.returncode == 0, status.stderr
    assert SECRET not in status.stdout + status.stderr
    # Beside the home stands what the refresh printed and what it told.
    assert (refused_home.parent / "said.txt").read_text()
    assert with_secret(refused_home.parent) == []


def test_an_address_with_a_key_is_told_with_its_key(tmp_path: Path) -> None:
    for address in (
        f"noproto://user:{SECRET}@localhost/a",
        f"noproto://localhost/a?token={SECRET}",
        f"memory://user:{SECRET}@nowhere/a",
    ):
        with pytest.raises(ArchiveError) as told:
            Archive(address)
        assert SECRET not in str(told.value)
        outcome = refreshed(tmp_path / "home", address)
        assert outcome.returncode == 1
        assert SECRET not in outcome.stdout + outcome.stderr


def test_our_packages_have_what_bandit_warns_of() -> None:
    outcome = subprocess.run(
        [sys.executable, *["-m", "bandit", "-c", "pyproject.toml", "-q", "-r"], *PACKAGES],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout


def test_a_package_comes_without_its_hash_or_without_a_version() -> None:
    texts = [path.read_text("utf-8") for path in sorted(PROJECT.glob("constraints*.txt"))]
    pinned = [entry for text in texts for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]]
    assert len(pinned) > 150
    for entry in pinned:
        name = entry.split("\n")[0]
        assert re.match(r"[\w.\-]+(\[[\w,\-]+\])?==[\w.!+]+", name), name
        assert "--hash=sha256:" in entry, name
    assert not any(re.search(r"https?://", text) for text in texts)
    # One version of each, whichever lists are installed together.
    names = [set(re.findall(r"(?m)^[a-z0-9._-]+", text)) for text in texts]
    assert sum(map(len, names)) == len(set().union(*names))

"""Builds on a lake: whoever builds, and with how many, the same warehouse comes home."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from conftest import PROJECT, command, copy_of
from moto.server import ThreadedMotoServer

from warehouse.publish.lake import CATALOGUE, DATA, Lake, attached

pytest.importorskip("duckdb_extension_ducklake", reason="needs core-measures[lake]")

# Whoever would ask a registry for an extension finds nobody there.
NO_NETWORK = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def store() -> Iterator[dict[str, str]]:
    """An object store on loopback that has a bucket `lake`, as variables say where it is."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "pass-word",
        "AWS_REGION": "eu-west-2",
        "NO_PROXY": "127.0.0.1",
    }
    s3 = boto3.client(
        "s3",
        endpoint_url=told["AWS_ENDPOINT_URL"],
        aws_access_key_id="somebody",
        aws_secret_access_key="pass-word",
        region_name="eu-west-2",
    )
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    yield told
    server.stop()


def to_build(home: Path, destination: Path) -> Path:
    """A home that holds what another does, checked, and serves nothing."""
    copy = copy_of(home, destination)
    shutil.rmtree(copy / "builds")
    return copy


def warehouse_of(home: Path) -> Path:
    return (home / "warehouse" / "core_measures.duckdb").resolve()


def see_one_warehouse(one: Path, other: Path) -> None:
    """Every relation, column, comment and macro of one is the other's, and every row."""

    def in_each(sql: str) -> list[tuple[object, ...]]:
        found = []
        for warehouse in (one, other):
            with duckdb.connect(str(warehouse), read_only=True) as con:
                found.append(con.execute(sql).fetchall())
        assert found[0] == found[1]
        return found[0]

    relations = in_each(
        # Of a view's words the length: columns left out are written in no order.
        "select schema_name, table_name, comment, 0 from duckdb_tables()"
        " union all select schema_name, view_name, comment, length(sql) from duckdb_views()"
        " where not internal order by all"
    )
    assert len(relations) > 150
    in_each(
        "select schema_name, table_name, column_name, data_type, is_nullable, comment"
        " from duckdb_columns() where not internal order by all"
    )
    assert in_each(
        "select schema_name, function_name, macro_definition from duckdb_functions()"
        " where not internal order by all"
    )
    sums = []
    for warehouse in (one, other):
        with duckdb.connect(str(warehouse), read_only=True) as con:
            sums.append(
                {
                    f"{schema}.{name}": con.execute(
                        f"select count(*), sum(hash(each)::hugeint) from {schema}.{name} as each"
                    ).fetchone()
                    for schema, name, _, _ in relations
                }
            )
    assert sums[0] == sums[1]


def hashes_of(marts: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in marts.glob("*.csv")
    }


def test_two_workers_on_a_lake_in_an_object_store_build_another_warehouse_than_one_file(
    sample_home: Path, postgres: int, store: dict[str, str], tmp_path: Path
) -> None:
    home = to_build(sample_home, tmp_path / "home")
    # A worker may be anywhere: each notes down what it was asked, and where nothing of a home is.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import os, pathlib, sys; pathlib.Path(f'asked-{os.getpid()}').write_text(sys.argv[-1]);"
        " from orchestration.cli import main; main()"
    )
    worker = shlex.join(["env", "-C", str(elsewhere), sys.executable, "-c", code])
    catalogue = f"postgresql://dagster@127.0.0.1:{postgres}/dagster"
    environment = {
        CATALOGUE: catalogue,
        DATA: "s3://lake/data",
        "CORE_MEASURES_LAKE_WORKERS": "2",
        "CORE_MEASURES_LAKE_WORKER": worker,
        "CORE_MEASURES_BUILD_MEMORY": "400MB",
        **store,
        **NO_NETWORK,
    }
    ended = command("refresh", "--from", "sample", "--home", home, environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert "with 2 workers" in ended.stderr, ended.stderr
    assert {path.read_text() for path in elsewhere.glob("asked-*")} == {"1", "2"}
    see_one_warehouse(warehouse_of(sample_home), warehouse_of(home))
    published = hashes_of(home / "published" / "latest")
    assert len(published) > 20
    assert published == hashes_of(sample_home / "published" / "latest")

    # It went to the lake's readers in one transaction, and nothing else stands there.
    with pytest.MonkeyPatch.context() as patched:
        for name, value in store.items():
            patched.setenv(name, value)
        with attached(Lake(catalogue, "s3://lake/data"), read_only=True) as con:
            assert con.execute(
                "select count(*), count(*) filter (author = 'core-measures')"
                " from ducklake_snapshots('core_measures')"
            ).fetchone() == (2, 1), "the lake as it began, and the build"
            assert con.execute(
                "select count(*) > 0, bool_and(starts_with(file, 's3://lake/data/'))"
                " from glob('s3://lake/**')"
            ).fetchone() == (True, True), "files of the build were left"
            con.execute(f"attach '{warehouse_of(home)}' as built (read_only)")
            assert con.execute(
                "select count(*) from (from built.marts.fct_core_measure"
                " except all from marts.fct_core_measure)"
            ).fetchone() == (0,)


@pytest.mark.parametrize(
    ("worker", "told"),
    [
        ("sh -c 'echo a machine that is away >&2; exit 7'", "ended with 7: a machine that is away"),
        ("{other}", "begun by another version of the project"),
    ],
)
def test_a_worker_that_ends_or_has_other_code_keeps_the_home_from_its_build_or_spoils_it(
    first_home: Path, second_home: Path, tmp_path: Path, worker: str, told: str
) -> None:
    home = copy_of(first_home, tmp_path / "home")
    if worker == "{other}":
        copy = tmp_path / "other"
        for folder in ("ingest", "expectations", "warehouse", "dbt_project", "orchestration"):
            shutil.copytree(PROJECT / folder, copy / folder)
        with next((copy / "dbt_project").rglob("coverage.sql")).open("a") as file:
            file.write("-- another\n")
        there = ["env", "-C", str(copy), f"PYTHONPATH={copy}"]
        worker = shlex.join([*there, sys.executable, "-m", "orchestration.cli"])
    environment = {
        CATALOGUE: str(tmp_path / "catalogue.ducklake"),
        DATA: str(tmp_path / "data"),
        "CORE_MEASURES_LAKE_WORKERS": "1",
        "CORE_MEASURES_LAKE_WORKER": worker,
    }
    archive = second_home.parent / "archive"
    ended = command("refresh", "--from", archive, "--home", home, "--json", environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["outcome"] == "published"
    said = " ".join(ended.stderr.split())
    assert "Built on this machine, and not on the lake" in said
    assert told in said
    assert hashes_of(home / "published" / "latest") == hashes_of(
        second_home / "published" / "latest"
    )
    left = [path.name for path in tmp_path.rglob("*core_measures_build*")]
    assert left == []


def test_a_worker_that_no_lake_is_named_to_says_nothing_of_it() -> None:
    ended = command(
        *("lake", "work", "core_measures_build_none", "--part", "1"),
        environment={CATALOGUE: "", DATA: ""},
    )
    assert ended.returncode == 1
    assert "No lake is named" in ended.stderr

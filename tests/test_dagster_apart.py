"""Dagster's steps apart: a publication a step, each a process, and one refresh all the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import factory
import pytest
from conftest import IN_NEED, NEET, PROJECT, SECRET, SECRETS, command, copy_of
from pytest_httpserver import HTTPServer
from test_security import with_secret

from ingest.contracts.load import load_contracts
from ingest.errors import CoreMeasuresError
from orchestration.defs.assets import publication_key
from orchestration.defs.jobs import executor_of
from orchestration.defs.sensors import refresh_failed
from orchestration.pipeline.inventory import take_inventory
from orchestration.settings import Settings
from warehouse.serve.home import Home

PUBLICATIONS = (IN_NEED, NEET)
# What each step would import for itself, which takes longer than most of them do: they are forked
# from a process of Dagster's that did, where nothing of the run is.
FORKED = {
    "execution": {
        "config": {
            "start_method": {
                "forkserver": {
                    "preload_modules": [
                        *("orchestration.definitions", "dbt.cli.main", "dbt.adapters.duckdb"),
                        *("great_expectations", "great_expectations.expectations.core"),
                    ]
                }
            }
        }
    }
}
_GROUPS = ("seeds", "staging", "measures", "intermediate", "marts", "answers")


def materialized(
    folder: Path, source: Path, *publications: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A run of some publications and what is made of them, a process a step."""
    contracts = load_contracts()
    keys = ["/".join(publication_key(contracts[name]).path) for name in publications]
    (folder / "dagster").mkdir(exist_ok=True)
    (folder / "dagster" / "dagster.yaml").touch()
    made = [f'key:"{key}"' for key in (*keys, "published_marts", "site")]
    # All models: one without those that read the loads would not wait for these.
    made += [f"group:{name}" for name in _GROUPS]
    selected = ",".join(made)
    return subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize"),
            *("-m", "orchestration.definitions", "--select", selected),
            # What one step alone imports is no less where it is forked.
            *(("--config-json", json.dumps(FORKED)) if len(publications) > 1 else ()),
        ],
        cwd=PROJECT,
        env=os.environ
        | {
            "CORE_MEASURES_EXECUTOR": "multiprocess",
            "CORE_MEASURES_HOME": str(folder / "home"),
            "CORE_MEASURES_SOURCE": str(source),
            "DAGSTER_HOME": str(folder / "dagster"),
            "PYTHONPATH": str(PROJECT),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def hook(httpserver: HTTPServer) -> str:
    """Where the server is, by number: no other name of this machine is taken."""
    return httpserver.url_for("/hook").replace("localhost", "127.0.0.1")


def test_steps_in_processes_of_their_own_serve_other_figures_or_alert_twice_or_keep_a_secret(
    two_home: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    archive = tmp_path / "archive"
    for name in PUBLICATIONS:
        factory.lay_out(archive, figures=factory.figures_of(name, ["2024"]))
        # Of each a release that is not what it says: two problems, and one alert.
        (newest,) = archive.glob(f"*/{name}/*")
        next(path for path in newest.iterdir() if path.name != "release.json").write_bytes(b"torn")
    shutil.copytree(two_home.parent / "archive", archive, dirs_exist_ok=True)
    told: list[str] = []

    def hear(request: object) -> str:
        told.append(json.loads(request.data)["text"])  # type: ignore[attr-defined]
        return "ok"

    httpserver.expect_request("/hook").respond_with_handler(hear)  # type: ignore[arg-type]
    environment = SECRETS | {"CORE_MEASURES_WEBHOOK": hook(httpserver)}
    ended = materialized(tmp_path, archive, *PUBLICATIONS, **environment)
    assert ended.returncode == 0, ended.stderr[-3000:]
    home = tmp_path / "home"
    assert len(told) == 1, told
    assert all(name in told[0] for name in PUBLICATIONS)
    problems = json.loads((home / "work" / "problems.json").read_bytes())
    assert set(problems) == set(PUBLICATIONS)

    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        (run,) = instance.get_runs()
        steps = {step.step_key for step in instance.get_run_step_stats(run.run_id)}
    assert with_secret(tmp_path) == []
    assert SECRET not in ended.stdout + ended.stderr
    assert steps == {*(name.replace("-", "_") for name in PUBLICATIONS), "models", "published"}

    served, alone = (
        {path.name: path.read_bytes() for path in (one / "published" / "latest").glob("*.csv")}
        for one in (home, two_home)
    )
    assert len(served) > 20
    # A refresh of what is whole in one process serves the same, but for what is said of the torn.
    quality = served["load_quality.csv"].splitlines(keepends=True)
    whole = [row for row in quality if b"arrived_whole" not in row]
    assert len(quality) == len(whole) + len(PUBLICATIONS)
    assert served | {"load_quality.csv": b"".join(whole)} == alone
    # The command finds what the steps did: nothing is left for it to do but say what is out.
    outcome = command("refresh", "--from", archive, "--home", home)
    assert outcome.returncode == 2
    assert "Nothing new" in outcome.stdout


def test_a_run_whose_step_fails_elsewhere_is_told_to_nobody(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = materialized(tmp_path, tmp_path / "nowhere", IN_NEED)
    assert ended.returncode != 0
    told: list[str] = []

    def hear(request: object) -> str:
        told.append(json.loads(request.data)["text"])  # type: ignore[attr-defined]
        return "ok"

    httpserver.expect_request("/hook").respond_with_handler(hear)  # type: ignore[arg-type]
    monkeypatch.setenv("CORE_MEASURES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CORE_MEASURES_WEBHOOK", hook(httpserver))
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        (run,) = instance.get_runs()
        (failure,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert failure.dagster_event
        context = dg.build_run_status_sensor_context(
            "refresh_failed", failure.dagster_event, instance, run
        ).for_run_failure()
        refresh_failed(Settings.read())(context)
    (line,) = told
    assert "Failed, and what was served before still stands" in line
    assert "nowhere" in line


def test_an_executor_that_is_not_installed_is_a_trace_of_python() -> None:
    settings = Settings.read({"CORE_MEASURES_EXECUTOR": "celery"})
    with pytest.raises(CoreMeasuresError, match="pip install dagster-celery"):
        executor_of(settings)


def test_a_publication_is_held_by_two_or_with_the_whole_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    with home.shared("one"), home.shared("another"):
        told: list[str] = []
        with (
            pytest.raises(Exception, match="Another refresh"),
            home.locked(wait=False, waiting=lambda: told.append("waiting")),
        ):
            pass
    with home.locked(wait=False, waiting=lambda: None):
        pass


def test_the_order_in_which_publications_failed_is_taken_for_something_new(
    two_home: Path, tmp_path: Path
) -> None:
    home = Home(copy_of(two_home, tmp_path / "home"))
    digests = set()
    for order in (PUBLICATIONS, tuple(reversed(PUBLICATIONS))):
        failed = {name: [(f"ees/{name}/2031", "it is cut short")] for name in order}
        (home.work / "problems.json").write_text(json.dumps(failed))
        inventory = take_inventory(home)
        assert len(inventory.problems) == len(PUBLICATIONS)
        digests.add(inventory.digest)
    assert len(digests) == 1

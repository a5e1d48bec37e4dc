"""Dagster as an operator sees it: the assets, their checks, the job and its hours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from conftest import (
    IN_NEED,
    PROJECT,
    SECRETS,
    as_from_a_terminal,
    command,
    copy_of,
    free_port,
    rows,
)
from test_security import with_secret

from ingest.contracts.load import load_contracts
from ingest.errors import FetchError
from orchestration.definitions import build_definitions
from orchestration.defs.assets import PUBLISHED, SITE, publication_key
from orchestration.defs.checks import ADMITTED
from orchestration.defs.jobs import JOB
from orchestration.pipeline.code import dbt_project
from orchestration.settings import Settings
from warehouse.serve.home import Home

MEASURES = sorted(path.stem for path in (PROJECT / "dbt_project/models/measures").rglob("*.sql"))
ANSWERS = sorted(path.stem for path in (PROJECT / "dbt_project/models/answers").glob("*.sql"))
MARTS = sorted(path.stem for path in (PROJECT / "dbt_project/models/marts").rglob("*.sql"))
INTERMEDIATE = sorted(
    path.stem for path in (PROJECT / "dbt_project/models/intermediate").glob("*.sql")
)
FACT = dg.AssetKey(["marts", "fct_core_measure"])
STAGING = sorted(path.stem for path in (PROJECT / "dbt_project/models/staging").rglob("*.sql"))
SEEDS = sorted(path.stem for path in (PROJECT / "dbt_project/seeds").glob("*.csv"))


@pytest.fixture(scope="module")
def home(first_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(first_home, tmp_path_factory.mktemp("dagster") / "home")


@pytest.fixture
def definitions(home: Path, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    monkeypatch.setenv("CORE_MEASURES_HOME", str(home))
    place = Home(home)
    place.prepare()
    return build_definitions(dbt_project(place).manifest())


def run(
    definitions: dg.Definitions, source: Path | str, instance: dg.DagsterInstance | None = None
) -> Any:
    config = {"resources": {"refresh": {"config": {"source": str(source)}}}}
    return definitions.resolve_job_def(JOB).execute_in_process(
        run_config=config, raise_on_error=False, instance=instance
    )


def data_version(instance: dg.DagsterInstance, key: dg.AssetKey) -> str:
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    return event.asset_materialization.tags["dagster/data_version"]


def test_an_asset_is_lost_or_moved(definitions: dg.Definitions) -> None:
    """A snapshot of every asset by group: changing it is changing what operators watch."""
    graph = definitions.resolve_asset_graph()
    groups: dict[str, set[str]] = {}
    for key in graph.materializable_asset_keys:
        groups.setdefault(graph.get(key).group_name, set()).add("/".join(key.path))
    assert groups == {
        "publications": {
            "/".join(publication_key(publication).path) for publication in load_contracts().values()
        },
        "seeds": {f"seeds/{name}" for name in SEEDS},
        "measures": {f"measures/{name}" for name in MEASURES},
        "staging": {f"staging/{name}" for name in STAGING},
        "intermediate": {f"intermediate/{name}" for name in INTERMEDIATE},
        "marts": {f"marts/{name}" for name in MARTS},
        "answers": {f"answers/{name}" for name in ANSWERS},
        "published": {"published_marts", "site"},
    }
    assert len(groups["publications"]) > 15


def test_a_measure_does_not_hang_on_its_publications(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    contracts = load_contracts()

    def parents(*path: str) -> set[dg.AssetKey]:
        return set(graph.get(dg.AssetKey(list(path))).parent_keys)

    def publications(measure: str) -> set[dg.AssetKey]:
        """Of what its staged tables are read."""
        return {key for staged in parents("measures", measure) for key in parents(*staged.path)}

    assert publications("repeat_referrals") == {publication_key(contracts[IN_NEED])}
    assert publication_key(contracts["90804"]) in publications("road_casualties")
    assert {key.path[-1] for key in parents("published_marts")} == set(MARTS)
    # The pages are made last, from the marts.
    assert parents("site") == {dg.AssetKey("published_marts")}
    assert parents("intermediate", "int_core_measure_unioned") >= {
        dg.AssetKey(["measures", name]) for name in MEASURES
    }


def test_a_model_has_no_columns_or_no_checks(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    fact = dg.AssetKey(["marts", "fct_core_measure"])
    schema = graph.get(fact).metadata["dagster/column_schema"]
    assert {"value", "status", "source_row"} <= {column.name for column in schema.columns}
    assert all(column.description for column in schema.columns)
    checked = {key.asset_key for key in graph.asset_check_keys}
    assert fact in checked
    assert {publication_key(publication) for publication in load_contracts().values()} <= checked
    # Quality is decided where a load arrives; the graph shows it and blocks nothing.
    assert not any(graph.get(key).blocking for key in graph.asset_check_keys)


def test_the_job_does_not_run_or_the_hours_are_wrong(definitions: dg.Definitions) -> None:
    schedules = {s.name: s for s in definitions.resolve_all_job_defs() and definitions.schedules}
    assert {name: (s.cron_schedule, s.execution_timezone) for name, s in schedules.items()} == {
        "nightly": ("0 2 * * *", "Europe/London"),
        "publication_hour": ("35 9 * * 1-5", "Europe/London"),
    }
    assert {schedule.job_name for schedule in schedules.values()} == {JOB}
    job = definitions.resolve_job_def(JOB)
    assert job.executor_def.name == "in_process"


@pytest.mark.parametrize("switch", ["on", "off"])
def test_the_sensor_and_the_schedules_are_switched_on_by_two_settings(
    home: Path, switch: str
) -> None:
    settings = Settings.read({"CORE_MEASURES_SCHEDULES": switch})
    found = build_definitions(dbt_project(Home(home)).manifest(), settings=settings)
    running = {one.name: one.default_status.value for one in found.schedules or ()} | {
        one.name: one.default_status.value for one in found.sensors or ()
    }
    status = "RUNNING" if switch == "on" else "STOPPED"
    assert running == dict.fromkeys(("nightly", "publication_hour", "new_releases"), status)
    # Whoever looks for what runs by itself finds each by its name.
    page = (PROJECT / "docs" / "operate.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in running)


def materialized(home: Path, source: Path, *keys: dg.AssetKey) -> Any:
    """A run of some assets alone, as by who presses Materialize on them."""
    config = {"resources": {"refresh": {"config": {"source": str(source)}}}}
    definitions = build_definitions(dbt_project(Home(home)).manifest())
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config=config, raise_on_error=False, asset_selection=list(keys)
    )


def failure_of(result: Any) -> str:
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    cause = failed.step_failure_data.error.cause
    assert cause is not None
    return str(cause.message)


def test_dagster_serves_what_was_built_before_a_decision(
    second_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = second_home.parent / "archive"
    fact = dg.AssetKey(["marts", "fct_core_measure"])
    empty = tmp_path / "empty"
    monkeypatch.setenv("CORE_MEASURES_HOME", str(empty))
    Home(empty).prepare()
    # With nothing built there is nothing to publish, and a sentence says what to do.
    assert "NotPublishedError: Nothing was swapped: no warehouse has been built. Build first" in (
        failure_of(materialized(empty, archive, PUBLISHED, SITE))
    )
    home = copy_of(second_home, tmp_path / "home")
    monkeypatch.setenv("CORE_MEASURES_HOME", str(home))
    served = (home / "builds" / "current").readlink()
    assert command("reject", IN_NEED, "2024", "--reason", "a", "--home", home).returncode == 0
    result = materialized(home, archive, fact)
    assert result.success
    # One mart alone says what became of it, and of no other.
    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == fact
    assert event.materialization.metadata["dagster/row_count"].value > 0
    assert Home(home).candidate.exists()
    assert command("reject", IN_NEED, "2023", "--reason", "b", "--home", home).returncode == 0
    assert "was built from other loads, decisions or code than today's" in (
        failure_of(materialized(home, archive, PUBLISHED, SITE))
    )
    assert (home / "builds" / "current").readlink() == served
    assert not Home(home).candidate.exists()


def test_a_refused_load_is_not_shown_or_a_quiet_night_looks_like_a_missed_one_or_a_secret_is_kept(
    refused_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(refused_home, tmp_path / "home")
    monkeypatch.setenv("CORE_MEASURES_HOME", str(home))
    metrics = home / "metrics" / "core_measures.prom"
    metrics.unlink()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    definitions = build_definitions(dbt_project(Home(home)).manifest())
    log = tmp_path / "dagster"
    log.mkdir()
    with dg.DagsterInstance.local_temp(str(log)) as instance:
        # What the command built is what Dagster would build.
        result = run(definitions, refused_home.parent / "archive", instance)
        told = [event.message or "" for event in instance.all_logs(result.run_id)]
        assert data_version(instance, FACT) == Home(home).build_record()["digest"]
    assert result.success
    steps = {event.step_key for event in result.all_events if event.is_step_success}
    assert steps == {"publications", "models", "published"}
    assert sum("Nothing is new" in line for line in told) == 2, told
    # Of dbt's tests, which were not run again, Dagster says in one line that nothing was told.
    assert len([line for line in told if "did not yield" in line]) <= 1
    assert "core_measures_last_success_timestamp_seconds " in metrics.read_text()
    materialized = {event.asset_key for event in result.get_asset_materialization_events()}
    assert {PUBLISHED, FACT} <= materialized
    evaluations = {
        (event.asset_key, event.check_name): event for event in result.get_asset_check_evaluations()
    }
    shown = evaluations[publication_key(load_contracts()[IN_NEED]), ADMITTED]
    assert not shown.passed
    reasons = shown.metadata["refused"].value
    assert any("councils_present" in reason for load in reasons.values() for reason in load)
    assert any(path.suffix == ".db" for path in log.rglob("*")), "Dagster kept nothing"
    assert with_secret(tmp_path) == []


def test_the_workspace_does_not_load(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [
            str(Path(sys.executable).with_name("dagster")),
            "definitions",
            "validate",
            "-w",
            "workspace.yaml",
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=os.environ
        | {
            "CORE_MEASURES_HOME": str(tmp_path / "home"),
            "DAGSTER_HOME": str(tmp_path),
            "DAGSTER_TELEMETRY_ENABLED": "false",
        },
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr + outcome.stdout


def test_a_source_that_cannot_be_reached_is_given_up_at_once_or_asked_for_ever(
    definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def unreachable(*_: Any, **__: Any) -> list[Any]:
        asked.append(1)
        raise FetchError("memory://elsewhere cannot be read: connection refused")

    monkeypatch.setattr("orchestration.defs.resources.collect", unreachable)
    monkeypatch.setattr("orchestration.defs.assets.SECONDS_BEFORE_RETRY", 0.01)
    result = run(definitions, "memory://elsewhere")
    assert not result.success
    assert len(asked) == 3, "once, and twice again"


def test_dagster_does_not_show_what_the_command_built(second_home: Path, tmp_path: Path) -> None:
    home, archive = copy_of(second_home, tmp_path / "home"), second_home.parent / "archive"
    # The command was given Dagster's folder when it made the home.
    kept = copy_of(second_home.parent / "dagster", tmp_path / "dagster")
    publication = publication_key(load_contracts()[IN_NEED])
    with dg.DagsterInstance.from_config(str(kept)) as instance:
        shown = {key.path[0] for key in instance.get_asset_keys()}
        assert shown == {
            *("publications", "seeds", "measures", "staging", "intermediate", "marts", "answers"),
            *(PUBLISHED.path[0], SITE.path[0]),
        }
        event = instance.get_latest_materialization_event(FACT)
        assert event is not None
        assert event.run_id == "", "no run stands behind it"
        metadata = event.asset_materialization.metadata
        ((counted,),) = rows(home, "select count(*) from marts.fct_core_measure")
        assert metadata["dagster/row_count"].value == counted
        columns = metadata["dagster/column_schema"].schema.columns
        assert [(column.name, column.type) for column in columns] == rows(
            home,
            "select column_name, data_type from duckdb_columns()"
            " where schema_name = 'marts' and table_name = 'fct_core_measure'"
            " order by column_index",
        )
        assert all(column.description for column in columns)
        # What Dagster tells by which of its assets are behind.
        assert data_version(instance, FACT) == Home(home).build_record()["digest"]
        assert data_version(instance, publication) != data_version(instance, FACT)
        came = instance.get_latest_materialization_event(publication).asset_materialization
        assert "2024" in str(came.metadata["came in this run"].value)
        asked = dg.AssetCheckKey(publication, ADMITTED)
        (checked,) = instance.event_log_storage.get_asset_check_execution_history(asked, limit=5)
        assert checked.event.dagster_event.asset_check_evaluation_data.passed
    # A history that cannot be written fails nothing.
    lost = command(
        *("refresh", "--from", archive, "--home", home),
        environment={"DAGSTER_HOME": str(tmp_path / "nowhere")},
    )
    assert lost.returncode == 0, lost.stderr
    assert "Dagster's history has nothing of this refresh" in lost.stderr
    assert "Traceback" not in lost.stderr


def test_an_interrupted_run_fails_or_swaps_half_a_build_in_or_keeps_the_lock(
    first_home: Path, second_home: Path, tmp_path: Path
) -> None:
    """Asked to end, as by who stops its service; tests/test_reliability.py has Ctrl-C."""
    # dbt would take it for a fault of its own, and its threads would go on.
    stage, number = "Building: stg_", signal.SIGTERM
    home = copy_of(first_home, tmp_path / "home")
    served = (home / "builds" / "current").readlink()
    log, history = tmp_path / "log", tmp_path / "dagster"
    history.mkdir()
    with (
        log.open("wb") as kept,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "dagster", "job", "execute"),
                *("-m", "orchestration.definitions", "-j", JOB),
            ],
            cwd=PROJECT,
            stdout=kept,
            stderr=subprocess.STDOUT,
            preexec_fn=as_from_a_terminal,  # noqa: PLW1509  # the tests have one thread
            env=os.environ
            | {
                "CORE_MEASURES_HOME": str(home),
                "CORE_MEASURES_SOURCE": str(second_home.parent / "archive"),
                # Nobody is there: what would be sent is told of.
                "CORE_MEASURES_WEBHOOK": f"http://127.0.0.1:{free_port()}/",
                "DAGSTER_HOME": str(history),
                "DAGSTER_TELEMETRY_ENABLED": "false",
                "PYTHONPATH": str(PROJECT),
            },
        ) as process,
    ):
        end = time.monotonic() + 240
        while stage not in log.read_text() and time.monotonic() < end:
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.05)
        process.send_signal(number)
        code = process.wait(timeout=120)
    told = log.read_text()
    assert code == 128 + number, told[-2000:]
    sentence = (
        "Asked to end. What is served is whole; nothing is half-done. To go on: refresh again."
    )
    assert told.count(sentence) == 1, told[-2000:]
    assert "alert" not in told, told[-2000:]
    with dg.DagsterInstance.from_config(str(history)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.CANCELED
        # What Dagster's pages say of it.
        assert sentence in [event.message for event in instance.all_logs(run.run_id)]
    assert (home / "builds" / "current").readlink() == served
    assert rows(home, "select max(year) from marts.fct_core_measure") == rows(
        first_home, "select max(year) from marts.fct_core_measure"
    )
    place = Home(home)
    with place.locked(wait=False, waiting=lambda: None):
        place.sweep()
    assert not place.candidate.exists()

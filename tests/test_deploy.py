"""`deploy/` as it runs: three processes and a real PostgreSQL, each killed and started again."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import factory
import pytest
import yaml
from conftest import PROJECT, copy_of, free_port, graphql, rows

DEPLOY = PROJECT / "deploy"
IN_NEED = "characteristics-of-children-in-need"


def until(said: str, done: Callable[[], Any], seconds: float = 240) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{said}: not within {seconds:.0f} s")


class Machine:
    """A machine with the units of deploy/systemd, as far as a test can be one."""

    def __init__(self, folder: Path, postgres: int, serving: Path) -> None:
        self.folder = folder
        # It serves already, and its archive has one release more: a night has little to do.
        self.home = copy_of(serving, folder / "home")
        self.web = free_port()
        dagster = folder / "dagster"
        dagster.mkdir()
        (dagster / "dagster.yaml").symlink_to(DEPLOY / "dagster" / "dagster.yaml")
        archive = factory.lay_out(folder / "archive", figures=factory.figures_of(IN_NEED))
        self.environment = dict(
            line.split("=", 1)
            for line in (DEPLOY / "systemd" / "environment.example").read_text().splitlines()
            if line and not line.startswith("#")
        ) | {
            "CORE_MEASURES_HOME": str(self.home),
            "CORE_MEASURES_SOURCE": str(archive),
            "CORE_MEASURES_SITE": "false",
            # The schedule fires at the next full minute, and every minute after.
            "CORE_MEASURES_NIGHTLY": "* * * * *",
            "CORE_MEASURES_METRICS": str(folder / "metrics"),
            "CORE_MEASURES_CODE_PORT": str(free_port()),
            "DAGSTER_HOME": str(dagster),
            "DAGSTER_POSTGRES_PORT": str(postgres),
            "PYTHONPATH": str(PROJECT),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, name: str) -> list[str]:
        """The unit's own command, on this machine's folders and ports."""
        unit = (DEPLOY / "systemd" / f"core-measures-{name}.service").read_text()
        start = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1]
        start = re.sub(r"\$\{(\w+)\}", lambda m: self.environment[m[1]], start)
        program, *arguments = shlex.split(start.replace("/opt/core-measures", str(PROJECT)))
        arguments = [str(self.web) if one == "3000" else one for one in arguments]
        return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            self.command(name),
            stdout=log,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if "CORE_MEASURES" not in k}
            | self.environment,
            cwd=self.folder,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        """As `systemctl stop` does by the unit, and an init by its variable: all hear of it."""
        unit = (DEPLOY / "systemd" / f"core-measures-{name}.service").read_text()
        assert "\nKillMode=control-group\n" in unit
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGTERM)
        return process.wait(timeout=float(re.search(r"(?m)^TimeoutStopSec=(\d+)$", unit)[1]))

    def ask(self, query: str) -> Any:
        return graphql(self.web, query)

    def answers(self) -> bool:
        """The web server is up and has the code server's assets."""
        found = self.ask("{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}")
        return bool(found and found["repositoriesOrError"].get("nodes"))

    def healthy_daemons(self) -> set[str]:
        found = self.ask("{instance{daemonHealth{allDaemonStatuses{daemonType healthy required}}}}")
        statuses = found["instance"]["daemonHealth"]["allDaemonStatuses"] if found else []
        return {one["daemonType"] for one in statuses if one["healthy"]}

    def listens(self) -> bool:
        """The code server has loaded the definitions."""
        with socket.socket() as probe:
            probe.settimeout(1)
            port = int(self.environment["CORE_MEASURES_CODE_PORT"])
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def ended(self) -> dict[str, Any] | None:
        """A run of the schedule's that came to its end; the sensor has runs too.

        One that was to begin while the code server was away has failed.
        """
        ends = [
            one
            for one in self.runs()
            if one["status"] == "SUCCESS"
            and any(tag["key"] == "dagster/schedule_name" for tag in one["tags"])
        ]
        return ends[-1] if ends else None

    def is_well(self, check: list[str]) -> bool:
        """What a health check of the composition says, on this machine's ports."""
        ports = {"4000": self.environment["CORE_MEASURES_CODE_PORT"], "3000": str(self.web)}
        program, *arguments = [re.sub("4000|3000", lambda m: ports[m[0]], one) for one in check[1:]]
        return not subprocess.run(
            [Path(sys.executable).with_name(program), *arguments],
            env=os.environ | self.environment,
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=120,
        ).returncode

    def serves(self, release: str) -> bool:
        """The newest release that is served."""
        return rows(self.home, "select max(release) from marts.fct_core_measure") == [(release,)]

    def runs(self) -> list[dict[str, Any]]:
        found = self.ask("{runsOrError{... on Runs{results{runId status tags{key value}}}}}")
        return found["runsOrError"]["results"] if found else []


@pytest.fixture
def machine(postgres: int, first_home: Path, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path, postgres, first_home)
    yield made
    for name in list(made.processes):
        made.kill(name)


def test_a_deployment_does_not_run_or_does_not_outlive_a_kill(machine: Machine) -> None:
    machine.start("code")
    until("the code server listens", machine.listens)
    for name in ("webserver", "daemon"):
        machine.start(name)
    until("the web server shows the code", machine.answers)
    # The first run, the schedule's or the sensor's, is stopped with its service: it is cancelled.
    until("a refresh builds", (machine.home / "work" / "core_measures.duckdb").exists)
    assert machine.stop("code") == 0
    cancelled = {run["runId"] for run in machine.runs() if run["status"] == "CANCELED"}
    assert cancelled, machine.runs()
    assert machine.serves("2023")
    machine.start("code")
    until("the code server listens once more", machine.listens)
    # Killed while the schedule waits for its minute: what comes back takes up from PostgreSQL.
    machine.kill("webserver")
    machine.start("webserver")
    until("the web server after it was killed", machine.answers)
    assert cancelled <= {run["runId"] for run in machine.runs()}
    # The checks of the composition find them well.
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))["services"]
    for name in ("code", "daemon", "webserver"):
        assert machine.is_well(services[name]["healthcheck"]["test"]), name
    # The schedule is on without a hand, and runs through the daemon.
    ran = until("the schedule ran", machine.ended)
    tags = {tag["key"]: tag["value"] for tag in ran["tags"]}
    assert tags["dagster/schedule_name"] == "nightly"
    assert machine.serves("2024")
    ((figures,),) = rows(machine.home, "select count(*) from marts.fct_core_measure")
    assert figures > 3000
    metrics = (machine.folder / "metrics" / "core_measures.prom").read_text()
    assert 'core_measures_loads{state="admitted"} 4' in metrics
    # Readers go on reading while all that could write is gone.
    for name in ("daemon", "code"):
        machine.kill(name)
    assert rows(machine.home, "select count(*) from marts.fct_core_measure") == [(figures,)]
    machine.start("code")
    until("the code server listens again", machine.listens)
    machine.start("daemon")
    until("the web server shows the code again", machine.answers)
    until("the daemon's heart beats", lambda: "SCHEDULER" in machine.healthy_daemons())
    assert ran["runId"] in {one["runId"] for one in machine.runs()}


def test_a_unit_or_the_composition_names_what_is_not_there() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
    assert set(composed["services"]) == {"postgres", "code", "daemon", "webserver"}
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = {
        name
        for source in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for name in source.split()
    }
    assert all((PROJECT / name).exists() for name in copied), copied
    scripts = Path(sys.executable).parent
    for name in ("code", "webserver", "daemon"):
        command = composed["services"][name]["command"]
        unit = (DEPLOY / "systemd" / f"core-measures-{name}.service").read_text("utf-8")
        assert (scripts / command[0]).exists()
        # Under Compose and under systemd the same program with the same options.
        options = [one for one in command if one.startswith("--") or not one.startswith("/")]
        for option in options:
            if option.startswith("--"):
                assert option in unit, (name, option)
        for path in (one for one in command if one.startswith("/opt/core-measures/")):
            assert (PROJECT / path.removeprefix("/opt/core-measures/")).exists(), path
    # What the image is made of is sent to the builder, and nothing else: no home, no secret.
    ignored = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    # A refresh under way hears of it when its server is stopped.
    assert composed["services"]["code"]["init"] is True
    assert composed["services"]["code"]["environment"]["TINI_KILL_PROCESS_GROUP"] == "1"
    # Who waits for a process, or starts it again, can tell whether it works.
    for name, service in composed["services"].items():
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
    assert composed["services"]["code"]["build"]["dockerfile"] == "deploy/Dockerfile"
    # No password is kept in the repository.
    assert composed["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")


def test_an_image_is_made_of_what_was_not_chosen_or_holds_what_builds_it() -> None:
    """The base images can be held by their digests; of packages there are those of a deployment."""
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    bases = re.findall(r"(?m)^FROM (\S+)", dockerfile)
    assert bases == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]
    composed = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))["services"]
    for name in ("code", "daemon", "webserver"):
        assert composed[name]["build"]["args"]["PYTHON_IMAGE"].startswith("${PYTHON_IMAGE:-")
    assert composed["postgres"]["image"].startswith("${POSTGRES_IMAGE:-")
    # The last stage takes the environment alone from the first, which has let go of its tools.
    last = dockerfile.rpartition("\nFROM ")[2]
    assert re.findall(r"(?m)^COPY (.+)$", last) == [
        "--from=build /opt/core-measures/.venv .venv",
        "deploy/dagster deploy/dagster",
    ]
    assert "pip uninstall --yes setuptools pip" in dockerfile
    lists = re.findall(r"-r (\S+\.txt)", dockerfile)
    assert lists == ["constraints.txt", "constraints-deploy.txt"]
    installed = {
        name
        for path in lists
        for name in re.findall(r"(?m)^([a-z0-9._-]+).*==", (PROJECT / path).read_text("utf-8"))
    }
    assert {"dagster", "duckdb", "dbt-duckdb", "dagster-webserver"} <= installed
    assert not installed & {"pytest", "ruff", "mypy", "sqlfluff", "bandit", "playwright", "uv"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_a_unit_says_what_systemd_does_not_understand(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").glob("*.service"):
        text = unit.read_text("utf-8").replace("/opt/core-measures", str(PROJECT))
        text = re.sub(
            "(?m)^(EnvironmentFile=).*$", rf"\1{DEPLOY}/systemd/environment.example", text
        )
        (tmp_path / unit.name).write_text(text.replace(f"{PROJECT}/.venv", sys.prefix))
        outcome = subprocess.run(
            ["systemd-analyze", "verify", tmp_path / unit.name],
            capture_output=True,
            text=True,
            check=False,
        )
        told = [line for line in outcome.stderr.splitlines() if unit.name in line]
        assert told == []


def test_a_value_of_the_environment_is_not_in_the_table() -> None:
    """docs/operate.md lists every variable that code and deploy/ read, and no other."""
    pattern = re.compile(r"\b(?:CORE_MEASURES|DAGSTER)_[A-Z_]*[A-Z]\b")
    read: set[str] = set()
    for folder, suffixes in (
        ("orchestration", {".py"}),
        ("warehouse", {".py"}),
        ("ingest", {".py"}),
        ("expectations", {".py"}),
        ("deploy", {".yml", ".yaml", ".service", ".example"}),
    ):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in suffixes:
                read |= set(pattern.findall(path.read_text("utf-8")))
    table = (PROJECT / "docs" / "operate.md").read_text("utf-8").split("## Configuration")[1]
    listed = set(re.findall(r"^\| `([A-Z_]+)`", table.split("\n## ")[0], re.MULTILINE))
    # These the command sets itself, for dbt and for Dagster.
    internal = {"CORE_MEASURES_DATABASE", "DAGSTER_TELEMETRY_ENABLED"}
    internal |= {name for name in read if name.startswith("CORE_MEASURES_DBT_")}
    assert listed == read - internal

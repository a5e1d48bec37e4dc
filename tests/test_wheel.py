"""The wheel is the product: installed by itself, in an empty folder, it does all that it is for."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from conftest import IN_NEED, PROJECT

PARTS = ("ingest", "expectations", "warehouse", "orchestration", "dbt_project")
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")


def environment() -> dict[str, str]:
    """As a shell has it that knows nothing of this project."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith(("CORE_MEASURES_", "DAGSTER_"))
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for part in PARTS:
        shutil.copytree(PROJECT / part, source / part, ignore=NOT_SOURCE)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", folder / "dist", source]
    subprocess.run([*pip, *build], check=True, timeout=300)
    (wheel,) = (folder / "dist").glob("*.whl")
    place = folder / "environment"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    told = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = subprocess.check_output([python, "-c", told], text=True).strip()
    (Path(packages) / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    install = ["--python", python, "install", "--no-deps", "--no-index", wheel]
    subprocess.run([*pip, *install], check=True, timeout=300)
    kept = {path for part in PARTS for path in (source / part).rglob("*") if path.is_file()}
    missing = {
        path.relative_to(source)
        for path in kept
        if not (Path(packages) / path.relative_to(source)).exists()
    }
    # What is for who writes the code, and is read by nothing.
    assert {path.name for path in missing} <= {"README.md", ".sqlfluff", ".sqlfluffignore"}
    shutil.rmtree(source)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a user is who has nothing but the wheel: first empty, then with a home in it."""
    return tmp_path_factory.mktemp("anywhere")


def test_what_is_installed_from_the_wheel_lacks_its_data(installed: Path, folder: Path) -> None:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(one) for one in arguments],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    found = run(
        installed / "bin" / "python",
        "-c",
        f"import {', '.join(PARTS[:4])}; print({'.__file__, '.join(PARTS[:4])}.__file__)",
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count(f"{installed}/lib") == 4, found.stdout
    command = installed / "bin" / "core-measures"
    outcome = run(command, "refresh", "--from", "sample", "--only", IN_NEED, "--no-site")
    assert outcome.returncode == 0, outcome.stderr
    assert "Warehouse: data/warehouse/core_measures.duckdb" in outcome.stdout
    # What it says to do next can be done.
    following = outcome.stdout.split("Next:\n")[1].splitlines()
    assert len(following) == 3
    for line in following:
        told = run(*shlex.split(line))
        assert told.returncode == 0, told.stderr
        assert told.stdout.strip()
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_dagster_does_not_load_what_is_installed_from_the_wheel(
    installed: Path, folder: Path, tmp_path: Path
) -> None:
    """Its definitions, as Dagster's servers load them; tests/test_dagster.py has the servers."""
    listed = subprocess.run(
        [
            *(str(installed / "bin" / "python"), "-m", "dagster"),
            *("asset", "list", "-m", "orchestration.definitions"),
        ],
        cwd=folder,
        env=environment() | {"DAGSTER_TELEMETRY_ENABLED": "false", "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert listed.returncode == 0, listed.stderr[-2000:]
    assert {"published_marts", "marts/fct_core_measure"} <= set(listed.stdout.split())

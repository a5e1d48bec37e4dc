"""The environment that `make refresh` sets up: pinned packages, by uv or without it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

# A project that builds itself, so that nothing needs to be fetched.
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "tried-1-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as kept:
        kept.writestr("tried.py", "")
        about = "Metadata-Version: 2.1\\nName: tried\\nVersion: 1\\n"
        kept.writestr("tried-1.dist-info/METADATA", about)
        kept.writestr("tried-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        kept.writestr("tried-1.dist-info/RECORD", "")
    return name
"""
# Stands for uv, and keeps what it was told.
UV = """#!/bin/sh
{ echo "$@"; env | grep ^UV_ | sort; } >> "$TOLD"
exit "${FAILS:-0}"
"""
# An environment is completed by the same steps as it is made, and made by one test alone.
COMPLETED = ("--extra", "deploy")


def wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """A wheel of these files; its hash."""
    path = folder / f"{name}-1-py3-none-any.whl"
    about = f"{name}-1.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as kept:
        for place, text in files.items():
            member = zipfile.ZipInfo(place)
            member.external_attr = 0o100755 << 16
            kept.writestr(member, text)
        record = ""
        for place, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += f"{place},sha256={digest.decode().rstrip('=')},{len(text)}\n"
        kept.writestr(f"{about}/RECORD", record + f"{about}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one package, and a folder of wheels in place of a registry."""
    root, wheels = tmp_path / "project", tmp_path / "wheels"
    (root / "scripts").mkdir(parents=True)
    wheels.mkdir()
    shutil.copy(PROJECT / "scripts" / "set_up.py", root / "scripts")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    for name, files in (("needed", {"needed.py": ""}), ("uv", {"uv-1.data/scripts/uv": UV})):
        digest = wheel(wheels, name, files)
        suffix = "-uv" if name == "uv" else ""
        (root / f"constraints{suffix}.txt").write_text(f"{name}==1 --hash=sha256:{digest}\n")
    (root / "constraints-deploy.txt").touch()
    return root


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of nothing but pip, which takes as long to make as all that follows."""
    folder = tmp_path_factory.mktemp("environment") / "empty"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


@pytest.fixture
def begun(project: Path, empty: Path) -> Path:
    """The project with an environment that is there, to complete: `set_up(…, "--extra", …)`."""
    shutil.copytree(empty, project / ".venv", symlinks=True)
    return project


def set_up(project: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project.parent / "wheels")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "TOLD": str(project / "told")}
    return subprocess.run(
        [sys.executable, str(project / "scripts" / "set_up.py"), str(project / ".venv"), *options],
        capture_output=True,
        text=True,
        env=environment | more,
        check=False,
    )


def imports(project: Path, module: str) -> bool:
    python = project / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", f"import {module}"], check=False).returncode == 0


def test_uv_is_sent_to_another_place_than_pip(begun: Path) -> None:
    extra = "https://one.example/simple https://two.example/simple"
    outcome = set_up(begun, *COMPLETED, PIP_EXTRA_INDEX_URL=extra)
    assert outcome.returncode == 0, outcome.stderr
    told = (begun / "told").read_text()
    assert f"UV_FIND_LINKS={begun.parent / 'wheels'}" in told
    assert f"UV_INDEX={extra}" in told
    assert "UV_NO_INDEX=1" in told
    assert f"--require-hashes --compile-bytecode -r {begun / 'constraints.txt'}" in told


def test_a_machine_without_uv_gets_nothing(project: Path) -> None:
    (project.parent / "wheels" / "uv-1-py3-none-any.whl").unlink()
    outcome = set_up(project)
    assert outcome.returncode == 0, outcome.stderr
    assert "uv cannot be had here, so pip installs instead" in outcome.stdout
    assert imports(project, "needed")
    assert imports(project, "tried")


def test_a_machine_where_uv_fails_gets_nothing(begun: Path) -> None:
    outcome = set_up(begun, *COMPLETED, FAILS="2")
    assert outcome.returncode == 0, outcome.stderr
    assert "uv could not install, so pip does" in outcome.stderr
    assert imports(begun, "needed")


@pytest.mark.parametrize("damaged", ["needed", "uv"])
def test_a_package_that_is_not_the_one_that_was_looked_at_is_installed(
    begun: Path, damaged: str
) -> None:
    wheel(begun.parent / "wheels", damaged, {f"{damaged}.py": "# something else"})
    outcome = set_up(begun, *COMPLETED, FAILS="2")
    # uv's place is taken by pip; nothing takes the place of a package.
    assert (outcome.returncode == 0) == (damaged == "uv")
    assert not (begun / "told").exists() or damaged == "needed"
    assert imports(begun, "needed") == (damaged == "uv")

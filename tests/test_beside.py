"""A refresh by several processes, as it is outside the tests: one builds, two write the site."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from conftest import PROJECT, as_from_a_terminal, copy_of


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def _builder_of(pid: int) -> int:
    """The process that builds: the one that was not forked, but begun as a new interpreter."""
    spawned = [
        child
        for child in _children(pid)
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(spawned) == 1, spawned
    return spawned[0]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_processes_beside_one_another_serve_other_than_one_or_half_of_a_build(
    first_home: Path, second_home: Path, tmp_path: Path
) -> None:
    home = copy_of(first_home, tmp_path / "home")
    served = (home / "warehouse").resolve()
    refresh = [
        *(sys.executable, "-m", "orchestration.cli", "refresh"),
        *("--from", second_home.parent / "archive", "--home", home),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "CORE_MEASURES_WORKERS": "2",
        "CORE_MEASURES_SITE": "true",
    }
    with subprocess.Popen(
        refresh,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=as_from_a_terminal,  # noqa: PLW1509  # the tests have one thread
    ) as process:
        assert process.stderr and process.stdout
        for line in process.stderr:
            if line.startswith("Building: "):
                break
        os.kill(_builder_of(process.pid), signal.SIGKILL)
        printed, complained = process.stdout.read(), process.stderr.read()
    assert process.returncode == 1
    assert printed == ""
    assert complained.splitlines()[-1] == (
        "The process that built the candidate was ended from without, perhaps for want of memory;"
        " nothing was swapped. Refresh again."
    )
    assert "Traceback" not in complained
    assert (home / "warehouse").resolve() == served

    subprocess.run(refresh, cwd=PROJECT, env=environment, capture_output=True, check=True)
    by_one, by_two = (_files(each / "published" / "latest") for each in (second_home, home))
    assert set(by_two) == set(by_one)
    differing = {
        name
        for name, content in by_two.items()
        if content != by_one[name] and Path(name).suffix != ".duckdb"
    }
    assert differing == set()
    assert sum(name.startswith("site/councils/") for name in by_two) > 300

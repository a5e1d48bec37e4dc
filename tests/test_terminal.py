"""The terminal: what stops a command, what cannot be written, and how narrow it may be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import factory
import pytest
from conftest import PROJECT, as_from_a_terminal, command, copy_of

IN_NEED = "characteristics-of-children-in-need"


@pytest.mark.parametrize(
    ("stage", "number", "code", "word"),
    [
        ("Bringing home", signal.SIGTERM, 143, "Asked to end."),
        ("Checking loads", signal.SIGINT, 130, "Interrupted."),
        ("Building", signal.SIGTERM, 143, "Asked to end."),
        ("Publishing", signal.SIGINT, 130, "Interrupted."),
    ],
)
def test_an_interrupted_refresh_ends_in_a_traceback_or_is_half_done(
    tmp_path: Path, stage: str, number: signal.Signals, code: int, word: str
) -> None:
    archive = factory.lay_out(tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2023"]))
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "refresh", "--from", archive, "--home", home],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        preexec_fn=as_from_a_terminal,  # noqa: PLW1509  # the tests have one thread
    ) as process:
        assert process.stderr and process.stdout
        before = []
        for line in process.stderr:
            before.append(line)
            if stage in line:
                break
        assert before, "it said nothing"
        assert stage in before[-1], before
        process.send_signal(number)
        printed, said = process.stdout.read(), process.stderr.read()
    assert process.returncode == code
    assert printed == ""
    assert [line for line in said.splitlines() if word in line] == [
        f"{word} What is served is whole; nothing is half-done. To go on: refresh again."
    ]
    assert "Traceback" not in said
    assert "leaked" not in said
    assert not (home / "warehouse").exists() or not list((home / "warehouse").iterdir())


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Asked to end.")],
)
def test_a_command_that_is_interrupted_as_it_begins_ends_in_a_traceback_or_in_silence(
    sample_home: Path, number: signal.Signals, code: int, word: str
) -> None:
    """Once it hears of signals, its libraries not being there yet, or a little later."""
    for later in (0.0, 0.02, 0.2):
        with subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "status", "--home", sample_home],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=as_from_a_terminal,  # noqa: PLW1509  # the tests have one thread
        ) as process:
            hears_of_signals(process.pid)
            time.sleep(later)
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
        assert (process.returncode, said.strip()) == (code, word), later


def test_documenting_that_is_interrupted_is_told_as_a_fault_of_dbt(
    first_home: Path, tmp_path: Path
) -> None:
    home = copy_of(first_home, tmp_path / "home")
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "docs", "--home", home],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_terminal,  # noqa: PLW1509  # the tests have one thread
    ) as process:
        end = time.monotonic() + 60
        while not (home / "work" / "core_measures.duckdb").exists() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "")
    assert said.strip() == "Interrupted. To go on: core-measures docs again."


def hears_of_signals(pid: int) -> None:
    """Wait until a process has said what SIGTERM is to do, as the command does first of all."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs Linux, which says what a process listens to")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        caught = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)
    raise AssertionError("it listens to nothing")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_what_is_printed_or_written_ends_in_a_traceback(
    sample_home: Path, tmp_path: Path
) -> None:
    full = Path("/dev/full")
    for arguments, out in (
        (("--help",), full),
        (("status", "--home", sample_home), full),
        (("sql", "select 1", "--format", "csv", "--home", sample_home), full),
        (("pack", "Leeds", "--html", full, "--home", sample_home), tmp_path / "out"),
    ):
        with out.open("w") as file:
            outcome = subprocess.run(
                [sys.executable, "-m", "orchestration.cli", *arguments],
                cwd=PROJECT,
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        told = (outcome.returncode, outcome.stderr)
        assert told == (1, "No space left on device.\n"), arguments


def test_what_cannot_be_read_or_written_ends_in_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for arguments in (
        ("status", "--home", tmp_path / "file"),
        ("refresh", "--from", "sample", "--home", tmp_path / "file" / "home"),
        ("restore", tmp_path / "nothing.tar", "--home", tmp_path / "home"),
    ):
        outcome = command(*arguments)
        assert outcome.returncode in (1, 2), arguments
        assert "Traceback" not in outcome.stderr, outcome.stderr
        assert outcome.stderr.strip(), arguments


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read everything"
)
@pytest.mark.parametrize("part", ["", "archive", "builds"])
def test_a_home_that_may_not_be_read_looks_like_an_empty_one(
    first_home: Path, tmp_path: Path, part: str
) -> None:
    home = copy_of(first_home, tmp_path / "home")
    (home / part).chmod(0)
    bare = (
        ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    )
    try:
        for arguments in (
            ("status",),
            ("refresh", "--from", "sample"),
            ("sql", "select 1"),
            ("site",),
            ("docs",),
            ("backup", tmp_path / "backup.tar"),
            ("archive", "verify"),
            ("archive", "export", tmp_path / "export.tar"),
        ):
            outcome = subprocess.run(
                [*bare, sys.executable, "-m", "orchestration.cli", *arguments, "--home", home],
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=False,
            )
            told = (outcome.returncode, outcome.stdout, outcome.stderr)
            assert told[:2] == (1, ""), (arguments, told)
            (line,) = outcome.stderr.splitlines()
            assert line.startswith(f"The home {home} may not be read by this user: {home / part}")
    finally:
        (home / part).chmod(0o755)


@pytest.mark.parametrize("width", ["40", "80"])
def test_a_narrow_terminal_cuts_the_names_that_a_command_is_to_be_given(
    sample_home: Path, width: str
) -> None:
    outcome = command(
        *("status", "--home", sample_home), environment={"FORCE_COLOR": "1", "COLUMNS": width}
    )
    assert outcome.returncode == 0, outcome.stderr
    for publication in (IN_NEED, "children-looked-after-in-england-including-adoptions"):
        assert publication in outcome.stdout
    assert "…" not in outcome.stdout

"""The terminal: what stops a command, what cannot be written, and how narrow it may be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import factory
import pytest
from conftest import PROJECT, as_from_a_terminal, command

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
        f"{word} What was served still is; nothing is half-done. To go on: refresh again."
    ]
    assert "Traceback" not in said
    assert "leaked" not in said
    assert not (home / "warehouse").exists() or not list((home / "warehouse").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_a_listing_ends_in_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        outcome = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "--help"],
            cwd=PROJECT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (outcome.returncode, outcome.stderr) == (1, "No space left on device.\n")


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

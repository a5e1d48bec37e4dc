"""What an operator relies on: backup, upgrades, metrics, logs, and the table of what was done."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from functools import reduce
from pathlib import Path

import pytest
from conftest import IN_NEED, PROJECT, command, copy_of, rows

from ingest.errors import HomeError
from warehouse.serve.backup import BackupError, restore_backup
from warehouse.serve.home import Home

HELP_LINE = re.compile(r"^# (HELP|TYPE) [a-z_]+ .+$")
SAMPLE_LINE = re.compile(
    r'^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \d+(\.\d+)?(e[+-]\d+)?$'
)


def marts(home: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (home / "published" / "latest").glob("*.csv")}


# --- backup and restore


def test_a_restored_home_serves_something_else(second_home: Path, tmp_path: Path) -> None:
    name = "home.tar.gz"
    made = command("backup", tmp_path / name, "--home", second_home)
    assert made.returncode == 0, made.stderr
    home = tmp_path / "restored"
    restored = command("restore", tmp_path / name, "--home", home)
    assert restored.returncode == 0, restored.stderr
    assert marts(home) == marts(second_home)
    count = "select count(*), sum(value) from marts.fct_core_measure"
    assert rows(home, count) == rows(second_home, count)
    index = Path("published") / "index.json"
    assert (home / index).read_bytes() == (second_home / index).read_bytes()
    kept = json.loads((home / index).read_bytes())["latest"]
    assert (home / "published" / kept / "fct_core_measure.parquet").exists()
    # Nothing is new to it: its verdicts hold, and it is what was served.
    again = command("refresh", "--from", second_home.parent / "archive", "--home", home)
    assert again.returncode == 0, again.stderr
    assert "Nothing new; still serving" in again.stdout
    # Neither replaces what is there.
    for call in (("backup", tmp_path / name, "--home", home),
                 ("restore", tmp_path / name, "--home", home)):  # fmt: skip
        outcome = command(*call)
        assert outcome.returncode == 1
        assert len(outcome.stderr.splitlines()) == 1


def test_a_damaged_backup_becomes_a_home(first_home: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar"
    assert command("backup", whole, "--home", first_home).returncode == 0
    data = whole.read_bytes()
    flipped = bytearray(data)
    # A byte in the middle of some file's content.
    at = data.index(b"Leeds") + 2
    flipped[at] ^= 0xFF
    outside = tmp_path / "outside.tar"
    with tarfile.open(outside, "w") as tar:
        (tmp_path / "core-measures-backup.json").write_text('{"format": 1, "files": {}}')
        tar.add(tmp_path / "core-measures-backup.json", "core-measures-backup.json")
        tar.add(whole, "../escaped")
    newer = tmp_path / "newer.tar"
    with tarfile.open(newer, "w") as tar:
        (tmp_path / "n.json").write_text('{"format": 99, "files": {}}')
        tar.add(tmp_path / "n.json", "core-measures-backup.json")
    for name, content in (
        ("flipped.tar", bytes(flipped)),
        ("cut.tar", data[: len(data) // 2]),
        ("empty.tar", b""),
        ("text.tar", b"not a backup"),
        ("outside.tar", None),
        ("newer.tar", None),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        home = tmp_path / "home"
        with pytest.raises((BackupError, HomeError)):
            restore_backup(tmp_path / name, Home(home))
        assert not home.exists(), name
        assert not list(tmp_path.glob(".home-*")), name
    assert not (tmp_path.parent / "escaped").exists()


# --- upgrades


def test_a_home_of_an_older_version_is_misread(second_home: Path, tmp_path: Path) -> None:
    """As it was before layouts, dates and comments: other digests, nothing of what came since."""
    home = copy_of(second_home, tmp_path / "home")
    (home / "home.json").unlink()
    (home / "published" / "index.json").unlink()
    for dated in (home / "published").glob("2*"):
        shutil.rmtree(dated)
    shutil.rmtree(home / "work" / "dbt")
    record = home / "builds" / "current" / "build.json"
    document = json.loads(record.read_bytes())
    record.write_text(json.dumps({"digest": "0" * 64, "checks": document["checks"]}))
    for verdict in home.glob("archive/*/*/*/verdict.json"):
        kept = json.loads(verdict.read_bytes())
        verdict.write_text(json.dumps(kept | {"digest": "1" * 64}))
    before = marts(home)
    outcome = command("refresh", "--from", second_home.parent / "archive", "--home", home)
    assert outcome.returncode == 0, outcome.stderr
    releases = len(list(home.glob("archive/*/*/*/verdict.json")))
    assert f"Checking loads: {releases}" in outcome.stderr
    assert marts(home) == before
    assert json.loads((home / "home.json").read_bytes()) == {"format": 1}
    told = json.loads((home / "published" / "index.json").read_bytes())["publications"]
    # What was served before stood in its place, and nothing in it changed.
    assert told[0]["changes"]["measures"] == {}
    assert not told[0]["changes"]["first"]


@pytest.mark.parametrize("mark", ['{"format": 2}', "{", "[]", '{"format": "x"}'])
def test_a_home_of_a_newer_version_is_touched(tmp_path: Path, mark: str) -> None:
    home = tmp_path / "home"
    (home / "archive").mkdir(parents=True)
    (home / "home.json").write_text(mark)
    for call in (
        ("refresh", "--from", "sample"),
        ("status",),
        ("sql", "select 1"),
        ("site",),
        ("backup", tmp_path / "b.tar"),
    )[: 5 if mark == '{"format": 2}' else 2]:
        outcome = command(*call, "--home", home)
        assert outcome.returncode == 1, call
        assert "nothing was changed" in outcome.stderr
        assert "Traceback" not in outcome.stderr
    assert sorted(p.name for p in home.iterdir()) == ["archive", "home.json"]
    assert not (tmp_path / "b.tar").exists()


# --- what a refresh tells


def test_a_machine_cannot_read_what_a_refresh_did(refused_home: Path, tmp_path: Path) -> None:
    home, archive = copy_of(refused_home, tmp_path / "home"), refused_home.parent / "archive"
    told = json.loads((refused_home.parent / "printed.json").read_text())
    assert told["outcome"] == "published"
    assert told["exit_code"] == 2
    assert len(told["releases_arrived"]) == 1
    assert told["loads"]["held"] == 4
    assert told["loads"]["admitted"] == 3
    ((refused),) = told["loads"]["refused"]
    assert refused["reasons"]
    assert set(told["seconds"]) == {"Bringing home", "Checking loads", "Building", "Publishing"}
    figures = rows(
        home,
        "select measure_id, count(*) from marts.fct_core_measure where year = 2024 group by all",
    )
    assert figures
    assert {name: change["new"] for name, change in told["changes"]["measures"].items()} == dict(
        figures
    )
    said = (refused_home.parent / "said.txt").read_text()
    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"at", "level", "event"} <= set(line) for line in lines)
    stages = [line["stage"] for line in lines if line["event"] == "stage_began"]
    assert stages == ["Bringing home", "Checking loads", "Building", "Publishing"]
    assert any(line["level"] == "warning" and "Refused" in line["message"] for line in lines
               if line["event"] == "said")  # fmt: skip
    # The metrics say the same.
    text = (home / "metrics" / "core_measures.prom").read_text()
    assert all(HELP_LINE.match(line) or SAMPLE_LINE.match(line) for line in text.splitlines()), text
    assert 'core_measures_loads{state="refused"} 1' in text
    assert 'core_measures_loads{state="admitted"} 3' in text
    success = re.search(r"^core_measures_last_success_timestamp_seconds (\S+)$", text, re.M)[1]
    # A refresh that fails keeps the last success.
    failed = command("refresh", "--from", tmp_path / "nowhere", "--home", home, "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["outcome"] == "nothing_published"
    text = (home / "metrics" / "core_measures.prom").read_text()
    assert f"core_measures_last_success_timestamp_seconds {success}" in text
    # Nothing new is told as such, and people are told in a table what came before.
    again = command("refresh", "--from", archive, "--home", home, "--json")
    assert json.loads(again.stdout)["outcome"] == "unchanged"
    assert json.loads(again.stdout)["changes"] is None
    people = command("refresh", "--from", archive, "--home", home)
    assert re.search(rf"{IN_NEED} +.*3 of 4 +c1_\S+csv: \w+", people.stdout), people.stdout


def test_a_screen_does_not_say_what_came_and_what_changed(sample_home: Path) -> None:
    printed = (sample_home / "printed.txt").read_text()
    assert re.search(r"Publication +New releases +Admitted +Refused: reason", printed)
    assert re.search(r"children-looked-after\S+ +4 releases, 2022 to 2025 +16 of 16", printed)
    assert re.search(r"Measure +Figures new +Changed +Gone", printed)
    assert re.search(r"ehc_plans_in_20_weeks +[\d,]+ +0 +0", printed)
    # One screen.
    assert len(printed.splitlines()) <= 60


def test_progress_tells_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from rich.console import Console

    from orchestration.reporting import progress

    text = io.StringIO()
    reporter = progress.PlainReporter(Console(file=text, width=200))
    reporter.begin("Checking loads", 3)
    with monkeypatch.context() as long_after:
        long_after.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
        reporter.advance("a 2023")
    reporter.advance("a 2024")
    reporter.advance("b 2024")
    lines = text.getvalue().splitlines()
    assert lines[0] == "Checking loads: 3"
    assert re.fullmatch(r"Checking loads: 1 of 3, about \d+ s left \(a 2023\)", lines[1])
    assert len(lines) == 2
    # A terminal shows it too.
    screen = io.StringIO()
    with progress.TerminalReporter(Console(file=screen, force_terminal=True, width=160)) as live:
        live.begin("Checking loads", 2)
        live.advance("a 2023")
    assert "left" in screen.getvalue()
    assert "1/2" in screen.getvalue()


# --- the documents


# What no test can run, and why; each other line of the page's blocks is run.
NOT_RUN = {
    "docker compose -f deploy/compose.yml up ": "no Docker; tests/test_deploy.py holds the file",
    "core-measures refresh": "asks the publishers; tests/test_live_refresh.py has stand-ins",
    "export CORE_MEASURES_ARCHIVE=": "tests/test_object_storage.py has a bucket of its own",
    "apt-get ": "changes the machine",
    "adduser ": "changes the machine",
    "git clone ": "needs where the repository is",
    "python3 scripts/set_up.py": "tests/test_set_up.py",
    "sudo -u postgres ": "tests/test_deploy.py has a PostgreSQL of its own",
    "editor ": "for a person",
    "systemctl ": "no systemd; tests/test_deploy.py starts the units' commands",
}


def test_a_command_of_the_operators_page_does_not_do_what_it_says(
    first_home: Path, tmp_path: Path
) -> None:
    """Each line of its blocks is run, or has its reason; the way into a container is left out."""
    text = (PROJECT / "docs" / "operate.md").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    inside = re.compile(r"docker compose -f deploy/compose\.yml exec (?:-T )?code ")
    calls = [one for line in lines for one in inside.sub("", line).split(" && ")]
    home = copy_of(first_home, tmp_path / "home")
    machine = tmp_path / "machine"
    (machine / "etc" / "systemd" / "system").mkdir(parents=True)
    places = {
        # Who installs is root, and there is nobody else to own a file.
        "-o core-measures -g core-measures ": "",
        "-g core-measures ": "",
        "/var/lib/core-measures/dagster": str(machine / "var" / "dagster"),
        "/var/lib/core-measures/home": str(home),
        "/etc/": f"{machine}/etc/",
        "/opt/core-measures": str(PROJECT),
        " deploy/": f" {PROJECT}/deploy/",
        "/srv/restored": str(tmp_path / "restored"),
        "/backups": str(tmp_path),
        "PUBLICATION RELEASE": f"{IN_NEED} 2023",
    }
    ran, left_out = [], set()
    # A release that somebody kept out waits to be accepted.
    kept_out = command("reject", IN_NEED, "2023", "--reason", "tried", "--home", home)
    assert kept_out.returncode == 0, kept_out.stderr
    for line in calls:
        if why := [one for one in NOT_RUN if line == one or (line + " ").startswith(one)]:
            left_out |= set(why)
            continue
        call = reduce(lambda told, at: told.replace(*at), places.items(), line)
        if call.startswith("core-measures "):
            words = shlex.split(call)[1:]
            outcome = command(*words, environment={"CORE_MEASURES_HOME": str(home)})
            assert outcome.returncode == 0, (call, outcome.stderr)
            ran.append(words[0])
        else:
            subprocess.run(["sh", "-ec", call], cwd=tmp_path, check=True)
            ran.append(call.split()[0])
    assert left_out == set(NOT_RUN), "a reason that no line needs"
    assert ran == [
        *("status", "accept", "mkdir", "tar", "cd", "install", "ln", "install", "install"),
        *("backup", "restore"),
    ]
    # The marts came out, and the restored home serves what the first does.
    taken = {p.name: p.read_bytes() for p in (tmp_path / "marts").glob("*.csv")}
    assert taken == marts(home) == marts(tmp_path / "restored")
    assert taken
    # What is installed stands where the units look for it, and no other user reads the password.
    environment = machine / "etc" / "core-measures" / "environment"
    assert environment.stat().st_mode & 0o777 == 0o640
    units = sorted(path.name for path in (machine / "etc" / "systemd" / "system").iterdir())
    assert units == sorted(path.name for path in (PROJECT / "deploy" / "systemd").glob("*.service"))
    assert (machine / "var" / "dagster" / "dagster.yaml").resolve().is_file()


def test_the_operators_page_names_a_command_that_is_not_there(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "operate.md").read_text("utf-8")
    commands = set(re.findall(r"(?m)^│ ([a-z]+) ", command("--help").stdout))
    named = set(re.findall(r"`core-measures ([a-z]+)", text))
    assert named >= {"refresh", "settings", "status", "docs", "backup", "sql"}
    assert named <= commands
    # The line of the upgrade that is Dagster's.
    assert "`dagster instance migrate`" in text
    outcome = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "instance", "migrate"],
        env=os.environ | {"DAGSTER_HOME": str(tmp_path), "DAGSTER_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


def test_rap_names_a_command_that_is_not_there() -> None:
    text = (PROJECT / "docs" / "rap.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    lines = [line for line in lines if not line.startswith("| line |")]
    assert len(lines) >= 30
    # A command is the first word of its line in the help.
    commands = set(re.findall(r"(?m)^│ ([a-z]+) ", command("--help").stdout))
    assert commands >= {"refresh", "status", "sql"}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        shown = re.findall(r"`([^`]+)`", cells[-1])
        assert shown or "not shown by a command" in line, line
        for call in shown:
            words = call.split()
            if words[0] == "core-measures":
                assert words[1] in commands, call
            if words[0] == "make":
                makefile = (PROJECT / "Makefile").read_text("utf-8")
                assert re.search(rf"^{words[1]}:", makefile, re.M), call
            for path in (word for word in words if word.startswith(("tests/", "dbt_project/"))):
                assert (PROJECT / path).exists(), call
            if "-k" in words:
                wanted = words[words.index("-k") + 1]
                tests = [PROJECT / word for word in words if word.startswith("tests/")]
                assert any(
                    re.search(rf"def test_\w*{wanted}", path.read_text("utf-8")) for path in tests
                )

"""A person's word on a load: what it lets in, what it takes out, and what it never outweighs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import factory
import pytest
from conftest import IN_NEED, command, copy_of, refreshed, rows
from factory import Where, faults
from filelock import FileLock

from expectations.results.decisions import Decision
from expectations.results.verdicts import Check, LoadVerdict
from ingest.archive.release import PublishedFile
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home

REFERRALS_2024 = Where(IN_NEED, "2024", "referrals")
REFERRALS = "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
YEARS = "select series_id, max(year) from marts.fct_core_measure group by all order by all"


def decide(
    verb: str, home: Path, *more: str, reason: str = "Looked at by hand."
) -> subprocess.CompletedProcess[str]:
    return command(verb, IN_NEED, "2024", "--reason", reason, "--home", home, *more)


def decisions(home: Path) -> list[dict[str, object]]:
    path = home / "archive" / "ees" / IN_NEED / "2024" / "decisions.json"
    found: list[dict[str, object]] = json.loads(path.read_text())
    return found


# --- accept


def test_a_load_a_person_accepted_stays_out_or_hides_what_was_wrong_with_it(
    refused_home: Path, tmp_path: Path
) -> None:
    home = copy_of(refused_home, tmp_path / "home")
    assert rows(home, YEARS) == [("second_or_later", 2024), ("within_12_months", 2023)]
    outcome = decide("accept", home, "--by", "Ada", reason="Leeds says so itself; see its notice.")
    assert outcome.returncode == 0, outcome.stderr
    assert REFERRALS in outcome.stdout
    assert "overriding councils_present (new_la_code)" in outcome.stdout
    (kept,) = decisions(home)
    assert (kept["decision"], kept["by"]) == ("accepted", "Ada")
    assert kept["reason"] == "Leeds says so itself; see its notice."
    assert str(kept["at"]).endswith("+00:00")
    waiting = command("status", "--home", home).stdout
    assert "not served yet" in waiting
    again = decide("accept", home)
    assert again.returncode == 1
    assert "accepted already; the next refresh serves it." in again.stderr

    outcome = refreshed(home, refused_home.parent / "archive")
    assert outcome.returncode == 0, outcome.stderr
    assert "0 refused" in outcome.stdout
    assert "accepted by Ada" in outcome.stdout
    assert rows(home, YEARS) == [("second_or_later", 2024), ("within_12_months", 2024)]
    assert rows(
        home,
        "select check_name, severity, success, admitted, explanation from marts.load_quality"
        " where not success order by all",
    ) == [
        ("accepted", "warn", False, True, "Leeds says so itself; see its notice."),
        ("councils_present", "error", False, True, mark_of(home, "councils_present")),
        ("series_complete", "error", False, True, mark_of(home, "series_complete")),
    ]
    printed = command("status", "--home", home).stdout
    assert "accepted by Ada" in printed
    assert "What is held is served." in printed
    assert "accepted already." in decide("accept", home).stderr


def mark_of(home: Path, check: str) -> object:
    ((explanation,),) = rows(
        home,
        f"select distinct explanation from marts.load_quality where check_name = '{check}'"
        " and not success",
    )
    return explanation


def test_an_acceptance_admits_what_nobody_looked_at() -> None:
    seen = Check("councils_present", "new_la_code", "error", False, "missing: Leeds", "All.")
    later = Check("percentages_in_range", "percent", "error", False, "910", "0 to 100.")
    decision = Decision("accepted", "a.csv", "0" * 64, "Ada", "", "Known.", (seen.subject,))
    assert decision.uncovered(LoadVerdict("a.csv", "0" * 64, (seen,))) == ()
    both = LoadVerdict("a.csv", "0" * 64, (seen, later))
    assert decision.uncovered(both) == (later,)
    assert "does not cover percentages_in_range" in decision.as_check((later,)).observed


def test_a_check_that_fails_anew_is_passed_over_for_an_old_acceptance(
    refused_home: Path, tmp_path: Path
) -> None:
    home = Home(copy_of(refused_home, tmp_path / "home"))
    assert decide("accept", home.root).returncode == 0
    assert [str(load.load.file.name) for load in take_inventory(home).accepted] == [REFERRALS]
    release = next(r.release for r in take_inventory(home).releases if r.release.release == "2024")
    verdict = home.archive.verdict(release)
    assert verdict is not None
    for load in verdict["loads"]:
        for one in load["checks"]:
            if one["name"] == "not_empty":
                one["success"] = load["admitted"] = False
    home.archive.record_verdict(release, verdict)
    # Of the two loads only one had been accepted; both are out now, and the acceptance is told.
    stock = take_inventory(home)
    assert len(stock.refused) == 2
    assert not stock.accepted
    printed = command("status", "--home", home.root).stdout
    assert "not_empty" in printed
    assert "does not cover not_empty" in printed
    assert decide("accept", home.root).returncode == 0
    assert len(take_inventory(home).accepted) == 2


@pytest.mark.parametrize(
    "fault",
    [
        faults.swap_file_for_html(REFERRALS_2024),
        faults.drop_column(REFERRALS_2024, "Re_referrals_percent"),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_file_that_cannot_be_read_is_accepted(fault: factory.Fault, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    archive = factory.lay_out(
        tmp_path / "archive", figures=factory.figures_of(IN_NEED), faults=[fault]
    )
    collect(home, str(archive))
    check(home)
    outcome = decide("accept", home.root)
    assert outcome.returncode == 1
    assert "cannot be accepted: it could not be read" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert len(take_inventory(home).refused) == 1
    # It can be put away for good, so that nobody is asked again.
    assert decide("reject", home.root, "--file", REFERRALS).returncode == 0
    assert not take_inventory(home).refused


# --- reject


def test_a_load_a_person_rejected_goes_on_being_served(second_home: Path, tmp_path: Path) -> None:
    home = copy_of(second_home, tmp_path / "home")
    outcome = decide("reject", home, "--file", REFERRALS, "--by", "Ada", reason="Withdrawn.")
    assert outcome.returncode == 0, outcome.stderr
    again = decide("reject", home, "--file", REFERRALS)
    assert "rejected already; the next refresh takes it out." in again.stderr
    source = home.with_name("source")
    shutil.copytree(home / "archive", source)
    # The year 2024 of re-referrals is lost, and that was the purpose: no guard is in the way.
    outcome = refreshed(home, source)
    assert outcome.returncode == 0, outcome.stderr
    assert "rejected by Ada" in outcome.stdout
    assert "1 refused" not in outcome.stdout
    assert rows(home, YEARS) == [("second_or_later", 2024), ("within_12_months", 2023)]
    assert rows(
        home,
        "select source_file, severity, success, admitted, explanation from marts.load_quality"
        " where check_name = 'rejected'",
    ) == [(REFERRALS, "error", False, False, "Withdrawn.")]
    again = decide("reject", home, "--file", REFERRALS)
    assert again.returncode == 1
    assert "rejected already." in again.stderr

    # Accepting it lifts the rejection, and both stay on record.
    assert decide("accept", home, "--file", REFERRALS).returncode == 0
    assert [kept["decision"] for kept in decisions(home)] == ["rejected", "accepted"]
    stock = take_inventory(Home(home))
    assert all(load.admitted for load in stock.loads)
    assert stock.sound


def test_years_now_served_are_lost_by_a_refresh_or_excused_by_a_rejection_of_others(
    second_home: Path, tmp_path: Path
) -> None:
    home = copy_of(second_home, tmp_path / "home")
    assert decide("reject", home, "--file", REFERRALS).returncode == 0
    shutil.rmtree(home / "archive" / "ees" / IN_NEED)
    none = factory.lay_out(tmp_path / "none", figures=factory.figures_of(IN_NEED, ["2023"]))
    before = (home / "builds" / "current").readlink()
    outcome = refreshed(home, none)
    assert outcome.returncode == 1
    assert "no_year_lost" in outcome.stderr
    assert "nothing was swapped" in outcome.stderr
    assert (home / "builds" / "current").readlink() == before
    assert rows(home, "select max(year) from marts.fct_core_measure") == [(2024,)]


# --- what a person types


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("characteristics-of-children", "2024"), f"Did you mean {IN_NEED}"),
        ((IN_NEED, "2042"), "Did you mean 2024"),
        ((IN_NEED, "next"), "Known: 2023, 2024"),
        ((IN_NEED, "2024", "--version", "2"), "No version 2"),
        ((IN_NEED, "2024", "--file", "c1.csv"), f"{REFERRALS}"),
        ((IN_NEED, "2024", "--by", " "), "Say who decides"),
        ((IN_NEED, "2023"), "admitted already"),
    ],
    ids=str,
)
def test_a_slip_of_the_pen_decides_something(
    refused_home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    outcome = command("accept", *arguments, "--reason", "Why.", "--home", refused_home)
    assert outcome.returncode == 1
    assert sentence in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert not list(refused_home.rglob("decisions.json"))


def test_a_decision_has_no_reason_or_no_home(refused_home: Path, tmp_path: Path) -> None:
    blank = decide("accept", refused_home, reason=" \n ")
    assert blank.returncode == 1
    assert "must not be blank" in blank.stderr
    assert command("accept", IN_NEED, "2024", "--home", refused_home).returncode == 2
    nowhere = decide("accept", tmp_path / "nowhere")
    assert nowhere.returncode == 1
    assert "There is no home" in nowhere.stderr
    assert not (tmp_path / "nowhere").exists()
    assert not list(refused_home.rglob("decisions.json"))


def test_a_reason_commands_the_terminal_of_whoever_reads_it(
    refused_home: Path, tmp_path: Path
) -> None:
    home = copy_of(refused_home, tmp_path / "home")
    typed = "Seen\x1b]0;owned\x07 \x1b[31mred\x9b2J\u202e txt\u2066\u200f of\tLéeds\r\u2028 –\x7f"
    outcome = decide("accept", home, "--by", "A\x1b[1mda\u202e", reason=typed)
    assert outcome.returncode == 0, outcome.stderr
    (kept,) = decisions(home)
    assert kept["reason"] == "Seen ]0;owned [31mred 2J txt of Léeds –"
    assert kept["by"] == "A [1mda"
    # One that stands on record as it was typed, from before, is shown as little.
    path = home / "archive" / "ees" / IN_NEED / "2024" / "decisions.json"
    path.write_text(json.dumps([kept | {"reason": typed, "by": "A\x1b[1mda"}]))
    told = command("status", "--home", home).stdout
    assert "Seen ]0;owned [31mred 2J txt of Léeds –" in told
    assert not set(told) & set(typed) - set(kept["reason"] + "\n")  # type: ignore[operator]
    (load,) = take_inventory(Home(home)).accepted
    assert load.decided is not None
    assert load.decided.explanation.isprintable()
    assert load.decided.observed.isprintable()


def test_a_decision_slips_in_while_a_refresh_is_running(refused_home: Path, tmp_path: Path) -> None:
    import sys

    from conftest import PROJECT

    home = copy_of(refused_home, tmp_path / "home")
    arguments = ["accept", IN_NEED, "2024", "--reason", "Why.", "--home"]
    with FileLock(home / ".lock"):
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", *arguments, str(home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        assert process.stderr is not None
        assert "Waiting" in process.stderr.readline()
        assert not list(home.rglob("decisions.json"))
    assert process.wait(timeout=60) == 0
    assert len(decisions(home)) == 1


def test_a_damaged_decision_is_taken_for_none(second_home: Path, tmp_path: Path) -> None:
    home = copy_of(second_home, tmp_path / "home")
    assert decide("reject", home).returncode == 0
    path = home / "archive" / "ees" / IN_NEED / "2024" / "decisions.json"
    path.write_text(path.read_text()[:-20])
    outcome = command("status", "--home", home)
    assert outcome.returncode == 1
    assert "decisions.json cannot be read" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_publisher_decides_by_the_name_of_a_file() -> None:
    for name in ("decisions.json", "verdict.json", "release.json"):
        with pytest.raises(ValueError, match="keeps for itself"):
            PublishedFile(name=name, bytes=1, sha256="0" * 64)


def test_what_one_home_decided_is_carried_to_another(second_home: Path, tmp_path: Path) -> None:
    home = copy_of(second_home, tmp_path / "home")
    assert decide("reject", home).returncode == 0
    assert command("archive", "export", tmp_path / "carried", "--home", home).returncode == 0
    assert not list((tmp_path / "carried").rglob("decisions.json"))
    assert command("archive", "verify", "--home", home).returncode == 0

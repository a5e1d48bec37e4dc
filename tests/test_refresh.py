"""The refresh as a user meets it: what it prints, what it keeps, and what it never lets through."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import factory
import pytest
from conftest import (
    IN_NEED,
    PROJECT,
    PUBLISHED,
    command,
    copy_of,
    needs_published,
    refreshed,
    rows,
)
from factory import Where, faults
from filelock import FileLock

from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from warehouse.serve.home import Home

NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
REFRESH_SAMPLE = ("-m", "orchestration.cli", "refresh", "--from", "sample")
REFERRALS_2024 = Where(IN_NEED, "2024", "referrals")


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.csv"))
    }


# --- what it prints, and its exit codes


def test_a_newcomer_is_not_told_where_the_figures_are(sample_home: Path) -> None:
    printed = (sample_home / "printed.txt").read_text()
    assert "0 refused" in printed
    assert str(sample_home / "warehouse" / "core_measures.duckdb") in printed
    assert str(sample_home / "published" / "latest") in printed
    lines = [line.strip() for line in printed.partition("Next:")[2].strip().splitlines()]
    assert len(lines) == 3
    for line in lines:
        outcome = subprocess.run(
            line,
            shell=True,
            capture_output=True,
            text=True,
            cwd=PROJECT,
            check=False,
        )
        assert outcome.returncode == 0, (line, outcome.stderr)
        assert outcome.stdout.strip()


def test_a_refresh_with_nothing_new_starts_the_heavy_libraries(sample_home: Path) -> None:
    served = (sample_home / "builds" / "current").readlink()
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", *REFRESH_SAMPLE, "--home", str(sample_home)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert outcome.returncode == 0
    assert "Nothing new" in outcome.stdout
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()
    }
    assert "ingest" in imported
    assert not imported & {"dbt", "dagster", "dagster_dbt", "great_expectations"}
    assert (sample_home / "builds" / "current").readlink() == served


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere", "There is no archive at"),
        ("empty", "is not an archive"),
        ("file.txt", "There is no archive at"),
        ("noproto://somewhere", "cannot be opened as an archive"),
    ],
)
def test_a_path_that_is_no_archive_gets_a_traceback(
    tmp_path: Path, source: str, sentence: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("not an archive")
    address = source if "://" in source else str(tmp_path / source)
    outcome = refreshed(tmp_path / "home", address)
    assert outcome.returncode == 1
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written_gets_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = refreshed(tmp_path / "file" / "home", "sample")
    assert outcome.returncode == 1
    assert "cannot be written" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_unknown_publication_is_passed_over(tmp_path: Path) -> None:
    outcome = refreshed(tmp_path / "home", "sample", "--only", "no-such-publication")
    assert outcome.returncode == 1
    assert "No publication 'no-such-publication'" in outcome.stderr
    assert IN_NEED in outcome.stderr


def test_two_refreshes_of_one_home_meet(sample_home: Path, tmp_path: Path) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    with FileLock(home / ".lock"):
        refused = refreshed(home, "sample", "--no-wait")
        assert refused.returncode == 1
        assert "Another refresh" in refused.stderr
        waiting = subprocess.Popen(
            [sys.executable, *REFRESH_SAMPLE, "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        assert waiting.stderr is not None
        assert "waiting for it to end" in waiting.stderr.readline()
        assert waiting.poll() is None
    assert waiting.wait(timeout=120) == 0


# --- the same figures again


def test_figures_differ_from_run_to_run(sample_home: Path, tmp_path: Path) -> None:
    """The warehouse is disposable: from the archive alone another home has the same bytes.

    The archive keeps its verdicts; that they are the same when they are given anew is held in
    `test_nights.py` and `test_growth.py`.
    """
    again = tmp_path / "again"
    shutil.copytree(sample_home / "archive", again / "archive")
    outcome = refreshed(again, "sample")
    assert outcome.returncode == 0, outcome.stderr
    first = bytes_of(sample_home / "published" / "latest")
    assert len(first) >= 10
    assert bytes_of(again / "published" / "latest") == first


# --- what is wrong stays out, and hurts nothing else


def test_a_bad_release_takes_the_good_one_before_it_away(
    first_home: Path, refused_home: Path, tmp_path: Path
) -> None:
    home, damaged = copy_of(refused_home, tmp_path / "home"), refused_home.parent / "archive"
    counted = "select count(*), max(year) from marts.fct_core_measure"
    assert rows(home, counted) != rows(first_home, counted)
    said = (refused_home.parent / "said.txt").read_text()
    assert re.search(r"Refused: .*councils_present", said), said
    # The other file of the release is sound, and is served; this one's year before still stands.
    newest = dict(
        rows(home, "select series_id, max(year) from marts.fct_core_measure group by all")
    )
    assert newest == {"within_12_months": 2023, "second_or_later": 2024}
    reasons = rows(
        home,
        "select release, check_name, admitted from marts.load_quality"
        " where not success and severity = 'error'",
    )
    assert ("2024", "councils_present", False) in reasons
    assert {(release, admitted) for release, _, admitted in reasons} == {("2024", False)}
    status = command("status", "--home", home)
    assert "Refused" in status.stdout
    # Asked again, it says so again.
    outcome = refreshed(home, damaged)
    assert outcome.returncode == 2
    assert "1 refused" in outcome.stdout
    # The publisher mends the file under the same name: a second version, and both are kept.
    mended = factory.lay_out(tmp_path / "mended", figures=factory.figures_of(IN_NEED))
    (came,) = collect(Home(home), str(mended))
    assert came.folder == "2024+2"
    assert {release.folder for release in Home(home).archive.held("ees", IN_NEED)} == {
        *("2023", "2024", "2024+2")
    }
    mended_loads = [
        load for load in check(Home(home)).loads if load.load.release.folder == "2024+2"
    ]
    assert len(mended_loads) == 2
    assert all(load.admitted for load in mended_loads)


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (faults.swap_file_for_html(REFERRALS_2024), "readable"),
        (faults.truncate_file(REFERRALS_2024), "readable"),
        (faults.drop_column(REFERRALS_2024, "Re_referrals_percent"), "columns"),
        (faults.unknown_council(REFERRALS_2024), "council_codes"),
        (faults.drop_council(REFERRALS_2024, "E08000035"), "councils_present"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_a_damaged_file_reaches_the_facts(
    first_home: Path, tmp_path: Path, fault: factory.Fault, caught_by: str
) -> None:
    home = Home(copy_of(first_home, tmp_path / "home"))
    archive = factory.lay_out(
        tmp_path / "archive", figures=factory.figures_of(IN_NEED), faults=[fault]
    )
    collect(home, str(archive))
    (refused,) = check(home).refused
    assert str(refused.load.release) == f"{IN_NEED} 2024"
    assert refused.verdict is not None
    assert caught_by in {reason.name for reason in refused.verdict.reasons}
    # Nothing is lost: the bytes are kept with their reasons.
    assert (home.archive.folder / "ees" / IN_NEED / "2024" / refused.load.file.name).exists()


@pytest.mark.parametrize(
    ("fault", "told_by", "flagged"),
    [
        (faults.unknown_mark(REFERRALS_2024), "numbers_or_marks", [None]),
        (faults.percentage_over_100(REFERRALS_2024), "percentages_in_range", [140.2]),
        # The same row twice says one thing: it is told, and no figure of it is odd.
        (faults.duplicate_row(REFERRALS_2024), "key_unique", []),
    ],
    ids=lambda value: value.kind if isinstance(value, factory.Fault) else str(value),
)
def test_one_odd_cell_keeps_a_release_out_or_is_served_without_a_flag(
    tmp_path: Path, fault: factory.Fault, told_by: str, flagged: list[float | None]
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    archive = factory.lay_out(
        tmp_path / "archive", figures=factory.figures_of(IN_NEED), faults=[fault]
    )
    collect(home, str(archive))
    inventory = check(home)
    assert not inventory.refused
    (told,) = (load for load in inventory.loads if load.verdict and load.verdict.flagging)
    assert str(told.load.release) == f"{IN_NEED} 2024", "and of no release beside it"
    verdict = told.verdict
    assert verdict is not None
    assert told_by in {one.name for one in verdict.flagging}
    assert [flag.figure for flag in verdict.flags if flag.check == told_by] == flagged
    assert all(flag.source_row and flag.message for flag in verdict.flags)


def test_the_nearest_names_are_not_told_for_an_unknown_column(tmp_path: Path) -> None:
    """Nothing is held of before that would tell the column by its figures."""
    home = Home(tmp_path / "home")
    home.prepare()
    fault = faults.rename_column(REFERRALS_2024, "Re_referrals_percent", "Re_referral_percnt")
    archive = factory.lay_out(
        tmp_path / "a", figures=factory.figures_of(IN_NEED, ["2024"]), faults=[fault]
    )
    collect(home, str(archive))
    (refused,) = check(home).refused
    assert refused.verdict is not None
    sentence = refused.verdict.reasons[0].observed
    assert "'Re_referrals_percent'" in sentence
    assert "'Re_referral_percnt'" in sentence


def test_an_unreachable_or_broken_release_stops_the_others(tmp_path: Path) -> None:
    archive = factory.lay_out(
        tmp_path / "archive",
        publications=[IN_NEED, "10401"],
        faults=[
            faults.wrong_hash(Where(IN_NEED, "2023")),
            faults.no_release_json(Where("10401", "2023-03")),
        ],
    )
    home = tmp_path / "home"
    outcome = refreshed(home, archive)
    assert outcome.returncode == 2
    assert "is not the file that release.json names" in outcome.stderr
    assert "has no release.json" in outcome.stderr
    assert rows(home, "select distinct release from marts.fct_core_measure") == [("2024",)]
    assert rows(
        home,
        "select publication, release, check_name, admitted from marts.load_quality"
        " where not success order by all",
    ) == [
        # No load came of it that could be admitted or not.
        ("10401", "2023-03", "arrived_whole", None),
        (IN_NEED, "2023", "arrived_whole", None),
    ]
    # Mended, it comes in, and nothing is left of the complaint.
    factory.lay_out(tmp_path / "mended", publications=[IN_NEED, "10401"])
    assert len(collect(Home(home), str(tmp_path / "mended"))) == 2
    assert check(Home(home)).sound


def test_a_reworded_label_empties_a_series_unnoticed(tmp_path: Path) -> None:
    looked_after = "children-looked-after-in-england-including-adoptions"
    archive = factory.lay_out(
        tmp_path / "archive",
        publications=[looked_after],
        faults=[
            faults.reword(
                Where(looked_after, "2024", "placement_stability"),
                "placement_stability",
                "With 3 or more placements during the year",
                "Three placements or more in the year",
            )
        ],
    )
    home = Home(tmp_path / "home")
    home.prepare()
    collect(home, str(archive))
    (refused,) = check(home).refused
    assert str(refused.load.release) == f"{looked_after} 2024"
    assert refused.verdict is not None
    assert "series_printed" in {reason.name for reason in refused.verdict.reasons}


@needs_published
def test_a_refusal_names_neither_what_is_wrong_nor_the_load_to_take_out(
    second_home: Path, tmp_path: Path
) -> None:
    """Two districts' counties exchanged: the file alone does not show it, the whole does."""
    home, archive = copy_of(second_home, tmp_path / "home"), tmp_path / "archive"
    lookup = archive / "ons" / "lower-to-upper-tier-lookup" / "2023-04"
    shutil.copytree(PUBLISHED / "ons" / "lower-to-upper-tier-lookup" / "2023-04", lookup)
    path = next(lookup.glob("*.csv"))
    text = path.read_text("utf-8")
    for district, county, wrong in (
        ("E07000032,Amber Valley,,", "E10000007,Derbyshire,", "E10000008,Devon,"),
        ("E07000040,East Devon,,", "E10000008,Devon,", "E10000007,Derbyshire,"),
    ):
        assert district + county in text
        text = text.replace(district + county, district + wrong)
    path.write_text(text, "utf-8")
    record = json.loads((lookup / "release.json").read_text())
    data = path.read_bytes()
    (file,) = (file for file in record["files"] if file["name"] == path.name)
    file |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (lookup / "release.json").write_text(json.dumps(record))

    outcome = refreshed(home, archive)
    assert outcome.returncode == 1
    (told,) = (line for line in outcome.stderr.splitlines() if "nothing was swapped" in line)
    for named in ("districts_lie_where_the_lookup_says", "Amber Valley", "East Devon"):
        assert named in told
    assert (
        "To take it out: core-measures reject lower-to-upper-tier-lookup 2023-04 --reason" in told
    )


# --- the other calls


def test_a_query_writes_or_reads_outside_the_warehouse(sample_home: Path) -> None:
    for statement in (
        "drop table marts.fct_core_measure",
        "create table t as select 1",
        "copy (select 1) to 'stolen.csv'",
        "select * from read_csv('/etc/passwd')",
        "attach 'other.duckdb'",
    ):
        outcome = command("sql", statement, "--home", sample_home)
        assert outcome.returncode == 1, statement
        assert "Traceback" not in outcome.stderr
    outcome = command("sql", "select 1.5 as a, 'x' as b", "--format", "csv", "--home", sample_home)
    assert outcome.stdout == "a,b\n1.5,x\n"
    outcome = command("sql", "select null as a", "--format", "json", "--home", sample_home)
    assert outcome.stdout == '[{"a": null}]\n'


def test_a_measure_cannot_be_read_in_the_terminal(sample_home: Path) -> None:
    outcome = command("show", "repeat_referrals", "Leeds", "Cumberland", "--home", sample_home)
    assert outcome.returncode == 0, outcome.stderr
    header = next(line for line in outcome.stdout.splitlines() if "Period" in line)
    for area in ("Leeds", "Cumberland", "Yorkshire and The Humber", "North West", "England"):
        assert area in header
    assert "22.4" in outcome.stdout
    wrong = command("show", "repeat_referals", "--home", sample_home)
    assert wrong.returncode == 1
    assert "Did you mean repeat_referrals" in wrong.stderr
    wrong = command("show", "repeat_referrals", "Leads", "--home", sample_home)
    assert "Did you mean Leeds" in wrong.stderr


def test_status_or_revisions_say_nothing(sample_home: Path) -> None:
    status = command("status", "--home", sample_home).stdout
    assert NEET in status
    assert "admitted" in status
    assert "What is held is served." in status
    revised = command("revisions", IN_NEED, "--home", sample_home)
    assert revised.returncode == 0, revised.stderr
    empty = command("status", "--home", sample_home / "nowhere")
    assert empty.returncode == 1
    assert "core-measures refresh" in empty.stderr


def test_an_archive_is_carried_to_another_machine_unseen_damage_and_all(
    sample_home: Path, tmp_path: Path
) -> None:
    carried = tmp_path / "carried"
    assert command("archive", "export", carried, "--home", sample_home).returncode == 0
    assert command("archive", "verify", carried).returncode == 0
    there = tmp_path / "there"
    assert command("archive", "import", carried, "--home", there).returncode == 0
    assert command("archive", "verify", "--home", there).returncode == 0
    victim = next(carried.rglob("*.csv"))
    victim.write_bytes(victim.read_bytes()[:-1])
    outcome = command("archive", "verify", carried)
    assert outcome.returncode == 1
    assert victim.name in outcome.stderr

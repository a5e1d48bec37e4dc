"""A file under a name that nobody knows is read by what stands in it, or is left out."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

from conftest import IN_NEED, PUBLISHED, needs_published, refreshed, rows

from ingest.contracts.load import load_contracts
from ingest.reading.files import recognise

pytestmark = needs_published

C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
D3 = "d3_cpps_subsequent_plan_2013_to_2024.csv"
RELEASE = PUBLISHED / "ees" / IN_NEED / "2024"
FIGURES = """
    select series_id, council_code, year, value, status from marts.fct_core_measure
    where measure_id = 'repeat_referrals' order by all
"""


def archive_of(folder: Path, names: dict[str, str]) -> Path:
    """The release of 2024, with files under other names."""
    release = folder / "ees" / IN_NEED / "2024"
    shutil.copytree(RELEASE, release)
    release.chmod(0o755)
    document = json.loads((release / "release.json").read_text("utf-8"))
    for file in document["files"]:
        if file["name"] in names:
            (release / file["name"]).rename(release / names[file["name"]])
            file["name"] = names[file["name"]]
    (release / "release.json").chmod(0o644)
    (release / "release.json").write_text(json.dumps(document), "utf-8")
    return folder


def test_a_renamed_file_costs_its_figures(second_home: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed"
    archive = archive_of(tmp_path / "b", {C1: "Referrals by council (final v2).csv"})
    outcome = refreshed(renamed, archive)
    assert outcome.returncode == 0, outcome.stderr
    assert "Referrals by council (final v2).csv is referrals" in outcome.stderr
    # The sample has the release under its publisher's names.
    assert rows(renamed, FIGURES) == rows(second_home, FIGURES) != []
    again = refreshed(renamed, archive)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("Nothing new")


def test_two_files_of_one_table_are_guessed_between() -> None:
    wanted = load_contracts()[IN_NEED].files
    c1, d3 = (partial((RELEASE / name).read_bytes) for name in (C1, D3))
    assert recognise(wanted, {"x.csv": c1, "y.csv": d3}) == {
        "x.csv": ("referrals",),
        "y.csv": ("repeat_plans",),
    }
    assert recognise(wanted, {"x.csv": c1, "copy of x.csv": c1, "y.csv": d3}) == {
        "y.csv": ("repeat_plans",)
    }


def test_a_file_of_no_use_is_taken_for_a_table() -> None:
    wanted = load_contracts()[IN_NEED].files
    assert recognise(wanted, {"notes.csv": lambda: b"a,b\n1,2\n", "x.pdf": lambda: b"%PDF-1"}) == {}


def test_a_file_whose_codes_stand_under_another_name_is_left_out() -> None:
    wanted = load_contracts()[IN_NEED].files
    header, rest = (RELEASE / C1).read_bytes().split(b"\n", 1)
    renamed = header.replace(b"new_la_code", b"authority_identifier") + b"\n" + rest
    # Of its own columns some are renamed too, so that what is left has to do.
    renamed = renamed.replace(b"Re_referrals,", b"Referred_again,", 1)
    assert recognise(wanted, {"x.csv": lambda: renamed}) == {"x.csv": ("referrals",)}


def test_a_file_with_more_words_in_its_name_and_none_of_its_columns_is_left_out() -> None:
    wanted = load_contracts()[IN_NEED].files
    header, rest = (RELEASE / C1).read_bytes().split(b"\n", 1)
    others = b",".join(b"column_%d" % at for at in range(header.count(b",") + 1)) + b"\n" + rest
    named = C1.replace(".csv", "_final_v2.csv")
    # Its figures have to say which column is which, and a refusal names what is wanting.
    assert recognise(wanted, {named: lambda: others}) == {named: ("referrals",)}
    assert recognise(wanted, {"x.csv": lambda: others}) == {}

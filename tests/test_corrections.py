"""Corrections: mended in the open, said so, and noticed when the publisher mends it too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import factory
import pytest
import yaml
from conftest import command, project_beside, rows
from factory import Where, faults

import ingest.corrections
from ingest.corrections import load_corrections
from ingest.errors import ContractError
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from warehouse.serve.home import Home

IN_NEED = "characteristics-of-children-in-need"
LEEDS = "E08000035"
BRADFORD = "E08000032"
FIX = {
    "release": "2024",
    "file": "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv",
    "where": {"new_la_code": LEEDS, "time_period": "2024"},
    "column": "re_referrals_percent",
    "expected": "910",
    "corrected": "24.2",
    "reason": "The decimal point was lost on the way to the file.",
    "authority": "A test",
}


@pytest.fixture
def fixes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of corrections in place of the project's."""
    folder = tmp_path / "corrections"
    folder.mkdir()
    (folder / f"{IN_NEED}.yml").write_text(yaml.safe_dump([FIX]))
    for name in ("load_corrections", "corrections_of", "digest"):
        function = getattr(ingest.corrections, name)
        wrapped = getattr(function, "__wrapped__", function)
        monkeypatch.setattr(wrapped, "__defaults__", (folder,))
    load_corrections.cache_clear()
    yield folder
    load_corrections.cache_clear()


def archive_of(tmp_path: Path, **cells: str) -> str:
    """Children in need of 2024, with other cells for some councils."""
    archive = factory.lay_out(
        tmp_path / "archive",
        figures=factory.figures_of(IN_NEED, ["2024"]),
        faults=[
            faults.set_cell(
                Where(IN_NEED, "2024", "referrals"), code, "2024", "Re_referrals_percent", cell
            )
            for code, cell in cells.items()
        ],
    )
    return str(archive)


def test_what_was_printed_is_hidden_where_it_was_mended_or_taken_away(tmp_path: Path) -> None:
    project = project_beside(tmp_path)
    taken_away = FIX | {
        "where": {"new_la_code": BRADFORD, "time_period": "2024"},
        "corrected": "",
    }
    kept = project / "ingest" / "corrections" / f"{IN_NEED}.yml"
    kept.write_text(yaml.safe_dump([FIX, taken_away]))
    archive = archive_of(tmp_path, **{LEEDS: "910", BRADFORD: "910"})
    outcome = command("refresh", "--from", archive, "--home", tmp_path / "home", project=project)
    assert outcome.returncode == 0, "910 per cent, mended, no longer keeps the load out"
    # A figure that was taken away is no figure that was never there.
    facts = rows(
        tmp_path / "home",
        "select council_code, year, value, value_as_published, status, status_symbol, is_corrected"
        " from marts.fct_core_measure where is_corrected order by council_code",
    )
    assert facts == [
        (BRADFORD, 2024, None, "910", "not_available", "[corrected]", True),
        (LEEDS, 2024, 24.2, "910", "published", None, True),
    ]
    told = rows(
        tmp_path / "home",
        "select release, source_column, as_published, corrected, is_emptied, reason, authority"
        " from marts.correction order by is_emptied",
    )
    grounds = (FIX["reason"], FIX["authority"])
    assert told == [
        ("2024", FIX["column"], "910", "24.2", False, *grounds),
        ("2024", FIX["column"], "910", None, True, *grounds),
    ], "what was mended, why and on whose word stands beside the facts"


def test_a_correction_outlives_the_error(fixes: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    collect(home, archive_of(tmp_path, **{LEEDS: "24.2"}))
    (refused,) = check(home).refused
    assert refused.verdict is not None
    assert [check.name for check in refused.verdict.reasons] == ["corrections_hold"]


@pytest.mark.parametrize(
    "slip",
    [{"row": 3}, {"where": {}}, {"reason": "wrong"}, {"authority": ""}, {"note": "surprise"}],
)
def test_a_correction_without_its_grounds_is_taken(fixes: Path, slip: dict[str, object]) -> None:
    (fixes / f"{IN_NEED}.yml").write_text(yaml.safe_dump([FIX | slip]))
    with pytest.raises(ContractError, match="is not valid"):
        load_corrections(IN_NEED, fixes)

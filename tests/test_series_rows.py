"""A label that is written twice is corrected once: which rows make a series is said in its YAML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT

from expectations.panel.measures import series_of
from ingest.contracts.load import load_contracts
from ingest.errors import ContractError

MEASURES = sorted((PROJECT / "dbt_project/models/measures").rglob("*.yml"))


def series_in(path: Path) -> list[dict[str, object]]:
    (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
    found: list[dict[str, object]] = model["config"]["meta"]["series"]
    return found


@pytest.mark.parametrize("path", MEASURES, ids=lambda path: path.stem)
def test_a_reworded_label_is_mended_in_the_checks_and_not_in_the_figures(path: Path) -> None:
    sql = path.with_suffix(".sql").read_text("utf-8")
    literals = set(re.findall(r"'([^']*)'", sql))
    for series in series_in(path):
        for check in series.get("checks", []):  # type: ignore[attr-defined]
            for allowed in (check.get("where", {}), check.get("denominator_row", {})):
                for column, cells in allowed.items():
                    again = literals & {*cells} - {""}
                    assert not again, f"{column} {again} stands in the SQL as well"
            assert "series_rows(" in sql or "excess_weight(" in sql or "homeless" in path.stem


def test_the_whole_of_a_share_is_one_row_to_the_checks_and_another_to_the_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from expectations.panel import measures

    contract = next(
        file
        for file in load_contracts()["children-looked-after-in-england-including-adoptions"].files
        if file.file_id == "care_leavers_accommodation"
    )
    right = series_of(contract)
    assert all(check.denominator_row for check in right)
    wrong = tuple(
        check.model_copy(update={"denominator_row": {"accommodation_suitability": ["Total"]}})
        for check in right
    )
    monkeypatch.setattr(measures, "_all", lambda: {right[0].file: wrong})
    with pytest.raises(ContractError, match="another row for the whole"):
        series_of(contract)

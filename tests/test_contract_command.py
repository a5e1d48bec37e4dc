"""A publication's contract on one page: what a person reads is what the checks hold it to."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys

import pytest
from conftest import PROJECT, command

from expectations.suites.loads import suite_for
from ingest.contracts.load import load_contracts

IN_NEED = "characteristics-of-children-in-need"
PLANS = "education-health-and-care-plans"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"


@pytest.mark.parametrize("publication", sorted(load_contracts()))
def test_a_rule_or_a_name_of_the_contract_is_not_on_its_page(publication: str) -> None:
    outcome = command("contract", publication)
    assert outcome.returncode == 0, outcome.stderr
    printed = outcome.stdout
    lines = {" ".join(line.split()) for line in printed.splitlines()}
    contract = load_contracts()[publication]
    for told in (contract.title, contract.landing_page, contract.frequency, *contract.unread):
        assert told in printed
    for file in contract.files:
        assert file.title in printed
        for told in (*file.names, *file.key, *file.ignored):
            assert told in printed
        for column in file.columns:
            assert re.search(rf"^ *{column.name} +{column.role} ", printed, re.MULTILINE)
            assert " or ".join(column.published_as) in printed
        for rule in suite_for(file):
            fault = {"error": "error: refused", "flag": "flag: served and flagged"}
            at_fault = fault.get(rule.severity, "warn: noted")
            about = f" {rule.about}" if rule.about else ""
            assert f"{at_fault} {rule.check.name}{about} {rule.explanation}" in lines


def test_why_a_council_a_row_or_a_figure_is_not_as_published_is_not_told() -> None:
    plans = command("contract", PLANS).stdout
    assert "Leicester (E06000016), Isle of Wight (E06000046)" in plans
    assert "the first year of person-level returns" in plans
    assert "2023" in plans
    neet = command("contract", NEET).stdout
    assert "Rows left out: where la_name is 'LA demo'" in neet
    shares = command("contract", "gcse-and-equivalent-results").stdout
    assert "is printed '0' and read as ''" in shares


def test_the_page_cannot_be_put_into_a_document() -> None:
    plain = command("contract", IN_NEED).stdout
    outcome = command("contract", IN_NEED, "--format", "markdown")
    assert outcome.returncode == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert lines[0] == "# Characteristics of children in need"
    assert "| Column | Role | Published as |" in lines
    assert "| category | attributes | category or Category |" in lines
    # Two formats of one page: neither knows a rule that the other does not.
    explained = [rule.explanation for f in load_contracts()[IN_NEED].files for rule in suite_for(f)]
    for sentence in explained:
        assert sentence in outcome.stdout
        assert sentence in plain
    tables = [line for line in lines if line.startswith("|")]
    assert {len(re.split(r"(?<!\\)\|", line)) - 2 for line in tables} == {3, 4}


def test_reading_a_contract_waits_for_the_libraries_that_check_it() -> None:
    arguments = ["-X", "importtime", "-m", "orchestration.cli", "contract", IN_NEED]
    outcome = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert outcome.returncode == 0
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()
    }
    assert "expectations" in imported
    assert not imported & {"great_expectations", "dbt", "dagster"}


def test_a_publication_misspelt_gets_a_traceback() -> None:
    outcome = command("contract", "characteristics-of-children-in-nede")
    assert outcome.returncode == 1
    assert f"Did you mean {IN_NEED}" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert outcome.stdout == ""


def test_the_document_of_the_checks_says_what_they_no_longer_do() -> None:
    script = runpy.run_path(str(PROJECT / "scripts" / "write_checks.py"))
    written = (PROJECT / "docs" / "checks.md").read_text("utf-8")
    assert written == script["document"](), "write it anew: scripts/write_checks.py"


def test_a_bound_stands_without_a_reason_or_a_date() -> None:
    from expectations.checks import CHECKS

    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert (type(check).__doc__ or "").strip(), check.name
        for name, bound in check.bounds().items():
            assert bound.why and bound.unit, (check.name, name)
            assert re.fullmatch(r"20\d\d-\d\d", bound.since), (check.name, name)

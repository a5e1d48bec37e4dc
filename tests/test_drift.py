"""What publishers do to their files from year to year: what is served stays true, and is served.

A part of `make drift`: every kind of drift on one of a few publications, each in turn.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from conftest import PUBLISHED, made_once, needs_published, refreshed

from ingest.contracts import load_contracts
from reliability.drift.every import KINDS
from reliability.drift.report import FAULTS, SAME, Outcome, judge_one
from reliability.drift.site import DriftSite, figures_alone
from reliability.site import Compiled
from warehouse.home import Home

# One file of each platform, with and without breakdowns, and a workbook.
FILES = (
    ("characteristics-of-children-in-need", "referrals"),
    ("20401", "indicator_data"),
    ("pupils-at-expected-standard-at-key-stage-2", "expected_standard"),
    ("children-looked-after-in-england-including-adoptions", "placement_stability"),
    ("local-authority-inspection-outcomes", "latest"),
)
LOOKUPS = ("lower-to-upper-tier-lookup", "mid-year-population-estimates")
# As many of each hundred changes that are no more than a house style come in by themselves.
LEAST_ADMITTED = 0.9


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")

    def make(home: Path) -> None:
        archive = home.parent / "archive"
        for name in (*(name for name, _ in FILES), *LOOKUPS):
            publisher = load_contracts()[name].publisher
            shutil.copytree(PUBLISHED / publisher / name, archive / publisher / name)
        outcome = refreshed(home, archive)
        assert outcome.returncode in (0, 2), outcome.stderr

    base = Home(made_once(tmp_path_factory, "drift", make))
    compiled = figures_alone(Compiled.of(base))
    folder = tmp_path_factory.mktemp("drift-sites")
    sites = []
    for name, file_id in FILES:
        publication = load_contracts()[name]
        contract = next(file for file in publication.files if file.file_id == file_id)
        sites.append(DriftSite(folder / file_id, base, publication, contract, compiled))
    found: list[Outcome | None] = []
    for turn, kind in enumerate(KINDS.values()):
        judged = (judge_one(sites[(turn + at) % len(sites)], kind) for at in range(len(sites)))
        found.append(next((outcome for outcome in judged if outcome is not None), None))
    return [outcome for outcome in found if outcome is not None]


@needs_published
def test_a_changed_layout_changes_a_figure_or_loses_it_in_silence(outcomes: list[Outcome]) -> None:
    assert not [str(outcome) for outcome in outcomes if outcome.verdict in FAULTS]


@needs_published
def test_a_changed_layout_keeps_a_release_out(outcomes: list[Outcome]) -> None:
    plain = [outcome for outcome in outcomes if not KINDS[outcome.kind].is_decoy]
    counts = Counter(outcome.verdict for outcome in plain)
    assert counts[SAME] >= LEAST_ADMITTED * len(plain), [
        str(outcome) for outcome in plain if outcome.verdict != SAME
    ]


@needs_published
def test_there_are_fewer_kinds_of_change_than_promised(outcomes: list[Outcome]) -> None:
    plain = {o.kind for o in outcomes if not KINDS[o.kind].is_decoy}
    assert len(plain) >= 25
    assert len({o.kind for o in outcomes} - plain) >= 3
    # A kind that applies to none of these is one of a file that others have.
    assert len({o.kind for o in outcomes}) >= 0.9 * len(KINDS)

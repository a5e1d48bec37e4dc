"""The mutations harness stays true: each kind damages, and what gets through would be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import PUBLISHED, needs_published

from ingest.contracts.load import load_contracts
from reliability.damage import KINDS
from reliability.mutations import (
    BROKE,
    CAUGHT,
    FLAGGED,
    HARMLESS,
    NOT_WHOLE,
    UNSEEN,
    WARNED,
    anatomy_of,
    can_be_damaged,
    exceptions,
    held_files,
    jobs_of,
    judge_one,
    seed_of,
)
from reliability.site import Compiled, Site
from reliability.specimen import NotApplicableError, Specimen
from warehouse.serve.home import Home

# One file of each platform, with and without releases before it.
FILES = (
    ("participation-in-education-training-and-neet-age-16-to-17-by-local-authority", "dashboard"),
    ("92517", "indicator_data"),
)
WORKBOOK = ("children-in-low-income-families-local-area-statistics", "relative")
# Damage of every group whose verdict no later check may change.
EXPECTED = {
    # A sign beside a share is read for what it says.
    "percent_sign": HARMLESS,
    "spaces_around": HARMLESS,
    "columns_reordered": HARMLESS,
    # A column under another name is found by its figures, and told.
    "column_renamed": HARMLESS,
    "rows_shuffled": HARMLESS,
    "row_doubled_otherwise": CAUGHT,
    "council_dropped": CAUGHT,
    "code_with_spaces": HARMLESS,
    "years_back": CAUGHT,
    "script_in_name": HARMLESS,
    "mark_twice": HARMLESS,
    "cut_in_a_row": CAUGHT,
    "web_page": CAUGHT,
}
EXPECTED_OF_A_WORKBOOK = {
    "spaces_around": HARMLESS,
    "rows_above_inserted": HARMLESS,
    "column_inserted": HARMLESS,
    "doubled": CAUGHT,
    "column_shifted": CAUGHT,
    "cells_of_two_years_exchanged": CAUGHT,
    "years_exchanged_in_the_header": CAUGHT,
    "sheet_renamed": CAUGHT,
}


@pytest.fixture(scope="module")
def sites(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Site]:
    base = Home(published_home)
    compiled = Compiled.of(base)
    folder = tmp_path_factory.mktemp("sites")
    contracts = load_contracts()
    return [
        Site(
            folder / name,
            base,
            contracts[name],
            next(file for file in contracts[name].files if file.file_id == file_id),
            compiled,
        )
        for name, file_id in (*FILES, WORKBOOK)
    ]


@needs_published
def test_a_release_as_published_is_refused(sites: list[Site]) -> None:
    for site in sites:
        assert site.sound.refused_by == ()
        assert site.sound.facts


@needs_published
def test_a_kind_of_damage_damages_nothing(sites: list[Site]) -> None:
    applied: set[str] = set()
    for site in sites:
        anatomy = anatomy_of(site)
        for name, kind in KINDS.items():
            seed = seed_of(name, site.publication.publication, site.contract.file_id)
            try:
                content = kind.apply(Specimen(anatomy, seed))
            except NotApplicableError:
                continue
            assert content != site.content, name
            if name not in applied:
                again = kind.apply(Specimen(anatomy, seed))
                assert content == again, f"{name} is left to chance"
            applied.add(name)
    # Words for levels that are reworded, recoded councils: not every file has them.
    assert len(applied) >= 0.9 * len(KINDS), sorted(set(KINDS) - applied)


@needs_published
def test_damage_goes_unseen(sites: list[Site]) -> None:
    *plain, workbook = sites
    wanted = [(site, list(EXPECTED)[at :: len(plain)]) for at, site in enumerate(plain)]
    for site, kinds in (*wanted, (workbook, [*EXPECTED_OF_A_WORKBOOK])):
        anatomy = anatomy_of(site)
        expected = EXPECTED_OF_A_WORKBOOK if site is workbook else EXPECTED
        for kind in kinds:
            outcome = judge_one(site, anatomy, kind)
            assert outcome is not None, kind
            if expected[kind] == HARMLESS:
                assert outcome.verdict == HARMLESS, outcome
            else:
                # Single figures may be served with a flag, where the reading is not in doubt; what
                # stands in a district's cell that no figure uses is told of all the same.
                assert outcome.verdict in {CAUGHT, FLAGGED} or (
                    outcome.verdict == HARMLESS and outcome.warned_by
                ), outcome


@needs_published
def test_a_figure_that_changes_is_called_harmless(sites: list[Site]) -> None:
    site = sites[0]
    for kind in ("doubled", "england_changed"):
        outcome = judge_one(site, anatomy_of(site), kind)
        assert outcome is not None
        # Whatever is said of it: the harness has seen that a figure is another.
        assert outcome.verdict in (CAUGHT, FLAGGED, WARNED, UNSEEN), outcome
        assert outcome.verdict != BROKE


@needs_published
def test_there_are_fewer_mutants_than_promised(published_home: Path) -> None:
    assert len(KINDS) >= 40
    jobs = jobs_of(held_files(Home(published_home)), KINDS, 4)
    held = {path.name for path in PUBLISHED.glob("*/*")}
    damaged = {
        p.publication
        for p in load_contracts().values()
        if any(map(can_be_damaged, p.files)) and p.publication in held
    } - {*NOT_WHOLE}
    assert {job.publication for job in jobs} == damaged
    assert sum(len(job.kinds) for job in jobs) >= 400


def test_an_exception_has_no_reason() -> None:
    for one in exceptions():
        assert len(one["reason"]) > 20
        assert set(one["kinds"]) <= set(KINDS)

"""Real releases, changed as publishers change theirs: kept out, or read as something else.

A few kinds of `make drift`, on publications whose releases repeat no year of the one before, where
least speaks for a reading; `make drift` tries all kinds on all publications.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import needs_published

from reliability.drift.report import PROPOSED, REFUSED, SAME, judge_publication

pytestmark = needs_published

NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
INSPECTIONS = "local-authority-inspection-outcomes"
SCHOOLS = "schools-rated-good-or-outstanding"
SCORECARDS = "local-authority-school-places-scorecards"
DRIFTS = {
    NEET: ["figure_renamed", "period_renamed", "level_renamed", "names_of_areas_renamed"],
    INSPECTIONS: [
        *("sheet_renamed", "names_of_areas_respelt", "headers_hyphened"),
        *("names_with_titles", "names_with_notes"),
    ],
    SCHOOLS: ["council_code_renamed", "percentage_suffixed", "blanks_marked"],
    # A kind on each of its files in turn: the second has a year that is known to have no figures.
    SCORECARDS: ["headers_upper_case", "figure_renamed", "last_year_beside"],
}
DECOYS = {
    NEET: ["only_look_alikes", "look_alike_takes_the_name", "names_exchanged"],
    SCHOOLS: ["rate_for_figure", "only_look_alikes", "look_alike_takes_the_name"],
}


@pytest.mark.parametrize("publication", DRIFTS)
def test_a_release_that_changed_as_they_do_is_kept_out_or_read_as_something_else(
    publication: str, published_home: Path, tmp_path: Path
) -> None:
    drifts, decoys = DRIFTS[publication], DECOYS.get(publication, [])
    report = judge_publication(published_home, tmp_path, publication, [*drifts, *decoys])
    found = {one.kind: one for one in report.outcomes}
    assert set(found) == {*drifts, *decoys}
    for kind in drifts:
        assert found[kind].verdict == SAME, str(found[kind])
    for kind in decoys:
        assert found[kind].verdict in (REFUSED, PROPOSED), str(found[kind])

"""Real releases of 2019 to 2026 that publishers changed, held to the ones before them.

Each is in the archive of files as published, where the older releases are checked first. England's
figures are read from the published file here, by the columns that a person would look in.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import PROJECT, PUBLISHED, needs_published, refreshed, rows

BAD = PROJECT.parent / "shared" / "bad"
IN_NEED = "ees/characteristics-of-children-in-need"
LOOKED_AFTER = "ees/children-looked-after-in-england-including-adoptions"
NEET = "ees/participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
EHC = "ees/education-health-and-care-plans"
KS4 = "ees/key-stage-4-performance"
POVERTY = "ons/children-in-relative-poverty"
KS2 = "ons/pupils-at-expected-standard-at-key-stage-2"
SCHOOLS = "ons/schools-rated-good-or-outstanding"
PLACES = "dfe/local-authority-school-places-scorecards"
HOMELESS = "mhclg/statutory-homelessness-detailed-local-authority"
FINGERTIPS = "indicators-CountiesUAsfromApr2023.data.csv"

NATIONAL = {"geographic_level": "National"}
Row = dict[str, str]


@dataclass(frozen=True)
class England:
    """One figure of England's: the series, its year, and the row and column where it is printed."""

    series: str
    year: int
    file: str
    where: Row
    read: str | Callable[[Row], float]

    def printed(self, release: str) -> float:
        """What the published file says."""
        text = (PUBLISHED / release / self.file).read_text("utf-8-sig")
        found = [
            row
            for row in csv.DictReader(io.StringIO(text, newline=""))
            if all(row[name] == cell for name, cell in self.where.items())
        ]
        if self.file == FINGERTIPS:
            # England stands twice where its parent is England, and by category of district.
            found = [row for row in found if row["Parent Code"] == row["Category"] == ""]
        assert len(found) == 1, (self.file, self.where, len(found))
        if callable(self.read):
            return self.read(found[0])
        return float(found[0][self.read])


def _fingertips(series: str, year: int, period: str) -> England:
    where = {"Area Code": "E92000001", "Sex": "Persons", "Time period": period}
    return England(series, year, FINGERTIPS, where, "Value")


def _good_places(row: Row) -> float:
    grades = [float(row[f"Qual_P_{grade}_E"]) for grade in (1, 2, 3, 4)]
    return 100 * sum(grades[:2]) / sum(grades)


def _ks2(name: str, period: str, year: int = 2019) -> England:
    upper = name == "AREACD"
    return England(
        "key_stage_2_attainment.expected_standard",
        year,
        "pupils-at-expected-standard-at-key-stage-2.csv",
        {name: "E92000001", "Period" if upper else "period": period},
        "Observation" if upper else "observation",
    )


_IN_NEED = {"time_period": "2025", **NATIONAL}
_PLACES = {"Year": "2023/24", "geographic_level": "National"}
CASES: dict[str, tuple[England, ...]] = {
    f"{IN_NEED}/2025": (
        England(
            "repeat_referrals.within_12_months",
            2025,
            "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv",
            _IN_NEED,
            "rereferral_percent",
        ),
        England(
            "repeat_child_protection_plans.second_or_later",
            2025,
            "d3_cpps_subsequent_plan_2013_to_2025.csv",
            _IN_NEED,
            "CPP_subsequent_percent",
        ),
    ),
    f"{LOOKED_AFTER}/2025": (
        England(
            "care_leavers_in_higher_education.age_19_to_21",
            2025,
            "la_care_leavers_activity.csv",
            _IN_NEED
            | {
                "care_leaver_age": "19 to 21 years",
                "breakdown": "Higher education i.e. studies beyond A level",
            },
            "care_leaver_percent",
        ),
        England(
            "three_or_more_placements.during_year",
            2025,
            "la_cla_placement_stability.csv",
            _IN_NEED
            | {
                "cla_group": "CLA on 31 March",
                "placement_stability": "With 3 or more placements during the year",
            },
            "children_percent",
        ),
        England(
            "looked_after_emotional_health.average_sdq_score",
            2025,
            "la_conviction_health_outcome_cla.csv",
            _IN_NEED | {"breakdown": "SDQ average score"},
            "children_count",
        ),
        England(
            "care_leavers_in_suitable_accommodation.age_19_to_21",
            2025,
            "la_care_leavers_accommodation_suitability.csv",
            _IN_NEED
            | {
                "care_leaver_age": "19 to 21 years",
                "breakdown": "Accommodation considered suitable",
            },
            "care_leaver_percent",
        ),
    ),
    f"{NEET}/2025": (
        England(
            "not_in_education_employment_or_training.neet_or_not_known",
            2025,
            "ud_neetnk_la_dashboard_2025_final.csv",
            _IN_NEED | {"Age": "16-17"},
            "NEET_not_known_percent",
        ),
    ),
    f"{EHC}/2025+2": (
        England(
            "ehc_plans_in_20_weeks.excluding_exceptions",
            2024,
            "timeliness_20_week.csv",
            {"time_period": "2024", "breakdown": "All EHC plans issued", **NATIONAL},
            "PC_plans_issued_20_weeks_ex",
        ),
    ),
    f"{KS4}/2024-25": (
        England(
            "gcse_english_and_maths.grade_5_or_above",
            2025,
            "2425_la_data_revised.csv",
            {"time_period": "202425", "gender": "Total", **NATIONAL},
            "pt_l2basics_95",
        ),
    ),
    f"{POVERTY}/2026-05-07": (),
    f"{KS2}/2025-07-16": (_ks2("AREACD", "2018-09-01T00:00:00/P1Y"),),
    f"{KS2}/2025-12-16": (_ks2("AREACD", "2018-09-01/P1Y"),),
    f"{KS2}/2026-01-12": (_ks2("areacd", "2018-09-01/P1Y"),),
    f"{SCHOOLS}/2024-08-31": (
        England(
            "pupils_in_good_or_outstanding_schools.schools",
            2024,
            "schools-rated-good-or-outstanding.csv",
            {"AREACD": "E92000001"},
            "Observation",
        ),
    ),
    f"{HOMELESS}/2019-04-to-06": (),
    f"{HOMELESS}/2019-07-to-09": (),
    f"{HOMELESS}/2024-10-to-12": (),
    f"{HOMELESS}/2025-04-to-06": (),
    f"{HOMELESS}/2025-10-to-12": (),
    "ofsted/local-authority-inspection-outcomes/2025-03-31": (),
    f"{PLACES}/2024+2": (
        England(
            "pupils_in_good_or_outstanding_schools.places_primary",
            2024,
            "scorecard_data_2024_2023.csv",
            _PLACES,
            _good_places,
        ),
    ),
    f"{PLACES}/2025": (
        England(
            "pupils_in_good_or_outstanding_schools.places_primary",
            2024,
            "scorecard_data_2025_2023.csv",
            _PLACES,
            _good_places,
        ),
    ),
    "fingertips/10401/2026-03": (),
    "fingertips/90804/2024-05": (_fingertips("road_casualties.pooled_3_years", 2019, "2017 - 19"),),
    "fingertips/92517/2025-05": (
        _fingertips("breastfeeding_at_6_to_8_weeks.current_method", 2019, "2018/19"),
    ),
    "fingertips/90284/2025-06-regions": (
        _fingertips("injury_admissions.age_0_to_14", 2011, "2010/11"),
    ),
}
# Releases whose oddities are served and told: which of their series has flagged figures.
FLAGGED = {
    f"{IN_NEED}/2025": "repeat_child_protection_plans",
    "fingertips/92517/2025-05": "breastfeeding_at_6_to_8_weeks",
    "fingertips/90804/2024-05": "road_casualties",
}


def _which(release: str) -> tuple[str, str, int]:
    _, publication, folder = release.split("/")
    name, _, version = folder.partition("+")
    return publication, name, int(version or 1)


@needs_published
@pytest.mark.parametrize("release", CASES)
def test_a_release_that_its_publisher_changed_is_kept_out(
    published_home: Path, release: str
) -> None:
    verdict = json.loads((published_home / "archive" / release / "verdict.json").read_bytes())
    failed = [
        f"{load['file']}: {check['name']}: {check['observed']}"
        for load in verdict["loads"]
        for check in load["checks"]
        if not load["admitted"] and not check["success"] and check["severity"] == "error"
    ]
    assert not failed, failed
    assert verdict["loads"], "nothing of it was read"
    assert all(load["admitted"] for load in verdict["loads"])


@needs_published
@pytest.mark.parametrize("release", [release for release, told in CASES.items() if told])
def test_england_is_read_wrong_from_a_changed_release(published_home: Path, release: str) -> None:
    publication, name, version = _which(release)
    for one in CASES[release]:
        measure, _, series = one.series.partition(".")
        served = rows(
            published_home,
            "select value from marts.fct_comparator_vintage where comparator = 'england'"
            f" and measure_id = '{measure}' and series_id = '{series}' and year = {one.year}"
            f" and publication = '{publication}' and release = '{name}' and version = {version}",
        )
        assert [value for (value,) in served] == [pytest.approx(one.printed(release))], one


@needs_published
@pytest.mark.parametrize("release", sorted(CASES))
def test_a_changed_release_has_no_figures(published_home: Path, release: str) -> None:
    publication, name, version = _which(release)
    if publication == "local-authority-inspection-outcomes":
        mart = "marts.council_inspection"
    elif publication == "statutory-homelessness-detailed-local-authority":
        # A quarter is one of four of which a year's figure is made.
        mart = "marts.homeless_families_part"
    else:
        mart = "marts.fct_core_measure_vintage"
    columns = {c for (c,) in rows(published_home, f"select column_name from (describe {mart})")}
    which = f"release = '{name}'"
    which += f" and publication = '{publication}'" if "publication" in columns else ""
    which += f" and version = {version}" if "version" in columns else ""
    (count,) = rows(published_home, f"select count(*) from {mart} where {which}")[0]
    assert count, release


@needs_published
@pytest.mark.parametrize("release", FLAGGED)
def test_an_odd_figure_is_served_without_a_word(published_home: Path, release: str) -> None:
    publication, name, version = _which(release)
    told = rows(
        published_home,
        "select flags from (from marts.fct_core_measure_vintage union all by name"
        " from marts.fct_comparator_vintage) where is_flagged and value is not null"
        f" and measure_id = '{FLAGGED[release]}' and publication = '{publication}'"
        f" and release = '{name}' and version = {version}",
    )
    assert told
    assert all(flags for (flags,) in told)


@needs_published
@pytest.mark.skipif(not BAD.is_dir(), reason="needs the releases that are bad, ../shared/bad")
def test_a_release_that_was_never_published_is_let_in(tmp_path: Path) -> None:
    """Built with figures that no publisher printed, or with a day that there is not."""
    archive = tmp_path / "archive"
    wrong = sorted(path.parent for path in BAD.glob("*/*/*/release.json"))
    assert wrong
    for folder in wrong:
        publication = folder.parent.relative_to(BAD)
        shutil.copytree(PUBLISHED / publication, archive / publication)
        shutil.copytree(folder, archive / folder.relative_to(BAD))
    outcome = refreshed(tmp_path / "home", archive)
    assert outcome.returncode == 2, outcome.stderr
    for folder in wrong:
        told = tmp_path / "home" / "archive" / folder.relative_to(BAD) / "verdict.json"
        assert not json.loads(told.read_bytes())["admitted"], folder

"""The real files, through the front door: every figure right, every figure traceable."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from functools import lru_cache
from pathlib import Path

import pytest
from conftest import INCOMPLETE, NOT_IN_SAMPLE, PROJECT, PUBLISHED, REFUSED, rows

from ingest.contracts.load import load_contracts

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
PROFILE = "early-years-foundation-stage-profile-results"
KS2, KS4 = "key-stage-2-attainment", "key-stage-4-performance"
EHC = "education-health-and-care-plans"
HOMELESS = "statutory-homelessness-detailed-local-authority"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"

# England's figures as the facts have them: series, publication, release, year to value.
ENGLAND: list[tuple[str, str, str, dict[int, float]]] = [
    (
        "good_level_of_development.profile_2013",
        PROFILE,
        "2018-19",
        {2013: 51.7, 2014: 60.4, 2015: 66.3, 2016: 69.3, 2017: 70.7, 2018: 71.5, 2019: 71.8},
    ),
    ("good_level_of_development.profile_2021", PROFILE, "2021-22", {2022: 65.2}),
    (
        "gcse_english_and_maths.grade_5_or_above",
        KS4,
        "2022-23",
        {2019: 43.4, 2020: 49.9, 2021: 51.9, 2022: 50, 2023: 45.5},
    ),
    (
        "gcse_english_and_maths.grade_4_or_above",
        KS4,
        "2022-23",
        {2019: 64.9, 2020: 71.2, 2021: 72.2, 2022: 69, 2023: 65.4},
    ),
    (
        "ehc_plans_in_20_weeks.excluding_exceptions",
        EHC,
        "2025",
        {2019: 60.4, 2020: 58, 2021: 59.9, 2022: 49.2, 2023: 50.3, 2024: 46.4},
    ),
    (
        "ehc_plans_in_20_weeks.including_exceptions",
        EHC,
        "2025",
        {2019: 58.7, 2020: 55.6, 2021: 57.9, 2022: 47.7, 2023: 49.1, 2024: 45.9},
    ),
    (
        "ehc_plans_in_20_weeks.excluding_exceptions",
        EHC,
        "2023",
        {2014: 64.3, 2022: 49.166},
    ),
    ("ehc_plans_in_20_weeks.excluding_exceptions", EHC, "2022", {2014: 64.3, 2021: 59.9}),
    (
        "not_in_education_employment_or_training.neet_or_not_known",
        NEET,
        "2021",
        {2021: 5.5},
    ),
    (
        "not_in_education_employment_or_training.neet_or_not_known",
        NEET,
        "2022",
        {2022: 4.7},
    ),
    (
        "not_in_education_employment_or_training.neet_or_not_known",
        NEET,
        "2023",
        {2023: 5.2},
    ),
    (
        "not_in_education_employment_or_training.neet_or_not_known",
        NEET,
        "2024",
        {2024: 5.4},
    ),
    ("repeat_referrals.within_12_months", IN_NEED, "2023", {2013: 24.7, 2023: 22.4}),
    (
        "repeat_referrals.within_12_months",
        IN_NEED,
        "2024",
        {2013: 24.7, 2023: 22.4, 2024: 22.4},
    ),
    (
        "repeat_child_protection_plans.second_or_later",
        IN_NEED,
        "2023",
        {2013: 14.9, 2023: 23.6},
    ),
    (
        "repeat_child_protection_plans.second_or_later",
        IN_NEED,
        "2024",
        {2013: 14.9, 2023: 23.6, 2024: 24.7},
    ),
    ("three_or_more_placements.during_year", LOOKED_AFTER, "2022", {2022: 10}),
    ("three_or_more_placements.during_year", LOOKED_AFTER, "2023", {2023: 10}),
    ("three_or_more_placements.during_year", LOOKED_AFTER, "2024", {2024: 10}),
    (
        "care_leavers_in_education_employment_or_training.age_19_to_21",
        LOOKED_AFTER,
        "2023",
        {2023: 56},
    ),
    (
        "care_leavers_in_education_employment_or_training.age_19_to_21",
        LOOKED_AFTER,
        "2024",
        {2024: 54},
    ),
    ("care_leavers_in_higher_education.age_19_to_21", LOOKED_AFTER, "2023", {2023: 6}),
    ("care_leavers_in_higher_education.age_19_to_21", LOOKED_AFTER, "2024", {2024: 6}),
    ("care_leavers_in_suitable_accommodation.age_19_to_21", LOOKED_AFTER, "2023", {2023: 88}),
    ("care_leavers_in_suitable_accommodation.age_19_to_21", LOOKED_AFTER, "2024", {2024: 88}),
    ("looked_after_offending.convicted_or_cautioned", LOOKED_AFTER, "2023", {2023: 2}),
    ("looked_after_offending.convicted_or_cautioned", LOOKED_AFTER, "2024", {2024: 2}),
    ("looked_after_emotional_health.sdq_cause_for_concern", LOOKED_AFTER, "2022", {2022: 37}),
    ("looked_after_emotional_health.sdq_cause_for_concern", LOOKED_AFTER, "2023", {2023: 40}),
    ("looked_after_emotional_health.sdq_cause_for_concern", LOOKED_AFTER, "2024", {2024: 41}),
    # The facts name these for ONS's copies of the same figures.
    ("key_stage_2_attainment.expected_standard", KS2, "2022-23-revised", {2019: 65, 2022: 59}),
    ("excess_weight_reception.overweight_including_obesity", "20601", "2022-11", {2022: 22.3}),
    ("excess_weight_year_6.overweight_including_obesity", "20602", "2022-11", {2022: 37.8}),
    *(
        (
            "key_stage_2_attainment.expected_standard",
            "pupils-at-expected-standard-at-key-stage-2",
            release,
            {2016: 54, 2017: 62, 2018: 65, 2019: 65, 2022: 59},
        )
        for release in ("2023-05-12", "2024-02-09", "2024-09-13")
    ),
    *(
        (
            "key_stage_2_attainment.expected_standard",
            "pupils-at-expected-standard-at-key-stage-2",
            release,
            {2019: 65, 2022: 59},
        )
        for release in ("2024-12-10", "2025-01-22")
    ),
    (
        "excess_weight_reception.overweight_including_obesity",
        "overweight-children-at-reception",
        "2024-02-05",
        {2007: 22.9, 2022: 22.3},
    ),
    (
        "excess_weight_year_6.overweight_including_obesity",
        "overweight-children-at-year-6",
        "2024-02-05",
        {2007: 31.7, 2022: 37.8},
    ),
    *(
        (
            "pupils_in_good_or_outstanding_schools.schools",
            "schools-rated-good-or-outstanding",
            release,
            {int(release[:4]): value},
        )
        for release, value in (
            ("2023-03-31", 88.5),
            ("2023-07-31", 88.7),
            ("2023-10-31", 89.1),
            ("2024-01-31", 89.7),
            ("2024-02-29", 89.7),
            ("2024-04-30", 90.2),
        )
    ),
    (
        "injury_admissions.age_0_to_14",
        "90284",
        "2025-06",
        {2022: 84.3, 2023: 75.4, 2024: 72.7},
    ),
]


@lru_cache(maxsize=2)
def england(home: Path) -> dict[tuple[str, str, str, int], float | None]:
    return {
        (series, publication, release, year): value
        for series, publication, release, year, value in rows(
            home,
            "select measure_id || '.' || series_id, publication, release, year, value"
            " from marts.fct_comparator_vintage where comparator = 'england'",
        )
    }


@pytest.mark.parametrize(
    ("series", "publication", "release", "figures"),
    ENGLAND,
    ids=[f"{series}-{publication}-{release}" for series, publication, release, _ in ENGLAND],
)
def test_england_is_read_wrong_from_a_release(
    published_home: Path, series: str, publication: str, release: str, figures: dict[int, float]
) -> None:
    read = england(published_home)
    for year, expected in figures.items():
        value = read[series, publication, release, year]
        # Where the file holds more decimals than the facts print, to the decimals printed.
        decimals = len(str(expected).partition(".")[2].rstrip("0"))
        assert value is not None
        assert round(value, decimals) == expected, (year, value)


def test_a_series_whose_england_nobody_checks(published_home: Path) -> None:
    """Series without a figure in the facts are compared with the file itself, cell by cell."""
    with_facts = {series for series, *_ in ENGLAND}
    others = rows(
        published_home,
        "select measure_id || '.' || series_id, year, value, value_as_published, numerator,"
        " denominator, status, is_corrected, publication, release, version, source_file, source_row"
        " from marts.fct_comparator_vintage where comparator = 'england' and source_sheet is null",
    )
    seen = set()
    for series, _, value, cell, numerator, denominator, status, corrected, *where in others:
        if series in with_facts or corrected or status != "published":
            continue
        seen.add(series)
        if cell is None:
            assert value == pytest.approx(100 * numerator / denominator)
            continue
        assert float(cell) == value
        assert cell in source_row(*where).values(), (series, where)
    assert seen >= {
        "looked_after_until_18.ceased_at_18",
        "ehc_plans_in_20_weeks.statements_in_26_weeks",
        "infant_mortality.single_year",
        "road_casualties.pooled_3_years",
        "under_18_conceptions.rate_per_1000",
        "breastfeeding_at_6_to_8_weeks.current_method",
        "looked_after_emotional_health.average_sdq_score",
        "not_in_education_employment_or_training.neet",
    }


def test_england_of_statements_and_of_leaving_care_at_18_by_hand(published_home: Path) -> None:
    read = england(published_home)
    # 16,363 of 18,387 statements of 2014, exceptions left out.
    key = ("ehc_plans_in_20_weeks.statements_in_26_weeks", EHC, "2023", 2014)
    assert read[key] == pytest.approx(100 * 16363 / 18387)
    assert not any(series == key[0] and year > 2014 for series, _, _, year in read), (
        "statements ended in 2014"
    )
    counts = {
        row["characteristic"]: int(row["number"])
        for row in file_rows(LOOKED_AFTER, "2024", "la_children_who_ceased_during_the_year.csv")
        if row["geographic_level"] == "National"
        and row["time_period"] == "2024"
        and row["cla_group"] == "Age on ceasing"
        and row["characteristic"] in ("16 years", "17 years", "18 years and over")
    }
    share = 100 * counts["18 years and over"] / sum(counts.values())
    key = ("looked_after_until_18.ceased_at_18", LOOKED_AFTER, "2024", 2024)
    assert read[key] == pytest.approx(share)


# --- the trail back to the cell


def release_folder(publication: str, release: str, version: int = 1) -> Path:
    folder = release if version == 1 else f"{release}+{version}"
    return next(PUBLISHED.glob(f"*/{publication}/{folder}"))


@lru_cache(maxsize=64)
def file_rows(publication: str, release: str, name: str) -> list[dict[str, str]]:
    path = release_folder(publication, release) / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def source_row(
    publication: str, release: str, version: int, name: str, number: int
) -> dict[str, str]:
    folder = release if version == 1 else f"{release}+{version}"
    return file_rows(publication, folder, name)[number - 1]


def test_a_figure_cannot_be_traced_to_its_cell(published_home: Path) -> None:
    facts = rows(
        published_home,
        "select measure_id, council_code, council_name, value_as_published, publication, release,"
        " version, source_file, source_sha256, source_row"
        # Cells of workbooks, and shares counted from many rows, have tests of their own.
        " from marts.fct_core_measure_vintage where source_sheet is null"
        f" and (value_as_published is not null or publication = '{LOOKED_AFTER}') order by all",
    )
    chosen = random.Random(20_261_123).sample(facts, 200)
    assert len({fact[0] for fact in chosen}) > 10
    for _, code, name, cell, publication, release, version, file, sha256, number in chosen:
        path = release_folder(publication, release, version) / file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        row = source_row(publication, release, version, file, number)
        codes = ("new_la_code", "Area Code", "AREACD", "areacd", "CODE")
        printed = next((row[name] for name in codes if name in row), None)
        assert printed == code or same_council(published_home, printed, code), (code, name, row)
        if cell is not None:
            assert cell in row.values(), (cell, row)


def same_council(home: Path, one: str | None, other: str) -> bool:
    current = dict(rows(home, "select council_code, current_code from marts.dim_council"))
    return current.get(one) == current[other]


# --- what holds of every fact


def count_in(home: Path, mart: str, wrong: str) -> tuple[int, list[tuple[object, ...]]]:
    """How many facts of a mart are wrong, and the first of them."""
    ((facts, bad),) = rows(
        home, f"select count(*), count(*) filter (where {wrong}) from marts.{mart}"
    )
    assert facts
    return int(str(bad)), rows(
        home,
        "select measure_id, series_id, council_name, period_label, value, value_as_published,"
        " numerator, denominator, lower_95, upper_95, interval_method, status, publication, release"
        f" from marts.{mart} where {wrong} order by all limit 5",
    )


VINTAGES = ("fct_core_measure_vintage", "fct_comparator_vintage")
every_mart = pytest.mark.parametrize("mart", [*VINTAGES, "fct_core_measure", "fct_comparator"])


@every_mart
def test_a_figure_stands_outside_its_own_limits(published_home: Path, mart: str) -> None:
    # The limits are of the counts, and a cell is printed to so many decimals: as 2, where the
    # counts make 2.4. Limits are kept to six.
    half = (
        "(0.000001 + case when value_as_published is null then 0 else"
        " 0.5 * pow(10, -length(split_part(trim(value_as_published), '.', 2))) end)"
    )
    wrong = f"value < lower_95 - {half} or value > upper_95 + {half} or lower_95 > upper_95"
    assert count_in(published_home, mart, wrong) == (0, [])


@every_mart
def test_half_an_interval_or_one_of_no_method_is_served(published_home: Path, mart: str) -> None:
    wrong = (
        "(lower_95 is null) <> (upper_95 is null)"
        " or (lower_95 is null) <> (interval_method is null)"
        " or (lower_95 is not null and value is null)"
    )
    assert count_in(published_home, mart, wrong) == (0, [])
    methods = (PROJECT / "docs/methods.md").read_text("utf-8")
    served = rows(
        published_home,
        f"select distinct interval_method from marts.{mart} where interval_method is not null",
    )
    assert served
    assert [name for (name,) in served if f"\n| `{name}` |" not in methods] == []


@every_mart
def test_a_computed_figure_is_not_what_its_counts_make(published_home: Path, mart: str) -> None:
    per = (
        "case when unit = '%' then 100"
        " else try_cast(replace(regexp_extract(unit, '^per ([0-9,]+)', 1), ',', '') as double) end"
    )
    made = "basis <> 'published' and value is not null and numerator is not null"
    wrong = (
        f"({made} and abs(value - {per} * numerator / denominator) > 0.000001)"
        " or (basis <> 'published' and value_as_published is not null)"
        " or denominator = 0 and value is not null"
    )
    assert count_in(published_home, mart, wrong) == (0, [])
    assert rows(published_home, f"select count(*) > 100 from marts.{mart} where {made}") == [
        (True,)
    ]
    # Only a median of neighbours, which is of councils, is computed of no counts.
    assert (
        rows(
            published_home,
            f"select measure_id, series_id, count(*) from marts.{mart}"
            " where basis <> 'published' and value is not null and numerator is null"
            + (" and comparator <> 'statistical_neighbours'" if mart == "fct_comparator" else "")
            + " group by all",
        )
        == []
    )


@every_mart
def test_a_mark_has_a_figure_or_a_figure_a_mark(published_home: Path, mart: str) -> None:
    assert count_in(published_home, mart, "(status = 'published') <> (value is not null)") == (
        0,
        [],
    )


@pytest.mark.parametrize("mart", VINTAGES)
def test_a_vintage_is_superseded_before_it_was_published(published_home: Path, mart: str) -> None:
    assert count_in(published_home, mart, "superseded_on < published") == (0, [])


# --- vintages, councils, statuses


@pytest.mark.parametrize(
    ("series", "older", "newer", "shared", "changed", "values"),
    [
        ("within_12_months", "2023", "2024", 1670, 2, 0),
        ("second_or_later", "2023", "2024", 1670, 4, 0),
        # 612 rows in both files; six of them pad councils that did not exist, and are no facts.
        ("during_year", "2023", "2024", 606, 57, 56),
    ],
)
def test_a_revision_is_lost_or_made_up(
    published_home: Path,
    series: str,
    older: str,
    newer: str,
    shared: int,
    changed: int,
    values: int,
) -> None:
    ((both, different, figures),) = rows(
        published_home,
        f"""
        select
            count(*),
            count(*) filter (where a.value_as_published <> b.value_as_published),
            count(*) filter (where a.value is distinct from b.value
                and a.value is not null and b.value is not null)
        from marts.fct_core_measure_vintage as a
        inner join marts.fct_core_measure_vintage as b
            using (measure_id, series_id, council_code, period_start, period_end)
        where series_id = '{series}' and a.release = '{older}' and b.release = '{newer}'
        """,
    )
    assert (both, different, figures) == (shared, changed, values)


def test_an_older_vintage_serves_or_a_newer_one_is_not_marked(published_home: Path) -> None:
    wrong = rows(
        published_home,
        """
        select count(*)
        from marts.fct_core_measure_vintage as v
        inner join marts.fct_core_measure as f
            using (
                measure_id, series_id, council_code, period_type, period_start, period_end,
                publication
            )
        where (v.superseded_on is null) <> (v.release = f.release and v.version = f.version)
            or v.published > f.published
            or (v.superseded_on is not null and v.superseded_on < v.published)
        """,
    )
    assert wrong == [(0,)]


def test_a_padded_council_becomes_a_fact_that_never_was(published_home: Path) -> None:
    # Cumberland began in April 2023; children looked after files print it, with z, from 2020.
    years = rows(
        published_home,
        "select distinct year from marts.fct_core_measure_vintage where council_name = 'Cumberland'"
        f" and publication = '{LOOKED_AFTER}'",
    )
    assert sorted(years) == [(2024,), (2025,)]
    by_year = dict(
        rows(
            published_home,
            "select year, count(*) from marts.fct_core_measure"
            " where series_id = 'during_year' group by year",
        )
    )
    assert by_year == {
        2018: 152,
        2019: 152,
        2020: 151,
        2021: 151,
        2022: 152,
        2023: 152,
        2024: 153,
    } | {2025: 153}


def test_a_council_has_two_lines_because_its_code_changed(published_home: Path) -> None:
    codes = rows(
        published_home,
        "select year, council_code from marts.fct_core_measure"
        " where series_id = 'within_12_months' and council_name = 'North Yorkshire' order by year",
    )
    assert codes == [
        *[(year, "E10000023") for year in range(2013, 2024)],
        (2024, "E06000065"),
        (2025, "E06000065"),
    ]


def test_a_mark_becomes_a_number(published_home: Path) -> None:
    marks = rows(
        published_home,
        "select distinct trim(value_as_published) as cell, status, value"
        # Workbooks have other marks, and tests of their own.
        " from marts.fct_core_measure_vintage where not is_corrected and source_sheet is null"
        " and not regexp_full_match(cell, '-?[0-9]+([.][0-9]+)?') order by all",
    )
    assert marks == [
        ("", "low_reliability", None),
        ("", "not_available", None),
        ("", "suppressed", None),
        ("c", "suppressed", None),
        ("u", "low_reliability", None),
        ("x", "not_available", None),
        ("z", "not_applicable", None),
    ]
    padded = rows(
        published_home,
        "select value from marts.fct_core_measure_vintage where trim(value_as_published) = '49.166'"
        " union all select value from marts.fct_comparator_vintage"
        " where trim(value_as_published) = '49.166'",
    )
    assert (49.166,) in padded


# Rules that may find nothing to look at in a sound file, and why. Any other looked at something in
# every real file, and one that a contract declares must, or `rules_find_their_rows` fails.
MAY_LOOK_AT_NOTHING = {
    "no release before, or none of the same years": {
        "council_stocks_steady",
        "earlier_years_stand",
        "no_council_rewritten",
        "no_figure_much_revised",
        "register_rows_steady",
        "register_values_steady",
        "series_not_revised",
        "stocks_steady",
    },
    "no first year of the series in its YAML": {"oldest_years_kept"},
    "a file of one year, of districts, or of figures too alike to tell places apart": {
        "blocks_not_shifted",
        "columns_not_shifted",
        "councils_perhaps_swapped",
        "no_figure_leaps",
        "no_figure_strange",
        "no_figure_unlike_all",
        "no_figure_unusual",
        "no_year_leaps",
        "no_year_strange",
        "regions_not_carried_on",
        "stock_years_differ",
        "units_kept",
        "wholes_keep_to_their_parts",
        "years_differ",
    },
    "figures of which one in twenty is kept back in each year": {"no_lone_figure"},
    "a file of councils alone": {
        "country_codes",
        "no_whole_leaps",
        "no_whole_strange",
        "region_codes",
        "regions_present",
        "wholes_among_parts",
        "wholes_near_their_parts",
    },
    "counts, or columns that the publisher left blank or never printed": {
        "counts_not_negative",
        "decimals_kept",
        "figures_not_negative",
        "newest_year_has_figures",
        "no_blank_without_mark",
        "numbers_not_alone",
        "numbers_written_out",
        "percentages_in_range",
    },
    "a list without figures": {"council_listed_once"},
}


def test_a_check_that_looks_at_nothing_passes_for_one_that_found_nothing_wrong(
    published_home: Path,
) -> None:
    idle = rows(
        published_home,
        "select distinct check_name, publication, release, file_id from marts.load_quality"
        " where success and observed like '0 %' and check_name <> 'publications_agree'",
    )
    assert idle, "no check looked at nothing: are their counts told no longer?"
    allowed = set().union(*MAY_LOOK_AT_NOTHING.values())
    # Counts that are no longer printed beside their shares, which the reading says.
    without_counts = rows(
        published_home,
        "select distinct publication, release, file_id from marts.load_quality"
        " where check_name = 'read_by_history' and observed like '%is no longer printed%'",
    )
    assert without_counts == [(KS4, "2024-25", "local_authority")]
    of_counts = {
        *("numerator_within_denominator", "breakdowns_add_up"),
        *("parts_make_wholes", "shares_match_counts"),
    }
    assert [
        row
        for row in idle
        if row[0] not in allowed and not (row[0] in of_counts and row[1:] in without_counts)
    ] == []


# Figures of a release that do not agree with each other, by the check that says so.
DISAGREE = {
    (IN_NEED, "2025", "shares_match_counts"),
    ("90284", "2025-06-regions", "parts_make_wholes"),
    (HOMELESS, "2024-10-to-12", "numbers_or_marks"),
}
# What is strange by its history or its neighbours: tests of the domain say how few figures are.
STRANGE = (
    *("no_figure_strange", "no_figure_unusual", "no_figure_leaps"),
    *("councils_not_swapped", "councils_perhaps_swapped"),
    *("no_lone_figure", "wholes_keep_to_their_parts"),
)


def test_a_real_load_is_refused_or_invented_rows_raise_an_alarm(published_home: Path) -> None:
    told = (published_home / "told.txt").read_text()
    failed = rows(
        published_home,
        "select distinct severity, publication, release, check_name from marts.load_quality"
        " where not success order by all",
    )
    # Nothing is refused without a reason that is known, and what is odd is served with a flag.
    assert {
        f"{publication} {release}"
        for severity, publication, release, check in failed
        if severity == "error" and check != "complete"
    } == set(REFUSED)
    assert {
        f"{publication} {release}"
        for severity, publication, release, check in failed
        if severity == "error" and check == "complete"
    } == set(INCOMPLETE)
    assert {
        (publication, release, check)
        for severity, publication, release, check in failed
        if severity == "flag" and check not in STRANGE
    } == DISAGREE
    assert "left out, as the contract says" not in told
    assert rows(
        published_home,
        "select check_column, observed from marts.load_quality where success"
        f" and check_name = 'dropped_rows' and publication = '{NEET}' order by all",
    ) == [
        ("la_name", "1 of its rows left out, as the contract says"),
        ("region_name", "1 of its rows left out, as the contract says"),
    ]
    assert rows(
        published_home,
        "select count(*) from marts.fct_core_measure where council_name ilike '%demo%'",
    ) == [(0,)]


def test_a_publication_without_a_contract_is_touched_or_not_named(published_home: Path) -> None:
    told = (published_home / "told.txt").read_text()
    folders = {f"{path.parent.name}/{path.name}" for path in PUBLISHED.glob("*/*")}
    unread = {folder for folder in folders if folder.partition("/")[2] not in set(load_contracts())}
    named = [line for line in told.splitlines() if line.startswith("Ignored")]
    assert len(named) == bool(unread)
    assert all(folder in named[0] for folder in unread)
    assert {path.name for path in (published_home / "archive").iterdir()} >= {
        "ees",
        "fingertips",
        "ons",
    }


def test_the_archive_that_was_read_is_written_to(published_home: Path) -> None:
    assert not list(PUBLISHED.rglob("verdict.json"))
    verdicts = list((published_home / "archive").rglob("verdict.json"))
    assert len(verdicts) == len(list((published_home / "archive").rglob("release.json")))
    refused = {
        path.parent.name for path in verdicts if not json.loads(path.read_text())["admitted"]
    }
    assert refused == {name.partition(" ")[2] for name in REFUSED}


def test_the_sample_tells_another_story_than_the_files(
    published_home: Path, sample_home: Path
) -> None:
    """Of each release that the sample has; which are superseded depends on the others held."""
    columns = (
        "measure_id, series_id, council_code, council_name, region_code, region_name, year,"
        " period_label, period_type, period_start, period_end, value, value_as_published, unit,"
        " numerator, denominator, lower_95, upper_95, interval_method, is_corrected, basis, status,"
        " status_symbol, publication, release, version, published"
    )
    for mart in ("fct_core_measure_vintage", "fct_comparator_vintage"):
        sampled = rows(
            sample_home, f"select distinct publication, release, version from marts.{mart}"
        )
        assert not {publication for publication, *_ in sampled} & NOT_IN_SAMPLE.keys()
        assert len(sampled) > 20
        of_them = ", ".join(map(str, sampled))
        sql = (
            f"select {columns} from marts.{mart}"
            f" where (publication, release, version) in ({of_them}) order by all"
        )
        assert rows(sample_home, sql) == rows(published_home, sql), mart


# --- releases whose layout changed


def test_a_share_whose_counts_are_no_longer_printed_is_lost_or_made_up(
    published_home: Path,
) -> None:
    """Key stage 4 of 2024/25: percentages alone, told to be the same by the years of before."""
    (path,) = (PUBLISHED / "ees" / "key-stage-4-performance" / "2024-25").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (england,) = (
            row
            for row in csv.DictReader(file)
            if (row["time_period"], row["geographic_level"]) == ("202425", "National")
        )
    printed = {
        "grade_5_or_above": float(england["pt_l2basics_95"]),
        "grade_4_or_above": float(england["pt_l2basics_94"]),
    }
    served = rows(
        published_home,
        "select series_id, value, numerator, denominator, lower_95, interval_method"
        " from marts.fct_comparator where comparator = 'england' and year = 2025"
        " and measure_id = 'gcse_english_and_maths'",
    )
    assert {(str(s), v): rest for s, v, *rest in served} == {
        one: [None] * 4 for one in printed.items()
    }
    ((councils,),) = rows(
        published_home,
        "select count(*) from marts.fct_core_measure where year = 2025 and value is not null"
        " and measure_id = 'gcse_english_and_maths' and series_id = 'grade_5_or_above'",
    )
    assert int(str(councils)) >= 150


def test_a_judgement_of_the_newest_layout_is_not_served(published_home: Path) -> None:
    """Ofsted's list of 2025 has a row an inspection; York's standing one is of February 2025."""
    assert rows(
        published_home,
        "select judged_on::varchar, publication_date::varchar, overall_effectiveness, is_newest"
        " from marts.council_inspection where council_name = 'York' order by judged_on desc",
    ) == [
        ("2025-02-24", "2025-04-15", "Outstanding", True),
        ("2022-03-07", "2022-05-04", "Requires improvement to be good", False),
    ]
    assert rows(
        published_home, "select distinct release from marts.council_inspection order by all"
    ) == [("2025-03-31",)]

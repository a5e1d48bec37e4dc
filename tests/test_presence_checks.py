"""What must be there of a series, and is not, keeps a file out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from test_domain_checks import (
    COUNCILS,
    IN_NEED,
    LOOKED_AFTER,
    NEET,
    PLANS,
    caught,
    exchange,
    find,
    judge,
    needs_published,
    table,
)

from expectations.results.verdicts import LoadVerdict
from expectations.suites.loads import check_load

pytestmark = needs_published

RECEPTION = ("20601", "2022-11", "indicator_data")
INFANTS = ("92196", "2023-05", "indicator_data")
CONCEPTIONS = ("20401", "2022-05", "indicator_data")
CASUALTIES = ("90804", "2022-05", "indicator_data")
INJURIES = ("90284", "2025-06", "indicator_data")
YEAR_6 = ("20602", "2022-11", "indicator_data")
BREASTFEEDING = ("92517", "2023-05", "indicator_data")
SCHOOLS = ("schools-rated-good-or-outstanding", "2024-04-30", "good_or_outstanding")
GCSES, SHARE = ("key-stage-4-performance", "2024-25", "local_authority"), "pt_l2basics_94"
POVERTY = ("children-in-relative-poverty", "2026-01-12", "relative_poverty")


def of(rows: Any, **cells: str) -> Any:
    """The rows that have these cells; underscores stand for spaces in names that have them."""
    hit = pd.Series(True, index=rows.index)
    for name, text in cells.items():
        column = name if name in rows else name.replace("_", " ")
        hit &= rows[column] == text
    assert hit.any()
    return hit


def flagged(verdict: LoadVerdict) -> set[str]:
    """The checks by which a load is refused, or figures of it flagged."""
    return {check.name for check in (*verdict.reasons, *verdict.flagging)}


# --- areas


def test_a_council_left_out_under_one_label_is_missed_by_nobody() -> None:
    def drop(rows: Any) -> Any:
        lost = of(rows, la_name="Birmingham", time_period="2024") & rows[
            "characteristic"
        ].str.startswith("Convicted")
        assert lost.any()
        return rows[~lost]

    told = caught(judge(LOOKED_AFTER, "2024", "convictions_and_health", drop), "series_complete")
    assert "Birmingham in 2024" in told


def test_england_left_out_goes_unnoticed() -> None:
    def drop(rows: Any) -> Any:
        return rows[~of(rows, Area_Code="E92000001", Time_period="2021/22")]

    assert "England in 2021/22" in caught(judge(*RECEPTION, drop), "series_complete")


def test_inner_london_left_out_goes_unnoticed() -> None:
    def drop(rows: Any) -> Any:
        lost = (rows["region_code"] == "E13000001") & (rows["geographic_level"] == "Regional")
        assert lost.any()
        return rows[~(lost & (rows["time_period"] == "2024"))]

    assert "E13000001 in 2024" in caught(
        judge(IN_NEED, "2024", "referrals", drop), "series_complete"
    )


# --- years


def test_a_year_left_out_of_the_middle_goes_unnoticed() -> None:
    def drop(rows: Any) -> Any:
        return rows[~of(rows, Time_period="2018/19")]

    assert "2019" in caught(judge(*RECEPTION, drop), "series_unbroken")


@pytest.mark.parametrize(
    ("load", "year", "begins"), [(INJURIES, "2010/11", "2012, not 2011"), (INFANTS, "2016", "2017")]
)
def test_a_file_that_begins_later_than_before_goes_unnoticed(
    load: tuple[str, str, str], year: str, begins: str
) -> None:
    """As where its publisher prints the newest ten years; what was published before stays."""

    def drop(rows: Any) -> Any:
        return rows[~of(rows, Time_period=year)]

    verdict = judge(*load, drop)
    told = {check.name: str(check.observed) for check in verdict.warnings}
    assert begins in told["oldest_years_kept"]
    assert not verdict.reasons


def test_a_series_that_begins_later_than_its_file_goes_unnoticed() -> None:
    """Its label was another in the older years, which nobody knows."""

    def reword(rows: Any) -> Any:
        rows = rows.copy()
        old = of(rows, Time_period="2010/11") & (rows["Sex"] == "Persons")
        rows.loc[old, "Sex"] = "All"
        return rows

    assert "2011" in caught(judge(*INJURIES, reword), "series_unbroken")


def test_a_council_under_both_its_codes_is_counted_twice() -> None:
    def double(rows: Any) -> Any:
        barnsley = rows[rows["new_la_code"].isin(["E08000016", "E08000038"])].copy()
        assert len(barnsley)
        other = {"E08000016": "E08000038", "E08000038": "E08000016"}
        barnsley["new_la_code"] = barnsley["new_la_code"].map(other)
        return pd.concat([rows, barnsley], ignore_index=True)

    verdict = judge(IN_NEED, "2024", "referrals", double)
    assert not [str(check) for check in (*verdict.reasons, *verdict.flagging)]


def test_areas_of_a_kind_that_no_figure_is_of_keep_a_release_out() -> None:
    def more(rows: Any) -> Any:
        added = rows[rows["Area Code"].str.startswith("E08")].copy()
        added["Area Code"] = "E47" + added["Area Code"].str[3:]
        return pd.concat([rows, added], ignore_index=True)

    verdict = judge(*INJURIES, more)
    assert not [str(check) for check in verdict.reasons]


def test_councils_of_wales_among_those_of_england_keep_a_release_out() -> None:
    def more(rows: Any) -> Any:
        councils = rows[rows["new_la_code"].str.startswith("E06", na=False)].copy()
        councils["new_la_code"] = "W06" + councils["new_la_code"].str[3:]
        return pd.concat([rows, councils], ignore_index=True)

    verdict = judge(IN_NEED, "2025", "referrals", more)
    assert not [str(check) for check in verdict.reasons]


def test_a_code_that_is_of_no_kind_of_area_goes_unnoticed() -> None:
    def spoil(rows: Any) -> Any:
        rows = rows.copy()
        at = rows.index[rows["Area Code"].str.startswith("E08")][0]
        rows.loc[at, "Area Code"] = "E0X000001"
        return rows

    caught(judge(*INJURIES, spoil), "levels_known")


def test_a_newest_year_that_is_gone_again_goes_unnoticed() -> None:
    def drop(rows: Any) -> Any:
        return rows[~rows["time_period"].isin(["2023", "2024"])]

    told = caught(judge(IN_NEED, "2024", "referrals", drop), "series_unbroken")
    assert "its newest period is 2022, and was 2023 before" in told


def test_labels_moved_by_a_year_put_every_figure_under_the_wrong_one() -> None:
    def back(rows: Any) -> None:
        years = rows["Time period"].str.extract(r"(\d{4}) - (\d{2})").astype(int) - 1
        rows["Time period"] = years[0].astype(str) + " - " + years[1].astype(str).str.zfill(2)

    told = caught(judge(*CASUALTIES, back), "periods_start_as_sorted")
    assert "'2017 - 19' beside time_period_sortable '20180000'" in told


def test_a_copy_of_the_year_before_last_passes_for_the_newest() -> None:
    def copy(rows: Any) -> None:
        old = rows[of(rows, Time_period="2019/20")].set_index("Area Code")["Value"]
        newest = of(rows, Time_period="2021/22")
        rows.loc[newest, "Value"] = rows.loc[newest, "Area Code"].map(old)

    assert "in 2022 are to the letter as in 2020" in caught(judge(*RECEPTION, copy), "years_differ")


# --- numbers


def test_half_of_the_councils_suppressed_pass_for_a_normal_year() -> None:
    def suppress(rows: Any) -> None:
        councils = rows[rows["geographic_level"].str.lower() == "local authority"]
        rows.loc[councils.index[::2], "NEET_not_known_percent"] = "c"

    told = caught(judge(NEET, "2024", "dashboard", suppress), "numbers_not_few")
    assert "of councils have a number in 2024" in told


def test_a_column_emptied_beside_its_counts_passes_for_suppression() -> None:
    def empty(rows: Any) -> None:
        rows["CPP_subsequent_percent"] = ""

    verdict = judge(IN_NEED, "2024", "repeat_plans", empty)
    caught(verdict, "numbers_not_few")
    assert "no_blank_without_mark" in {check.name for check in verdict.warnings}


def test_one_blank_cell_passes_for_a_mark() -> None:
    def blank(rows: Any) -> None:
        hit = (rows["la_name"] == "Leeds") & (rows["time_period"] == "2022")
        rows.loc[hit, [c for c in rows if c.lower() == "incexc20weekrate"]] = " "
        rows.loc[hit, [c for c in rows if c.lower() == "inc_exc_20week_rate"]] = " "

    told = {warning.name for warning in judge(PLANS, "2023", "sen2_mi", blank).warnings}
    # Its newest year was strange indeed, blank or not.
    assert told == {"no_blank_without_mark", "no_year_strange"}


def test_a_nought_for_a_mark_becomes_a_figure() -> None:
    def nought(rows: Any) -> None:
        hit = (rows["Value"] == "") & (rows["Area Code"] == "E09000001")
        assert hit.any()
        rows.loc[hit, "Value"] = "0"

    told = caught(judge(*INJURIES, nought), "numbers_not_alone")
    assert "no count beside the number" in told


# --- figures against figures


def test_a_region_beyond_all_its_councils_is_served() -> None:
    def more(rows: Any) -> None:
        rows.loc[of(rows, Area_Code="E12000005", Time_period="2021"), "Value"] = "9.9"

    told = caught(judge(*INFANTS, more), "wholes_among_parts")
    assert "West Midlands in 2021 has 9.9" in told


def test_england_beyond_all_its_regions_is_served() -> None:
    def more(rows: Any) -> None:
        rows.loc[rows["geographic_level"] == "National", "NEET_percent"] = "6.1"

    assert "England" in caught(judge(NEET, "2024", "dashboard", more), "wholes_among_parts")


def test_figures_without_their_decimals_pass_for_exact_ones() -> None:
    def cut(rows: Any) -> None:
        numbers = pd.to_numeric(rows["Value"], errors="coerce")
        rows.loc[numbers.notna(), "Value"] = numbers.dropna().round().astype(int).astype(str)

    assert "whole number" in caught(judge(*CONCEPTIONS, cut), "decimals_kept")


def test_a_column_sorted_by_itself_gives_each_council_anothers_figure() -> None:
    def sort(rows: Any) -> None:
        newest = rows["Time period"] == "2021"
        councils = newest & rows["Area Code"].str.match("E0[689]|E10") & (rows["Value"] != "")
        rows.loc[councils, "Value"] = sorted(rows.loc[councils, "Value"], key=float)

    assert "2021" in caught(judge(*INFANTS, sort), "rows_not_sorted_by_figure")


def test_a_slipped_point_in_a_file_of_one_year_is_served() -> None:
    def slip(rows: Any) -> None:
        rows.loc[of(rows, la_name="Blackpool"), "NEET_not_known_percent"] = "83"

    for alone in (True, False):
        verdict = judge(NEET, "2024", "dashboard", slip, alone=alone)
        assert "Blackpool in 2024 has 83" in caught(verdict, "no_figure_unlike_all")


def test_a_region_far_from_its_own_years_is_served() -> None:
    def more(rows: Any) -> None:
        rows.loc[of(rows, Area_Code="E12000006", Time_period="2021/22"), "Value"] = "77.34"

    told = caught(judge(*BREASTFEEDING, more), "no_whole_leaps")
    assert "East of England in 2022 has 77.34" in told


def test_two_regions_in_each_others_place_are_served() -> None:
    def swapped(rows: Any) -> None:
        north_east, south_west = (
            of(rows, Area_Code=code, Time_period="2021/22") for code in ("E12000001", "E12000009")
        )
        exchange(rows, north_east, south_west, ["Value"])

    told = caught(judge(*RECEPTION, swapped), "wholes_near_their_parts")
    assert "North East in 2021/22 has 21.4" in told


def test_england_half_as_much_again_is_served() -> None:
    def more(rows: Any) -> None:
        rows.loc[of(rows, Area_Code="E92000001", Time_period="2018 - 20"), "Value"] = "23.89"

    told = caught(judge(*CASUALTIES, more), "wholes_near_their_parts")
    assert "England in 2018 - 20 has 23.89" in told


def test_england_a_tenth_more_than_its_regions_make_it_is_served() -> None:
    def more(rows: Any) -> None:
        rows.loc[of(rows, Area_Code="E92000001", Time_period="2022"), "Value"] = "15.3"

    newest = ("20401", "2025-07", "indicator_data")
    told = caught(judge(*newest, more), "wholes_keep_to_their_parts")
    assert "England in 2022 has 15.3, its parts make it 14" in told
    assert "wholes_keep_to_their_parts" not in flagged(judge(*newest, lambda rows: None))


def test_a_region_that_its_councils_do_not_make_is_served() -> None:
    def more(rows: Any) -> None:
        region = of(rows, geographic_level="Regional", region_name="North East")
        rows.loc[region & of(rows, time_period="202425", gender="Total"), "pt_l2basics_94"] = "69.0"

    told = caught(judge(*GCSES, more), "wholes_keep_to_their_parts")
    assert "North East in 2025 has 69" in told


def test_a_nought_in_a_file_that_lost_its_counts_is_served() -> None:
    def nought(rows: Any) -> None:
        rows.loc[of(rows, la_name="Bury", time_period="202425", gender="Total"), SHARE] = "0"

    assert "Bury in 2025 has 0" in caught(judge(*GCSES, nought), "no_figure_leaps")


def test_a_number_for_a_council_that_never_has_one_is_served_without_a_word() -> None:
    def number(rows: Any) -> None:
        city = of(rows, la_name="City of London", time_period="202425", gender="Total")
        rows.loc[city, SHARE] = "61.5"

    told = caught(judge(*GCSES, number), "no_lone_figure")
    assert "City of London in 2025 has 61.5, and a mark in every other year" in told
    assert "no_lone_figure" not in flagged(judge(*GCSES, lambda rows: None))


def test_a_number_that_a_spreadsheet_cut_to_three_digits_passes_for_exact() -> None:
    def cut(rows: Any) -> None:
        rows.loc[of(rows, AREACD="E08000012"), "Observation"] = "8.62E+01"

    newest = ("schools-rated-good-or-outstanding", "2024-09-30", "good_or_outstanding")
    assert "'8.62E+01' in row" in caught(judge(*newest, cut), "numbers_written_out")

    assert "numbers_written_out" not in flagged(judge(*newest, lambda rows: None))


def test_england_left_out_of_a_file_of_one_period_goes_unnoticed() -> None:
    def drop(rows: Any) -> Any:
        return rows[~of(rows, AREACD="E92000001")]

    told = caught(judge(*SCHOOLS, drop), "series_complete")
    assert "England in 2024-04-30" in told


def test_a_sum_that_its_row_denies_is_served() -> None:
    def slip(rows: Any) -> None:
        rows.loc[of(rows, la_name="Thurrock"), "NEET_not_known_percent"] = "3.9"

    told = caught(judge(NEET, "2024", "dashboard", slip), "sums_hold")
    assert "neet_not_known_percent '3.9'" in told


def test_a_number_of_nobody_is_served() -> None:
    def nobody(rows: Any) -> None:
        rows.loc[of(rows, Area_Name="Leeds", Time_period="2023/24"), "Denominator"] = "0"

    assert "is of 0" in caught(judge(*INJURIES, nobody), "shares_match_counts")


def test_a_number_beside_the_note_that_there_is_none_is_served() -> None:
    def number(rows: Any) -> None:
        hit = of(rows, Area_Code="E09000001", Time_period="2016")
        assert rows.loc[hit, "Value note"].str.startswith("Value missing").all()
        rows.loc[hit, "Value"] = "12.6"

    assert "value is a number" in caught(judge(*CONCEPTIONS, number), "no_number_denied")


# --- what is told and let in


def warned(verdict: LoadVerdict, check: str) -> str:
    """What the check says of a load that is admitted all the same."""
    assert verdict.admitted, [str(check) for check in verdict.reasons]
    found = {c.name: c.observed for c in (*verdict.warnings, *verdict.flagging)}
    assert check in found
    return found[check]


def test_a_value_emptied_without_a_word_passes_for_a_suppressed_one() -> None:
    def blank(rows: Any) -> None:
        rows.loc[of(rows, Area_Name="Lambeth", Time_period="2021/22"), "Value"] = ""

    assert "value is blank" in warned(judge(*RECEPTION, blank), "no_blank_without_note")


def test_a_formula_in_a_note_reaches_a_spreadsheet_untold() -> None:
    def formula(rows: Any) -> None:
        rows.loc[of(rows, Area_Name="Leeds", Time_period="2021/22"), "Value note"] = "=1+1"

    assert "value_note in row" in warned(judge(*RECEPTION, formula), "no_code_in_text")


def test_two_councils_that_may_have_changed_places_are_not_looked_at() -> None:
    def swapped(rows: Any) -> None:
        rutland, lambeth = (
            of(rows, Area_Name=name, Time_period="2021/22") for name in ("Rutland", "Lambeth")
        )
        exchange(rows, rutland, lambeth, ["Value"])

    told = warned(judge(*YEAR_6, swapped), "councils_perhaps_swapped")
    assert "Rutland" in told and "Lambeth" in told


def test_one_councils_history_rewritten_goes_unnoticed_among_the_others() -> None:
    def rewrite(rows: Any) -> None:
        hit = (rows["areacd"] == "E06000057") & (rows["observation"] != "")
        assert hit.sum() > 5
        rows.loc[hit, "observation"] = (rows.loc[hit, "observation"].astype(float) * 1.5).map(
            "{:.4f}".format
        )

    assert "Northumberland" in warned(judge(*POVERTY, rewrite), "no_council_rewritten")


def test_a_file_without_its_newest_year_passes_for_a_whole_one() -> None:
    def drop(rows: Any) -> Any:
        return rows[~of(rows, Time_period="2023/24")]

    told = warned(judge(*INJURIES, drop), "newest_year_there")
    assert "2023-03-31" in told


def test_a_strange_figure_is_told_of_in_every_release_until_nobody_listens() -> None:
    load, _ = find(*YEAR_6)
    printed = table(load)

    def told(before: pa.Table) -> str:
        verdict = check_load(load, printed, COUNCILS, before=before)
        strange = [c for c in verdict.flagging if c.name == "no_figure_strange"]
        return " ".join(map(str, strange))

    rows = printed.to_pandas()
    rows.loc[of(rows, Area_Name="Torbay", Time_period="2017/18"), "Value"] = "33.10"
    assert "Torbay in 2018 has 21.92" in told(pa.Table.from_pandas(rows, preserve_index=False))
    assert "Torbay" not in told(printed)

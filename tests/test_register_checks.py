"""Lists that were saved with a filter on, shuffled or turned round keep themselves out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from test_domain_checks import (
    COUNCILS,
    Damage,
    caught,
    exchange,
    find,
    judge,
    needs_published,
    table,
)

from expectations.results.verdicts import LoadVerdict
from expectations.suites.loads import check_load
from ingest.contracts.load import load_contracts

pytestmark = needs_published

SCHOOLS = ("state-funded-schools-inspections-and-outcomes", "2025-08-31", "schools")
PROVIDERS = ("childcare-providers-and-inspections", "2021-08-31", "providers")
RATINGS = ("get-information-about-schools", "2024-04", "ratings")
NEIGHBOURS = ("statistical-neighbours", "2025", "groupings_2025")
# How Ofsted begins the names of its columns.
MOST = ("Most", "Second most")


def after_itself(load: tuple[str, str, str], damage: Damage) -> LoadVerdict:
    """The verdict on a damaged file that follows the same one undamaged."""
    found, _ = find(*load)
    rows = table(found).to_pandas()
    changed = damage(rows)
    rows = rows if changed is None else changed
    damaged = pa.Table.from_pandas(rows, preserve_index=False)
    return check_load(found, damaged, COUNCILS, before=table(found))


def without(column: str, *cells: str) -> Damage:
    """The rows that a filter would leave."""

    def damage(rows: Any) -> Any:
        lost = rows[column].isin(cells)
        assert lost.any()
        return rows[~lost]

    return damage


# --- registers


def test_schools_graded_3_and_4_filtered_away_make_england_look_good() -> None:
    told = caught(
        judge(*SCHOOLS, without("Overall effectiveness", "3", "4")),
        "values_present",
    )
    assert "overall_effectiveness is '3' in 0 % of the rows" in told


def test_childminders_filtered_away_are_half_of_all_settings() -> None:
    verdict = judge(*PROVIDERS, without("Provider type", "Childminder"))
    assert "provider_type is 'Childminder'" in caught(verdict, "values_present")
    assert "37,297 rows, not 40,000 to 100,000" in caught(verdict, "register_whole")


def test_voluntary_controlled_schools_filtered_away_change_104_councils() -> None:
    told = caught(judge(*RATINGS, without("establishment_type_code", "3")), "values_present")
    assert "establishment_type_code is '3' in 0 % of the rows" in told


def test_a_filter_on_a_column_that_nobody_reads_shows_in_the_number_of_rows() -> None:
    told = caught(judge(*RATINGS, without("religious_character_code", "2")), "register_whole")
    assert "16,544 rows, not 19,600 to 23,100" in told


def test_a_register_that_lost_a_fifth_since_the_release_before_is_not_whole() -> None:
    def fewer(rows: Any) -> Any:
        return rows.drop(rows.index[::5])

    told = caught(after_itself(PROVIDERS, fewer), "register_rows_steady")
    assert "56,784 rows, and 70,980 in the one before" in told


def test_a_kind_of_provider_that_is_suddenly_rare_is_told_of() -> None:
    def fewer(rows: Any) -> Any:
        domestic = rows.index[rows["Provider type"] == "Childcare on domestic premises"]
        return rows.drop(domestic[: len(domestic) * 2 // 3])

    verdict = after_itself(PROVIDERS, fewer)
    assert [str(check) for check in verdict.reasons] == []
    told = {check.name: check.observed for check in verdict.warnings}
    assert "'Childcare on domestic premises' in 78 rows" in told["register_values_steady"]


# --- statistical neighbours


def test_a_council_that_is_its_own_neighbour_is_compared_with_itself() -> None:
    def own(rows: Any) -> None:
        rows.loc[(rows["old_la_code"] == "383") & (rows["place"] == "1"), "SN"] = "383"

    told = caught(judge(*NEIGHBOURS, own), "no_own_neighbour")
    assert "a council that names itself in row " in told


def test_a_neighbour_named_twice_weighs_twice() -> None:
    def twice(rows: Any) -> None:
        rows.loc[(rows["old_la_code"] == "383") & rows["place"].isin(["1", "2"]), "SN"] = "373"

    assert "Leeds names Sheffield more than once" in caught(
        judge(*NEIGHBOURS, twice), "neighbours_named_once"
    )


def test_a_neighbour_that_is_no_more_has_no_figures() -> None:
    def gone(rows: Any) -> None:
        rows.loc[(rows["old_la_code"] == "383") & (rows["place"] == "1"), "SN"] = "909"

    told = caught(judge(*NEIGHBOURS, gone), "neighbours_exist")
    assert "1 of 153 councils: Leeds names Cumbria which was none then" in told


@pytest.mark.parametrize("load", [NEIGHBOURS, ("statistical-neighbours", "2021", "groupings_2021")])
def test_neighbours_a_row_too_low_are_those_of_the_council_above(
    load: tuple[str, str, str],
) -> None:
    def shift(rows: Any) -> None:
        rows["SN"] = rows.groupby("place")["SN"].shift(1, fill_value="301")

    told = caught(judge(*load, shift), "neighbours_name_each_other")
    assert "% of neighbours name each other" in told


# --- judgements of councils


def judged(damage: Damage) -> LoadVerdict:
    """The verdict on the sheet of standing judgements, beside the history of the real file."""
    latest, _ = find("local-authority-inspection-outcomes", "2024-03-31", "latest")
    history, _ = find("local-authority-inspection-outcomes", "2024-03-31", "history")
    rows = table(latest).to_pandas()
    damage(rows)
    damaged = pa.Table.from_pandas(rows, preserve_index=False)
    return check_load(latest, damaged, COUNCILS, beside=[(history, table(history))])


def test_two_councils_have_each_others_judgements() -> None:
    def swap(rows: Any) -> None:
        name = rows["Local authority name"]
        cells = [column for column in rows if column not in ("source_row", "Local authority name")]
        exchange(rows, name == "Bexley", name == "Barking and Dagenham", cells)

    told = caught(judged(swap), "newest_is_last_of_history")
    assert "2 of 151 areas: Barking and Dagenham has 'Outstanding' of 2023-02-06" in told
    assert "and last 'Requires improvement to be good' of 2023-09-04" in told


def test_one_judgement_is_not_the_one_that_was_published() -> None:
    def better(rows: Any) -> None:
        rows.loc[rows["Local authority name"] == "Leeds", "Impact of leaders"] = "Inadequate"

    assert "1 of 151 areas: Leeds" in caught(judged(better), "newest_is_last_of_history")


def test_an_inspection_of_years_ago_passes_for_the_newest() -> None:
    def older(rows: Any) -> None:
        rows.loc[rows["Local authority name"] == "Leeds", "Inspection date"] = "2018-01-08"

    assert "Leeds has" in caught(judged(older), "newest_is_last_of_history")


def test_the_real_judgements_are_admitted_beside_their_history() -> None:
    verdict = judged(lambda rows: None)
    assert [str(check) for check in verdict.reasons] == []
    checked = {check.name: check.observed for check in verdict.checks}
    assert checked["newest_is_last_of_history"] == "151 areas"


# --- school places


@pytest.mark.parametrize("year", ["2021", "2023"])
def test_primary_and_secondary_places_stand_in_each_others_columns(year: str) -> None:
    def swap(rows: Any) -> None:
        for grade in range(1, 5):
            one, other = f"Qual_P_{grade}_E", f"Qual_S_{grade}_E"
            rows[[one, other]] = rows[[other, one]].to_numpy()

    verdict = judge("local-authority-school-places-scorecards", year, "places", swap)
    assert "primary places 3," in caught(verdict, "stocks_in_range")
    if year != "2021":
        told = caught(verdict, "stocks_steady")
        assert "primary places 3,740,149, and 4,823,003 of the same councils" in told


def test_a_fifth_of_one_councils_places_is_missing() -> None:
    def fewer(rows: Any) -> None:
        hit = rows["LA_name"] == "Leeds"
        places = rows.loc[hit, "Qual_P_2_E"].astype(float)
        rows.loc[hit, "Qual_P_2_E"] = (0.8 * places).map("{:.0f}".format)

    verdict = judge("local-authority-school-places-scorecards", "2022", "places", fewer)
    told = caught(verdict, "councils_make_total_row")
    assert "primary_good of England in 2022 is 3,631,171, and 3,6" in told


def test_one_council_has_its_primary_places_for_secondary_ones() -> None:
    def swap(rows: Any) -> None:
        hit = rows["LA_name"] == "Leeds"
        for grade in range(1, 5):
            pair = [f"Qual_P_{grade}_E", f"Qual_S_{grade}_E"]
            rows.loc[hit, pair] = rows.loc[hit, pair[::-1]].to_numpy()

    verdict = judge("local-authority-school-places-scorecards", "2023", "places", swap)
    caught(verdict, "councils_make_total_row")
    told = {check.name: check.observed for check in verdict.warnings}
    assert "Leeds has primary places" in told["council_stocks_steady"]


# --- days, and judgements without the one before


def test_inspection_days_turned_american_put_judgements_in_other_years() -> None:
    def american(rows: Any) -> None:
        days = rows["Inspection start date"]
        both = days.str[:2].str.isdigit() & (days.str[:2] <= "12")
        turned = days.str[3:5] + "/" + days.str[:2] + days.str[5:]
        rows["Inspection start date"] = days.where(~both, turned)

    verdict = judge(*SCHOOLS, american)
    assert "publication_date '" in caught(verdict, "days_in_order")
    assert "' before inspection_start in row" in caught(verdict, "days_in_order")


def test_days_of_american_notation_throughout_are_no_days() -> None:
    def american(rows: Any) -> None:
        days = rows["Inspection start date"]
        turned = days.str[3:5] + "/" + days.str[:2] + days.str[5:]
        rows["Inspection start date"] = turned.where(days != "NULL", days)

    assert "inspection_start '" in caught(judge(*SCHOOLS, american), "days_are_days")


DAYS = ("Inspection start date", "Publication date")


def written_as(form: str) -> Damage:
    """Days of inspections and of their publication as `strftime` writes them, or as serials."""

    def damage(rows: Any) -> None:
        for name in DAYS:
            days = pd.to_datetime(rows[name], format="%d/%m/%Y", errors="coerce")
            serials = (days - pd.Timestamp("1899-12-30")).dt.days
            texts = serials.map("{:.0f}".format) if form == "serial" else days.dt.strftime(form)
            rows[name] = texts.where(days.notna(), rows[name])

    return damage


@pytest.mark.parametrize("form", ["%d %B %Y", "%d-%b-%y", "%Y-%m-%d", "serial"])
def test_inspection_days_written_another_way_keep_the_list_out(form: str) -> None:
    verdict = judge(*SCHOOLS, written_as(form))
    assert verdict.admitted, verdict.reasons


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%y-%b-%d", "%d %b"])
def test_inspection_days_that_could_be_others_are_guessed(form: str) -> None:
    assert "inspection_start '" in caught(judge(*SCHOOLS, written_as(form)), "days_are_days")


def test_serials_of_excels_other_calendar_put_inspections_four_years_early() -> None:
    def damage(rows: Any) -> None:
        written_as("serial")(rows)
        name = DAYS[0]
        early = rows[name].str.fullmatch(r"\d{5}")
        texts = (pd.to_numeric(rows[name], errors="coerce") - 1462).map("{:.0f}".format)
        rows[name] = texts.where(early, rows[name])

    assert "inspection_start '" in caught(judge(*SCHOOLS, damage), "days_are_days")


GRADES = {"1": "Outstanding", "2": "Good", "3": "Requires improvement", "4": "Inadequate"}


def test_grades_in_ofsteds_words_keep_the_list_out() -> None:
    def damage(rows: Any) -> None:
        for name in ("Overall effectiveness", "Previous graded inspection overall effectiveness"):
            rows[name] = rows[name].map(lambda cell: GRADES.get(cell.strip(), cell))

    verdict = judge(*SCHOOLS, damage)
    assert verdict.admitted, verdict.reasons


def test_ofsteds_other_list_of_schools_is_held_to_no_days() -> None:
    listed = {
        (name, file.file_id): (file.checks.days, file.checks.needs)
        for name in (SCHOOLS[0], "state-funded-schools-latest-inspections")
        for file in load_contracts()[name].files
        if file.table == "ofsted__schools"
    }
    assert len({str(checks) for checks in listed.values()}) == 1
    assert all(days and needs for days, needs in listed.values())


def test_one_day_before_the_inspection_is_told_of() -> None:
    def early(rows: Any) -> None:
        row = rows.index[rows["Publication date"] != "NULL"][0]
        rows.loc[row, "Publication date"] = "01/09/2005"

    verdict = judge(*SCHOOLS, early)
    assert [str(check) for check in verdict.reasons] == []
    told = {check.name: check.observed for check in verdict.warnings}
    assert "publication_date before inspection_start in row" in told["every_day_in_order"]


def test_the_second_newest_judgement_passes_for_the_newest() -> None:
    def swap(rows: Any) -> None:
        pair = [f"{which} recent full: Overall effectiveness" for which in MOST]
        rows[pair] = rows[pair[::-1]].to_numpy()

    told = caught(judge(*PROVIDERS, swap), "needed_cells_there")
    assert "second_overall_effectiveness '" in told and "' without overall_effectiveness" in told


def test_the_second_newest_inspection_is_newer_than_the_newest() -> None:
    def swap(rows: Any) -> None:
        pair = [f"{which} recent full: Inspection date" for which in MOST]
        rows[pair] = rows[pair[::-1]].to_numpy()

    told = caught(judge(*PROVIDERS, swap), "days_in_order")
    assert "inspected '" in told and "' before second_inspected in row" in told


def test_days_of_inspection_that_nobody_can_read_leave_judgements_without_one() -> None:
    def british(rows: Any) -> None:
        rows["Inspection date"] = rows["Inspection date"].str.replace(
            r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", regex=True
        )

    told = caught(judged(british), "newest_is_last_of_history")
    assert "all 151 areas" in told


# --- files that are nothing like it


@pytest.mark.parametrize(
    "load",
    [
        SCHOOLS,
        NEIGHBOURS,
        ("local-authority-inspection-outcomes", "2024-03-31", "latest"),
        ("local-authority-school-places-scorecards", "2023", "places"),
    ],
)
@pytest.mark.parametrize("cell", ["", "?", "\N{SNOWMAN}"])
def test_a_file_of_nothing_ends_the_refresh(load: tuple[str, str, str], cell: str) -> None:
    def scrub(rows: Any) -> Any:
        rows = rows.head(50).copy()
        rows[[c for c in rows if c not in ("source_row", "source_sheet")]] = cell
        return rows

    assert not judge(*load, scrub).admitted
    assert not judge(*load, lambda rows: rows.head(0)).admitted

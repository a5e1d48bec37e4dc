"""What is wrong with many rows at once, or with a cell beside another, keeps a file out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from test_domain_checks import PLANS, caught, judge, needs_published
from test_presence_checks import CASUALTIES, CONCEPTIONS, INJURIES, POVERTY, YEAR_6, of

from expectations.results.verdicts import LoadVerdict

pytestmark = needs_published

CHILDREN = ("early-years-foundation-stage-profile-results", "2021-22", "profile_2021")
LOW_INCOME = ("children-in-low-income-families-local-area-statistics", "2022-03-31", "relative")
OLD_CONCEPTIONS = ("conception-statistics", "2017", "under_18")
ADOPTION = ("adoption-and-special-guardianship-data", "2022-23-q4", "adoption")
ONS_RECEPTION = ("overweight-children-at-reception", "2024-02-05", "reception")
HOMELESS = (
    "statutory-homelessness-detailed-local-authority",
    "2022-01-to-03",
    "temporary_accommodation",
)
RATE = "Conception rate per 1,000 women in age group"
DAYS = (
    "Average number of days between a child entering care and moving in with its adoptive family,"
    " adjusted for foster carer adoptions (scorecard indicator A10)"
)


def warned(verdict: LoadVerdict, check: str) -> str:
    """What the check says, if it is told of."""
    found = {c.name: c.observed for c in (*verdict.warnings, *verdict.flagging)}
    assert check in found, [str(c) for c in verdict.checks if not c.success]
    return found[check]


def scale(rows: Any, hit: Any, column: str, by: float, places: int = 2) -> None:
    """A column's numbers so many times over, in the rows of a mask."""
    numbers = pd.to_numeric(rows[column], errors="coerce")
    at = hit & numbers.notna()
    assert at.any()
    rows.loc[at, column] = (numbers[at] * by).map(f"{{:.{places}f}}".format)


def councils(rows: Any, code: str) -> Any:
    """The rows of upper-tier councils, by the column that has their codes."""
    return rows[code].str.match(r"E(06|08|09|10)\d{6}$")


def is_local(rows: Any) -> Any:
    """The rows of Fingertips' councils, in each of the areas above them."""
    return councils(rows, "Area Code")


# --- a cell beside another


@pytest.mark.parametrize(
    ("load", "column", "whole", "part_"),
    [(CHILDREN, "gender", "Total", "Girls"), (INJURIES, "Sex", "Persons", "Male")],
)
def test_the_figures_of_girls_or_boys_pass_for_those_of_all(
    load: tuple[str, str, str], column: str, whole: str, part_: str
) -> None:
    def exchange(rows: Any) -> None:
        rows[column] = rows[column].replace({whole: part_, part_: whole})

    caught(judge(*load, exchange), "breakdowns_add_up")


def test_plans_with_and_without_exceptions_change_places() -> None:
    def exchange(rows: Any) -> None:
        for one, other in (
            ("plans_issued_den", "plans_issued_den_ex"),
            ("plans_issued_within_20_weeks", "plans_issued_20_weeks_ex"),
        ):
            rows[[one, other]] = rows[[other, one]].to_numpy()

    told = caught(judge(PLANS, "2025", "timeliness", exchange), "lesser_not_greater")
    assert "plans_issued_den_ex" in told


def test_a_limit_whose_point_slipped_makes_a_council_look_uncertain() -> None:
    def slip(rows: Any) -> None:
        hit = (rows["AREACD"] == "E08000035") & (rows["Period"] == rows["Period"].max())
        scale(rows, hit, "Lower Confidence Interval (95%)", 0.1, 5)

    caught(judge(*ONS_RECEPTION, slip), "intervals_balanced")


def test_a_number_that_its_share_does_not_fit_is_served() -> None:
    def tenfold(rows: Any) -> None:
        leeds = of(rows, **{"Area Code": "E08000035", "time_period": "2021"})
        scale(rows, leeds, "Number", 10, 0)

    told = caught(judge(*LOW_INCOME, tenfold), "implied_people_steady")
    assert "1,542,154 people, and of 15" in told


def test_a_rate_of_england_that_its_count_does_not_fit_is_served() -> None:
    def more(rows: Any) -> None:
        code = next(name for name in rows if rows[name].eq("E92000001").any())
        scale(rows, of(rows, **{code: "E92000001", "time_period": "2005"}), RATE, 1.1, 1)

    caught(judge(*OLD_CONCEPTIONS, more), "implied_people_steady")


def test_days_before_a_child_came_are_served() -> None:
    def negative(rows: Any) -> None:
        at = pd.to_numeric(rows[DAYS], errors="coerce").notna().idxmax()
        rows.loc[at, DAYS] = f"-{rows.loc[at, DAYS]}"

    caught(judge(*ADOPTION, negative), "figures_not_negative")


# --- stretches of rows


def test_a_region_whose_return_was_late_has_last_years_figures() -> None:
    def carry_on(rows: Any) -> None:
        london = is_local(rows) & rows["Area Code"].str.startswith("E09")
        old = rows[london & (rows["Time period"] == "2019/20")].set_index("Area Code")["Value"]
        newest = london & (rows["Time period"] == "2021/22")
        rows.loc[newest, "Value"] = rows.loc[newest, "Area Code"].map(old)

    told = caught(judge(*YEAR_6, carry_on), "regions_not_carried_on")
    assert "the councils of London in 2022 are to the letter as in 2020" in told


def test_a_councils_figure_dragged_over_the_six_below_is_theirs() -> None:
    def drag(rows: Any) -> None:
        newest = rows[is_local(rows) & (rows["Time period"] == rows["Time period"].max())]
        rows.loc[newest.index[40:47], "Value"] = newest["Value"].iloc[40]

    told = caught(judge(*CONCEPTIONS, drag), "rows_not_alike")
    assert "7 rows of 2020, one after the other, have the same figure" in told


def test_a_block_pasted_a_row_too_low_gives_councils_their_neighbours_figures() -> None:
    def paste(rows: Any) -> None:
        hit = councils(rows, "areacd") & (rows["period"] == rows["period"].max())
        block = rows[hit].index[30:55]
        rows.loc[block, "observation"] = (
            rows.loc[block, "observation"].shift(1, fill_value="20.0").to_numpy()
        )

    told = caught(judge(*POVERTY, paste), "blocks_not_shifted")
    assert "fit the councils of the rows above better" in told


def test_a_rate_a_row_too_low_beside_its_counts_is_its_neighbours() -> None:
    def slip(rows: Any) -> None:
        code = next(name for name in rows if rows[name].eq("E92000001").any())
        year = councils(rows, code) & (rows["time_period"] == "2008")
        rows.loc[year, RATE] = rows.loc[year, RATE].shift(1, fill_value="40.0").to_numpy()

    caught(judge(*OLD_CONCEPTIONS, slip), "columns_not_shifted")


def test_two_districts_in_each_others_place_go_by_their_households() -> None:
    def exchange(rows: Any) -> None:
        one, other = (rows["area_code"] == code for code in ("E06000022", "E06000024"))
        columns = [name for name in rows if rows[name].dtype != "int64" and "area_code" not in name]
        cells = rows.loc[one, columns].to_numpy(), rows.loc[other, columns].to_numpy()
        rows.loc[other, columns], rows.loc[one, columns] = cells

    told = caught(judge(*HOMELESS, exchange), "councils_not_swapped")
    assert "Bath and North East Somerset and North Somerset" in told


# --- whole years


def test_a_newest_year_twice_as_high_everywhere_passes_for_a_change() -> None:
    def double(rows: Any) -> None:
        newest = rows["Time period"] == rows["Time period"].max()
        scale(rows, newest, "Value", 2, 5)

    told = caught(judge(*CASUALTIES, double), "no_year_leaps")
    assert "the years before say" in told


def test_ages_that_changed_places_pass_for_a_change() -> None:
    def exchange(rows: Any) -> None:
        newest = rows["time_period"] == rows["time_period"].max()
        age = next(name for name in rows if "age" in name.split("_"))
        ages = sorted(rows[age].unique())[:2]
        rows.loc[newest, age] = rows.loc[newest, age].replace(
            dict(zip(ages, ages[::-1], strict=True))
        )

    load = (
        "children-looked-after-in-england-including-adoptions",
        "2024",
        "care_leavers_accommodation",
    )
    assert "median count" in caught(judge(*load, exchange), "no_year_leaps")


def test_a_year_rounded_and_filled_with_noughts_passes_for_exact() -> None:
    def fill(rows: Any) -> None:
        newest = rows["Time period"] == "2021/22"
        numbers = pd.to_numeric(rows["Value"], errors="coerce")
        rows.loc[newest & numbers.notna(), "Value"] = numbers.round().map("{:.1f}".format)

    told = caught(judge(*YEAR_6, fill), "decimals_kept")
    assert "every figure of 2022 is a whole number" in told


def test_one_old_figure_changed_between_releases_goes_untold() -> None:
    def change(rows: Any) -> None:
        hit = (rows["AREACD"] == "E06000021") & rows["Period"].str.startswith("2022-09")
        scale(rows, hit, "Observation", 1.25, 0)

    load = ("pupils-at-expected-standard-at-key-stage-2", "2025-01-22", "expected_standard")
    told = warned(judge(*load, change), "no_figure_much_revised")
    assert "Stoke-on-Trent in 2023 has 70, and had 56 in the release before" in told


def test_a_figure_that_is_a_twentieth_of_most_is_told_of_in_a_file_of_one_year() -> None:
    told = warned(judge(*ADOPTION, lambda rows: None), "no_figure_unusual")
    assert "Trafford in 2023 has 23" in told

"""Figures that cannot be are kept out; what is merely strange is told; what is real is let in."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import NOT_OF_A_MEASURE, PUBLISHED, needs_published, rows

from expectations.panel.baseline import RobustBaseline
from expectations.panel.measures import series_of
from expectations.panel.series_panel import when
from expectations.results.verdicts import LoadVerdict
from expectations.suites.loads import check_load
from ingest.archive.held import HomeArchive
from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.reading.grids import read_table
from ingest.reading.loads import Load, loads_of, with_release
from ingest.reading.periods import Period, parse_period

COUNCILS = Councils.load()

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
HOMELESS = "statutory-homelessness-detailed-local-authority"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
PLANS = "education-health-and-care-plans"

# What refuses a load as published: `conftest.REFUSED` says why.
REFUSED_BY = {
    "state-funded-schools-latest-inspections 2026-02-28 report_cards": "councils_present",
}
# What is told of real loads, and is so: conceptions of 2022 were late, and councils printed with
# another and a district of few conceptions have a blank.
TOLD = {
    "adoption-and-special-guardianship-data 2022-23-q4 adoption": {"no_blank_without_mark"},
    "conception-statistics 2017 under_18": {"no_blank_without_mark"},
}
Damage = Callable[[Any], Any]


def real_loads() -> Iterator[tuple[Load, Load | None]]:
    """Every load as published, with the same file in the release before."""
    if not PUBLISHED.is_dir():
        return
    archive = Archive(PUBLISHED)
    for publication in load_contracts().values():
        before: dict[str, Load] = {}
        held = archive.releases(publication.publisher, publication.publication)
        releases = [release for release in held if isinstance(release, Release)]
        for release in sorted(releases, key=lambda r: (r.published, r.version)):
            for load in loads_of(publication, release)[0]:
                yield load, before.get(load.contract.file_id)
                before[load.contract.file_id] = load


def verdict_in(home: Path, load: Load) -> LoadVerdict:
    """What the refresh of a home said of a load."""
    document = HomeArchive(home / "archive").verdict(load.release)
    assert document is not None, load
    return next(
        verdict
        for verdict in map(LoadVerdict.from_dict, document["loads"])
        if (verdict.file, verdict.contract) == (load.file.name, load.contract.file_id)
    )


@lru_cache(maxsize=8)
def bytes_of(path: str, name: str) -> bytes:
    return (PUBLISHED / path / name).read_bytes()


def table(load: Load) -> pa.Table:
    data = bytes_of(load.release.path, load.file.name)
    return with_release(load, read_table(data, load.contract.reading, load.contract.kept))


def find(publication: str, release: str, file_id: str) -> tuple[Load, Load | None]:
    return next(
        (load, before)
        for load, before in real_loads()
        if (load.release.publication, load.release.release) == (publication, release)
        and load.contract.file_id == file_id
    )


def judge(
    publication: str, release: str, file_id: str, damage: Damage, *, alone: bool = False
) -> LoadVerdict:
    """The verdict on a real file that was damaged. `alone`: the first release ever held."""
    load, before = find(publication, release, file_id)
    rows = table(load).to_pandas()
    changed = damage(rows)
    rows = rows if changed is None else changed
    damaged = pa.Table.from_pandas(rows, preserve_index=False)
    return check_load(
        load, damaged, COUNCILS, before=None if alone or before is None else table(before)
    )


def caught(verdict: LoadVerdict, check: str) -> str:
    """What the check says, if it keeps the load back or flags the figures."""
    found = {c.name: c.observed for c in (*verdict.reasons, *verdict.flagging)}
    assert check in found, [str(c) for c in verdict.checks if not c.success]
    return found[check]


def cell(rows: Any, column: str, text: str, **where: str) -> None:
    hit = pd.Series(True, index=rows.index)
    for name, wanted in where.items():
        hit &= rows[name] == wanted
    assert hit.sum() == 1
    rows.loc[hit, column] = text


def exchange(rows: Any, one: Any, other: Any, columns: list[str]) -> None:
    """The cells of one row in another's place; each is told by a mask of all rows."""
    assert one.sum() == other.sum() == 1
    cells = rows.loc[one, columns].to_numpy(), rows.loc[other, columns].to_numpy()
    rows.loc[other, columns], rows.loc[one, columns] = cells


def scaled(column: str, by: float, **where: str) -> Damage:
    """A column's numbers times so much, in the rows that have these cells."""

    def damage(rows: Any) -> None:
        hit = pd.Series(True, index=rows.index)
        for name, wanted in where.items():
            hit &= rows[name] == wanted
        numbers = pd.to_numeric(rows[column], errors="coerce")
        hit &= numbers.notna()
        rows.loc[hit, column] = (numbers[hit] * by).map("{:.6g}".format)

    return damage


# --- no false alarm


@needs_published
def test_a_real_release_is_refused_or_told_of_without_need(published_home: Path) -> None:
    """Every load as published, beside the one before, as the refresh of all of them judged it."""
    seen = set()
    for load, before in real_loads():
        release = load.release
        verdict = verdict_in(published_home, load)
        where = f"{release.publication} {release.release} {load.contract.file_id}"
        seen.add(where)
        reasons = [check.name for check in verdict.reasons]
        assert reasons == ([REFUSED_BY[where]] if where in REFUSED_BY else []), where
        if reasons:
            continue
        told = {check.name for check in verdict.warnings} - {"no_year_strange", "no_year_withheld"}
        told -= {"unlisted_columns", "series_not_revised"}
        # What no name explains is told of wherever it is read by figures, and nowhere else.
        read = verdict.understanding
        assert read is not None, where
        assert ("read_by_history" in told) == bool(read.evidence or read.proposals), where
        assert before is not None or "read_by_history" not in told, where
        assert told - {"read_by_history"} == TOLD.get(where, set()), where
        left_out = [c.observed for c in verdict.checks if c.name == "dropped_rows" and c.observed]
        if (release.publication, release.release) == (NEET, "2021"):
            assert {*left_out} == {"1 of its rows left out, as the contract says"}, where
            assert verdict.dropped_rows == (160, 161), where
        elif release.publication.startswith("overweight-children-at-"):
            # Councils that stand there twice, under the code they had and the one that followed.
            assert "13 of its rows left out, as the contract says" in left_out, where
            assert len(verdict.dropped_rows) == 45, where
        else:
            assert (left_out, verdict.dropped_rows) == ([], ()), where
    assert seen >= {*REFUSED_BY, *TOLD}


@needs_published
def test_flags_on_real_figures_are_so_many_that_nobody_looks(published_home: Path) -> None:
    """A few figures in a thousand are strange indeed."""
    assert (
        rows(
            published_home,
            "select publication, release, source_file, count(*) filter (is_flagged), count(*)"
            " from (select publication, release, version, source_file, is_flagged"
            " from marts.fct_core_measure_vintage union all"
            " select publication, release, version, source_file, is_flagged"
            " from marts.fct_comparator_vintage)"
            " group by all having count(*) filter (is_flagged) > greatest(5, 0.01 * count(*))"
            " order by all",
        )
        == []
    )


def test_every_file_that_is_read_has_a_measure_with_bounds() -> None:
    for name, publication in load_contracts().items():
        for contract in publication.files:
            assert bool(series_of(contract)) != (name in NOT_OF_A_MEASURE), contract.table


# --- shares and counts


@needs_published
def test_9_1_typed_as_91_beside_its_counts_is_kept_out() -> None:
    def slip(rows: Any) -> None:
        cell(rows, "Re_referrals_percent", "2.42", la_name="Leeds", time_period="2024")

    told = caught(judge(IN_NEED, "2024", "referrals", slip), "shares_match_counts")
    assert "'2.42'" in told and "24.2 by its counts" in told


ACCOMMODATION = (LOOKED_AFTER, "2024", "care_leavers_accommodation")


@needs_published
def test_a_whole_labelled_as_up_to_2022_leaves_its_shares_unchecked() -> None:
    def relabel(rows: Any) -> None:
        rows["accommodation_suitability"] = rows["accommodation_suitability"].replace(
            "Suitability total", "Total"
        )

    def slip(rows: Any) -> None:
        relabel(rows)
        hit = (rows["la_name"] == "Leeds") & (rows["time_period"] == "2024")
        hit &= rows["age"] == "19 to 21 years"
        hit &= rows["accommodation_suitability"] == "Accommodation considered suitable"
        rows.loc[hit, "percentage"] = "62"

    assert judge(*ACCOMMODATION, relabel).reasons == ()
    assert "'62'" in caught(judge(*ACCOMMODATION, slip), "shares_match_counts")


@needs_published
@pytest.mark.parametrize("of", ["all years", "the first year"])
def test_a_whole_under_a_label_nobody_knows_leaves_its_shares_unchecked(of: str) -> None:
    def relabel(rows: Any) -> None:
        hit = rows["accommodation_suitability"] == "Suitability total"
        if of == "the first year":
            hit &= rows["time_period"] == rows["time_period"].min()
        rows.loc[hit, "accommodation_suitability"] = "All leavers"

    told = caught(judge(*ACCOMMODATION, relabel), "rules_find_their_rows")
    assert "'Suitability total' or 'Total'" in told and "2020" in told


@needs_published
def test_a_part_larger_than_its_whole_is_kept_out() -> None:
    def more(rows: Any) -> None:
        cell(rows, "CPP_subsequent", "99999", la_name="Leeds", time_period="2024")

    verdict = judge(IN_NEED, "2024", "repeat_plans", more)
    assert "99999" in caught(verdict, "numerator_within_denominator")


@needs_published
def test_a_share_of_a_total_in_another_row_is_held_to_it() -> None:
    def slip(rows: Any) -> None:
        rows.loc[
            (rows["la_name"] == "Leeds")
            & (rows["time_period"] == "2024")
            & (rows["cla_group"] == "CLA on 31 March")
            & rows.eq("With 3 or more placements during the year").any(axis=1),
            [c for c in rows if "percent" in c],
        ] = "60"

    caught(judge(LOOKED_AFTER, "2024", "placement_stability", slip), "shares_match_counts")


@needs_published
def test_a_rate_is_held_to_its_count_and_to_its_interval() -> None:
    def slip(rows: Any) -> None:
        hit = (rows["Area Name"] == "Leeds") & (rows["Time period"] == "2023/24")
        rows.loc[hit, "Value"] = "9.12345"

    verdict = judge("90284", "2025-06", "indicator_data", slip)
    caught(verdict, "shares_match_counts")
    caught(verdict, "intervals_hold_figures")


@needs_published
def test_councils_that_do_not_add_up_to_their_region_are_kept_out() -> None:
    def more(rows: Any) -> None:
        cell(rows, "Referrals", "19000", la_name="Leeds", time_period="2024")

    told = caught(judge(IN_NEED, "2024", "referrals", more), "parts_make_wholes")
    assert "of a region" in told


# --- one figure


@needs_published
@pytest.mark.parametrize(
    ("publication", "release", "council", "printed"),
    [("20601", "2022-11", "Leeds", "2.2"), ("20401", "2022-05", "Leeds", "181")],
)
def test_a_slipped_decimal_point_without_counts_is_kept_out(
    publication: str, release: str, council: str, printed: str
) -> None:
    def slip(rows: Any) -> None:
        newest = rows["Time period"] == rows["Time period"].max()
        hit = newest & (rows["Area Name"] == council)
        assert hit.sum() == 1
        rows.loc[hit, "Value"] = printed

    told = caught(judge(publication, release, "indicator_data", slip), "no_figure_leaps")
    assert f"{council} in" in told


@needs_published
def test_a_slip_in_a_file_of_one_year_is_seen_against_the_release_before() -> None:
    def slip(rows: Any) -> None:
        leeds = rows["la_name"] == "Leeds"
        both = float(rows.loc[leeds, "NEET_not_known_percent"].iloc[0])
        rows.loc[leeds, ["NEET_percent", "Notknown_percent"]] = ["0.3", f"{both - 0.3:.1f}"]

    assert "Leeds" in caught(judge(NEET, "2024", "dashboard", slip), "no_figure_leaps")
    assert judge(NEET, "2024", "dashboard", slip, alone=True).admitted


def test_a_real_collapse_of_few_is_no_leap_and_a_slip_is() -> None:
    years = np.arange(2015.0, 2021.0)
    spread = np.linspace(-9, 9, 40)
    values = 60 + spread[None, :] * np.array([1, -1, 1, -1, 1, -1])[:, None]
    values[-1, 0] = 21
    few = np.zeros(values.shape)
    few[:, 0] = 20
    assert abs(RobustBaseline(years, values, few, 1.0).z[-1, 0]) < 4
    values[-1, 0] = 6.0
    values[:, 1] = [60, 61, 60, 59, 60, 600]
    assert RobustBaseline(years, values, few * 0, 1.0).z[-1, 1] > 12


# --- a year, a file


def test_a_period_is_told_as_a_decimal() -> None:
    quarter = parse_period("January to March 2019", "words", "quarter")
    day = parse_period("2021-08-31", "days", "snapshot")
    leap_day = parse_period("2024-02-29", "days", "snapshot")
    year_end = parse_period("October to December 2019", "words", "quarter")
    whole = parse_period("202223", "ees", "academic_year")
    periods = [quarter, day, leap_day, year_end, whole]
    assert [when(period.position) for period in periods if period] == [
        "March 2019",
        "August 2021",
        "February 2024",
        "December 2019",
        "2023",
    ]
    # A month's early and last days are told as that month, in leap years too.
    for year in (2023, 2024):
        for month in range(1, 13):
            last = date(year, month, monthrange(year, month)[1])
            assert when(Period(last, last).position) == f"{last:%B %Y}"
            first = last.replace(day=2)
            assert when(Period(first, first).position) == f"{first:%B %Y}"


@needs_published
def test_a_quarters_leap_is_told_of_a_year_and_of_no_column() -> None:
    verdict = judge(HOMELESS, "2019-01-to-03", "prevention_duties", lambda rows: None)
    told = "; ".join(check.observed for check in (*verdict.warnings, *verdict.flagging))
    assert (
        "homeless_families.owed_a_duty (single_mothers): Telford and Wrekin in March 2019 has 0,"
        " its other figures 25"
    ) in told
    assert "2019." not in told


@needs_published
def test_a_year_copied_from_the_one_before_is_kept_out() -> None:
    def copied(rows: Any) -> Any:
        old = rows[rows["time_period"] == "2023"].assign(time_period="2024")
        return pd.concat([old, rows[rows["time_period"] != "2024"]], ignore_index=True)

    told = caught(judge(IN_NEED, "2024", "referrals", copied), "years_differ")
    assert "100% of councils in 2024" in told


@needs_published
def test_a_file_that_holds_last_years_figures_under_this_years_name_is_kept_out() -> None:
    load, before = find(NEET, "2024", "dashboard")
    assert before is not None
    old = table(before).to_pandas()
    old["time_period"] = "2024"
    damaged = pa.Table.from_pandas(old, preserve_index=False)
    caught(check_load(load, damaged, COUNCILS, before=table(before)), "years_differ")


@needs_published
def test_a_council_that_sends_the_same_figures_every_year_is_told() -> None:
    def frozen(rows: Any) -> None:
        columns = ["Referrals", "Re_referrals", "Re_referrals_percent"]
        leeds = rows["la_name"] == "Leeds"
        first = rows.loc[leeds & (rows["time_period"] == "2021"), columns].to_numpy()[0]
        for year in ("2022", "2023", "2024"):
            rows.loc[leeds & (rows["time_period"] == year), columns] = first

    verdict = judge(IN_NEED, "2024", "referrals", frozen)
    (told,) = [c for c in verdict.warnings if c.name == "figures_not_frozen"]
    assert "Leeds has the same figures 4 years running" in told.observed


@needs_published
def test_two_councils_in_each_others_place_are_kept_out() -> None:
    def swapped(rows: Any) -> None:
        columns = ["Referrals", "Re_referrals", "Re_referrals_percent"]
        year = rows["time_period"] == "2024"
        leeds, kirklees = (year & (rows["la_name"] == name) for name in ("Leeds", "Kirklees"))
        exchange(rows, leeds, kirklees, columns)

    told = caught(judge(IN_NEED, "2024", "referrals", swapped), "councils_not_swapped")
    assert "Leeds" in told and "Kirklees" in told


@needs_published
def test_a_code_beside_anothers_name_is_kept_out() -> None:
    def swapped(rows: Any) -> None:
        code = rows["new_la_code"]
        rows["new_la_code"] = code.replace({"E08000035": "E08000034", "E08000034": "E08000035"})

    told = caught(judge(IN_NEED, "2024", "referrals", swapped), "names_and_codes_agree")
    assert "'Leeds' beside E08000034, the code of Kirklees" in told


@needs_published
def test_figures_that_slipped_down_a_row_are_kept_out() -> None:
    def shifted(rows: Any) -> None:
        columns = ["Referrals", "Re_referrals", "Re_referrals_percent"]
        hit = (rows["time_period"] == "2024") & (rows["geographic_level"] == "Local authority")
        rows.loc[hit, columns] = np.roll(rows.loc[hit, columns].to_numpy(), 1, axis=0)

    caught(judge(IN_NEED, "2024", "referrals", shifted), "columns_not_shifted")


@needs_published
def test_rates_per_10_000_where_they_were_per_1_000_are_kept_out() -> None:
    newest = scaled("Value", 10, **{"Time period": "2020"})
    caught(judge("20401", "2022-05", "indicator_data", newest), "units_kept")
    every_year = scaled("Value", 10)
    caught(judge("20401", "2022-05", "indicator_data", every_year), "medians_in_range")


def in_thousands(rows: Any, hit: Any) -> None:
    for column in ("CPP_subsequent", "CPP_start"):
        numbers = pd.to_numeric(rows[column], errors="coerce")
        at = hit & numbers.notna()
        rows.loc[at, column] = (numbers[at] / 1000).map("{:.3f}".format)


@needs_published
def test_counts_in_thousands_are_served_as_single_children() -> None:
    def everywhere(rows: Any) -> None:
        in_thousands(rows, rows["time_period"] != "")

    def in_the_newest_year(rows: Any) -> None:
        in_thousands(rows, rows["time_period"] == rows["time_period"].max())

    plans = (IN_NEED, "2025", "repeat_plans")
    told = caught(judge(*plans, everywhere), "units_kept")
    assert "in the release before" in told
    told = caught(judge(*plans, in_the_newest_year), "units_kept")
    assert "the median count of 2025 is" in told


@needs_published
def test_a_last_row_of_figures_without_a_period_stops_the_whole_refresh() -> None:
    def total(rows: Any) -> Any:
        last = rows[rows["geographic_level"] == "National"].iloc[[-1]].copy()
        last[["time_period", "time_identifier", "geographic_level"]] = "England total", "", ""
        return pd.concat([rows, last])

    assert "England total" in caught(judge(IN_NEED, "2025", "referrals", total), "periods_known")


@needs_published
def test_a_council_under_its_old_code_and_its_new_is_kept_out() -> None:
    def twice(rows: Any) -> Any:
        # Barnsley was E08000016 until it was recoded in 2025.
        again = rows[rows["new_la_code"] == "E08000016"].assign(new_la_code="E08000038")
        # The same figures under both codes are one council's; which of two counts, nobody can tell.
        again["Referrals"] = [
            f"{int(cell) + 1}" if cell.isdigit() else cell for cell in again["Referrals"]
        ]
        return pd.concat([rows, again], ignore_index=True)

    told = caught(judge(IN_NEED, "2024", "referrals", twice), "council_listed_once")
    assert "E08000016 and E08000038" in told


@needs_published
def test_a_newest_year_without_one_number_is_kept_out() -> None:
    def suppressed(rows: Any) -> None:
        rows.loc[rows["time_period"] == "2024", "Re_referrals_percent"] = "c"

    caught(judge(IN_NEED, "2024", "referrals", suppressed), "newest_year_has_figures")


@needs_published
def test_labels_that_no_measure_knows_do_not_empty_a_series_unseen() -> None:
    def reworded(rows: Any) -> Any:
        return rows.replace({"All EHC plans issued": "All plans"})

    caught(judge(PLANS, "2025", "timeliness", reworded), "series_printed")


# --- the release before


@needs_published
def test_a_history_rewritten_whole_waits_for_a_person() -> None:
    def rebased(rows: Any) -> None:
        column = next(c for c in rows if "percent" in c)
        old = (rows["time_period"] != "2024") & rows[column].str.isdigit()
        rows.loc[old, column] = (rows.loc[old, column].astype(int) + 3).clip(upper=100).astype(str)

    verdict = judge(LOOKED_AFTER, "2024", "care_leavers_activity", rebased)
    assert "figures of earlier years changed" in caught(verdict, "earlier_years_stand")
    alone = judge(LOOKED_AFTER, "2024", "care_leavers_activity", rebased, alone=True)
    assert "earlier_years_stand" not in {c.name for c in alone.reasons}

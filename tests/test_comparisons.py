"""Figures that compare, on the files as published: what an analyst sets beside a number."""

from __future__ import annotations

import csv
import random
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from conftest import PROJECT, PUBLISHED, command, rows

from expectations.suites.loads import check_load
from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.reading.grids import read_table
from ingest.reading.loads import Load, with_release
from ingest.sample import lay_out_neighbours
from warehouse.reports.profile import CouncilNotFoundError, find_council, sparkline

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"

# Every change of a council with duties for children since 2009: day, kind, from, to.
CHANGES = [
    ("2013-04-01", "boundary", "Northumberland", "Northumberland"),
    ("2013-04-01", "boundary", "Gateshead", "Gateshead"),
    ("2019-04-01", "merged", "Bournemouth", "Bournemouth, Christchurch and Poole"),
    ("2019-04-01", "merged", "Poole", "Bournemouth, Christchurch and Poole"),
    ("2019-04-01", "split", "Dorset", "Bournemouth, Christchurch and Poole"),
    ("2019-04-01", "split", "Dorset", "Dorset"),
    ("2020-04-01", "recoded", "Buckinghamshire", "Buckinghamshire"),
    ("2021-04-01", "split", "Northamptonshire", "North Northamptonshire"),
    ("2021-04-01", "split", "Northamptonshire", "West Northamptonshire"),
    ("2023-04-01", "split", "Cumbria", "Cumberland"),
    ("2023-04-01", "split", "Cumbria", "Westmorland and Furness"),
    ("2023-04-01", "recoded", "North Yorkshire", "North Yorkshire"),
    ("2023-04-01", "recoded", "Somerset", "Somerset"),
    ("2025-04-01", "boundary", "Barnsley", "Barnsley"),
    ("2025-04-01", "boundary", "Sheffield", "Sheffield"),
]


# --- councils through time


def test_a_reorganisation_is_forgotten_or_given_another_day(published_home: Path) -> None:
    told = rows(
        published_home,
        "select change_date::varchar, kind, from_name, to_name from marts.dim_council_change",
    )
    assert sorted(told) == sorted(CHANGES)


def test_a_year_has_another_number_of_councils_than_england_had(published_home: Path) -> None:
    counts = {
        day: rows(
            published_home,
            "select count(*) from marts.dim_council"
            f" where date '{day}' between valid_from and coalesce(valid_to, date '9999-12-31')",
        )[0][0]
        for day in ("2009-04-01", "2018-12-31", "2019-04-01", "2021-04-01", "2023-04-01")
    }
    # England had 152 councils with children's services, 151 from 2019, 152 from 2021, 153 since.
    assert counts == {
        "2009-04-01": 152,
        "2018-12-31": 152,
        "2019-04-01": 151,
        "2021-04-01": 152,
        "2023-04-01": 153,
    }
    assert rows(
        published_home,
        "select dfe_code, dfe_code_valid_from::varchar, dfe_code_valid_to::varchar,"
        " predecessors, successors from marts.dim_council"
        " where council_code in ('E10000009', 'E06000059', 'E08000039') order by council_code",
    ) == [
        ("838", "2019-04-01", None, "E10000009", None),
        ("373", "2009-04-01", None, "E08000019", None),
        ("835", "2009-04-01", "2019-03-31", None, "E06000058, E06000059"),
    ]


def test_a_printed_code_is_no_councils(published_home: Path) -> None:
    """Of every CSV file of every publisher, read or not."""
    known = {code for (code,) in rows(published_home, "select council_code from marts.dim_council")}
    printed: set[str] = set()
    for path in sorted(PUBLISHED.glob("*/*/*/*.csv")):
        # Codes are plain letters in whatever encoding.
        text = path.read_bytes().decode("latin-1")
        printed |= set(re.findall(r"\bE(?:06|08|09|10)[0-9]{6}\b", text))
    assert len(printed) > 160
    assert printed <= known


def check_damaged(
    publication: str, release_name: str, file_id: str, old: bytes, new: bytes
) -> set[str]:
    """Why a file as published is refused once a text in it is another."""
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")
    described = load_contracts()[publication]
    (contract,) = (file for file in described.files if file.file_id == file_id)
    (release,) = (
        release
        for release in Archive(PUBLISHED).releases(described.publisher, publication)
        if isinstance(release, Release) and release.release == release_name
    )
    (file,) = (file for file in release.files if contract.match(file.name))
    load = Load(release, file, contract)
    sound = (PUBLISHED / release.path / file.name).read_bytes()
    assert old in sound
    reasons = []
    for data in (sound, sound.replace(old, new, 1)):
        table = with_release(load, read_table(data, contract.reading, contract.kept))
        verdict = check_load(load, table, Councils.load())
        reasons.append({reason.name for reason in verdict.reasons})
    assert not reasons[0]
    return reasons[1]


def test_two_councils_in_one_row_become_a_council(published_home: Path) -> None:
    refused = check_damaged(
        *(IN_NEED, "2024", "referrals"),
        b",940,E06000061,North Northamptonshire,",
        b",940 / 941,E06000061 / E06000062,North Northamptonshire / West Northamptonshire,",
    )
    assert "council_codes" in refused
    assert not rows(
        published_home,
        "select council_code from marts.fct_core_measure_vintage where council_code like '%/%'",
    )


@pytest.mark.parametrize(
    ("council", "before", "since"),
    [("Barnsley", "E08000016", "E08000038"), ("Sheffield", "E08000019", "E08000039")],
)
def test_sheffield_loses_its_years_to_the_code_of_2025(
    published_home: Path, council: str, before: str, since: str
) -> None:
    published = rows(
        published_home,
        "select council_code, count(value) > 0, min(period_start) < '2025-04-01',"
        " max(period_end) < '2025-04-01' from marts.fct_core_measure"
        f" where council_name = '{council}' group by all order by all",
    )
    # Both codes are printed, and the new one for no year that ended before it was made.
    assert [code for code, *_ in published] == [before, since]
    assert all(figures for _, figures, *_ in published)
    assert (
        rows(
            published_home,
            "select measure_id, series_id, period_end from marts.fct_core_measure"
            f" where council_code = '{since}' and period_end < '2025-04-01'",
        )
        == []
    )
    # Today's council has every figure of both, once, under its code.
    assert rows(
        published_home,
        "select council_code, method, count(value), count(distinct (measure_id, series_id,"
        " period_type, period_start, period_end)) = count(*)"
        f" from marts.fct_core_measure_today where council_name = '{council}'"
        " and value is not null group by all order by method",
    ) == [
        (since, method, count, True)
        for method, (count,) in zip(
            ("as_published", "boundary"),
            rows(
                published_home,
                "select count(value) from marts.fct_core_measure"
                f" where council_name = '{council}' group by council_code"
                " order by council_code desc",
            ),
            strict=True,
        )
    ]


# --- a series for today's councils


def test_a_gap_at_a_reorganisation_is_silent(published_home: Path) -> None:
    ((rows_held, expected, unexplained),) = rows(
        published_home,
        """
        select
            (select count(*) from marts.fct_core_measure_today),
            (
                select count(*) from (
                    select distinct measure_id, series_id, period_type, period_start, period_end
                    from marts.fct_core_measure
                ) cross join (select 1 from marts.dim_council where is_current)
            ),
            (
                select count(*) from marts.fct_core_measure_today
                where (value is null) = (reason is null)
            ),
        """,
    )
    assert rows_held == expected > 25_000
    assert unexplained == 0
    reasons = dict(
        rows(
            published_home,
            "select council_name, reason from marts.fct_core_measure_today"
            " where series_id = 'within_12_months' and year = 2018 and value is null"
            " and council_name <> 'Isles of Scilly' order by council_name",
        )
    )
    assert reasons == {
        "Bournemouth, Christchurch and Poole": (
            "Made on 1 April 2019 of Bournemouth, Poole, Dorset, not all of them whole:"
            " the part is not published apart."
        ),
        "Cumberland": "Part of Cumbria until 31 March 2023; a split is not guessed back.",
        "Dorset": "Part of Dorset until 31 March 2019; a split is not guessed back.",
        "North Northamptonshire": (
            "Part of Northamptonshire until 31 March 2021; a split is not guessed back."
        ),
        "West Northamptonshire": (
            "Part of Northamptonshire until 31 March 2021; a split is not guessed back."
        ),
        "Westmorland and Furness": (
            "Part of Cumbria until 31 March 2023; a split is not guessed back."
        ),
    }


def test_a_recast_figure_is_not_the_one_published_under_the_old_code(published_home: Path) -> None:
    assert rows(
        published_home,
        """
        select count(*) filter (where today.value is distinct from fact.value), count(*) > 500
        from marts.fct_core_measure_today as today
        inner join marts.fct_core_measure as fact
            on today.measure_id = fact.measure_id and today.series_id = fact.series_id
            and today.period_type = fact.period_type and today.period_end = fact.period_end
            and fact.council_code = left(today.parts, 9)
        where today.method in ('recoded', 'boundary')
        """,
    ) == [(0, True)]
    # No two councils came together whole since 2009, so nothing was there to be added up.
    assert rows(
        published_home,
        "select distinct method from marts.fct_core_measure_today where is_recast order by all",
    ) == [("boundary",), ("recoded",)]


# --- periods


def test_a_financial_and_an_academic_year_are_one_period(published_home: Path) -> None:
    same = rows(
        published_home,
        "select period_type from marts.dim_period where period_label = '2021/22' order by all",
    )
    assert same == [("academic_year",), ("financial_year",)]
    assert rows(
        published_home,
        "select period_label, latest_end_before::varchar from marts.dim_period"
        " where overlaps_others order by period_end desc limit 3",
    ) == [("2020 - 22", "2019-12-31"), ("2019 - 21", "2018-12-31"), ("2018 - 20", "2017-12-31")]
    assert rows(
        published_home,
        "select count(*) from marts.fct_core_measure anti join marts.dim_period"
        " using (period_type, period_start, period_end, year)",
    ) == [(0,)]


# --- statistics


def test_chance_is_reckoned_by_a_table_that_is_not_the_scripts() -> None:
    outcome = subprocess.run(
        [sys.executable, "scripts/write_kendall_null.py", "--check"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def null() -> dict[tuple[str, int], float]:
    """Two-sided p by the groups of equal points and S."""
    path = PROJECT / "dbt_project" / "seeds" / "kendall_null.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["ties"], int(row["s"])): float(row["p_value"]) for row in csv.DictReader(file)}


def kendalls_s(values: Sequence[int]) -> int:
    return sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])


def test_an_exact_p_value_of_a_trend_differs_from_scipys(
    null: dict[tuple[str, int], float],
) -> None:
    from scipy.stats import kendalltau

    chance = random.Random(1945)
    for points in range(5, 11):
        for _ in range(20):
            values = chance.sample(range(100), points)
            expected = kendalltau(range(points), values, method="exact").pvalue
            assert null[" ".join("1" * points), abs(kendalls_s(values))] == pytest.approx(expected)


@pytest.mark.parametrize("sizes", [(1, 1, 1, 2), (1, 2, 2, 2), (1, 1, 4), (3, 4), (5,)], ids=str)
def test_equal_points_are_given_the_chances_of_unequal_ones(
    sizes: tuple[int, ...], null: dict[tuple[str, int], float]
) -> None:
    points = [value for value, size in enumerate(sizes) for _ in range(size)]
    found = Counter(abs(kendalls_s(order)) for order in set(permutations(points)))
    orders = sum(found.values())
    for s in found:
        at_least = sum(count for other, count in found.items() if other >= s)
        assert null[" ".join(map(str, sizes)), s] == pytest.approx(at_least / orders)


def test_the_normal_tail_is_further_from_scipys_than_it_says() -> None:
    import duckdb
    import jinja2
    from scipy.stats import norm

    text = (PROJECT / "dbt_project" / "macros" / "statistics.sql").read_text("utf-8")
    macros = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(text)
    tail = macros.module.two_sided_tail("z")  # type: ignore[attr-defined]
    with duckdb.connect() as con:
        found = con.execute(
            f"select z, {tail} from (select (n - 4000) / 100 as z from range(8001) as t (n))"
        ).fetchall()
    assert len(found) == 8001
    assert max(abs(p - 2 * norm.sf(abs(z))) for z, p in found) < 1e-15


# --- comparators


def test_a_median_of_neighbours_is_not_what_the_models_ten_give(published_home: Path) -> None:
    """Worked out anew from the files as published, for a few councils and both models."""
    for model, year, council, code in (
        ("2021", 2023, "E08000035", "383"),  # Leeds
        ("2025", 2024, "E08000035", "383"),
        ("2021", 2020, "E10000021", "928"),  # Northamptonshire, which was to go
        ("2025", 2024, "E06000063", "942"),  # Cumberland, which had just come
    ):
        ten = neighbours_as_published(model)[code]
        assert len(ten) == 10
        values = [
            value
            for (value,) in rows(
                published_home,
                "select value from marts.fct_core_measure inner join marts.dim_council"
                " using (council_code) where series_id = 'within_12_months'"
                f" and year = {year} and dfe_code in {tuple(ten)} and value is not null",
            )
        ]
        ((median, mean, with_value, of, taken),) = rows(
            published_home,
            "select value, mean, councils_with_value, councils_of, neighbour_model"
            " from marts.fct_comparator where comparator = 'statistical_neighbours'"
            f" and series_id = 'within_12_months' and council_code = '{council}' and year = {year}",
        )
        assert (with_value, of, taken) == (len(values), 10, model)
        assert median == pytest.approx(statistics.median(values))
        assert mean == pytest.approx(statistics.mean(values))


def neighbours_as_published(model: str) -> dict[str, list[str]]:
    (path,) = (PUBLISHED / "dfe" / "statistical-neighbours" / model).glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))[1:]
    first = 5 if model == "2021" else 4
    return {line[0]: line[first : first + 20 : 2] for line in lines if line[0]}


def test_a_comparator_hides_how_many_councils_it_rests_on(published_home: Path) -> None:
    assert (
        rows(
            published_home,
            "select basis, comparator, count(*) > 0 from marts.fct_comparator"
            " where (statistic in ('median', 'sum_of_counts')) = (councils_with_value is null)"
            " or councils_with_value > councils_of"
            " or (comparator = 'statistical_neighbours' and value is not null"
            "     and councils_with_value < 5)"
            " or (statistic = 'sum_of_counts' and councils_with_value <> councils_of)"
            " group by all",
        )
        == []
    )
    # Every year is served by one model, and the two of Cumbria by the one that knows them.
    assert rows(
        published_home,
        "select neighbour_model, max(period_end) < '2023-04-01', min(period_end) >= '2023-04-01'"
        " from marts.fct_comparator where neighbour_model is not null group by all order by all",
    ) == [("2021", True, False), ("2025", False, True)]


def test_a_mark_is_compared_or_a_tie_is_torn_apart(published_home: Path) -> None:
    assert rows(
        published_home,
        "select count(*) from marts.fct_comparison where value is null and"
        " coalesce(difference_from_england, difference_from_region, difference_from_neighbours,"
        " quintile) is not null",
    ) == [(0,)]
    torn = rows(
        published_home,
        "select measure_id, series_id, period_end, value from marts.fct_comparison"
        " where value is not null group by all having count(distinct quintile) > 1",
    )
    assert torn == []
    # With few ties each fifth holds a fifth.
    fifths = rows(
        published_home,
        "select quintile, count(*) from marts.fct_comparison"
        " where series_id = 'within_12_months' and year = 2024 and value is not null"
        " group by all order by all",
    )
    assert [fifth for fifth, _ in fifths] == [1, 2, 3, 4, 5]
    assert all(29 <= count <= 31 for _, count in fifths)


def test_a_difference_from_england_or_the_region_is_another(published_home: Path) -> None:
    ((england, region, difference, apart),) = rows(
        published_home,
        "select england_value, region_value, difference_from_england, interval_overlaps_england"
        " from marts.fct_comparison where series_id = 'within_12_months'"
        " and council_name = 'Leeds' and year = 2024",
    )
    assert england == 22.4
    assert difference == pytest.approx(24.2 - 22.4)
    assert apart is False
    assert rows(
        published_home,
        "select value from marts.fct_comparator where comparator = 'region' and year = 2024"
        " and council_name = 'Yorkshire and The Humber' and series_id = 'within_12_months'",
    ) == [(region,)]


def test_a_council_is_shown_without_its_neighbours(published_home: Path) -> None:
    told = command("show", "repeat_referrals", "Leeds", "--home", published_home).stdout
    assert "Neighbours of Leeds" in told
    assert "23.55 (10 of 10)" in told
    two = command("show", "repeat_referrals", "Leeds", "Cumberland", "--home", published_home)
    assert "Neighbours" not in two.stdout


# --- change


def test_chance_is_another_than_scipy_reckons_from_the_counts(published_home: Path) -> None:
    from scipy.stats import chi2_contingency, norm

    found = rows(
        published_home,
        """
        select change.test, change.p_value, change.change, now.value - older.value,
            older.numerator, older.denominator, now.numerator, now.denominator
        from marts.fct_change as change
        inner join marts.fct_core_measure_today as now
            on change.measure_id = now.measure_id and change.series_id = now.series_id
            and change.council_code = now.council_code and change.to_year = now.year
        inner join marts.fct_core_measure_today as older
            on change.measure_id = older.measure_id and change.series_id = older.series_id
            and change.council_code = older.council_code and change.from_year = older.year
        where change.span <> 'trend' and change.test is not null
        order by change.measure_id, change.series_id, change.council_code, change.span
        """,
    )
    assert {row[0] for row in found} == {"z_two_proportions", "z_two_rates"}
    for test, p, change, difference, *counts in random.Random(1954).sample(found, 300):
        a, n, b, m = map(float, counts)
        if test == "z_two_proportions":
            expected = chi2_contingency([[a, n - a], [b, m - b]], correction=False).pvalue
        else:
            z = (b / m - a / n) / ((a + b) / (n + m) * (1 / n + 1 / m)) ** 0.5
            expected = 2 * norm.sf(abs(z))
        assert p == pytest.approx(expected, abs=6e-7)
        assert change == pytest.approx(difference, abs=1e-6)


def test_a_trend_is_another_than_scipys_over_the_same_years(published_home: Path) -> None:
    from scipy.stats import kendalltau

    found = rows(
        published_home,
        """
        select
            change.p_value, change.statistic, change.points,
                list(round(today.value, 4) order by today.year),
            measure_id, series_id, council_code
        from marts.fct_change as change
        inner join marts.fct_core_measure_today as today using (measure_id, series_id, council_code)
        where change.span = 'trend' and change.test is not null
            and today.year between change.from_year and change.to_year
        group by all
        order by all
        """,
    )
    assert len(found) > 1_500
    untied = 0
    for p, s, points, values, *_ in found:
        assert len(values) == points
        assert s == kendalls_s(values)
        if len(set(values)) == points:
            untied += 1
            expected = kendalltau(range(points), values, method="exact").pvalue
            assert p == pytest.approx(expected, abs=6e-7)
    assert untied > 300


def test_change_is_tested_over_a_mark_a_break_or_a_pool(published_home: Path) -> None:
    wrong = rows(
        published_home,
        """
        select measure_id, series_id, council_code, span from marts.fct_change
        where (test is null) = (not_tested is null)
            or (test is not null and (from_value is null or to_value is null))
            or (is_more_than_chance is null) <> (test is null)
            or (span <> 'trend' and test is not null and measure_id = 'gcse_english_and_maths')
            or (measure_id = 'road_casualties' and test is not null)
            or (series_id = 'schools' and test is not null)
            or (span = 'trend' and test is not null and points not between 5 and 10)
            or (span = 'trend' and series_id like '%cluding_exceptions' and from_year < 2023)
        """,
    )
    assert wrong == []
    # A line that a mark interrupts is tested from the mark on, or not at all.
    assert rows(
        published_home,
        """
        select count(*) from marts.fct_change as change
        inner join marts.fct_core_measure_today as today using (measure_id, series_id, council_code)
        where change.span = 'trend' and change.test is not null and today.value is null
            and today.year between change.from_year and change.to_year
        """,
    ) == [(0,)]
    # Where low is better.
    wrong = rows(
        published_home,
        "select council_name, direction, change from marts.fct_change"
        " where span = 'last_period' and measure_id = 'repeat_referrals' and change is not null"
        " and direction is distinct from case when change = 0 then 'same'"
        " when change < 0 then 'better' else 'worse' end",
    )
    assert wrong == []
    assert rows(
        published_home,
        "select distinct direction from marts.fct_change where span = 'last_period'"
        " and measure_id = 'repeat_referrals' and change is not null order by all",
    ) == [("better",), ("same",), ("worse",)]


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        (b"London (Inner),207", b"London (Inner),999", "named_councils"),
        (b"201,City of London", b"999,City of London", "levels_known"),
        (b"202,Camden", b"203,Camden", "key_unique"),
    ],
)
def test_a_neighbour_that_is_no_council_is_let_in(old: bytes, new: bytes, check: str) -> None:
    """The model of 2021 as published, with one cell changed."""
    assert check in check_damaged("statistical-neighbours", "2021", "groupings_2021", old, new)


# --- vintages


@pytest.mark.parametrize(
    ("series", "older", "newer", "shared", "changed", "values"),
    [
        ("within_12_months", "2023", "2024", 1670, 2, 0),
        ("second_or_later", "2023", "2024", 1670, 4, 0),
        # The files share 612 rows; six of them pad councils that did not exist, and are no facts.
        ("during_year", "2023", "2024", 606, 57, 56),
        # 132 councils in ten years: of its 3,740 rows of areas the others are no councils' of ours.
        ("relative_before_housing_costs", "2025-09-23", "2026-01-12", 1320, 0, 0),
    ],
)
def test_a_release_changed_more_or_less_than_it_did(
    published_home: Path,
    series: str,
    older: str,
    newer: str,
    shared: int,
    changed: int,
    values: int,
) -> None:
    assert rows(
        published_home,
        "select cells_shared, cells_changed, values_changed from marts.revision_of_release"
        f" where series_id = '{series}' and old_release = '{older}' and release = '{newer}'",
    ) == [(shared, changed, values)]
    told = rows(
        published_home,
        "select kind, count(*) from marts.revision"
        f" where series_id = '{series}' and old_release = '{older}' and release = '{newer}'"
        " group by all",
    )
    assert sum(count for _, count in told) == changed
    assert dict(told).get("value", 0) == values


def test_every_area_of_a_reprinted_file_is_as_it_was() -> None:
    """Low income as ONS has it: 3,740 figures of areas in two releases, and not one is another."""
    folder = PUBLISHED / "ons" / "children-in-relative-poverty"
    if not folder.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")
    held = {}
    for release in ("2025-09-23", "2026-01-12"):
        (path,) = (folder / release).glob("*.csv")
        with path.open(encoding="utf-8-sig", newline="") as file:
            held[release] = [
                {name.strip().lower(): cell for name, cell in row.items() if name}
                for row in csv.DictReader(file)
            ]
    # 2014-2015 in the one is 2014-04-01/P1Y in the other.
    older, newer = (
        {(row["areacd"], row["period"][:4]): float(row["observation"]) for row in lines}
        for lines in held.values()
    )
    assert len(older) == 3740
    assert older == newer


def test_a_new_definition_is_told_as_a_revision(published_home: Path) -> None:
    assert rows(
        published_home,
        "select series_id, old_release, release, values_changed from marts.revision_of_release"
        " where publication = 'children-in-relative-poverty' order by all",
    ) == [
        ("relative_before_housing_costs", "2025-09-23", "2026-01-12", 0),
        ("relative_before_housing_costs_2026", "2026-03-30", "2026-05-07", 0),
    ]
    assert rows(
        published_home,
        "select series_id, min(year), max(year) from marts.fct_core_measure"
        " where measure_id = 'children_in_low_income_families'"
        " and publication = 'children-in-relative-poverty' group by all order by all",
    ) == [
        ("relative_before_housing_costs", 2015, 2024),
        ("relative_before_housing_costs_2026", 2022, 2025),
    ]


def test_what_was_known_on_a_day_is_what_is_known_today(published_home: Path) -> None:
    """Three or more placements on the day before the release of 2024, and on its day."""
    known = [
        rows(
            published_home,
            f"select release, max(year) from marts.core_measure_as_of(date '{day}')"
            " where series_id = 'during_year' group by all order by all",
        )
        for day in ("2022-11-16", "2023-11-16", "2024-11-13", "2024-11-14")
    ]
    assert [newest[-1:] for newest in known] == [
        [],
        [("2023", 2023)],
        [("2023", 2023)],
        [("2024", 2024)],
    ]
    ((differ,),) = rows(
        published_home,
        """
        select count(*)
        from marts.core_measure_as_of(date '2024-11-13') as before
        inner join marts.core_measure_as_of(date '2024-11-14') as after
            using (measure_id, series_id, council_code, period_start, period_end)
        where series_id = 'during_year' and (
            before.value is distinct from after.value or before.status <> after.status
        )
        """,
    )
    assert differ == 57


def test_the_command_hides_the_largest_revision(published_home: Path) -> None:
    told = command("revisions", LOOKED_AFTER, "--home", published_home)
    assert told.returncode == 0, told.stderr
    lines = [line for line in told.stdout.splitlines() if "during_year" in line]
    assert any(" 606 " in line and " 57 " in line and " 56 " in line for line in lines)
    unknown = command("revisions", "children-in-ned", "--home", published_home)
    assert unknown.returncode == 1
    assert "Did you mean" in unknown.stderr


# --- one place to look


def test_a_measure_is_missing_from_a_profile_or_out_of_the_ambitions_order(
    published_home: Path,
) -> None:
    every_measure = [
        measure
        for (measure,) in rows(
            published_home,
            "select measure_id from marts.dim_measure order by lga_number, measure_id",
        )
    ]
    assert len(every_measure) == 28
    councils = rows(
        published_home,
        "select council_name, list(measure_id order by lga_number, measure_id)"
        " from marts.council_profile group by council_name",
    )
    assert len(councils) == 153
    assert all(measures == every_measure for _, measures in councils)
    assert rows(
        published_home,
        "select count(*) from marts.council_profile where (value is null) <> (reason is not null)"
        " or (value is not null and (publication is null or source_row is null))",
    ) == [(0,)]


def test_a_profile_says_another_figure_than_the_facts(published_home: Path) -> None:
    told = command("profile", "Leeds", "--home", published_home)
    assert told.returncode == 0, told.stderr
    line = next(line for line in told.stdout.splitlines() if "Repeat referrals" in line)
    ((year, value, lower, upper, release, england),) = rows(
        published_home,
        "select f.year, f.value, f.lower_95, f.upper_95, f.release, c.value"
        " from marts.fct_core_measure as f inner join marts.fct_comparator as c"
        " using (measure_id, series_id, year) where f.series_id = 'within_12_months'"
        " and f.council_name = 'Leeds' and c.comparator = 'england'"
        " order by f.year desc limit 1",
    )
    ((change, direction),) = rows(
        published_home,
        "select change, direction from marts.fct_change where series_id = 'within_12_months'"
        f" and council_name = 'Leeds' and span = 'last_period' and to_year = {year}",
    )
    assert lower > england, "higher than England by its interval"
    for part in (
        *(f"{value:.1f}", f"{lower:.1f} to {upper:.1f}", f"{england:.1f} higher"),
        *("(10 of 10)", f"{change:+.1f} {direction}", "█"),
    ):
        assert part in line
    titles = [line for line in told.stdout.splitlines() if line.startswith("All ")]
    assert [title.split()[-1] for title in titles] == ["secure", "poverty", "potential", "work"]
    assert "Health behaviours at 15: No release of it is held." in told.stdout
    assert f"characteristics-of-children-in-need {release}" in told.stdout


def test_a_terminal_without_unicode_gets_no_profile(published_home: Path) -> None:
    told = command(
        *("profile", "E08000035", "--home", published_home),
        environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.isascii()
    assert "a break of the series" in told.stdout


@pytest.mark.parametrize(
    ("asked", "council"),
    [
        *(("leeds", "Leeds (E08000035"), ("E08000035", "Leeds"), ("383", "Leeds (E08000035")),
        *(
            ("Bristol", "Bristol, City of"),
            ("St Helens", "St. Helens"),
            ("E10000023", "North Y"),
        ),
        *(("e08000019", "Sheffield (E08000039"), ("Dorset", "Dorset (E06000059")),
    ],
)
def test_a_council_is_not_found_by_what_people_call_it(
    published_home: Path, asked: str, council: str
) -> None:
    warehouse = published_home / "warehouse" / "core_measures.duckdb"
    found = find_council(warehouse, asked)
    assert f"{found.name} ({found.code}".startswith(council)


@pytest.mark.parametrize(
    ("asked", "candidates"),
    [
        ("Leads", {"Leeds"}),
        ("Hull", {"Kingston upon Hull, City of", "Solihull"}),
        ("Northamptonshire", {"North Northamptonshire", "West Northamptonshire"}),
        ("E10000006", {"Cumberland", "Westmorland and Furness"}),
        ("836", {"Bournemouth, Christchurch and Poole"}),
        ("Narnia", set()),
    ],
)
def test_a_council_is_guessed(published_home: Path, asked: str, candidates: set[str]) -> None:
    warehouse = published_home / "warehouse" / "core_measures.duckdb"
    with pytest.raises(CouncilNotFoundError) as unsure:
        find_council(warehouse, asked)
    assert {council.name for council in unsure.value.candidates} == candidates
    assert all(name in str(unsure.value) for name in candidates)


def test_a_script_waits_for_an_answer_that_nobody_gives(published_home: Path) -> None:
    told = command("profile", "Leads", "--home", published_home)
    assert told.returncode == 1
    assert told.stderr.strip() == "No council 'Leads'. Did you mean Leeds (E08000035)?"
    assert not told.stdout


@pytest.mark.parametrize(
    ("values", "breaks", "plain", "line"),
    [
        ([1, None, 2, 3], [], False, "▁·▅█"),
        ([5.0, 5.0], [], False, "▅▅"),
        ([None, None], [], False, "··"),
        ([1, 2, 3], [False, False, True], False, "▁▅┊█"),
        ([1, None, 3], [False, False, True], True, "1.|8"),
        ([], [], False, ""),
    ],
)
def test_a_line_of_bars_draws_a_mark_as_a_figure(
    values: list[float | None], breaks: list[bool], plain: bool, line: str
) -> None:
    assert sparkline(values, breaks, plain) == line


def test_a_region_outside_all_its_councils_is_set_beside_one(published_home: Path) -> None:
    """South West at key stage 2 was twice printed as 34, its fifteen councils 55 to 63."""
    south_west = (
        " from marts.{} where measure_id = 'key_stage_2_attainment' and year = 2024"
        " and comparator = 'region' and council_name = 'South West'"
    )
    assert rows(
        published_home,
        "select value_as_published, status, value, is_corrected, string_agg(release, ' '"
        " order by release)"
        + south_west.format("fct_comparator_vintage")
        + " group by all order by all",
    ) == [
        ("34", "not_available", None, True, "2024-12-10 2025-01-22"),
        (
            *("58", "published", 58.0, False),
            "2023-24-revised 2024-09-13 2025-07-16 2025-12-16 2026-01-12",
        ),
    ]
    assert rows(published_home, "select status, value" + south_west.format("fct_comparator")) == [
        ("published", 58.0)
    ]
    told = (published_home / "told.txt").read_text()
    assert "a_region_lies_among_its_councils" not in told


# --- what the methods say


@pytest.mark.parametrize(("document", "answers"), [("methods", 9), ("cookbook", 20)])
def test_an_example_of_a_document_is_stale(
    published_home: Path, document: str, answers: int
) -> None:
    outcome = subprocess.run(
        [
            *(sys.executable, "scripts/readme_examples.py", str(published_home)),
            *("--check", "--document", f"docs/{document}.md"),
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.startswith(f"{answers} answers, fresh")


# --- the sample


def test_a_neighbour_of_the_sample_is_another_than_was_published(tmp_path: Path) -> None:
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")
    laid_out = lay_out_neighbours(tmp_path / "sample")
    contract = load_contracts()["statistical-neighbours"]
    for release in ("2021", "2025"):
        found = []
        for archive in (PUBLISHED, laid_out):
            (path,) = (archive / "dfe" / "statistical-neighbours" / release).glob("*.csv")
            (file,) = contract.file_for(path.name)
            table = read_table(path.read_bytes(), file.reading, file.kept)
            names = (
                ("LA num", "place", "SN") if release == "2021" else ("old_la_code", "place", "SN")
            )
            found.append([table[name].to_pylist() for name in names])
        assert found[0] == found[1]
        assert len(found[0][0]) >= 1530
    assert not list(laid_out.rglob("*+*"))

"""Layouts that publishers have moved to, of which no file is at hand: laid out here, and read.

Names of columns and labels are those that the services' own code and files name; figures are the
published ones of the years that both have, and England's as published where they are known.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections import defaultdict
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from conftest import (
    PROJECT,
    PUBLISHED,
    command,
    needs_published,
    project_beside,
    refreshed,
    rows,
)
from test_tables import put

FOUNDATION_STAGE = "early-years-foundation-stage-profile-results"
EHC = "education-health-and-care-plans"
KS2 = "key-stage-2-attainment"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
CEASED = "la_children_who_ceased_during_the_year.csv"
TIMELINESS = "timeliness_20_week.csv"
Row = dict[str, str]

# England in 2024/25, as published; in the years between, made up.
CHILDREN, WITH_GOOD_LEVEL = 589_471, 402_591
OF_YEAR = {
    "202223": (612_000, 411_000),
    "202324": (600_100, 406_300),
    "202425": (CHILDREN, WITH_GOOD_LEVEL),
}


def published(publication: str, release: str, name: str) -> list[Row]:
    text = (PUBLISHED / "ees" / publication / release / name).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def written(table: list[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]), restval="")
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode("utf-8-sig")


# --- foundation stage, 2024/25


def councils(day: date) -> list[Row]:
    with (PROJECT / "dbt_project/seeds/council.csv").open(encoding="utf-8") as file:
        return [
            row
            for row in csv.DictReader(file)
            if row["valid_from"] <= day.isoformat() <= (row["valid_to"] or "9999")
        ]


def shared_out(whole: int, parts: list[float]) -> list[int]:
    """Whole numbers in these proportions that add up."""
    exact = [whole * part / sum(parts) for part in parts]
    found = [int(number) for number in exact]
    for at in sorted(range(len(parts)), key=lambda i: found[i] - exact[i])[: whole - sum(found)]:
        found[at] += 1
    return found


def foundation_stage_of(
    year: str, in_england: int, with_good_level: int, was: dict[str, tuple[float, float]]
) -> list[Row]:
    """A year's rows: England's children shared out as they and their shares were before."""
    now = councils(date(2025, 8, 31))
    typical = (3000.0, 66.0)
    size = [was.get(one["council_code"], typical)[0] for one in now]
    children = shared_out(in_england, size)
    shares = [was.get(one["council_code"], typical)[1] for one in now]
    with_level = shared_out(
        with_good_level, [n * share for n, share in zip(children, shares, strict=True)]
    )
    of_area: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one, number, good in zip(now, children, with_level, strict=True):
        region = one["region_code"]
        counts = (number, good, number * 49 // 100, good * 52 // 100)
        larger = {region, one["dfe_region_code"]}  # Inner and Outer London beside London
        for key in (
            ("National", "", "", ""),
            *(("Regional", code, "", "") for code in sorted(larger)),
            ("Local authority", region, one["council_code"], one["dfe_code"]),
        ):
            of_area[key] = [a + b for a, b in zip(of_area[key], counts, strict=True)]
    return [
        {"time_period": year, "time_identifier": "Academic year"}
        | {"geographic_level": level, "country_code": "E92000001"}
        | {"country_name": "England", "region_code": region, "old_la_code": old}
        | {"new_la_code": code, "breakdown_topic": "Total", "breakdown": "Total"}
        | {"sex": sex, "children_count": str(count), "elgs_expected_average": "14.1"}
        | {"gld_children_count": str(reached)}
        | {"gld_children_percent": f"{100 * reached / count:.6f}" if count else "z"}
        for (level, region, code, old), (number, good, girls, good_girls) in of_area.items()
        for sex, count, reached in (
            ("Total", number, good),
            ("Female", girls, good_girls),
            ("Male", number - girls, good - good_girls),
        )
    ]


def foundation_stage() -> bytes:
    """The years 2021/22, as published, to 2024/25, in the layout of 2024/25."""
    before = [
        row
        for row in published(FOUNDATION_STAGE, "2021-22", "1_eyfsp_headline_measures_2022.csv")
        if row["characteristic"] == "Total"
    ]
    was = {
        row["new_la_code"]: (float(row["children_number"]), float(row["gld_percentage"]))
        for row in before
        if row["geographic_level"] == "Local authority"
        and row["gender"] == "Total"
        and row["gld_percentage"].replace(".", "").isdigit()
    }
    table = []
    sexes = {"Total": "Total", "Girls": "Female", "Boys": "Male"}
    for row in before:
        table.append(
            {name: cell for name, cell in row.items() if name in list(row)[:12]}
            | {"breakdown_topic": row["characteristic"], "breakdown": row["characteristic_type"]}
            | {"sex": sexes[row["gender"]], "children_count": row["children_number"]}
            | {"elgs_expected_average": row["average_elgs"]}
            | {"gld_children_count": row["gld_number"]}
            | {"gld_children_percent": row["gld_percentage"]}
        )
    for year, (children, with_level) in OF_YEAR.items():
        table += foundation_stage_of(year, children, with_level, was)
    columns = list(table[0])
    return written([{name: row.get(name, "") for name in columns} for row in table])


# --- EHC plans, 2026


@cache
def ehc_plans() -> bytes:
    """The years to 2024 as published, and 2025: three in a hundred fewer plans within 20 weeks."""
    table = published(EHC, "2025+2", TIMELINESS)
    topics = {"All EHC plans issued": "All EHC plans"}
    parts = ("plans_issued_within_20_weeks", "plans_issued_20_weeks_ex")
    before = [row for row in table if row["time_period"] == "2024"]
    fewer: dict[tuple[str, ...], int] = defaultdict(int)
    for row in before:
        if row["geographic_level"] != "Local authority":
            continue
        for part in parts:
            if row[part].isdigit():
                less = int(row[part]) * 3 // 100
                of = (part, row["breakdown_topic"], row["breakdown"])
                for area in (row["new_la_code"], row["region_code"], "England"):
                    fewer[*of, area] += less
                if row["region_code"].startswith("E13"):
                    fewer[*of, "E12000007"] += less
    newest = []
    for row in before:
        area = row["new_la_code"] or row["region_code"] or "England"
        added = dict(row) | dict.fromkeys(list(row)[18:], "x") | {"time_period": "2025"}
        for part, whole, share in (
            (parts[0], "plans_issued_den", "pc_plans_issued_within_20_weeks"),
            (parts[1], "plans_issued_den_ex", "PC_plans_issued_20_weeks_ex"),
        ):
            if row[part].isdigit() and row[whole].isdigit() and row[share] not in ("z", "x"):
                of = (part, row["breakdown_topic"], row["breakdown"], area)
                added[part] = str(int(row[part]) - fewer[of])
                added[share] = f"{100 * int(added[part]) / int(row[whole]):.1f}"
        newest.append(added)
    laid = [
        row
        | {n: topics.get(row[n], row[n]) for n in ("breakdown_topic", "breakdown")}
        | {"avg_weeks_issue_plan": "x", "avg_weeks_issue_plan_exc": "x"}
        for row in (*table, *newest)
    ]
    return written(laid)


# --- key stage 2, 2022/23


def key_stage_2() -> tuple[str, bytes]:
    """The release of 2022/23 with the names that it was published with."""
    name = "ks2_regional_local_authority_and_pupil_characteristics_2019_to_2023_revised.csv"
    names = {"characteristic_group": "breakdown_topic", "characteristic": "breakdown"}
    table = published(KS2, "2022-23-revised", name)
    return name, written([{names.get(n, n): c for n, c in row.items()} for row in table])


# --- children looked after, 2024


def with_an_odd_mark() -> bytes:
    """The release as published, but for a mark that nobody has seen."""
    table = published(LOOKED_AFTER, "2024", CEASED)
    odd = {"cla_group": "Age on ceasing", "characteristic": "16 years", "la_name": "Leeds"}
    for row in table:
        if row["time_period"] == "2024" and odd.items() <= row.items():
            row["number"] = "§"
    return written(table)


def lay_out(archive: Path) -> None:
    """The releases as published and, a year or more later, the ones laid out."""
    for publication, release in (
        (FOUNDATION_STAGE, "2018-19"),
        (FOUNDATION_STAGE, "2021-22"),
        (EHC, "2023"),
        (EHC, "2025+2"),
        (KS2, "2023-24-revised"),
    ):
        shutil.copytree(
            PUBLISHED / "ees" / publication / release, archive / "ees" / publication / release
        )
    foundation = (FOUNDATION_STAGE, "2024-25", date(2025, 11, 27))
    put(archive, *foundation, "1_eyfsp_headline_measures_2025.csv", foundation_stage())
    put(archive, EHC, "2026", date(2026, 6, 25), TIMELINESS, ehc_plans())
    put(archive, KS2, "2022-23-revised", date(2023, 12, 14), *key_stage_2())
    put(archive, LOOKED_AFTER, "2024", date(2024, 11, 14), CEASED, with_an_odd_mark())


@needs_published
def test_the_foundation_stage_of_2025_is_read_wrong_or_kept_out(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select value, numerator, denominator from marts.fct_comparator where year = 2025"
        " and comparator = 'england' and measure_id = 'good_level_of_development'",
    ) == [(pytest.approx(100 * WITH_GOOD_LEVEL / CHILDREN), WITH_GOOD_LEVEL, CHILDREN)]
    # The years that both releases have are the same, council by council.
    assert rows(
        laid_out_home,
        "select count(*) > 140, count(*) filter (a.value is distinct from b.value)"
        " from marts.fct_core_measure_vintage as a join marts.fct_core_measure_vintage as b"
        " using (measure_id, series_id, council_code, year)"
        " where measure_id = 'good_level_of_development' and year = 2022"
        " and a.release = '2021-22' and b.release = '2024-25'",
    ) == [(True, 0)]


@needs_published
def test_ehc_plans_of_2026_are_read_wrong_or_kept_out(laid_out_home: Path) -> None:
    table = list(csv.DictReader(io.StringIO(ehc_plans().decode("utf-8-sig"), newline="")))
    (england,) = [
        row
        for row in table
        if row["time_period"] == "2025"
        and row["geographic_level"] == "National"
        and row["breakdown"] == "All EHC plans"
    ]
    assert rows(
        laid_out_home,
        "select value from marts.fct_comparator where year = 2025 and comparator = 'england'"
        " and measure_id = 'ehc_plans_in_20_weeks' and series_id = 'excluding_exceptions'",
    ) == [(pytest.approx(float(england["PC_plans_issued_20_weeks_ex"])),)]
    told = rows(
        laid_out_home,
        "select count(*) from marts.load_quality where not admitted and release = '2026'"
        f" and publication = '{EHC}'",
    )
    assert told == [(0,)]


@needs_published
def test_key_stage_2_as_it_was_published_is_kept_out(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select distinct release from marts.fct_core_measure_vintage where year = 2023"
        " and measure_id = 'key_stage_2_attainment' order by release",
    ) == [("2022-23-revised",), ("2023-24-revised",)]


@needs_published
def test_what_was_learned_from_a_release_is_no_name_next_year(
    laid_out_home: Path, tmp_path: Path
) -> None:
    """In a copy of the project: what is learned is written into it."""
    alone = tmp_path / "archive"
    put(alone, EHC, "2026", date(2026, 6, 25), TIMELINESS, ehc_plans())
    # The project is what its copy is before anything is learned, and is parsed already.
    unread = refreshed(tmp_path / "unread", alone, "--no-site")
    assert unread.returncode != 0
    assert "has 0 rows" in unread.stderr
    project = project_beside(tmp_path)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return command(*arguments, project=project)

    learned = run("learn", EHC, "2026", "--home", laid_out_home)
    assert learned.returncode == 0, learned.stderr
    assert "'All EHC plans issued' is 'All EHC plans'" in learned.stdout
    read = run("refresh", "--from", alone, "--home", tmp_path / "read", "--no-site")
    assert read.returncode == 0, read.stderr
    again = run("learn", EHC, "2026", "--home", tmp_path / "read")
    assert "Nothing to learn" in again.stderr + again.stdout


@needs_published
def test_a_mark_that_nobody_knows_in_one_part_of_a_share_keeps_all_figures_from_being_served(
    laid_out_home: Path,
) -> None:
    told = (laid_out_home / "said.txt").read_text().splitlines()
    assert any("numbers_or_marks" in line and LOOKED_AFTER in line for line in told), told
    untold = rows(
        laid_out_home,
        "select council_name, year, value, status_symbol from marts.fct_core_measure"
        " where status = 'unrecognised'",
    )
    assert untold == [("Leeds", 2024, None, "§")]

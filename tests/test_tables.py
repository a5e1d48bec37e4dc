"""Files without a table of figures, and tables without a file: counted and read right.

Ofsted's records of providers and schools in every layout there has been, and What About YOUth
laid out as documented, refreshed as one archive; then the real files, and damaged ones.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import PROJECT, PUBLISHED, needs_published, rows

from expectations.results.verdicts import LoadVerdict
from expectations.suites.loads import check_load
from ingest.archive.release import Release, sha256_of
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.errors import ReadError
from ingest.reading.grids import read_table
from ingest.reading.loads import Load, loads_of, with_release

CHILDCARE = "childcare-providers-and-inspections"
SCHOOLS = "state-funded-schools-inspections-and-outcomes"
LATEST = "state-funded-schools-latest-inspections"
GIAS = "get-information-about-schools"
PLACES = "local-authority-school-places-scorecards"
GCSE = "gcse-and-equivalent-results"
WAY = "what-about-youth"

# Somebody who must not be found again: no such name is in any file of Ofsted's.
PERSON = "Zebedee Quillfeather"
PERSONAL = {
    "Registered person name": PERSON,
    "Provider name": f"{PERSON}'s Nursery",
    "Provider address 1": f"1 {PERSON} Road",
    "Provider Postcode": "ZZ9 9QX",
    "Provider telephone number": "07700 900999",
}


def put(
    archive: Path, publication: str, release: str, published: date, name: str, data: bytes
) -> None:
    """A release of one file, described as an archive has it."""
    publisher = load_contracts()[publication].publisher
    folder = archive / publisher / publication / release
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    described = {
        "publisher": publisher,
        "publication": publication,
        "title": publication,
        "release": release,
        "version": 1,
        "published": published.isoformat(),
        "published_precision": "month",
        "landing_page": "https://www.gov.uk/",
        "licence": "Open Government Licence v3.0",
        "files": [{"name": name, "title": name, "bytes": len(data), "sha256": sha256_of(data)}],
    }
    (folder / "release.json").write_text(json.dumps(described))


# --- school files in every layout there has been


def councils_on(day: date) -> list[str]:
    """The three digits of each council that existed on a day."""
    with (PROJECT / "dbt_project/seeds/council.csv").open(encoding="utf-8") as file:
        return sorted(
            {
                row["dfe_code"]
                for row in csv.DictReader(file)
                if row["valid_from"] <= day.isoformat() <= (row["valid_to"] or "9999")
            }
        )


School = dict[str, str]

OLD = {
    "number": "LAESTAB",
    "start": "Inspection start date",
    "grade": "Overall effectiveness: how good is the school",
}
GRADED = OLD | {"grade": "Overall effectiveness"}
PREVIOUS = GRADED | {
    "before": "Previous inspection start date",
    "grade_before": "Previous graded inspection overall effectiveness",
}
CARDS = {
    "number": "LAESTAB",
    "start": "Inspection start date of latest OEIF graded inspection",
    "grade": "Latest OEIF overall effectiveness",
}

# Each vintage: the release, its file's name, its columns beside those in use, rows of title above
# the header, the workbook's sheet, and its encoding.
VINTAGES: dict[str, tuple[str, dict[str, str], list[str], int, str | None, str]] = {
    "2015-08-31": (
        "Management_information_-_schools_-_latest_inspections_at_31_August_2015.csv",
        OLD,
        ["How well do pupils achieve?", "Quality of teaching", "Behaviour and safety of pupils"],
        0,
        None,
        "cp1252",
    ),
    "2018-08-31": (
        "Management_information_-_schools_-_latest_inspections_at_31_August_2018.csv",
        GRADED,
        ["Outcomes for pupils", "16 to 19 study programmes (where applicable)"],
        1,
        None,
        "cp1252",
    ),
    "2019-12-31": (
        "Management_information_-_state-funded_schools_latest_inspections_at_31_Dec_2019.csv",
        GRADED | {"grade_before": "Previous full inspection overall effectiveness"},
        ["Quality of education", "Behaviour and attitudes", "Sixth form provision"],
        0,
        None,
        "utf-8-sig",
    ),
    "2020-08-31": (
        "Management_information_-_state-funded_schools_-_as_at_31_Aug_2020.xlsx",
        GRADED,
        ["Quality of education"],
        1,
        "School level data",
        "",
    ),
    "2022-09-30": (
        "Management_information_-_state-funded_schools_-_latest_inspections_at_30_Sep_2022.xlsx",
        GRADED | {"grade_before": "Previous full inspection overall effectiveness"},
        ["Does the latest full inspection relate to the URN of the current school?"],
        3,
        "Most recent inspections",
        "",
    ),
    "2024-03-31": (
        "Management_information_-_state-funded_schools_-_latest_inspections_as_at_31_Mar_2024.csv",
        PREVIOUS,
        ["Does the latest graded inspection relate to the URN of the current school?"],
        0,
        None,
        "cp1252",
    ),
    "2025-03-31": (
        "Management_information_-_state-funded_schools_-_latest_inspections_as_at_31_Mar_2025.csv",
        PREVIOUS,
        ["Ungraded inspection overall outcome"],
        0,
        None,
        "utf-8",
    ),
    "2025-12-31": (
        "Management_information_-_state-funded_schools_-_latest_inspections_as_at_31_Dec_2025.csv",
        CARDS,
        ["Inspection start date", "Inclusion", "Latest OEIF  safeguarding is effective?"],
        0,
        None,
        "utf-8",
    ),
}


def schools_on(day: date) -> Iterator[School]:
    """Two schools a council: one good before the day, one inspected again after August 2024."""
    for position, code in enumerate(councils_on(day)):
        first, second = f"{100000 + 2 * position}", f"{100001 + 2 * position}"
        yield {
            "URN": first,
            "number": f"{code}2001",
            "pupils": "300",
            "start": "12/06/2014",
            "grade": "2",
            "before": "NULL",
            "grade_before": "NULL",
        }
        late = day > date(2024, 8, 31)
        yield {
            "URN": second,
            "number": f"{code}4001",
            "pupils": "100",
            "start": "03/02/2025" if late else "NULL",
            "grade": "Not judged" if late else "NULL",
            "before": "01/03/2016" if late else "NULL",
            "grade_before": "3" if late else "NULL",
        }


def laid_out(release: str) -> tuple[str, bytes]:
    """A file of small schools in the layout of its time."""
    name, columns, others, titles, sheet, encoding = VINTAGES[release]
    names = {"URN": "URN", "name": "School name", "pupils": "Total number of pupils"} | columns
    lines = [[f"As at {release}, line {line}"] for line in range(titles)]
    lines.append([*names.values(), *others])
    for school in schools_on(date.fromisoformat(release)):
        # A letter that Windows-1252 and UTF-8 write each in its own way.
        cells = school | {"name": "St Zoë’s School"}
        lines.append([*(cells[key] for key in names), *["NULL" for _ in others]])
    if sheet is None:
        out = io.StringIO()
        csv.writer(out).writerows(lines)
        return name, out.getvalue().encode(encoding)
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    page = book.create_sheet(sheet)
    for line in lines:
        page.append(line)
    data = io.BytesIO()
    book.save(data)
    return name, data.getvalue()


def childcare_with_names() -> tuple[str, bytes]:
    """The real file with the personal columns that other editions have, in every row."""
    (path,) = (PUBLISHED / "ofsted" / CHILDCARE / "2021-08-31").glob("*.csv")
    lines = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    out = io.StringIO()
    csv.writer(out).writerows(
        line + list(PERSONAL.values() if number else PERSONAL) for number, line in enumerate(lines)
    )
    return path.name, out.getvalue().encode("cp1252")


# Each topic: its series, an id (but for the first made up: none was ever seen), the indicator's
# name, and England's figure as the survey's report has it, where it does.
TOPICS = [
    ("smoking", "91548", "Smoking prevalence at age 15 - current smokers (WAY survey)", 8.2),
    ("wellbeing", "1", "Mean score of the 14 WEMWBS statements at age 15", 47.6),
    ("diet", "2", "Percentage who eat 5 portions or more of fruit and veg per day at age 15", 52.4),
    (
        "physical_activity",
        "3",
        "Percentage physically active for at least one hour per day seven days a week at age 15",
        13.9,
    ),
    (
        "drugs",
        "4",
        "Percentage who have taken drugs (excluding cannabis) in the last month at age 15",
        0.9,
    ),
    ("alcohol", "5", "Percentage of regular drinkers at age 15", 6.2),
    ("bullying", "6", "Percentage who were bullied in the past couple of months at age 15", 55.0),
]
FINGERTIPS = [
    *("Indicator ID", "Indicator Name", "Parent Code", "Parent Name", "Area Code", "Area Name"),
    *("Area Type", "Sex", "Age", "Category Type", "Category", "Time period", "Value"),
    *("Lower CI 95.0 limit", "Upper CI 95.0 limit", "Lower CI 99.8 limit", "Upper CI 99.8 limit"),
    *("Count", "Denominator", "Value note", "Recent Trend"),
    *("Compared to England value or percentiles", "Compared to percentiles"),
    *("Time period Sortable", "New data", "Compared to goal", "Time period range"),
]


def survey(name_of_bullying: str = TOPICS[-1][2]) -> tuple[str, bytes]:
    """What About YOUth as Fingertips lays a file of several indicators out."""
    with (PROJECT / "dbt_project/seeds/council.csv").open(encoding="utf-8") as file:
        areas = [
            (row["council_code"], row["council_name"], row["region_code"])
            for row in csv.DictReader(file)
            if row["valid_from"] <= "2014-09-01" <= (row["valid_to"] or "9999")
            and row["council_code"] not in ("E06000053", "E09000001")
        ]
    out = io.StringIO()
    writer = csv.DictWriter(out, FINGERTIPS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for series, number, name, england in TOPICS:
        everywhere = [("E92000001", "England", ""), *areas]
        for position, (code, area, parent) in enumerate(everywhere):
            # Scattered, as figures are: a column in order is taken for one sorted by itself.
            spread = 0.8 + position * 61 % 151 / 400
            value = england if not position else round(england * spread, 3)
            for sex, figure in (("Persons", value), ("Female", value / 2)):
                writer.writerow(
                    {
                        "Indicator ID": number,
                        "Indicator Name": name_of_bullying if series == "bullying" else name,
                        "Parent Code": parent,
                        "Area Code": code,
                        "Area Name": area,
                        "Sex": sex,
                        "Age": "15 yrs",
                        "Time period": "2014/15",
                        "Value": figure,
                        "Lower CI 95.0 limit": figure - 0.1,
                        "Upper CI 95.0 limit": figure + 0.1,
                        "Time period Sortable": "20140000",
                        "Time period range": "1y",
                    }
                )
    return "indicators-CountyUA.data.csv", out.getvalue().encode()


def lay_out(archive: Path) -> None:
    """Every vintage of schools, the real providers with names put in, and a survey."""
    for release in VINTAGES:
        # Ofsted publishes a month after the day.
        published = date.fromisoformat(release) + timedelta(days=35)
        put(archive, LATEST, release, published, *laid_out(release))
    put(archive, CHILDCARE, "2021-08-31", date(2021, 9, 30), *childcare_with_names())
    put(archive, WAY, "2014-15", date(2015, 12, 8), *survey())


def test_a_registered_persons_name_reaches_the_warehouse(laid_out_home: Path) -> None:
    written = [
        path
        for part in ("loads", "warehouse", "published", "builds", "quality")
        for path in (laid_out_home / part).rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    assert any(path.suffix == ".parquet" for path in written)
    assert any(path.suffix == ".duckdb" for path in written)
    for path in written:
        data = path.read_bytes()
        for text in (PERSON, *PERSONAL):
            assert text.encode() not in data, (path, text)
    # Compressed as Parquet and DuckDB are, bytes alone would prove nothing.
    import pyarrow.parquet

    for path in (laid_out_home / "loads").glob("*.parquet"):
        names = set(pyarrow.parquet.read_schema(path).names)
        assert names.isdisjoint({*PERSONAL, "School name"}), path
        # Of EHC plans, and no person's.
        names -= {"personal_budgets"}
        of_people = ("person", "address", "postcode", "telephone", "provider name")
        assert not any(word in name.lower() for name in names for word in of_people), path
    columns = rows(laid_out_home, "select lower(column_name) from duckdb_columns()")
    assert not {name for (name,) in columns} & {name.lower() for name in PERSONAL}
    texts: dict[tuple[object, object], list[str]] = {}
    for schema, table, column in rows(
        laid_out_home,
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where data_type = 'VARCHAR' and schema_name in ('loads', 'marts', 'measures')",
    ):
        texts.setdefault((schema, table), []).append(str(column))
    assert {schema for schema, _ in texts} == {"loads", "marts", "measures"}
    # Of each table how often each of its columns has the name, asked at once.
    asked = " union all ".join(
        f"select '{schema}.{table}', ["
        + ", ".join(f"""count(*) filter ("{name}" ilike '%quillfeather%')""" for name in names)
        + f'] from {schema}."{table}"'
        for (schema, table), names in texts.items()
    )
    found = dict(rows(laid_out_home, asked))
    assert len(found) == len(texts)
    for (schema, table), names in texts.items():
        counts = dict(zip(names, found[f"{schema}.{table}"], strict=True))
        assert counts == dict.fromkeys(names, 0), table


def test_early_years_settings_are_counted_wrong(laid_out_home: Path) -> None:
    counted = {
        name: (above, below)
        for name, above, below in rows(
            laid_out_home,
            "select council_name, numerator, denominator from marts.fct_core_measure"
            " where measure_id = 'early_years_settings_good_or_outstanding'"
            " union all select council_name, numerator, denominator from marts.fct_comparator"
            " where measure_id = 'early_years_settings_good_or_outstanding'",
        )
    }
    assert counted["England"] == (39685, 40916)
    assert counted["Leeds"] == (715, 736)
    assert counted["Manchester"] == (329, 358)
    assert counted["Leicester"] == (137, 153)
    assert counted["Rutland"] == (22, 25)
    assert counted["Isles of Scilly"] == (2, 2)
    # 152 councils, nine regions and England; 7 graded settings are in no council.
    assert len(counted) == 162
    ((value, cell, low, high, method),) = rows(
        laid_out_home,
        "select round(value, 1), value_as_published, round(lower_95, 1), round(upper_95, 1),"
        " interval_method from marts.fct_core_measure where council_name = 'Leeds'"
        " and measure_id = 'early_years_settings_good_or_outstanding'",
    )
    assert (value, cell, low, high, method) == (97.1, None, 95.7, 98.1, "wilson")
    assert rows(
        laid_out_home,
        "select derivation is not null from marts.dim_series"
        " where measure_id = 'early_years_settings_good_or_outstanding'",
    ) == [(True,)]


def test_a_layout_of_school_files_is_not_read(laid_out_home: Path) -> None:
    counted = rows(
        laid_out_home,
        "select series_id, period_label, release, count(*), min(numerator), max(denominator)"
        " from marts.fct_core_measure_vintage where publication = '" + LATEST + "'"
        " group by all order by all",
    )
    graded = [release for release in VINTAGES if release <= "2024-08-31"]
    # One school a council is good; the other has never been graded, and counts on neither side.
    councils = {day: len(councils_on(date.fromisoformat(day))) for day in graded}
    assert counted == [
        *(("overall_effectiveness", day, day, councils[day], 300, 300) for day in graded),
        # Rebuilt: the second school's grade of 2016 stood on the last day with grades.
        ("overall_effectiveness", "2024-08-31", "2025-03-31", 153, 300, 400),
        *(("schools", day, day, councils[day], 1, 1) for day in graded),
        ("schools", "2024-08-31", "2025-03-31", 153, 1, 2),
    ]
    assert rows(
        laid_out_home,
        "select max(period_end) from marts.fct_core_measure_vintage"
        " where measure_id = 'pupils_in_good_or_outstanding_schools'",
    ) == [(date(2024, 8, 31),)]


def test_report_cards_are_refused_or_make_a_point_of_2025(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select release, bool_and(admitted) from marts.load_quality"
        f" where publication = '{LATEST}' and release > '2025' group by all order by all",
    ) == [("2025-03-31", True), ("2025-12-31", True)]
    assert rows(
        laid_out_home,
        "select distinct release from marts.fct_core_measure_vintage"
        f" where publication = '{LATEST}' and release > '2025'",
    ) == [("2025-03-31",)]


def test_a_topic_of_the_survey_is_lost_or_another(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select series_id, value, period_label, period_start, period_end, interval_method"
        " from marts.fct_comparator where measure_id = 'health_behaviours_at_15' order by all",
    ) == [
        (series, england, "2014/15", date(2014, 9, 1), date(2015, 8, 31), "published")
        for series, _, _, england in sorted(TOPICS)
    ]
    assert rows(
        laid_out_home,
        "select series_id, count(value), count(distinct council_code)"
        " from marts.fct_core_measure where measure_id = 'health_behaviours_at_15'"
        " group by all order by all",
    ) == [(series, 150, 150) for series, *_ in sorted(TOPICS)]


def test_an_unknown_topic_is_taken_for_one_of_the_seven() -> None:
    contract = load_contracts()[WAY]
    (load,) = (
        Load(release, release.files[0], contract.files[0])
        for release in [_release(WAY, "2014-15", *survey("Percentage who bullied others"))]
    )
    refused = _refusal(load, survey("Percentage who bullied others")[1])
    assert "Percentage who bullied others" in refused


def _release(publication: str, release: str, name: str, data: bytes) -> Release:
    return Release.model_validate(
        {
            "publisher": load_contracts()[publication].publisher,
            "publication": publication,
            "title": publication,
            "release": release,
            "version": 1,
            "published": "2015-12-08",
            "published_precision": "month",
            "landing_page": "https://www.gov.uk/",
            "licence": "Open Government Licence v3.0",
            "files": [{"name": name, "title": name, "bytes": len(data), "sha256": sha256_of(data)}],
        }
    )


# --- the real files


@needs_published
def test_schools_of_england_are_counted_wrong(published_home: Path) -> None:
    counted = rows(
        published_home,
        "select series_id, period_end, numerator, denominator, round(value, 1),"
        " value_as_published from marts.fct_comparator_vintage"
        f" where comparator = 'england' and publication = '{SCHOOLS}' order by series_id",
    )
    assert counted == [
        ("overall_effectiveness", date(2024, 8, 31), 7580583, 8398620, 90.3, None),
        ("schools", date(2024, 8, 31), 19741, 21835, 90.4, None),
    ]
    assert rows(
        published_home,
        "select count(*), max(year) from marts.fct_core_measure"
        " where measure_id = 'pupils_in_good_or_outstanding_schools'"
        " and series_id = 'overall_effectiveness'",
    ) == [(153, 2024)]


@needs_published
def test_a_sample_of_one_council_passes_for_england(published_home: Path) -> None:
    kept_out = rows(
        published_home,
        "select check_name, observed from marts.load_quality where severity = 'error'"
        f" and not success and not admitted and publication = '{LATEST}'",
    )
    ((check, observed),) = kept_out
    assert check == "councils_present"
    assert str(observed).startswith("152 of 153 councils")


@needs_published
def test_ratings_without_predecessors_are_one_line_with_those_that_have_them(
    published_home: Path,
) -> None:
    assert rows(
        published_home,
        "select series_id, round(value, 1) from marts.fct_comparator_vintage"
        f" where publication = '{GIAS}' and comparator = 'england'",
    ) == [("own_inspections", 91.1)]


@needs_published
def test_places_are_not_those_of_the_scorecards(published_home: Path) -> None:
    """Every council's, in every file, counted again from its row."""
    grades: dict[tuple[str, str, int], dict[str, list[str]]] = {}
    for path in (PUBLISHED / "dfe" / PLACES).glob("*/score*.csv"):
        release, _, version = path.parent.name.partition("+")
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=1):
                grades[release, version or "1", number] = {
                    series: [row[f"Qual_{phase}_{grade}_E"] for grade in (1, 2, 3, 4)]
                    for series, phase in (("places_primary", "P"), ("places_secondary", "S"))
                } | {"name": [row["LA_name"]]}
    assert len({release for release, *_ in grades}) == 5
    served = rows(
        published_home,
        "select release, version, source_row, series_id, council_name, year, value, numerator,"
        f" denominator, status from marts.fct_core_measure_vintage where publication = '{PLACES}'",
    )
    # A row for each council, of each phase; the others are of England.
    councils = [row for row in grades.values() if row["name"] != ["England"]]
    assert len(served) == 2 * len(councils)
    for release, version, number, series, name, year, *figure in served:
        row = grades[release, str(version), number]
        # Once it is written Isles Of Scilly.
        assert [one.casefold() for one in row["name"]] == [str(name).casefold()]
        if row[series] == ["NA"] * 4:
            # Schools have had no overall grades since September 2024.
            assert year == 2025
            expected: tuple[Any, ...] = (None, None, None, "not_available")
        elif row[series] == ["z"] * 4 or not any(map(float, row[series])):
            # A council without such places has no share of them, and no zero.
            assert figure[::3] == [None, "not_applicable"]
            continue
        else:
            good, places = sum(map(float, row[series][:2])), sum(map(float, row[series]))
            expected = (pytest.approx(100 * good / places), good, places, "published")
        assert tuple(figure) == expected, (release, version, number, series)
    found = rows(
        published_home,
        "select series_id, year, value is null, numerator, denominator"
        f" from marts.fct_comparator where publication = '{PLACES}' and comparator = 'england'"
        " order by all",
    )
    assert [row[:3] for row in found] == [
        (series, year, year == 2025)
        for series in ("places_primary", "places_secondary")
        for year in (2021, 2022, 2023, 2024, 2025)
    ]
    assert found[0][3:] == (851488 + 3433188, 851488 + 3433188 + 455632 + 30383)


@needs_published
def test_a_nought_that_stands_for_no_figure_is_a_share_of_nought(published_home: Path) -> None:
    assert rows(
        published_home,
        "select council_name, value, status, is_corrected from marts.fct_core_measure"
        " where series_id = 'five_a_star_to_c' and is_corrected order by council_name",
    ) == [
        ("Bracknell Forest", None, "not_available", True),
        ("City of London", None, "not_available", True),
    ]
    assert rows(
        published_home,
        "select value, value_as_published, period_label from marts.fct_core_measure"
        " where series_id = 'five_a_star_to_c' and council_name = 'Hartlepool'",
    ) == [(59.0, "0.59", "2012/13")]


# --- three damaged ones each


def real_load(publication: str) -> Load:
    contract = load_contracts()[publication]
    found = Archive(PUBLISHED).releases(contract.publisher, publication)
    (*_, release) = sorted((r for r in found if isinstance(r, Release)), key=lambda r: r.release)
    return loads_of(contract, release)[0][0]


def without(data: bytes, name: str) -> bytes:
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    at = lines[0].index(name)
    out = io.StringIO()
    csv.writer(out).writerows(line[:at] + line[at + 1 :] for line in lines)
    return out.getvalue().encode()


def slipped(data: bytes, _: str) -> bytes:
    """The header five rows down in the table."""
    header, *body = data.splitlines(keepends=True)
    return b"".join([*body[:5], header, *body[5:]])


DAMAGE: dict[str, Callable[[bytes, str], bytes]] = {
    "a renamed column": lambda data, name: data.replace(name.encode(), b"Something else", 1),
    "a moved header": slipped,
    "a dropped column": without,
}


@needs_published
@pytest.mark.parametrize("damage", list(DAMAGE))
@pytest.mark.parametrize(
    ("publication", "column"),
    [
        (CHILDCARE, "Most recent full: Overall effectiveness"),
        (SCHOOLS, "Previous graded inspection overall effectiveness"),
        (SCHOOLS, "LAESTAB"),
        (LATEST, "Latest OEIF overall effectiveness"),
        (GIAS, "rating"),
        (PLACES, "Qual_P_1_E"),
        (GCSE, "PTAC5EM"),
    ],
)
def test_a_damaged_file_is_counted(publication: str, column: str, damage: str) -> None:
    load = real_load(publication)
    data = (PUBLISHED / load.release.path / load.file.name).read_bytes()
    refused = _refusal(load, DAMAGE[damage](data, column))
    if column.startswith("Previous") and damage != "a moved header":
        # Only later editions than August 2024 need it, and without it serve nothing.
        assert refused == ""
    elif damage == "a moved header":
        assert refused
    else:
        assert column in refused


def _refusal(load: Load, data: bytes) -> str:
    try:
        table = read_table(data, load.contract.reading, load.contract.kept)
    except ReadError as error:
        return str(error)
    verdict: LoadVerdict = check_load(load, with_release(load, table), Councils.load())
    return "; ".join(check.observed for check in verdict.reasons)


@needs_published
def test_an_unknown_council_is_matched_loosely() -> None:
    load = real_load(CHILDCARE)
    data = (PUBLISHED / load.release.path / load.file.name).read_bytes()
    refused = _refusal(load, data.replace(b",Leeds,Yorkshire", b",Leeds City,Yorkshire"))
    assert "Leeds City" in refused


@needs_published
def test_places_by_another_judgement_pass_for_the_overall_grade() -> None:
    load = real_load(PLACES)
    data = (PUBLISHED / load.release.path / load.file.name).read_bytes()
    for grade in range(1, 5):
        # The file has places by other judgements, `Qual_P_1_E_QE`, beside these.
        data = without(data, f"Qual_P_{grade}_E")
    assert "'Qual_P_1_E'" in _refusal(load, data)

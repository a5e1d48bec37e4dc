"""Ofsted's records of providers and schools: counted right, and nobody's name kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from conftest import PROJECT, PUBLISHED, needs_published, refreshed, rows

from expectations.councils import Councils
from expectations.loads import check_load
from expectations.verdicts import LoadVerdict
from ingest.archive import Archive, Release, sha256_of
from ingest.contracts import load_contracts
from ingest.errors import ReadError
from ingest.grids import read_table
from ingest.loads import Load, loads_of, with_release

CHILDCARE = "childcare-providers-and-inspections"
SCHOOLS = "state-funded-schools-inspections-and-outcomes"
LATEST = "state-funded-schools-latest-inspections"
GIAS = "get-information-about-schools"
PLACES = "local-authority-school-places-scorecards"
GCSE = "gcse-and-equivalent-results"

# Somebody who must not be found again: no such name is in any file of Ofsted's.
PERSON = "Zebedee Quillfeather"
PERSONAL = {
    "Registered person name": PERSON,
    "Provider name": f"{PERSON}'s Nursery",
    "Provider address 1": f"1 {PERSON} Road",
    "Provider Postcode": "ZZ9 9QX",
    "Provider telephone number": "07700 900999",
}


def put(archive: Path, publication: str, release: str, name: str, data: bytes) -> None:
    """A release of one file, described as an archive has it."""
    folder = archive / "ofsted" / publication / release
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    described = {
        "publisher": "ofsted",
        "publication": publication,
        "title": publication,
        "release": release,
        "version": 1,
        # A month later, as Ofsted publishes.
        "published": f"{date.fromisoformat(release).toordinal():d}",
        "published_precision": "month",
        "landing_page": "https://www.gov.uk/",
        "licence": "Open Government Licence v3.0",
        "files": [{"name": name, "title": name, "bytes": len(data), "sha256": sha256_of(data)}],
    }
    later = date.fromordinal(date.fromisoformat(release).toordinal() + 35)
    described["published"] = later.isoformat()
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


@pytest.fixture(scope="session")
def ofsted_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with every vintage of schools, and the real providers with names put in."""
    if not PUBLISHED.is_dir():
        pytest.skip("needs the archive of files as published, ../shared/published")
    folder = tmp_path_factory.mktemp("ofsted")
    for release in VINTAGES:
        put(folder / "from", LATEST, release, *laid_out(release))
    put(folder / "from", CHILDCARE, "2021-08-31", *childcare_with_names())
    outcome = refreshed(folder / "home", folder / "from")
    assert outcome.returncode == 0, outcome.stderr + outcome.stdout
    return folder / "home"


def test_a_registered_persons_name_reaches_the_warehouse(ofsted_home: Path) -> None:
    written = [
        path
        for part in ("loads", "warehouse", "published", "builds", "quality")
        for path in (ofsted_home / part).rglob("*")
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

    for path in (ofsted_home / "loads").glob("*.parquet"):
        names = set(pyarrow.parquet.read_schema(path).names)
        assert names.isdisjoint({*PERSONAL, "School name"}), path
        assert not any("name" in name.lower() or "address" in name.lower() for name in names)
    columns = rows(ofsted_home, "select lower(column_name) from duckdb_columns()")
    assert not {name for (name,) in columns} & {name.lower() for name in PERSONAL}
    text_columns = rows(
        ofsted_home,
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where data_type = 'VARCHAR' and schema_name in ('loads', 'marts', 'measures')",
    )
    for schema, table, column in text_columns:
        found = rows(
            ofsted_home,
            f"""select count(*) from {schema}."{table}" where "{column}" ilike '%quillfeather%'""",
        )
        assert found == [(0,)], (schema, table, column)


def test_early_years_settings_are_counted_wrong(ofsted_home: Path) -> None:
    counted = {
        name: (above, below)
        for name, above, below in rows(
            ofsted_home,
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
        ofsted_home,
        "select round(value, 1), value_as_published, round(lower_95, 1), round(upper_95, 1),"
        " interval_method from marts.fct_core_measure where council_name = 'Leeds'"
        " and measure_id = 'early_years_settings_good_or_outstanding'",
    )
    assert (value, cell, low, high, method) == (97.1, None, 95.7, 98.1, "wilson")
    assert rows(
        ofsted_home,
        "select derivation is not null from marts.dim_series"
        " where measure_id = 'early_years_settings_good_or_outstanding'",
    ) == [(True,)]


def test_a_layout_of_school_files_is_not_read(ofsted_home: Path) -> None:
    counted = rows(
        ofsted_home,
        "select series_id, period_label, release, count(*), min(numerator), max(denominator)"
        " from marts.fct_core_measure_vintage where publication = '" + LATEST + "'"
        " group by all order by all",
    )
    graded = [release for release in VINTAGES if release <= "2024-08-31"]
    # One school a council is good; the other has never been graded, and counts on neither side.
    assert (
        counted
        == [
            *(
                (
                    "overall_effectiveness",
                    day,
                    day,
                    len(councils_on(date.fromisoformat(day))),
                    300,
                    300,
                )
                for day in graded
            ),
            # Rebuilt: the second school's grade of 2016 stood on the last day with grades.
            ("overall_effectiveness", "2024-08-31", "2025-03-31", 153, 300, 400),
            *(
                ("schools", day, day, len(councils_on(date.fromisoformat(day))), 1, 1)
                for day in graded
            ),
            ("schools", "2024-08-31", "2025-03-31", 153, 1, 2),
        ]
        or [row[:2] for row in counted] == []
    )
    assert rows(
        ofsted_home,
        "select max(period_end) from marts.fct_core_measure_vintage"
        " where measure_id = 'pupils_in_good_or_outstanding_schools'",
    ) == [(date(2024, 8, 31),)]


def test_report_cards_are_refused_or_make_a_point_of_2025(ofsted_home: Path) -> None:
    assert rows(
        ofsted_home,
        "select release, bool_and(admitted) from marts.load_quality"
        f" where publication = '{LATEST}' and release > '2025' group by all order by all",
    ) == [("2025-03-31", True), ("2025-12-31", True)]
    assert rows(
        ofsted_home,
        "select distinct release from marts.fct_core_measure_vintage"
        f" where publication = '{LATEST}' and release > '2025'",
    ) == [("2025-03-31",)]


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
    found = rows(
        published_home,
        "select series_id, year, round(value, 1), numerator, denominator"
        f" from marts.fct_comparator where publication = '{PLACES}' order by all",
    )
    assert [row[:2] for row in found] == [
        (series, year)
        for series in ("places_primary", "places_secondary")
        for year in (2021, 2022, 2023)
    ]
    assert found[0][3:] == (851488 + 3433188, 851488 + 3433188 + 455632 + 30383)
    # A council without secondary places has no share of them, and no zero.
    assert rows(
        published_home,
        "select distinct value, status from marts.fct_core_measure"
        " where series_id = 'places_secondary' and council_name = 'City of London'",
    ) == [(None, "not_applicable")]


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
        data = data.replace(f"Qual_P_{grade}_E".encode(), f"Qual_P_{grade}_E_QE".encode(), 1)
    assert "'Qual_P_1_E'" in _refusal(load, data)

"""Series of which no release is held: bringing a file in its documented layout is enough."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from conftest import PUBLISHED, needs_published, rows
from test_laid_out import councils, written
from test_tables import put

FINGERTIPS = "indicators-CountiesUAsfromApr2023.data.csv"
INJURIES = "Hospital admissions caused by unintentional and deliberate injuries in"
# Of the file held: its indicator's number, name and ages, and those of its siblings.
HELD = ("90284", f"{INJURIES} children (aged 0 to 14 years)", "<15 yrs")
SIBLINGS = {
    "90285": ("90285", f"{INJURIES} young people (aged 15-24 years)", "15-24 yrs"),
    # Its number is not known, and not asked for.
    "injuries-aged-0-to-4": ("1", f"{INJURIES} children (aged 0-4 years)", "0-4 yrs"),
}
LONG_ENDED = ("family-homelessness", "neet-aged-16-to-18", "primary-school-performance-tables")


def held(publication: str, release: str) -> list[dict[str, str]]:
    text = (PUBLISHED / "fingertips" / publication / release / FINGERTIPS).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def of_another(name: str, age: str, per: int, *, last: int, years: bool) -> list[dict[str, str]]:
    """Rows of persons under an indicator's name, their shares worked out of made-up counts."""
    found = []
    for row in held("90284", "2025-06"):
        year = row["Time period"][:4]
        if row["Sex"] != "Persons" or row["Category Type"] or int(year) > last:
            continue
        whole = row["Denominator"] and int(float(row["Denominator"]))
        made = {"Indicator ID": "1", "Indicator Name": name, "Age": age}
        made |= {"Time period": year} if years else {}
        made |= dict.fromkeys(row.keys() & {c for c in row if "CI 9" in c}, "")
        if whole and row["Value"]:
            share = 3 + float(row["Value"]) % 7 / 3
            count = round(whole * share / per)
            made |= {"Count": str(count), "Value": f"{per * count / whole:.4f}"}
        found.append(row | made)
    return found


def performance_tables(day: date) -> list[dict[str, str]]:
    """A school and a row for each council, then England's, as `england_ks2.csv` has them."""
    columns = ("RECTYPE", "LEA", "ESTAB", "URN", "SCHNAME", "TELIG", "PTREADWRITTAMATX")
    now = [one for one in councils(day) if one["council_code"] != "E06000053"]
    table = []
    for at, one in enumerate(now):
        pupils, share = str(600 + 37 * at), f"{72 + at % 14}%"
        name, code = one["council_name"].upper(), one["dfe_code"]
        table += [
            ("1", code, "2000", str(100000 + at), "A school", "30", "SUPP"),
            ("3", code, "", "", name, pupils, share),
        ]
    pupils = str(sum(600 + 37 * at for at in range(len(now))))
    table += [
        ("4", "", "", "", "ENGLAND - ALL SCHOOLS", pupils, "81%"),
        ("5", "", "", "", "ENGLAND - MAINTAINED SCHOOLS", pupils, "80%"),
    ]
    return [dict(zip(columns, row, strict=True)) for row in table]


def lay_out(archive: Path) -> None:
    """Files of which there were none."""
    source = PUBLISHED / "fingertips" / "90284" / "2025-06" / FINGERTIPS
    for publication, spelt in SIBLINGS.items():
        text = source.read_text("utf-8")
        for was, now in zip(HELD, spelt, strict=True):
            text = text.replace(f"{was},", f"{now},")
        put(archive, publication, "2025-06", date(2025, 6, 1), FINGERTIPS, text.encode())
    families = of_another("Family homelessness", "All ages", 1000, last=2017, years=False)
    not_in_education = of_another(
        "16-18 year olds not in education, employment or training",
        "16-18 yrs",
        100,
        last=2015,
        years=True,
    )
    for publication, table in (
        ("family-homelessness", families),
        ("neet-aged-16-to-18", not_in_education),
    ):
        put(archive, publication, "2025-06", date(2025, 6, 1), FINGERTIPS, written(table))
    table = performance_tables(date(2015, 8, 31))
    publication = "primary-school-performance-tables"
    put(archive, publication, "2014-15", date(2015, 12, 10), "england_ks2.csv", written(table))


@needs_published
def test_a_file_of_injuries_at_other_ages_is_brought_and_not_read(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select series_id, publication, count(*) > 1000, max(unit) from marts.fct_core_measure"
        " where measure_id = 'injury_admissions' and value is not null group by all order by all",
    ) == [
        ("age_0_to_4", "injuries-aged-0-to-4", True, "per 10,000"),
        ("age_15_to_24", "90285", True, "per 10,000"),
    ]


@needs_published
def test_series_that_ended_long_ago_are_brought_and_not_read(laid_out_home: Path) -> None:
    assert rows(
        laid_out_home,
        "select series_id, publication, min(period_label), max(period_label), max(unit),"
        " count(*) filter (where value is not null) > 140"
        f" from marts.fct_core_measure where publication in {LONG_ENDED}"
        " group by all order by all",
    ) == [
        ("age_16_to_18", "neet-aged-16-to-18", "2010", "2015", "%", True),
        ("level_4", "primary-school-performance-tables", "2014/15", "2014/15", "%", True),
        (
            *("statutorily_homeless", "family-homelessness", "2010/11", "2017/18"),
            *("per 1,000 households", True),
        ),
    ]


@needs_published
def test_a_school_is_taken_for_a_council_or_a_council_for_another(laid_out_home: Path) -> None:
    printed = {
        row["LEA"]: float(row["PTREADWRITTAMATX"].rstrip("%"))
        for row in performance_tables(date(2015, 8, 31))
        if row["RECTYPE"] in ("3", "5")
    }
    served = rows(
        laid_out_home,
        "select distinct c.dfe_code, f.value from marts.fct_core_measure as f"
        " inner join marts.dim_council as c on f.council_code = c.council_code"
        " where f.series_id = 'level_4' and f.value is not null",
    )
    england = rows(
        laid_out_home,
        "select '', value from marts.fct_comparator where series_id = 'level_4'"
        " and comparator = 'england' and basis = 'published'",
    )
    assert sorted([*served, *england]) == sorted(printed.items())

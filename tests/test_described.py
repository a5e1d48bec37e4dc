"""What the rows of a load are, and what their figures say: what checks and facts both read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from ingest.contracts.contract import FileContract
from ingest.contracts.load import load_contracts
from ingest.councils import all_councils
from ingest.reading.marks import read_figure
from ingest.reading.rows import with_meaning


def contract_of(publication: str, file_id: str) -> FileContract:
    return next(f for f in load_contracts()[publication].files if f.file_id == file_id)


def rows_of(contract: FileContract, cells: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Rows under the contract's names, with what they mean."""
    count = len(next(iter(cells.values())))
    table = pa.table(
        {"source_row": pa.array(range(1, count + 1), pa.int64())}
        | {name: pa.array(cells.get(name, [""] * count)) for name in contract.column_names}
    )
    found: list[dict[str, Any]] = with_meaning(table, contract, all_councils()).to_pylist()
    return found


@pytest.mark.parametrize(
    ("cell", "number", "status", "mark"),
    [
        ("24.7", 24.7, "published", None),
        (" 49.166", 49.166, "published", None),
        ("  9.0909", 9.0909, "published", None),
        ("64.300000000000", 64.3, "published", None),
        ("0", 0, "published", None),
        ("-3", -3, "published", None),
        ("k", 0, "published", "k"),
        ("low", 0, "published", "low"),
        ("~", 0, "published", "~"),
        ("c", None, "suppressed", "c"),
        ("*", None, "suppressed", "*"),
        ("SUPP", None, "suppressed", "SUPP"),
        ("x", None, "not_available", "x"),
        ("z", None, "not_applicable", "z"),
        ("u", None, "low_reliability", "u"),
        (":", None, "not_available", ":"),
        (".", None, "not_available", "."),
        ("..", None, "not_available", ".."),
        ("NULL", None, "not_available", "NULL"),
        ("-", None, "not_available", "-"),
        ("", None, "not_available", ""),
        (" ", None, "not_available", ""),
        ("[conflicting]", None, "conflicting", "[conflicting]"),
        ("[corrected]", None, "not_available", "[corrected]"),
        ("q", None, "unrecognised", "q"),
        ("1,234", None, "unrecognised", "1,234"),
        ("nan", None, "unrecognised", "nan"),
        ("inf", None, "unrecognised", "inf"),
        ("1e5", None, "unrecognised", "1e5"),
        ("\u0663", None, "unrecognised", "\u0663"),
    ],
)
def test_a_mark_becomes_a_number_or_loses_its_reason(
    cell: str, number: float | None, status: str, mark: str | None
) -> None:
    assert read_figure(cell) == (number, status, mark)


def test_a_mark_means_at_one_publisher_what_it_means_at_another() -> None:
    duties = contract_of("statutory-homelessness-detailed-local-authority", "prevention_duties")
    (row,) = rows_of(duties, {"area_code": ["E06000001"], "couples": ["-"], "households": [".."]})
    assert (row["couples__status"], row["households__status"]) == ("suppressed", "not_available")
    adoption = contract_of("adoption-and-special-guardianship-data", "adoption")
    rows = rows_of(adoption, {"days": [".", "", "c"]})
    statuses = [row["days__status"] for row in rows]
    assert statuses == ["not_applicable", "not_applicable", "suppressed"]


def test_an_empty_cell_loses_the_reason_that_stands_beside_it() -> None:
    injuries = contract_of("90284", "indicator_data")
    notes = ["", "Value for C and D combined ", "Value suppressed for small", "Aggregated", ""]
    cells = ["", "", "", "20", "0"]
    rows = rows_of(injuries, {"value": cells, "value_note": notes})
    assert [(row["value__number"], row["value__status"], row["value__mark"]) for row in rows] == [
        (None, "not_available", ""),
        (None, "not_available", "Value for C and D combined"),
        (None, "suppressed", "Value suppressed for small"),
        (20, "published", None),
        (0, "published", None),
    ]


def test_a_flag_beside_a_rate_takes_the_rate_away_or_is_not_told() -> None:
    conceptions = contract_of("conception-statistics", "under_18")
    rows = rows_of(conceptions, {"rate": ["20.1", "", "", ".."], "rate_flag": ["u", "z", "", ""]})
    assert [(row["rate__number"], row["rate__status"], row["rate__mark"]) for row in rows] == [
        (20.1, "published", "u"),
        (None, "not_applicable", "z"),
        (None, "not_available", ""),
        (None, "not_available", ".."),
    ]
    poverty = contract_of("children-in-relative-poverty", "relative_poverty")
    said = ["Missing: no respondents", "x", "", "Provisional"]
    rows = rows_of(poverty, {"value": ["", "", "", "5"], "observation_status": said})
    assert [(row["value__status"], row["value__mark"]) for row in rows] == [
        ("not_available", "Missing: no respondents"),
        ("not_available", "x"),
        ("not_available", ""),
        ("published", "Provisional"),
    ]


NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"


@pytest.mark.parametrize(
    ("publication", "file_id", "cell", "more", "label", "start", "end"),
    [
        ("characteristics-of-children-in-need", "referrals", "2023", {}, "2023", "2022-04-01",
         "2023-03-31"),
        ("key-stage-4-performance", "local_authority", "202122", {}, "2021/22", "2021-09-01",
         "2022-08-31"),
        ("key-stage-4-performance", "local_authority", "199900", {}, "1999/00", "1999-09-01",
         "2000-08-31"),
        (NEET, "dashboard", "2021", {}, "2021", "2020-12-01", "2021-02-28"),
        (NEET, "dashboard", "2024", {}, "2024", "2023-12-01", "2024-02-29"),
        ("90284", "indicator_data", "2022/23", {}, "2022/23", "2022-04-01", "2023-03-31"),
        ("90804", "indicator_data", "2014 - 16", {"time_period_range": "3y"}, "2014 - 16",
         "2014-01-01", "2016-12-31"),
        ("90804", "indicator_data", "2016", {"time_period_range": "1y"}, "2016", "2016-01-01",
         "2016-12-31"),
        ("children-in-relative-poverty", "relative_poverty", "2021-04-01/P1Y", {}, "2021/22",
         "2021-04-01", "2022-03-31"),
        ("schools-rated-good-or-outstanding", "good_or_outstanding", "2024-04-30T00:00:00", {},
         "2024-04-30", "2024-04-30", "2024-04-30"),
        ("children-in-low-income-families-local-area-statistics", "relative", "2021", {},
         "2020/21", "2020-04-01", "2021-03-31"),
        ("adoption-and-special-guardianship-data", "adoption", "Q1-Q4 2022/23", {}, "2022/23",
         "2022-04-01", "2023-03-31"),
        ("statutory-homelessness-detailed-local-authority", "prevention_duties",
         "April to June 2018", {}, "April to June 2018", "2018-04-01", "2018-06-30"),
        ("statutory-homelessness-detailed-local-authority", "temporary_accommodation",
         "30 June 2018", {}, "30 June 2018", "2018-06-30", "2018-06-30"),
        ("childcare-providers-and-inspections", "providers", "2021-08-31", {}, "2021-08-31",
         "2021-08-31", "2021-08-31"),
        ("get-information-about-schools", "ratings", "2024-04", {}, "2024-04-01", "2024-04-01",
         "2024-04-01"),
    ],
)  # fmt: skip
def test_a_period_has_other_days_or_another_label_than_its_publisher_means(
    publication: str,
    file_id: str,
    cell: str,
    more: dict[str, str],
    label: str,
    start: str,
    end: str,
) -> None:
    contract = contract_of(publication, file_id)
    cells = {contract.period.column: [cell]} | {name: [one] for name, one in more.items()}
    (row,) = rows_of(contract, cells)
    days = date.fromisoformat(start), date.fromisoformat(end)
    assert (row["row_period_start"], row["row_period_end"]) == days
    assert (row["row_period_label"], row["row_year"]) == (label, days[1].year)


def test_a_period_that_nobody_can_read_has_days() -> None:
    contract = contract_of("characteristics-of-children-in-need", "referrals")
    (row,) = rows_of(contract, {"time_period": ["soon"]})
    found = (row["row_period_start"], row["row_period_end"], row["row_year"])
    assert found == (None, None, None)
    assert row["row_period_label"] == "soon"


def test_an_area_has_another_level_or_code_than_its_row_prints() -> None:
    referrals = contract_of("characteristics-of-children-in-need", "referrals")
    rows = rows_of(
        referrals,
        {
            "geographic_level": [
                *("National", "Regional", "Local Authority", "local authority"),
                *("Local authority district", "Village"),
            ],
            "country_code": ["E92000001"] * 6,
            "region_code": [" ", "E12000001", "E12000001", "", "E12000001", ""],
            "new_la_code": [" ", "", "E06000001", " ", "E06000001", ""],
        },
    )
    assert [(row["row_area_level"], row["row_area_code"]) for row in rows] == [
        ("country", "E92000001"),
        ("region", "E12000001"),
        ("council", "E06000001"),
        ("council", ""),
        ("ignored", None),
        (None, None),
    ]
    injuries = contract_of("90284", "indicator_data")
    codes = ["E92000001", "E12000001", "E06000001", "E07000004", "K02000001"]
    rows = rows_of(injuries, {"area_code": codes})
    levels = [row["row_area_level"] for row in rows]
    assert levels == ["country", "region", "council", "ignored", "ignored"]


def test_a_council_is_not_known_by_its_number_or_its_name() -> None:
    adoption = contract_of("adoption-and-special-guardianship-data", "adoption")
    names = ["ALL LOCAL AUTHORITIES IN ENGLAND", "Barnsley", "Northamptonshire", "Nowhere"]
    rows = rows_of(adoption, {"area_name": names})
    assert [(row["row_area_level"], row["row_area_code"]) for row in rows] == [
        ("country", "E92000001"),
        ("council", "E08000016"),
        ("ignored", None),
        (None, None),
    ]
    schools = contract_of("state-funded-schools-inspections-and-outcomes", "schools")
    rows = rows_of(schools, {"laestab": ["2013614", "201/3614", "9993614"]})
    found = [(row["row_area_level"], row["row_area_code"]) for row in rows]
    assert found == [("council", "E09000001"), ("council", "E09000001"), (None, None)]
    tables = contract_of("primary-school-performance-tables", "level_4")
    rows = rows_of(tables, {"record_type": ["3", "5", "1"], "la_number": ["201", "", "201"]})
    found = [(row["row_area_level"], row["row_area_code"]) for row in rows]
    assert found == [("council", "E09000001"), ("country", "E92000001"), ("ignored", None)]

"""How a release is read: a column or a label taken for another, a release that stands still.

Real releases are held to the ones before them, written again as publishers do from year to year.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import lru_cache

import pyarrow as pa
import pytest
from conftest import PUBLISHED, needs_published

from expectations.panel.measures import labels_of
from ingest.contracts.contract import FileContract
from ingest.contracts.load import load_contracts
from ingest.councils import all_councils
from ingest.errors import ReadError
from ingest.reading.cells import read_cell
from ingest.reading.grids import read_table
from ingest.reading.names import normal
from ingest.reading.periods import Notation, PeriodType, are_day_first, read_period
from ingest.reading.printed_codes import read_code
from ingest.reading.recognise import NotUnderstoodError, Understanding
from ingest.reading.rows import AS_PUBLISHED, CELL_NOTES, described
from ingest.reading.understand import understand

pytestmark = needs_published

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_{}.csv"
FINGERTIPS = "indicators-CountiesUAsfromApr2023.data.csv"
Rows = list[dict[str, str]]


@lru_cache(maxsize=8)
def published(publication: str, release: str, name: str) -> tuple[FileContract, bytes]:
    contract = load_contracts()[publication]
    (file,) = contract.file_for(name)
    return file, (PUBLISHED / contract.publisher / publication / release / name).read_bytes()


def rows_of(data: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def written(rows: Rows) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def table_of(contract: FileContract, data: bytes) -> pa.Table:
    return read_table(data, contract.reading, contract.kept)


def renamed(rows: Rows, names: dict[str, str]) -> Rows:
    return [{names.get(name, name): cell for name, cell in row.items()} for row in rows]


@lru_cache(maxsize=8)
def before(publication: str, release: str, name: str) -> pa.Table:
    contract, data = published(publication, release, name)
    table = table_of(contract, data)
    return described(table, contract, understand(contract, table), all_councils())


def read(
    change: Callable[[Rows], Rows], *, history: bool = True
) -> tuple[FileContract, pa.Table, Understanding]:
    """The referrals of 2024, changed, held to those of 2023."""
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    table = table_of(contract, written(change(rows_of(data))))
    earlier = before(IN_NEED, "2023", C1.format(2023)) if history else None
    return contract, table, understand(contract, table, earlier)


def figures(change: Callable[[Rows], Rows], *, history: bool = True) -> dict[str, list[str]]:
    contract, table, how = read(change, history=history)
    rows = described(table, contract, how, all_councils())
    names = ("time_period", "new_la_code", "referrals", "re_referrals", "re_referrals_percent")
    return {name: [cell.strip() for cell in rows[name].to_pylist()] for name in names}


def same(rows: Rows) -> Rows:
    return rows


HOUSE_STYLES: dict[str, dict[str, str]] = {
    "capitals": {"Referrals": "REFERRALS", "Re_referrals_percent": "RE_REFERRALS_PERCENT"},
    "blanks": {"Re_referrals_percent": "Re-referrals (%)", "time_period": "Time period"},
    "camel case": {"new_la_code": "newLaCode", "Re_referrals_percent": "reReferralsPercentage"},
    "prefixes": {
        "Re_referrals_percent": "Percentage of re-referrals",
        "Re_referrals": "Number of re-referrals",
        "Referrals": "No. of referrals",
    },
    "short": {"Re_referrals_percent": "rereferral_pct", "Re_referrals": "rereferral_count"},
    "notes": {"Re_referrals_percent": "Re_referrals_percent [note 3]", "Referrals": "Referrals ¹"},
}


@pytest.mark.parametrize("style", HOUSE_STYLES)
@pytest.mark.parametrize("history", [True, False])
def test_a_name_in_another_house_style_costs_the_release(style: str, history: bool) -> None:
    names = HOUSE_STYLES[style]
    assert figures(lambda rows: renamed(rows, names), history=history) == figures(same)


def test_two_columns_that_say_one_name_are_guessed_between() -> None:
    def change(rows: Rows) -> Rows:
        rows = renamed(rows, {"Re_referrals_percent": "Re-referrals %"})
        return [row | {"re_referrals_pct": "1.0"} for row in rows]

    with pytest.raises(NotUnderstoodError, match=r"'Re-referrals %'.*'re_referrals_pct'"):
        figures(change, history=False)
    # The figures of the year before tell which.
    assert figures(change) == figures(same)
    # The name to the letter needs no telling.
    assert figures(lambda r: [row | {"re_referrals_pct": "1"} for row in r]) == figures(same)


def test_a_column_that_no_name_explains_stays_out_though_its_history_tells_it() -> None:
    names = {"Re_referrals": "x17", "Re_referrals_percent": "x18"}
    assert figures(lambda rows: renamed(rows, names)) == figures(same)
    _, _, how = read(lambda rows: renamed(rows, names))
    assert {how.columns["re_referrals"], how.columns["re_referrals_percent"]} == {"x17", "x18"}
    assert any("x17" in said and "cells agree" in said for said in how.evidence)


def test_a_column_that_looks_alike_is_taken_for_the_one_that_was_renamed() -> None:
    def change(rows: Rows) -> Rows:
        def alike(cell: str, by: float) -> str:
            return f"{float(cell) * by:.0f}" if cell.strip().replace(".", "").isdigit() else cell

        rows = renamed(rows, {"Referrals": "x1"})
        return [{"children_referred": alike(row["x1"], 0.93)} | row for row in rows]

    assert figures(change) == figures(same)

    def gone(rows: Rows) -> Rows:
        return [{n: c for n, c in row.items() if n != "x1"} for row in change(rows)]

    with pytest.raises(NotUnderstoodError):
        figures(gone)


def test_a_column_left_from_last_year_is_taken_for_the_new_one() -> None:
    def change(rows: Rows) -> Rows:
        rows = renamed(rows, {"Re_referrals": "x1"})
        return [
            row | {"as_in_2023": "z" if row["time_period"] == "2024" else row["x1"]} for row in rows
        ]

    assert figures(change) == figures(same)


@pytest.mark.parametrize("history", [True])
def test_two_columns_exchanged_under_each_other_s_names_are_served(history: bool) -> None:
    names = {"Referrals": "Re_referrals", "Re_referrals": "Referrals"}
    with pytest.raises(NotUnderstoodError, match="does not hold what it held before") as caught:
        figures(lambda rows: renamed(rows, names), history=history)
    assert caught.value.proposal == {"referrals": "Re_referrals"}


def test_too_little_history_is_taken_for_proof() -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    rows = renamed(rows_of(data), {"Re_referrals": "x1", "Re_referrals_percent": "x2"})
    earlier = before(IN_NEED, "2023", C1.format(2023)).slice(0, 150)
    with pytest.raises(NotUnderstoodError) as caught:
        understand(contract, table_of(contract, written(rows)), earlier)
    assert caught.value.proposal["re_referrals"] == "x1"


def test_a_person_who_says_what_a_column_is_is_not_heard() -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    rows = renamed(rows_of(data), {"Re_referrals": "x1"})
    told = contract.as_decided({"re_referrals": "x1"})
    how = understand(told, table_of(told, written(rows)))
    assert how.columns["re_referrals"] == "x1"


def test_notes_about_a_table_cost_the_table() -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    text = data.decode("utf-8-sig")
    above = "Children in need, England\nPublished on 31 October 2024\n\n"
    below = '\n"Source: children in need census, Department for Education"\n'
    table = table_of(contract, (above + text.rstrip("\n") + below).encode())
    plain = table_of(contract, data)
    assert table.num_rows == plain.num_rows
    assert table["source_row"].to_pylist() == plain["source_row"].to_pylist()
    assert table["Referrals"].to_pylist() == plain["Referrals"].to_pylist()


BELOW = {
    "a word": "Notes\n",
    "a padded word": "Notes" + "," * 20 + "\n",
    "words with commas": "\nSource\nChildren in need census, Department for Education, 2024\n",
    "nothing": "," * 20 + "\n",
}


@pytest.mark.parametrize("below", BELOW)
def test_a_note_below_a_table_costs_the_table(below: str) -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    text = data.decode("utf-8-sig").rstrip("\n")
    plain = table_of(contract, data)
    table = table_of(contract, f"{text}\n{BELOW[below]}".encode())
    assert table.to_pydict() == plain.to_pydict()
    # A blank row in the midst of the others is none, and the others keep their numbers.
    lines = text.split("\n")
    between = "\n".join([*lines[:64], "," * (len(plain.column_names) - 2), *lines[64:]])
    rows = table_of(contract, between.encode())
    assert rows["source_row"].to_pylist() == [n for n in range(1, plain.num_rows + 2) if n != 64]
    assert rows.drop_columns("source_row") == plain.drop_columns("source_row")


def divided(data: bytes, delimiter: str) -> str:
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-8"), ("|", "cp1252"), ("\t", "utf-16")]
)
def test_another_sign_between_cells_costs_the_release(delimiter: str, encoding: str) -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    table = table_of(contract, divided(data, delimiter).encode(encoding))
    assert table.to_pydict() == table_of(contract, data).to_pydict()


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize(
    "figure", ["45,6", "45,678", "0,123", "45,678 [r]", "12,3%", "1.234,5", "1 234,567", ",5"]
)
def test_a_decimal_comma_is_taken_for_thousands(delimiter: str, figure: str) -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    rows = rows_of(data)
    rows[7]["Re_referrals_percent"] = figure
    with pytest.raises(ReadError, match=r"a comma stands before decimals"):
        table_of(contract, divided(written(rows), delimiter).encode())


def test_a_point_between_thousands_is_taken_for_one_before_decimals() -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    rows = [row | {"Referrals": "12.345", "Re_referrals": "999"} for row in rows_of(data)]
    with pytest.raises(ReadError, match=r"'12\.345' in 'Referrals'"):
        table_of(contract, divided(written(rows), ";").encode())


@pytest.mark.parametrize("cut", [3, 40])
def test_a_cut_file_with_semicolons_passes_for_a_whole_one(cut: int) -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    text = divided(data, ";").rstrip()
    at = text.rindex("\n")
    with pytest.raises(ReadError):
        table_of(contract, text[: at + cut].encode())


@pytest.mark.parametrize("cells", [1, 2, 7])
def test_a_file_cut_in_its_last_row_passes_for_one_with_a_note(cells: int) -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    lines = data.decode("utf-8-sig").rstrip("\n").split("\n")
    last = lines[-1].split(",")
    cut = "\n".join([*lines[:-1], ",".join([*last[: cells - 1], last[cells - 1][:3]])])
    with pytest.raises(ReadError, match="not a whole CSV file"):
        table_of(contract, cut.encode())


@pytest.mark.parametrize("history", [True, False])
def test_a_header_repeated_in_the_middle_costs_the_release(history: bool) -> None:
    def change(rows: Rows) -> Rows:
        return [*rows[:700], {name: name for name in rows[0]}, *rows[700:]]

    assert figures(change, history=history) == figures(same)
    _, _, how = read(change, history=history)
    assert how.left_out == (701,)
    assert "row 701 repeats the header, and is left out" in how.evidence
    assert Understanding.from_dict(how.to_dict()) == how


def test_a_second_table_under_a_title_of_its_own_is_joined_to_the_first() -> None:
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    lines = data.decode("utf-8-sig").rstrip("\n").split("\n")
    text = "\n".join([*lines, "Table 2: boys alone", *lines[:5]])
    how = understand(contract, table_of(contract, text.encode()))
    assert how.left_out == ()


BELOW_HEADER: dict[str, Callable[[str], str]] = {
    "types": lambda name: "numeric" if name.lower().endswith(("referrals", "ent")) else "character",
    "units": lambda name: "Number" if name.lower().endswith(("referrals", "ent")) else "",
    "labels": lambda name: f"{name.replace('_', ' ').capitalize()} of area",
}


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("kind", BELOW_HEADER)
def test_a_row_of_units_below_the_header_costs_the_release(kind: str, history: bool) -> None:
    def change(rows: Rows) -> Rows:
        return [{name: BELOW_HEADER[kind](name) for name in rows[0]}, *rows]

    assert figures(change, history=history) == figures(same)
    _, _, how = read(change, history=history)
    assert how.left_out == (1,)
    assert any("row 1, right below the header, has no area" in said for said in how.evidence)


@pytest.mark.parametrize(
    "cells",
    [
        {"la_name": "Leeds"},
        {"new_la_code": "E08000035 [note 1]"},
        {"la_name": "All councils"},
        {"time_period": "2024"},
        {"Referrals": "12"},
        {"Referrals": "c"},
        {"geographic_level": "National"},
        {"something_new": "7"},
        {},
    ],
)
def test_an_areas_row_is_left_out_as_one_of_units(cells: dict[str, str]) -> None:
    def change(rows: Rows) -> Rows:
        rows = [row | {"something_new": ""} for row in rows]
        of_figures = {} if not cells else {"Re_referrals": "see note"}
        return [dict.fromkeys(rows[0], "") | of_figures | cells, *rows]

    contract, data = published(IN_NEED, "2024", C1.format(2024))
    assert understand(contract, table_of(contract, written(change(rows_of(data))))).left_out == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Bristol City Council", "E06000023"),
        ("City of Bristol", "E06000023"),
        ("Royal Borough of Greenwich", "E09000011"),
        ("London Borough of Camden", "E09000007"),
        ("LB Camden", "E09000007"),
        ("Kent County Council", "E10000016"),
        ("Stoke on Trent UA", "E06000021"),
        ("Durham, County of", "E06000047"),
        ("Northumberland County Council", "E06000057"),
        ("Bolton Metropolitan Borough Council", "E08000001"),
        ("Devon [note 2]", "E10000008"),
        ("Devon1", "E10000008"),
        # The seed has it, and says which of two it is.
        ("Dorset [note 1]", "E06000059"),
    ],
)
def test_a_council_is_lost_for_its_title(name: str, code: str) -> None:
    assert all_councils().code_of(name, "name") == code


@pytest.mark.parametrize(
    "name",
    [
        *("London", "London Borough of London", "Greater London", "West Midlands Council"),
        *("Dorset Council", "Durham City Council", "Kent City Council", "Derbyshire UA"),
        *("Nottingham County Council", "London Borough of Leeds", "Northampton Borough Council"),
        *("Leeds City", "Hull", "BCP", "Leeds 2024", "Council", ""),
    ],
)
def test_a_name_that_may_be_of_another_area_is_taken_for_a_councils(name: str) -> None:
    assert all_councils().code_of(name, "name") is None


def test_every_name_of_the_register_is_read_as_another_councils() -> None:
    councils = all_councils()
    for code, council in councils.by_code.items():
        for name in (council.name, f"{council.name} [note 1]", f"{council.name} Council"):
            found = councils.code_of(name, "name")
            of_name = {c for c, one in councils.by_code.items() if one.name == council.name}
            assert found is None or found in of_name, (name, code, found)


def test_the_words_for_levels_of_areas_cannot_be_read_once_they_change() -> None:
    words = {"National": "Country", "Regional": "Region", "Local authority": "LA"}

    def reworded(rows: Rows) -> Rows:
        return [row | {"geographic_level": words[row["geographic_level"]]} for row in rows]

    assert figures(reworded) == figures(same)
    _, _, how = read(reworded)
    assert {(w, how.labels["geographic_level"][w].capitalize()) for w in words.values()} == {
        (new, old) for old, new in words.items()
    }
    told = " ".join(how.evidence)
    assert all(f"geographic_level/{of} is read" in told for of in ("council", "region", "country"))
    assert figures(lambda rows: renamed(rows, {"geographic_level": "area_type"})) == figures(same)

    # A word for rows of another level says nothing of the one that is there.
    def wards(rows: Rows) -> Rows:
        councils = [row for row in rows if row["geographic_level"] == "Local authority"]
        return [*rows, *(row | {"geographic_level": "Small area"} for row in councils)]

    _, _, how = read(wards)
    assert "geographic_level" not in how.labels


def test_a_column_that_never_held_a_figure_keeps_a_release_out() -> None:
    contract, data = published("10401", "2026-03", FINGERTIPS)
    earlier = rows_of(data)
    assert not any(row["Denominator"] for row in earlier)
    table = table_of(contract, data)
    held = described(table, contract, understand(contract, table), all_councils())
    without = [{n: cell for n, cell in row.items() if n != "Denominator"} for row in earlier]
    how = understand(contract, table_of(contract, written(without)), held)
    assert how.filled["denominator"].value == ""
    assert "denominator is no longer printed" in " ".join(how.evidence)
    # One that held figures is missed as before.
    without = [{n: cell for n, cell in row.items() if n != "Value"} for row in earlier]
    with pytest.raises(NotUnderstoodError, match="missing: 'Value'"):
        understand(contract, table_of(contract, written(without)), held)


def test_notes_beside_figures_cost_the_figures() -> None:
    def change(rows: Rows) -> Rows:
        rows = [dict(row) for row in rows]
        rows[3]["Re_referrals_percent"] += " [r]"
        rows[4]["Re_referrals_percent"] += "¹"
        rows[5]["Referrals"] = "12,345"
        rows[6]["Referrals"] = "148.00000000000003"
        rows[7]["Referrals"] = "[C]"
        return rows

    contract, table, how = read(change)
    rows, plain = described(table, contract, how, all_councils()).to_pylist(), figures(same)
    assert rows[3]["re_referrals_percent"].strip() == plain["re_referrals_percent"][3]
    assert dict(rows[3][CELL_NOTES]) == {"re_referrals_percent": "[r]"}
    assert dict(rows[4][CELL_NOTES]) == {"re_referrals_percent": "¹"}
    assert [rows[n]["referrals"] for n in (5, 6, 7)] == ["12345", "148", "c"]
    letters = [dict(rows[n][AS_PUBLISHED])["referrals"] for n in (5, 6, 7)]
    assert letters == ["12,345", "148.00000000000003", "[C]"]


def test_shares_with_all_digits_of_their_doubles_cost_the_release() -> None:
    def change(rows: Rows) -> Rows:
        def noisy(cell: str) -> str:
            return f"{float(cell):.17g}" if "." in cell and not cell.endswith(".0") else cell

        return [
            row | {"Re_referrals_percent": noisy(row["Re_referrals_percent"].strip())}
            for row in rows
        ]

    contract, table, how = read(change)
    assert any(len(cell) > 16 for cell in table["Re_referrals_percent"].to_pylist())
    rows = described(table, contract, how, all_councils())
    plain = figures(same)["re_referrals_percent"]
    assert [cell.strip() for cell in rows["re_referrals_percent"].to_pylist()] == plain
    letters = [dict(one or ()) for one in rows[AS_PUBLISHED].to_pylist()]
    assert {len(one["re_referrals_percent"]) for one in letters if one} >= {18}


PRINTED_CODES = {
    "a note": "{} [note 1]",
    "a superscript": "{}¹",
    "quotes": '"{}"',
    "an apostrophe": "'{}",
    "a spreadsheet's formula": '="{}"',
    "a no-break space": "{}\u00a0",
    "both": '="{} [note 2]"',
}


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("how", [*PRINTED_CODES, "lower case"])
def test_a_council_is_lost_for_what_stands_about_its_code(how: str, history: bool) -> None:
    def change(rows: Rows) -> Rows:
        def cell(code: str) -> str:
            return code.lower() if how == "lower case" else PRINTED_CODES[how].format(code)

        codes = ("new_la_code", "region_code", "country_code")
        return [row | {n: cell(row[n]) for n in codes if row[n].strip()} for row in rows]

    assert figures(change, history=history) == figures(same)
    contract, table, read_as = read(change)
    rows = described(table, contract, read_as, all_councils()).to_pylist()
    last = dict(rows[-1][AS_PUBLISHED])
    assert (
        last["new_la_code"]
        == change(rows_of(published(IN_NEED, "2024", C1.format(2024))[1]))[-1]["new_la_code"]
    )
    assert all(dict(row[AS_PUBLISHED]).get("re_referrals_percent") is None for row in rows)


def test_the_old_and_new_code_of_one_council_in_one_cell_lose_it() -> None:
    def change(rows: Rows) -> Rows:
        both = {"E08000016": "E08000016 / E08000038", "E08000038": "E08000016 / E08000038"}
        return [
            row | {"new_la_code": both.get(row["new_la_code"], row["new_la_code"])} for row in rows
        ]

    entity = all_councils().entity
    plain = figures(same)
    plain["new_la_code"] = [
        "E08000038" if entity(code) == "E08000038" else code for code in plain["new_la_code"]
    ]
    assert figures(change) == plain
    assert "E08000038" in plain["new_la_code"]


@pytest.mark.parametrize(
    "cell",
    [
        "E08000016 / E08000019",
        "E06000028 / E06000029",
        "E08000016 / E99999999",
        "E0800001 6",
        "E080000161",
        "Barnsley E08000016",
        "E08000016 - E08000019",
        "E06000052, E06000053x",
    ],
)
def test_two_councils_codes_or_half_a_code_are_taken_for_one(cell: str) -> None:
    assert read_code(cell, all_councils()) is None


@pytest.mark.parametrize("cell", ["0.1234567890123456", "0.30000000000000004", "33.33333333333333"])
def test_a_number_that_uses_its_digits_is_cut(cell: str) -> None:
    assert read_cell(cell, (), is_percentage=True) == (cell, "")


@pytest.mark.parametrize(
    "label",
    [
        *("202324", "2023/24", "2023-24", "2023 to 2024", "2023-04-01/P1Y", "FYE 2024"),
        *("2023/2024", "FY23-24", "Apr 2023 - Mar 2024", "1 April 2023 to 31 March 2024"),
        *("31 March 2024", "31/03/2024", "2024-03-31", "March 2024"),
        *("2024p", "2024*", "2024 [note 3]", "2023/24 (provisional)", "FY23-24 [p]"),
    ],
)
def test_a_period_printed_another_way_is_no_period(label: str) -> None:
    def change(rows: Rows) -> Rows:
        return [
            row | {"time_period": label} if row["time_period"] == "2024" else row for row in rows
        ]

    assert figures(change) == figures(same)


@pytest.mark.parametrize(
    ("kind", "notation", "label", "meant"),
    [
        ("calendar_year", "ees", "CY 2024", "2024"),
        ("calendar_year", "ees", "Jan - Dec 2024", "2024"),
        ("calendar_year", "fingertips", "2024 (p)", "2024"),
        ("academic_year", "ees", "AY2024/25", "202425"),
        ("academic_year", "ees", "Sept 2024 to Aug 2025", "202425"),
        ("three_months", "ees", "Dec 2024 - Feb 2025", "202425"),
        ("three_months", "ees", "December 2024 to February 2025", "202425"),
        ("three_months", "ees", "2025 [p]", "2025"),
        ("pooled_3_years", "fingertips", "2020 - 22 (revised)", "2020 - 22"),
        ("financial_year", "iso", "01/04/2023", "2023-2024"),
        ("snapshot", "iso", "30/04/2024", "2024-04-30"),
        ("snapshot", "iso", "30 Apr 2024", "2024-04-30"),
        ("quarter", "words", "Apr - Jun 2018", "April to June 2018"),
    ],
)
def test_a_label_that_means_one_period_costs_the_release(
    kind: PeriodType, notation: Notation, label: str, meant: str
) -> None:
    assert read_period(label, notation, kind) == meant


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        # Of another type, or of a part of a year.
        *(("financial_year", one) for one in ("AY2024/25", "Academic year 2024/25", "CY 2025")),
        *(("academic_year", one) for one in ("FY24-25", "FYE 2025", "31 March 2025", "July 2025")),
        *(("calendar_year", one) for one in ("FY 2024", "March 2024", "2024 [Q1]", "2024-12")),
        *(("financial_year", one) for one in ("Jan - Dec 2024", "Year ending Dec 2024")),
        *(("financial_year", one) for one in ("year to 12/2024", "Year ending 15 March 2025")),
        *(("three_months", one) for one in ("February 2025", "FYE 2025", "Nov 2024 - Jan 2025")),
        ("pooled_3_years", "31 December 2022"),
        # A year that may be the first or the last, a month or a day.
        *(("financial_year", one) for one in ("FY 2025", "Apr - Mar 2025", "24-25", "Mar-25")),
        *(("financial_year", one) for one in ("01/04/2024", "30 March 2025", "03/31/2025")),
        ("financial_year", "2025e"),
    ],
)
def test_a_label_of_another_period_dates_figures_wrongly(kind: PeriodType, label: str) -> None:
    assert read_period(label, "ees", kind) is None


def test_a_day_before_its_month_or_behind_it_is_guessed() -> None:
    assert read_period("04/05/2024", "iso", "snapshot") is None
    assert read_period("04/01/2023", "iso", "financial_year") is None
    assert are_day_first(["04/05/2024", "13/05/2024"])
    assert not are_day_first(["04/13/2024", "13/05/2024"])
    assert not are_day_first(["04/05/2024"])


@pytest.mark.parametrize("label", ["2024 (provisional)", "March 2024", "FY23-24"])
def test_a_provisional_year_beside_the_final_one_is_two_years(label: str) -> None:
    """It is the same year twice, which `key_unique` refuses."""

    def change(rows: Rows) -> Rows:
        newest = [row | {"time_period": label} for row in rows if row["time_period"] == "2024"]
        return [*rows, *newest]

    found, once = figures(change, history=False), figures(same)
    added = len(found["time_period"]) - len(once["time_period"])
    assert added > 100
    assert found["time_period"].count("2024") == 2 * added


def care_leavers(change: Callable[[Rows], Rows]) -> tuple[list[str], Understanding]:
    """The accommodation labels of 2025, changed, as they are read beside those of 2024."""
    name = "la_care_leavers_accommodation_suitability.csv"
    contract, data = published(LOOKED_AFTER, "2025", name)
    table = table_of(contract, written(change(rows_of(data))))
    how = understand(contract, table, before(LOOKED_AFTER, "2024", name))
    return described(table, contract, how, all_councils())[
        "accommodation_suitability"
    ].to_pylist(), how


SUITABLE = "Accommodation considered suitable"
# As 2025 has it; to 2024 it was `not suitable`.
UNSUITABLE = "Accommodation considered unsuitable"


def relabelled(rows: Rows, was: str, label: str) -> Rows:
    return [{n: label if c == was else c for n, c in row.items()} for row in rows]


@pytest.mark.parametrize("label", [SUITABLE.upper(), "accommodation_considered_suitable"])
def test_a_label_in_another_spelling_loses_its_series(label: str) -> None:
    plain, _ = care_leavers(same)
    labels, _ = care_leavers(lambda rows: relabelled(rows, SUITABLE, label))
    assert SUITABLE in plain
    assert labels == plain


@pytest.mark.parametrize("label", [UNSUITABLE, "Unfit"])
def test_a_label_in_other_words_loses_its_series(label: str) -> None:
    labels, how = care_leavers(lambda rows: relabelled(rows, UNSUITABLE, label))
    assert "Accommodation considered not suitable" in labels
    assert any(f"read from {label}: 1,347 of 1,354 cells" in said for said in how.evidence)


ACTIVITY = "la_care_leavers_activity.csv"


@pytest.mark.parametrize("age", ["19 TO 21 YEARS", "aged_19_to_21"])
def test_a_label_that_a_series_asks_for_in_capitals_loses_the_series(age: str) -> None:
    contract, data = published(LOOKED_AFTER, "2025", ACTIVITY)
    contract = contract.with_labels(labels_of(contract))
    table = table_of(contract, written(relabelled(rows_of(data), "19 to 21 years", age)))
    how = understand(contract, table, before(LOOKED_AFTER, "2024", ACTIVITY))
    assert set(described(table, contract, how, all_councils())["age"].to_pylist()) == {
        "Aged 17 to 18",
        "Aged 19 to 21",
    }


def test_under_fifteen_is_taken_for_fifteen() -> None:
    assert normal("<15 yrs") != normal("15 yrs")
    assert normal("<15 yrs") == normal("Under 15 years".replace("years", "yrs"))
    assert normal("75+") != normal("75")


def test_a_label_of_others_is_taken_for_the_one_that_is_gone() -> None:
    def change(rows: Rows) -> Rows:
        rows = [row for row in rows if SUITABLE not in row.values()]
        return [
            {
                n: "Not fit" if c == "Accommodation considered not suitable" else c
                for n, c in r.items()
            }
            for r in rows
        ]

    labels, _ = care_leavers(change)
    assert SUITABLE not in labels
    assert "Accommodation considered not suitable" in labels


def test_breakdowns_that_changed_places_are_read_by_their_names() -> None:
    name = "la_conviction_health_outcome_cla.csv"
    contract, data = published(LOOKED_AFTER, "2025", name)
    table = table_of(contract, data)
    how = understand(contract, table, before(LOOKED_AFTER, "2024", name))
    assert (how.columns["cla_group"], how.columns["characteristic"]) == (
        "characteristic",
        "breakdown",
    )


def test_a_column_that_said_one_thing_is_missed() -> None:
    def change(rows: Rows) -> Rows:
        return [{n: c for n, c in row.items() if n not in ("category", "Category")} for row in rows]

    assert figures(change) == figures(same)
    _, _, how = read(change)
    assert how.filled["category"].value


def test_the_unnamed_column_beside_a_count_is_taken_for_the_count() -> None:
    """DfE's and MHCLG's sheets print a share beside a count, under the count's merged header."""
    assert normal("Total owed a duty [+1]") != normal("Total owed a duty1")
    assert normal("Total owed a duty [+1]") != normal("Total owed a duty")


def test_a_file_that_has_come_to_hold_two_series_mixes_them() -> None:
    publication, name = "children-in-relative-poverty", "children-in-relative-poverty.csv"
    contract = next(
        one for one in load_contracts()[publication].files if one.file_id == "relative_poverty_2026"
    )
    folder = PUBLISHED / "ons" / publication
    old, new = (
        table_of(contract, (folder / day / name).read_bytes())
        for day in ("2026-03-30", "2026-05-07")
    )
    how = understand(
        contract, new, described(old, contract, understand(contract, old), all_councils())
    )
    rows = described(new, contract, how, all_councils())
    assert set(rows["indicator"].to_pylist()) == {"Children in poverty"}
    wanted = [
        cell
        for cell, of in zip(
            new["observation"].to_pylist(), new["indicator"].to_pylist(), strict=True
        )
        if of == "Children in relative poverty before housing costs"
    ]
    assert rows["value"].to_pylist() == wanted


NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
DASHBOARD = "ud_neetnk_la_dashboard_{}_final.csv"


def neet(change: Callable[[Rows], Rows]) -> tuple[dict[str, list[str]], Understanding]:
    """Figures of 2025, which no other release prints, changed, beside those of 2024."""
    contract, data = published(NEET, "2025", DASHBOARD.format(2025))
    table = table_of(contract, written(change(rows_of(data))))
    how = understand(contract, table, before(NEET, "2024", DASHBOARD.format(2024)))
    rows = described(table, contract, how, all_councils())
    return {name: rows[name].to_pylist() for name in contract.column_names}, how


def schools(change: Callable[[Rows], Rows]) -> Understanding:
    """Good schools of a day, changed, beside those of a month before: no day is in both."""
    publication = "schools-rated-good-or-outstanding"
    (contract,) = load_contracts()[publication].files
    folder = PUBLISHED / "ons" / publication
    old, new = (
        (folder / day / f"{publication}.csv").read_bytes() for day in ("2024-08-31", "2024-09-30")
    )
    earlier = table_of(contract, old)
    held = described(earlier, contract, understand(contract, earlier), all_councils())
    return understand(contract, table_of(contract, written(change(rows_of(new)))), held)


def beside(rows: Rows, named: str, true: str) -> Rows:
    """The figure under another name, and a tenth less of it under the one that it had."""
    (name,) = {"Observation", "observation", "Value"} & {*rows[0]}

    def less(cell: str) -> str:
        return f"{0.9 * float(cell):.8f}" if cell.replace(".", "").isdigit() else cell

    return [
        {n: c for n, c in row.items() if n != name} | {named: less(row[name]), true: row[name]}
        for row in rows
    ]


def test_a_look_alike_takes_the_name_of_a_figure_that_no_other_release_prints() -> None:
    with pytest.raises(NotUnderstoodError, match="nearer to what they had before") as refused:
        schools(lambda rows: beside(rows, "Observation", "Observation_all"))
    assert refused.value.proposal == {"value": "Observation_all"}


def test_a_figure_of_a_single_day_under_another_name_is_proposed_by_nobody_or_taken() -> None:
    with pytest.raises(NotUnderstoodError) as refused:
        schools(lambda rows: beside(rows, "schools_good", "measure_173"))
    assert refused.value.proposal == {"value": "measure_173"}


@pytest.mark.parametrize("column", ["NEET_not_known_percent", "NEET_percent", "Notknown_percent"])
def test_a_renamed_column_of_a_single_year_is_lost_though_its_sum_tells_it(column: str) -> None:
    rows, how = neet(lambda rows: renamed(rows, {column: "measure_880"}))
    assert rows == neet(same)[0]
    assert "measure_880" in "; ".join(how.evidence)
    assert "agree with the columns that make it" in "; ".join(how.evidence)


def test_a_column_that_nearly_makes_a_sum_is_proposed_for_the_one_that_is_gone() -> None:
    def change(rows: Rows) -> Rows:
        for row in rows:
            figure = row.pop("NEET_not_known_percent")
            row["measure_880"] = figure
            if row["region_code"] == "E12000007" and figure.replace(".", "").isdigit():
                row["measure_880"] = f"{float(figure) + 0.4:.1f}"
        return rows

    with pytest.raises(NotUnderstoodError, match=r"missing: 'NEET_not_known_percent'") as refused:
        neet(change)
    assert refused.value.proposal == {}


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("time_period", "when"),
        ("new_la_code", "authority"),
        ("geographic_level", "kind of area"),
    ],
)
def test_a_single_year_under_another_name_for_its_period_or_areas_stays_out(
    column: str, name: str
) -> None:
    assert neet(lambda rows: renamed(rows, {column: name}))[0] == neet(same)[0]


def test_last_year_s_date_is_given_to_figures_that_have_lost_theirs() -> None:
    def undated(rows: Rows) -> Rows:
        return [{n: cell for n, cell in row.items() if n != "time_period"} for row in rows]

    with pytest.raises(NotUnderstoodError, match="missing: 'time_period'"):
        neet(undated)


def scaled(row: dict[str, str], by: float) -> dict[str, str]:
    """A row with so much of each figure."""
    figures = {n: c for n, c in row.items() if "eferrals" in n and c.replace(".", "").isdigit()}
    return row | {n: f"{by * float(c):.{len(c.partition('.')[2])}f}" for n, c in figures.items()}


def broken_down(rows: Rows, labels: dict[str, float], *, by: str = "sex") -> Rows:
    """Each row once for each label, with so much of its figures."""
    return [{by: label} | scaled(row, of) for label, of in labels.items() for row in rows]


SEXES = {"Female": 0.47, "Total": 1.0, "Male": 0.53}


@pytest.mark.parametrize("whole", ["Total", "All", "Persons"])
def test_a_release_that_is_broken_down_by_sex_from_now_on_stays_out(whole: str) -> None:
    parts = {whole if label == "Total" else label: of for label, of in SEXES.items()}
    assert figures(lambda rows: broken_down(rows, parts)) == figures(same)
    _, _, how = read(lambda rows: broken_down(rows, parts))
    assert how.whole == {"sex": whole}
    assert any(f"sex is new, and read are its rows with {whole}: " in said for said in how.evidence)
    assert any("cells agree; next best" in said for said in how.evidence)
    assert Understanding.from_dict(how.to_dict()) == how


def test_a_topic_and_its_breakdown_that_are_new_together_cost_the_release() -> None:
    def change(rows: Rows) -> Rows:
        cells = [("Total", "Total", 1.0), ("Sex", "Total", 0.99)]
        cells += [("Sex", "Female", 0.4), ("Meals", "Yes", 0.3), ("Meals", "Total", 0.8)]
        return [
            {"breakdown_topic": topic, "breakdown": label} | scaled(row, of)
            for topic, label, of in cells
            for row in rows
        ]

    assert figures(change) == figures(same)
    assert read(change)[2].whole == {"breakdown_topic": "Total", "breakdown": "Total"}


def test_a_part_is_served_for_the_whole_that_a_new_breakdown_leaves_out() -> None:
    parts = {label: of for label, of in SEXES.items() if label != "Total"}
    with pytest.raises(NotUnderstoodError, match=r"'sex', by 'Female', 'Male'; none has") as caught:
        figures(lambda rows: broken_down(rows, parts))
    assert caught.value.proposal == {}


def test_a_whole_is_chosen_between_two_that_have_the_same_history() -> None:
    both = {"All schools": 1.0, "All state-funded": 1.0}

    def change(rows: Rows) -> Rows:
        rows = broken_down(rows, both, by="school_type")
        return [
            scaled(row, 0.5)
            if row["school_type"] == "All schools" and row["time_period"] == "2024"
            else row
            for row in rows
        ]

    with pytest.raises(NotUnderstoodError, match=r"'school_type'.*more than one may have"):
        figures(change)


@pytest.mark.parametrize("changed", [3, 8])
def test_a_part_that_is_nearly_the_whole_is_read_for_it(changed: int) -> None:
    def change(rows: Rows) -> Rows:
        return [
            row if row["kind"] == "Girls" or i % changed else scaled(row, 0.9)
            for i, row in enumerate(broken_down(rows, {"Most": 1.0, "Girls": 0.5}, by="kind"))
        ]

    with pytest.raises(NotUnderstoodError, match=r"'kind'.*none has the figures"):
        figures(change)


def test_provisional_figures_are_read_for_those_that_revise_them() -> None:
    labels = {"Provisional": 1.0, "Revised": 1.3}
    with pytest.raises(NotUnderstoodError, match=r"'status'.*when figures were printed"):
        figures(lambda rows: broken_down(rows, labels, by="status"))


def test_a_whole_that_the_newest_year_has_not_got_takes_its_figures_away() -> None:
    def change(rows: Rows) -> Rows:
        rows = broken_down(rows, SEXES)
        return [r for r in rows if (r["sex"], r["time_period"]) != ("Total", "2024")]

    with pytest.raises(NotUnderstoodError, match="not there for every area and period"):
        figures(change)


def test_a_new_breakdown_is_read_without_figures_that_prove_it() -> None:
    with pytest.raises(NotUnderstoodError, match=r"'Female', 'Male', 'Total'|'Female', 'Total'"):
        figures(lambda rows: broken_down(rows, SEXES), history=False)
    contract, data = published(IN_NEED, "2024", C1.format(2024))
    earlier = before(IN_NEED, "2023", C1.format(2023)).slice(0, 100)
    with pytest.raises(NotUnderstoodError, match=r"'sex'.*too few figures published before"):
        understand(
            contract, table_of(contract, written(broken_down(rows_of(data), SEXES))), earlier
        )


HOUSE_STYLE = {
    "time_period": "year",
    "time_identifier": "period_type",
    "geographic_level": "area_level",
    "country_code": "ctry_cd",
    "country_name": "ctry_nm",
    "region_code": "rgn_cd",
    "region_name": "rgn_nm",
    "new_la_code": "authority",
    "la_name": "authority_nm",
}


def test_all_columns_of_areas_and_periods_in_a_new_style_cost_the_release() -> None:
    assert figures(lambda rows: renamed(rows, HOUSE_STYLE)) == figures(same)
    _, _, how = read(lambda rows: renamed(rows, HOUSE_STYLE))
    assert (how.columns["country_code"], how.columns["region_code"]) == ("ctry_cd", "rgn_cd")
    assert any("country_code is read from 'ctry_cd', which holds" in said for said in how.evidence)


@pytest.mark.parametrize("history", [True, False])
def test_codes_that_say_themselves_what_they_are_need_a_name(history: bool) -> None:
    names = {"country_code": "ctry_cd", "region_code": "rgn_cd"}
    assert figures(lambda rows: renamed(rows, names), history=history) == figures(same)


@pytest.mark.parametrize("history", [True, False])
def test_one_of_two_columns_of_a_country_s_codes_is_guessed(history: bool) -> None:
    def change(rows: Rows) -> Rows:
        return [
            row | {"other": row["ctry_cd"]} for row in renamed(rows, {"country_code": "ctry_cd"})
        ]

    with pytest.raises(NotUnderstoodError, match="missing: 'country_code'"):
        figures(change, history=history)

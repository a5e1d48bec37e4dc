"""The real workbooks: a figure taken from another cell, sheet, year, district or council.

Every file is read by its contract and, where figures are compared, a second time by the library
alone. Damaged ones are made from the real cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import PUBLISHED, needs_published, rows

from expectations.results.verdicts import LoadVerdict
from expectations.suites.loads import check_load
from ingest.archive.release import PublishedFile, Release, sha256_of
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.errors import ReadError
from ingest.reading.grids import read_table, squeezed
from ingest.reading.load_store import LoadStore
from ingest.reading.loads import Load, loads_of, with_release
from ingest.reading.recognise import NotUnderstoodError
from ingest.reading.rows import described
from ingest.reading.understand import understand

pytestmark = needs_published

HOMELESSNESS = "statutory-homelessness-detailed-local-authority"
LOW_INCOME = "children-in-low-income-families-local-area-statistics"
CONCEPTIONS = "conception-statistics"
ADOPTION = "adoption-and-special-guardianship-data"
INSPECTIONS = "local-authority-inspection-outcomes"
POPULATION = "mid-year-population-estimates"
NOMIS = "nomis-population-estimates"

Cells = list[list[Any]]


@lru_cache(maxsize=1)
def councils() -> Councils:
    return Councils.load()


def load_of(publication: str, release: str, file_id: str) -> Load:
    contract = load_contracts()[publication]
    (found,) = [
        one
        for one in Archive(PUBLISHED).releases(contract.publisher, publication)
        if isinstance(one, Release) and one.release == release
    ]
    (load,) = [one for one in loads_of(contract, found)[0] if one.contract.file_id == file_id]
    return load


def contents(load: Load) -> bytes:
    return (PUBLISHED / load.release.path / load.file.name).read_bytes()


@lru_cache(maxsize=8)
def sheets(publication: str, release: str, file: str) -> dict[str, Cells]:
    """Every sheet's cells by the library alone, numbers as numbers."""
    from python_calamine import CalamineWorkbook

    publisher = load_contracts()[publication].publisher
    book = CalamineWorkbook.from_path(PUBLISHED / publisher / publication / release / file)
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
        if not name.startswith("'file:")
    }


def sheet_of(load: Load, start: str) -> Cells:
    found = sheets(load.release.publication, load.release.release, load.file.name)
    return next(cells for name, cells in found.items() if name.startswith(start))


def written(cells: dict[str, Cells]) -> bytes:
    """A workbook of these sheets, in whatever format the real one is."""
    book = openpyxl.Workbook(write_only=True)
    for name, table in cells.items():
        sheet = book.create_sheet(name[:31])
        for row in table:
            sheet.append([None if cell == "" else cell for cell in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def verdict(load: Load, data: bytes) -> LoadVerdict:
    try:
        contract = load.contract
        read = read_table(data, contract.reading, contract.kept, contract.figures)
        table: Any = with_release(load, read)
    except ReadError as error:
        table = error
    return check_load(load, table, councils())


def refusals(load: Load, data: bytes) -> str:
    found = verdict(load, data)
    return "; ".join(f"{check}" for check in found.reasons)


@pytest.mark.parametrize("missing", ["", "TA1"])
@pytest.mark.parametrize("release", ["2019-04-to-06", "2023-04-to-06"])
def test_tables_parsed_together_differ_from_those_parsed_one_by_one(
    release: str, missing: str, tmp_path: Path
) -> None:
    """Whatever one of them lacks, the others are read."""
    files = load_contracts()[HOMELESSNESS].files
    loads = [load_of(HOMELESSNESS, release, file.file_id) for file in files]
    assert len({load.file.sha256 for load in loads}) == 1 < len(loads)
    cells = sheets(HOMELESSNESS, release, loads[0].file.name)
    kept = {n: c for n, c in cells.items() if not (missing and n.startswith(missing))}
    data = written(kept) if missing else contents(loads[0])
    file = PublishedFile(name="a.xlsx", bytes=len(data), sha256=sha256_of(data))
    store, alone = LoadStore(tmp_path / "together"), LoadStore(tmp_path / "alone")
    store.read_together(file, [load.contract for load in loads], lambda: data)
    found = 0
    for load in loads:
        try:
            expected = alone.read(file, load.contract, lambda: data)
        except ReadError:
            assert not store.path(file, load.contract).exists()
            continue
        assert store.read(file, load.contract, lambda: b"").equals(expected, check_metadata=True)
        found += 1
    assert found == len(loads) - bool(missing)


# --- damaged files: each reader's sheet renamed, header moved, column dropped


def header_row(cells: Cells, telling: str) -> int:
    return next(at for at, row in enumerate(cells) if telling in map(str, row))


def moved(cells: Cells, telling: str, by: int) -> Cells:
    """The header, from the row that has this cell on, slipped below so many rows of data."""
    at = header_row(cells, telling)
    return [*cells[:at], *cells[at + by : at + 2 * by], *cells[at : at + by], *cells[at + 2 * by :]]


def dropped(cells: Cells, telling: str) -> Cells:
    """The table without the column that has this cell in its header, the rest moved left."""
    column = next(list(map(str, row)).index(telling) for row in cells if telling in map(str, row))
    return [[cell for at, cell in enumerate(row) if at != column] for row in cells]


def reworded(cell: Any, old: str, new: str) -> Any:
    return cell.replace(old, new) if isinstance(cell, str) else cell


READERS = {
    "duties": (HOMELESSNESS, "2018-04-to-06", "prevention_duties", "A5P"),
    "hidden_rows": (HOMELESSNESS, "2023-10-to-12", "relief_duties", "A5R"),
    "accommodation": (HOMELESSNESS, "2021-10-to-12", "temporary_accommodation", "TA1"),
    "low_income": (LOW_INCOME, "2022-03-31", "relative", "1_Relative"),
    "conceptions": (CONCEPTIONS, "2017", "under_18", "Table 6"),
    "adoption": (ADOPTION, "2022-23-q4", "adoption", "Adoption LAs"),
    "standing": (INSPECTIONS, "2024-03-31", "latest", "Inspections_31"),
    "history": (INSPECTIONS, "2024-03-31", "history", "ILACS_insp"),
    "population": (POPULATION, "2023", "by_age", "MYE2 - Females"),
}
# What stands in the header of each, and a column that figures are read from.
HEADERS = {
    "duties": (
        "Single parent with dependent children",
        "Couple / two adults with dependent children",
    ),
    "hidden_rows": (
        "Single parent with dependent children",
        "Couple / two adults with dependent children",
    ),
    "accommodation": (
        "Total number of households in TA with children",
        "Total number of children in TA",
    ),
    "low_income": ("Area Code", "Percentage of children \nFYE 2018 \n(%)\n[note 3]"),
    "conceptions": ("Area of usual residence", "20175"),
    "adoption": (
        "Children waiting",
        "Average number of days between a child entering care and moving in with its adoptive"
        " family, adjusted for foster carer adoptions\n(scorecard indicator A10)",
    ),
    "standing": ("Local authority name", "Impact of leaders"),
    "history": ("First ILACS publication date", "Second ILACS impact of leaders"),
    "population": ("Code", "17"),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_workbook_is_served(reader: str) -> None:
    publication, release, file_id, start = READERS[reader]
    load = load_of(publication, release, file_id)
    found = sheets(publication, release, load.file.name)
    name = next(name for name in found if name.startswith(start))
    wanted = {n: c for n, c in found.items() if n == name or n.startswith("MYE2")}
    telling, column = HEADERS[reader]

    assert verdict(load, written(wanted)).reasons == (), "the undamaged copy is refused"

    gone = {n: cells for n, cells in wanted.items() if n != name} | {"Notes": [["None"]]}
    assert "no sheet is named" in refusals(load, written(gone))
    # A list is what its columns say; figures of a lone sheet are anybody's, unless its title says
    # whose: *Table TA1 - …*.
    renamed = {("Table 99" if n == name else n): cells for n, cells in wanted.items()}
    if reader in ("standing", "history", "duties", "hidden_rows", "accommodation"):
        assert verdict(load, written(renamed)).reasons == ()
    else:
        assert "no sheet is named" in refusals(load, written(renamed))
    untitled = [[reworded(cell, "Table ", "Households ") for cell in row] for row in found[name]]
    if reader in ("duties", "hidden_rows", "accommodation"):
        assert "no sheet is named" in refusals(load, written({"Table 99": untitled}))

    # Below the first rows of data, some of which are England's or blank: two rows are not enough.
    slipped = refusals(load, written(wanted | {name: moved(found[name], telling, 6)}))
    assert "rows of data above its header" in slipped or "has no header" in slipped, slipped

    lost = refusals(load, written(wanted | {name: dropped(found[name], column)}))
    # By its name where it is read by one; by what else the table has to have where it is not.
    assert lost, "a column is gone, and nothing is said"
    assert "it is not" not in lost, lost


def test_another_table_with_the_same_header_is_read_for_the_one_that_is_gone() -> None:
    load = load_of(LOW_INCOME, "2022-03-31", "relative")
    contract = load.contract
    found = sheets(LOW_INCOME, "2022-03-31", load.file.name)
    relative = next(name for name in found if name.startswith("1_Relative_Local"))
    absolute = next(name for name in found if name.endswith("Absolute_Local_Authority"))

    def read(name: str, cells: Any) -> Any:
        return read_table(written({name: cells}), contract.reading, contract.kept)

    known = read(relative, found[relative])
    before = described(known, contract, understand(contract, known), councils())
    renamed = read("Table 9", found[relative])
    assert "which has its header" in "; ".join(understand(contract, renamed, before).evidence)
    with pytest.raises(NotUnderstoodError, match="other figures than were published before"):
        understand(contract, read("Table 9", found[absolute]), before)
    with pytest.raises(NotUnderstoodError, match="no figures that were published before"):
        understand(contract, renamed)


# --- a sheet of one quarter, its header reworded: no figure was published before


QUARTER, QUARTER_BEFORE = "2025-10-to-12", "2025-04-to-06"


@lru_cache(maxsize=4)
def quarter_before(file_id: str) -> Any:
    load = load_of(HOMELESSNESS, QUARTER_BEFORE, file_id)
    table = read_table(contents(load), load.contract.reading, load.contract.kept)
    return described(table, load.contract, understand(load.contract, table), councils())


def understood(file_id: str, start: str, change: Callable[[Cells], Cells]) -> Any:
    """How the newest quarter's sheet is read once it is changed, the quarter before being held."""
    load = load_of(HOMELESSNESS, QUARTER, file_id)
    contract = load.contract
    data = written({start: change([list(row) for row in sheet_of(load, start)])})
    table = read_table(data, contract.reading, contract.kept, contract.figures)
    return understand(contract, table, quarter_before(file_id))


def with_cells(names: dict[str, str]) -> Callable[[Cells], Cells]:
    return lambda cells: [[names.get(squeezed(str(c)), c) for c in row] for row in cells]


def test_a_sheet_is_lost_with_a_word_of_its_header() -> None:
    how = understood("relief_duties", "A5R", with_cells({"Total owed a relief duty1": "Owed"}))
    assert how.columns["households"] == "Owed"
    messages = "; ".join(how.evidence)
    assert "is read from row 4, right above the areas' codes" in messages
    assert "households is read from Owed: 30" in messages
    assert "with the columns that make it" in messages

    # A share is not the column of noughts, which the roundest of them would be to half a household.
    noted = with_cells({"Female": "Women"})
    with pytest.raises(NotUnderstoodError) as refused:
        understood("relief_duties", "A5R", noted)
    group = "Single parent with dependent children | Women"
    assert refused.value.proposal["single_mothers"] == group
    assert refused.value.proposal["single_mothers_share"] == f"{group} [+1]"


def test_one_of_two_headers_is_guessed() -> None:
    gone = with_cells(
        {
            "Total owed a relief duty1": "a",
            "Single parent with dependent children": "b",
            "Couple / two adults with dependent children": "c",
        }
    )
    with pytest.raises(ReadError, match="in row 4, right above the areas' codes, or in row 2"):
        understood("relief_duties", "A5R", gone)


def test_a_note_in_a_header_loses_the_column_beside_it() -> None:
    notes = {"Female": "Female [note 2]", "Male": "Male [note 1]"}
    how = understood("prevention_duties", "A5P", with_cells(notes))
    group = "Single parent with dependent children | Female"
    assert how.columns["single_mothers"] == group
    assert how.columns["single_mothers_share"] == f"{group} [+1]"
    assert how.evidence == (), "a name with a note is that name"


def test_a_name_over_the_codes_hides_them() -> None:
    def named(cells: Cells) -> Cells:
        cells[header_row(cells, "Total number of children in TA")][0] = "authority_identifier"
        return cells

    how = understood("temporary_accommodation", "TA1", named)
    assert how.columns["area_code"] == "area_code"
    assert "area_code is read from 'authority_identifier'" in "; ".join(how.evidence)

    def twice(cells: Cells) -> Cells:
        at = header_row(cells, "Total number of children in TA")
        wide = [[row[0], *row] for row in cells]
        wide[at][:2] = ["code", "older code"]
        return wide

    with pytest.raises(ReadError, match="in 'code' and 'older code': either may be area_code"):
        understood("temporary_accommodation", "TA1", twice)


def test_a_figure_that_looks_like_another_is_taken_for_it() -> None:
    name = "Total number of households in TA with children"
    with pytest.raises(NotUnderstoodError, match="nearest to 'measure_1'") as refused:
        understood("temporary_accommodation", "TA1", with_cells({name: "measure_1"}))
    assert refused.value.proposal == {"families": "measure_1"}

    def beside(cells: Cells) -> Cells:
        at = header_row(cells, name)
        column = cells[at].index(name)
        for row in cells:
            # The two are as near to the quarter before, and neither is proposed.
            figure, factor = row[column], 1.03 if len(str(row[1])) % 2 else 0.98
            row.append(round(figure * factor) if isinstance(figure, float) else "")
        cells[at][column], cells[at][-1] = "measure_1", "measure_2"
        return cells

    with pytest.raises(NotUnderstoodError) as refused:
        understood("temporary_accommodation", "TA1", beside)
    assert refused.value.proposal == {}


def test_females_stand_on_the_sheet_of_males() -> None:
    load = load_of(POPULATION, "2023", "by_age")
    found = sheets(POPULATION, "2023", load.file.name)
    exchanged = {"Males": "MYE2 - Females", "Females": "MYE2 - Males", "Persons": "MYE2 - Persons"}
    data = written({f"MYE2 - {sex}": found[sheet] for sex, sheet in exchanged.items()})
    told = refusals(load, data)
    assert "its sheet 'MYE2 - Females' is of 'Females' by its name, and of 'Males'" in told


def test_a_quarter_named_for_another_is_served() -> None:
    load = load_of(HOMELESSNESS, "2018-04-to-06", "temporary_accommodation")
    other = load_of(HOMELESSNESS, "2018-07-to-09", "temporary_accommodation")
    assert "20180630 and is 20180930" in refusals(load, contents(other))


def test_a_district_without_its_rows_is_not_missed() -> None:
    load = load_of(HOMELESSNESS, "2023-10-to-12", "temporary_accommodation")
    cells = sheet_of(load, "TA1")
    without = [row for row in cells if row[0] != "E07000106"]
    assert "Canterbury in 31 December 2023" in refusals(load, written({"TA1": without}))
    unknown = [["E07999999", *row[1:]] if row[0] == "E07000106" else row for row in cells]
    assert "district_codes" in refusals(load, written({"TA1": unknown}))


def test_a_council_whose_name_nobody_listed_is_guessed() -> None:
    load = load_of(ADOPTION, "2022-23-q4", "adoption")
    cells = sheet_of(load, "Adoption LAs")
    respelt = [[x if x != "Durham" else "Durham County" for x in row] for row in cells]
    said = refusals(load, written({"Adoption LAs": respelt}))
    assert "levels_known" in said
    assert "Durham County (unknown)" in said


# --- figures, recomputed from the workbooks


def one(home: Any, sql: str) -> Any:
    found = rows(home, sql)
    assert len(found) == 1, (sql, found)
    return found[0][0] if len(found[0]) == 1 else found[0]


def homeless(home: Any, series: str, council: str, label: str) -> Any:
    return one(
        home,
        "select numerator, denominator, value, status from marts.fct_core_measure where"
        f" measure_id = 'homeless_families' and series_id = '{series}'"
        f" and council_code = '{council}' and period_label = '{label}'",
    )


@pytest.mark.parametrize(
    ("label", "families"),
    [("30 June 2018", 61570), ("31 December 2021", 58620), ("31 March 2024", 74530)],
)
def test_englands_families_in_temporary_accommodation_are_wrong(
    published_home: Any, label: str, families: int
) -> None:
    found = one(
        published_home,
        "select numerator from marts.fct_comparator where measure_id = 'homeless_families'"
        f" and comparator = 'england' and period_label = '{label}'",
    )
    assert found == families


QUARTERS = {
    "2018-04-to-06": "DetailedLA_201806.xlsx",
    "2018-07-to-09": "DetailedLA_201809.xlsx",
    "2018-10-to-12": "DetailedLA_201812.xlsx",
    "2019-01-to-03": "DetailedLA_201903_revised.xlsx",
}
# The household types with dependent children: single parents of three kinds, couples.
FAMILY_COLUMNS = (7, 9, 11, 21)


def families_in(districts: Iterable[str]) -> tuple[float, float]:
    """Families owed a duty in 2018/19 and households in thousands, counted by hand."""
    wanted = set(districts)
    families, households = 0.0, 0.0
    for release, file in QUARTERS.items():
        for name, cells in sheets(HOMELESSNESS, release, file).items():
            own = [row for row in cells if row[0] in wanted]
            if name.startswith(("A5P", "A5R")):
                assert len(own) == len(wanted)
                families += sum(row[at] for row in own for at in FAMILY_COLUMNS)
            if name.startswith("TA1") and release == "2019-01-to-03":
                households = sum(row[5] for row in own)
    return families, households


@pytest.mark.parametrize(
    ("council", "districts"),
    [
        ("E08000035", ["E08000035"]),
        # Kent, of twelve districts.
        ("E10000016", [f"E07000{n}" for n in range(105, 117)]),
        # Somerset as it was, with two districts that ended on the year's last day.
        ("E10000027", ["E07000187", "E07000188", "E07000189", "E07000190", "E07000191"]),
    ],
)
def test_a_councils_families_are_not_those_of_its_districts(
    published_home: Any, council: str, districts: list[str]
) -> None:
    families, households = families_in(districts)
    numerator, denominator, value, status = homeless(
        published_home, "owed_a_duty", council, "2018/19"
    )
    assert status == "published"
    assert (numerator, denominator) == (families, pytest.approx(1000 * households, abs=12))
    assert value == pytest.approx(1000 * families / denominator)


def test_a_county_is_summed_without_one_of_its_districts(published_home: Any) -> None:
    numerator, _, value, status = homeless(published_home, "owed_a_duty", "E10000016", "2023/24")
    assert (numerator, value, status) == (None, None, "not_available")
    missing = rows(
        published_home,
        "select area_name, quarter_end::varchar, part from marts.homeless_families_part"
        " where council_code = 'E10000016' and financial_year = 2024"
        " and series_id = 'owed_a_duty' and status <> 'published' order by all",
    )
    assert ("Canterbury", "2023-06-30", "prevention") in missing
    # Birmingham recorded no household types in 2018: none of its 1,397 households is no figure.
    assert homeless(published_home, "owed_a_duty", "E08000025", "2018/19")[3] == "low_reliability"


def test_septembers_families_stand_for_decembers(published_home: Any) -> None:
    """Milton Keynes sent nothing for December 2023: the year's column has no earlier quarter's."""
    quarters = dict(
        rows(
            published_home,
            "select period_label, value from marts.fct_core_measure where council_code ="
            " 'E06000042' and series_id = 'in_temporary_accommodation' and year = 2023",
        )
    )
    assert quarters["31 December 2023"] is None
    assert quarters["30 September 2023"] > 0
    column = "homeless_families__in_temporary_accommodation"
    assert (
        one(
            published_home,
            f"select {column} from marts.council_year where council_code = 'E06000042'"
            " and year = 2023",
        )
        is None
    )


def test_a_year_of_three_quarters_is_summed(published_home: Any) -> None:
    years = rows(
        published_home,
        "select distinct year from marts.fct_core_measure where measure_id = 'homeless_families'"
        " and series_id = 'owed_a_duty' order by all",
    )
    assert years == [(2019,), (2021,), (2022,), (2023,), (2024,), (2025,)]


def test_england_is_less_than_its_districts(published_home: Any) -> None:
    """England's row holds estimates for those that sent nothing: never less than the sum."""
    off = rows(
        published_home,
        "select part, quarter_end, sum(families) filter (where area_level = 'district') as added,"
        " max(families) filter (where area_level = 'country') as england"
        " from marts.homeless_families_part group by all having added > england + 20",
    )
    assert off == []


def test_the_wrong_rows_of_march_2021_are_denominators(published_home: Any) -> None:
    found = rows(
        published_home,
        "select council_code, denominator from marts.fct_comparator where comparator = 'region'"
        " and measure_id = 'homeless_families' and series_id = 'owed_a_duty' and year = 2021",
    )
    # East Midlands' 2,040 thousand of the quarter before, not the 2,500 in its row.
    assert dict(found)["E12000004"] == 2040000


def test_low_income_is_another_council_or_year(published_home: Any) -> None:
    load = load_of(LOW_INCOME, "2022-03-31", "relative")
    cells = sheet_of(load, "1_Relative")
    header = [" ".join(str(cell).split()) for cell in cells[header_row(cells, "Area Code")]]
    (row,) = [row for row in cells if row[1] == "E06000001"]
    for year in (2015, 2021):
        share = next(
            at
            for at, name in enumerate(header)
            if name.startswith(f"Percentage of children FYE {year}")
        )
        count = next(
            at
            for at, name in enumerate(header)
            if name.startswith(f"Number of children FYE {year}")
        )
        assert one(
            published_home,
            "select value, numerator from marts.fct_core_measure_vintage where publication ="
            f" '{LOW_INCOME}' and council_code = 'E06000001' and year = {year}",
        ) == (pytest.approx(100 * row[share]), row[count])
    # A district is no council, and a county has no row: Buckinghamshire was one until 2020, and its
    # earlier years stand under the code that it had.
    assert one(
        published_home,
        "select count(distinct current_code), string_agg(distinct council_code, ' ')"
        " filter (where left(council_code, 3) in ('E07', 'E10'))"
        " from marts.fct_core_measure_vintage inner join marts.dim_council using (council_code)"
        f" where publication = '{LOW_INCOME}'",
    ) == (128, "E10000002")


def test_a_conception_rate_is_of_another_year(published_home: Any) -> None:
    load = load_of(CONCEPTIONS, "2017", "under_18")
    cells = sheet_of(load, "Table 6")
    (durham,) = [row for row in cells if row[0] == "E06000047"]
    years = cells[header_row(cells, "20175")]
    for year, heading in ((1998, "1998.0"), (2015, "2015.0"), (2017, "20175")):
        at = list(map(str, years)).index(heading)
        assert one(
            published_home,
            "select numerator, value, source_sheet from marts.fct_core_measure_vintage where"
            f" publication = '{CONCEPTIONS}' and council_code in ('E06000047', 'E10000010')"
            f" and council_name = 'County Durham' and year = {year}",
        ) == (durham[at], durham[at + 1], "Table 6")
    england = dict(
        rows(
            published_home,
            "select year, numerator from marts.fct_comparator_vintage where publication ="
            f" '{CONCEPTIONS}' and comparator = 'england'",
        )
    )
    assert (england[1998], england[2017], len(england)) == (41089, 15748, 20)
    # Hackney carries the City of London, which has no row; a flag is told beside its rate.
    assert one(
        published_home,
        "select count(*) filter (where council_code = 'E09000001'),"
        " count(*) filter (where council_code = 'E09000012'),"
        " count(*) filter (where status_symbol = 'u' and value is not null)"
        f" from marts.fct_core_measure_vintage where publication = '{CONCEPTIONS}'",
    ) == (0, 20, 23)


def test_an_adoption_figure_is_of_another_column(published_home: Any) -> None:
    load = load_of(ADOPTION, "2022-23-q4", "adoption")
    cells = sheet_of(load, "Adoption LAs")
    days = next(row for row in cells if "Children waiting" in row)
    at = days.index("Child timeliness for children who have been adopted")
    found = dict(
        rows(
            published_home,
            "select council_name, value from marts.fct_core_measure where measure_id ="
            " 'days_to_adoptive_family' and status = 'published'",
        )
    )
    for name, ours in (("Durham", "County Durham"), ("Norfolk", "Norfolk"), ("Dorset", "Dorset")):
        (row,) = [row for row in cells if row[1] == name]
        assert found[ours] == row[at]
    # Two councils together are neither.
    assert not {"Northamptonshire", "Westminster", "North Northamptonshire"} & set(found)


def test_a_population_is_of_another_age_or_sex(published_home: Any) -> None:
    load = load_of(POPULATION, "2023", "by_age")
    for sheet, sex in (("MYE2 - Persons", "persons"), ("MYE2 - Males", "males")):
        cells = sheet_of(load, sheet)
        header = [str(cell) for cell in cells[header_row(cells, "Code")]]
        (kent,) = [row for row in cells if row[0] == "E10000016"]
        for heading, age in (
            ("0", "= 0"),
            ("17", "= 17"),
            ("90+", "= 90"),
            ("All ages", "is null"),
        ):
            assert (
                one(
                    published_home,
                    "select population from marts.dim_population where area_code = 'E10000016'"
                    f" and year = 2023 and sex = '{sex}' and age {age}",
                )
                == kent[header.index(heading)]
            )
    assert (
        one(
            published_home,
            "select count(distinct area_code) from marts.dim_population"
            " where area_level = 'council'",
        )
        == 153
    )


def test_a_judgement_is_of_another_council(published_home: Any) -> None:
    standing = dict(
        rows(
            published_home,
            "select overall_effectiveness, count(*) from marts.council_inspection where is_newest"
            " and status = 'published' group by all",
        )
    )
    # As the list of 31 March 2025 itself has them.
    assert standing == {
        "Outstanding": 36,
        "Good": 67,
        "Requires improvement to be good": 31,
        "Inadequate": 19,
    }
    leeds = rows(
        published_home,
        "select inspection_date::varchar, publication_date::varchar, overall_effectiveness_grade,"
        " help_and_protection_grade from marts.council_inspection where council_code = 'E08000035'"
        " order by publication_date",
    )
    # Since 2025 the history has the day of each inspection, and that of its report.
    assert leeds == [("2018-10-29", "2018-12-18", 1, 1), ("2022-02-21", "2022-05-09", 1, 2)]
    assert rows(
        published_home,
        "select distinct judged_on_is from marts.council_inspection where status = 'published'",
    ) == [("first day of the inspection",)]
    assert rows(
        published_home,
        "select count(*) from marts.council_inspection where status <> 'published'"
        " or judged_on is null",
    ) == [(0,)]


# --- Nomis: no file of it is held; one is laid out as its interface is documented


def nomis(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda rows: rows,
) -> bytes:
    """England, its regions and councils of 2023 in two ages and all sexes, as Nomis prints them."""
    load = load_of(POPULATION, "2023", "by_age")
    made: list[dict[str, Any]] = []
    for gender, sheet in (("0", "Persons"), ("1", "Males"), ("2", "Females")):
        cells = sheet_of(load, f"MYE2 - {sheet}")
        header = [str(cell) for cell in cells[header_row(cells, "Code")]]
        for row in cells:
            if str(row[0])[:3] in ("E92", "E12", "E06", "E08", "E09", "E10"):
                for age, code in (("10", "111"), ("17", "118")):
                    made.append(
                        {
                            "DATE": "2023",
                            "DATE_NAME": "2023",
                            "GEOGRAPHY": "1811939331",
                            "GEOGRAPHY_NAME": row[1],
                            "GEOGRAPHY_CODE": row[0],
                            "GEOGRAPHY_TYPECODE": "431",
                            "GENDER": gender,
                            "GENDER_NAME": sheet,
                            "C_AGE": code,
                            "C_AGE_NAME": f"Age {age}",
                            "MEASURES": "20100",
                            "OBS_VALUE": int(row[header.index(age)]),
                            "OBS_STATUS": "A",
                            "RECORD_OFFSET": "0",
                        }
                    )
    for number, record in enumerate(made):
        record |= {"RECORD_OFFSET": number, "RECORD_COUNT": len(made)}
    changed = change(made)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(made[0]))
    writer.writeheader()
    writer.writerows(changed)
    return text.getvalue().encode()


def test_an_answer_of_nomis_that_was_cut_short_is_taken_for_whole() -> None:
    contract = load_contracts()[NOMIS]
    release = Release(
        publisher="ons",
        publication=NOMIS,
        title=contract.title,
        release="2023",
        published="2024-07-15",  # type: ignore[arg-type]
        landing_page=contract.landing_page,
        licence="OGL",
        files=(PublishedFile(name="nm_2002_1.data.csv", bytes=1, sha256="0" * 64),),
    )
    (load,) = loads_of(contract, release)[0]
    assert verdict(load, nomis()).reasons == ()
    # 25,000 rows of more, each of which says how many there are.
    cut = refusals(load, nomis(lambda made: made[:-6]))
    assert "the number of rows by its own count should be 978 and is 972" in cut
    endless = refusals(load, nomis(lambda made: [r | {"RECORD_COUNT": "1" * 400} for r in made]))
    assert "the number of rows by its own count should be inf and is 978" in endless
    twice = refusals(load, nomis(lambda made: made + [r | {"RECORD_COUNT": 1956} for r in made]))
    assert "key_unique" in twice
    shares = refusals(load, nomis(lambda made: [r | {"MEASURES": "20301"} for r in made]))
    assert "constants (measures)" in shares


# --- a file of several tables


def test_an_acceptance_of_a_workbook_covers_one_of_its_tables_only(tmp_path: Path) -> None:
    """Two tables of one file fail, each in its own way; one word of a person is on the file."""
    from expectations.results.decisions import Decision
    from ingest.archive.release import sha256_of
    from orchestration.pipeline.check import check
    from orchestration.pipeline.collect import collect
    from orchestration.pipeline.decide import decide
    from orchestration.pipeline.inventory import take_inventory
    from warehouse.serve.home import Home

    load = load_of(HOMELESSNESS, "2023-10-to-12", "relief_duties")
    cells = sheets(HOMELESSNESS, "2023-10-to-12", load.file.name)
    wanted = {n: c for n, c in cells.items() if n.startswith(("A5P", "A5R", "TA1"))}
    # Canterbury is gone from two of the three.
    for name in ("A5R", "TA1"):
        wanted[name] = [row for row in wanted[name] if row[0] != "E07000106"]
    data = written(wanted)
    release = load.release.model_copy(
        update={
            "files": (load.file.model_copy(update={"bytes": len(data), "sha256": sha256_of(data)}),)
        }
    )
    folder = tmp_path / "archive" / release.path
    folder.mkdir(parents=True)
    (folder / load.file.name).write_bytes(data)
    (folder / "release.json").write_text(release.model_dump_json(exclude_none=True))

    home = Home(tmp_path / "home")
    home.prepare()
    collect(home, str(tmp_path / "archive"), only=(HOMELESSNESS,))
    held = {one.load.contract.file_id: one for one in check(home).loads}
    assert {name: one.admitted for name, one in held.items()} == {
        "prevention_duties": True,
        "relief_duties": False,
        "temporary_accommodation": False,
    }
    decided = decide(home, "accepted", HOMELESSNESS, "2023-10-to-12", reason="It is known.", by="T")
    assert {one.load.contract.file_id for one, _ in decided} == {
        "relief_duties",
        "temporary_accommodation",
    }
    kept = home.archive.decisions(take_inventory(home).releases[0].release)
    # A decision each, and neither covers what fails in the other.
    decisions = [Decision.from_dict(document) for document in kept]
    assert {(one.file, one.table) for one in decisions} == {
        (load.file.name, "relief_duties"),
        (load.file.name, "temporary_accommodation"),
    }
    assert len(decisions) == 2
    assert all(one.admitted for one in take_inventory(home).loads)
    # A table of rows each, and what they mean beside it.
    assert len([p for p in home.loads.folder.glob("*.parquet") if "-as-" not in p.name]) == 3

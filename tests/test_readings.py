"""Reading what is not a plain CSV file: a cell taken for another, or something that should not be.

Made files here, each with one trap of the real ones; the real files are in `test_workbooks.py`.
"""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from test_fuzz import bounded

from ingest.errors import ReadError
from ingest.reading.grids import SOURCE_SHEET, read_table
from ingest.reading.spec import Reading

TABLE = [
    ["Table 1: Families by area\nEngland, April to June 2018"],
    ["Grand total", "Sum of families"],
    [None, None, "Families", None, "Households", None],
    [None, None, "Male", None, None, "Share"],
    ["E92000001", "England", 61570.0, 0.5, 3.5, 0.25],
    [],
    ["E06000001", "Hartlepool", 10, 0.1, "..", 1e-7],
    [None, "Contact: a person's name"],
]
READING = {
    "format": "workbook",
    "sheets": ["^T1( - .*)?$"],
    "header": {"find": ["^Families$", "^Households$"], "rows": 2},
    "unnamed": {"code": r"^E\d{8}$"},
    "title": "England, (?P<period>.*)$",
    "rows": {"code": r"^E\d{8}$"},
}
KEPT = ["code", "code [+1]", "Families | Male", "Households"]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("__", " - "))
        for row in rows:
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def read(data: bytes, reading: dict[str, Any] = READING, kept: list[str] = KEPT) -> Any:
    return read_table(data, Reading.model_validate(reading), kept).to_pydict()


def test_a_workbooks_cell_is_read_as_another() -> None:
    assert read(workbook(Notes=[["x"]], T1__Apr=TABLE)) == {
        "source_row": [1, 3],
        SOURCE_SHEET: ["T1 - Apr", "T1 - Apr"],
        "code": ["E92000001", "E06000001"],
        "code [+1]": ["England", "Hartlepool"],
        "Families | Male": ["61570", "10"],
        "Households": ["3.5", ".."],
        "period": ["April to June 2018", "April to June 2018"],
    }


@pytest.mark.parametrize("sheet", ["t1", "T1__April 2019", "Table 7", "Households"])
def test_a_table_is_lost_because_its_sheet_has_another_name(sheet: str) -> None:
    known = read(workbook(T1=TABLE))
    found = read(workbook(Notes=[["Families", "Other"]], **{sheet: TABLE}))
    assert found == known | {SOURCE_SHEET: [sheet.replace("__", " - ")] * 2}


def test_another_table_s_sheet_is_read_for_the_one_that_is_gone() -> None:
    reading = READING | {"other_sheets": ["^T2$"]}
    with pytest.raises(ReadError, match="no sheet is named 'T1'; it has 'T2'"):
        read(workbook(T2=TABLE), reading)


def test_a_number_a_day_or_a_truth_is_not_what_a_reader_sees() -> None:
    cells = [1e-7, 12345678901.0, 19999.8475, True, date(2020, 1, 2), -0.5, " x "]
    cells += [datetime(2020, 1, 2, 3, 4), 0]
    header = [f"c{n}" for n in range(len(cells))]
    found = read(
        workbook(T1=[header, cells]),
        {"format": "workbook", "sheets": ["T1"], "header": {"find": ["c0"]}},
        header,
    )
    assert [found[name][0] for name in header] == [
        *("0.0000001", "12345678901", "19999.8475", "TRUE", "2020-01-02", "-0.5", " x "),
        *("2020-01-02T03:04:00", "0"),
    ]


def test_years_that_run_across_lose_their_year() -> None:
    rows = [
        ["Area", "2017", None, None, "2016", None, None],
        [None, "Number", "Rate", None, "Number", "Rate", None],
        ["A", 1, 2.5, "u", 3, 4.5, None],
        ["B", ":", ":", "z", 5, 6.5, None],
    ]
    reading = {
        "format": "workbook",
        "sheets": ["T1"],
        "header": {"find": ["Area", "2017"], "rows": 2},
        "melt": {"columns": r"(?P<year>\d{4}) \| (?P<cell>Number|Rate( \[\+1\])?)"},
    }
    found = read(workbook(T1=rows), reading, ["Area", "Number", "Rate", "Rate [+1]"])
    assert found["source_row"] == [1, 1, 2, 2]
    assert found["Area"] == ["A", "A", "B", "B"]
    assert found["year"] == ["2017", "2016", "2017", "2016"]
    assert found["Number"] == ["1", "3", ":", "5"]
    assert found["Rate"] == ["2.5", "4.5", ":", "6.5"]
    assert found["Rate [+1]"] == ["u", "", "z", ""]


def test_a_column_that_nobody_asked_for_is_written_down() -> None:
    names = ["Registered person", "REGISTERED  PERSON NAME", "Provider"]
    data = "\n".join(
        ["A title,,,", ",".join(["URN", *names]), "1,A Name,A Name,A Name", "2,,,", ",,,", ""]
    ).encode("cp1252")
    reading = {"format": "csv", "header": {"find": ["URN"]}, "rows": {"URN": r"\d+"}}
    found = read(data, reading, ["URN"])
    assert found == {"source_row": [1, 2], "URN": ["1", "2"]}


def moved_header() -> list[list[Any]]:
    return [*TABLE[:2], *TABLE[4:5], *TABLE[2:4], *TABLE[5:]]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (workbook(Notes=[["Nothing"]]), "no sheet is named 'T1'; it has 'Notes'"),
        (workbook(T1__A=TABLE, T1__B=TABLE), "2 sheets are named 'T1': 'T1 - A', 'T1 - B'"),
        (workbook(A=TABLE, B=TABLE), "no sheet is named 'T1', and 2 have its header: 'A', 'B'"),
        (workbook(T1=moved_header()), "rows of data above its header"),
        (workbook(T1=TABLE[:2] + TABLE[4:]), "has no header: no row has the cells"),
        (workbook(T1=[*TABLE[:4], ["E6000001", "Hartlepool", 1]]), "no column of cells such as"),
        (workbook(T1=[["No period"], *TABLE[1:]]), "says nowhere above its header"),
        (workbook(T1=TABLE)[:-400], "not a whole workbook"),
        (b"PK\x03\x04" + b"\0" * 200, "not a whole workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 2000, "not a whole workbook"),
        (b"code,name\n1,2\n", "is not a workbook"),
        (b"<html>", "is not a workbook"),
        (b"", "is not a workbook"),
    ],
)
def test_a_damaged_workbook_is_read_all_the_same(data: bytes, sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        read(data)


def test_a_dropped_column_is_not_missed() -> None:
    table = [[cell for at, cell in enumerate(row) if at != 4] for row in TABLE]
    with pytest.raises(ReadError, match="no header"):
        read(workbook(T1=table))


def bomb(unpacked: int) -> bytes:
    """A workbook whose one part unpacks to so many blanks."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        with packed.open("content.xml", "w", force_zip64=True) as part:
            for _ in range(unpacked >> 20):
                part.write(b" " * (1 << 20))
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return kept.getvalue()


def test_a_small_file_takes_all_memory() -> None:
    data = bomb(600 << 20)
    assert len(data) < 1 << 20
    with pytest.raises(ReadError, match="unpacks to 629,"):
        read(data)
    # One that says it is small. The process that unpacks it has memory for neither.
    lying = data.replace(struct.pack("<Q", 600 << 20), struct.pack("<Q", 1 << 10))
    with pytest.raises(ReadError):
        read(lying)
    far = openpyxl.Workbook()
    far.active.title = "T1"
    far.active["A1"] = "Families"
    far.active["XFD1048576"] = "Households"
    kept = io.BytesIO()
    far.save(kept)
    with pytest.raises(
        ReadError, match=r"its sheet 'T1' has a cell far from all others, XFD1048576"
    ):
        read(kept.getvalue())


ODS = """<office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="T1">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
MANIFEST = (
    "<manifest:manifest"
    ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></manifest:manifest>'
)


def open_document(row: int, column: int, cell: str) -> bytes:
    """The table with one cell more, as LibreOffice writes it: of blanks, how many there are."""

    def filled(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        kind = "float" if isinstance(value, (int, float)) else "string"
        number = f' office:value="{value}"' if kind == "float" else ""
        return (
            f'<table:table-cell office:value-type="{kind}"{number}>'
            f"<text:p>{value}</text:p></table:table-cell>"
        )

    rows = ["".join(map(filled, cells)) or filled(None) for cells in TABLE]
    blank = '<table:table-cell table:number-columns-repeated="{}"/>'
    before = (
        f'<table:table-row table:number-rows-repeated="{row - len(rows) - 1}">'
        f"{blank.format(16384)}</table:table-row>"
    )
    last = (blank.format(column - 1) if column > 1 else "") + cell
    body = [f"<table:table-row>{cells}</table:table-row>" for cells in (*rows, last)]
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", MANIFEST)
        book.writestr("content.xml", ODS.format(rows="".join([*body[:-1], before, body[-1]])))
    return kept.getvalue()


def excel(row: int, column: int, cell: Any) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(T1=TABLE)))
    far = book["T1"].cell(row, column)
    far.value, far.number_format = cell, "0.00"
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


FILLED = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'


@pytest.mark.parametrize(
    ("data", "cell"),
    [
        (excel(1_048_576, 1, "x"), "A1048576"),
        (excel(1_048_576, 16_384, 0), "XFD1048576"),
        (excel(3, 16_384, "x"), "XFD3"),
        (open_document(1_048_576, 1, FILLED), "A1048576"),
        (open_document(1_048_576, 16_384, FILLED), "XFD1048576"),
        (open_document(10, 16_384, FILLED), "XFD10"),
    ],
)
def test_one_stray_cell_takes_minutes_or_is_not_named(data: bytes, cell: str) -> None:
    with (
        bounded(),
        pytest.raises(
            ReadError, match=f"its sheet 'T1' has a cell far from all others, {cell}, with"
        ),
    ):
        read(data)


@pytest.mark.parametrize(
    "data",
    [excel(1_048_576, 16_384, None), open_document(1_048_576, 16_384, "<table:table-cell/>")],
)
def test_a_format_without_a_cell_keeps_a_sheet_out(data: bytes) -> None:
    assert read(data)["code"] == ["E92000001", "E06000001"]


PROVIDERS = {
    "format": "csv",
    "header": {"find": ["^Provider URN$"]},
    "rows": {"Provider URN": r"^\d+$"},
}


@pytest.mark.parametrize("letters", [2_000, 32_700, 130_000])
def test_a_header_of_one_long_name_and_blanks_takes_all_memory(letters: int) -> None:
    data = b"Provider URN," + b"a" * letters + b"," * letters + b"\n1\n"
    with bounded(), contextlib.suppress(ReadError):
        read(data, PROVIDERS, ["Provider URN"])
    cells = ["Families", "a" * 32_000, *[None] * 9_000, "Households"]
    with bounded(), pytest.raises(ReadError, match="a name of 32,000 letters in its header"):
        read(workbook(T1=[TABLE[0], cells, *TABLE[3:]]))


def test_a_column_that_a_file_names_and_a_reading_makes_ends_in_a_traceback() -> None:
    melted = {
        "format": "csv",
        "header": {"find": ["^LA num$"]},
        "rows": {"LA num": r"^\d{3}$"},
        "melt": {"columns": r"^(?P<cell>SN)(?P<rank>\d+)$"},
    }
    kept = ["LA num", "SN", "rank", "period"]
    assert read(b"LA num,SN1\n201,202\n", melted, kept)["SN"] == ["202"]
    for name in ("SN", "rank"):
        with pytest.raises(ReadError, match=f"{name!r} in its header, and makes a column"):
            read(f"LA num,SN1,{name}\n201,202,1\n".encode(), melted, kept)
    titled = [[*row, "period" if at == 2 else None] for at, row in enumerate(TABLE) if row]
    with pytest.raises(ReadError, match="'period' in its header, and makes a column"):
        read(workbook(T1=titled), READING, [*KEPT, "period"])


def test_some_bytes_end_in_a_fault() -> None:
    sound = workbook(T1=TABLE)
    chance = random.Random(7)
    for _ in range(12):
        data = bytearray(sound)
        for _ in range(chance.choice([1, 4, 40])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            table = read(bytes(data))
        except ReadError as error:
            assert str(error)
        else:
            assert table["source_row"]

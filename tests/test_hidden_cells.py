"""Cells of a workbook that their publisher hides: a suppressed figure served as a number."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat

from ingest.archive.release import PublishedFile
from ingest.contracts.load import load_contracts
from ingest.reading.load_store import LoadStore
from ingest.reading.workbooks import WantedSheet, read_sheets


def xlsx(cells: list[tuple[Any, str]]) -> bytes:
    """A workbook of one column, each cell with its number format."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Figures"
    for row, (value, code) in enumerate(cells, 1):
        cell = sheet.cell(row=row, column=2, value=value)
        cell.number_format = code
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def xls(cells: list[tuple[Any, str]]) -> bytes:
    """The same as Excel 97 to 2003 writes it."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Figures")
    for row, (value, code) in enumerate(cells):
        sheet.write(row, 1, value, xlwt.easyxf(num_format_str=code))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def with_rule(cells: list[Any], code: str, **rule: Any) -> bytes:
    """A workbook of one column whose rule of conditional formatting gives a number format."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Figures"
    for row, value in enumerate(cells, 1):
        sheet.cell(row=row, column=2, value=value)
    style = DifferentialStyle(numFmt=NumberFormat(numFmtId=164, formatCode=code))
    sheet.conditional_formatting.add(f"B2:B{len(cells)}", Rule(dxf=style, **rule))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def ods(cells: list[str]) -> bytes:
    """A workbook of one column of cells as OpenDocument writes them."""
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    rows = "".join(f"<table:table-row>{cell}</table:table-row>" for cell in cells)
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body>'
        f'<office:spreadsheet><table:table table:name="Figures">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", content)
        packed.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest='
            '"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return kept.getvalue()


def number(stored: str, text: str, more: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="float" office:value="{stored}"{more}>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def column(data: bytes, at: int) -> list[str]:
    (sheet,) = read_sheets(data, [WantedSheet("Figures")])
    return [row[at] for row in sheet.rows]


@pytest.mark.parametrize(
    ("value", "code", "seen"),
    [
        (7, '"[c]"', "[c]"),
        (7, ";;;", ""),
        (3, '[<5]"c";0', "c"),
        (12, '[<5]"c";0', "12"),
        (-3, '0;"low";0', "low"),
        (0, "0;-0;;@", ""),
        ("Leeds", ";;;", ""),
        ("Leeds", '"[c]"', "Leeds"),
    ],
)
def test_a_figure_hidden_by_its_format_is_disclosed(value: Any, code: str, seen: str) -> None:
    assert column(xlsx([("Area", "General"), (value, code)]), 1) == ["Area", seen]
    assert column(xls([("Area", "General"), (value, code)]), 1) == ["Area", seen]


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ({"type": "cellIs", "operator": "lessThan", "formula": ["5"]}, ["[c]", "12", "5"]),
        ({"type": "cellIs", "operator": "between", "formula": ["1", "5"]}, ["[c]", "12", "[c]"]),
        ({"type": "cellIs", "operator": "notEqual", "formula": ["12"]}, ["[c]", "12", "[c]"]),
        # What only the workbook's own program can work out is no figure, and no mark of theirs.
        (
            {"type": "expression", "formula": ["$A2=1"]},
            ["[hidden by a rule of the workbook]"] * 3,
        ),
    ],
)
def test_a_figure_hidden_by_a_rule_is_disclosed(rule: dict[str, Any], seen: list[str]) -> None:
    assert column(with_rule(["Area", 3, 12, 5], '"[c]"', **rule), 1) == ["Area", *seen]


def test_a_rule_that_only_colours_costs_figures() -> None:
    rule = {"type": "expression", "formula": ["$A2=1"]}
    assert column(with_rule(["Area", 3, 12], "0.0", **rule), 1) == ["Area", "3", "12"]


@pytest.mark.parametrize(
    ("value", "code", "seen"),
    [
        (1234, '_-* #,##0_-;\\-* #,##0_-;_-* "-"??_-;_-@_-', "1234"),
        (0, '#,##0;-#,##0;"-"', "0"),
        (0.25, "0.0%", "0.25"),
        (12, '0.0" "', "12"),
    ],
)
def test_a_format_that_shows_its_figure_costs_the_figure(value: Any, code: str, seen: str) -> None:
    assert column(xlsx([("Area", "General"), (value, code)]), 1) == ["Area", seen]
    assert column(xls([("Area", "General"), (value, code)]), 1) == ["Area", seen]


def test_the_number_behind_an_ods_cell_s_text_is_disclosed() -> None:
    comment = "<office:annotation><text:p>c</text:p></office:annotation>"
    cells = [
        number("7", "[c]"),
        number("7", ""),
        number("12", "12 [r]"),
        number("1234.4", "1,234"),
        number("0", "-"),
        number("148", "148"),
        number("9", "9").replace("<text:p>", f"{comment}<text:p>"),
        number("5", "c", ' table:number-columns-repeated="2"'),
        '<table:table-cell office:value-type="percentage" office:value="0.456">'
        "<text:p>45.6%</text:p></table:table-cell>",
        number("123456", "###"),
    ]
    expected = ["[c]", "", "12 [r]", "1234.4", "0", "148", "9", "c", "0.456", "123456"]
    assert column(ods(cells), 0) == expected
    # A file without a word that differs takes the short way to the same cells.
    assert column(ods([cells[3], cells[5]]), 0) == ["1234.4", "148"]
    assert column(ods(cells[7:8]), 1) == ["c"]


def test_a_reader_that_was_mended_does_not_reach_the_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = load_contracts()["characteristics-of-children-in-need"].files[0]
    file = PublishedFile(name="c1.csv", title="", bytes=4, sha256="0" * 64)
    store = LoadStore(tmp_path)
    assert store.read(file, contract, lambda: b"a\n1\n")["a"].to_pylist() == ["1"]
    assert store.read(file, contract, lambda: b"a\n2\n")["a"].to_pylist() == ["1"]
    monkeypatch.setattr("ingest.reading.load_store.reader_digest", lambda: "another reader")
    assert store.read(file, contract, lambda: b"a\n2\n")["a"].to_pylist() == ["2"]
    store.sweep()
    assert len(list(tmp_path.iterdir())) == 1

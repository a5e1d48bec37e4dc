"""Workbooks of text: the smallest xlsx and ods files that hold the cells of some sheets.

For the sample's cuts alone. The same cells give the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import PurePath

Sheets = Sequence[tuple[str, Sequence[Sequence[str]]]]
"""Sheets in their order: the name of each, and its rows of cells."""

_DAY = (2026, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MIME = "application/vnd.oasis.opendocument.spreadsheet"


def workbook(name: str, sheets: Sheets) -> bytes:
    """A workbook in the format that its file's name says.

    Raises
    ------
    ValueError
        The name is of another kind of file.
    """
    kind = PurePath(name).suffix.lower()
    if kind not in (".xlsx", ".ods"):
        raise ValueError(f"{name} is no workbook that is written here: xlsx or ods")
    parts = _xlsx(sheets) if kind == ".xlsx" else _ods(sheets)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part, text in parts:
            # A reader tells an ods file by its first part, which is not compressed.
            how = zipfile.ZIP_STORED if part == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(part, _DAY), text, how, 1)
    return packed.getvalue()


def _ods(sheets: Sheets) -> Iterable[tuple[str, str]]:
    names = " ".join(
        f'xmlns:{name}="{_OPEN_DOCUMENT}:{name}:1.0"' for name in ("office", "table", "text")
    )
    yield "mimetype", _MIME
    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(_ods_cells(row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets
    )
    yield (
        "content.xml",
        f'{_XML}<office:document-content {names} office:version="1.2"><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>",
    )
    manifest = f"{_OPEN_DOCUMENT}:manifest:1.0"
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in (("/", _MIME), ("content.xml", "text/xml"))
    )
    yield (
        "META-INF/manifest.xml",
        f'{_XML}<manifest:manifest xmlns:manifest="{manifest}" manifest:version="1.2">{entries}'
        "</manifest:manifest>",
    )


def _ods_cells(row: Sequence[str]) -> Iterable[str]:
    blank = 0
    for cell in row:
        if not cell:
            blank += 1
            continue
        if blank:
            yield f'<table:table-cell table:number-columns-repeated="{blank}"/>'
            blank = 0
        text = escape(cell, quote=False)
        lines = "".join(f"<text:p>{line}</text:p>" for line in text.split("\n"))
        yield f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
    # A row without a cell would be no row.
    yield "<table:table-cell/>"


def _xlsx(sheets: Sheets) -> Iterable[tuple[str, str]]:
    numbered = list(enumerate(sheets, 1))
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{kinds}.worksheet+xml"/>'
        for at, _ in numbered
    )
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f"{overrides}</Types>",
    )
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>'
        for at, (name, _) in numbered
    )
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_RELATIONS}">'
        f"<sheets>{listed}</sheets></workbook>",
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        _relations([("worksheet", f"worksheets/sheet{at}.xml") for at, _ in numbered]),
    )
    for at, (_, rows) in numbered:
        lines = "".join(
            f'<row r="{number}">{"".join(_xlsx_cells(number, row))}</row>'
            for number, row in enumerate(rows, 1)
        )
        yield (
            f"xl/worksheets/sheet{at}.xml",
            f'{_XML}<worksheet xmlns="{_SPREADSHEET}"><sheetData>{lines}</sheetData></worksheet>',
        )


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _xlsx_cells(row_number: int, row: Sequence[str]) -> Iterable[str]:
    for at, cell in enumerate(row):
        if cell:
            yield (
                f'<c r="{_column(at)}{row_number}" t="inlineStr">'
                f'<is><t xml:space="preserve">{escape(cell, quote=False)}</t></is></c>'
            )


def _column(at: int) -> str:
    """A column's letters: A, B … Z, AA …"""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

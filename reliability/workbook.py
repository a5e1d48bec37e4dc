"""A published workbook taken apart, so that it can be damaged, and put together again.

What is damaged are cells as our reader sees them; they are written as a workbook of Excel's,
whatever the published one was, with numbers as numbers.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import openpyxl

from ingest.reading.workbook_cells import text_of

Rows = tuple[tuple[str, ...], ...]
# A zip's first day: a file's bytes follow from its cells alone.
_THE_DAY = (1980, 1, 1, 0, 0, 0)
_STAMPED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Book:
    """What stands around a sheet's table: the rows above it, and the other sheets that are read."""

    sheet: str
    above: Rows
    others: Mapping[str, Rows]


def written(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """A workbook of these sheets, the same bytes every time."""
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_cell(text) for text in row])
    kept = io.BytesIO()
    book.save(kept)
    packed = io.BytesIO()
    with zipfile.ZipFile(kept) as made, zipfile.ZipFile(packed, "w") as archive:
        for part in made.namelist():
            content = made.read(part)
            if part.startswith("docProps"):
                content = _STAMPED.sub(b"1980-01-01T00:00:00Z", content)
            archive.writestr(zipfile.ZipInfo(part, _THE_DAY), content, zipfile.ZIP_DEFLATED, 1)
    return packed.getvalue()


def _cell(text: str) -> str | float | None:
    """A number where our reader would read the same letters of it, else text.

    The library writes sixteen digits, and a float may need seventeen.
    """
    try:
        value = float(text)
    except ValueError:
        return text or None
    is_number = math.isfinite(value) and text_of(float(f"{value:.16g}")) == text
    return value if is_number else text

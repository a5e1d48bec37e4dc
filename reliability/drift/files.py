"""Drifts of files: their names, their letters, their sheets."""

from __future__ import annotations

import csv
import re
from pathlib import PurePath
from random import Random

from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, is_number, kind, sought


def _named(document: Document, name: str) -> Truth:
    if name == document.name:
        raise NotApplicableError
    document.name = name
    return Truth(renamed={"(file)": name})


def _parts(document: Document) -> tuple[str, str]:
    path = PurePath(document.name)
    return path.name[: -len(path.suffix)], path.suffix


@kind("files")
def name_dated(document: Document, rng: Random) -> Truth:
    """A file's name with the day it was made behind it."""
    stem, end = _parts(document)
    return _named(document, f"{stem}_20260714{end}")


@kind("files")
def name_final(document: Document, rng: Random) -> Truth:
    """A file's name with `_final_v2` behind it."""
    stem, end = _parts(document)
    return _named(document, f"{stem}_final_v2{end}")


@kind("files")
def name_hyphened(document: Document, rng: Random) -> Truth:
    """A file's name with hyphens for underscores and capitals, or the other way round."""
    stem, end = _parts(document)
    other = stem.replace("-", "_") if "-" in stem else stem.replace("_", "-")
    return _named(document, f"{other.title()}{end}")


@kind("files")
def name_without_number(document: Document, rng: Random) -> Truth:
    """A file's name without what stands before its first word, or with a number before it."""
    stem, end = _parts(document)
    short = re.sub(r"^[A-Za-z]?\d+_", "", stem)
    return _named(document, f"{short}{end}" if short != stem else f"table_2_{stem}{end}")


@kind("files")
def name_new(document: Document, rng: Random) -> Truth:
    """A file under a name that has nothing of the old."""
    _, end = _parts(document)
    return _named(document, f"underlying_data_table_{rng.randint(2, 9)}{end}")


@kind("files")
def file_beside(document: Document, rng: Random) -> None:
    """A guide and a table of variables beside the file."""
    document.beside = {
        "data_guidance_2026.txt": b"About these data\n\nThe figures are as submitted.\n",
        "variables.csv": b"variable,label\nnumber,Number of children\n",
    }


def _csv_only(document: Document) -> None:
    if document.is_workbook:
        raise NotApplicableError


@kind("files")
def byte_order_mark(document: Document, rng: Random) -> None:
    """A byte order mark before the first letter."""
    _csv_only(document)
    document.encoding = "utf-8-sig"


@kind("files")
def utf_16(document: Document, rng: Random) -> None:
    """UTF-16, as Excel's *Unicode text*."""
    _csv_only(document)
    document.encoding = "utf-16"


@kind("files")
def windows_letters(document: Document, rng: Random) -> None:
    """Windows' letters, with a name that has one of its own."""
    _csv_only(document)
    names = [n for n in document.of("identity") if n.endswith("name")]
    names = [n for n in names if n not in (*document.contract.key, document.contract.area.level)]
    document.change(
        sought(names)[:1], lambda c: c.replace("'", "\u2019").replace("St ", "St\u2019 ")
    )
    document.encoding = "cp1252"


@kind("files")
def quoted_everywhere(document: Document, rng: Random) -> None:
    """Quotation marks about every cell."""
    _csv_only(document)
    document.quoting = csv.QUOTE_ALL


@kind("files")
def semicolons(document: Document, rng: Random) -> None:
    """Semicolons between cells, as where a comma divides numbers."""
    _csv_only(document)
    document.delimiter = ";"


@kind("files")
def unicode_text(document: Document, rng: Random) -> None:
    """Tabs between cells and UTF-16, Excel's *Unicode text* to the letter."""
    _csv_only(document)
    document.delimiter, document.encoding = "\t", "utf-16"


@kind("files", decoy=True)
def decimal_commas(document: Document, rng: Random) -> None:
    """Semicolons between cells and figures with decimal commas: 45,678."""
    _csv_only(document)
    document.delimiter = ";"
    document.change(
        sought(document.numeric()), lambda c: c.replace(".", ",") if is_number(c) else c
    )


@kind("files")
def line_ends(document: Document, rng: Random) -> None:
    """Lines that end as on another system."""
    _csv_only(document)
    document.line_end = "\n"


# Workbooks


def _workbook_only(document: Document) -> None:
    if not document.is_workbook:
        raise NotApplicableError


@kind("workbooks")
def sheet_renamed(document: Document, rng: Random) -> Truth:
    """The table's sheet under another name."""
    _workbook_only(document)
    old = document.sheet
    document.sheets = {"Table_7" if n == old else n: r for n, r in document.sheets.items()}
    document.sheet = "Table_7"
    return Truth(renamed={"(sheet)": "Table_7"})


@kind("workbooks")
def sheet_restyled(document: Document, rng: Random) -> Truth:
    """The table's sheet with capitals and spaces for what it had."""
    _workbook_only(document)
    old = document.sheet
    new = old.replace("_", " ").upper() if "_" in old else old.replace(" ", "_").lower()
    if new == old:
        raise NotApplicableError
    document.sheets = {new if n == old else n: r for n, r in document.sheets.items()}
    document.sheet = new
    return Truth(renamed={"(sheet)": new})


@kind("workbooks")
def sheets_reordered(document: Document, rng: Random) -> None:
    """The sheets in the opposite order."""
    _workbook_only(document)
    document.sheets = dict(reversed(document.sheets.items()))


@kind("workbooks")
def sheets_more(document: Document, rng: Random) -> None:
    """A cover sheet and a sheet of notes before the others."""
    _workbook_only(document)
    cover = [["Title", "Figures"], ["Published", "today"]]
    document.sheets = {"Cover sheet": cover, "Read me first": cover, **document.sheets}


@kind("workbooks")
def rows_above_more(document: Document, rng: Random) -> None:
    """Three rows more above the header."""
    _workbook_only(document)
    document.above[1:1] = [["This worksheet contains one table."], ["Freeze panes are on."], [""]]

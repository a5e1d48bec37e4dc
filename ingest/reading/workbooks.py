"""Workbooks (xlsx, ods, xls): the cells of a few sheets as text, as a reader of them sees them.

Parsing runs in a process of its own with a limit on memory and time: a sheet of two cells a
million rows apart, or a file made to harm, ends there and not here.
"""

from __future__ import annotations

import io
import json
import subprocess  # nosec B404  # one call, below, without a shell
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.errors import ReadError
from ingest.reading.names import in_words

Sheet = list[list[str]]
"""Rows of cells from the sheet's first row and column on, every row of one width."""

_CHILD = Path(__file__).with_name("workbook_cells.py")
# The largest published holds 43 MB of XML in 2.5 MB.
_MOST_UNPACKED = 512 << 20
_MOST_PARTS = 10_000
_SECONDS = 120

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class WantedSheet:
    """A sheet of a workbook: the pattern of its name, and the cells that its header has.

    One that no sheet is named after is sought by its header among the sheets that have no name of
    `others`; without a `header` it is not. Of these, one whose title, above its header, says the
    name is the one. Where the name `says_more` than which sheet it is, its title has to.
    """

    name: str
    header: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    says_more: bool = False


@dataclass(frozen=True)
class FoundSheet:
    """A sheet as it is named, that name as the pattern spells it, and its cells.

    `spelt` is empty where the sheet was known by its header alone. Where its title says the name,
    `title` is that cell, and `spelt` the name in it.
    """

    name: str
    spelt: str
    rows: Sheet
    title: str = ""


def read_sheets(data: bytes, wanted: Sequence[WantedSheet]) -> list[FoundSheet]:
    """The sheets of a workbook that are wanted, in that order.

    Cells are text: whole numbers without a point, other numbers with the digits that they need
    and no exponent, days as ISO 8601, truths as TRUE and FALSE, nothing and a formula's error as
    empty text.

    Raises
    ------
    ReadError
        The bytes are no workbook or a harmful one, or a sheet is not there, or there are several.
    """
    (found,) = read_tables(data, [wanted])
    if isinstance(found, ReadError):
        raise found
    return found


def read_tables(
    data: bytes, tables: Sequence[Sequence[WantedSheet]]
) -> list[list[FoundSheet] | ReadError]:
    """The sheets of each table of a workbook that is parsed once, or why they cannot be had.

    Raises
    ------
    ReadError
        The bytes are no workbook or a harmful one, or too large with all of these tables.
    """
    if data.startswith(_ZIP):
        _refuse_bomb(data)
    elif not data.startswith(_OLE):
        raise ReadError("it is not a workbook (xlsx, ods or xls)")
    asked = json.dumps([[asdict(one) for one in wanted] for wanted in tables])
    try:
        # No shell, no word of the publisher's among the arguments.
        outcome = subprocess.run(  # noqa: S603  # nosec B603
            [sys.executable, "-I", str(_CHILD), asked],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"it is not a workbook that can be read in {_SECONDS} seconds") from error
    try:
        answers = json.loads(outcome.stdout)
    except ValueError as error:
        raise ReadError(
            "it is not a workbook that can be read in the memory there is for one"
            f" (its reader ended with {outcome.returncode})"
        ) from error
    if len(answers) != len(tables):
        raise ReadError(answers[0]["error"])
    return [_read(answer) for answer in answers]


def _read(answer: dict[str, Any]) -> list[FoundSheet] | ReadError:
    if "error" in answer:
        return ReadError(answer["error"])
    if "missing" in answer:
        return ReadError(_missing(answer))
    return [FoundSheet(*one) for one in answer["sheets"]]


def _missing(answer: dict[str, Any]) -> str:
    named = repr(in_words(answer["missing"]))
    if not answer["found"]:
        return f"no sheet is named {named}; it has {', '.join(map(repr, answer['has']))}"
    found = ", ".join(map(repr, answer["found"]))
    if answer["by"] == "name":
        return f"{len(answer['found'])} sheets are named {named}: {found}"
    return f"no sheet is named {named}, and {len(answer['found'])} have its header: {found}"


def _refuse_bomb(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ReadError(f"it is not a whole workbook: {error}") from error
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _MOST_UNPACKED or len(parts) > _MOST_PARTS:
        raise ReadError(
            f"it unpacks to {unpacked:,} bytes in {len(parts):,} parts, so it is no workbook of"
            " figures"
        )

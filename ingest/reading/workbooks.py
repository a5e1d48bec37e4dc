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
from pathlib import Path

from ingest.errors import ReadError

Sheet = list[list[str]]
"""Rows of cells from the sheet's first row and column on, every row of one width."""

_CHILD = Path(__file__).with_name("workbook_cells.py")
# The largest published holds 43 MB of XML in 2.5 MB.
_MOST_UNPACKED = 512 << 20
_MOST_PARTS = 10_000
_SECONDS = 120

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


def read_sheets(data: bytes, patterns: Sequence[str]) -> list[tuple[str, Sheet]]:
    """The sheets of a workbook that these patterns name, in the patterns' order, with their names.

    Cells are text: whole numbers without a point, other numbers with the digits that they need
    and no exponent, days as ISO 8601, truths as TRUE and FALSE, nothing and a formula's error as
    empty text.

    Raises
    ------
    ReadError
        The bytes are no workbook or a harmful one, or a pattern matches no sheet, or several.
    """
    if data.startswith(_ZIP):
        _refuse_bomb(data)
    elif not data.startswith(_OLE):
        raise ReadError("it is not a workbook (xlsx, ods or xls)")
    try:
        # No shell, no word of the publisher's among the arguments.
        outcome = subprocess.run(  # noqa: S603  # nosec B603
            [sys.executable, "-I", str(_CHILD), json.dumps(list(patterns))],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"it is not a workbook that can be read in {_SECONDS} seconds") from error
    try:
        answer = json.loads(outcome.stdout)
    except ValueError as error:
        raise ReadError(
            "it is not a workbook that can be read in the memory there is for one"
            f" (its reader ended with {outcome.returncode})"
        ) from error
    if "error" in answer:
        raise ReadError(answer["error"])
    return [(name, rows) for name, rows in answer["sheets"]]


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

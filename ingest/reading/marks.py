"""What a cell of figures says: a number, or why there is none.

The one table of marks that stand where a number could. A contract says what its publisher means
otherwise (`statuses`), and which column beside a figure has its mark (`flags`, `notes`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Status = Literal[
    "published",
    "conflicting",
    "suppressed",
    "not_applicable",
    "low_reliability",
    "not_available",
    "unrecognised",
]
STATUSES: tuple[str, ...] = get_args(Status)

CONFLICTING = "[conflicting]"
"""Stands where a file has two numbers for one cell, and none can be served."""
CORRECTED = "[corrected]"
"""Stands where a correction took a figure away and nothing is known to put in its place."""

MARKS: Mapping[str, Status] = {
    CONFLICTING: "conflicting",
    **dict.fromkeys(("c", "*", "SUPP"), "suppressed"),
    **dict.fromkeys(("z", "NE"), "not_applicable"),
    "u": "low_reliability",
    **dict.fromkeys(
        ("x", ":", ".", "..", "-", "NULL", "", "NA", "NP", "LOWCOV", CORRECTED), "not_available"
    ),
    **dict.fromkeys(("k", "low", "~"), "published"),
}
"""Each mark's status. Those published round to zero without being zero: they alone are a number.

Source: the publishers' own notes, told beside `marks` in their layouts, and the Government Analysis
Function's "Symbols in tables". Marks in square brackets are ours.
"""

# No thousands separators, no exponents: `ingest.reading.cells` has put them in plain digits.
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")


class FigureRead(NamedTuple):
    """A cell's number, None where it has none; its status; and the mark that stands there."""

    number: float | None
    status: Status
    mark: str | None


def number_in(cell: str) -> float | None:
    """The number that a cell prints in plain digits; None where it is a mark."""
    text = cell.strip(" ")
    return float(text) if _NUMBER.fullmatch(text) else None


def read_figure(cell: str, statuses: Mapping[str, Status] = MARKS) -> FigureRead:
    """What a cell of figures says.

    >>> read_figure("c")
    FigureRead(number=None, status='suppressed', mark='c')
    """
    number, text = number_in(cell), cell.strip(" ")
    if number is not None:
        return FigureRead(number, "published", None)
    status = statuses.get(text, "unrecognised")
    return FigureRead(0.0 if status == "published" else None, status, text)


def read_blank(note: str, suppressed: tuple[str, ...], statuses: Mapping[str, Status]) -> Status:
    """The status of an empty cell by what stands beside it: a mark, or a sentence.

    `suppressed` are beginnings of sentences that say a figure is kept back. Any other sentence says
    what was done, and not why nothing is there.
    """
    text = note.strip(" ")
    status = statuses.get(text, "unrecognised")
    if status not in ("published", "unrecognised"):
        return status
    if any(text.lower().startswith(beginning.lower()) for beginning in suppressed):
        return "suppressed"
    return "not_available"

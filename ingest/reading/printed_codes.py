"""Cells of areas' codes as publishers print them: `E06000060 [note 1]`, `="E06000001"`.

Each becomes the plain code, or nothing where it is none. Which area a code is of is for
`ingest.councils`; the cell itself is kept to the letter by whoever calls.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.reading.names import NOTE

if TYPE_CHECKING:
    from ingest.contracts.specs import KnownBy
    from ingest.councils import Councils

_BLANKS = " \t\r\n\u00a0\u202f\u2009\u200b\ufeff"
_QUOTED = re.compile(r"""=?"([^"]*)"|'([^']*)'?|[“‘]([^“”‘’]*)[”’]""")
_GSS = re.compile(r"[EJKLMNSW]\d{8}")
# The Department for Education's three digits, and a school's number that begins with them.
_DFE = re.compile(r"\d{3}(?:/?\d{4})?")
_BETWEEN = re.compile(r"\s*(?:[/,;&|+]|\band\b|\bor\b)\s*", re.IGNORECASE)


def read_code(cell: str, councils: Councils, known_by: KnownBy = "gss") -> str | None:
    """The plain code that a cell prints with something about it; None where it is no code.

    Two codes are the one that the council has today, where the register says that both are its.

    A cell `="e06000001"` has the code E06000001.
    """
    text = _bare(cell)
    if known_by != "gss":
        return text if known_by != "name" and _DFE.fullmatch(text) else None
    if _GSS.fullmatch(text.upper()):
        return text.upper()
    codes = [_bare(part).upper() for part in _BETWEEN.split(text)]
    if len(codes) < 2 or not all(map(councils.known, codes)):
        return None
    of_today = {councils.entity(code) for code in codes}
    return of_today.pop() if len(of_today) == 1 else None


def _bare(cell: str) -> str:
    """A cell without the blanks, quotation marks and notes about it."""
    text = cell.strip(_BLANKS)
    while True:
        if match := _QUOTED.fullmatch(text):
            shorter = next(group for group in match.groups() if group is not None)
        elif (match := NOTE.search(text)) and match.start():
            shorter = text[: match.start()]
        else:
            return text
        text = shorter.strip(_BLANKS)

"""Cells of figures as their publishers print them: `45.6 [r]`, `1,234`, `12.5%`, `1e+05`, `[c]`.

Each becomes a plain number or a plain mark, with the notes that stood beside it. The cell itself
is kept to the letter by whoever calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation

from ingest.reading.names import NOTE

PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?")
_LOOSE = re.compile(
    r"[-+−]?(?:\d+|\d{1,3}(?:[,\u00a0\u202f\u2009 ]\d{3})+)?(?:\.\d*)?(?:[eE][-+]?\d+)?"
)
EXPONENT = re.compile(r"[0-9]+(?:[.][0-9]*)?[eE][-+]?[0-9]+")
"""A number that is written with an exponent, whatever stands beside it."""
# Revised, provisional, estimated: letters that stand at once behind a figure.
_LETTER = re.compile(r"(?<=\d)\s*([rpe])$")
_IN_WORDS = re.compile(r"\s*(?:\((?:p|r)\)|[(\[](?:provisional|revised)[)\]])$", re.IGNORECASE)
# A double holds fifteen digits; those behind are what a sum in one made of it.
_DIGITS = 15
# Of numbers that use their digits one in ten thousand is the same double as one of twelve, and is
# less than a trillionth of itself away from it. No publisher rounds to so many.
_SHORT = 12


def read_number(cell: str, *, is_percentage: bool) -> tuple[str, str] | None:
    """A cell's number in plain digits, and the notes beside it; None where it holds no number.

    >>> read_number("1,234 [r]", is_percentage=False)
    ('1234', '[r]')
    """
    text, notes = without_notes(cell.strip(" \t\u00a0\u202f\u2009"))
    if is_percentage and text.endswith("%"):
        text = text[:-1].rstrip()
    if not re.search(r"\d", text) or not _LOOSE.fullmatch(text):
        return None
    digits = re.sub(r"[,\u00a0\u202f\u2009 ]", "", text).replace("−", "-")
    if not PLAIN.fullmatch(digits):
        try:
            digits = format(Decimal(digits), "f")
        except InvalidOperation:
            return None
    return _without_noise(digits), "".join(notes)


def without_notes(text: str) -> tuple[str, tuple[str, ...]]:
    """A figure's or a year's cell without the notes behind it, and these in their order.

    >>> without_notes("2025p [note 3]")
    ('2025', ('p', '[note 3]'))
    """
    notes: list[str] = []
    while (match := NOTE.search(text) or _IN_WORDS.search(text)) and match.start():
        notes.insert(0, match[0].strip())
        text = text[: match.start()].rstrip()
    if (letter := _LETTER.search(text)) and not re.search(r"[eE][-+]?\d", text):
        notes.insert(0, letter[1])
        text = text[: letter.start()]
    return text, tuple(notes)


def _without_noise(digits: str) -> str:
    """A number without what doubles leave behind its fifteenth digit.

    148.00000000000003 was a sum and is meant as 148; 22.600000000000001 is 22.6 with all digits of
    its double, which is the same. A number that uses its digits keeps them.
    """
    if len(digits) <= _DIGITS or "." not in digits:
        return digits
    number = float(digits)
    short = Decimal(f"{number:.{_DIGITS}g}")
    if short == short.to_integral():
        return format(short.quantize(Decimal(1)), "f")
    if _length(Decimal(digits)) > _DIGITS and _length(same := Decimal(repr(number))) <= _SHORT:
        return format(same, "f")
    return digits


def _length(number: Decimal) -> int:
    """How many significant digits a number is written with."""
    return len(number.as_tuple().digits)


def read_mark(cell: str, known: Collection[str]) -> str | None:
    """The known mark that a cell is another spelling of: `[C]` and `C` of `c`; else None."""
    text = cell.strip(" \t\u00a0\u202f\u2009")
    if text in known:
        return text
    bracketed = text[:1] + text[-1:] in ("[]", "()") and len(text) > 2
    bare = (text[1:-1].strip() if bracketed else text).lower()
    spellings = {mark.lower(): mark for mark in known}
    return spellings.get(bare)


def read_cell(cell: str, marks: Collection[str], *, is_percentage: bool) -> tuple[str, str] | None:
    """What a cell of figures says in plain signs, and its notes; None where nobody can tell.

    A mark with a note beside it (`c [note 2]`) is that mark.
    """
    if PLAIN.fullmatch(cell) and len(cell) <= _DIGITS:
        return cell, ""
    number = read_number(cell, is_percentage=is_percentage)
    if number is not None:
        return number
    if (mark := read_mark(cell, marks)) is not None:
        return mark, ""
    match = NOTE.search(cell.strip())
    if match and match.start():
        bare = read_mark(cell.strip()[: match.start()], marks)
        if bare:
            return bare, match[0].strip()
    return None

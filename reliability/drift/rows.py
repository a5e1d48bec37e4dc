"""Drifts of rows: notes about a table, rows more and fewer, another order."""

from __future__ import annotations

import re
from random import Random

from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, kind, sought

_NOTES = (
    "Notes",
    "1. Figures for some councils were revised since the last release.",
    "Source: the publisher's own returns, as submitted by 31 July",
    "[c] = withheld to protect confidentiality",
)


def _wide(document: Document, text: str) -> list[str]:
    return [text, *[""] * (len(document.names()) - 1)]


@kind("rows")
def notes_below(document: Document, rng: Random) -> None:
    """A blank line and notes below the table, each in a line of its own."""
    document.rows += [[], *([note] for note in _NOTES)]


@kind("rows")
def notes_below_padded(document: Document, rng: Random) -> None:
    """Notes below the table, filled up with commas as a spreadsheet writes them."""
    document.rows += [_wide(document, ""), *(_wide(document, note) for note in _NOTES)]


@kind("rows")
def titles_above(document: Document, rng: Random) -> None:
    """A title and a line on the source above the header."""
    document.above[:0] = [
        ["Table 1: figures by local authority, England"],
        ["This worksheet contains one table"],
    ]


@kind("rows")
def titles_above_padded(document: Document, rng: Random) -> None:
    """A title above the header, filled up with commas."""
    document.above[:0] = [
        _wide(document, "Table 1: figures by local authority, England"),
        _wide(document, ""),
    ]


@kind("rows")
def blank_rows_between(document: Document, rng: Random) -> None:
    """Blank rows between blocks of the table."""
    for at in sorted(rng.sample(range(1, len(document.rows)), 5), reverse=True):
        document.rows.insert(at, _wide(document, ""))


@kind("rows")
def header_again(document: Document, rng: Random) -> None:
    """The header once more in the middle, as of files joined."""
    if document.is_workbook or not document.contract.reading.is_plain:
        raise NotApplicableError
    document.rows.insert(len(document.rows) // 2, list(document.header[-1]))


@kind("rows")
def types_below(document: Document, rng: Random) -> None:
    """A row of types right below the header."""
    if document.is_workbook or not document.contract.reading.is_plain:
        raise NotApplicableError
    numeric = {document.columns[name] for name in sought(document.numeric())}
    width = len(document.names())
    row = ["numeric" if at in numeric else "character" for at in range(width)]
    document.rows.insert(0, row)


@kind("rows")
def rows_shuffled(document: Document, rng: Random) -> None:
    """The rows in another order."""
    rng.shuffle(document.rows)


@kind("rows")
def newest_first(document: Document, rng: Random) -> None:
    """The newest period first."""
    name = document.contract.period.column
    if name not in document.columns or document.constant(name):
        raise NotApplicableError
    at = document.columns[name]
    document.rows.sort(key=lambda row: row[at], reverse=True)


def _level(document: Document) -> tuple[int, int]:
    """Where an area's level and its code stand."""
    area = document.contract.area
    code = area.codes.get("council") or area.codes.get("district")
    if code is None or area.level not in document.columns or code not in document.columns:
        raise NotApplicableError
    return document.columns[area.level], document.columns[code]


@kind("rows")
def combined_authorities(document: Document, rng: Random) -> None:
    """Rows of combined authorities, a level of areas that was not printed before."""
    level, code = _level(document)
    if document.contract.area.known_by != "gss":
        raise NotApplicableError
    councils = [row for row in document.rows if row[code].startswith("E08")]
    first = rng.randint(100, 900) * 1000
    of: dict[str, str] = {}
    for row in sought(councils)[:40]:
        new = list(row)
        new[code] = of.setdefault(row[code], f"E47{first + len(of):06d}")
        if level != code:
            new[level] = "Combined authority"
        document.rows.append(new)
    seen = {tuple(row) for row in document.rows}
    document.rows = [list(row) for row in dict.fromkeys(map(tuple, document.rows)) if row in seen]


@kind("rows")
def breakdown_new(document: Document, rng: Random) -> None:
    """A breakdown by something new, rows of labels that were not printed before."""
    period = document.contract.period.column
    own = [n for n in document.of("filters") if n != period and not document.constant(n)]
    name = rng.choice(sought(own))
    at = document.columns[name]
    label = document.rows[0][at]
    # The same figures as the other label's, so that shares go with their counts.
    for row in [row for row in document.rows if row[at] == label]:
        new = list(row)
        new[at] = "Born in summer, second half"
        document.rows.append(new)


@kind("rows")
def total_again(document: Document, rng: Random) -> None:
    """England's rows a second time at the end, the same to the letter."""
    area = document.contract.area
    code = area.codes.get("country")
    if code is None or code not in document.columns:
        raise NotApplicableError
    at = document.columns[code]
    england = [list(row) for row in document.rows if row[at].strip() == "E92000001"]
    if area.level != code:
        level = document.columns[area.level]
        england = [
            row for row in england if area.levels.get(row[level].strip().lower()) == "country"
        ]
    document.rows += sought(england)


@kind("rows")
def oldest_year_gone(document: Document, rng: Random) -> Truth:
    """The oldest year is no longer in the file."""
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    at = document.columns[name]
    oldest, *others = sorted({row[at].strip() for row in document.rows})
    if len(others) < 2 or not re.match(r"\d{4}", oldest):
        raise NotApplicableError
    document.rows = [row for row in document.rows if row[at].strip() != oldest]
    first = int(oldest[:4])
    return Truth(lost_years={first, first + 1, first + 2})


_BOTH = {"E08000016": "E08000038", "E08000019": "E08000039"}


def _under_both_codes(document: Document, mark: str | None) -> None:
    if document.contract.area.known_by != "gss":
        raise NotApplicableError
    _, code = _level(document)
    pairs = _BOTH | {new: old for old, new in _BOTH.items()}
    printed = {row[code].strip() for row in document.rows}
    more = []
    for row in document.rows:
        other = pairs.get(row[code].strip())
        if other and other not in printed:
            new = list(row)
            new[code] = other
            for name in document.numeric() if mark is not None else ():
                new[document.columns[name]] = mark or ""
            more.append(new)
    document.rows += sought(more)


@kind("rows")
def both_codes(document: Document, rng: Random) -> None:
    """Barnsley and Sheffield under their old and their new code, with the same figures."""
    _under_both_codes(document, None)


@kind("rows")
def both_codes_one_marked(document: Document, rng: Random) -> None:
    """Barnsley and Sheffield under both codes, one of the two with marks for figures."""
    marks = document.contract.marks
    mark = next((m for m in ("", "x", "z", "..") if m in marks), None)
    if mark is None:
        raise NotApplicableError
    _under_both_codes(document, mark)


@kind("rows")
def new_codes(document: Document, rng: Random) -> None:
    """Barnsley and Sheffield under the codes that they have since 2023, or had before."""
    _, code = _level(document)
    pairs = _BOTH | {new: old for old, new in _BOTH.items()}
    printed = {row[code].strip() for row in document.rows}
    own = {old: new for old, new in pairs.items() if old in printed and new not in printed}
    for row in document.rows:
        row[code] = own.get(row[code].strip(), row[code])

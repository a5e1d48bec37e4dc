"""The process that parses one workbook, started by `workbooks` and by nobody else.

Bytes come in by the standard input, sheets go out as JSON. Imports nothing of ours: it is run
apart from the project, with little memory and little time.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import operator
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html import unescape
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

_MEMORY = 1 << 30
_SECONDS = 60
# A sheet of figures has some ten thousand rows by some hundred columns.
_MOST_CELLS = 5_000_000
# Notes stand some tens of rows below a table; nothing stands further from the rest than this.
_MOST_ROWS_EMPTY = 100_000
_MOST_COLUMNS_EMPTY = 10_000

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
"""A cell as it is stored."""


def text_of(cell: Cell) -> str:
    """A stored cell as text: what a reader sees, where no format says otherwise."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # 61570.0 is typed and shown as 61570; an exponent is shown by nobody.
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return str(cell)


# A reader of a workbook sees a cell through its number format: a publisher may withhold a figure
# by a format that shows a mark, or nothing, and leave the number in the file.

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[[^\]]*\]')
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_DASHES = "-–—−"


def _sections(code: str) -> list[str]:
    """The parts of a number format, which are for one sign or condition each."""
    parts, last = [], 0
    for semicolon in re.finditer(r'"[^"]*"|\\.|\[[^\]]*\]|(;)', code):
        if semicolon[1]:
            parts.append(code[last : semicolon.start()])
            last = semicolon.end()
    return [*parts, code[last:]]


def _literal(section: str) -> str | None:
    """What a part of a format shows in place of a cell; None where it shows the cell."""
    bare = _QUOTED.sub(
        lambda m: (
            "" if not m[0].startswith("[") or not re.match(r"\[[hms]+\]", m[0], re.I) else "h"
        ),
        section,
    )
    if "general" in bare.lower() or re.search(r"[0#?@ymdhse]", bare, re.I):
        return None
    return _QUOTED.sub(lambda m: m[1] or m[2] or "", section).strip()


def shown_by(code: str, cell: float | str) -> str | None:
    """What a number format shows in place of a cell: a mark, or nothing. None: the cell itself.

    A nought printed as a dash is the accountants' nil, and stays a nought.
    """
    sections = _sections(code)
    if isinstance(cell, str):
        return _literal(sections[3]) if len(sections) > 3 else None
    numeric = sections[:3]
    if any(map(_CONDITION.search, numeric)):
        chosen = numeric[-1]
        for section in numeric:
            asked = _CONDITION.search(section)
            if asked is None or _HOLDS[asked[1]](cell, float(asked[2])):
                chosen = section
                break
    elif cell < 0 and len(numeric) > 1:
        chosen = numeric[1]
    else:
        chosen = numeric[2] if cell == 0 and len(numeric) > 2 else numeric[0]
    shown = _literal(chosen)
    is_nil = cell == 0 and bool(shown) and not str(shown).strip(_DASHES)
    return None if is_nil else shown


def _shown_in_place(code: str | None, cell: Cell) -> str | None:
    """What a format that may hide shows in place of a stored cell; None: the cell itself."""
    if code is None or not isinstance(cell, (int, float, str)) or cell == "":
        return None
    return shown_by(code, cell if isinstance(cell, str) else float(cell))


# A row or cell that stands for more alike than this stands for blank ones.
_MOST_ALIKE = 20_000

Seen = dict[tuple[int, int], str]
"""By row and column from 0, what a reader sees in place of what is stored."""


def _parse(
    data: bytes,
    on_start: Callable[[str, dict[str, str]], None],
    on_end: Callable[[str], None] | None = None,
    on_text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, at: on_start(
        tag.rpartition("}")[2], {name.rpartition("}")[2]: text for name, text in at.items()}
    )
    if on_end:
        parser.EndElementHandler = lambda tag: on_end(tag.rpartition("}")[2])
    if on_text:
        parser.CharacterDataHandler = on_text
    parser.Parse(data, True)


def _may_hide(code: str) -> bool:
    return any(_literal(part) is not None for part in _sections(code))


def _hiding_styles(styles: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """The formats of an xlsx workbook that may hide a cell, by cell style and by rule's style."""
    codes: dict[str, str] = {}
    styled: list[str] = []
    of_rules: list[str] = []
    inside = ""

    def start(tag: str, at: dict[str, str]) -> None:
        nonlocal inside
        if tag in ("cellXfs", "dxfs"):
            inside = tag
        elif tag == "dxf" and inside == "dxfs":
            of_rules.append("")
        elif tag == "numFmt" and inside == "dxfs" and of_rules:
            of_rules[-1] = at.get("formatCode", "")
        elif tag == "numFmt":
            codes[at.get("numFmtId", "")] = at.get("formatCode", "")
        elif tag == "xf" and inside == "cellXfs":
            styled.append(at.get("numFmtId", "0"))

    def end(tag: str) -> None:
        nonlocal inside
        inside = "" if tag == inside else inside

    _parse(styles, start, end)
    return (
        {
            str(number): codes[name]
            for number, name in enumerate(styled)
            if name in codes and _may_hide(codes[name])
        },
        {str(number): code for number, code in enumerate(of_rules) if _may_hide(code)},
    )


@dataclass
class _Rule:
    """One rule of a sheet's conditional formats that gives a number format."""

    kind: str
    asks: str
    rank: int
    code: str = ""
    limits: list[str] = field(default_factory=list)
    areas: str = ""

    def cells(self) -> Iterator[tuple[int, int, int, int]]:
        """First row, first column, last row and last column of each area, from 0."""
        for area in self.areas.replace("$", "").split():
            ends = [_position(end) for end in area.split(":")]
            if ends[0] is not None and ends[-1] is not None:
                yield (*ends[0], *ends[-1])

    def holds(self, cell: float) -> bool | None:
        """Whether the rule holds for a number; None where it takes more than that to know."""
        try:
            limits = [float(text) for text in self.limits]
        except ValueError:
            return None
        if self.kind != "cellIs" or not limits:
            return None
        if self.asks in ("between", "notBetween"):
            inside = min(limits) <= cell <= max(limits)
            return inside == (self.asks == "between")
        holds = _RULES.get(self.asks)
        return None if holds is None else holds(cell, limits[0])


_RULES: dict[str, Callable[[float, float], bool]] = {
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
    "equal": operator.eq,
    "notEqual": operator.ne,
}
# What is read of a number that a rule may hide, where only the workbook's program can tell.
MAYBE_HIDDEN = "[hidden by a rule of the workbook]"


def _hiding_rules(part: bytes, formats: dict[str, str]) -> list[_Rule]:
    """A sheet's rules whose number format may hide a cell, the first to hold first.

    Newer rules stand at the end of the sheet's part, with their areas and formats within.
    """
    if b"cfRule" not in part:
        return []
    rules: list[_Rule] = []
    block: list[_Rule] = []
    areas = ""
    text: list[str] | None = None

    def start(tag: str, at: dict[str, str]) -> None:
        nonlocal areas, block, text
        if tag == "conditionalFormatting":
            block, areas = [], at.get("sqref", "")
        elif tag == "cfRule":
            rank = int(at.get("priority", "0") or 0)
            code = formats.get(at.get("dxfId", ""), "")
            block.append(_Rule(at.get("type", ""), at.get("operator", ""), rank, code))
        elif tag == "numFmt" and block:
            block[-1].code = at.get("formatCode", "")
        elif tag in ("formula", "f", "sqref"):
            text = []

    def end(tag: str) -> None:
        nonlocal areas, text
        if tag == "conditionalFormatting":
            for rule in block:
                rule.areas = areas
            rules.extend(rule for rule in block if rule.code and _may_hide(rule.code))
            block.clear()
        elif text is not None and tag in ("formula", "f") and block:
            block[-1].limits.append("".join(text).strip())
            text = None
        elif text is not None and tag == "sqref":
            areas, text = "".join(text), None

    def more(data: str) -> None:
        if text is not None:
            text.append(data)

    _parse(part, start, end, more)
    return sorted(rules, key=lambda rule: rule.rank)


def _hidden_by_rules(rules: list[_Rule], rows: list[list[Cell]]) -> Seen:
    """What a reader sees in cells that rules hide, or that they may."""
    seen: Seen = {}
    settled: set[tuple[int, int]] = set()
    for rule in rules:
        for top, left, bottom, right in rule.cells():
            for row in range(top, min(bottom + 1, len(rows))):
                for column in range(left, min(right + 1, len(rows[row]))):
                    cell = rows[row][column]
                    if not isinstance(cell, (int, float)) or isinstance(cell, bool):
                        continue
                    if (row, column) in settled:
                        continue
                    shown = shown_by(rule.code, float(cell))
                    holds = rule.holds(float(cell))
                    if shown is not None and holds is not False:
                        seen[row, column] = shown if holds else MAYBE_HIDDEN
                    if holds is not False:
                        settled.add((row, column))
    return seen


def _xlsx_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Where in an xlsx workbook each sheet's cells stand, by its name."""
    sheets: dict[str, str] = {}
    targets: dict[str, str] = {}

    def start(tag: str, at: dict[str, str]) -> None:
        if tag == "sheet":
            sheets[at.get("name", "")] = at.get("id", "")
        elif tag == "Relationship":
            targets[at.get("Id", "")] = at.get("Target", "")

    _parse(book.read("xl/workbook.xml"), start)
    _parse(book.read("xl/_rels/workbook.xml.rels"), start)
    return {
        name: target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        for name, target in ((name, targets.get(key, "")) for name, key in sheets.items())
        if target
    }


def _position(reference: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([A-Z]{1,3})(\d+)", reference)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]) - 1, column - 1


# A cell left far from all others, by a slip of the hand, makes of a small sheet one of a thousand
# million cells. It is looked for before the sheet is read, and where a sheet is small not at all.

_ROW = re.compile(rb'row\b[^>]*?\sr="(\d+)"')
_FAR_COLUMN = re.compile(rb'\sr="[A-Z]{3}\d+"')
_FILLED = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Z]{1,3}\d+)"[^>]*(?<!/)>'
    rb"(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>))?<(?:\w+:)?(?:v|is)\b"
)
_REPEATED = re.compile(
    rb'<table:(?:table-row|(?:covered-)?table-cell)\b[^>]*?-(rows|columns)-repeated="(\d{4,})"'
)
_ODS_FILLED = re.compile(rb"<table:table-cell\b[^>]*?value-type=[^>]*>|<text:p\b")
_ODS_PIECE = re.compile(rb"<table:(table-row|(?:covered-)?table-cell)\b([^>]*)>")
_TIMES = re.compile(rb'-repeated="(\d+)"')


def _cell_name(row: int, column: int) -> str:
    letters, column = "", column + 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _apart(sheet: str, row: int, column: int, empty: str) -> str:
    return (
        f"its sheet {sheet!r} has a cell far from all others, {_cell_name(row, column)}, with"
        f" {empty} empty before it"
    )


def _gap(numbers: set[int], most: int) -> tuple[int, int] | None:
    """The first number after more unused ones than `most`, and how many those are."""
    last = -1
    for number in sorted(numbers):
        if number - last - 1 > most:
            return number, number - last - 1
        last = number
    return None


def _far_in_xlsx(part: bytes, sheet: str) -> str | None:
    """Where a sheet has a cell far from all others, the sentence that names it."""
    last = _ROW.match(part, max(part.rfind(b"<row "), part.rfind(b":row ")) + 1)
    is_tall = last is not None and int(last[1]) > _MOST_ROWS_EMPTY
    if not is_tall and not _FAR_COLUMN.search(part):
        return None
    found = (_position(name.decode()) for name in _FILLED.findall(part))
    filled = [place for place in found if place is not None]
    if gap := _gap({row for row, _ in filled}, _MOST_ROWS_EMPTY):
        column = min(column for row, column in filled if row == gap[0])
        return _apart(sheet, gap[0], column, f"{gap[1]:,} rows")
    if gap := _gap({column for _, column in filled}, _MOST_COLUMNS_EMPTY):
        row = min(row for row, column in filled if column == gap[0])
        return _apart(sheet, row, gap[0], f"{gap[1]:,} columns")
    return None


def _far_in_ods(content: bytes) -> str | None:
    """The same of an ods workbook, which says of empty rows and cells only how many there are.

    Of any sheet: they are all read before one can be asked for.
    """
    for repeated in _REPEATED.finditer(content):
        of_rows, times = repeated[1] == b"rows", int(repeated[2])
        if times <= (_MOST_ROWS_EMPTY if of_rows else _MOST_COLUMNS_EMPTY):
            continue
        after = content.find(b">", repeated.end())
        ends = content.find(b"</table:table-row>", after)
        if of_rows:
            after = after if content[after - 1 : after] == b"/" else ends
            ends = content.find(b"</table:table>", after)
        far = _ODS_FILLED.search(content, after, ends)
        if far is None:
            continue
        begins = content.rfind(b"<table:table ", 0, repeated.start())
        name = re.search(rb'table:name="([^"]*)"', content[begins : content.find(b">", begins)])
        sheet = unescape(name[1].decode("utf-8", "replace")) if name else ""
        row = column = -1
        next_row = next_column = 0
        for piece in _ODS_PIECE.finditer(content, begins, far.end()):
            alike = _TIMES.search(piece[2])
            count = int(alike[1]) if alike else 1
            if piece[1] == b"table-row":
                row, next_row, next_column = next_row, next_row + count, 0
            else:
                column, next_column = next_column, next_column + count
        return _apart(sheet, row, column, f"{times:,} {'rows' if of_rows else 'columns'}")
    return None


def _far_cell(data: bytes, sheet: str | None = None) -> str | None:
    """The sentence that names a cell far from all others: in a sheet of xlsx, in any of ods.

    A sheet of Excel 97 to 2003 ends at row 65,536, and is read as it is.
    """
    if not data.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if sheet is None:
                is_ods = "content.xml" in book.namelist()
                return _far_in_ods(book.read("content.xml")) if is_ods else None
            if "xl/workbook.xml" not in book.namelist():
                return None
            return _far_in_xlsx(book.read(_xlsx_parts(book)[sheet]), sheet)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, expat.ExpatError):
        return None  # what is wrong with it is for its reader to say


def _seen_in_xlsx(book: zipfile.ZipFile, sheet: str, rows: list[list[Cell]]) -> Seen:
    if "xl/styles.xml" not in book.namelist():
        return {}
    hiding, of_rules = _hiding_styles(book.read("xl/styles.xml"))
    part = _xlsx_parts(book).get(sheet)
    if part is None:
        return {}
    data = book.read(part)
    by_rules = _hidden_by_rules(_hiding_rules(data, of_rules), rows)
    if not hiding:
        return by_rules
    seen: Seen = {}
    row, column = -1, -1

    def start(tag: str, at: dict[str, str]) -> None:
        nonlocal row, column
        if tag == "row":
            row = int(at["r"]) - 1 if "r" in at else row + 1
            column = -1
        elif tag == "c":
            found = _position(at.get("r", ""))
            row, column = found or (row, column + 1)
            code = hiding.get(at.get("s", "0"))
            if code is None or row >= len(rows) or column >= len(rows[row]):
                return
            shown = _shown_in_place(code, rows[row][column])
            if shown is not None:
                seen[row, column] = shown

    _parse(data, start)
    return seen | by_rules


def _seen_in_xls(data: bytes, sheets: dict[str, list[list[Cell]]]) -> dict[str, Seen]:
    """Cells of a workbook of Excel 97 to 2003 that their number formats hide."""
    import xlrd

    book = xlrd.open_workbook(
        file_contents=data, formatting_info=True, on_demand=True, logfile=io.StringIO()
    )
    hiding = {
        number: book.format_map[style.format_key].format_str
        for number, style in enumerate(book.xf_list)
        if _may_hide(book.format_map[style.format_key].format_str)
    }
    found: dict[str, Seen] = {name: {} for name in sheets}
    for name, rows in sheets.items() if hiding else ():
        sheet = book.sheet_by_name(name)
        for row in range(min(sheet.nrows, len(rows))):
            for column in range(min(sheet.row_len(row), len(rows[row]))):
                code = hiding.get(sheet.cell_xf_index(row, column))
                shown = _shown_in_place(code, rows[row][column])
                if shown is not None:
                    found[name][row, column] = shown
    return found


_NOTE_SIGNS = "*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰"
_NUMBER = re.compile(r"\(?[-−+]?\s*[£$€]?\s*(\d[\d,\u00a0\u202f ]*(?:\.(\d+))?|\.(\d+))\s*%?\s*\)?")


def says_another(text: str, stored: float, *, is_percentage: bool) -> bool:
    """Whether the text of a cell says something else than its number, rounded as it likes."""
    printed = text.strip()
    if printed and not printed.strip("#"):
        return False  # a column too narrow for its number
    match = _NUMBER.match(printed)
    if match is None:
        return not (stored == 0 and printed and not printed.strip(_DASHES + " "))
    places = len(match[2] or match[3] or "")
    number = float(re.sub(r"[^\d.]", "", match[1]))
    number = -number if printed[0] in "(-−" else number
    if is_percentage or "%" in match[0]:
        number, places = number / 100, places + 2
    tail = printed[match.end() :].strip()
    if re.match(r"E[-+]\d", tail):
        return False
    agrees = abs(number - stored) <= 0.5000001 * 10.0**-places + abs(stored) * 1e-9
    # `12 [r]`: the note is for the reader of the cell to see.
    return not agrees or tail[:1] in ("[", "(") or (tail[:1] in _NOTE_SIGNS and bool(tail))


# As everywhere, a formula's error is an empty cell.
_ERROR = re.compile(r"#[A-Z/0]+[!?A]|Err:\d+")
_PLAIN_CELL = re.compile(
    rb'office:value="([^"]*)"[^>]*?(?:/>|>(?:<text:p(?: [^>]*)?>'
    rb"((?:[^<]|<text:s/>|<text:span[^>]*>|</text:span>)*)</text:p>)?</table:table-cell>)"
)
_MARKUP = re.compile(rb"<[^>]*>")


def _all_plain(content: bytes) -> bool:
    """Whether each number of an ods workbook plainly stands beside its own text: nearly always.

    A look by pattern, in a tenth of the time that it takes to parse.
    """
    if content.count(b"office:value=") == 0 and b"<table:table-cell" not in content:
        return False  # names of another's making
    cells = _PLAIN_CELL.findall(content)
    if len(cells) != content.count(b"office:value="):
        return False
    return not any(
        says_another(
            _MARKUP.sub(b" ", text).decode("utf-8", "replace"), float(number), is_percentage=False
        )
        for number, text in set(cells)
        if text
    ) and not re.search(rb'office:value="[^"]*"[^>]*><text:p(?: [^>]*)?(?:/>|></text:p>)', content)


def _seen_in_ods(content: bytes, wanted: set[str]) -> dict[str, Seen]:  # noqa: PLR0915
    """Cells of an ods workbook whose text says something else than their stored value."""
    found: dict[str, Seen] = {name: {} for name in wanted}
    if _all_plain(content):
        return found
    sheet: Seen | None = None
    row = column = 0
    rows_alike = cells_alike = 1
    stored: float | None = None
    is_percentage = False
    depth = notes = 0
    texts: list[str] | None = None

    def start(tag: str, at: dict[str, str]) -> None:
        nonlocal sheet, row, column, rows_alike, cells_alike, stored, is_percentage
        nonlocal depth, notes, texts
        if tag == "table":
            sheet, row = found.get(at.get("name", "")), 0
        elif sheet is None:
            return
        elif tag == "table-row":
            column, rows_alike = 0, int(at.get("number-rows-repeated", "1"))
        elif tag in ("table-cell", "covered-table-cell"):
            cells_alike = int(at.get("number-columns-repeated", "1"))
            kind, stored, texts = at.get("value-type"), None, None
            is_percentage = kind == "percentage"
            if kind in ("float", "percentage", "currency") and tag == "table-cell":
                stored = float(at.get("value", "nan"))
        elif tag == "annotation":
            notes += 1
        elif stored is not None and not notes:
            if tag == "p":
                texts = [*(texts or []), " "] if texts else (texts or [])
                depth = 1
            elif tag == "s" and texts is not None:
                texts.append(" ")

    def text(data: str) -> None:
        if depth and not notes and texts is not None and stored is not None:
            texts.append(data)

    def end(tag: str) -> None:
        nonlocal row, column, depth, notes, stored, sheet
        if tag == "annotation":
            notes -= 1
        elif tag == "p" and not notes:
            depth = 0
        elif tag in ("table-cell", "covered-table-cell"):
            if sheet is not None and stored is not None and texts is not None:
                printed = "".join(texts).strip()
                printed = "" if _ERROR.fullmatch(printed) else printed
                if says_another(printed, stored, is_percentage=is_percentage):
                    for down in range(min(rows_alike, _MOST_ALIKE)):
                        for across in range(min(cells_alike, _MOST_ALIKE)):
                            sheet[row + down, column + across] = printed
            stored = None
            column += cells_alike
        elif tag == "table-row":
            row += rows_alike
        elif tag == "table":
            sheet = None

    _parse(content, start, end, text)
    return found


def _seen(data: bytes, sheets: dict[str, list[list[Cell]]]) -> dict[str, Seen]:
    """Of each sheet the cells that a reader sees as something else than what is stored."""
    if not data.startswith(b"PK"):
        return _seen_in_xls(data, sheets)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = set(book.namelist())
        if "content.xml" in names:
            return _seen_in_ods(book.read("content.xml"), set(sheets))
        if "xl/workbook.xml" in names:
            return {name: _seen_in_xlsx(book, name, rows) for name, rows in sheets.items()}
    return {}


# Notes above a table run to some tens of rows.
_HEADER_WITHIN = 200


def _named(pattern: str, names: list[str]) -> dict[str, str]:
    """The sheets that a pattern names, each with the spelling in which it does.

    To the letter; else in other capitals, or with blanks for underscores and the other way round.
    """
    found = {name: name for name in names if re.fullmatch(pattern, name)}
    if found:
        return found
    for name in names:
        for spelt in (name, re.sub(r"[ -]+", "_", name), re.sub(r"[_-]+", " ", name)):
            if re.fullmatch(pattern, spelt, re.IGNORECASE):
                found.setdefault(name, spelt)
    return found


def _with_header(
    book: CalamineWorkbook, names: list[str], header: list[str]
) -> dict[str, list[str]]:
    """The sheets in one of whose first rows each of these patterns is a whole cell.

    Each with the cells of text above that row.
    """
    sought = [re.compile(pattern, re.IGNORECASE) for pattern in header]
    found = {}
    for name in names:
        above: list[str] = []
        for row in book.get_sheet_by_name(name).to_python(nrows=_HEADER_WITHIN):
            texts = [" ".join(cell.split()) for cell in row if isinstance(cell, str)]
            if all(any(one.fullmatch(text) for text in texts) for one in sought):
                found[name] = above
                break
            above += texts
    return found


def _name_in_title(pattern: str, above: list[str]) -> tuple[str, str] | None:
    """A name of one word as a title says it, *Table TA1 - …*, and the title; None where none does.

    A word without a figure in it may stand in any title.
    """
    for text in above:
        title = re.match(r"(?:table|sheet|tab)\s+(\w*\d\w*)(?![\w.])", text, re.IGNORECASE)
        if title and re.fullmatch(pattern, title[1]):
            return title[1], text
    return None


_Found = list[tuple[str, str, list[list[Cell]], str]]


def tables_of(data: bytes, tables: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """For each table the sheets that it asks for, or why there are none."""
    try:
        if (far := _far_cell(data)) is not None:
            return [{"error": far}] * len(tables)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except CalamineError as error:
        return [_no_workbook(error)] * len(tables)
    found = [_found_in(data, book, wanted) for wanted in tables]
    sheets = {name: rows for one in found if isinstance(one, list) for name, _, rows, _ in one}
    seen = _seen(data, sheets) if sheets else {}
    return [
        one
        if isinstance(one, dict)
        else {
            "sheets": [
                (name, spelt, _as_seen(rows, seen.get(name, {})), title)
                for name, spelt, rows, title in one
            ]
        }
        for one in found
    ]


def _no_workbook(error: CalamineError) -> dict[str, Any]:
    return {"error": f"it is not a whole workbook: {str(error)[:200]}"}


def _found_in(
    data: bytes, book: CalamineWorkbook, wanted: list[dict[str, Any]]
) -> _Found | dict[str, Any]:
    """The sheets of one table, or why there are none.

    Each is asked for by the pattern of its name; one that has none such by its header, among the
    sheets that are no other's.
    """
    # Workbooks with links to others list dozens of sheets that are not theirs.
    names = [name for name in book.sheet_names if not name.startswith("'file:")]
    by_name = [_named(one["name"], names) for one in wanted]
    of_others = {name for one in wanted for of in one["others"] for name in _named(of, names)}
    others = of_others | {name for hits in by_name for name in hits}
    found: _Found = []
    try:
        for one, named in zip(wanted, by_name, strict=True):
            hits, titles = named, {}
            if not hits and one["header"]:
                free = [n for n in names if n not in others and _far_cell(data, n) is None]
                by_header = _with_header(book, free, one["header"])
                name_in_title = {
                    n: _name_in_title(one["name"], above) for n, above in by_header.items()
                }
                titles = {n: title for n, title in name_in_title.items() if title is not None}
                hits = {n: "" for n in by_header if not one["says_more"]}
                if len(titles) == 1 or one["says_more"]:
                    hits = {n: spelt for n, (spelt, _) in titles.items()}
            if len(hits) != 1:
                by = "name" if named else "header"
                return {"missing": one["name"], "found": list(hits), "by": by, "has": names[:40]}
            ((name, spelt),) = hits.items()
            if (far := _far_cell(data, name)) is not None:
                return {"error": far}
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > _MOST_CELLS:
                last = _cell_name(sheet.total_height - 1, sheet.total_width - 1)
                return {
                    "error": f"its sheet {name!r} reaches to {last}, and is larger than any"
                    " sheet of figures"
                }
            title = titles[name][1] if name in titles else ""
            found.append((name, spelt, sheet.to_python(skip_empty_area=False), title))
    except CalamineError as error:
        return _no_workbook(error)
    return found


def _as_seen(rows: list[list[Cell]], seen: Seen) -> list[list[str]]:
    texts = [[text_of(cell) for cell in row] for row in rows]
    for (row, column), text in seen.items():
        if row < len(texts) and column < len(texts[row]):
            texts[row][column] = text
    return texts


def main() -> None:
    """Read, answer, end."""
    try:
        import resource
    except ImportError:  # a system without limits
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answers = tables_of(sys.stdin.buffer.read(), json.loads(sys.argv[1]))
    except Exception as error:  # whatever bytes do to the parser, they get one sentence
        answers = [{"error": f"it is not a workbook that can be read: {type(error).__name__}"}]
    json.dump(answers, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()

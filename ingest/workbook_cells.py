"""The process that parses one workbook, started by `workbooks` and by nobody else.

Bytes come in by the standard input, sheets go out as JSON. Imports nothing of ours: it is run
apart from the project, with little memory and little time.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import sys
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

_MEMORY = 1 << 30
_SECONDS = 60
# A sheet of figures has some ten thousand rows by some hundred columns.
_MOST_CELLS = 5_000_000


def text_of(cell: Any) -> str:
    """A cell as a reader sees it."""
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


def sheets_of(data: bytes, patterns: list[str]) -> dict[str, Any]:
    """The sheets asked for, or the sentence that says why there are none."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        found: list[tuple[str, list[list[str]]]] = []
        for pattern in patterns:
            hits = [name for name in names if re.fullmatch(pattern, name)]
            if len(hits) != 1:
                # Workbooks with links to others list dozens of sheets that are not theirs.
                own = [name for name in names if not name.startswith("'file:")]
                told = ", ".join(map(repr, (hits or own)[:40]))
                said = f"{len(hits)} sheets are" if hits else "no sheet is"
                return {"error": f"{said} named as {pattern} says; it has {told}"}
            sheet = book.get_sheet_by_name(hits[0])
            if sheet.total_height * sheet.total_width > _MOST_CELLS:
                return {"error": f"its sheet {hits[0]!r} is larger than any sheet of figures"}
            rows = sheet.to_python(skip_empty_area=False)
            found.append((hits[0], [[text_of(cell) for cell in row] for row in rows]))
    except CalamineError as error:
        return {"error": f"it is not a whole workbook: {str(error)[:200]}"}
    return {"sheets": found}


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
        answer = sheets_of(sys.stdin.buffer.read(), json.loads(sys.argv[1]))
    except Exception as error:  # whatever bytes do to the parser, they get one sentence
        answer = {"error": f"it is not a workbook that can be read: {type(error).__name__}"}
    json.dump(answer, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()

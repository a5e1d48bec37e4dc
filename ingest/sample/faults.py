"""What can be wrong with a published file, done on purpose to one that is laid out.

A `Fault` names its file and what happens to it. `release.json` is written after the damage, so
that its hash is of the damaged file, as it would be of one that was published so; only
`wrong_hash` and `no_release_json` break that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.sample.layouts import PERIOD_COLUMN, Layout, end_year, shift_period

ERROR_PAGE = (
    b'<!DOCTYPE html>\n<html lang="en">\n<head><title>Service unavailable</title></head>\n'
    b"<body><h1>Sorry, there is a problem with the service</h1><p>Try again later.</p></body>\n"
    b"</html>\n"
)


@dataclass
class LaidOutFile:
    """A file that is about to be written; `release` is its folder's name, `2024` or `2024+2`."""

    publication: str
    release: str
    file: str
    name: str
    layout: Layout
    content: bytes


class Grid:
    """A file's cells, to be changed: `header`, and `rows` without it, every cell as text."""

    def __init__(self, file: LaidOutFile) -> None:
        self._file = file
        rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
        self.header, self.rows = rows[0], rows[1:]
        layout = file.layout
        self.period = PERIOD_COLUMN[layout.kind]
        self.area = "new_la_code" if layout.kind == "ees" else "Area Code"
        self.area_name = "la_name" if layout.kind == "ees" else "Area Name"
        # A value's own row, for a file in which several kinds of row share a column.
        spec = next(s for s in layout.figures if s.value is not None)
        self.value, self._value_row = spec.value or "", layout.rows[spec.row]

    def at(self, column: str) -> int:
        """A column's position.

        Raises
        ------
        ValueError
            There is no such column.
        """
        if column not in self.header:
            raise ValueError(f"{self._file.name} has no column {column!r}")
        return self.header.index(column)

    def column(self, column: str) -> list[str]:
        """A column's cells, row by row."""
        return [row[self.at(column)] for row in self.rows]

    def of(self, code: str) -> list[list[str]]:
        """An area's rows.

        Raises
        ------
        ValueError
            It has none.
        """
        found = [row for row in self.rows if self._code(row) == code]
        if not found:
            raise ValueError(f"{self._file.name} has no rows of {code}")
        return found

    def _code(self, row: list[str]) -> str:
        """The code of the area that a row describes."""
        column = self.area
        if self._file.layout.kind == "ees":
            words = {word: level for level, word in self._file.layout.level_words.items()}
            level = words.get(row[self.at("geographic_level")])
            column = {"country": "country_code", "region": "region_code"}.get(level or "", column)
        return row[self.at(column)]

    def councils(self) -> list[str]:
        """The codes of councils in the file, in its order."""
        position = self.at(self.area)
        codes = dict.fromkeys(row[position] for row in self.rows)
        return [c for c in codes if c[:3] in ("E06", "E08", "E09", "E10")]

    def a_value(self) -> list[str]:
        """The first council's row that holds a number as its value."""
        councils = set(self.councils())
        for row in self.rows:
            if row[self.at(self.area)] not in councils:
                continue
            if any(row[self.at(c)] != cell for c, cell in self._value_row.items()):
                continue
            if row[self.at(self.value)].strip().replace(".", "", 1).isdigit():
                return row
        raise ValueError(f"{self._file.name} has no council with a number in {self.value}")

    def write(self) -> bytes:
        """The file's bytes, with quotes only where a cell needs them."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=self._file.layout.line_end)
        writer.writerows([self.header, *self.rows])
        return (("\ufeff" if self._file.layout.bom else "") + text.getvalue()).encode("utf-8")


@dataclass(frozen=True)
class Where:
    """The file, or with no `file` every file, of one release that a fault is of.

    `release` is the folder's name; `file` is the contract's name of the file, not the publisher's.
    """

    publication: str
    release: str
    file: str | None = None


@dataclass(frozen=True)
class Fault:
    """One thing wrong: with a file's cells, with its bytes, or with its `release.json`."""

    kind: str
    where: Where
    cells: Callable[[Grid], None] | None = None
    content: Callable[[bytes], bytes] | None = None
    document: Callable[[dict[str, Any], Sequence[str]], dict[str, Any] | None] | None = None

    def __str__(self) -> str:
        file = f", {self.where.file}" if self.where.file else ""
        return f"{self.kind} ({self.where.publication} {self.where.release}{file})"

    def is_of(self, file: LaidOutFile) -> bool:
        """Whether it is this file that is damaged."""
        where = self.where
        same = (where.publication, where.release) == (file.publication, file.release)
        return same and where.file in (None, file.file)

    def damage_file(self, file: LaidOutFile) -> None:
        """Change a file's content.

        Raises
        ------
        ValueError
            The file has no such column, area or value to damage.
        """
        if self.cells is not None:
            grid = Grid(file)
            self.cells(grid)
            file.content = grid.write()
        if self.content is not None:
            file.content = self.content(file.content)

    def damage_release(
        self, document: dict[str, Any], files: Sequence[LaidOutFile]
    ) -> dict[str, Any] | None:
        """`release.json` as this fault leaves it; None if it is not to be written."""
        if self.document is None:
            return document
        return self.document(document, [file.name for file in files if self.is_of(file)])


def rename_column(where: Where, old: str, new: str) -> Fault:
    """A column under a name that it never had: its contract no longer knows it."""

    def damage(grid: Grid) -> None:
        grid.header[grid.at(old)] = new

    return Fault("rename_column", where, cells=damage)


def drop_column(where: Where, column: str) -> Fault:
    """A column left out, its cells too."""

    def damage(grid: Grid) -> None:
        position = grid.at(column)
        for row in (grid.header, *grid.rows):
            del row[position]

    return Fault("drop_column", where, cells=damage)


def duplicate_row(where: Where, code: str | None = None) -> Fault:
    """An area's first row printed twice (the first council's if `code` is None)."""

    def damage(grid: Grid) -> None:
        row = grid.of(code or grid.councils()[0])[0]
        grid.rows.insert(grid.rows.index(row), list(row))

    return Fault("duplicate_row", where, cells=damage)


def drop_council(where: Where, code: str) -> Fault:
    """A council that existed left out, in every year."""

    def damage(grid: Grid) -> None:
        gone = {id(row) for row in grid.of(code)}
        grid.rows = [row for row in grid.rows if id(row) not in gone]

    return Fault("drop_council", where, cells=damage)


def unknown_council(where: Where, code: str = "E06000999", name: str = "Nowhere") -> Fault:
    """A council that never was: the first council's rows again, under another code."""

    def damage(grid: Grid) -> None:
        copies = [list(row) for row in grid.of(grid.councils()[0])]
        for row in copies:
            row[grid.at(grid.area)], row[grid.at(grid.area_name)] = code, name
        grid.rows += copies

    return Fault("unknown_council", where, cells=damage)


def wrong_year(where: Where, by: int = -1) -> Fault:
    """Every period `by` years off, the file's name unchanged: another year's file, renamed."""

    def damage(grid: Grid) -> None:
        position = grid.at(grid.period)
        for row in grid.rows:
            row[position] = shift_period(row[position], by)

    return Fault("wrong_year", where, cells=damage)


def reword(where: Where, column: str, old: str, new: str) -> Fault:
    """A label said in other words, wherever it stands in the column."""

    def damage(grid: Grid) -> None:
        position = grid.at(column)
        hits = [row for row in grid.rows if row[position] == old]
        if not hits:
            raise ValueError(f"No cell of {column} says {old!r}")
        for row in hits:
            row[position] = new

    return Fault("reword", where, cells=damage)


def unknown_mark(where: Where, cell: str = "n/a") -> Fault:
    """A mark that means nothing in the publisher's scheme, in one council's value."""

    def damage(grid: Grid) -> None:
        grid.a_value()[grid.at(grid.value)] = cell

    return Fault("unknown_mark", where, cells=damage)


def percentage_over_100(where: Where, cell: str = "140.2") -> Fault:
    """A percentage that cannot be, in one council's value."""

    def damage(grid: Grid) -> None:
        grid.a_value()[grid.at(grid.value)] = cell

    return Fault("percentage_over_100", where, cells=damage)


def set_cell(where: Where, code: str, period: str, column: str, cell: str) -> Fault:
    """One area's cell in one period, in every row that the file has of the two."""

    def damage(grid: Grid) -> None:
        rows = [row for row in grid.of(code) if row[grid.at(grid.period)] == period]
        if not rows:
            raise ValueError(f"There are no rows of {code} in {period}")
        for row in rows:
            row[grid.at(column)] = cell

    return Fault("set_cell", where, cells=damage)


def website_export(where: Where) -> Fault:
    """Fingertips' "Export as CSV", which looks like its API's file and is another thing.

    It holds one period, has `AreaName` and no code, counts with thousands commas, a mark-up
    element for a missing value, and a byte order mark.
    """

    def damage(grid: Grid) -> None:
        newest = max(grid.column(grid.period), key=end_year)
        grid.rows = [row for row in grid.rows if row[grid.at(grid.period)] == newest]
        value, codes = grid.at("Value"), (grid.at("Area Code"), grid.at("Parent Code"))
        for row in grid.rows:
            row[value] = row[value] or '<div class="no-data">-</div>'
            for count in (grid.at("Count"), grid.at("Denominator")):
                if row[count].isdigit():
                    row[count] = f"{int(row[count]):,}"
        grid.header[grid.at("Area Name")] = "AreaName"
        grid.header[grid.at("Compared to percentiles")] = "Compared to parent value or percentiles"
        for row in (grid.header, *grid.rows):
            for position in sorted(codes, reverse=True):
                del row[position]

    return Fault("website_export", where, cells=damage, content=lambda data: b"\xef\xbb\xbf" + data)


def another_encoding(where: Where, encoding: str = "cp1252") -> Fault:
    """The file in another encoding (`cp1252`, `utf-16`) than UTF-8.

    Names of areas end in a no-break space, as Ofsted's do: without one character beyond ASCII,
    the bytes would be the same in both.
    """

    def damage(grid: Grid) -> None:
        position = grid.at(grid.area_name)
        for row in grid.rows:
            if row[position].strip():
                row[position] += "\u00a0"

    return Fault(
        "another_encoding",
        where,
        cells=damage,
        content=lambda data: data.decode("utf-8-sig").encode(encoding),
    )


def swap_file_for_html(where: Where) -> Fault:
    """An error page, saved under the file's name."""
    return Fault("swap_file_for_html", where, content=lambda data: ERROR_PAGE)


def truncate_file(where: Where, keep: float = 0.5) -> Fault:
    """A download that broke off, in the middle of a row; `keep` is the share that arrived."""

    def damage(data: bytes) -> bytes:
        kept = data[: int(len(data) * keep)]
        while kept and kept[-1:] in b",\r\n":
            kept = kept[:-1]
        return kept

    return Fault("truncate_file", where, content=damage)


def wrong_hash(where: Where) -> Fault:
    """`release.json` names other bytes of the same length than the file has."""

    def damage(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
        for file in document["files"]:
            if file["name"] in names:
                file["sha256"] = file["sha256"][::-1]
        return document

    return Fault("wrong_hash", where, document=damage)


def no_release_json(where: Where) -> Fault:
    """A release whose `release.json` was never written."""
    return Fault("no_release_json", where, document=lambda document, names: None)

"""The sample's cuts: files kept cell by cell, but for all that no contract reads.

What is no figure of an area in one cell has no place in the sample's table: workbooks, and lists
that are counted. Of those the sample keeps the sheets, the columns and the rows of areas that
their contracts read, as published, in `cuts/` a file a publication; `cuts.yml` names the releases
and `scripts/write_sample.py` cuts them. They are laid out again as files of the same name, format
and cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import yaml
from pydantic import BaseModel, ConfigDict

from ingest.contracts.contract import FileContract
from ingest.reading.grids import below_header, sheets_wanted
from ingest.reading.names import as_known
from ingest.reading.tables import csv_text
from ingest.reading.workbooks import read_sheets
from ingest.sample.figures import SampleRelease
from ingest.sample.layout import LAYOUT_NOTE, write_file, write_release
from ingest.sample.workbook import workbook

FOLDER = Path(__file__).parent
WANTED = FOLDER / "cuts.yml"
LACKING = FOLDER / "lacking.yml"
CUTS = FOLDER / "cuts"
RELEASES = CUTS / "releases.yml"

Rows = list[list[str]]


class CutFile(BaseModel):
    """A file that is cut: its name and title as published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str


class CutRelease(SampleRelease):
    """A release with the files of it that are cut."""

    files: tuple[CutFile, ...]


class Lacking(BaseModel):
    """A release without a file that the one before had: its path, why it may, said on which day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    day: date
    reason: str


@dataclass(frozen=True)
class Sheet:
    """What is kept of one sheet, or of a CSV file, whose sheet has no name."""

    release: str
    file: str
    name: str
    rows: Rows


def wanted_releases(path: Path = WANTED) -> dict[str, list[str]]:
    """The folders of the releases to cut, by publication."""
    found: dict[str, list[str]] = yaml.safe_load(path.read_text("utf-8"))
    return found


def accepted_as_lacking(path: Path = LACKING) -> list[Lacking]:
    """The sample's releases that are not whole, and may be so."""
    return [Lacking.model_validate(item) for item in yaml.safe_load(path.read_text("utf-8"))]


def cut(data: bytes, contracts: Sequence[FileContract]) -> Iterator[tuple[str, Rows]]:
    """What a file's contracts read of it, sheet by sheet, each with its name.

    Of a plain CSV file the columns are left out that the contract knows to be of no use, of any
    other all that it does not name. In a workbook their cells below the header are blank: a header
    of several rows speaks of its columns by where they stand.

    Raises
    ------
    ReadError
        The file is not what a contract's reading says.
    """
    for contract in contracts:
        reading = contract.reading
        if reading.format == "csv":
            rows = list(csv.reader(io.StringIO(csv_text(data), newline=""), strict=True))
            start, names = (1, rows[0]) if reading.is_plain else below_header(rows, reading)
            read = _columns_read(names, contract)
            kept = _rows_read(rows[start:], names, contract)
            titles = [[cell for cell in row if cell.strip()] for row in rows[: start - 1]]
            yield (
                "",
                [*titles, *([row[at] for at in read] for row in [rows[start - 1], *kept])],
            )
        else:
            for sheet in read_sheets(data, sheets_wanted(reading)):
                cells = sheet.rows
                start, names = below_header(cells, reading)
                seen = set(_columns_read(names, contract))
                below = _rows_read(cells[start:], names, contract)
                blanked = (
                    [cell if at in seen else "" for at, cell in enumerate(row)] for row in below
                )
                yield sheet.name, [*cells[:start], *blanked]


def _columns_read(names: Sequence[str], contract: FileContract) -> list[int]:
    reading = contract.reading
    wanted = {*contract.kept, *reading.rows}
    known = as_known(wanted, names)
    melt = re.compile(reading.melt.columns, re.IGNORECASE) if reading.melt else None

    def is_read(name: str) -> bool:
        if known.get(name, name) in wanted:
            return True
        match = melt.fullmatch(name) if melt else None
        if match is None:
            return False
        cell = match.groupdict().get("cell", "value")
        return as_known(contract.kept, [cell]).get(cell, cell) in contract.kept

    # A column that got a new name is found in a plain file by its figures.
    if reading.is_plain:
        return [at for at, n in enumerate(names) if is_read(n) or not contract.is_ignored(n)]
    return [at for at, name in enumerate(names) if is_read(name)]


def _rows_read(rows: Iterable[list[str]], names: Sequence[str], contract: FileContract) -> Rows:
    """The rows of data that are of an area read: no notes, no other nation's, no district's."""
    known = as_known({*contract.kept, *contract.reading.rows}, names)
    positions = {known.get(name, name): at for at, name in reversed(list(enumerate(names)))}
    tests: list[tuple[int, Callable[[str], object]]] = [
        (positions[name], re.compile(pattern).fullmatch)
        for name, pattern in contract.reading.rows.items()
    ]
    if contract.area.level_from_code and contract.area.known_by == "gss":
        (level,) = (c for c in contract.columns if c.name == contract.area.level)
        at = next(positions[name] for name in level.published_as if name in positions)
        tests.append((at, lambda cell: not contract.is_ignored_level(cell)))
    wide = ([*row, *[""] * (len(names) - len(row))] for row in rows)
    return [row for row in wide if all(test(row[at].strip()) for at, test in tests)]


def write_cuts(cuts: Mapping[str, Sequence[Sheet]], folder: Path = CUTS) -> None:
    """Write one Parquet file a publication, a row group a sheet: the same cells, the same bytes."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.parquet"):
        path.unlink()
    for publication, sheets in cuts.items():
        width = max(len(row) for sheet in sheets for row in sheet.rows)
        schema = pa.schema([(name, pa.string()) for name in (*_HEAD, *_cell_names(width))])
        with pyarrow.parquet.ParquetWriter(
            folder / f"{publication}.parquet",
            schema,
            compression="zstd",
            compression_level=19,
            write_statistics=False,
            store_schema=False,
        ) as writer:
            for sheet in sheets:
                head = (sheet.release, sheet.file, sheet.name)
                columns: list[list[str | None]] = [[text] * len(sheet.rows) for text in head]
                columns += [
                    [row[at] if at < len(row) else None for row in sheet.rows]
                    for at in range(width)
                ]
                writer.write_table(pa.table(columns, schema=schema))


_HEAD = ("release", "file", "sheet")


def _cell_names(width: int) -> list[str]:
    return [f"cell_{at}" for at in range(width)]


def read_cuts(publication: str, folder: Path = CUTS) -> Iterator[Sheet]:
    """What is kept of a publication's files, sheet by sheet."""
    with pyarrow.parquet.ParquetFile(folder / f"{publication}.parquet") as file:
        for group in range(file.num_row_groups):
            columns = [column.to_pylist() for column in file.read_row_group(group).columns]
            (release, *_), (name, *_), (sheet, *_), *cells = columns
            rows = [[cell for cell in row if cell is not None] for row in zip(*cells, strict=True)]
            yield Sheet(release, name, sheet, rows)


def write_cut_releases(releases: Iterable[CutRelease], path: Path = RELEASES) -> None:
    """Write the releases with the names and titles of their files to YAML."""
    ordered = sorted(releases, key=lambda r: (r.publisher, r.publication, r.release, r.version))
    documents = [r.model_dump(mode="json", exclude_none=True) for r in ordered]
    text = yaml.safe_dump(documents, sort_keys=False, allow_unicode=True, width=100)
    heading = "# Written by scripts/write_sample.py: the releases that the sample's cuts are of.\n"
    path.write_text(heading + text, "utf-8")


def read_cut_releases(path: Path = RELEASES) -> list[CutRelease]:
    """The releases of the sample of which it has cuts."""
    return [CutRelease.model_validate(item) for item in yaml.safe_load(path.read_text("utf-8"))]


def lay_out_cuts(destination: Path) -> Path:
    """Add the releases that are cut to an archive; the same bytes every time."""
    sheets: dict[tuple[str, str, str], list[Sheet]] = {}
    releases = read_cut_releases()
    for publication in sorted({release.publication for release in releases}):
        for sheet in read_cuts(publication):
            sheets.setdefault((publication, sheet.release, sheet.file), []).append(sheet)
    for release in releases:
        folder = destination / release.path
        folder.mkdir(parents=True)
        described = release.model_dump(mode="json", exclude_none=True, exclude={"like", "files"})
        described["layout"] = LAYOUT_NOTE
        described["files"] = [
            write_file(
                folder,
                file.name,
                file.title,
                _content(file.name, sheets[release.publication, release.folder, file.name]),
            )
            for file in release.files
        ]
        write_release(folder, described)
    return destination


def _content(name: str, sheets: Sequence[Sheet]) -> bytes:
    if not name.lower().endswith(".csv"):
        return workbook(name, [(sheet.name, sheet.rows) for sheet in sheets])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(sheets[0].rows)
    return text.getvalue().encode("utf-8")

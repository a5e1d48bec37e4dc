"""Loads: the rows of one table of one published file, kept as Parquet by the file's hash.

Reads a table once in its life, and finds its contract's columns among the names it was published
with. What the rows are worth is for `expectations`.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from ingest.archive import PublishedFile, Release
from ingest.contracts import RELEASE, FileContract, Publication
from ingest.errors import ReadError
from ingest.reading.grids import SOURCE_SHEET, read_table
from ingest.reading.tables import SOURCE_ROW


@dataclass(frozen=True)
class Load:
    """One table of one file of one release, with the contract it is read by.

    `release` and `file` are as the archive has them. A workbook has a contract a table, and so a
    load each; a CSV file has one.
    """

    release: Release
    file: PublishedFile
    contract: FileContract

    def __str__(self) -> str:
        # A workbook's name tells the file, not which of its tables.
        table = "" if self.contract.reading.format == "csv" else f" ({self.contract.file_id})"
        return f"{self.release}: {self.file.name}{table}"


def loads_of(publication: Publication, release: Release) -> tuple[list[Load], list[PublishedFile]]:
    """A release's files that are read, and those that its contract does not know at all."""
    loads: list[Load] = []
    unknown: list[PublishedFile] = []
    for file in release.files:
        contracts = publication.file_for(file.name, release.published)
        loads += [Load(release, file, contract) for contract in contracts]
        if not contracts and not publication.is_unread(file.name):
            unknown.append(file)
    return loads, unknown


# What turns bytes into rows, beside the code of `ingest.reading`.
_LIBRARIES = ("duckdb", "pyarrow", "python-calamine")


@lru_cache(maxsize=1)
def reader_digest() -> str:
    """Changes whenever what is read of a file might: with the reader's code and its libraries."""
    folder = Path(__file__).parent
    seen = hashlib.sha256()
    for path in sorted([folder / "loads.py", *(folder / "reading").rglob("*.py")]):
        seen.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    for library in _LIBRARIES:
        seen.update(f"{library} {version(library)}\n".encode())
    return seen.hexdigest()


class LoadStore:
    """`<home>/loads`: one Parquet file a published file and reading, by hash. May be deleted.

    A file's name tells the hash of what was published and of what read it, so that a reader that
    was mended reads everything again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: PublishedFile, contract: FileContract) -> Path:
        """Where a file's rows are kept as a contract reads them, if they are there yet or not.

        A plain table is the same to every contract; any other reading is told by its own hash.
        """
        reading = contract.reading
        how = "" if reading.is_plain else f"-{reading.digest(contract.kept)[:16]}"
        return self.folder / f"{file.sha256}-{reader_digest()[:8]}{how}.parquet"

    def read(
        self, file: PublishedFile, contract: FileContract, contents: Callable[[], bytes]
    ) -> pa.Table:
        """A file's rows as published, from Parquet if it has been read before.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        path = self.path(file, contract)
        if path.exists():
            try:
                return pyarrow.parquet.read_table(path, memory_map=True)
            except (pa.ArrowInvalid, OSError):
                pass  # damaged on disk: the archive still has the truth
        table = read_table(contents(), contract.reading, contract.kept)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        pyarrow.parquet.write_table(table, partial, compression="zstd")
        partial.replace(path)
        return table

    def ensure(
        self, file: PublishedFile, contract: FileContract, contents: Callable[[], bytes]
    ) -> None:
        """See that a file's Parquet is there, reading the file again if it was deleted.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        try:
            pyarrow.parquet.read_schema(self.path(file, contract))
        except (pa.ArrowInvalid, OSError):
            self.read(file, contract, contents)

    def kept(self, file: PublishedFile) -> list[Path]:
        """What is kept of a file, by whatever reading."""
        return sorted(self.folder.glob(f"{file.sha256}*.parquet"))

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written, and what an older reader read."""
        for partial in self.folder.glob(".*.partial-*"):
            partial.unlink(missing_ok=True)
        for kept in self.folder.glob("*.parquet"):
            if kept.stem.split("-")[1:2] != [reader_digest()[:8]]:
                kept.unlink(missing_ok=True)


def with_release(load: Load, table: pa.Table) -> pa.Table:
    """The rows with their release's name beside them, where the contract takes its period there."""
    if load.contract.period.taken_from != "release":
        return table
    names = pa.array([load.release.release] * table.num_rows, pa.string())
    return table.append_column(RELEASE, names)


def published_names(contract: FileContract, names: list[str]) -> list[str]:
    """A Parquet's column names with those that `with_release` adds."""
    return [*names, RELEASE] if contract.period.taken_from == "release" else names


def column_mapping(contract: FileContract, published: list[str]) -> dict[str, str]:
    """Each canonical column's name in this file; none of a column that it may lack.

    Raises
    ------
    ReadError
        A column has none of the names it has had, or two of them. The nearest names found are
        told, never taken.
    """
    present = set(published)
    mapping: dict[str, str] = {}
    missing: list[str] = []
    for column in contract.columns:
        hits = [name for name in column.published_as if name in present]
        if len(hits) == 1:
            mapping[column.name] = hits[0]
            continue
        if column.name in contract.optional and not hits:
            continue
        if hits:
            raise ReadError(
                f"column {column.name} is there under two names: {', '.join(map(repr, hits))}"
            )
        known = " or ".join(repr(name) for name in column.published_as)
        nearest = difflib.get_close_matches(column.published_as[0], published, n=3, cutoff=0.5)
        hint = f" (nearest found: {', '.join(map(repr, nearest))})" if nearest else ""
        missing.append(f"{known}{hint}")
    if missing:
        raise ReadError("its columns are not known; missing: " + "; ".join(missing))
    return mapping


def unlisted_columns(contract: FileContract, published: list[str]) -> list[str]:
    """Published columns that the contract neither reads nor knows to be of no use."""
    listed = {name for column in contract.columns for name in column.published_as}
    return [
        name
        for name in published
        if name not in (SOURCE_ROW, SOURCE_SHEET)
        and name not in listed
        and not contract.is_ignored(name)
    ]


def canonical(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """The contract's columns under their canonical names, cells untouched.

    `source_row` stands before them, and `source_sheet` where the file is a workbook.
    """
    told = [name for name in (SOURCE_ROW, SOURCE_SHEET) if name in table.column_names]
    return pa.table(
        {name: table[name] for name in told}
        | {name: table[published] for name, published in mapping.items()}
    )

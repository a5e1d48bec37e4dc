"""Loads: the rows of one table of one published file, kept as Parquet by the file's hash.

Reads a table once in its life, and finds its contract's columns among the names it was published
with. What the rows are worth is for `expectations`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.archive import PublishedFile, Release
from ingest.contracts import RELEASE, FileContract, Publication
from ingest.reading.grids import read_table
from ingest.reading.recognise import Understanding, described

if TYPE_CHECKING:
    import pyarrow as pa


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


Recognised = Mapping[str, Sequence[str]]
"""Files that no contract knows by their names, and the ids of the contracts that read them."""


def loads_of(
    publication: Publication, release: Release, recognised: Recognised | None = None
) -> tuple[list[Load], list[PublishedFile]]:
    """A release's files that are read, and those that nobody knows at all."""
    by_id = {contract.file_id: contract for contract in publication.files}
    loads: list[Load] = []
    unknown: list[PublishedFile] = []
    for file in release.files:
        contracts = publication.file_for(file.name, release.published)
        if not contracts and not publication.is_unread(file.name):
            told = (recognised or {}).get(file.name, ())
            contracts = tuple(by_id[name] for name in told if name in by_id)
            if not contracts:
                unknown.append(file)
        loads += [Load(release, file, contract) for contract in contracts]
    return loads, unknown


def recognised_by(publication: Publication) -> str:
    """Changes whenever files might be recognised as others: with the contracts and the reader."""
    return f"{publication.digest}-{reader_digest()}"


def recognise_files(
    publication: Publication,
    files: Sequence[PublishedFile],
    published: date,
    contents: Callable[[PublishedFile], bytes],
) -> dict[str, tuple[str, ...]]:
    """Which tables stand in files that no contract knows by name, where such tables are wanting.

    `files` are those of one release, `published` its day. They are read only where the release
    lacks a table that its contracts know.
    """
    by_name = {file.name: publication.file_for(file.name, published) for file in files}
    there = {contract.file_id for contracts in by_name.values() for contract in contracts}
    unknown = [f for f in files if not by_name[f.name] and not publication.is_unread(f.name)]
    wanted = [
        one
        for one in publication.files
        if one.file_id not in there
        and one.succeeded_by not in there
        and one.published.covers(published)
    ]
    if not wanted or not unknown:
        return {}
    from ingest.reading.files import recognise

    return recognise(wanted, {file.name: functools.partial(contents, file) for file in unknown})


# What turns bytes into rows, beside the code of `ingest.reading`.
_LIBRARIES = ("duckdb", "pyarrow", "python-calamine", "xlrd")


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
        names = [*contract.kept, *map(repr, contract.figures)]
        how = "" if reading.is_plain else f"-{reading.digest(names)[:16]}"
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
        import pyarrow as pa
        import pyarrow.parquet

        path = self.path(file, contract)
        if path.exists():
            try:
                return pyarrow.parquet.read_table(path, memory_map=True)
            except (pa.ArrowInvalid, OSError):
                pass  # damaged on disk: the archive still has the truth
        table = read_table(contents(), contract.reading, contract.kept, contract.figures)
        self._keep(table, path)
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
        import pyarrow as pa
        import pyarrow.parquet

        try:
            pyarrow.parquet.read_schema(self.path(file, contract))
        except (pa.ArrowInvalid, OSError):
            self.read(file, contract, contents)

    def described(
        self, load: Load, how: Understanding, contents: Callable[[], bytes]
    ) -> tuple[Path, list[str]]:
        """A load's rows as they are understood, kept as Parquet too: where, and their columns.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        import pyarrow as pa
        import pyarrow.parquet

        plain = self.path(load.file, load.contract)
        contract = load.contract
        of_contract = (
            contract.columns,
            contract.known_marks,
            contract.period,
            contract.period_type,
        )
        told = [repr(of_contract), load.release.release, json.dumps(how.to_dict())]
        key = hashlib.sha256("\n".join(told).encode()).hexdigest()
        path = plain.with_name(f"{plain.stem}-as-{key[:16]}.parquet")
        try:
            return path, pyarrow.parquet.read_schema(path).names
        except (pa.ArrowInvalid, OSError):
            rows = with_release(load, self.read(load.file, load.contract, contents))
            table = described(rows, load.contract, how)
            self._keep(table, path)
            return path, table.column_names

    def _keep(self, table: pa.Table, path: Path) -> None:
        import pyarrow.parquet

        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        pyarrow.parquet.write_table(table, partial, compression="zstd")
        partial.replace(path)

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
    import pyarrow as pa

    names = pa.array([load.release.release] * table.num_rows, pa.string())
    return table.append_column(RELEASE, names)

"""Loads: the rows of one published file of one release, kept as Parquet by the file's hash.

Reads a file once in its life, and finds its contract's columns among the names it was published
with. What the rows are worth is for `expectations`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from ingest.archive import PublishedFile, Release
from ingest.contracts import FileContract, Publication
from ingest.errors import ReadError
from ingest.tables import SOURCE_ROW, read_csv


@dataclass(frozen=True)
class Load:
    """One file of one release, with the contract it is read by.

    `release` and `file` are as the archive has them.
    """

    release: Release
    file: PublishedFile
    contract: FileContract

    def __str__(self) -> str:
        return f"{self.release}: {self.file.name}"


def loads_of(publication: Publication, release: Release) -> tuple[list[Load], list[PublishedFile]]:
    """A release's files that are read, and those that its contract does not know at all."""
    loads: list[Load] = []
    unknown: list[PublishedFile] = []
    for file in release.files:
        contract = publication.file_for(file.name)
        if contract is not None:
            loads.append(Load(release, file, contract))
        elif not publication.is_unread(file.name):
            unknown.append(file)
    return loads, unknown


class LoadStore:
    """`<home>/loads`: one Parquet file a published file, named by its hash. May be deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: PublishedFile) -> Path:
        """Where the file's rows are kept, whether they are there yet or not."""
        return self.folder / f"{file.sha256}.parquet"

    def read(self, file: PublishedFile, contents: Callable[[], bytes]) -> pa.Table:
        """A file's rows as published, from Parquet if it has been read before.

        Raises
        ------
        ReadError
            The bytes are not a table.
        """
        path = self.path(file)
        if path.exists():
            try:
                return pyarrow.parquet.read_table(path, memory_map=True)
            except (pa.ArrowInvalid, OSError):
                pass  # damaged on disk: the archive still has the truth
        table = read_csv(contents())
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        pyarrow.parquet.write_table(table, partial, compression="zstd")
        partial.replace(path)
        return table

    def ensure(self, file: PublishedFile, contents: Callable[[], bytes]) -> None:
        """See that a file's Parquet is there, reading the file again if it was deleted.

        Raises
        ------
        ReadError
            The bytes are not a table.
        """
        try:
            pyarrow.parquet.read_schema(self.path(file))
        except (pa.ArrowInvalid, OSError):
            self.read(file, contents)

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written."""
        for partial in self.folder.glob(".*.partial-*"):
            partial.unlink(missing_ok=True)


def column_mapping(contract: FileContract, published: list[str]) -> dict[str, str]:
    """Each canonical column's name in this file.

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
        if name != SOURCE_ROW and name not in listed and not contract.is_ignored(name)
    ]


def canonical(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """The contract's columns under their canonical names, with `source_row`, cells untouched."""
    return pa.table(
        {SOURCE_ROW: table[SOURCE_ROW]}
        | {name: table[published] for name, published in mapping.items()}
    )

"""Loads: one table of one published file each, with the contract that reads it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ingest.archive.release import PublishedFile, Release
from ingest.contracts.contract import FileContract, Publication
from ingest.contracts.specs import RELEASE
from ingest.reading.digest import reader_digest

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
            names = (recognised or {}).get(file.name, ())
            contracts = tuple(by_id[name] for name in names if name in by_id)
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


def with_release(load: Load, table: pa.Table) -> pa.Table:
    """The rows with their release's name beside them, where the contract takes its period there."""
    if load.contract.period.taken_from != "release":
        return table
    import pyarrow as pa

    names = pa.array([load.release.release] * table.num_rows, pa.string())
    return table.append_column(RELEASE, names)

"""Files that come under names that no contract knows: which of them are kept, by what they hold.

A publisher names its files anew more often than it changes them. A zip has many files that are
none of ours, so they are looked into only where a release lacks a table that the one before had, or
all of its tables.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from ingest.archive.release import PublishedFile, Release
from ingest.contracts.contract import Publication
from ingest.errors import PublisherError
from ingest.http.answers import IncompleteError
from ingest.publishers import content
from ingest.reading.loads import recognise_files

Tables = Mapping[str, Sequence[str]]
"""Files by name, and the ids of the tables that they hold."""

_FORMATS = {".csv", ".xlsx", ".xls", ".ods"}
# What is looked into is read whole; so much of a release at most, in bytes (since November 2026:
# the largest release at hand has 20 MB of tables).
_MOST = 200 << 20


def tables_in(
    publication: Publication, files: Sequence[PublishedFile], folder: Path, day: date
) -> Tables:
    """The tables in files of unknown names, of a release that has these files in a folder."""
    return recognise_files(publication, files, day, lambda f: (folder / f.name).read_bytes())


def kept_of_zip(
    publication: Publication,
    packed: Path,
    folder: Path,
    files: list[PublishedFile],
    left: list[str],
    day: date,
    before: Release | None,
    limits: content.Limits,
) -> tuple[list[PublishedFile], list[str]]:
    """The files kept of a zip and the names left out, with those kept that hold a table wanting.

    `files` and `left` are these by their names alone, `before` the release that is held before.
    """
    lacking = _lacking(publication, files, day, before)
    worth = {name for name in left if PurePosixPath(name).suffix.lower() in _FORMATS}
    if not lacking or not worth:
        return files, left
    aside = folder / ".aside"
    aside.mkdir()
    try:
        found, _ = content.unpack(packed, aside, worth.__contains__, limits)
        if sum(file.bytes for file in found) > _MOST:
            return files, left
        held = {
            name
            for name, tables in tables_in(publication, [*files, *found], aside, day).items()
            if not lacking.isdisjoint(tables)
        }
        for name in held:
            (aside / name).rename(folder / name)
    except (IncompleteError, PublisherError):
        # One of them is not what its name says: what is known by name came all the same.
        return files, left
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    kept = [*files, *(file for file in found if file.name in held)]
    return kept, [name for name in left if name not in held]


def _lacking(
    publication: Publication, files: Sequence[PublishedFile], day: date, before: Release | None
) -> set[str]:
    """The tables that a release lacks by its files' names, and that it should have."""
    covered = {one.file_id: one for one in publication.files if one.published.covers(day)}
    there = {one.file_id for file in files for one in publication.file_for(file.name, day)}
    named = [publication.file_for(file.name) for file in before.files] if before else []
    had = {one.file_id for contracts in named for one in contracts}
    if not there or any(
        not contracts and not publication.is_unread(file.name)
        for contracts, file in zip(named, before.files if before else (), strict=True)
    ):
        # Nothing is known by name, or the one before had a table under another name too.
        had = set(covered)
    return {
        name for name in had - there if name in covered and covered[name].succeeded_by not in there
    }

"""A home's own archive: releases are added whole or not at all, and never overwritten.

What is held, and what becomes of a release that comes; how that is written is for its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ingest.archive.bucket import Bucket
from ingest.archive.places import Folder, Place
from ingest.archive.release import (
    DECISIONS_FILE,
    RELEASE_FILE,
    UPSTREAM_FILE,
    VERDICT_FILE,
    Problem,
    Release,
    in_order,
    sha256_of,
)
from ingest.archive.store import Archive
from ingest.errors import ArchiveError, HomeError
from ingest.object_store import is_address

# The line of a verdict, among its outermost, that says when it was given.
_WHEN_CHECKED = re.compile(rb'^  "checked": "[^"\n]*",?\n', re.MULTILINE)


class HomeArchive(Archive):
    """The archive of a home: ours to write, where releases are added and never overwritten.

    A folder, which is made where it is not there, or an address that fsspec knows; `work` is a
    folder in which what was read from an address is kept.
    """

    def __init__(self, at: Path | str, work: Path | None = None) -> None:
        self._at, self._work = at, work
        # A release is read once, until its file is another.
        self._read: dict[str, tuple[Hashable, Release | Problem]] = {}
        self._place: Place
        if is_address(str(at)):
            self._place = bucket = Bucket(str(at), work)
            self.address = bucket.store.address
            return
        folder = Path(at)
        folder.mkdir(parents=True, exist_ok=True)
        self._place = Folder(folder)
        self.address = str(folder)

    def __reduce__(self) -> tuple[type[HomeArchive], tuple[Path | str, Path | None]]:
        # A process beside this one reads for itself.
        return HomeArchive, (self._at, self._work)

    @property
    def folder(self) -> Path:
        """The folder it is, for who works on it as such.

        Raises
        ------
        HomeError
            It stands on an object store.
        """
        if not isinstance(self._place, Folder):
            raise HomeError(f"{self.address} is no folder of this machine.")
        return self._place.folder

    @property
    def is_local(self) -> bool:
        """Whether it stands on a disk of this machine."""
        return isinstance(self._place, Folder)

    @property
    def unguarded(self) -> bool:
        """Whether its store lets two write one object, so that one home must write at a time."""
        return isinstance(self._place, Bucket) and self._place.unguarded

    def is_at(self, address: str) -> bool:
        """Whether it is what an address, or a folder's path, leads to."""
        if self.is_local or is_address(address):
            same = str(self._at).rstrip("/") == address.rstrip("/")
            return same or (
                self.is_local
                and not is_address(address)
                and Path(address).exists()
                and Path(address).resolve() == self.folder.resolve()
            )
        return False

    def look_again(self) -> None:
        """See that what others did since it was looked at is found."""
        self._place.look_again()

    def _folders(self, path: str) -> list[str]:
        return self._place.folders(path)

    def _content(self, path: str) -> bytes:
        return self._place.read(path)

    def _stands(self, path: str) -> bool:
        return self._place.stamp(f"{path}/{RELEASE_FILE}") is not None

    def _described(self, path: str) -> Release | Problem:
        stamp = self._place.stamp(f"{path}/{RELEASE_FILE}")
        if stamp is None:
            return super()._described(path)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = stamp, super()._described(path)
            self._read[path] = known
        return known[1]

    def arrived(self, release: Release) -> datetime | None:
        """When a release came to this archive."""
        return self._place.arrived(f"{release.path}/{RELEASE_FILE}")

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written."""
        self._place.sweep()

    def copy_to(self, target: Path, publisher: str = "", publication: str = "") -> None:
        """Copy it, or a publication of it, with verdicts and decisions, into a folder."""
        self._place.copy_to(f"{publisher}/{publication}".strip("/"), target)

    def held(self, publisher: str, publication: str) -> list[Release]:
        """The releases held, oldest first, in the order of vintages."""
        return in_order(r for r in self.releases(publisher, publication) if isinstance(r, Release))

    def add(self, source: Archive, release: Release) -> Release | None:
        """Bring a release home whole; None if it is held already.

        A release held under the same name with other bytes was changed by its publisher: it is
        kept under the next number, with its own day, whichever of the two came out first. The
        same bytes are kept again where they came out before anything held did, since they tell
        when the release was new, or after another version, which they then replace. One that came
        without some of its files is given those when they come, and stays the version that it is.

        Raises
        ------
        ArchiveError
            A file is missing or its hash differs; nothing is kept of the release then.
        """
        if self.holds(release):
            return None
        with self._place.alone(f"{release.publisher}/{release.publication}/{release.release}"):
            return self._add(source, release)

    def _add(self, source: Archive, release: Release) -> Release | None:
        versions = self._versions(release)
        # Another home may have added it just before.
        if _is_held(release, versions):
            return None
        for held in versions:
            if held.missing and held.hashes.items() <= release.hashes.items():
                return self._complete(source, held, release)
        kept = release
        taken = {held.version for held in versions}
        if release.version in taken:
            kept = release.model_copy(update={"version": max(taken) + 1})
        document = kept.model_dump(mode="json", exclude_none=True)
        self._place.take_in(
            kept.path,
            ((file.name, source.read(release, file)) for file in release.files),
            _json_bytes(document),
        )
        return kept

    def _complete(self, source: Archive, held: Release, release: Release) -> Release:
        """Add the files that a held release lacked; its `release.json`, written last, tells."""
        document = held.model_dump(mode="json", exclude_none=True)
        document["files"] = [
            file.model_dump(mode="json", exclude_none=True) for file in release.files
        ]
        document.pop("missing", None)
        if release.missing:
            document["missing"] = list(release.missing)
        lacked = (file for file in release.files if file.name not in held.hashes)
        self._place.complete(
            held.path,
            ((file.name, source.read(release, file)) for file in lacked),
            _json_bytes(document),
        )
        return Release.model_validate(document)

    def holds(self, release: Release) -> bool:
        """Whether adding a release would add nothing."""
        own = self._described(release.path)
        # Where it stands to the letter no other version need be looked at: of most, every night.
        if isinstance(own, Release) and own.hashes == release.hashes and _same_day(own, release):
            return True
        return _is_held(release, self._versions(release))

    def _versions(self, release: Release) -> list[Release]:
        """The versions held of a release; no other release's folder is looked into."""
        publication = f"{release.publisher}/{release.publication}"
        described = (
            self._described(f"{publication}/{name}")
            for name in self._folders(publication)
            if name == release.release or name.startswith(f"{release.release}+")
        )
        return in_order(
            r for r in described if isinstance(r, Release) and r.release == release.release
        )

    def verdict(self, release: Release) -> dict[str, Any] | None:
        """What the checks said of a release when it arrived, or None if they have not run."""
        try:
            document: dict[str, Any] = json.loads(
                self._place.read(f"{release.path}/{VERDICT_FILE}")
            )
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def verdict_digest(self, release: Release) -> str:
        """Tells one verdict on a release from another, but for when it was given; empty for none.

        Of the file's own bytes: putting what is in it in order takes as long as reading it.
        """
        try:
            kept = self._place.read(f"{release.path}/{VERDICT_FILE}")
        except OSError:
            return ""
        return sha256_of(_WHEN_CHECKED.sub(b"", kept, count=1))

    def record_verdict(self, release: Release, document: dict[str, Any]) -> None:
        """Keep a verdict beside its release, replacing the one before.

        Where another home completed the release meanwhile it is not of those files, and is left.
        """
        if self._place.is_as_known(f"{release.path}/{RELEASE_FILE}"):
            self._replace(release, VERDICT_FILE, document)

    def withdrawn(self, release: Release) -> dict[str, str] | None:
        """When a release was first found withdrawn by its publisher, and why; None if it is not."""
        try:
            document = json.loads(self._place.read(f"{release.path}/{UPSTREAM_FILE}"))
        except (OSError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) and "withdrawn" in document else None

    def mark_withdrawn(self, release: Release, day: date, reason: str) -> bool:
        """Mark a release that its publisher withdrew. It stays; True if it was not marked yet."""
        if self.withdrawn(release) is not None:
            return False
        self._replace(release, UPSTREAM_FILE, {"withdrawn": day.isoformat(), "reason": reason})
        return True

    def mark_offered(self, release: Release) -> None:
        """Take the mark away: its publisher offers the release again."""
        self._place.remove(f"{release.path}/{UPSTREAM_FILE}")

    def decisions(self, release: Release) -> list[dict[str, Any]]:
        """What persons decided of a release's loads, oldest first.

        Raises
        ------
        ArchiveError
            The file is damaged. Unlike a verdict it cannot be made again, so it is not passed over.
        """
        where = f"{release.path}/{DECISIONS_FILE}"
        try:
            return _decisions_in(self._place.read(where), f"{self.address}/{where}")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ArchiveError(
                f"{self.address}/{where} cannot be read: {error}. {_MEND}"
            ) from error

    def record_decisions(self, release: Release, documents: list[dict[str, Any]]) -> None:
        """Add decisions to those kept beside a release; none is ever taken away."""
        where = f"{release.path}/{DECISIONS_FILE}"

        def added(before: bytes | None) -> bytes:
            known = [] if before is None else _decisions_in(before, f"{self.address}/{where}")
            return _json_bytes([*known, *documents])

        self._place.change(where, added)

    def _replace(self, release: Release, name: str, document: object) -> None:
        self._place.replace(f"{release.path}/{name}", _json_bytes(document))


def _decisions_in(data: bytes, where: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{where} cannot be read: {error}. {_MEND}") from error
    if not isinstance(document, list) or not all(isinstance(d, dict) for d in document):
        raise ArchiveError(f"{where} is not a list of decisions. {_MEND}")
    return document


def _is_held(release: Release, versions: list[Release]) -> bool:
    """Whether versions held, in their order, tell all that this one does."""
    known = [held for held in versions if held.hashes == release.hashes]
    if not known or any(_same_day(held, release) for held in known):
        return bool(known)
    by_then = [held for held in versions if held.published <= release.published]
    return bool(by_then) and by_then[-1].hashes == release.hashes


def _same_day(one: Release, other: Release) -> bool:
    """Whether two came out on one day, as far as is known of either."""
    if "month" in (one.published_precision, other.published_precision):
        return one.published.replace(day=1) == other.published.replace(day=1)
    return one.published == other.published


_MEND = "Mend it or restore it: without it nobody knows what was accepted or rejected."


def _json_bytes(document: object) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")

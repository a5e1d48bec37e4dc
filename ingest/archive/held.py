"""A home's own archive: releases are added whole or not at all, and never overwritten."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

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
from ingest.archive.writing import PARTIAL, sync_folder, write_synced, write_whole
from ingest.errors import ArchiveError

# The line of a verdict, among its outermost, that says when it was given.
_WHEN_CHECKED = re.compile(rb'^  "checked": "[^"\n]*",?\n', re.MULTILINE)


class HomeArchive(Archive):
    """The archive of a home: a folder of ours, where releases are added and never overwritten."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        # A release is read once, until its file is another.
        self._read: dict[str, tuple[tuple[int, int, int], Release | Problem]] = {}
        super().__init__(folder)

    def _described(self, path: str) -> Release | Problem:
        try:
            stat = (self.folder / path / RELEASE_FILE).stat()
        except OSError:
            return super()._described(path)
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = stamp, super()._described(path)
            self._read[path] = known
        return known[1]

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written."""
        for partial in self.folder.glob(f"*/*/{PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)
        for name in (VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE):
            for half in self.folder.glob(f"*/*/*/.{name}{PARTIAL}*"):
                half.unlink(missing_ok=True)

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
        versions = self._versions(release)
        if _is_held(release, versions):
            return None
        for held in versions:
            if held.missing and held.hashes.items() <= release.hashes.items():
                return self._complete(source, held, release)
        kept = release
        taken = {held.version for held in versions}
        if release.version in taken:
            kept = release.model_copy(update={"version": max(taken) + 1})
        destination = self.folder / kept.path
        partial = destination.with_name(f"{PARTIAL}{os.getpid()}-{kept.folder}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            for file in release.files:
                write_synced(partial / file.name, source.read(release, file))
            document = kept.model_dump(mode="json", exclude_none=True)
            write_synced(partial / RELEASE_FILE, _json_bytes(document))
            sync_folder(partial)
            partial.rename(destination)
            sync_folder(destination.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return kept

    def _complete(self, source: Archive, held: Release, release: Release) -> Release:
        """Add the files that a held release lacked; its `release.json`, written last, tells."""
        folder = self.folder / held.path
        for file in release.files:
            if file.name not in held.hashes:
                write_whole(folder / file.name, source.read(release, file))
        sync_folder(folder)
        document = held.model_dump(mode="json", exclude_none=True)
        document["files"] = [
            file.model_dump(mode="json", exclude_none=True) for file in release.files
        ]
        document.pop("missing", None)
        if release.missing:
            document["missing"] = list(release.missing)
        # It was of fewer files, and is made again.
        (folder / VERDICT_FILE).unlink(missing_ok=True)
        write_whole(folder / RELEASE_FILE, _json_bytes(document))
        sync_folder(folder)
        return Release.model_validate(document)

    def holds(self, release: Release) -> bool:
        """Whether adding a release would add nothing."""
        return _is_held(release, self._versions(release))

    def _versions(self, release: Release) -> list[Release]:
        """The versions held of a release; no other release's folder is looked into."""
        publication = f"{release.publisher}/{release.publication}"
        try:
            names = [path.name for path in (self.folder / publication).iterdir()]
        except OSError:
            return []
        described = (
            self._described(f"{publication}/{name}")
            for name in names
            if name == release.release or name.startswith(f"{release.release}+")
        )
        return in_order(
            r for r in described if isinstance(r, Release) and r.release == release.release
        )

    def verdict(self, release: Release) -> dict[str, Any] | None:
        """What the checks said of a release when it arrived, or None if they have not run."""
        try:
            document: dict[str, Any] = json.loads(
                (self.folder / release.path / VERDICT_FILE).read_bytes()
            )
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def verdict_digest(self, release: Release) -> str:
        """Tells one verdict on a release from another, but for when it was given; empty for none.

        Of the file's own bytes: putting what is in it in order takes as long as reading it.
        """
        try:
            kept = (self.folder / release.path / VERDICT_FILE).read_bytes()
        except OSError:
            return ""
        return sha256_of(_WHEN_CHECKED.sub(b"", kept, count=1))

    def record_verdict(self, release: Release, document: dict[str, Any]) -> None:
        """Keep a verdict beside its release, replacing the one before."""
        self._replace(release, VERDICT_FILE, document)

    def withdrawn(self, release: Release) -> dict[str, str] | None:
        """When a release was first found withdrawn by its publisher, and why; None if it is not."""
        try:
            document = json.loads((self.folder / release.path / UPSTREAM_FILE).read_bytes())
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
        (self.folder / release.path / UPSTREAM_FILE).unlink(missing_ok=True)

    def decisions(self, release: Release) -> list[dict[str, Any]]:
        """What persons decided of a release's loads, oldest first.

        Raises
        ------
        ArchiveError
            The file is damaged. Unlike a verdict it cannot be made again, so it is not passed over.
        """
        path = self.folder / release.path / DECISIONS_FILE
        try:
            document = json.loads(path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            raise ArchiveError(f"{path} cannot be read: {error}. {_MEND}") from error
        if not isinstance(document, list) or not all(isinstance(d, dict) for d in document):
            raise ArchiveError(f"{path} is not a list of decisions. {_MEND}")
        return document

    def record_decisions(self, release: Release, documents: list[dict[str, Any]]) -> None:
        """Add decisions to those kept beside a release; none is ever taken away."""
        self._replace(release, DECISIONS_FILE, [*self.decisions(release), *documents])
        sync_folder(self.folder / release.path)

    def _replace(self, release: Release, name: str, document: Any) -> None:
        write_whole(self.folder / release.path / name, _json_bytes(document))


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


def _json_bytes(document: Any) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")

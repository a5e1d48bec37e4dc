"""The archive: releases as published, in folders a person can browse.

Reads the layout of `design.md` from a disk or an object store (through fsspec), and checks every
hash on the way in. Knows nothing of what is in a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import (
    ValidationError,
)

from ingest.archive.release import RELEASE_FILE, Problem, PublishedFile, Release, sha256_of
from ingest.errors import ArchiveError, FetchError, without_credentials
from ingest.object_store import open_address

_UNNAMED = f"it has no {RELEASE_FILE}, so nothing says what its files are"


class Archive:
    """An archive to read from: a folder, or an object-store address that fsspec knows.

    Raises
    ------
    ArchiveError
        There is nothing at the address, or nothing of an archive's layout.
    """

    def __init__(self, address: str | Path) -> None:
        self.address = without_credentials(str(address)) if "://" in str(address) else str(address)
        try:
            if "://" in str(address):
                self.fs, self.root = open_address(str(address))
            else:
                import fsspec

                # A folder's name may have `::` in it, which chains addresses.
                self.fs = fsspec.filesystem("file")
                self.root = Path(address).absolute().as_posix()
            found = self.fs.isdir(self.root)
        except Exception as error:  # each package of fsspec has errors of its own
            known = isinstance(error, (ImportError, OSError, ValueError))
            if not known and "://" not in str(address):
                raise
            reason = " ".join(without_credentials(str(error)).split())
            kind = ArchiveError if known else FetchError
            raise kind(f"{self.address} cannot be opened as an archive: {reason}") from None
        if not found:
            raise ArchiveError(f"There is no archive at {self.address}: no such folder.")

    @property
    def is_local(self) -> bool:
        """Whether it stands on a disk of this machine."""
        protocol = self.fs.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    @contextmanager
    def _asked(self, path: str) -> Iterator[None]:
        """See that what a store's own package raises is told as what it is."""
        try:
            yield
        except OSError:
            raise
        except Exception as error:  # each package of fsspec has errors of its own
            if self.is_local:
                raise
            reason = " ".join(without_credentials(str(error)).split())
            raise FetchError(f"{path or self.address} cannot be read: {reason}") from error

    def _folders(self, path: str) -> list[str]:
        """The names of the folders in one, in order."""
        try:
            with self._asked(path):
                entries = self.fs.ls(f"{self.root}/{path}" if path else self.root, detail=True)
        except OSError as error:
            if self.is_local or isinstance(error, FileNotFoundError):
                return []
            reason = without_credentials(str(error))
            raise FetchError(f"{path or self.address} cannot be read: {reason}") from error
        names = [PurePosixPath(e["name"]).name for e in entries if e["type"] == "directory"]
        return sorted(name for name in names if not name.startswith("."))

    def _content(self, path: str) -> bytes:
        """A file's bytes; `OSError` where there is none."""
        with self._asked(path):
            data: bytes = self.fs.cat_file(f"{self.root}/{path}")
            return data

    def _stands(self, path: str) -> bool:
        """Whether a folder has a `release.json`."""
        with self._asked(path):
            return bool(self.fs.exists(f"{self.root}/{path}/{RELEASE_FILE}"))

    def publications(self) -> list[tuple[str, str]]:
        """Every (publisher, publication) in the archive.

        Raises
        ------
        ArchiveError
            The folder has no `<publisher>/<publication>/<release>/release.json` in it.
        """
        found = [
            (publisher, publication)
            for publisher in self._folders("")
            for publication in self._folders(publisher)
        ]
        for publisher, publication in found:
            folder = f"{publisher}/{publication}"
            if any(self._stands(f"{folder}/{release}") for release in self._folders(folder)):
                return found
        raise ArchiveError(
            f"{self.address} is not an archive: it has no"
            f" <publisher>/<publication>/<release>/{RELEASE_FILE}."
        )

    def releases(self, publisher: str, publication: str) -> Iterator[Release | Problem]:
        """Each release of a publication, oldest folder name first, or what is wrong with it."""
        for folder in self._folders(f"{publisher}/{publication}"):
            path = f"{publisher}/{publication}/{folder}"
            found = self._described(path)
            # On an object store a release that is being added has files and no `release.json` yet.
            if self.is_local or found != Problem(path, _UNNAMED):
                yield found

    def arrived(self, release: Release) -> datetime | None:
        """When a release came to this archive, where that can be told."""
        if not self.is_local:
            return None
        written = Path(self.root) / release.path / RELEASE_FILE
        return datetime.fromtimestamp(written.stat().st_mtime, UTC)

    def _described(self, path: str) -> Release | Problem:
        """What the `release.json` in a folder says."""
        try:
            release = Release.model_validate_json(self._content(f"{path}/{RELEASE_FILE}"))
        except FileNotFoundError:
            return Problem(path, _UNNAMED)
        except OSError as error:
            return Problem(path, f"its {RELEASE_FILE} cannot be read: {error}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "file"
            return Problem(path, f"its {RELEASE_FILE} is not valid: {where}: {first['msg']}")
        if release.path != path:
            return Problem(path, f"its {RELEASE_FILE} says it is {release.path}")
        return release

    def read(self, release: Release, file: PublishedFile) -> bytes:
        """A file's bytes, its length and hash checked.

        Raises
        ------
        ArchiveError
            The file is not there, cannot be read, or is not the one that `release.json` names.
        """
        where = f"{release.path}/{file.name}"
        try:
            data = self._content(where)
        except FileNotFoundError as error:
            raise ArchiveError(f"{where} is named in {RELEASE_FILE} and is not there.") from error
        except OSError as error:
            # A disk answers for good; a network may answer otherwise in a minute.
            kind = ArchiveError if self.is_local else FetchError
            raise kind(f"{where} cannot be read: {without_credentials(str(error))}") from error
        if len(data) != file.bytes or sha256_of(data) != file.sha256:
            raise ArchiveError(
                f"{where} is not the file that {RELEASE_FILE} names: {len(data):,} bytes with hash"
                f" {sha256_of(data)[:12]}…, expected {file.bytes:,} with {file.sha256[:12]}…"
            )
        return data

    def verify(self) -> Iterator[Release | Problem]:
        """Every release, read whole and found sound, or what is wrong with it."""
        for publisher, publication in self.publications():
            for release in self.releases(publisher, publication):
                if isinstance(release, Problem):
                    yield release
                    continue
                try:
                    for file in release.files:
                        self.read(release, file)
                except ArchiveError as error:
                    yield Problem(release.path, str(error))
                else:
                    yield release

"""The archive: releases as published, in folders a person can browse.

Knows the layout of `design.md` on a disk or an object store (through fsspec), checks every hash
on the way in, and writes a release whole or not at all. Knows nothing of what is in a file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from ingest.errors import ArchiveError, FetchError

RELEASE_FILE = "release.json"
VERDICT_FILE = "verdict.json"
DECISIONS_FILE = "decisions.json"
UPSTREAM_FILE = "upstream.json"
_PARTIAL = ".partial-"


def _safe_name(name: str) -> str:
    """A name that stays inside its folder, whatever a publisher calls its file.

    Disks take names of 255 bytes; ours put a few before them.
    """
    if not re.fullmatch(r"[^\x00-\x1f\x7f/\\:]+", name) or name.startswith("."):
        raise ValueError(f"{name!r} is not a plain file or folder name")
    if len(name.encode()) > 200:
        raise ValueError(f"{name[:40]!r}… is longer than the 200 bytes a name may have")
    return name


def _not_ours(name: str) -> str:
    """A file's name that does not stand where the archive keeps what it knows of a release."""
    if name.lower() in (RELEASE_FILE, VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE):
        raise ValueError(f"{name!r} is a name that the archive keeps for itself")
    return name


SafeName = Annotated[str, AfterValidator(_safe_name)]
FileName = Annotated[SafeName, AfterValidator(_not_ours)]


class PublishedFile(BaseModel):
    """One file of a release, as its publisher named it. `bytes` is its size."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: FileName
    title: str = ""
    bytes: int = Field(ge=0, lt=2**63)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


class Release(BaseModel):
    """`release.json`: one edition of a publication, in one version."""

    model_config = ConfigDict(frozen=True, extra="allow")

    publisher: SafeName
    publication: SafeName
    title: str
    release: SafeName
    version: int = Field(default=1, ge=1, lt=2**31)
    published: date = Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))
    published_precision: Literal["day", "month"] = "day"
    landing_page: str
    licence: str
    retrieved: datetime | None = None
    layout: str = "as published"
    note: str | None = None
    files: tuple[PublishedFile, ...] = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _named_once(cls, files: tuple[PublishedFile, ...]) -> tuple[PublishedFile, ...]:
        if len({file.name for file in files}) < len(files):
            raise ValueError("two files have one name")
        return files

    @property
    def folder(self) -> str:
        """Its folder in its publication's: `2024`, or `2024+2` for a second version."""
        return self.release if self.version == 1 else f"{self.release}+{self.version}"

    @property
    def path(self) -> str:
        """Its folder in the archive."""
        return f"{self.publisher}/{self.publication}/{self.folder}"

    def __str__(self) -> str:
        return f"{self.publication} {self.folder}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that its publisher lists, and could not give when it was fetched."""
        named = (self.model_extra or {}).get("missing", ())
        return tuple(map(str, named)) if isinstance(named, list | tuple) else ()

    @property
    def hashes(self) -> dict[str, str]:
        """Each file's hash by its name: what tells one version from another."""
        return {file.name: file.sha256 for file in self.files}


@dataclass(frozen=True)
class Problem:
    """Something in an archive that is not what it should be: where, and one sentence."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def in_order(releases: Iterable[Release]) -> list[Release]:
    """A publication's releases in the one order of vintages, oldest first.

    By the day on which a release first came out, then, of one release, by the day and the number
    of its version: never by the order of arrival. A release is as new as the first of its versions
    that anybody saw, so that one amended late does not pass for the newest. The warehouse has the
    same order (`vintage_order` in `dbt_project/macros/vintages.sql`).
    """
    listed = list(releases)
    first: dict[str, date] = {}
    for release in listed:
        first[release.release] = min(first.get(release.release, date.max), release.published)
    return sorted(listed, key=lambda r: (first[r.release], r.release, r.published, r.version))


def sha256_of(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def without_credentials(text: str) -> str:
    """A message whose addresses say where, and not who asks or with what key."""
    return re.sub(r"\?[^\s'\"]*", "", re.sub(r"//[^/\s]*@", "//", text))


class Archive:
    """An archive to read from: a folder, or an object-store address that fsspec knows.

    Raises
    ------
    ArchiveError
        There is nothing at the address, or nothing of an archive's layout.
    """

    def __init__(self, address: str | Path) -> None:
        import fsspec

        self.address = without_credentials(str(address)) if "://" in str(address) else str(address)
        try:
            if "://" in str(address):
                self.fs, self.root = fsspec.core.url_to_fs(str(address))
            else:
                # A folder's name may have `::` in it, which chains addresses.
                self.fs = fsspec.filesystem("file")
                self.root = Path(address).absolute().as_posix()
            found = self.fs.isdir(self.root)
        except (ImportError, OSError, ValueError) as error:
            said = without_credentials(str(error))
            raise ArchiveError(f"{self.address} cannot be opened as an archive: {said}") from None
        if not found:
            raise ArchiveError(f"There is no archive at {self.address}: no such folder.")

    @property
    def is_local(self) -> bool:
        """Whether it stands on a disk of this machine."""
        protocol = self.fs.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def _folders(self, path: str) -> list[str]:
        try:
            entries = self.fs.ls(path, detail=True)
        except (OSError, NotADirectoryError):
            return []
        names = [PurePosixPath(e["name"]).name for e in entries if e["type"] == "directory"]
        return sorted(name for name in names if not name.startswith("."))

    def publications(self) -> list[tuple[str, str]]:
        """Every (publisher, publication) in the archive.

        Raises
        ------
        ArchiveError
            The folder has no `<publisher>/<publication>/<release>/release.json` in it.
        """
        found = [
            (publisher, publication)
            for publisher in self._folders(self.root)
            for publication in self._folders(f"{self.root}/{publisher}")
        ]
        for publisher, publication in found:
            folder = f"{self.root}/{publisher}/{publication}"
            if any(self.fs.exists(f"{folder}/{r}/{RELEASE_FILE}") for r in self._folders(folder)):
                return found
        raise ArchiveError(
            f"{self.address} is not an archive: it has no"
            f" <publisher>/<publication>/<release>/{RELEASE_FILE}."
        )

    def releases(self, publisher: str, publication: str) -> Iterator[Release | Problem]:
        """Each release of a publication, oldest folder name first, or what is wrong with it."""
        for folder in self._folders(f"{self.root}/{publisher}/{publication}"):
            yield self._described(f"{publisher}/{publication}/{folder}")

    def _described(self, path: str) -> Release | Problem:
        """What the `release.json` in a folder says."""
        try:
            release = Release.model_validate_json(
                self.fs.cat_file(f"{self.root}/{path}/{RELEASE_FILE}")
            )
        except FileNotFoundError:
            return Problem(path, f"it has no {RELEASE_FILE}, so nothing says what its files are")
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
            data: bytes = self.fs.cat_file(f"{self.root}/{where}")
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
        for partial in self.folder.glob(f"*/*/{_PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)
        for name in (VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE):
            for half in self.folder.glob(f"*/*/*/.{name}{_PARTIAL}*"):
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
        partial = destination.with_name(f"{_PARTIAL}{os.getpid()}-{kept.folder}")
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
        held = self.held(release.publisher, release.publication)
        return [one for one in held if one.release == release.release]

    def verdict(self, release: Release) -> dict[str, Any] | None:
        """What the checks said of a release when it arrived, or None if they have not run."""
        try:
            document: dict[str, Any] = json.loads(
                (self.folder / release.path / VERDICT_FILE).read_bytes()
            )
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

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


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by a new one at once: whoever reads it finds the old or the new, whole."""
    partial = path.with_name(f".{path.name}{_PARTIAL}{os.getpid()}")
    try:
        write_synced(partial, data)
        partial.replace(path)
    except OSError:
        # A disk that is full takes no more; what it took of this is nothing to anybody.
        partial.unlink(missing_ok=True)
        raise


_NO_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's list of names, or a file's bytes.

    A share that keeps no order of its own (SMB) says so, and has nothing to wait for.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC or not path.is_dir():
            raise
    finally:
        os.close(descriptor)

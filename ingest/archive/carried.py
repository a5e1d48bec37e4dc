"""Archives that are carried: one file for many releases, for machines that no network joins.

A plain tar of an archive's own folders, behind a list of what is in it. Read where it stands:
nothing is unpacked, every hash is checked, and what is cut short is found so.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.archive.release import RELEASE_FILE, Problem, PublishedFile, Release, sha256_of
from ingest.archive.store import Archive
from ingest.archive.writing import sync_folder, write_whole
from ingest.errors import ArchiveError
from ingest.publishers.archive import INDEX_FILE, canonical

LIST_FILE = "core-measures-releases.json"
_MOST_DOCUMENT = 16 << 20
# A whole archive has some thousands; each costs a kilobyte of memory.
_MOST_MEMBERS = 100_000
# What a header may say of the member behind it: `write_carried` needs one for a long name.
_MOST_HEADER = 4096
_EXTENDED = {
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
# What the library ends in where a header is damaged: it looks at a checksum and little else.
_DAMAGE = (OSError, tarfile.TarError, LookupError, ArithmeticError, ValueError, RecursionError)


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    path: str
    sha256: str


class _List(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    releases: tuple[_Listed, ...]


def open_archive(address: str | Path) -> Archive:
    """An archive to read from: a folder, an address that fsspec knows, or a carried file.

    Raises
    ------
    ArchiveError
        There is none.
    """
    text = str(address)
    if text.endswith(".tar") and "://" not in text and not Path(text).is_dir():
        return CarriedArchive(Path(text))
    return Archive(address)


class _Member(tarfile.TarInfo):
    """A member whose header was looked at before the library follows it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The member of a header; `ReadError` for one that leads back or fills the memory.

        A size below nought leads back to a header that was read before, for ever. What a header
        says of all members behind it is kept with each of them; none of ours is so.
        """
        member = super().frombuf(buf, encoding, errors)
        if member.size < 0 or member.type == tarfile.XGLTYPE:
            raise tarfile.ReadError("it has a header that `archive export` does not write")
        if member.type in _EXTENDED and member.size > _MOST_HEADER:
            raise tarfile.ReadError(f"it has a header of {member.size:,} bytes")
        return member


class CarriedArchive(Archive):
    """An archive in one tar, as `write_carried` writes it.

    Raises
    ------
    ArchiveError
        There is no such file, or it is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            with self._opened() as tar:
                self._read_members(tar)
                listed = self._bytes(tar, LIST_FILE, _MOST_DOCUMENT)
            self._listed = _List.model_validate_json(listed).releases
        except FileNotFoundError:
            raise ArchiveError(f"There is no archive at {path}: no such file.") from None
        except _DAMAGE as error:
            raise ArchiveError(
                f"{path} is not a file of `archive export`: {' '.join(str(error).split())}."
            ) from error

    def _opened(self) -> tarfile.TarFile:
        return tarfile.open(self._path, "r:", tarinfo=_Member)

    def _read_members(self, tar: tarfile.TarFile) -> None:
        """Find the members, as far as they are sound: the file may be cut short."""
        before = -1
        with contextlib.suppress(*_DAMAGE):
            for number, member in enumerate(tar):
                # An extended header may give another size than the header that it stands before.
                if number == _MOST_MEMBERS or member.size < 0 or member.offset <= before:
                    return
                before = member.offset
                # Nothing is written by these names, and links and devices are not looked at. A
                # sparse file could stand for more than any disk holds.
                if member.isreg() and not member.issparse():
                    self._members.setdefault(member.name, member)

    def _bytes(self, tar: tarfile.TarFile, name: str, most: int) -> bytes:
        member = self._members[name]
        if member.size > most:
            raise tarfile.ReadError(f"{name} has {member.size:,} bytes")
        # Memory for all of it would be taken before the first byte is read.
        if member.offset_data + member.size > self._path.stat().st_size:
            raise tarfile.ReadError(f"{name} is cut short")
        source = tar.extractfile(member)
        data = source.read() if source is not None else b""
        if len(data) != member.size:
            raise tarfile.ReadError(f"{name} is cut short")
        return data

    @property
    def is_local(self) -> bool:
        """It stands on a disk of this machine."""
        return True

    def arrived(self, release: Release) -> None:
        """Nothing tells when a release came into the file."""

    def publications(self) -> list[tuple[str, str]]:
        """Every (publisher, publication) that is listed in it."""
        parts = [PurePosixPath(entry.path).parts for entry in self._listed]
        return sorted({(p[0], p[1]) for p in parts if len(p) == 3})

    def releases(self, publisher: str, publication: str) -> Iterator[Release | Problem]:
        """Each release of a publication that is listed, or what is wrong with it."""
        mine = [e for e in self._listed if e.path.startswith(f"{publisher}/{publication}/")]
        with self._opened() as tar:
            for entry in sorted(mine, key=lambda e: e.path):
                yield self._release(tar, entry)

    def _release(self, tar: tarfile.TarFile, entry: _Listed) -> Release | Problem:
        try:
            data = self._bytes(tar, f"{entry.path}/{RELEASE_FILE}", _MOST_DOCUMENT)
            release = Release.model_validate_json(data)
        except ValidationError as error:
            return Problem(
                entry.path, f"its {RELEASE_FILE} is not valid: {error.errors()[0]['msg']}"
            )
        except _DAMAGE:
            return Problem(entry.path, f"it is listed and not there: {self.address} is cut short")
        if sha256_of(data) != entry.sha256:
            return Problem(entry.path, f"its {RELEASE_FILE} is not the one that is listed")
        if release.path != entry.path:
            return Problem(entry.path, f"its {RELEASE_FILE} says it is {release.path}")
        return release

    def read(self, release: Release, file: PublishedFile) -> bytes:
        """A file's bytes, its length and hash checked.

        Raises
        ------
        ArchiveError
            It is not there, is cut short, or is not the one that `release.json` names.
        """
        where = f"{release.path}/{file.name}"
        try:
            with self._opened() as tar:
                data = self._bytes(tar, where, file.bytes)
        except _DAMAGE as error:
            raise ArchiveError(
                f"{where} is not in {self.address} as it should be: the file is cut short or"
                " damaged. What came before it may be kept; carry it again for the rest."
            ) from error
        if len(data) != file.bytes or sha256_of(data) != file.sha256:
            raise ArchiveError(f"{where} is not the file that {RELEASE_FILE} names: another hash.")
        return data


def chosen(source: Archive, since: date | None) -> Iterator[Release | Problem]:
    """The releases that came home, or were published, on a day or after it."""
    for publisher, publication in source.publications():
        for release in source.releases(publisher, publication):
            if isinstance(release, Problem) or since is None or _came(source, release) >= since:
                yield release


def _came(source: Archive, release: Release) -> date:
    """The later of the days on which a release was published and came to this archive.

    What came late must be carried late: the courier was gone on the day it was published.
    """
    days = [release.published]
    if release.retrieved is not None:
        days.append(release.retrieved.date())
    if (arrived := source.arrived(release)) is not None:
        days.append(arrived.date())
    return max(days)


def write_carried(source: Archive, releases: Iterable[Release], path: Path) -> list[Problem]:
    """Write releases to one file, whole or not at all; what is unsound stays out and is returned.

    Raises
    ------
    ArchiveError
        The file cannot be written.
    """
    sound: list[Release] = []
    problems: list[Problem] = []
    for release in releases:
        try:
            for file in release.files:
                source.read(release, file)
            sound.append(release)
        except ArchiveError as error:
            problems.append(Problem(release.path, str(error)))
    documents = {
        release.path: (
            json.dumps(
                release.model_dump(mode="json", exclude_none=True), indent=2, ensure_ascii=False
            )
            + "\n"
        ).encode()
        for release in sound
    }
    listed = [{"path": p, "sha256": sha256_of(data)} for p, data in documents.items()]
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as out:
            with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, LIST_FILE, json.dumps({"releases": listed}, indent=1).encode())
                for release in sound:
                    _add(tar, f"{release.path}/{RELEASE_FILE}", documents[release.path])
                    for file in release.files:
                        _add(tar, f"{release.path}/{file.name}", source.read(release, file))
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return problems


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """One plain file, the same bytes whoever writes it and when."""
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), 0o644, 0
    tar.addfile(member, io.BytesIO(data))


def write_index(archive: Archive, folder: Path) -> None:
    """Write `index.json`, by which an archive on the web tells what it holds."""
    entries = []
    for publisher, publication in archive.publications():
        for release in archive.releases(publisher, publication):
            if isinstance(release, Release):
                document = json.loads((folder / release.path / RELEASE_FILE).read_bytes())
                entries.append({"path": release.path, "sha256": sha256_of(canonical(document))})
    write_whole(folder / INDEX_FILE, (json.dumps(entries, indent=1) + "\n").encode())

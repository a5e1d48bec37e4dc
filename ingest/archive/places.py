"""Where a home's archive stands: what is asked of a place, and a folder on a disk.

One rule for all: a release is there once its `release.json` is, which comes last and replaces
none; what is kept beside it (verdict, decisions, marks) is replaced whole. On a disk a release is a
folder that is renamed into place. An object store (`bucket.py`) renames nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ingest.archive.release import DECISIONS_FILE, RELEASE_FILE, UPSTREAM_FILE, VERDICT_FILE
from ingest.archive.writing import PARTIAL, sync_folder, write_synced, write_whole


class Place(Protocol):
    """What an archive asks of where it stands. Paths are below it, with slashes."""

    def look_again(self) -> None:
        """See that what others did meanwhile is found."""

    def folders(self, path: str) -> list[str]:
        """The names of the folders in one, in order; in a publication's those of its releases."""

    def stamp(self, path: str) -> Hashable | None:
        """Tells one state of a file from another; None where there is none."""

    def is_as_known(self, path: str) -> bool:
        """Whether a file is still the one that was read."""

    def read(self, path: str) -> bytes:
        """A file's bytes; `FileNotFoundError` where there is none."""

    def replace(self, path: str, data: bytes) -> None:
        """Put a file in the place of the one that is there, whole or not at all."""

    def change(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """Replace a file by what is made of it; nothing that another wrote meanwhile is lost."""

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""

    def alone(self, path: str) -> contextlib.AbstractContextManager[None]:
        """Add to a release (`<publisher>/<publication>/<release>`) while nobody else does."""

    def take_in(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """Make a release's folder of its files and its `release.json`; called within `alone`."""

    def complete(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """Add files to a release, take its verdict away and name them; called within `alone`."""

    def arrived(self, path: str) -> datetime | None:
        """When a file was written."""

    def sweep(self) -> None:
        """Remove what interrupted refreshes left half-written."""

    def copy_to(self, path: str, target: Path) -> None:
        """Copy a folder's releases into a folder on a disk."""


class Folder:
    """A folder on a disk of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def look_again(self) -> None:
        """Nothing: a disk is looked at each time."""

    def folders(self, path: str) -> list[str]:
        """The names of the folders in one."""
        try:
            with os.scandir(self.folder / path) as entries:
                names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return sorted(name for name in names if not name.startswith("."))

    def stamp(self, path: str) -> Hashable | None:
        """By its inode, time and size."""
        try:
            stat = os.stat(f"{self.folder}/{path}")  # noqa: PTH116  # hundreds of them a night
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def is_as_known(self, path: str) -> bool:
        """It is: nobody else writes a home whose lock this process holds."""
        return True

    def read(self, path: str) -> bytes:
        """A file's bytes; `OSError` as the disk has it."""
        return (self.folder / path).read_bytes()

    def replace(self, path: str, data: bytes) -> None:
        """By a rename."""
        write_whole(self.folder / path, data)

    def change(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """One process writes a home, which holds its lock."""
        try:
            before: bytes | None = self.read(path)
        except FileNotFoundError:
            before = None
        self.replace(path, change(before))
        sync_folder((self.folder / path).parent)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / path).unlink(missing_ok=True)

    @contextmanager
    def alone(self, path: str) -> Iterator[None]:
        """The home's lock says so already."""
        yield

    def take_in(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """By a folder that is written beside, synced, and renamed."""
        destination = self.folder / path
        partial = destination.with_name(f"{PARTIAL}{os.getpid()}-{destination.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            for name, data in files:
                write_synced(partial / name, data)
            write_synced(partial / RELEASE_FILE, document)
            sync_folder(partial)
            partial.rename(destination)
            sync_folder(destination.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def complete(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """Each whole, and all of them on the disk before anything names them."""
        folder = self.folder / path
        for name, data in files:
            write_whole(folder / name, data)
        sync_folder(folder)
        # It was of fewer files, and is made again.
        (folder / VERDICT_FILE).unlink(missing_ok=True)
        write_whole(folder / RELEASE_FILE, document)
        sync_folder(folder)

    def arrived(self, path: str) -> datetime | None:
        """When a file was written."""
        return datetime.fromtimestamp((self.folder / path).stat().st_mtime, UTC)

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written."""
        for partial in self.folder.glob(f"*/*/{PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)
        for name in (VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE):
            for half in self.folder.glob(f"*/*/*/.{name}{PARTIAL}*"):
                half.unlink(missing_ok=True)

    def copy_to(self, path: str, target: Path) -> None:
        """By second names of the files, where a disk has such."""
        if (self.folder / path).is_dir():
            shutil.copytree(
                self.folder / path, target / path, copy_function=_link, dirs_exist_ok=True
            )


def _link(source: str, target: str) -> str:
    """A second name of a file, or a copy where a disk has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target

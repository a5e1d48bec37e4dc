"""A home in one file, and a home out of it.

In it: the archive with its verdicts and decisions, wherever it stands, what is served, every dated
publication, and of a lake the catalogue.
Not in it: `loads/` and `work/`, which are made again. Every file's hash is in the list at its head,
and is checked on the way out, so that a damaged backup is found before anything is served from it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.archive.release import sha256_of
from ingest.archive.writing import sync_folder
from ingest.errors import CoreMeasuresError, HomeError
from warehouse.serve.home import Home

_LIST = "core-measures-backup.json"
_FORMAT = 1


class BackupError(CoreMeasuresError):
    """A backup that cannot be written, or cannot be trusted."""


def _files(home: Home) -> Iterator[Path]:
    """What a backup holds of the home's own, links among them, in an order that does not change."""
    for folder in (home.root / "archive", home.root / "published", home.served_build()):
        if folder is None or not folder.exists():
            continue
        for path in sorted(folder.rglob("*")):
            if (path.is_symlink() or path.is_file()) and path not in home.readers_links:
                yield path
    for link in (home.pointer, *home.readers_links):
        if link.is_symlink() or link.is_file():
            yield link
    if home.format_file.exists():
        yield home.format_file


def archive_elsewhere(home: Home, folder: Path) -> dict[str, Path]:
    """What an archive outside of its home holds, by the names that a backup has for it.

    Copied into a folder meanwhile; nothing of an archive that stands in the home.
    """
    if home.archive_folder == home.root / "archive":
        return {}
    home.archive.copy_to(folder)
    return {
        f"archive/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_backup(home: Home, target: Path, beside: Mapping[str, Path] | None = None) -> int:
    """Write a home to a new file, gzipped where its name ends in `gz`; returns how many files.

    `beside` are files that go in by other names than theirs. Call with the home's lock held.

    Raises
    ------
    BackupError
        The file is there already, or cannot be written.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; a backup replaces nothing.")
    files = {str(path.relative_to(home.root)): path for path in _files(home)} | dict(beside or {})
    listed = {
        name: sha256_of(path.read_bytes()) for name, path in files.items() if not path.is_symlink()
    }
    head = {
        "format": _FORMAT,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": listed,
    }
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with tarfile.open(partial, "w:gz" if target.name.endswith("gz") else "w") as tar:
            text = json.dumps(head, indent=1).encode()
            info = tarfile.TarInfo(_LIST)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
            for name, path in files.items():
                tar.add(path, name, recursive=False)
        sync_folder(partial)
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(files)


def restore_backup(source: Path, home: Home) -> int:
    """Make a home of a backup; returns how many files it holds. The home must not be there.

    Raises
    ------
    BackupError
        It is no backup of ours, or a file of it is not what it was.
    HomeError
        There is a home already.
    """
    if home.root.exists() and any(home.root.iterdir()):
        raise HomeError(f"{home.root} is not empty; restore into a new home, and look at it first.")
    home.root.parent.mkdir(parents=True, exist_ok=True)
    partial = home.root.with_name(f".{home.root.name}-restoring-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    made = Home(partial)
    try:
        partial.mkdir()
        with tarfile.open(source) as tar:
            links = _links_of(tar, made)
            # Nothing outside of the folder, no device, no set-uid: Python's own filter for data.
            tar.extractall(partial, _but(tar, links, partial), filter="data")
        head = _head(partial)
        for name, sha256 in head["files"].items():
            path = partial / name
            if not path.is_file() or sha256_of(path.read_bytes()) != sha256:
                raise BackupError(f"{source}: {name} is not what was backed up; nothing was made.")
        (partial / _LIST).unlink()
        # The links are made anew: the disk may have none.
        served = links.get(made.pointer, "")
        if build := made.builds / served if served.isdecimal() else made.served_build():
            made.point_at(build)
        if home.root.exists():
            home.root.rmdir()
        partial.rename(home.root)
        sync_folder(home.root.parent)
    except (OSError, tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise BackupError(f"{source} is no whole backup of a home: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(head["files"])


def _links_of(tar: tarfile.TarFile, made: Home) -> dict[Path, str]:
    """Our own links in a backup, and where each leads."""
    ours = {made.pointer, *made.readers_links}
    found = {made.root / member.name: member.linkname for member in tar if member.issym()}
    return {link: target for link, target in found.items() if link in ours}


def _but(tar: tarfile.TarFile, links: dict[Path, str], root: Path) -> list[tarfile.TarInfo]:
    return [member for member in tar if root / member.name not in links]


def _head(folder: Path) -> dict[str, Any]:
    head: dict[str, Any] = json.loads((folder / _LIST).read_bytes())
    if head["format"] > _FORMAT:
        raise ValueError("it was written by a newer core-measures")
    return head

"""The home folder: its parts, its lock, and the one swap.

Warehouse and marts of one build stand in one folder, `builds/<id>`, and readers reach both
through one link, `builds/current`. Replacing that link swaps both at once, so no reader ever
finds a warehouse of one build beside the marts of another. On a disk that has no links it is a file
that names the build, and readers go to the build itself.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.archive.held import HomeArchive
from ingest.archive.store import Archive
from ingest.archive.writing import sync_folder, write_synced, write_whole
from ingest.errors import HomeError, with_causes
from ingest.object_store import is_address

if TYPE_CHECKING:
    from ingest.reading.load_store import LoadStore

WAREHOUSE_NAME = "core_measures.duckdb"
# How a home is laid out. Raised when what is written can no longer be read by what came before.
FORMAT = 1
# The build that was served before stays, for readers who found it just before the swap; and so
# does every build that was served within these seconds, however fast one swap follows another.
BUILDS_KEPT = 2
SECONDS_KEPT = 300.0

# What a disk says when it takes nothing more: full, over quota, read-only, file too large, broken.
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}

# What a disk says that has no locks (NFS without its lock service), and one without links (SMB,
# exFAT).
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


def disk_fault(error: BaseException) -> str | None:
    """What the disk said, if a disk that takes nothing more lies behind an error."""
    for one in with_causes(error):
        # The system's own words are looked for: DuckDB hands on a sentence and no number.
        if any(os.strerror(number) in str(one) for number in _DISK):
            return " ".join(str(one).split())
    return None


@dataclass(frozen=True)
class Home:
    """`<home>`: `archive/`, `loads/`, `warehouse/core_measures.duckdb`, `published/latest/`.

    Archive and loads may stand elsewhere: `archive_at` and `loads_at` are a folder, or an address
    that fsspec knows.
    """

    root: Path
    archive_at: str = ""
    loads_at: str = ""

    @property
    def warehouse(self) -> Path:
        """The warehouse readers open."""
        pointed = self._pointed()
        return pointed / WAREHOUSE_NAME if pointed else self.root / "warehouse" / WAREHOUSE_NAME

    @property
    def published(self) -> Path:
        """The marts readers read."""
        pointed = self._pointed()
        return pointed / "marts" if pointed else self.root / "published" / "latest"

    @property
    def format_file(self) -> Path:
        """Which layout the home has."""
        return self.root / "home.json"

    @property
    def publications(self) -> Path:
        """What was published when, and what each publication changed."""
        return self.root / "published" / "index.json"

    @property
    def site(self) -> Path:
        """The pages people read, among the marts they are made from."""
        return self.published / "site"

    @property
    def quality(self) -> Path:
        """The Data Docs readers open: what the checks said of each load."""
        pointed = self._pointed()
        return pointed / "data_docs" if pointed else self.root / "quality" / "latest"

    @property
    def builds(self) -> Path:
        """Builds, each a warehouse with its marts and Data Docs."""
        return self.root / "builds"

    @property
    def current(self) -> Path:
        """The build that is served."""
        return self._pointed() or self.pointer

    @property
    def pointer(self) -> Path:
        """What leads to the build that is served: a link, or a file that holds its name."""
        return self.builds / "current"

    @property
    def readers_links(self) -> dict[Path, str]:
        """The links that readers know, and what each leads to in the build that is served."""
        return {
            self.root / "warehouse" / WAREHOUSE_NAME: WAREHOUSE_NAME,
            self.root / "published" / "latest": "marts",
            self.root / "quality" / "latest": "data_docs",
        }

    @property
    def work(self) -> Path:
        """What a refresh is working on; no reader knows it."""
        return self.root / "work"

    @property
    def candidate(self) -> Path:
        """The warehouse being built. Its name is the served one's: DuckDB names its catalog so."""
        return self.work / WAREHOUSE_NAME

    @property
    def candidate_record(self) -> Path:
        """What the candidate was built from, once it is whole and tested."""
        return self.work / "candidate.json"

    @property
    def dbt_target(self) -> Path:
        """Where dbt keeps what it parsed, from one refresh to the next."""
        return self.work / "dbt"

    @property
    def archive_folder(self) -> Path | None:
        """The archive's folder; None where it stands on an object store."""
        if is_address(self.archive_at):
            return None
        return Path(self.archive_at).absolute() if self.archive_at else self.root / "archive"

    @cached_property
    def archive(self) -> HomeArchive:
        """What was collected, with its verdicts."""
        return HomeArchive(self.archive_folder or self.archive_at, self.work / "archive")

    def archive_to_read(self) -> Archive:
        """The archive, which is not made where it is not there.

        Raises
        ------
        ArchiveError
            There is none.
        """
        return self.archive if self.archive_folder is None else Archive(self.archive_folder)

    @property
    def holds_archive(self) -> bool:
        """Whether a refresh was here: the archive's folder is there, or the home of its address."""
        if self.archive_folder is None:
            return self.format_file.exists()
        return self.archive_folder.is_dir()

    @cached_property
    def loads(self) -> LoadStore:
        """Loads as Parquet; may be deleted."""
        from ingest.reading.load_store import LoadStore

        if is_address(self.loads_at):
            return LoadStore(self.root / "loads", self.loads_at)
        return LoadStore(Path(self.loads_at).absolute() if self.loads_at else self.root / "loads")

    def check_readable(self) -> None:
        """See that this user may read the home, as far as there is one.

        Raises
        ------
        HomeError
            It, or what is held or served in it, may not be read.
        """
        for folder in (self.root, self.archive_folder, self.builds):
            if folder is not None and folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
                raise HomeError(
                    f"The home {self.root} may not be read by this user: {folder}: Permission"
                    " denied. Ask whoever owns it, or name another with --home."
                )

    def check_format(self) -> None:
        """See that this version can read the home. One without a mark is the first layout.

        Raises
        ------
        HomeError
            A newer core-measures wrote it, or its mark cannot be read.
        """
        try:
            found: Any = json.loads(self.format_file.read_bytes())
            number = int(found["format"])
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise HomeError(
                f"{self.format_file} does not say how this home is laid out ({error}); nothing was"
                f' changed. Restore a backup, or write {{"format": {FORMAT}}} there.'
            ) from error
        if number > FORMAT:
            raise HomeError(
                f"The home {self.root} was written by a newer core-measures (layout {number}, this"
                f" one reads {FORMAT}); nothing was changed. Update, or name another with --home."
            )

    def prepare(self) -> None:
        """Make the folders, mark their layout, and try all that a refresh will need of the disk.

        Raises
        ------
        HomeError
            The home is a file, cannot be written, has no locks, or is of a newer layout.
        """
        self.check_format()
        try:
            for folder in (self.archive_folder, self.loads.folder, self.builds, self.work):
                if folder is not None:
                    folder.mkdir(parents=True, exist_ok=True)
            self._try_disk(self.work / f".probe-{os.getpid()}")
            if not self.format_file.exists():
                write_synced(self.format_file, json.dumps({"format": FORMAT}).encode() + b"\n")
        except OSError as error:
            raise HomeError(
                f"The home {self.root} cannot be written: {error.strerror or error}."
                " Name another with --home."
            ) from error

    def _try_disk(self, probe: Path) -> None:
        """Write, sync and replace a file, and lock it as a refresh and as DuckDB do.

        Of links and of a folder's sync there is a way round; of these there is none.
        """
        try:
            for content in (b"", b"again"):
                write_whole(probe, content)
            sync_folder(probe.parent)
            try:
                import fcntl
            except ImportError:  # a system that locks whatever is open
                return
            with probe.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    fcntl.flock(file, fcntl.LOCK_UN)
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise self._no_locks(error) from error
        finally:
            probe.unlink(missing_ok=True)

    def _no_locks(self, error: OSError) -> HomeError:
        return HomeError(
            f"The home {self.root} is on a disk that has no locks ({error.strerror or error}):"
            " two refreshes could meet, and DuckDB opens nothing there. Nothing was begun. Name a"
            " home on another disk with --home, or mount this one with locks."
        )

    @contextlib.contextmanager
    def shared(self, publication: str) -> Iterator[None]:
        """Hold one publication, beside whoever holds another, while nobody holds the whole home.

        Waits for whoever does. The locks go with their process, killed or not.

        Raises
        ------
        HomeError
            The disk has no locks.
        """
        import fcntl

        from filelock import FileLock

        folder = self.work / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a") as whole:
            try:
                fcntl.flock(whole, fcntl.LOCK_SH)
                with FileLock(folder / publication):
                    yield
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                raise self._no_locks(error) from error

    @contextlib.contextmanager
    def locked(self, *, wait: bool, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the home for one refresh. The lock goes with its process, killed or not.

        Raises
        ------
        HomeError
            Another refresh holds it and `wait` is false, or the disk has no locks.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise HomeError(
                    f"Another refresh of {self.root} is running; nothing was changed."
                    " Leave --no-wait out to wait for it."
                ) from None
            waiting()
            lock.acquire()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise self._no_locks(error) from error
        try:
            yield
        finally:
            lock.release()

    def sweep(self, *, keep_candidate: bool = False) -> None:
        """Remove what an interrupted refresh left behind. Call with the lock held.

        A candidate that is whole may be kept, for who publishes in a run of its own.
        """
        self.archive.sweep()
        self.loads.sweep()
        if not (keep_candidate and self.candidate_record.exists()):
            self.drop_candidate()
        # dbt's own folder is the one thing that a refresh takes up where another left it.
        for leftover in self.work.glob(".*"):
            _remove(leftover)
        shutil.rmtree(self.work / "sample", ignore_errors=True)
        served = self.served_build()
        for build in self._finished():
            if build == served:
                break
            # Finished, never served: the refresh ended between the two.
            self._discard(build)
        self._prune()
        for partial in self.builds.glob(".*"):
            _remove(partial)

    def drop_candidate(self) -> None:
        """Remove the candidate, with the journal and the folder that DuckDB puts beside it."""
        _remove(self.candidate_record)
        for leftover in self.work.glob(f"{WAREHOUSE_NAME}*"):
            _remove(leftover)

    def _discard(self, build: Path) -> None:
        """Remove a build: first its name, so that no half of it is ever found, then the rest."""
        gone = self.builds / f".gone-{build.name}"
        _remove(gone)
        build.rename(gone)
        _remove(gone)

    def _prune(self) -> None:
        """Remove the builds that nobody can still be on the way to.

        A build was served until the next one was: the time at which that one was finished.
        """
        long_ago = time.time() - SECONDS_KEPT
        gone = [
            build
            for later, build in list(pairwise(self._finished()))[BUILDS_KEPT - 1 :]
            if (later / "build.json").stat().st_mtime < long_ago
        ]
        for build in gone:
            self._discard(build)

    def served_build(self) -> Path | None:
        """The folder of the build that is served, by its own name."""
        if self.pointer.is_symlink():
            return self.builds / self.pointer.readlink()
        return self._pointed()

    def _pointed(self) -> Path | None:
        """The build that a file names, where the disk has no links."""
        if self.pointer.is_symlink() or not self.pointer.is_file():
            return None
        try:
            name = self.pointer.read_text("utf-8").strip()
        except (OSError, ValueError):
            return None
        return self.builds / name if name.isdecimal() else None

    def _finished(self) -> list[Path]:
        """Builds, newest first."""
        found = [p for p in self.builds.glob("[0-9]*") if p.is_dir() and not p.is_symlink()]
        return sorted(found, key=lambda path: int(path.name), reverse=True)

    def build_record(self) -> dict[str, Any] | None:
        """What the served build was made from, or None when nothing is served."""
        try:
            record: Any = json.loads((self.current / "build.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        whole = self.warehouse.exists() and (self.published / "datapackage.json").exists()
        return record if whole else None

    @contextlib.contextmanager
    def new_build(self) -> Iterator[Path]:
        """A folder for the next build, removed again unless it was served."""
        partial = self.builds / f".partial-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def serve(self, partial: Path, record: dict[str, Any]) -> None:
        """Swap: from here on every reader who opens warehouse or marts gets this build."""
        write_synced(partial / "build.json", json.dumps(record, indent=2).encode() + b"\n")
        for path in (*partial.rglob("*"), partial):
            sync_folder(path)
        finished = self._finished()
        build = self.builds / str(int(finished[0].name) + 1 if finished else 1)
        partial.rename(build)
        self.point_at(build)
        self._prune()

    def point_at(self, build: Path) -> None:
        """Lead every reader to a build: by links, or where the disk has none by a file."""
        if not self._takes_links():
            write_whole(self.pointer, f"{build.name}\n".encode())
            sync_folder(self.builds)
            return
        for link, name in self.readers_links.items():
            self._link(link, Path("..") / "builds" / "current" / name)
        self._link(self.pointer, Path(build.name))

    def _takes_links(self) -> bool:
        probe = self.builds / f".link-{os.getpid()}"
        probe.unlink(missing_ok=True)
        try:
            probe.symlink_to("nowhere")
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        probe.unlink()
        return True

    def _link(self, link: Path, target: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink() and link.readlink() == target:
            return
        # A file that names a build was ours, where the home stood on another disk.
        if link.exists() and not link.is_symlink() and not self._pointed():
            raise HomeError(f"{link} is in the way: it is not one of ours. Move it, and try again.")
        fresh = self.builds / f".link-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
        sync_folder(link.parent)


def _remove(path: Path) -> None:
    """Remove a file, a link or a folder; what cannot be removed now is for the next sweep."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()

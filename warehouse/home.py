"""The home folder: its parts, its lock, and the one swap.

Warehouse and marts of one build stand in one folder, `builds/<id>`, and readers reach both
through one link, `builds/current`. Replacing that link swaps both at once, so no reader ever
finds a warehouse of one build beside the marts of another.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ingest.archive import HomeArchive, sync_folder, write_synced
from ingest.errors import HomeError
from ingest.loads import LoadStore

WAREHOUSE_NAME = "core_measures.duckdb"
# The build that was served before stays, for readers who opened it just before the swap.
BUILDS_KEPT = 2


@dataclass(frozen=True)
class Home:
    """`<home>`: `archive/`, `loads/`, `warehouse/core_measures.duckdb`, `published/latest/`."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The warehouse readers open."""
        return self.root / "warehouse" / WAREHOUSE_NAME

    @property
    def published(self) -> Path:
        """The marts readers read."""
        return self.root / "published" / "latest"

    @property
    def quality(self) -> Path:
        """The Data Docs readers open: what the checks said of each load."""
        return self.root / "quality" / "latest"

    @property
    def builds(self) -> Path:
        """Builds, each a warehouse with its marts and Data Docs."""
        return self.root / "builds"

    @property
    def current(self) -> Path:
        """The link to the build that is served."""
        return self.builds / "current"

    @property
    def work(self) -> Path:
        """What a refresh is working on; no reader knows it."""
        return self.root / "work"

    @property
    def candidate(self) -> Path:
        """The warehouse being built. Its name is the served one's: DuckDB names its catalog so."""
        return self.work / WAREHOUSE_NAME

    @property
    def dbt_target(self) -> Path:
        """Where dbt keeps what it parsed, from one refresh to the next."""
        return self.work / "dbt"

    @cached_property
    def archive(self) -> HomeArchive:
        """What was brought home, with its verdicts."""
        return HomeArchive(self.root / "archive")

    @cached_property
    def loads(self) -> LoadStore:
        """Loads as Parquet; may be deleted."""
        return LoadStore(self.root / "loads")

    def prepare(self) -> None:
        """Make the folders.

        Raises
        ------
        HomeError
            The home is a file, or cannot be written.
        """
        try:
            for folder in (self.root / "archive", self.root / "loads", self.builds, self.work):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.work / f".probe-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise HomeError(
                f"The home {self.root} cannot be written: {error.strerror or error}."
                " Name another with --home."
            ) from error

    @contextlib.contextmanager
    def locked(self, *, wait: bool, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the home for one refresh. The lock goes with its process, killed or not.

        Raises
        ------
        HomeError
            Another refresh holds it and `wait` is false.
        """
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
        try:
            yield
        finally:
            lock.release()

    def sweep(self) -> None:
        """Remove what an interrupted refresh left behind. Call with the lock held."""
        self.archive.sweep()
        self.loads.sweep()
        for leftover in (*self.work.glob(".probe-*"), *self.work.glob(f"{WAREHOUSE_NAME}*")):
            leftover.unlink(missing_ok=True)
        served = self._served()
        for build in self._finished():
            if build == served:
                break
            # Finished, never served: the refresh ended between the two.
            shutil.rmtree(build, ignore_errors=True)
        for partial in self.builds.glob(".*"):
            if partial.is_dir() and not partial.is_symlink():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)

    def _served(self) -> Path | None:
        return self.builds / self.current.readlink() if self.current.is_symlink() else None

    def _finished(self) -> list[Path]:
        """Builds, newest first."""
        found = [p for p in self.builds.glob("[0-9]*") if p.is_dir() and not p.is_symlink()]
        return sorted(found, key=lambda path: int(path.name), reverse=True)

    def build_record(self) -> dict[str, Any] | None:
        """What the served build was made from, or None when nothing is served."""
        try:
            record: dict[str, Any] = json.loads((self.current / "build.json").read_bytes())
        except (OSError, json.JSONDecodeError):
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
        for path in partial.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        finished = self._finished()
        build = self.builds / str(int(finished[0].name) + 1 if finished else 1)
        partial.rename(build)
        self._link(self.warehouse, Path("..") / "builds" / "current" / WAREHOUSE_NAME)
        self._link(self.published, Path("..") / "builds" / "current" / "marts")
        self._link(self.quality, Path("..") / "builds" / "current" / "data_docs")
        self._link(self.current, Path(build.name))
        for old in self._finished()[BUILDS_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def _link(self, link: Path, target: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink() and link.readlink() == target:
            return
        if link.exists() and not link.is_symlink():
            raise HomeError(f"{link} is in the way: it is not one of ours. Move it, and try again.")
        fresh = self.builds / f".link-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
        sync_folder(link.parent)

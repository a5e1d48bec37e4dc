"""A home's archive on an object store, with the rule of a disk.

A put is whole or not at all, and nothing is renamed: whoever adds a release first puts a claim on
it where there is none, then the files, then `release.json` where there is none, and takes the claim
away. A release is what has a `release.json`. What a claim stands on without one was left by whoever
was interrupted, and is swept: of the same home with its next refresh, of another after a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from ingest.archive.release import DECISIONS_FILE, RELEASE_FILE, UPSTREAM_FILE, VERDICT_FILE
from ingest.archive.writing import write_whole
from ingest.errors import ArchiveError, CoreMeasuresError
from ingest.object_store import ObjectStore

_DOCUMENTS = (RELEASE_FILE, VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE)
_CLAIM = ".adding-"
# A claim of another home is left alone for so long: whoever put it may still be at work.
_CLAIM_FOR = timedelta(days=1)
# How long a release that another home adds just now is waited for, and how often it is looked at.
_WAIT, _PAUSE = 60.0, 0.5
# How often a change begins again because another came between.
_TRIES = 20


class Bucket:
    """A folder of an object store.

    `work` is a folder of the home in which documents are kept as they were read, by the store's own
    tags of them, so that what did not change is listed and not read again; and in which a home's
    name for its claims is kept. Without it both are this process's own.
    """

    def __init__(self, address: str, work: Path | None = None) -> None:
        self.store = ObjectStore(address)
        self._work = work
        self._documents: dict[str, tuple[Hashable, bytes]] = {}
        # The folders that lead to releases, by the listing that they were found in.
        self._index: dict[str, set[str]] = {}
        self._indexed: object = None
        # The claim that this process has, and what stands in it.
        self._held: tuple[str, bytes] | None = None
        # Whether it was tried if the store refuses what it should, and does not.
        self._tried = False
        self.unguarded = False

    def look_again(self) -> None:
        """Have what is there listed anew."""
        self.store.forget()

    def folders(self, path: str) -> list[str]:
        """The names of the folders that lead to a release, and of those that are one."""
        entries = self.store.entries()
        if self._indexed is not entries:
            self._index = {}
            for name in entries:
                parts = name.split("/")
                if len(parts) == 4 and parts[3] == RELEASE_FILE:
                    for depth in range(3):
                        above = "/".join(parts[:depth])
                        self._index.setdefault(above, set()).add(parts[depth])
            self._indexed = entries
        return sorted(name for name in self._index.get(path, ()) if not name.startswith("."))

    def stamp(self, path: str) -> Hashable | None:
        """By the store's tag of it."""
        entry = self.store.entries().get(path)
        return entry.stamp if entry else None

    def is_as_known(self, path: str) -> bool:
        """By the store's tag of it."""
        known, now = self.store.entries().get(path), self.store.entry(path)
        if known is None or now is None:
            return known is now
        return not (known.tag and now.tag) or known.tag == now.tag

    def read(self, path: str) -> bytes:
        """A file's bytes; a document's as they were read before, where it is still the same."""
        if PurePosixPath(path).name not in _DOCUMENTS:
            return self.store.read(path)
        entry = self.store.entries().get(path)
        if entry is None:
            raise FileNotFoundError(path)
        stamp, data = self._documents.get(path, (None, None))
        if stamp == entry.stamp and data is not None:
            return data
        kept = self._kept(path, entry.tag) if entry.tag else None
        if data is not None and _tag_of(data) != entry.tag:
            data = None
        is_new = data is not None
        if data is None and kept is not None:
            with contextlib.suppress(OSError):
                data = kept.read_bytes()
        if data is None:
            data, is_new = self.store.read(path), True
        if is_new:
            self._keep(kept, data)
        self._documents[path] = entry.stamp, data
        return data

    def _kept(self, path: str, tag: str) -> Path | None:
        """Where a document in one state is kept in the home."""
        if self._work is None:
            return None
        state = f"{self.store.address}/{path}\n{tag}"
        return self._work / hashlib.sha256(state.encode()).hexdigest()

    @staticmethod
    def _keep(kept: Path | None, data: bytes) -> None:
        """Whoever may read a home and not write it reads the store each time."""
        if kept is not None:
            with contextlib.suppress(OSError):
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_whole(kept, data)

    def replace(self, path: str, data: bytes) -> None:
        """By one put."""
        self.store.put(path, data)
        self._note(path, data)

    def _note(self, path: str, data: bytes) -> None:
        if (entry := self.store.entries().get(path)) is not None:
            self._documents[path] = entry.stamp, data
        self._keep(self._kept(path, _tag_of(data)), data)

    def change(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """By a put on the condition that what was read still stands; else it is read again.

        Raises
        ------
        ArchiveError
            Others change it all the time.
        """
        tried: bytes | None = None
        for _ in range(_TRIES):
            entry = self.store.entry(path)
            before: bytes | None = None
            if entry is not None:
                try:
                    before = self.store.read(path)
                except FileNotFoundError:
                    continue
                # It was put, and only the answer was lost.
                if before == tried:
                    break
            tried = change(before)
            done = (
                self.store.create(path, tried)
                if entry is None
                else self.store.replace(path, tried, entry)
            )
            if done:
                break
        else:
            raise ArchiveError(
                f"{self.store.address}/{path} is changed by others all the time; nothing was"
                " recorded. Try again."
            )
        if tried is not None:
            self._note(path, tried)

    def remove(self, path: str) -> None:
        """Remove a file, if it is in the listing."""
        if path in self.store.entries():
            self.store.remove(path)
        self._documents.pop(path, None)

    @contextmanager
    def alone(self, path: str) -> Iterator[None]:
        """By a claim: an object beside the release that one alone can put.

        Raises
        ------
        ArchiveError
            Another home has one, and has not done by then.
        """
        claim = _claim_of(path)
        self._held = claim, self._claim(claim, path)
        try:
            # What others did until now is found.
            self.store.list_again(path.rpartition("/")[0])
            yield
        finally:
            if self._still_holds():
                self.store.remove(claim)
            self._held = None

    def _still_holds(self) -> bool:
        return self._held is not None and self._claimed(self._held[0]) == self._held[1]

    def _claim(self, claim: str, path: str) -> bytes:
        mine = self._claim_text()
        end = time.monotonic() + _WAIT
        while not self.store.create(claim, mine):
            entry = self.store.entry(claim)
            if entry is None:
                continue
            found = self._claimed(claim)
            if found == mine:
                # It was put, and only the answer was lost.
                break
            if _is_of(found, self._home()) or _has_lapsed(entry.modified):
                if self.store.replace(claim, mine, entry):
                    break
                continue
            if time.monotonic() > end:
                raise ArchiveError(
                    f"{path} is being added to {self.store.address} by another home, or one that"
                    " was ended left it so: it is tried again with each refresh, and is free after"
                    " a day"
                )
            time.sleep(_PAUSE)
        self._see_that_it_holds(claim, mine)
        return mine

    def _see_that_it_holds(self, claim: str, mine: bytes) -> None:
        """Try once whether the store refuses to put an object where there is one."""
        if not self._tried:
            self._tried = True
            self.unguarded = not self.store.puts_if_absent or self.store.create(claim, mine)

    def _claimed(self, claim: str) -> bytes | None:
        try:
            return self.store.read(claim)
        except FileNotFoundError:
            return None

    def _claim_text(self) -> bytes:
        claim = {
            "home": self._home(),
            "process": secrets.token_hex(8),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return json.dumps(claim).encode()

    def _home(self) -> str:
        """This home's name in its claims; a copy of the home has another."""
        if self._work is None:
            return _THIS_PROCESS
        file = self._work / "home"
        try:
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, secrets.token_hex(8).encode())
            return f"{file.read_text('ascii')}-{file.stat().st_ino}"
        except (OSError, ValueError):
            return _THIS_PROCESS

    def take_in(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """By a put each, `release.json` last, where none stands.

        What an interrupted refresh left there goes first.

        Raises
        ------
        ArchiveError
            One stands there by now.
        """
        where = f"{path}/{RELEASE_FILE}"
        # Listed with the claim.
        left = [name for name in self.store.entries() if name.startswith(f"{path}/")]
        if where in left:
            raise ArchiveError(
                f"{path} stands in {self.store.address} already, and its {RELEASE_FILE} is not what"
                " it should be; nothing was changed"
            )
        for name in left:
            self.store.remove(name)
        put: list[str] = []
        try:
            for name, data in files:
                put.append(f"{path}/{name}")
                self.store.put(put[-1], data)
        except BaseException:
            try:
                for name in put:
                    self.store.remove(name)
            except CoreMeasuresError:
                # The claim stays too, by which the next sweep finds them.
                self._held = None
            raise
        if not self._still_holds():
            raise ArchiveError(f"{path} was taken over by another home; nothing was added")
        if not self.store.create(where, document) and self.store.read(where) != document:
            raise ArchiveError(
                f"{path} stands in {self.store.address} already; nothing was changed"
            )
        self._note(where, document)
        self._indexed = None

    def complete(self, path: str, files: Iterable[tuple[str, bytes]], document: bytes) -> None:
        """By a put each, `release.json` last."""
        for name, data in files:
            self.store.put(f"{path}/{name}", data)
        self.remove(f"{path}/{VERDICT_FILE}")
        self.replace(f"{path}/{RELEASE_FILE}", document)

    def arrived(self, path: str) -> datetime | None:
        """When an object was put, by the store's clock."""
        entry = self.store.entries().get(path)
        return entry.modified if entry else None

    def sweep(self) -> None:
        """Remove what interrupted refreshes put of releases that never came to stand.

        Of this home at once, of another after a day. A store that cannot be asked now is for the
        next sweep.
        """
        self.store.forget()
        with contextlib.suppress(CoreMeasuresError):
            entries = self.store.entries()
            for claim in [name for name in entries if PurePosixPath(name).name.startswith(_CLAIM)]:
                self._sweep_claim(claim)
            self._sweep_kept()

    def _sweep_claim(self, claim: str) -> None:
        entry = self.store.entry(claim)
        found = self._claimed(claim)
        if entry is None or found is None:
            return
        if not (_is_of(found, self._home()) or _has_lapsed(entry.modified)):
            return
        if not self.store.replace(claim, self._claim_text(), entry):
            return
        publication, _, name = claim.rpartition("/")
        release = name.removeprefix(_CLAIM)
        left = self.store.listed(publication)
        for path in left:
            folder = path.rpartition("/")[0]
            version = PurePosixPath(folder).name.removeprefix(release)
            if (
                folder == f"{publication}/{release}{version}"
                and re.fullmatch(r"(\+\d+)?", version)
                and f"{folder}/{RELEASE_FILE}" not in left
            ):
                self.store.remove(path)
        self.store.remove(claim)

    def _sweep_kept(self) -> None:
        """Remove documents of states that are no more."""
        if self._work is None or not self._work.is_dir():
            return
        current = {
            kept.name
            for path, entry in self.store.entries().items()
            if entry.tag and (kept := self._kept(path, entry.tag)) is not None
        } | {"home"}
        for kept in self._work.iterdir():
            if kept.name not in current:
                kept.unlink(missing_ok=True)

    def copy_to(self, path: str, target: Path) -> None:
        """By reading every object of its releases."""
        entries = self.store.entries()
        for name in entries:
            folder = name.rpartition("/")[0]
            is_below = name.startswith(f"{path}/" if path else "")
            if is_below and f"{folder}/{RELEASE_FILE}" in entries:
                file = target / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self.read(name))


# Of a process that has no home to keep a name in.
_THIS_PROCESS = secrets.token_hex(8)


def _tag_of(data: bytes) -> str:
    """The tag that S3 gives what was put at once, so that what this process put is not read."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _claim_of(path: str) -> str:
    publication, _, release = path.rpartition("/")
    return f"{publication}/{_CLAIM}{release}"


def _is_of(claim: bytes | None, home: str) -> bool:
    try:
        return bool(json.loads(claim or b"{}").get("home") == home)
    except (ValueError, AttributeError):
        return False


def _has_lapsed(modified: datetime | None) -> bool:
    return modified is not None and datetime.now(UTC) - modified > _CLAIM_FOR

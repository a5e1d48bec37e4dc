"""One folder of an object store, by whatever address fsspec knows: `s3://bucket/prefix`.

Belongs here: a listing, whole puts, puts on condition, and what a store said, in one sentence. What
the objects mean is for the archive and the loads.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ingest.errors import FetchError, HomeError, without_credentials

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Stores that fsspec's own package asks to put an object only where there is none.
_PUT_IF_ABSENT = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"}
# Those that it can ask to replace an object only while it is the one that was read.
_PUT_IF_MATCH = {"s3", "s3a"}
_NOT_AS_ASKED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_PACKAGES = {
    "s3": "core-measures[objects]",
    "s3a": "core-measures[objects]",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
}
# A store that is away is told within the minute: these are tries of one request.
_TRIES = 3


def is_address(place: str) -> bool:
    """Whether this is an address that fsspec opens, and no folder's path."""
    return "://" in place and not place.startswith(("file://", "local://"))


def open_address(address: str, *, listings_kept: bool = True) -> tuple[AbstractFileSystem, str]:
    """The file system behind an address, and the path in it.

    `listings_kept`: what was listed once is taken as it was.

    Raises
    ------
    ImportError, OSError, ValueError
        There is no such kind of store, or its package is not installed.
    """
    import fsspec

    protocol = address.partition("://")[0]
    options: dict[str, object] = {}
    if not listings_kept:
        options = {"use_listings_cache": False, "skip_instance_cache": True}
    if protocol in ("s3", "s3a"):
        if importlib.util.find_spec("s3fs") is None:
            raise ImportError("s3fs is not installed: pip install 'core-measures[objects]'")
        options |= _for_s3()
    found: tuple[AbstractFileSystem, str] = fsspec.core.url_to_fs(address, **options)
    return found


def _for_s3() -> dict[str, object]:
    """What the store's own variables say that s3fs does not read, as the lake has it."""
    config: dict[str, object] = {"retries": {"total_max_attempts": _TRIES, "mode": "standard"}}
    if os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        config["s3"] = {"addressing_style": "path"}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    client = {"region_name": region} if region else {}
    # One request an object: what is read or put in parts asks for its size first.
    return {"config_kwargs": config, "client_kwargs": client, "max_concurrency": 1}


@dataclass(frozen=True)
class Entry:
    """An object as listed. Its `tag`, where the store has such, changes with its bytes."""

    size: int
    tag: str
    modified: datetime | None

    @property
    def stamp(self) -> str:
        """Tells one state of an object from another."""
        return self.tag or f"{self.size} {self.modified}"


class ObjectStore:
    """The objects under one address, by their paths below it. Opened by the first that asks.

    Every method raises `FetchError` where the store does not answer, and `HomeError` where it
    refuses or there is no such store.
    """

    def __init__(self, address: str) -> None:
        self._full_address = address.rstrip("/")
        self.address = without_credentials(self._full_address)
        self._protocol = address.partition("://")[0]
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] | None = None
        self._knows_no_condition = False

    def __reduce__(self) -> tuple[type[ObjectStore], tuple[str]]:
        # A process beside this one opens the store by itself.
        return ObjectStore, (self._full_address,)

    @cached_property
    def _opened(self) -> tuple[AbstractFileSystem, str]:
        try:
            return open_address(self._full_address, listings_kept=False)
        except (ImportError, OSError, ValueError) as error:
            raise HomeError(f"{self.address} cannot be opened: {_message_of(error)}.") from error

    @property
    def puts_if_absent(self) -> bool:
        """Whether of two that create one object the store lets one alone do it, by all it says."""
        return self._protocol in _PUT_IF_ABSENT and not self._knows_no_condition

    @contextlib.contextmanager
    def _asked(self) -> Iterator[tuple[AbstractFileSystem, str]]:
        fs, root = self._opened
        try:
            yield fs, root
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise HomeError(
                f"{self.address} refuses: {_message_of(error)}. See that its keys are set and may"
                " list, read and write there."
            ) from error
        except Exception as error:  # each package of fsspec has errors of its own
            raise FetchError(
                f"{self.address} does not answer as it should: {_message_of(error)}."
                " What is served stays as it was; try again later."
            ) from error

    def entries(self) -> dict[str, Entry]:
        """What is there, by path, as it was listed last; own changes are in it."""
        with self._lock:
            if self._entries is None:
                self._entries = self.listed()
            return self._entries

    def forget(self) -> None:
        """See that what is there is listed anew when somebody asks."""
        with self._lock:
            self._entries = None

    def list_again(self, folder: str) -> None:
        """Have what is below a folder listed anew, and nothing else."""
        known = self.entries()
        found = self.listed(folder)
        with self._lock:
            kept = {p: one for p, one in known.items() if not p.startswith(f"{folder}/")}
            self._entries = kept | found

    def listed(self, folder: str = "") -> dict[str, Entry]:
        """What is there now, below a folder or in all: one request for each thousand objects."""
        try:
            with self._asked() as (fs, root):
                found = fs.find(f"{root}/{folder}" if folder else root, detail=True)
        except FileNotFoundError as error:
            raise self._none(error) from error
        return {
            name.removeprefix(f"{root}/"): _entry(about)
            for name, about in found.items()
            if about.get("type") == "file"
        }

    def read(self, path: str) -> bytes:
        """An object's bytes.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        with self._asked() as (fs, root):
            data: bytes = fs.cat_file(f"{root}/{path}")
            return data

    def entry(self, path: str) -> Entry | None:
        """An object as it is now; None where there is none."""
        try:
            with self._asked() as (fs, root):
                return _entry(fs.info(f"{root}/{path}"))
        except FileNotFoundError:
            return None

    def create(self, path: str, data: bytes) -> bool:
        """Put an object where there is none; False where there is one.

        Where a store has no such condition it is looked for first, and another may come between.
        """
        if self.puts_if_absent and (done := self._put_if(path, data, mode="create")) is not None:
            return done
        if self.entry(path) is not None:
            return False
        self.put(path, data)
        return True

    def replace(self, path: str, data: bytes, known: Entry) -> bool:
        """Put an object in the place of the one that is known; False where another is there by now.

        Where a store has no such condition it is looked for first, and another may come between.
        """
        if self._protocol in _PUT_IF_MATCH and known.tag and not self._knows_no_condition:
            done = self._put_if(path, data, IfMatch=known.tag)
            if done is not None:
                return done
        if self.entry(path) != known:
            return False
        self.put(path, data)
        return True

    def _put_if(self, path: str, data: bytes, **condition: str) -> bool | None:
        """Put an object on a condition: whether it holds; None where the store knows no such."""
        errors: list[BaseException] = []
        try:
            with self._asked() as (fs, root):
                try:
                    fs.pipe_file(f"{root}/{path}", data, **condition)
                except Exception as error:
                    if not (_is_condition(error) or _is_unknown(error)):
                        raise
                    errors.append(error)
        except FileNotFoundError as error:
            if "IfMatch" in condition:
                return False
            raise self._none(error) from error
        if not errors:
            self._note(path, data)
            return True
        if _is_condition(errors[0]):
            return False
        self._knows_no_condition = True
        return None

    def put(self, path: str, data: bytes) -> None:
        """Put an object, whole or not at all, in the place of one that is there."""
        try:
            with self._asked() as (fs, root):
                fs.pipe_file(f"{root}/{path}", data)
        except FileNotFoundError as error:
            raise self._none(error) from error
        self._note(path, data)

    def _note(self, path: str, data: bytes) -> None:
        with self._lock:
            if self._entries is not None:
                # The store's own tag comes with the next listing.
                self._entries[path] = Entry(len(data), "", datetime.now(UTC))

    def remove(self, path: str) -> None:
        """Remove an object, if it is there."""
        with contextlib.suppress(FileNotFoundError), self._asked() as (fs, root):
            fs.rm_file(f"{root}/{path}")
        with self._lock:
            if self._entries is not None:
                self._entries.pop(path, None)

    def _none(self, error: BaseException) -> HomeError:
        return HomeError(f"There is no {self.address}: {_message_of(error)}.")


def _entry(about: dict[str, Any]) -> Entry:
    tag = about.get("ETag") or about.get("etag") or ""
    names = ("LastModified", "last_modified", "updated", "mtime", "created")
    modified = next((about[name] for name in names if about.get(name)), None)
    if isinstance(modified, str):
        with contextlib.suppress(ValueError):
            modified = datetime.fromisoformat(modified)
    if isinstance(modified, datetime) and modified.tzinfo is None:
        modified = modified.replace(tzinfo=UTC)
    return Entry(
        int(about.get("size") or 0),
        str(tag),
        modified if isinstance(modified, datetime) else None,
    )


def _codes(error: BaseException) -> Iterator[str]:
    """What a store called an error, and those that it came of."""
    one: BaseException | None = error
    while one is not None:
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            yield str(response.get("Error", {}).get("Code"))
        one = one.__cause__


def _is_condition(error: BaseException) -> bool:
    """Whether a put was refused because its condition does not hold."""
    return isinstance(error, FileExistsError) or any(c in _NOT_AS_ASKED for c in _codes(error))


def _is_unknown(error: BaseException) -> bool:
    """Whether a put was refused because the store knows no conditions."""
    return any(code in ("NotImplemented", "501") for code in _codes(error))


def _message_of(error: BaseException) -> str:
    message = without_credentials(" ".join(str(error).split()))
    return (message or type(error).__name__).rstrip(".")

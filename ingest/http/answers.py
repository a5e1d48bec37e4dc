"""What a request may do, and what an answer is."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from ingest.errors import PublisherError

if TYPE_CHECKING:
    pass


Origin = tuple[str, str, int]
"""Scheme, host and port."""


class GoneError(PublisherError):
    """There is nothing at an address, now (404) or any more (410), or it may not be seen (403)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class IncompleteError(Exception):
    """What came is not whole, though the server took it for whole: worth another try."""


@dataclass(frozen=True)
class RequestPolicy:
    """How long to wait, how often to ask, and who we say we are. Seconds throughout."""

    connect: float = 10.0
    read: float = 30.0
    download: float = 900.0
    tries: int = 4
    backoff: float = 1.0
    longest_wait: float = 120.0
    per_second: float = 10.0
    connections: int = 4
    user_agent: str = "core-measures"


def origin_of(url: str) -> Origin:
    """Where a request goes.

    Raises
    ------
    ValueError
        It is no address of the web.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no address of the web")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address may hold no name and no password")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname.lower(), port


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by number: a name could be made to lead elsewhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Answer:
    """What came: the headers, and how many bytes with which hash went to where they should."""

    url: str
    status: int
    headers: Mapping[str, str]
    bytes: int = 0
    sha256: str = ""

    @property
    def not_modified(self) -> bool:
        """Whether the server says that what is held still stands."""
        return self.status == 304

    @property
    def etag(self) -> str | None:
        """The server's own word for these very bytes."""
        return self.headers.get("ETag")

    @property
    def last_modified(self) -> str | None:
        """When the server says that the bytes were last changed."""
        return self.headers.get("Last-Modified")

    @property
    def file_name(self) -> str | None:
        """The name that the server gives the file, as it came: to be checked before any use."""
        found = re.search(
            r'filename\s*=\s*("([^"]*)"|[^;\s]+)',
            self.headers.get("Content-Disposition", ""),
            re.IGNORECASE,
        )
        return None if found is None else found.group(2) or found.group(1)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to bring a body to; gone again if that fails."""
    try:
        with path.open("w+b") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise

"""The one HTTP session: every request that leaves this machine goes through here.

Time-outs, retries, politeness, limits and who may be asked are decided here, for all platforms
alike. What an answer means is for `ingest.publishers`.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from ingest.errors import PublisherError

if TYPE_CHECKING:
    import requests
    import tenacity

_CHUNK = 1 << 16
_MOST_REDIRECTS = 5
_MOST_LAYERS = 2
_GZIP = b"\x1f\x8b"
# What a server says for "later": RFC 9110 (408, 500, 502 to 504), RFC 6585 (429), RFC 8470 (425).
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_CAUSES = {
    400: "it refuses the question (400)",
    401: "it asks for a key (401)",
    403: "it is withdrawn, or may not be seen (403)",
    404: "there is nothing (404)",
    410: "it is gone for good (410)",
    429: "too many requests (429)",
}

Origin = tuple[str, str, int]
"""Scheme, host and port."""


class GoneError(PublisherError):
    """There is nothing at an address, now (404) or any more (410), or it may not be seen (403)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _LaterError(Exception):
    """Worth another try: why, and how many seconds the server asks for."""

    def __init__(self, reason: str, wait: float | None = None, *, unreached: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.unreached = unreached


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


class RateLimiter:
    """A polite distance between the starts of two requests to one host."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Until the next request may go."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._seconds
        if turn > now:
            time.sleep(turn - now)


@dataclass
class Session:
    """Requests to publishers, for many threads at once. Close it when done.

    `allowed` is a publication's own: the origins that a request and every redirect of it may go
    to. Certificates are always verified. No cookie is kept, no `.netrc` is read.
    """

    policy: RequestPolicy = field(default_factory=RequestPolicy)
    requests_made: int = field(default=0, init=False)
    # Each address that was asked, and what came of it: a status, or the fault in a word.
    asked: list[tuple[str, str]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self._session = requests.Session()
        self._session.verify = True
        self._session.auth = lambda request: request
        self._session.headers.update(
            {
                "User-Agent": self.policy.user_agent,
                "Accept": "*/*",
                # Bytes as published: gzip on the way is undone below, within bounds.
                "Accept-Encoding": "gzip, identity",
            }
        )
        self._session.cookies.set_policy(_no_cookies())
        # The pool of each host blocks when its connections are in use. Retries are tenacity's.
        adapter = HTTPAdapter(
            pool_connections=64,
            pool_maxsize=self.policy.connections,
            pool_block=True,
            max_retries=0,
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._gates: dict[Origin, RateLimiter] = {}
        self._unreached: set[Origin] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let nothing more be asked, and nobody wait for another try: the run is over."""
        self._stopped.set()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self,
        url: str,
        sink: BinaryIO,
        *,
        allowed: Iterable[Origin],
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        encoded: bool = False,
        check: Callable[[BinaryIO], None] | None = None,
    ) -> Answer:
        """Bring an answer's body to `sink`, which is emptied before each try.

        `body` makes it a POST. `check` looks at the whole body and raises `IncompleteError` where
        it was cut short, `PublisherError` where it is something else. `encoded` keeps a body as
        it came, its name saying that it is compressed.

        Raises
        ------
        PublisherError
            No answer after all tries, or one that is refused: address and cause in one line.
        """
        import tenacity

        origins = frozenset(allowed)
        with self._lock:
            tries = 1 if self._origin(url, origins) in self._unreached else self.policy.tries

        def waited(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, _LaterError) and error.wait is not None:
                return error.wait
            jitter = tenacity.wait_random_exponential(self.policy.backoff, max=30)
            return jitter(state)

        def rest(seconds: float) -> None:
            self._stopped.wait(seconds)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_LaterError),
            stop=tenacity.stop_after_attempt(tries),
            wait=waited,
            sleep=rest,
            reraise=True,
        )
        try:
            return retrying(self._once, url, sink, origins, limit, headers, body, encoded, check)
        except _LaterError as error:
            if error.unreached:
                with self._lock:
                    self._unreached.add(self._origin(url, origins))
            raise PublisherError(f"{url}: {error}") from error

    @staticmethod
    def _origin(url: str, allowed: frozenset[Origin]) -> Origin:
        try:
            origin = origin_of(url)
        except ValueError as error:
            raise PublisherError(f"{url}: {error}") from error
        if origin not in allowed:
            raise PublisherError(
                f"{url}: {origin[0]}://{origin[1]} is not among the hosts that its publication"
                " names; nothing was asked of it"
            )
        return origin

    def _once(
        self,
        url: str,
        sink: BinaryIO,
        allowed: frozenset[Origin],
        limit: int,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        encoded: bool,
        check: Callable[[BinaryIO], None] | None,
    ) -> Answer:
        if self._stopped.is_set():
            raise PublisherError(f"{url}: it was not asked, because the run was stopped")
        sink.seek(0)
        sink.truncate()
        started = time.monotonic()
        with self._answer(url, allowed, headers or {}, body) as response:
            status = response.status_code
            if status == 304:
                if not headers or not ({"If-None-Match", "If-Modified-Since"} & set(headers)):
                    raise PublisherError(f"{url}: it says 304, not modified, and was not asked so")
                return Answer(url, status, response.headers)
            self._see_status(url, response)
            size, digest = self._body(url, response, sink, limit, encoded, started)
            if check is not None:
                sink.flush()
                try:
                    check(sink)
                except IncompleteError as error:
                    raise _LaterError(str(error)) from error
            return Answer(response.url, status, response.headers, size, digest)

    @contextlib.contextmanager
    def _answer(
        self,
        url: str,
        allowed: frozenset[Origin],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Iterator[requests.Response]:
        """An answer with its body unread, redirects followed as far as they may lead."""
        import requests

        asked, seen = url, {url}
        for _ in range(_MOST_REDIRECTS + 1):
            origin = self._origin(asked, allowed)
            self._gate(origin).wait()
            with self._lock:
                self.requests_made += 1
            # A key goes to the host that it was meant for, and to no other.
            own = origin == self._origin(url, allowed)
            sent = {k: v for k, v in headers.items() if own or k.lower() != "apikey"}
            try:
                response = self._session.request(
                    "GET" if body is None else "POST",
                    asked,
                    headers=sent,
                    data=body,
                    timeout=(self.policy.connect, self.policy.read),
                    allow_redirects=False,
                    stream=True,
                )
            except requests.exceptions.SSLError as error:
                self._note(asked, "no valid certificate")
                raise PublisherError(
                    f"{asked}: its certificate is not valid: {_ssl(error)}"
                ) from error
            except requests.exceptions.Timeout as error:
                self._note(asked, "no answer in time")
                raise _LaterError("it does not answer in time", unreached=True) from error
            except requests.exceptions.ConnectionError as error:
                self._note(asked, "no connection")
                raise _LaterError(_connection(error), unreached=True) from error
            except (requests.exceptions.RequestException, ValueError) as error:
                raise PublisherError(f"{asked}: {_plain(error)}") from error
            self._note(asked, str(response.status_code))
            try:
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECT or location is None:
                    yield response
                    return
                asked = urljoin(asked, location)
            finally:
                response.close()
            if asked in seen:
                raise PublisherError(f"{url}: its redirects go round in a circle")
            seen.add(asked)
        raise PublisherError(f"{url}: it redirects more than {_MOST_REDIRECTS} times")

    def _note(self, url: str, answer: str) -> None:
        with self._lock:
            self.asked.append((url, answer))

    def _gate(self, origin: Origin) -> RateLimiter:
        with self._lock:
            return self._gates.setdefault(origin, RateLimiter(1 / self.policy.per_second))

    def _see_status(self, url: str, response: requests.Response) -> None:
        status = response.status_code
        if status in _LATER:
            reason = _CAUSES.get(status, f"it cannot answer now ({status})")
            wait = _retry_after(response.headers.get("Retry-After"))
            if wait is not None and wait > self.policy.longest_wait:
                raise PublisherError(f"{url}: {reason}, and asks to be left alone for longer")
            raise _LaterError(reason, wait)
        if status in {403, 404, 410}:
            raise GoneError(f"{url}: {_CAUSES[status]}", status)
        if status != 200:
            raise PublisherError(
                f"{url}: {_CAUSES.get(status, f'it answers with status {status}')}"
            )

    def _body(
        self,
        url: str,
        response: requests.Response,
        sink: BinaryIO,
        limit: int,
        encoded: bool,
        started: float,
    ) -> tuple[int, str]:
        """The body, counted and hashed as it is written; never more than `limit` bytes."""
        from urllib3.exceptions import HTTPError

        too_long = PublisherError(f"{url}: it sends more than the {limit:,} bytes it may")
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and float(declared) > limit:
            raise too_long
        digest, size = hashlib.sha256(), 0
        try:
            raw = response.raw.stream(_CHUNK, decode_content=False)
            for chunk in _decoded(self._timely(raw, started), encoded):
                size += len(chunk)
                if size > limit:
                    raise too_long
                digest.update(chunk)
                sink.write(chunk)
        except (HTTPError, OSError) as error:
            # OSError is the socket's: what a disk says is not lost on the way.
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise
            raise _LaterError(_body_fault(error)) from error
        except (zlib.error, EOFError) as error:
            raise _LaterError("what it sends compressed is cut short or damaged") from error
        return size, digest.hexdigest()

    def _timely(self, chunks: Iterable[bytes], started: float) -> Iterator[bytes]:
        for chunk in chunks:
            if time.monotonic() - started > self.policy.download:
                raise _LaterError("it sends too slowly to be waited for")
            yield chunk


def _decoded(chunks: Iterable[bytes], encoded: bool) -> Iterator[bytes]:
    """The bytes as published, whatever the label says of them.

    EES sends its CSV gzip'd whatever was asked for, and a client that undoes it must not undo it
    again (`facts/ees-and-ofsted.md` 1.6). So no label is believed: bytes that begin like gzip are
    undone, twice at most.
    """
    for _ in range(0 if encoded else _MOST_LAYERS):
        chunks = _gunzipped(chunks)
    yield from chunks


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    head, rest = b"", iter(chunks)
    while len(head) < len(_GZIP):
        chunk = next(rest, None)
        if chunk is None:
            break
        head += chunk
    if not head.startswith(_GZIP):
        if head:
            yield head
        yield from rest
        return
    yield from _inflated(head, rest)


def _inflated(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip undone a little at a time, member after member, so that a bomb is met by the limit."""
    decoder = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in _chained(head, rest):
        data = chunk
        while data:
            begun = True
            out = decoder.decompress(data, _CHUNK)
            if out:
                yield out
            data = decoder.unconsumed_tail
            if decoder.eof:
                data, begun = decoder.unused_data, False
                if data and not data.startswith(_GZIP[:1]):
                    return  # padding
                decoder = zlib.decompressobj(wbits=31)
    while out := decoder.decompress(b"", _CHUNK):
        yield out
    if begun and not decoder.eof:
        raise EOFError


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form that RFC 9110 allows; None where it says nothing clear."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip())
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _connection(error: BaseException) -> str:
    text = _plain(error)
    if "NameResolutionError" in text or "getaddrinfo" in text or "resolve" in text.lower():
        return "its host name is not known to the name service"
    if "refused" in text.lower():
        return "it refuses the connection"
    if "ProxyError" in text:
        return "the proxy of this machine does not let it through"
    return "the connection breaks off before an answer"


def _ssl(error: BaseException) -> str:
    found = re.search(r"certificate verify failed: ([^(')]+)", str(error))
    return found.group(1).strip() if found else "no secure connection can be made"


def _body_fault(error: BaseException) -> str:
    if "timed out" in str(error).lower() or isinstance(error, TimeoutError):
        return "it stops in the middle and says nothing more"
    return "what it sends is cut short"


def _no_cookies() -> Any:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])


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

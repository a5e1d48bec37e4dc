"""The one HTTP session: every request that leaves this machine goes through here.

Time-outs, retries, politeness, limits and who may be asked are decided here, for all platforms
alike. What an answer means is for `ingest.publishers`.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

from ingest.errors import PublisherError
from ingest.http.answers import Answer, GoneError, IncompleteError, Origin, RequestPolicy, origin_of
from ingest.http.decoding import CHUNK, decoded
from ingest.http.faults import CAUSES, body_fault, certificate, connection, plain, retry_after

if TYPE_CHECKING:
    from http.cookiejar import CookiePolicy

    import requests
    import tenacity

_MOST_REDIRECTS = 5

# What a server says for "later": RFC 9110 (408, 500, 502 to 504), RFC 6585 (429), RFC 8470 (425).
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})

_REDIRECT = frozenset({301, 302, 303, 307, 308})


class _LaterError(Exception):
    """Worth another try: why, and how many seconds the server asks for."""

    def __init__(self, reason: str, wait: float | None = None, *, unreached: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.unreached = unreached


class RateLimiter:
    """A polite distance between the starts of two requests to one host.

    requests-ratelimiter counts requests in a span of time, and lets all that it allows go at once.
    """

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
                    f"{asked}: its certificate is not valid: {certificate(error)}"
                ) from error
            except requests.exceptions.Timeout as error:
                self._note(asked, "no answer in time")
                raise _LaterError("it does not answer in time", unreached=True) from error
            except requests.exceptions.ConnectionError as error:
                self._note(asked, "no connection")
                raise _LaterError(connection(error), unreached=True) from error
            except (requests.exceptions.RequestException, ValueError) as error:
                raise PublisherError(f"{asked}: {plain(error)}") from error
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
            reason = CAUSES.get(status, f"it cannot answer now ({status})")
            wait = retry_after(response.headers.get("Retry-After"))
            if wait is not None and wait > self.policy.longest_wait:
                raise PublisherError(f"{url}: {reason}, and asks to be left alone for longer")
            raise _LaterError(reason, wait)
        if status in {403, 404, 410}:
            raise GoneError(f"{url}: {CAUSES[status]}", status)
        if status != 200:
            raise PublisherError(f"{url}: {CAUSES.get(status, f'it answers with status {status}')}")

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
            raw = response.raw.stream(CHUNK, decode_content=False)
            for chunk in decoded(self._timely(raw, started), encoded):
                size += len(chunk)
                if size > limit:
                    raise too_long
                digest.update(chunk)
                sink.write(chunk)
        except (HTTPError, OSError) as error:
            # OSError is the socket's: what a disk says is not lost on the way.
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise
            raise _LaterError(body_fault(error)) from error
        except (zlib.error, EOFError) as error:
            raise _LaterError("what it sends compressed is cut short or damaged") from error
        return size, digest.hexdigest()

    def _timely(self, chunks: Iterable[bytes], started: float) -> Iterator[bytes]:
        for chunk in chunks:
            if time.monotonic() - started > self.policy.download:
                raise _LaterError("it sends too slowly to be waited for")
            yield chunk


def _no_cookies() -> CookiePolicy:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])

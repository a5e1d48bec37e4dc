"""One loopback HTTP server that answers as a stand-in says, or misbehaves as a fault says."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Kind = Literal["listing", "file"]


@dataclass(frozen=True)
class Request:
    """What was asked: the path without its slash, the question, the headers, the body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


@dataclass
class Reply:
    """What is answered. `kind` is what a fault may be about."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: Kind = "listing"


class Speaks(Protocol):
    """A stand-in."""

    def answer(self, request: Request, base: str) -> Reply:
        """What the platform answers; `base` is the server's own address."""


Act = Callable[["_Handler", Request, Reply], None]


@dataclass
class Fault:
    """Something a server does wrong to answers of a kind, the first `times` or always."""

    act: Act
    kind: Kind | None = "file"
    times: int | None = None


class Server:
    """A stand-in on a port of its own. `requests` is everything that was asked of it."""

    def __init__(
        self,
        stand_in: Speaks,
        *,
        latency: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.stand_in = stand_in
        self.fault: Fault | None = None
        self.latency = latency
        self.requests: list[Request] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self._http = _Quiet(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def asked(self, kind: Callable[[Request], bool] = lambda _: True) -> int:
        """How many requests came."""
        return sum(kind(request) for request in self.requests)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or shakes hands with nobody, is what is wanted."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Quiet
    # A small answer goes out at once.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        owner = self.server.owner
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(parts.path).strip("/"),
            {name: values[-1] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        with owner.lock:
            owner.requests.append(request)
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
        try:
            if owner.latency:
                time.sleep(owner.latency)
            reply = owner.stand_in.answer(request, owner.base)
            fault = self._fault(reply)
            if fault is None:
                self.reply(conditional(request, reply))
            else:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    fault.act(self, request, reply)
        finally:
            with owner.lock:
                owner.at_once -= 1

    def _fault(self, reply: Reply) -> Fault | None:
        fault = self.server.owner.fault
        if fault is None or fault.kind not in {None, reply.kind}:
            return None
        if fault.times is not None:
            if fault.times == 0:
                return None
            fault.times -= 1
        return fault

    def reply(self, reply: Reply, *, length: int | None = None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body) if length is None else length))
        self.end_headers()
        if reply.status != 304:
            self.wfile.write(reply.body)

    def hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def conditional(request: Request, reply: Reply) -> Reply:
    """304 where the client has these very bytes already, by the validators it was given."""
    if reply.status != 200 or request.method != "GET":
        return reply
    etag = reply.headers.get("ETag")
    modified = reply.headers.get("Last-Modified")
    if etag is not None and request.headers.get("if-none-match") == etag:
        return Reply(b"", 304, {"ETag": etag}, reply.kind)
    if etag is None and modified and request.headers.get("if-modified-since") == modified:
        return Reply(b"", 304, {"Last-Modified": modified}, reply.kind)
    return reply


def etag_of(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


# --- what may go wrong


def says(status: int, **headers: str) -> Act:
    """Another status than it should."""

    def act(handler: _Handler, _: Request, reply: Reply) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.reply(Reply(b"not now", status, named, reply.kind))

    return act


def stall(handler: _Handler, _: Request, reply: Reply) -> None:
    """Half a body, and then nothing."""
    body = reply.body
    handler.reply(Reply(body[: len(body) // 2], 200, reply.headers), length=len(body))
    handler.wfile.flush()
    time.sleep(1.5)
    handler.hang_up()


def cut_short(handler: _Handler, _: Request, reply: Reply) -> None:
    """Half a body, and the connection is gone."""
    body = reply.body
    handler.reply(Reply(body[: len(body) // 2], 200, reply.headers), length=len(body))
    handler.hang_up()


def wrong_length(handler: _Handler, _: Request, reply: Reply) -> None:
    """A whole body whose length is said to be ten bytes less."""
    handler.reply(reply, length=len(reply.body) - 10)
    handler.hang_up()


def web_page(handler: _Handler, _: Request, reply: Reply) -> None:
    """An error page that says 200."""
    page = b"<!DOCTYPE html><html><body>The service is unavailable</body></html>"
    handler.reply(Reply(page, 200, {"Content-Type": "text/html"}, reply.kind))


def elsewhere(location: str) -> Act:
    """A redirect."""

    def act(handler: _Handler, request: Request, reply: Reply) -> None:
        round_again = f"/{request.path}?{urlencode(request.query | {'again': '1'})}"
        to = round_again if location == "round" else location
        handler.reply(Reply(b"", 302, {"Location": to}, reply.kind))

    return act


def instead(body: bytes, **headers: str) -> Act:
    """Other bytes, well sent."""

    def act(handler: _Handler, _: Request, reply: Reply) -> None:
        kept = {k: v for k, v in reply.headers.items() if k not in {"ETag", "Last-Modified"}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.reply(Reply(body, 200, kept | named, reply.kind))

    return act


def endless(handler: _Handler, _: Request, reply: Reply) -> None:
    """Ten gigabytes, with no length said."""
    handler.send_response(200)
    for name, value in reply.headers.items():
        if name != "Content-Encoding":
            handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for _n in range(10 * 1024):
        handler.wfile.write(b"0" * (1 << 20))


def gzipped(layers: int, label: str) -> Act:
    """A body compressed so often, and labelled as is said."""

    def act(handler: _Handler, _: Request, reply: Reply) -> None:
        body = reply.body
        for _n in range(layers):
            body = gzip.compress(body)
        handler.reply(Reply(body, 200, reply.headers | {"Content-Encoding": label}, reply.kind))

    return act


def pages(items: list[Any], request: Request, default: int) -> Iterator[Any]:
    """One page of a list, as DfE's services page theirs: the items and the paging."""
    page = int(request.query.get("page", 1))
    size = int(request.query.get("pageSize", default))
    yield items[(page - 1) * size : page * size]
    yield {
        "page": page,
        "pageSize": size,
        "totalResults": len(items),
        "totalPages": max(1, -(-len(items) // size)),
    }

"""Bytes as published, whatever was done to them on the way."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


CHUNK = 1 << 16

_MOST_LAYERS = 2

_GZIP = b"\x1f\x8b"


def decoded(chunks: Iterable[bytes], encoded: bool) -> Iterator[bytes]:
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
            out = decoder.decompress(data, CHUNK)
            if out:
                yield out
            data = decoder.unconsumed_tail
            if decoder.eof:
                data, begun = decoder.unused_data, False
                if data and not data.startswith(_GZIP[:1]):
                    return  # padding
                decoder = zlib.decompressobj(wbits=31)
    while out := decoder.decompress(b"", CHUNK):
        yield out
    if begun and not decoder.eof:
        raise EOFError


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest

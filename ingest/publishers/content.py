"""Whether bytes are what their name says, and whole: looked at before anything is kept.

Files are told by their first bytes, since an error page arrives under any name. Nothing is run,
nothing is unpacked further than its limits, and no name out of a zip is ever used as a path.
What the rows are worth is for `expectations`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from pydantic import TypeAdapter, ValidationError

from ingest.archive.release import FileName, PublishedFile
from ingest.errors import PublisherError
from ingest.http.answers import IncompleteError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIPPED = {".xlsx", ".ods", ".zip", ".docx", ".odt"}
_TEXTS = {".csv", ".txt", ".tsv"}
# Published workbooks and CSV shrink to a 27th at most (measured in ../shared/published); deflate
# can do a thousandth. A small part may be all blanks.
_MOST_RATIO = 100
_SMALL = 10 << 20
_MOST_ENTRIES = 5000
_TAIL = 1 << 16
# What the library ends in where an entry, or what says where it stands, is not whole.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    struct.error,
    lzma.LZMAError,
)
# A character beyond 16 bits is written in two halves.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_FILE_NAME: TypeAdapter[str] = TypeAdapter(FileName)


@dataclass(frozen=True)
class Limits:
    """Bytes that a file may have, and that a zip may unpack to."""

    size: int
    unpacked: int


def safe_name(name: str) -> str:
    """A file name that may be used in the archive.

    Raises
    ------
    PublisherError
        It could lead elsewhere, or stand for something of the archive's own.
    """
    try:
        return _FILE_NAME.validate_python(name)
    except ValidationError as error:
        raise PublisherError(f"a file's name will not do: {error.errors()[0]['msg']}") from error


def check(name: str, sink: BinaryIO, limits: Limits) -> None:
    """See that a file is what its name says.

    Raises
    ------
    IncompleteError
        It was cut short: worth another try.
    PublisherError
        It is something else.
    """
    suffix = PurePosixPath(name).suffix.lower()
    sink.seek(0)
    head = sink.read(1024)
    if not head:
        raise IncompleteError("what it sends is empty")
    if _is_markup(head) and suffix not in {".html", ".xml"}:
        raise PublisherError(f"it sends a web page where {name} should be")
    if suffix in _ZIPPED:
        check_zip(sink, limits)
    elif suffix == ".xls":
        if not head.startswith(_OLE):
            raise PublisherError(f"{name} is no workbook: it begins with {head[:8].hex()}")
    elif suffix == ".json":
        read_json(sink)
    elif suffix in _TEXTS:
        if head.startswith((_ZIP, _EMPTY_ZIP, _OLE)):
            raise PublisherError(f"{name} is no text: it begins like a zip or a workbook")
        if suffix == ".csv":
            _check_csv_end(sink, name)


def _is_markup(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body"))


def _check_csv_end(sink: BinaryIO, name: str) -> None:
    """A CSV that ends without a line end must end with a whole row."""
    size = sink.seek(0, io.SEEK_END)
    sink.seek(max(0, size - _TAIL))
    tail = sink.read()
    if tail.endswith((b"\n", b"\r")):
        return
    sink.seek(0)
    first = sink.readline(1 << 20)
    last = tail.replace(b"\r", b"\n").rsplit(b"\n", 1)[-1]
    try:
        wanted, found = (
            len(next(csv.reader([line.decode("latin-1")]), [])) for line in (first.strip(), last)
        )
    except csv.Error as error:
        raise PublisherError(f"{name} cannot be read as CSV: {error}") from error
    if found < wanted:
        raise IncompleteError(f"{name} ends in the middle of a row")


def header_of(sink: BinaryIO) -> tuple[list[str], bool]:
    """A CSV's columns, and whether anything stands under them."""
    sink.seek(0)
    text = io.TextIOWrapper(
        io.BufferedReader(_Unclosed(sink)), "utf-8-sig", errors="replace", newline=""
    )
    try:
        rows = csv.reader(text)
        columns = next(rows, [])
        return columns, any(any(cell.strip() for cell in row) for row in rows)
    except csv.Error as error:
        raise PublisherError(f"what it sends cannot be read as CSV: {error}") from error
    finally:
        text.detach()


class _Unclosed(io.RawIOBase):
    """Another's file, to be read through and left open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = cast(memoryview, buffer)
        data = self._file.read(len(room))
        room[: len(data)] = data
        return len(data)


def read_json(sink: BinaryIO) -> object:
    """What a JSON document says; half a character, as `"\\ud800"` alone, becomes a question mark.

    Python reads such a half and can write it nowhere, neither a file nor an address.

    Raises
    ------
    PublisherError
        It is none.
    """
    sink.seek(0)
    data = sink.read()
    if _is_markup(data[:1024]):
        raise PublisherError("it sends a web page where JSON should be")
    try:
        document = json.loads(data.decode(json.detect_encoding(data)))
        if _HALF.search(data):
            whole = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
            document = json.loads(whole)
        return document
    except (ValueError, RecursionError) as error:
        raise PublisherError("what it sends is not valid JSON") from error


def check_zip(sink: BinaryIO, limits: Limits) -> list[zipfile.ZipInfo]:
    """A zip's entries, once it is whole and none of them is a trap.

    EES sends the headers of a release's zip before the zip is finished, so that a 200 may be cut
    short: what tells is the central directory at the end (`facts/ees-and-ofsted.md` 2).

    Raises
    ------
    IncompleteError
        Its central directory is missing or leads nowhere.
    PublisherError
        It is no zip; a name in it leads elsewhere; it would unpack to more than it may.
    """
    sink.seek(0)
    if sink.read(2) != b"PK":
        raise PublisherError("what it sends is no zip, nor a workbook made of one")
    try:
        with zipfile.ZipFile(sink) as whole:
            entries = whole.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise IncompleteError(
            "the zip is cut short: its list of contents is missing or damaged"
        ) from error
    if not entries:
        raise PublisherError("the zip is empty")
    if len(entries) > _MOST_ENTRIES:
        raise PublisherError(f"the zip has more than {_MOST_ENTRIES:,} entries")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise PublisherError("the zip has two entries of one name")
    for entry in entries:
        _see_entry(entry)
    if sum(entry.file_size for entry in entries) > limits.unpacked:
        raise PublisherError(
            f"the zip says it unpacks to more than the {limits.unpacked:,} bytes it may"
        )
    return entries


def _see_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    if not name:
        raise PublisherError("the zip has an entry without a name")
    if (
        name.startswith(("/", "\\"))
        or ".." in parts
        or ":" in name
        or "\x00" in entry.orig_filename
    ):
        raise PublisherError(f"the zip has an entry that leads elsewhere: {name!r}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise PublisherError(f"the zip has a link in it: {name!r}")
    if entry.flag_bits & 0x1:
        raise PublisherError(f"the zip has an entry under a password: {name!r}")
    if entry.file_size > _SMALL and entry.file_size > _MOST_RATIO * max(1, entry.compress_size):
        raise PublisherError(
            f"the zip would blow up: {name!r} is packed to less than a {_MOST_RATIO}th"
        )


def unpack(
    packed: Path, folder: Path, wanted: Callable[[str], bool], limits: Limits
) -> tuple[list[PublishedFile], list[str]]:
    """The wanted files of a zip, unpacked into a folder, and the names of those left out.

    Only an entry's last name is used, and only once it is known to be plain.

    Raises
    ------
    IncompleteError, PublisherError
        As `check_zip`, or a file's bytes are damaged, or two files have one name.
    """
    kept: list[PublishedFile] = []
    left: list[str] = []
    budget = limits.unpacked
    with packed.open("rb") as sink:
        entries = check_zip(sink, limits)
        with zipfile.ZipFile(sink) as whole:
            for entry in entries:
                if entry.is_dir():
                    continue
                name = PurePosixPath(entry.filename.replace("\\", "/")).name
                if not wanted(name):
                    left.append(name)
                    continue
                if safe_name(name) in {file.name for file in kept}:
                    raise PublisherError(f"the zip has two files named {name}")
                size, digest = _extract(whole, entry, folder / name, budget)
                budget -= size
                with (folder / name).open("rb") as out:
                    check(name, out, limits)
                kept.append(PublishedFile(name=name, bytes=size, sha256=digest))
    return kept, sorted(left)


def _extract(
    whole: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, budget: int
) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as out:
        for chunk in _chunks(whole, entry):
            size += len(chunk)
            if size > budget:
                raise PublisherError(f"the zip unpacks to more than it may, at {entry.filename}")
            digest.update(chunk)
            out.write(chunk)
    return size, digest.hexdigest()


def _chunks(whole: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry's bytes; an error of reading them is the zip's, never the disk's they go to."""
    try:
        with whole.open(entry) as source:
            while chunk := source.read(1 << 16):
                yield chunk
    except _DAMAGE as error:
        raise IncompleteError(f"the zip is damaged at {entry.filename}") from error

"""Whatever a publisher sends as a workbook, a zip or JSON ends in rows or in one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_fuzz import FEWER, FUZZ, bounded, values
from test_readings import READING, TABLE, read, workbook

from ingest.errors import CoreMeasuresError, ReadError
from ingest.http.answers import IncompleteError
from ingest.http.faults import retry_after
from ingest.publishers import govuk
from ingest.publishers.content import Limits, check, check_zip, read_json, unpack
from ingest.publishers.nomis import NomisPlatform
from ingest.publishers.platform import Platform, Web, day_from, day_of
from ingest.publishers.stat_xplore import StatXplorePlatform

LIMITS = Limits(size=1 << 20, unpacked=1 << 20)
SOUND = workbook(T1=TABLE)


def zipped(*entries: tuple[str, bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries:
            packed.writestr(name, data)
    return kept.getvalue()


ZIP = zipped(("data/a.csv", b"a,b\n1,2\n"), ("data-guidance/b.txt", b"b" * 4000))


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with some overwritten, cut out, put in, or the end cut off."""
    cuts = st.tuples(
        st.integers(0, len(whole) - 1), st.integers(0, 60), st.binary(max_size=24), st.booleans()
    )

    def cut(data: bytes, parts: list[tuple[int, int, bytes, bool]]) -> bytes:
        for place, length, put, over in parts:
            data = data[:place] + put + data[place + (len(put) if over else length) :]
        return data

    return st.lists(cuts, min_size=1, max_size=4).map(lambda parts: cut(whole, parts))


@given(damaged(SOUND) | st.binary(max_size=200))
@example(SOUND[: len(SOUND) // 2])
@example(b"PK\x03\x04")
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
@settings(FUZZ, max_examples=30)
def test_a_workbook_ends_in_a_traceback_or_in_cells_that_are_not_text(data: bytes) -> None:
    try:
        with bounded():
            table = read(data, READING)
    except ReadError as error:
        assert str(error)
        return
    cells = [cell for column, found in table.items() if column != "source_row" for cell in found]
    assert all(cell is None or isinstance(cell, str) for cell in cells)


@given(damaged(ZIP) | st.binary(max_size=200))
@example(ZIP[:-10])
@example(zipped(("../a.csv", b"a")))
@example(zipped(("a.csv", b"\x00" * (2 << 20))))
@FUZZ
def test_a_zip_ends_in_a_traceback_or_outside_its_folder(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir(exist_ok=True)
    packed = tmp_path / "release.zip"
    packed.write_bytes(data)
    try:
        with bounded():
            entries = check_zip(io.BytesIO(data), LIMITS)
            kept, _ = unpack(packed, folder, lambda name: name.endswith(".csv"), LIMITS)
    except (CoreMeasuresError, IncompleteError) as error:
        assert str(error)
    else:
        assert {file.name for file in kept} <= {Path(e.filename).name for e in entries}
    assert {path.name for path in tmp_path.iterdir()} == {"unpacked", "release.zip"}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LIMITS.unpacked + (1 << 16)
    for path in folder.iterdir():
        path.unlink()


@given(
    st.binary(max_size=200)
    | damaged(json.dumps({"results": [{"id": "a", "values": [1.5, None]}]}).encode())
    | values.map(lambda value: json.dumps(value).encode())
)
@example(b"[" * 100_000)
@example(b'{"a":' * 50_000)
@example(b"1" * 100_000)
@example(b'"\\ud800"')
@example(b'{"\\uDFFF": "\\ud83d\\ude00"}')
@example(b'"\xed\xa0\x80"')
@FEWER
def test_json_ends_in_a_traceback_or_in_what_cannot_be_written(data: bytes) -> None:
    try:
        with bounded():
            json.dumps(read_json(io.BytesIO(data)), ensure_ascii=False).encode()
    except CoreMeasuresError as error:
        assert str(error)


def platform(of: type[Platform]) -> Any:
    """A platform that is asked for nothing."""
    web: Any = SimpleNamespace(limits=LIMITS)
    publication: Any = None
    return of(publication, cast(Web, web), "https://publisher.invalid")


def packed_badly() -> bytes:
    """A zip by LZMA whose entry's own words on how it was packed are wrong."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a.csv", b"a,b\n1,2\n")
    data = bytearray(kept.getvalue())
    data[30 + len("a.csv") + 4] = 0xFF
    return bytes(data)


def nameless() -> bytes:
    """A zip whose one entry has no name."""
    kept, entry = io.BytesIO(), zipfile.ZipInfo("a")
    entry.filename = ""
    with zipfile.ZipFile(kept, "w") as packed, packed.open(entry, "w") as to:
        to.write(b"a")
    return kept.getvalue()


UNKNOWN = b'{"fields": [{"items": 7}], "cubes": {"c": 7}}'


@pytest.mark.parametrize(
    "of",
    [
        lambda _: check("a.csv", io.BytesIO(b"a\r\0"), LIMITS),
        lambda _: check("a.csv", io.BytesIO(b"a" * 200_000 + b"\n1"), LIMITS),
        lambda _: check("a.zip", io.BytesIO(nameless()), LIMITS),
        lambda folder: unpack(folder / "lzma.zip", folder, lambda _: True, LIMITS),
        lambda _: platform(StatXplorePlatform)._check(io.BytesIO(UNKNOWN)),
        lambda _: platform(StatXplorePlatform)._check(
            io.BytesIO(b'{"fields": [{"items": [1]}], "cubes": {"c": 7}}')
        ),
        lambda _: platform(NomisPlatform)._check(
            io.BytesIO(b"a,RECORD_COUNT\n1,1\n" + b"a" * 200_000 + b",1\n")
        ),
        lambda _: govuk._words("<![x["),
        lambda _: govuk._named("{year}", {"year": "1" * 26, "month": "1", "day": "1"}),
    ],
    ids=[
        *("old line ends", "a long line", "no name", "packed badly", "items of no list"),
        *("a cube of nothing", "a long cell", "no HTML", "a year of 26 digits"),
    ],
)
def test_a_publishers_answer_ends_in_an_error_that_is_not_ours(
    tmp_path: Path, of: Callable[[Path], object]
) -> None:
    (tmp_path / "lzma.zip").write_bytes(packed_badly())
    with pytest.raises((CoreMeasuresError, IncompleteError)) as refused:
        of(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_day_or_a_wait_that_is_none_ends_in_a_traceback() -> None:
    far = "Mon, 01 Jan 99999999999 00:00:00 GMT"
    assert (day_of(far), retry_after(far), retry_after("\u00b2")) == (None, None, None)
    assert (day_from("2024-13-45"), day_from("2024-10-31 or so")) == (None, date(2024, 10, 31))

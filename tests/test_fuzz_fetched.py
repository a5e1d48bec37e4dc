"""Whatever a publisher sends as a workbook, a zip or JSON ends in rows or in one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_fuzz import FEWER, FUZZ, bounded, values
from test_readings import READING, TABLE, read, workbook

from ingest.errors import CoreMeasuresError, ReadError
from ingest.http import IncompleteError
from ingest.publishers.content import Limits, check_zip, read_json, unpack

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

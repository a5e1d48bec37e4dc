"""What fuzzing found once, read again: `make fuzz` looks for more, and is no part of the tests."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from test_fuzz_fetched import nameless

from ingest.archive.carried import LIST_FILE
from reliability.fuzz import GRIDS, TARGETS, main


def doubled() -> bytes:
    """A grid whose header names a column as its melt names another."""
    name = b"statutory-homelessness-detailed-local-authority/prevention_duties\n"
    return name + GRIDS["prevention_duties"].replace("children\t\n", "children\t\tduty\n").encode()


def negative() -> bytes:
    """A carried file whose second member has a size below nought."""
    blocks = b""
    for name, size in ((LIST_FILE, b"0" * 11), ("a.csv", b"\xff" * 9 + b"\xfd\xa8")):
        block = bytearray(tarfile.TarInfo(name).tobuf())
        block[124:136] = size.ljust(12, b"\0") if size[0] < 128 else b"\xff" + size
        blocks += bytes(block)
    return blocks + bytes(1024)


FOUND = {
    "csv": b"statistical-neighbours/groupings_2021\nLA num,SN1,SN\n201,202,\n",
    "grids": doubled(),
    "zips": nameless(),
    "tars": negative(),
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_once_ends_in_a_traceback_again(tmp_path: Path, target: str) -> None:
    found = tmp_path / "found.bin"
    found.write_bytes(FOUND[target])
    assert main([target, "--replay", str(found)]) == 0

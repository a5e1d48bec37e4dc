"""Bytes that nobody thought of, led by coverage, at the readers of what others wrote.

    python -m reliability.fuzz [TARGET] [--seconds N]
    python -m reliability.fuzz TARGET --replay FILE

Each target must end, for any bytes, in rows or in an error of ours, soon and in little memory.
Seeds are slices of the sample. What ends otherwise is kept under `data/fuzz`, the shortest bytes
for each place with their traceback, tried first the next time, and makes the exit code 1. Fuzzing
needs atheris, which is none of our packages (`make fuzz`); a replay needs nothing.

Only readers written in Python are here: coverage leads nowhere in those of pyarrow, pydantic or
calamine, and `tests/test_fuzz.py` asks of them what can be asked.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import io
import json
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reliability.trial import ROOT

if TYPE_CHECKING:
    from ingest.contracts.contract import FileContract

Reader = Callable[[bytes], None]

KEEP = ROOT / "data" / "fuzz"
MOST_BYTES = 64 << 10
# Instrumented code takes several times as long as it does for users.
MOST_SECONDS = 2.0
MOST_MIB = 500
INSTRUMENTED = ("ingest", "zipfile", "tarfile")
# What has broken readers before, here or elsewhere, put in at random places.
WORDS = (
    *(rb"\ud800", b"\xb2", b"\r", b'"', b"\0", b"[" * 60, b"1" * 60, b"-600", b"1e400", b"../"),
    *(b"null", b"[]", b"{}", b"2024-13-45", b"PK\1\2", b"PK\5\6", b"ustar", b",SN", b"\tduty"),
)


class UnsoundError(Exception):
    """An outcome that is neither rows nor an error of ours, though nothing was raised."""


class OverdueError(BaseException):
    """A reader that does not end; whatever it catches, this it lets through."""


# --- seeds: slices of an archive's files


def _contracts(kind: str) -> dict[bytes, FileContract]:
    """The contracts of a kind of file by a name that stays theirs, so that kept bytes do."""
    from ingest.contracts.load import load_contracts

    files = (file for publication in load_contracts().values() for file in publication.files)
    return {
        f"{file.publication}/{file.file_id}".encode(): file
        for file in files
        if file.reading.format == kind
    }


def _slice(path: Path) -> bytes:
    """A CSV file's first lines and a few from all over it."""
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join([*lines[:3], *lines[3 :: max(1, len(lines) // 6)]])


def _csv_seeds(archive: Path) -> Iterator[bytes]:
    for name, contract in _contracts("csv").items():
        folder = archive / contract.publisher / contract.publication
        found = sorted(path for path in folder.glob("*/*") if contract.match(path.name))
        for path in found[:1]:
            yield name + b"\n" + _slice(path)
    # One that is melted, of which the sample has none.
    yield b"statistical-neighbours/groupings_2021\nLA num,LA name,SN1,SN2\n201,City,202,203\n"


# The sample has no workbooks: sheets as readings have them, a line a row, a tab between cells.
GRIDS = {
    "prevention_duties": (
        "A5P\nEngland, April to June 2018\n\t\tTotal owed a prevention duty\tSingle parent with"
        " dependent children\t\t\t\t\tCouple / two adults with dependent children\t\n"
        "\t\t\tMale\t\tFemale\t\tOther / gender not known\nE92000001\tEngland\t9\t1\t0.1\t2\t0.2"
        "\t3\t0.3\t4\t0.4\nE06000001\tHartlepool\t9\t1\t0.1\t2\t..\t3\t0.3\t4\t0.4\n\tA note"
    ),
}


def _grid_seeds(_: Path) -> Iterator[bytes]:
    for name, contract in _contracts("workbook").items():
        if contract.file_id in GRIDS:
            yield name + b"\n" + GRIDS[contract.file_id].encode()


def _zip_seeds(archive: Path) -> Iterator[bytes]:
    data = _slice(next(iter(sorted(archive.glob("*/*/*/*.csv")))))
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w", kind) as packed:
            packed.writestr("data/a.csv", data)
            with packed.open("guidance/b.txt", "w", force_zip64=True) as to:
                to.write(b"b" * 99)
        yield kept.getvalue()


def _tar_seeds(archive: Path) -> Iterator[bytes]:
    from ingest.archive.carried import LIST_FILE

    document = next(iter(sorted(archive.glob("*/*/*/release.json")))).read_bytes()
    listed = {"path": "ees/p/2024", "sha256": hashlib.sha256(document).hexdigest()}
    members = {
        LIST_FILE: json.dumps({"releases": [listed]}).encode(),
        "ees/p/2024/release.json": document,
        f"{'a' * 90}/é{'b' * 90}.csv": b"a,b\n1,2\n",
    }
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        kept = io.BytesIO()
        with tarfile.open(fileobj=kept, mode="w", format=kind) as tar:
            for name, data in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        yield kept.getvalue()


# --- what is read


def _see(table: Any) -> None:
    """See that a table is rows of text."""
    from ingest.reading.tables import SOURCE_ROW

    kinds = {str(field.type) for field in table.schema if field.name != SOURCE_ROW}
    if not table.num_rows or not kinds <= {"string"}:
        raise UnsoundError(f"{table.num_rows} rows of {kinds}")


def _csv(_: Path) -> Reader:
    """A published CSV file, by the contract that its first line names."""
    from ingest.errors import ReadError
    from ingest.reading.grids import read_table

    contracts = _contracts("csv")

    def read(data: bytes) -> None:
        name, _, body = data.partition(b"\n")
        if contract := contracts.get(name):
            with contextlib.suppress(ReadError):
                _see(read_table(body, contract.reading, contract.kept))

    return read


def _grids(_: Path) -> Reader:
    """A workbook's cells, in the place of the process that parses its bytes."""
    import ingest.reading.grids
    from ingest.errors import ReadError
    from ingest.reading.workbooks import FoundSheet

    module: Any = ingest.reading.grids
    contracts = _contracts("workbook")

    def read(data: bytes) -> None:
        name, _, body = data.partition(b"\n")
        contract = contracts.get(name)
        if contract is None:
            return
        patterns = contract.reading.sheets
        sheets = []
        for text in body.decode("utf-8", "replace").split("\f")[: len(patterns)]:
            sheet, *lines = text.split("\n")
            rows = [line.split("\t") for line in lines]
            width = max(map(len, rows), default=0)
            cells = [[*row, *[""] * (width - len(row))] for row in rows]
            sheets.append(FoundSheet(sheet, sheet, cells))
        sheets += sheets[-1:] * (len(patterns) - len(sheets))
        parse, module.read_sheets = module.read_sheets, lambda *_: sheets
        try:
            with contextlib.suppress(ReadError):
                _see(module.read_table(b"", contract.reading, contract.kept))
        finally:
            module.read_sheets = parse

    return read


def _zips(folder: Path) -> Reader:
    """A release's zip, looked through and unpacked."""
    from ingest.errors import CoreMeasuresError
    from ingest.http.answers import IncompleteError
    from ingest.publishers.content import Limits, unpack

    limits = Limits(size=1 << 20, unpacked=1 << 20)
    packed, unpacked = folder / "release.zip", folder / "unpacked"

    def read(data: bytes) -> None:
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        packed.write_bytes(data)
        with contextlib.suppress(CoreMeasuresError, IncompleteError):
            unpack(packed, unpacked, lambda name: True, limits)
        size = sum(path.stat().st_size for path in unpacked.iterdir())
        places = {path.name for path in folder.iterdir()}
        if places != {packed.name, unpacked.name} or size > 2 * limits.unpacked:
            raise UnsoundError(f"{size:,} bytes were unpacked, and there are {places}")

    return read


def _tars(folder: Path) -> Reader:
    """An archive that is carried in one file, its checksums mended: nothing is behind one else."""
    from ingest.archive.carried import CarriedArchive
    from ingest.errors import CoreMeasuresError

    path = folder / "carried.tar"

    def read(data: bytes) -> None:
        whole = bytearray(data)
        for at in range(0, len(whole) - 511, 512):
            if whole[at + 257 : at + 262] == b"ustar":
                whole[at + 148 : at + 156] = b" " * 8
                whole[at + 148 : at + 156] = b"%06o\0 " % sum(whole[at : at + 512])
        path.write_bytes(whole)
        with contextlib.suppress(CoreMeasuresError):
            for _ in CarriedArchive(path).verify():
                pass

    return read


# What prepares a reader, once and in a folder of its own, and its seeds of an archive.
TARGETS: dict[str, tuple[Callable[[Path], Reader], Callable[[Path], Iterable[bytes]]]] = {
    "csv": (_csv, _csv_seeds),
    "grids": (_grids, _grid_seeds),
    "zips": (_zips, _zip_seeds),
    "tars": (_tars, _tar_seeds),
}


# --- judging


def judge(read: Reader, data: bytes) -> tuple[str, str] | None:
    """What is wrong with how some bytes are read: a name for it, and all that is known of it.

    Memory is told by how much the process's highest grew.
    """
    before = resource.getrusage(resource.RUSAGE_SELF)
    previous = signal.signal(signal.SIGPROF, _overdue)
    signal.setitimer(signal.ITIMER_PROF, 5 * MOST_SECONDS)
    try:
        read(data)
    except (Exception, OverdueError) as error:
        return _place(error), "".join(traceback.format_exception(error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    mib = (after.ru_maxrss - before.ru_maxrss) >> 10
    if seconds > MOST_SECONDS or mib > MOST_MIB:
        name = "slow" if seconds > MOST_SECONDS else "large"
        return name, f"{seconds:.1f} s and {mib:,} MiB more for {len(data):,} bytes\n"
    return None


def _overdue(*_: object) -> None:
    raise OverdueError


def _place(error: BaseException) -> str:
    """The kind of an error and the last line of ours on its way: the same for the same fault."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(ROOT)]
    at = next((f for f in reversed(own) if f.filename != __file__), own[-1])
    return f"{type(error).__name__}-{Path(at.filename).stem}-{at.lineno}"


# --- running


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one target in this process, which ends with it and cleans nothing up."""
    from ingest.sample import lay_out

    make, slices = TARGETS[name]
    # None of our packages, and so unknown to whoever looks at types.
    atheris: Any = importlib.import_module("atheris")
    for part in ("sample", "work"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for part in ("corpus", "seeds", "found", "work"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(slices(lay_out(folder / "sample"))):
        (folder / "seeds" / str(number)).write_bytes(data)
    # What was found before is tried first, and forgotten where nothing is wrong with it any more.
    for path in (folder / "found").iterdir():
        path.replace(folder / "seeds" / path.name) if path.suffix == ".bin" else path.unlink()
    words = ("".join(f"\\x{byte:02x}" for byte in word) for word in WORDS)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in words))
    # What is loaded already would not be instrumented.
    for module in [module for module in sys.modules if module.split(".")[0] in INSTRUMENTED]:
        del sys.modules[module]
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        read = make(folder / "work")

    def once(data: bytes) -> None:
        if found := judge(read, data):
            kept = folder / "found" / f"{found[0]}.bin"
            if not kept.exists() or len(data) < kept.stat().st_size:
                kept.write_bytes(data)
                kept.with_suffix(".txt").write_text(found[1], "utf-8", "backslashreplace")

    options = {"max_total_time": seconds, "max_len": MOST_BYTES, "rss_limit_mb": 8192}
    options |= {"dict": folder / "words", "artifact_prefix": f"{folder / 'found'}/"}
    given = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *given, *(str(folder / f) for f in ("corpus", "seeds"))], once)
    atheris.Fuzz()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, or replay; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=list(TARGETS))
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    parser.add_argument("--replay", type=Path, help="bytes to read once, without atheris")
    given = parser.parse_args(arguments)
    if given.target and given.replay:
        with tempfile.TemporaryDirectory() as folder:
            wrong = judge(TARGETS[given.target][0](Path(folder)), given.replay.read_bytes())
        print(wrong[1] if wrong else "nothing is wrong")
        return int(wrong is not None)
    if importlib.util.find_spec("atheris") is None:
        parser.error("there is no atheris in this environment: see `make fuzz`")
    if given.target:
        fuzz(given.target, given.seconds, KEEP / given.target)
    ended = []
    for name in TARGETS:
        command = [sys.executable, "-m", "reliability.fuzz", name, "--seconds", str(given.seconds)]
        ended.append(subprocess.run(command, cwd=ROOT, check=False).returncode)
    found = sorted(path for path in KEEP.glob("*/found/*") if path.suffix != ".txt")
    for path in found:
        print(path.relative_to(ROOT))
    return int(bool(found) or any(ended))


if __name__ == "__main__":
    sys.exit(main())

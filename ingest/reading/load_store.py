"""The rows of one table of one published file, kept as Parquet by the file's hash.

Reads a table once in its life, and finds its contract's columns among the names it was published
with. What the rows are worth is for `expectations`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ingest.archive.release import PublishedFile
from ingest.contracts.contract import FileContract
from ingest.councils import all_councils
from ingest.errors import CoreMeasuresError, ReadError
from ingest.object_store import ObjectStore
from ingest.reading.digest import reader_digest
from ingest.reading.grids import read_table, read_workbook
from ingest.reading.loads import Load, with_release
from ingest.reading.recognise import Understanding

if TYPE_CHECKING:
    import pyarrow as pa

# What another version of the project read is left on an object store for so long: it may be in
# use.
_OTHERS_FOR = timedelta(days=1)
_Found = TypeVar("_Found")


class LoadStore:
    """`<home>/loads`: one Parquet file a published file and reading, by hash. May be deleted.

    A file's name tells the hash of what was published and of what read it, so that a reader that
    was mended reads everything again. With an `address` that fsspec knows all of it stands there
    too, by one put each, for whoever else reads the same archive; the folder has what was used.
    """

    def __init__(self, folder: Path, address: str = "") -> None:
        self.folder = folder
        self._store = ObjectStore(address) if address else None

    def path(self, file: PublishedFile, contract: FileContract) -> Path:
        """Where a file's rows are kept as a contract reads them, if they are there yet or not.

        A plain table is the same to every contract; any other reading is told by its own hash.
        """
        reading = contract.reading
        names = [*contract.kept, *map(repr, contract.figures)]
        how = "" if reading.is_plain else f"-{reading.digest(names)[:16]}"
        return self.folder / f"{file.sha256}-{reader_digest()[:8]}{how}.parquet"

    def read(
        self, file: PublishedFile, contract: FileContract, contents: Callable[[], bytes]
    ) -> pa.Table:
        """A file's rows as published, from Parquet if it has been read before.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        import pyarrow.parquet

        path = self.path(file, contract)
        kept = self._look_in(path, lambda: pyarrow.parquet.read_table(path, memory_map=True))
        if kept is not None:
            return kept
        table = read_table(contents(), contract.reading, contract.kept, contract.figures)
        self._keep(table, path)
        return table

    def read_together(
        self,
        file: PublishedFile,
        contracts: Sequence[FileContract],
        contents: Callable[[], bytes],
    ) -> None:
        """Read the tables of a workbook that were not read before, parsing it once for all of them.

        Of a table that cannot be read nothing is kept: `read` says why.

        Raises
        ------
        ArchiveError
            The archive has not got the file, or cannot be asked now.
        """
        of_workbook = [c for c in contracts if c.reading.format == "workbook"]
        if len(of_workbook) < 2:
            return
        new = [c for c in of_workbook if self._is_new(file, c)]
        if not new:
            return
        with contextlib.suppress(ReadError):
            tables = read_workbook(contents(), [(c.reading, c.kept, c.figures) for c in new])
            for contract, table in zip(new, tables, strict=True):
                if not isinstance(table, ReadError):
                    self._keep(table, self.path(file, contract))

    def _is_new(self, file: PublishedFile, contract: FileContract) -> bool:
        path = self.path(file, contract)
        return not path.exists() and not self._fetch(path)

    def ensure(
        self, file: PublishedFile, contract: FileContract, contents: Callable[[], bytes]
    ) -> None:
        """See that a file's Parquet is there, reading the file again if it was deleted.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        import pyarrow as pa
        import pyarrow.parquet

        try:
            pyarrow.parquet.read_schema(self.path(file, contract))
        except (pa.ArrowInvalid, OSError):
            self.read(file, contract, contents)

    def described(
        self, load: Load, how: Understanding, contents: Callable[[], bytes]
    ) -> tuple[Path, list[str]]:
        """A load's rows as they are understood, kept as Parquet too: where, and their columns.

        Raises
        ------
        ReadError
            The bytes are not the table that the contract's reading speaks of.
        """
        import pyarrow.parquet

        path = self._described_path(load, how)
        names = self._look_in(path, lambda: pyarrow.parquet.read_schema(path).names)
        if names is not None:
            return path, names
        rows = with_release(load, self.read(load.file, load.contract, contents))
        return path, self.describe(load, how, rows).column_names

    def describe(self, load: Load, how: Understanding, rows: pa.Table) -> pa.Table:
        """Rows of a load, as published, as they are understood; kept, for `described` to find."""
        from ingest.reading.rows import described

        table = described(rows, load.contract, how, all_councils())
        self._keep(table, self._described_path(load, how))
        return table

    def _described_path(self, load: Load, how: Understanding) -> Path:
        plain = self.path(load.file, load.contract)
        contract = load.contract
        of_contract = (
            *(contract.columns, contract.known_marks, contract.period, contract.period_type),
            *(contract.area, contract.notes, contract.flags, contract.bounds, contract.statuses),
        )
        key_parts = [
            repr(of_contract),
            load.release.release,
            json.dumps(how.to_dict()),
            all_councils().digest,
        ]
        key = hashlib.sha256("\n".join(key_parts).encode()).hexdigest()
        return plain.with_name(f"{plain.stem}-as-{key[:16]}.parquet")

    def _look_in(self, path: Path, look: Callable[[], _Found]) -> _Found | None:
        """What a kept file has, brought from the store where it is not here or is damaged.

        None where neither has it whole: the archive has the truth.
        """
        import pyarrow as pa

        for here in (True, False):
            if path.exists() if here else self._fetch(path):
                with contextlib.suppress(pa.ArrowInvalid, OSError):
                    return look()
        return None

    def _fetch(self, path: Path) -> bool:
        """Bring a file from where all of them stand; False where it has not got it."""
        if self._store is None:
            return False
        try:
            data = self._store.read(path.name)
        except FileNotFoundError:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        partial.write_bytes(data)
        partial.replace(path)
        return True

    def _keep(self, table: pa.Table, path: Path) -> None:
        import pyarrow.parquet

        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        pyarrow.parquet.write_table(table, partial, compression="zstd")
        if self._store is not None:
            self._store.put(path.name, partial.read_bytes())
        partial.replace(path)

    def kept(self, file: PublishedFile) -> list[Path]:
        """What is kept of a file, by whatever reading."""
        return sorted(self.folder.glob(f"{file.sha256}*.parquet"))

    def sweep(self) -> None:
        """Remove what an interrupted refresh left half-written, and what an older reader read."""
        for partial in self.folder.glob(".*.partial-*"):
            partial.unlink(missing_ok=True)
        for kept in self.folder.glob("*.parquet"):
            if not _is_todays(kept.stem):
                kept.unlink(missing_ok=True)
        if self._store is not None:
            # A store that cannot be asked now is for the next sweep.
            with contextlib.suppress(CoreMeasuresError):
                self._sweep_store(self._store)

    @staticmethod
    def _sweep_store(store: ObjectStore) -> None:
        for name, entry in store.listed().items():
            long_ago = entry.modified and datetime.now(UTC) - entry.modified > _OTHERS_FOR
            if name.endswith(".parquet") and long_ago and not _is_todays(name[: -len(".parquet")]):
                store.remove(name)


def _is_todays(stem: str) -> bool:
    """Whether today's reader read what is kept by this name."""
    return stem.split("-")[1:2] == [reader_digest()[:8]]

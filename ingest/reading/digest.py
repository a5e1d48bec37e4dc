"""What the reading of a file depends on, beside the file and its contract."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

# What turns bytes into rows, beside the code of `ingest.reading`.
_LIBRARIES = ("duckdb", "pyarrow", "python-calamine", "xlrd")


@lru_cache(maxsize=1)
def reader_digest() -> str:
    """Changes whenever what is read of a file might: with the reader's code and its libraries."""
    folder = Path(__file__).parent
    seen = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        seen.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    for library in _LIBRARIES:
        seen.update(f"{library} {version(library)}\n".encode())
    return seen.hexdigest()

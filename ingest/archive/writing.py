"""Files that are there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# What begins like this is half-written.
PARTIAL = ".partial-"


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by a new one at once: whoever reads it finds the old or the new, whole."""
    partial = path.with_name(f".{path.name}{PARTIAL}{os.getpid()}")
    try:
        write_synced(partial, data)
        partial.replace(path)
    except OSError:
        # A disk that is full takes no more; what it took of this is nothing to anybody.
        partial.unlink(missing_ok=True)
        raise


_NO_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's list of names, or a file's bytes.

    A share that keeps no order of its own (SMB) says so, and has nothing to wait for.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC or not path.is_dir():
            raise
    finally:
        os.close(descriptor)

"""What takes long to make and says nothing of a home: kept for all homes of a user.

It stands in the user's folder for caches: `XDG_CACHE_HOME`, else `~/.cache`. Where nothing can be
kept, whoever needs a thing makes it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ingest.archive.release import sha256_of
from ingest.archive.writing import write_whole

# Things of a kind that are kept: today's, and those of who works beside it.
_KEPT = 4
# The last to be written: the SHA-256 of each file, by its name.
_DIGESTS = "sha256.json"


def kept_for_all(kind: str, key: str) -> dict[str, bytes] | None:
    """The files of a thing, by their names, if they were kept and are still as they were."""
    try:
        folder = _folder(kind, key)
        digests = json.loads((folder / _DIGESTS).read_bytes())
        files = {name: (folder / name).read_bytes() for name in digests}
    except (OSError, RuntimeError, ValueError, TypeError):  # the second where a user has no home
        return None
    return files if digests == _digests(files) else None


def keep_for_all(kind: str, key: str, files: Mapping[str, bytes]) -> None:
    """Keep the files of a thing, by their names; those of a kind that came long ago go."""
    try:
        folder = _folder(kind, key)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(folder / name, content)
        write_whole(folder / _DIGESTS, json.dumps(_digests(files)).encode())
        for old in sorted(folder.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError):
        return


def _folder(kind: str, key: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return cache / "core-measures" / kind / sha256_of(key.encode())[:32]


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256_of(content) for name, content in files.items()}

"""A copy of a lake's catalogue for a backup: of PostgreSQL a dump, of a file another file.

The lake's Parquet is not in it: it stays where it is, and a catalogue that is put back finds it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # nosec B404
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

from ingest.errors import without_credentials
from warehouse.connection import SETTINGS, sql_text
from warehouse.publish.lake import Lake, LakeError, message_of

_TABLES = "public.ducklake_*"


def copy_catalogue(lake: Lake, folder: Path) -> Path:
    """Write what a lake's catalogue holds into a folder; the file that holds it.

    Raises
    ------
    LakeError
        It cannot be read, or PostgreSQL's `pg_dump` is not here.
    """
    return _dump(lake, folder) if lake.is_postgres else _copy(lake, folder)


def _copy(lake: Lake, folder: Path) -> Path:
    path = folder / "catalogue.ducklake"
    try:
        with duckdb.connect(config=SETTINGS) as con:
            # Another process that writes holds it, and then this is told; so is a half of it never
            # copied.
            con.execute(f"attach {sql_text(lake.catalogue)} as held (read_only)")
            con.execute(f"attach {sql_text(str(path))} as kept")
            con.execute("copy from database held to kept")
    except duckdb.Error as error:
        raise LakeError(f"The catalogue of {lake} cannot be copied: {message_of(error)}") from error
    return path


def _dump(lake: Lake, folder: Path) -> Path:
    path = folder / "catalogue.sql"
    tool = shutil.which("pg_dump")
    if tool is None:
        raise LakeError(
            f"The catalogue of {lake} cannot be copied: pg_dump is not installed here. Install"
            " PostgreSQL's client, or keep the database by its own means."
        )
    address, password = _apart(lake.catalogue)
    ended = subprocess.run(  # noqa: S603  # nosec B603
        [tool, "--no-owner", "--no-privileges", "--table", _TABLES, "--file", path, address],
        # What is among the arguments any user of the machine can read.
        env=os.environ | ({"PGPASSWORD": password} if password else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        reason = without_credentials(" ".join(ended.stderr.split()))
        raise LakeError(f"The catalogue of {lake} cannot be copied: {reason}")
    return path


def _apart(address: str) -> tuple[str, str]:
    """An address of PostgreSQL without its password, and the password."""
    if "://" in address:
        parts = urlsplit(address)
        if parts.password is None:
            return address, ""
        who, _, where = parts.netloc.rpartition("@")
        bare = parts._replace(netloc=f"{who.partition(':')[0]}@{where}").geturl()
        return bare, unquote(parts.password)
    found = re.search(r"\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", address)
    if found is None:
        return address, ""
    return address.replace(found[0], ""), re.sub(r"\\(.)", r"\1", found[1].strip("'"))

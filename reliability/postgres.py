"""A throwaway PostgreSQL 15 on loopback, to be stopped and started under whoever uses it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Postgres:
    """A server in a folder of its own, with one database, `dagster`, of a user of that name."""

    data: Path
    port: int

    @property
    def address(self) -> str:
        """Where a client finds it."""
        return f"postgresql://dagster@127.0.0.1:{self.port}/dagster"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        )
        _run("pg_ctl", "-D", self.data, "-o", options, "-l", self.data / "log", "-w", "start")

    def stop(self) -> None:
        """Stop it at once, whatever it is doing, as a machine does that loses power."""
        _run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")


def why_not() -> str | None:
    """Why no PostgreSQL can be started here; None where one can."""
    if not (BIN / "initdb").exists():
        return f"needs PostgreSQL 15 in {BIN}"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL does not run as root, and there is no runuser"
    return None


@contextmanager
def running() -> Iterator[Postgres]:
    """A server, gone again afterwards with all that it holds."""
    place = Path(tempfile.mkdtemp(prefix="core-measures-postgres-"))
    place.chmod(0o755)
    data = place / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Postgres(data, int(probe.getsockname()[1]))
    try:
        _run("initdb", "-D", data, "-U", "dagster", "-A", "trust")
        server.start()
        _run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "dagster", "dagster")
        yield server
    finally:
        _run("pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(place, ignore_errors=True)


def _run(tool: str, *arguments: str | Path, check: bool = True) -> None:
    # It does not run as root; and what it leaves running would hold a pipe open.
    user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*user, BIN / tool, *arguments],
        check=check,
        stdout=subprocess.DEVNULL,
        stderr=None if check else subprocess.DEVNULL,
    )

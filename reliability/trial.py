"""What the trials share: archives to refresh from, refreshes to disturb, and what must hold after.

A refresh runs in a process group of its own, forked from one that has the libraries loaded:
killing it by its group is the same, and a hundred of them need not import for a hundred minutes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PUBLICATION = "characteristics-of-children-in-need"
OLD, NEW = "2023", "2024"
SIGNATURE = "select count(*), max(year), round(sum(value), 3) from {facts}"


def load_libraries() -> None:
    """Import what a refresh imports, and open nothing: a fork takes no thread along."""
    import dbt.adapters.duckdb
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    import warehouse.publish.marts  # noqa: F401
    from ingest.collector import keep_shared

    keep_shared()


def lay_out_archives(folder: Path) -> tuple[Path, Path]:
    """Two archives of one publication: its release of 2023, and that with the one of 2024."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from ingest.sample import lay_out, read_figures

    table = read_figures()
    table = table.filter(pc.equal(table["publication"], PUBLICATION))
    old = table.filter(pc.is_in(table["release"], pa.array([OLD])))
    return lay_out(folder / "old", figures=old), lay_out(folder / "new", figures=table)


@dataclass
class Forked:
    """A process forked from this one, in a group of its own."""

    pid: int
    log: Path | None
    code: int | None = field(default=None)

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text() if self.log else ""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, seconds: float = 3600) -> int:
        """Wait for its end; killed if it has none. A machine may be busy, or held meanwhile."""
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                self.kill()
                raise TimeoutError(self.output)
            time.sleep(0.005)
        assert self.code is not None
        return self.code

    def kill(self) -> None:
        """SIGKILL to its whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def fork(work: Callable[[], int], log: Path | None) -> Forked:
    """Run `work` in a process of its own, what it prints into `log` if there is one."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        with contextlib.suppress(PermissionError):
            os.setpgid(pid, pid)
        return Forked(pid, log)
    code = 70
    try:
        os.setpgid(0, 0)
        if log is not None:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
        code = work()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def refresh(source: Path, home: Path, log: Path, limit: int | None = None) -> Forked:
    """`core-measures refresh`, begun. `limit` is the most bytes that it may write to one file."""

    def work() -> int:
        import resource
        import tempfile

        from orchestration.cli import main

        temporary = log.with_suffix(".tmp")
        temporary.mkdir(exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        sys.argv = ["core-measures", "refresh", "--from", str(source), "--home", str(home)]
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return fork(work, log)


def marts_of(home: Path) -> dict[str, str]:
    """The hash of each published CSV file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "published" / "latest").glob("*.csv"))
    }


def files_of(home: Path) -> set[str]:
    """Everything in a home but builds, by path, dbt's own folder left out: it is a cache."""
    found = set()
    for path in home.rglob("*"):
        name = path.relative_to(home).as_posix()
        if not name.startswith(("builds/", "work/dbt", "lost+found")):
            found.add(name)
    return found


def builds_of(home: Path) -> set[str]:
    """The names in `builds`, and in the build that is served."""
    served = (home / "builds" / "current").resolve()
    names = {f"builds/{path.name}" for path in (home / "builds").iterdir()}
    inside = {f"served/{p.relative_to(served)}" for p in served.rglob("*")}
    return names | inside


def disagreements(home: Path) -> list[str]:
    """What a reader would find wrong now, as sentences; none where all is well.

    The warehouse and the published marts are of one build: every CSV file has the rows of its
    table, the facts the same sum, and the data package the hash of every file.
    """
    import json

    import duckdb

    found = []
    warehouse, published = home / "warehouse" / "core_measures.duckdb", home / "published/latest"
    if warehouse.resolve().parent != published.resolve().parent:
        found.append("warehouse and marts are of two builds")
    package = json.loads((published / "datapackage.json").read_bytes())
    for resource in package["resources"]:
        data = (published / resource["path"]).read_bytes()
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != resource["hash"]:
            found.append(f"{resource['path']} is not the one of datapackage.json")
    with duckdb.connect(str(warehouse), read_only=True) as con:
        tables = [
            name
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        if {f"{name}.csv" for name in tables} != {p.name for p in published.glob("*.csv")}:
            found.append("the tables and the CSV files are not the same")
        for name in tables:
            for suffix in ("csv", "parquet"):
                reader = "read_csv" if suffix == "csv" else "read_parquet"
                options = ", header = true, all_varchar = true" if suffix == "csv" else ""
                path = str(published / f"{name}.{suffix}").replace("'", "''")
                file, table = (
                    con.execute(f"select count(*) from {relation}").fetchone()
                    for relation in (f"{reader}('{path}'{options})", f"marts.{name}")
                )
                if file != table:
                    found.append(f"{name}.{suffix} has {file} rows, the table {table}")
        facts = con.execute(SIGNATURE.format(facts="marts.fct_core_measure")).fetchone()
        path = str(published / "fct_core_measure.csv").replace("'", "''")
        if facts != con.execute(SIGNATURE.format(facts=f"read_csv('{path}')")).fetchone():
            found.append("the facts of the CSV file are not the warehouse's")
    return found


def unsound(home: Path) -> list[str]:
    """What `archive verify` says of the home's archive."""
    from ingest.archive.release import Problem
    from ingest.archive.store import Archive

    return [
        str(found) for found in Archive(home / "archive").verify() if isinstance(found, Problem)
    ]


def asked(question: Callable[[], list[str]], log: Path) -> list[str]:
    """The answer of a question put in a process of its own, so that this one opens nothing.

    It stands in a file of its own: what a killed refresh started may still print into its log.
    """
    answer = log.with_name(f"{log.name}.answer")
    answer.unlink(missing_ok=True)

    def work() -> int:
        answer.write_text("\n".join(question()))
        return 0

    process = fork(work, log.with_name(f"{log.name}.question"))
    if process.wait() != 0:
        return [f"the question could not be answered: {process.output}"]
    return answer.read_text().splitlines()


@contextlib.contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A folder that is gone again afterwards."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="reliability-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

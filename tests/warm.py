"""The command in processes of their own that are forked from one where its modules are loaded.

Great Expectations and dbt take seconds to import, which is more than most commands then do, and the
project's own modules take as long as a short command. None of those reads the environment or writes
anything when it is imported; the command line, which looks at its streams, is imported anew by each
process, and all of the project where another checkout of it is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

_LIBRARIES = (
    *("duckdb", "jinja2", "pandas", "pyarrow.dataset", "pyarrow.parquet", "rich.progress"),
    *("typer", "dbt.cli.main", "dbt.adapters.duckdb"),
)
_PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("ingest", "expectations", "warehouse", "orchestration")
# Dagster's side is no part of the command.
_DAGSTER = ("orchestration.defs", "orchestration.definitions")


class Warm:
    """Runs modules as `python -m` does, one after another."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"GX_ANALYTICS_ENABLED": "false"},
        )

    def run(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run a module, its output captured.

        Raises
        ------
        subprocess.TimeoutExpired
            It took longer than `timeout` seconds, and was killed.
        """
        with tempfile.TemporaryDirectory() as name:
            out, err = Path(name) / "out", Path(name) / "err"
            asked = {
                "module": module,
                "arguments": list(arguments),
                "environment": dict(environment),
                "folder": str(folder),
                "timeout": int(timeout),
                "out": str(out),
                "err": str(err),
            }
            assert self._server.stdin and self._server.stdout
            self._server.stdin.write(json.dumps(asked) + "\n")
            self._server.stdin.flush()
            answer = self._server.stdout.readline()
            assert answer, "the process that commands are forked from has ended"
            code = int(answer)
            if code == -signal.SIGALRM:
                raise subprocess.TimeoutExpired([module, *arguments], timeout)
            return subprocess.CompletedProcess(
                [module, *arguments], code, out.read_text(), err.read_text()
            )


# What dbt makes of its own classes when it first parses a project takes as long as to import them.
_LEAST = {
    "dbt_project.yml": "name: least\nprofile: least\nversion: '1.0.0'\n",
    "profiles.yml": "least: {target: one, outputs: {one: {type: duckdb, path: ':memory:'}}}\n",
    "models/least.sql": "select 1 as one",
    "models/least.yml": "models: [{name: least, columns: [{name: one, data_tests: [unique]}]}]\n",
}


def _parse_once() -> None:
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as name:
        for path, content in _LEAST.items():
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).write_text(content)
        where = ("--project-dir", name, "--profiles-dir", name, "--target-path", f"{name}/target")
        quiet = ("--quiet", "--log-level-file", "none", "--no-send-anonymous-usage-stats")
        # Its static parser has threads, which nobody who is forked from here would have.
        how = ("--no-partial-parse", "--no-static-parser")
        folder = Path.cwd()
        outcome = dbtRunner().invoke(["parse", *where, *quiet, *how])
        os.chdir(folder)
        assert outcome.success, outcome.exception


def import_project(*left_out: str) -> None:
    """Import every module of the command's, but for those that are left out."""
    for part in PARTS:
        package = importlib.import_module(part)
        for module in pkgutil.walk_packages(package.__path__, f"{part}."):
            if not module.name.startswith((*_DAGSTER, *left_out)):
                importlib.import_module(module.name)


def _load() -> None:
    for library in _LIBRARIES:
        importlib.import_module(library)
    sys.path[0] = str(_PROJECT)
    import_project("orchestration.cli")
    importlib.import_module("great_expectations.render")
    _parse_once()
    _read_once()


def _read_once() -> None:
    """What every command reads of the project first, and no command changes."""
    from expectations.panel import measures
    from ingest.contracts.load import load_contracts
    from ingest.councils import all_councils
    from orchestration.pipeline.code import code_digest

    load_contracts()
    all_councils()
    measures.digest()
    code_digest()


def _unload() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in PARTS:
            del sys.modules[name]


def _serve() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(asked)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(asked: dict[str, object]) -> None:
    """Be the process that was asked for, and end as it ends."""
    code = 1
    try:
        for number, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, str(asked["out"]), os.O_WRONLY | os.O_CREAT),
            (2, str(asked["err"]), os.O_WRONLY | os.O_CREAT),
        ):
            opened = os.open(name, flags, 0o644)
            os.dup2(opened, number)
            os.close(opened)
        os.environ.clear()
        os.environ.update(asked["environment"])  # type: ignore[call-overload]
        # Read by an interpreter as it starts, which this one did long ago.
        encoding, _, errors = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")
        for stream, how in ((sys.stdout, errors or "strict"), (sys.stderr, "backslashreplace")):
            stream.reconfigure(encoding=encoding, errors=how)  # type: ignore[union-attr]
        os.chdir(str(asked["folder"]))
        if Path(str(asked["folder"])).resolve() != _PROJECT:
            _unload()
        sys.path[0] = str(asked["folder"])
        sys.argv = [str(asked["module"]), *asked["arguments"]]  # type: ignore[misc]
        signal.alarm(int(str(asked["timeout"])))
        try:
            runpy.run_module(str(asked["module"]), run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            traceback.print_exc()
        with contextlib.suppress(Exception):
            import atexit

            atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    # What a library prints as it loads is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    _load()
    sys.stdout = answers
    importlib.import_module("ingest.collector").keep_shared()
    _serve()

"""dbt, run in this process: one parse for all homes when the project changed, one build a refresh.

What dbt parsed says nothing of a home, and takes as long to make as a small refresh: it is kept for
all homes of a user beside the home's own.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.archive.writing import write_whole
from ingest.errors import CoreMeasuresError
from ingest.user_cache import keep_for_all, kept_for_all
from warehouse.connection import SETTINGS
from warehouse.serve.home import Home

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
_STAMP = "project.digest"
# What a parse leaves: for people and for our own reading, and for dbt's next run.
_MANIFEST, _PARSED = "manifest.json", "partial_parse.msgpack"
DBT = ("dbt.cli.main", "dbt.adapters.duckdb")
"""What takes seconds to import before anything is built."""
_LIBRARIES = ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")


class DbtError(CoreMeasuresError):
    """dbt could not build the candidate, or a test on it failed."""


@dataclass(frozen=True)
class NodeResult:
    """How one model, seed or test ended: `success`, `pass`, `warn`, `fail`, `error`, `skipped`.

    `kept` is one that stands as the build before made it. `query` answers with the rows that a test
    found wrong, where it found some.
    """

    unique_id: str
    status: str
    message: str
    seconds: float
    failures: int | None
    query: str = ""

    @property
    def name(self) -> str:
        """The node's own name, without its kind and project."""
        return self.unique_id.split(".")[2]

    @property
    def failed(self) -> bool:
        """Whether it keeps the candidate back."""
        return self.status in ("error", "fail", "skipped", "runtime error")


def built_by() -> list[str]:
    """The libraries that what is built comes of beside our code, with their versions."""
    return [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]


def begin_importing() -> None:
    """Import dbt while this process waits for others, or for DuckDB; it takes seconds.

    Whoever needs it sooner waits for the same import, and is told of what is wrong with it.
    """

    def bring() -> None:
        with contextlib.suppress(Exception):
            for module in DBT:
                importlib.import_module(module)

    threading.Thread(target=bring, daemon=True).start()


def rows_found_by(node: NodeResult, candidate: Path, most: int) -> list[dict[str, object]]:
    """The first rows that a test of the candidate found wrong, by column; none if it found none."""
    if not node.query:
        return []
    try:
        with duckdb.connect(str(candidate), read_only=True, config=SETTINGS) as con:
            found = con.execute(node.query)
            columns = [column[0] for column in found.description or []]
            return [dict(zip(columns, row, strict=True)) for row in found.fetchmany(most)]
    except duckdb.Error:
        # They are an example beside the test's own message.
        return []


def environment(
    home: Home, project: Path = PROJECT, lake: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What dbt needs to be told. Constant for a home, so that dbt never parses twice.

    `lake` is what the target `lake` needs beside that.
    """
    return {
        **(lake or {}),
        "CORE_MEASURES_DATABASE": str(home.candidate.absolute()),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(home.dbt_target.absolute()),
        "DBT_LOG_PATH": str(home.dbt_target.absolute() / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    folder = Path.cwd()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.chdir(folder)  # dbt moves into its project
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _invoke(
    home: Home,
    project: Path,
    arguments: Sequence[str],
    manifest: Any = None,
    on_event: Callable[[Any], None] | None = None,
    lake: Mapping[str, str] | None = None,
) -> Any:
    from dbt.cli.main import dbtRunner

    callbacks = [on_event] if on_event else []
    with _environment(environment(home, project, lake)):
        runner = dbtRunner(manifest=manifest, callbacks=callbacks)
        return runner.invoke(
            [
                *arguments,
                *(("--target", "lake") if lake else ()),
                "--quiet",
                "--no-use-colors",
                "--log-level",
                "none",
                "--log-level-file",
                "none",
            ]
        )


def versions_in(manifest: dict[str, Any]) -> dict[str, int]:
    """The version of each mart that a manifest speaks of."""
    return {
        node["name"]: int(node["version"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts" and node["version"]
    }


class Project:
    """The dbt project as one home builds it: in a file, or with what the target needs on a lake."""

    def __init__(
        self,
        home: Home,
        digest: str,
        project: Path = PROJECT,
        lake: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.project = project
        self.digest = digest
        self.lake = lake
        self._parsed: Any = None
        self._manifest: dict[str, Any] | None = None

    @property
    def manifest_path(self) -> Path:
        """Where dbt writes what it parsed."""
        return self.home.dbt_target / _MANIFEST

    def prepare(self) -> None:
        """See that `manifest.json` says what the project says, parsing only if it does not.

        Raises
        ------
        DbtError
            The project does not parse.
        """
        stamp = self.home.dbt_target / _STAMP
        if self.manifest_path.exists() and stamp.exists() and stamp.read_text() == self.digest:
            return
        self.home.dbt_target.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        if not self._brought():
            outcome = _invoke(self.home, self.project, ["parse"])
            if not outcome.success:
                raise DbtError(f"The dbt project does not parse: {outcome.exception}")
            self._parsed = outcome.result
            self._shared()
        stamp.write_text(self.digest)

    @property
    def _key(self) -> str:
        return "\n".join([self.digest, str(self.project), *built_by()])

    def _brought(self) -> bool:
        """Bring home what was parsed for another home of this user, if it was."""
        found = kept_for_all("dbt", self._key)
        if found is None:
            return False
        for name, data in found.items():
            write_whole(self.home.dbt_target / name, data)
        return True

    def _shared(self) -> None:
        """Keep what was parsed for other homes; not where somebody else parses at this moment."""
        try:
            parsed = {n: (self.home.dbt_target / n).read_bytes() for n in (_MANIFEST, _PARSED)}
            json.loads(parsed[_MANIFEST])
        except (OSError, ValueError):
            return
        keep_for_all("dbt", self._key, parsed)

    def manifest(self) -> dict[str, Any]:
        """The manifest's JSON: every model, column, test and description."""
        if self._manifest is None:
            self.prepare()
            try:
                self._manifest = json.loads(self.manifest_path.read_bytes())
            except ValueError:
                # dbt was killed while it wrote it.
                shutil.rmtree(self.home.dbt_target, ignore_errors=True)
                self.prepare()
                self._manifest = json.loads(self.manifest_path.read_bytes())
        # Said for the type checker.
        assert self._manifest is not None  # noqa: S101  # nosec B101
        return self._manifest

    def versions(self) -> dict[str, int]:
        """The version of each mart: raised when a column goes or changes its type."""
        return versions_in(self.manifest())

    @property
    def size(self) -> int:
        """How many models, seeds and data tests a build goes through."""
        return sum(1 for _ in self._built())

    def made_of(self, loads: Collection[str]) -> dict[str, tuple[str, str]]:
        """What this code makes of some tables of loads and of nothing else: schema and name, by id.

        That is every seed; every view, which is SQL and holds no rows; and a table that is made of
        seeds, of these tables of schema `loads` and of such as it is itself.
        """
        manifest = self.manifest()
        found: dict[str, bool] = {}

        def is_so(unique_id: str) -> bool:
            if (source := manifest["sources"].get(unique_id)) is not None:
                return source["schema"] == "loads" and source["identifier"] in loads
            if unique_id not in found:
                before = manifest["nodes"][unique_id]["depends_on"].get("nodes", ())
                found[unique_id] = all(map(is_so, before))
            return found[unique_id]

        return {
            unique_id: (node["schema"], node["alias"])
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
            and node["config"]["materialized"] != "ephemeral"
            # What a hook does beside a node is not in its table.
            and not (node["config"]["pre-hook"] or node["config"]["post-hook"])
            and (node["config"]["materialized"] == "view" or is_so(unique_id))
        }

    def all_but(self, kept: Collection[str]) -> list[str]:
        """Every model, seed and data test of a build but those, by their unique ids."""
        return [unique_id for unique_id in self._built() if unique_id not in kept]

    def _built(self) -> Iterator[str]:
        for unique_id, node in self.manifest()["nodes"].items():
            if (
                node["resource_type"] in ("model", "seed", "test")
                and node["config"]["materialized"] != "ephemeral"
            ):
                yield unique_id

    def build(
        self, on_node: Callable[[NodeResult], None], only: Sequence[str] = ()
    ) -> list[NodeResult]:
        """Build every model on the candidate and test it; each node is told as it ends.

        With `only`, by their unique ids, these models, seeds and tests and no others.

        Raises
        ------
        DbtError
            dbt itself failed. A failed node is in the results instead.
        """

        def on_event(event: Any) -> None:
            if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
                data = event.data
                on_node(
                    NodeResult(
                        unique_id=data.node_info.unique_id,
                        status=str(data.status).split(" ")[0].lower(),
                        message="",
                        seconds=data.execution_time,
                        failures=None,
                    )
                )

        arguments = ["build", "--exclude-resource-type", "unit_test"]
        if only:
            nodes = self.manifest()["nodes"]
            arguments += ["--indirect-selection", "empty", "--select"]
            arguments += [f"fqn:{'.'.join(nodes[one]['fqn'])}" for one in only]
        # What dbt would write of the build, its manifest again among it, is read by nobody.
        return self._run([*arguments, "--no-write-json"], on_event)

    def docs(self) -> bytes:
        """dbt's own documentation as one page, of a candidate that has every table.

        Raises
        ------
        DbtError
            dbt could not make it.
        """
        try:
            outcome = _invoke(
                self.home, self.project, ["docs", "generate", "--static"], self._as_parsed()
            )
        finally:
            _close_connections()
        if not outcome.success:
            raise DbtError(f"dbt could not write its documentation: {outcome.exception}")
        page = (self.home.dbt_target / "static_index.html").read_bytes()
        # It runs scripts of its own, and needs nothing from anywhere else.
        policy = (
            b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src'
            b" 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src"
            b' data:">'
        )
        return page.replace(b"<head>", b"<head>" + policy, 1)

    def unit_tests(self) -> list[NodeResult]:
        """Run dbt's unit tests of the SQL, on a candidate that has every table.

        Raises
        ------
        DbtError
            dbt itself failed. A failed test is in the results instead.
        """
        return self._run(["test", "--select", "test_type:unit"])

    def _as_parsed(self) -> Any:
        """What the project parsed to, as dbt takes it; nothing where it is to parse anew."""
        if self._parsed is None:
            from dbt.contracts.graph.manifest import Manifest
            from dbt.parser.manifest import extended_mashumuro_decoder

            try:
                data = (self.home.dbt_target / _PARSED).read_bytes()
                found = Manifest.from_msgpack(data, decoder=extended_mashumuro_decoder)
            except Exception:  # cut short, or of another dbt: no more than a parse is lost
                return None
            # What macros see as `graph`.
            found.build_flat_graph()
            self._parsed = found
        return self._parsed

    def _run(
        self, arguments: Sequence[str], on_event: Callable[[Any], None] | None = None
    ) -> list[NodeResult]:
        try:
            parsed = self._as_parsed()
            outcome = _invoke(self.home, self.project, arguments, parsed, on_event, self.lake)
        finally:
            _close_connections()
        if outcome.result is None:
            raise DbtError(f"dbt could not run: {outcome.exception}")
        return [
            NodeResult(
                unique_id=result.node.unique_id,
                status=str(result.status),
                message=result.message or "",
                seconds=result.execution_time,
                failures=result.failures,
                query=(result.node.compiled_code or "") if result.failures else "",
            )
            for result in outcome.result.results
        ]


def _close_connections() -> None:
    """Let go of the candidate: dbt-duckdb keeps its connection for the process's life."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()

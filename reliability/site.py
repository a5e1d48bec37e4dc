"""Where mutants are judged: a home with one file's releases, and the product's own steps on it.

A mutant arrives as its release would: the releases before it are served, it is checked, built,
tested and guarded by the same calls as in a refresh. Only dbt is replaced, by the SQL that dbt
wrote when it built the whole archive, and only the one kind of file is there; `mutations` sends a
share of the mutants through the real command to see that neither matters.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from expectations.panel.measures import series_of
from expectations.results.verdicts import Check
from expectations.suites.facts import check_facts
from ingest.archive.release import RELEASE_FILE, VERDICT_FILE, PublishedFile, Release, sha256_of
from ingest.contracts.contract import FileContract, Publication
from ingest.contracts.load import load_contracts
from ingest.councils import Councils
from ingest.reading.rows import canonical
from orchestration.pipeline.build import NotPublishedError, build
from orchestration.pipeline.check import check
from orchestration.pipeline.inventory import HeldLoad, Inventory
from orchestration.pipeline.publish import publish
from reliability.anatomy import Anatomy, Figure, Surroundings, dissect, dissect_workbook
from warehouse.build.dbt import NodeResult, versions_in
from warehouse.connection import SETTINGS
from warehouse.serve.home import Home

_TEMPORARY = "__dbt_tmp"
# A process judges; there are as many processes as there are cores.
_SETTINGS = SETTINGS | {"threads": 1}
# What a fact tells its reader; a mutant that leaves all of it alone is harmless.
_KEY = "measure_id, series_id, area_level, area_code, period_type, period_start, period_end"
# What is printed beside a figure is a note, and the figure is the same.
_CONTENT = (
    "value, status, case when status <> 'published' then status_symbol end, numerator, denominator,"
    " lower_95, upper_95, interval_method, period_label, is_corrected"
)
_FIGURES_MODEL = "int_core_measure"
_FIGURES = f"intermediate.{_FIGURES_MODEL}"


class Fact(NamedTuple):
    """What a figure tells, and where in the file it stands; two are the same by the first."""

    content: tuple[Any, ...]
    printed_code: str
    figure: tuple[int, int, float | None, str | None, float | None, float | None]


Facts = dict[tuple[Any, ...], list[Fact]]


@dataclass(frozen=True)
class Node:
    """One thing that dbt did: a model's or a seed's statements, or a test's query."""

    unique_id: str
    kind: str
    sql: str
    severity: str


@dataclass(frozen=True)
class Compiled:
    """dbt's work on a whole archive, to be done again on a small one without dbt."""

    nodes: tuple[Node, ...]
    seeds: Path
    manifest: dict[str, Any]

    @classmethod
    def of(cls, home: Home) -> Compiled:
        """What dbt wrote in a home's last build, in an order in which it runs."""
        whole = json.loads((home.dbt_target / "manifest.json").read_bytes())
        manifest = {
            unique_id: node
            for unique_id, node in whole["nodes"].items()
            if node["resource_type"] in ("seed", "model", "test")
        }
        nodes = []
        for unique_id in _in_order(manifest):
            node = manifest[unique_id]
            kind = node["resource_type"]
            file = Path(node["package_name"], node["original_file_path"])
            if kind == "model":
                run = home.dbt_target / "run" / file
                sql = run.read_text("utf-8").replace(_TEMPORARY, "")
            elif kind == "seed":
                sql = f"{node['schema']}.{node['name']}"
            else:
                # A test that is said in YAML stands in a folder of the YAML's name.
                within = file / node["path"] if file.suffix in (".yml", ".yaml") else file
                sql = (home.dbt_target / "compiled" / within).read_text("utf-8")
            severity = str(node["config"].get("severity") or "error").lower()
            nodes.append(Node(unique_id, kind, sql, severity))
        return cls(tuple(nodes), home.warehouse.resolve(), whole)


def _in_order(nodes: Mapping[str, Any]) -> list[str]:
    """Each node after those that it reads, and those that the figures are made of first."""
    order = TopologicalSorter(
        {
            unique_id: [one for one in node["depends_on"].get("nodes", ()) if one in nodes]
            for unique_id, node in nodes.items()
        }
    ).static_order()
    figures = beneath_figures(nodes)
    return sorted(order, key=lambda one: one not in figures)


def beneath_figures(nodes: Mapping[str, Any]) -> set[str]:
    """The figures' model and what it is made of, by a manifest's nodes."""
    found: set[str] = set()
    beyond = [next(one for one in nodes if one.endswith(f".{_FIGURES_MODEL}"))]
    while beyond:
        one = beyond.pop()
        if one in nodes and one not in found:
            found.add(one)
            beyond += nodes[one]["depends_on"].get("nodes", ())
    return found


class CompiledProject:
    """Stands where a refresh has its dbt project, and yields the same results."""

    def __init__(self, home: Home, compiled: Compiled, tables: frozenset[str]) -> None:
        self.home = home
        self.compiled = compiled
        # The loads that are there; every other table is empty.
        self.tables = tables
        self.size = len(compiled.nodes)
        self.failed: tuple[str, ...] = ()
        # Asked once the figures are there: whether what follows need not be built.
        self.enough: Callable[[Any], bool] = lambda con: False
        self.stopped = False

    def prepare(self) -> None:
        """Nothing is parsed."""

    def manifest(self) -> dict[str, Any]:
        """What dbt parsed for the build that this one repeats."""
        return self.compiled.manifest

    def versions(self) -> dict[str, int]:
        """The versions of its marts."""
        return versions_in(self.compiled.manifest)

    def made_of(self, loads: Collection[str]) -> dict[str, tuple[str, str]]:
        """Nothing stays: every model of a damaged release is built."""
        return {}

    def build(
        self, on_node: Callable[[NodeResult], None], only: Sequence[str] = ()
    ) -> list[NodeResult]:
        """Every model and test on the candidate; what follows a failure is left out."""
        results: list[NodeResult] = []
        with duckdb.connect(str(self.home.candidate), config=_SETTINGS) as con:
            con.execute(f"attach '{self.compiled.seeds}' as served (read_only)")
            for node in self.compiled.nodes:
                result = self._run(con, node)
                results.append(result)
                on_node(result)
                if result.failed:
                    self.failed += (f"dbt: {result.name}",)
                if result.status == "error":
                    break
                if result.name == _FIGURES_MODEL and self.enough(con):
                    self.stopped = True
                    break
        return results

    def _run(self, con: Any, node: Node) -> NodeResult:
        status, message, failures = "success", "OK", None
        try:
            if node.kind == "seed":
                schema = node.sql.partition(".")[0]
                con.execute(f"create schema if not exists {schema}")
                con.execute(f"create table {node.sql} as from served.{node.sql}")
            elif node.kind == "model":
                for schema in set(re.findall(r'"core_measures"\."(\w+)"\.', node.sql)):
                    con.execute(f'create schema if not exists "{schema}"')
                con.execute(self._model(node))
            else:
                query = node.sql.strip().rstrip(";")
                failures = con.execute(f"select count(*) from ({query}\n)").fetchone()[0]
                status, message = "pass", ""
                if failures:
                    status = "warn" if node.severity == "warn" else "fail"
                    message = f"Got {failures} result{'s' if failures > 1 else ''}"
        except duckdb.Error as error:
            status, message = "error", str(error).split("\n", 1)[0]
        return NodeResult(node.unique_id, status, message, 0.0, failures)

    def _model(self, node: Node) -> str:
        """The model's statements; a measure of tables that are empty here is known to be empty."""
        read = set(re.findall(r'"loads"\."(\w+)"', node.sql))
        path = Path(self.compiled.manifest["nodes"][node.unique_id]["original_file_path"])
        if "measures" not in path.parts or not read or read & self.tables:
            return node.sql
        named = re.search(r'create\s+table\s+(?:"[^"]+"\.)?"(\w+)"\."(\w+)"', node.sql)
        if named is None:
            return node.sql
        name = ".".join(named.groups())
        return f"create table {name} as from served.{name} limit 0"


@dataclass
class Recorder:
    """A reporter that remembers what a person would have read."""

    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Remember the line."""
        self.lines.append(line)

    warn = say

    def begin(self, stage: str, total: int) -> None:
        """Count nothing."""

    def advance(self, what: str) -> None:
        """Count nothing."""

    def end(self) -> None:
        """Count nothing."""


@dataclass(frozen=True)
class Judgement:
    """What became of a file: by what it was refused, what was said of it, and its facts.

    `warnings` are how many findings each check that warns or flags has, `columns` the contract's
    names with the printed ones that they were read from.
    """

    refused_by: tuple[str, ...]
    warnings: Mapping[str, int]
    facts: Facts
    columns: Mapping[str, str] = field(default_factory=dict)


class Site:
    """A home that holds one file's releases up to the one whose file is to be damaged."""

    def __init__(
        self,
        folder: Path,
        source: Home,
        publication: Publication,
        contract: FileContract,
        compiled: Compiled,
        *,
        narrow: bool = True,
    ) -> None:
        self.publication = publication
        self.contract = contract
        self.compiled = compiled
        self.source = source
        self.home = Home(folder)
        self.home.prepare()
        held = source.archive.held(publication.publisher, publication.publication)
        last = max(i for i, one in enumerate(held) if _of_contract(one, contract))
        self.releases = [
            _narrowed(one, contract) if narrow else one
            for one in held[: last + 1]
            if not narrow or _of_contract(one, contract)
        ]
        self.release = self.releases[-1]
        self.file = _of_contract(self.release, contract)[0]
        # The tables of one workbook go together.
        same = publication.file_for(self.file.name, self.release.published)
        read = [file for file in publication.files if not narrow or file in same]
        self.tables = frozenset(file.table for file in read)
        self.content = self.published(self.release, self.file)
        for one in self.releases[:-1]:
            self._put(one, {file.name: self.published(one, file) for file in one.files})
        for one in self.releases:
            for file in one.files:
                for kept in source.loads.kept(file):
                    self.home.loads.folder.mkdir(exist_ok=True)
                    shutil.copy(kept, self.home.loads.folder)
        self._keep_company()
        publish(self.home, build(self.home, check(self.home), dbt=self._project()))

    def _keep_company(self) -> None:
        """Hold one small load of another publication's figures, served whatever comes.

        Without it a home would be empty, and refused as such, where one file lost its figures.
        """
        found = [
            (release.files[0].bytes, release.path, publication, release)
            for name, publication in load_contracts().items()
            if name != self.publication.publication
            for release in self.source.archive.held(publication.publisher, name)
            if len(release.files) == 1
            and _is_served(self.source, release)
            and any(
                series_of(contract)
                for contract in publication.file_for(release.files[0].name, release.published)
            )
        ]
        *_, publication, release = min(found, key=lambda entry: entry[:2])
        file = release.files[0]
        self._put(release, {file.name: self.published(release, file)})
        self.tables |= {
            contract.table for contract in publication.file_for(file.name, release.published)
        }
        self._known = {file.sha256 for one in (*self.releases, release) for file in one.files}

    @cached_property
    def sound(self) -> Judgement:
        """What becomes of the file as it was published."""
        return self.judge(self.content, whole=True)

    @cached_property
    def years_before(self) -> frozenset[int]:
        """The years of which the release before has a figure; none where there is none before."""
        if len(self.releases) < 2:
            return frozenset()
        before = self.releases[-2]
        with duckdb.connect(str(self.home.warehouse), read_only=True) as con:
            facts = facts_of(con, before, _of_contract(before, self.contract)[0].name)
        return frozenset(int(one.figure[0]) for of_key in facts.values() for one in of_key)

    def published(self, release: Release, file: PublishedFile) -> bytes:
        """A file as it was published."""
        return (self.source.archive.folder / release.path / file.name).read_bytes()

    def _put(self, release: Release, files: Mapping[str, bytes]) -> None:
        lay_release(self.home.archive.folder, release, files)

    def arrive(self, content: bytes) -> None:
        """Put the release in its place, with other bytes as its file."""
        files = {file.name: self.published(self.release, file) for file in self.release.files}
        self._put(self.release, files | {self.file.name: content})
        verdict = self.home.archive.folder / self.release.path / VERDICT_FILE
        verdict.unlink(missing_ok=True)

    def _project(self) -> CompiledProject:
        return CompiledProject(self.home, self.compiled, self.tables)

    def judge(self, content: bytes, *, whole: bool = False) -> Judgement:
        """Let a file arrive, and see what becomes of it.

        Where its figures are those of the sound file, no more is built of it, unless `whole`.
        """
        recorder = Recorder()
        project = self._project()
        if not whole:
            # First, because judging the sound file puts it in the mutant's place.
            wanted = digest_of(self.sound.facts)
            project.enough = lambda con: digest_of(self._facts(con)) == wanted
        self.arrive(content)
        try:
            inventory = check(self.home, reporter=recorder)
            loads = self._loads(inventory)
            if refused := [load for load in loads if not load.admitted]:
                reasons = [c.name for load in refused if load.verdict for c in load.verdict.reasons]
                return Judgement(tuple(dict.fromkeys(reasons)) or ("not admitted",), {}, {})
            warnings = sum(map(_warnings, loads), Counter[str]())
            try:
                build(self.home, inventory, reporter=recorder, dbt=project)
            except NotPublishedError:
                return Judgement(project.failed, warnings, {})
            if project.stopped:
                return Judgement((), warnings, self.sound.facts)
            for line in recorder.lines:
                if line.startswith("Noticed, and served"):
                    _, name, found = line.split(": ", 2)
                    warnings[name] += _findings(found)
            checks = check_facts(self.home.candidate, self.home.warehouse)
            if faults := [check.name for check in checks if check.blocks]:
                names = tuple(f"facts: {name}" for name in dict.fromkeys(faults))
                return Judgement(names, warnings, {})
            warnings += _counted(c for c in checks if not c.success and not c.blocks)
            with duckdb.connect(str(self.home.candidate), read_only=True) as con:
                facts = self._facts(con)
            return Judgement((), warnings, facts, self._columns(loads))
        finally:
            self._forget()

    def _facts(self, con: Any) -> Facts:
        return facts_of(con, self.release, self.file.name)

    def _loads(self, inventory: Inventory) -> list[HeldLoad]:
        """The loads of the file: a workbook is one for each of its tables."""
        return [
            held
            for held in inventory.loads
            if held.load.release.path == self.release.path and held.load.file.name == self.file.name
        ]

    def _columns(self, loads: Sequence[HeldLoad]) -> Mapping[str, str]:
        """How the file's table was read: by names, and by what the releases before had."""
        (how,) = (
            one.verdict.understanding
            for one in loads
            if one.load.contract.file_id == self.contract.file_id and one.verdict
        )
        return how.columns if how else {}

    def _forget(self) -> None:
        """Leave no Parquet of a mutant behind."""
        for path in self.home.loads.folder.glob("*.parquet"):
            if path.stem.split("-")[0] not in self._known:
                path.unlink()

    def anatomy(self, before: bytes | None, stranger: bytes | None) -> Anatomy:
        """The file taken apart, with the figures that were made of it."""
        table = self.home.loads.read(self.file, self.contract, lambda: self.content)
        mapping = self.sound.columns
        councils = Councils.load().by_code.values()
        around = Surroundings(
            before, stranger, {c.recoded_to: c.code for c in councils if c.recoded_to}
        )
        if not self.contract.reading.is_plain:
            cells = canonical(table, mapping)
            return dissect_workbook(
                self.content, self.publication, self.contract, mapping, cells, around
            )
        figures = [
            Figure(f"{key[0]}.{key[1]}", str(key[2]), str(fact.printed_code), *fact.figure)
            for key, facts in self.sound.facts.items()
            for fact in facts
        ]
        return dissect(self.content, self.contract, mapping, figures, around)


def facts_of(con: Any, release: Release, file: str) -> Facts:
    """The figures, councils' and others', that a warehouse has of one file of one release."""
    rows = con.execute(
        f"select ({_KEY}), ({_CONTENT}), printed_code,"
        " (year, source_row - 1, value, value_as_published, numerator, denominator)"
        f" from {_FIGURES} where publication = ? and release = ? and version = ?"
        f" and source_file = ? order by source_row, {_KEY}",
        [release.publication, release.release, release.version, file],
    ).fetchall()
    facts: Facts = {}
    for key, content, printed, figure in rows:
        facts.setdefault(key, []).append(Fact(content, printed, figure))
    return facts


def _warnings(load: HeldLoad) -> Counter[str]:
    checks = (*load.verdict.flagging, *load.verdict.warnings) if load.verdict else ()
    return _counted(checks)


def _counted(checks: Iterable[Check]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in checks:
        counts[one.name] += _findings(one.observed)
    return counts


def _findings(observed: str) -> int:
    """How many things a check told of: `3 of 120 figures: …`, `all 2 series: …`."""
    number = re.search(r"[0-9][0-9,]*", observed)
    return int(number[0].replace(",", "")) if number else 1


def lay_release(archive: Path, release: Release, files: Mapping[str, bytes]) -> None:
    """Write a release into an archive, its `release.json` of these very bytes."""
    folder = archive / release.path
    folder.mkdir(parents=True, exist_ok=True)
    named = []
    for file in release.files:
        content = files[file.name]
        (folder / file.name).write_bytes(content)
        update = {"bytes": len(content), "sha256": sha256_of(content)}
        named.append(file.model_copy(update=update))
    laid = release.model_copy(update={"files": tuple(named)})
    (folder / RELEASE_FILE).write_text(laid.model_dump_json(exclude_none=True), "utf-8")


def _of_contract(release: Release, contract: FileContract) -> tuple[PublishedFile, ...]:
    if not contract.published.covers(release.published):
        return ()
    return tuple(file for file in release.files if contract.match(file.name))


def _is_served(home: Home, release: Release) -> bool:
    """Whether every load of a release was admitted."""
    return bool((home.archive.verdict(release) or {}).get("admitted"))


def _narrowed(release: Release, contract: FileContract) -> Release:
    return release.model_copy(update={"files": _of_contract(release, contract)})


def digest_of(facts: Facts) -> str:
    """Tells two sets of figures apart by what they tell their readers."""
    content = sorted(
        (repr(key), sorted(repr(f.content) for f in each)) for key, each in facts.items()
    )
    return sha256_of(repr(content).encode())

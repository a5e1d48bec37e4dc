"""Third step: build a candidate warehouse from the admitted loads, and test it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from expectations.results.verdicts import Check
from ingest.archive.release import Release
from ingest.archive.writing import write_whole
from ingest.beside import Apart, EndedFromWithoutError
from ingest.corrections import corrections_of
from ingest.errors import CoreMeasuresError
from orchestration.pipeline.code import code_digest, code_stands, dbt_project
from orchestration.pipeline.inventory import UNCHECKED, HeldLoad, Inventory
from orchestration.pipeline.reporter import SILENT, Reporter
from orchestration.settings import Settings
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from warehouse.build.candidate import AdmittedLoad, Filled
    from warehouse.build.dbt import NodeResult, Project

_WARNING_WIDTH = 300
# Rows of a failed test that are shown beside it.
_ROWS_SHOWN = 3
_OUT = 'core-measures reject PUBLICATION RELEASE --reason "…"'
# What a build imports at some time or other, and no other step does.
_FOR_A_BUILD = (__name__, "warehouse.build.candidate", "warehouse.build.comments", "pandas")
# The process that builds, where it was begun and has nothing to do yet.
_builders: list[Apart] = []
_UNKNOWN_FILE = Check(
    "file_known",
    "",
    "warn",
    False,
    "not named in the publication's contract, and not read",
    "Each file of a release is read, or known to be of no use here.",
)


class NotPublishedError(CoreMeasuresError):
    """A candidate did not pass; what was served before still stands."""


@dataclass(frozen=True)
class Candidate:
    """A warehouse that was built and tested, what it was built from, and the project it is of."""

    inventory: Inventory
    dbt: Project
    # By table of its loads, the digest of the SQL that it was filled by.
    filled: Mapping[str, str] = field(default_factory=dict)
    # The libraries that built it, with their versions.
    built_by: Sequence[str] = ()


def build(
    home: Home,
    inventory: Inventory,
    *,
    reporter: Reporter = SILENT,
    on_node: Callable[[NodeResult], None] | None = None,
    dbt: Project | None = None,
) -> Candidate:
    """Build and test a candidate warehouse; `on_node` hears of each model and test as it ends.

    It hears first of those that stand as the build before made them.

    `dbt` is the project that builds, by default the home's own.

    Raises
    ------
    NotPublishedError
        A model could not be built or a test on it failed.
    """
    from warehouse.build.dbt import built_by

    def hear(what: _Size | NodeResult) -> None:
        if isinstance(what, _Size):
            reporter.begin("Building", what.nodes)
            return
        reporter.advance(what.name)
        if on_node is not None:
            on_node(what)

    if dbt is None and _builds_apart():
        dbt = dbt_project(home)
        made = _make_apart(home, inventory, dbt, _served(home), hear)
    else:
        dbt = dbt or dbt_project(home)
        # A lake's workers build all that there is, beside one another.
        workers = Settings.read().lake_workers
        on_lake = None if workers is None else partial(_on_the_lake, dbt, workers, reporter)
        made = _make(home, inventory, dbt, _served(home), on_lake, hear)
    results = made.results
    reporter.end()
    for node in results:
        if node.status == "warn":
            reporter.warn(f"Noticed, and served: {_message_of(home, node)}")
    failed = [node for node in results if node.failed]
    if failed:
        causes = [node for node in failed if node.status != "skipped"] or failed
        if short := [node for node in causes if "Out of Memory" in node.message]:
            allowed = Settings.read()
            raise NotPublishedError(
                f"The build needs more than the memory ({allowed.build_memory}) and the room on"
                f" disk ({allowed.build_spill}) that it may take, at {short[0].name}; nothing was"
                " swapped. Allow it more with CORE_MEASURES_BUILD_MEMORY or"
                " CORE_MEASURES_BUILD_SPILL, and refresh again."
            )
        shown = "; ".join(_message_of(home, node) for node in causes)
        raise NotPublishedError(
            f"The candidate warehouse is not sound, nothing was swapped: {shown}"
            + accepted_among(inventory)
        )
    # Where the code changed meanwhile nobody knows which built this: nothing is taken over from it.
    libraries = built_by() if code_stands() else []
    record = {"digest": inventory.digest, "filled": made.filled, "built_by": libraries}
    write_whole(home.candidate_record, json.dumps(record).encode())
    return Candidate(inventory, dbt, made.filled, libraries)


class _Size(NamedTuple):
    nodes: int


class _Made(NamedTuple):
    results: list[NodeResult]
    # By table of its loads, the digest of the SQL that it was filled by.
    filled: Mapping[str, str]


def _make(
    home: Home,
    inventory: Inventory,
    dbt: Project,
    served: Filled | None,
    on_lake: Callable[[Callable[[NodeResult], None]], list[NodeResult] | None] | None,
    hear: Callable[[_Size | NodeResult], None],
) -> _Made:
    """Fill a candidate and build it, `on_lake` or here; it is whole where no node failed.

    `hear` hears how many nodes there are, and then of each as it ends.
    """
    from warehouse.build import candidate
    from warehouse.build.comments import comment
    from warehouse.build.dbt import NodeResult, begin_importing

    dbt.prepare()
    begin_importing()
    home.drop_candidate()
    files = [file for publication in inventory.contracts.values() for file in publication.files]
    taken = candidate.create(
        home.candidate,
        files,
        [_admitted(home, held) for held in inventory.loads if held.admitted],
        [held.release for held in inventory.releases],
        [(held.load, held.admitted) for held in inventory.loads],
        list(_check_rows(inventory)),
        list(_flag_rows(inventory)),
        served,
        dbt.made_of if on_lake is None else lambda _: {},
    )
    hear(_Size(dbt.size))
    results = on_lake(hear) if on_lake else None
    if results is None:
        for unique_id in taken.made:
            hear(NodeResult(unique_id, "kept", "", seconds=0.0, failures=None))
        results = dbt.build(hear, dbt.all_but(taken.made) if taken.made else ())
    if not any(node.failed for node in results):
        comment(home.candidate, dbt.manifest(), files)
        candidate.checkpoint(home.candidate)
    return _Made(results, taken.filled)


def _builds_apart() -> bool:
    """Whether a build has a process of its own: not where others build, on a lake."""
    settings = Settings.read()
    return settings.processes > 1 and settings.lake_workers is None


def get_ready_to_build() -> None:
    """Import dbt, which takes seconds, in the process that is going to build.

    Where that is one of its own it is begun, and ends with this one if it is never needed.
    """
    from warehouse.build.dbt import DBT, begin_importing

    if not _builds_apart():
        begin_importing()
    elif not _builders:
        _builders.append(Apart([*_FOR_A_BUILD, *DBT]))


def _make_apart(
    home: Home,
    inventory: Inventory,
    dbt: Project,
    served: Filled | None,
    hear: Callable[[_Size | NodeResult], None],
) -> _Made:
    """`_make` in a process of its own, which takes the memory that it needed with it.

    Raises
    ------
    NotPublishedError
        The process was ended from without.
    """
    get_ready_to_build()
    try:
        return _builders.pop().carry_out(_make, home, inventory, dbt, served, None, hear=hear)
    except EndedFromWithoutError as error:
        raise NotPublishedError(
            "The process that built the candidate was ended from without, perhaps for want of"
            " memory; nothing was swapped. Refresh again."
        ) from error


def _served(home: Home) -> Filled | None:
    """The warehouse that is served, if today's code wrote it and nobody has written to it since.

    Today's code is what this process has taken it for, and what stands on the disk for dbt to read.
    """
    from warehouse.build.candidate import Filled
    from warehouse.build.dbt import built_by

    record = home.build_record() or {}
    wrote = (record.get("code"), record.get("built_by"))
    if wrote != (code_digest(), built_by()) or not code_stands():
        return None
    try:
        if record["sha256"] == digest_of(home.warehouse):
            return Filled(home.warehouse.resolve(), dict(record["filled"]))
    except (OSError, LookupError, TypeError, ValueError):
        return None  # of another layout
    return None


def digest_of(warehouse: Path) -> str:
    """The SHA-256 of a warehouse's file."""
    with warehouse.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _on_the_lake(
    dbt: Project, workers: int, reporter: Reporter, on_node: Callable[[NodeResult], None]
) -> list[NodeResult] | None:
    """Build on the lake; None where it is for this machine to do after all."""
    from orchestration.pipeline.lake import build_on_lake
    from warehouse.publish.lake import Lake, LakeError

    try:
        lake = Lake.from_environment()
        if lake is None:
            raise LakeError("CORE_MEASURES_LAKE_WORKERS is set, and no lake is named.")
        return build_on_lake(
            lake, dbt, workers, Settings.read().lake_worker or "", on_node, reporter
        )
    except LakeError as error:
        reporter.warn(f"Built on this machine, and not on the lake: {error}")
        return None


def standing_candidate(home: Home, inventory: Inventory) -> Candidate:
    """The candidate that an earlier run left, if it was built from what is held now.

    Raises
    ------
    NotPublishedError
        There is none, or it was built from something else; then it is removed.
    """
    try:
        record = json.loads(home.candidate_record.read_bytes())
        found, filled = record["digest"], dict(record.get("filled", {}))
        libraries = list(record.get("built_by", ()))
    except (OSError, ValueError, KeyError, TypeError):
        found, filled, libraries = None, {}, []
    if found == inventory.digest and home.candidate.exists():
        return Candidate(inventory, dbt_project(home), filled, libraries)
    home.drop_candidate()
    why = (
        "no warehouse has been built"
        if found is None
        else "the warehouse that waits was built from other loads, decisions or code than today's"
    )
    raise NotPublishedError(
        f"Nothing was swapped: {why}. Build first: core-measures refresh, or in Dagster the job"
        " refresh or the marts together with what is published."
    )


def _message_of(home: Home, node: NodeResult) -> str:
    """A node that did not pass: its message, rows of a test, and the releases they are of."""
    from warehouse.build.dbt import rows_found_by

    rows = rows_found_by(node, home.candidate, _ROWS_SHOWN)
    message = f"{node.name}: {' '.join(node.message.split())}"
    examples = [
        shorten(
            ", ".join(f"{name} {cell}" for name, cell in row.items() if cell is not None),
            _WARNING_WIDTH,
            placeholder=" …",
        )
        for row in rows
    ]
    meant = dict.fromkeys(
        (row["publication"], row["release"])
        for row in rows
        if row.get("publication") and row.get("release")
    )
    ways = [
        f' To take it out: core-measures reject {publication} {release} --reason "…"'
        for publication, release in meant
    ]
    found = f"{message}: {'; '.join(examples)}" if examples else message
    return ".".join([found, *ways])


def _admitted(home: Home, held: HeldLoad) -> AdmittedLoad:

    from warehouse.build.candidate import AdmittedLoad

    # Only admitted loads come here, and those were understood.
    assert held.verdict is not None and held.verdict.understanding  # noqa: S101  # nosec B101
    load = held.load
    path, columns = home.loads.described(
        load, held.verdict.understanding, lambda: home.archive.read(load.release, load.file)
    )
    return AdmittedLoad(
        load=load,
        parquet=path,
        columns=[name for name in load.contract.column_names if name in columns],
        dropped_rows=held.verdict.dropped_rows,
        corrections=corrections_of(load),
        conflicting=held.verdict.conflicting,
    )


def accepted_among(inventory: Inventory) -> str:
    """The way out, where a load that a person let in may be what is not sound."""
    if not inventory.accepted:
        return ""
    named = "; ".join(str(held.load) for held in inventory.accepted)
    return f" Accepted by a person and among what was built: {named}. To take one out again: {_OUT}"


def _flag_rows(inventory: Inventory) -> Iterator[dict[str, object]]:
    """A row a flag of an admitted load and series; of no series where it is part of no fact."""
    for held in inventory.releases:
        for load in held.loads:
            if not load.admitted or load.verdict is None:
                continue
            for flag in load.verdict.flags:
                for series in flag.series or ("",):
                    measure_id, _, series_id = series.partition(".")
                    yield {
                        "publisher": held.release.publisher,
                        "publication": held.release.publication,
                        "release": held.release.release,
                        "version": held.release.version,
                        "source_file": load.load.file.name,
                        "source_sha256": load.load.file.sha256,
                        "file_id": load.load.contract.file_id,
                        "source_row": flag.source_row,
                        "source_column": flag.column,
                        "year": flag.year,
                        "measure_id": measure_id or None,
                        "series_id": series_id or None,
                        "check_name": flag.check,
                        "message": flag.message,
                        "figure": flag.figure,
                        "expected": flag.expected,
                    }


def _check_rows(inventory: Inventory) -> Iterator[dict[str, object]]:
    """A row a check of a load, and one for everything that was kept out before it could be one."""
    for held in inventory.releases:
        for load in held.loads:
            checks = load.verdict.checks if load.verdict else (UNCHECKED,)
            file, file_id = load.load.file, load.load.contract.file_id
            for check in checks:
                yield _check_row(held.release, file.name, file.sha256, check, file_id)
            if load.decided:
                yield _check_row(held.release, file.name, file.sha256, load.decided, file_id)
        if held.lacks:
            yield _check_row(held.release, None, None, held.completeness)
        for name in held.unknown_files:
            file = next(file for file in held.release.files if file.name == name)
            yield _check_row(held.release, name, file.sha256, _UNKNOWN_FILE)
    for problem in inventory.problems:
        publisher, publication, folder = problem.path.split("/", 2)
        yield {
            "publisher": publisher,
            "publication": publication,
            "release": folder.split("+")[0],
            "version": None,
            "source_file": None,
            "source_sha256": None,
            "file_id": None,
            "check_name": "arrived_whole",
            "check_column": "",
            "severity": "error",
            "success": False,
            "observed": problem.reason,
            "explanation": "A release comes whole, and is what its publisher and release.json say.",
        }


def _check_row(
    release: Release,
    file: str | None,
    sha256: str | None,
    check: Check,
    file_id: str | None = None,
) -> dict[str, object]:
    return {
        "publisher": release.publisher,
        "publication": release.publication,
        "release": release.release,
        "version": release.version,
        "source_file": file,
        "source_sha256": sha256,
        "file_id": file_id,
        "check_name": check.name,
        "check_column": check.column,
        "severity": check.severity,
        "success": check.success,
        "observed": check.observed,
        "explanation": check.explanation,
    }

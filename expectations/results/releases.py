"""Checking releases: a publication's in their order, publications side by side.

Belongs here: which verdicts still hold, what a release is compared with, and the worker processes
that share the work. What a check says is for `loads`; keeping verdicts is for who asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from multiprocessing.context import ForkServerContext
from typing import TYPE_CHECKING, Any

from expectations.panel import measures
from expectations.results import verdicts
from expectations.results.decisions import Decision, as_decided, standing
from expectations.results.verdicts import LoadVerdict, verdicts_in
from ingest import beside
from ingest.archive.held import HomeArchive
from ingest.archive.release import PublishedFile, Release
from ingest.contracts.contract import Publication
from ingest.councils import all_councils
from ingest.errors import ArchiveError, CoreMeasuresError, FetchError, ReadError
from ingest.reading.load_store import LoadStore
from ingest.reading.loads import Load, Recognised, loads_of, with_release
from ingest.reading.recognise import Understanding

if TYPE_CHECKING:
    import pyarrow as pa


# Bytes of a CSV file that take as long as one of a workbook, which is packed and read cell by cell.
_OF_A_WORKBOOK = 5


@dataclass(frozen=True)
class AdmittedBefore:
    """A load that was admitted before, and how it was read."""

    load: Load
    understanding: Understanding

    @cached_property
    def read_as(self) -> str:
        """How it was read, as text."""
        return json.dumps(self.understanding.to_dict())


# The admitted load before, by the contract's file.
Before = Mapping[str, AdmittedBefore]


@dataclass(frozen=True)
class ReleaseToCheck:
    """A release held: its verdict as it was kept, if there is one, and its decisions."""

    release: Release
    kept: Mapping[str, Any] | None
    decisions: tuple[Decision, ...] = ()
    # Files that no contract knows by name, and the tables that they hold by their columns.
    recognised: Recognised = field(default_factory=dict)


@dataclass(frozen=True)
class PublicationToCheck:
    """A publication's releases, the oldest first, and where their files and loads are kept."""

    publication: Publication
    releases: tuple[ReleaseToCheck, ...]
    archive: HomeArchive
    loads: LoadStore


@dataclass(frozen=True)
class CheckedLoad:
    """A load with its verdict, and its page and its suite's for the Data Docs, if it was read.

    `page_fault` says why there is no page of a load that was read.
    """

    load: Load
    verdict: LoadVerdict
    page: str | None = None
    suite_page: str | None = None
    page_fault: str = ""


@dataclass(frozen=True)
class CheckedRelease:
    """A release whose loads were checked. `digest` is what its verdicts hold by."""

    release: Release
    digest: str
    loads: tuple[CheckedLoad, ...]
    unknown: tuple[PublishedFile, ...]
    recognised: Recognised = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedRelease:
    """A release of a chain: what its verdicts hold by, and those that do, by file and contract."""

    held: ReleaseToCheck
    digest: str
    before: Before
    verdicts: Mapping[tuple[str, str], LoadVerdict] | None


def _wanted_digest(
    rules: Sequence[str], held: ReleaseToCheck, loads: Sequence[Load], before: Before
) -> str:
    """Changes whenever a verdict on a release might: with the rules, to begin with.

    By what it is compared with, and by what persons said of how it is read, too.
    """
    files = {load.contract.file_id for load in loads}
    parts = list(rules)
    for name, earlier in sorted(before.items()):
        if name in files:
            parts += [earlier.load.file.sha256, earlier.read_as]
    parts += [json.dumps(decision.to_dict()) for decision in held.decisions if decision.reads]
    if held.recognised:
        parts.append(json.dumps(held.recognised, sort_keys=True))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def chain(
    publication: Publication,
    releases: Sequence[ReleaseToCheck],
    judge: Callable[[JudgedRelease], Mapping[tuple[str, str], LoadVerdict] | None] | None = None,
) -> Iterator[JudgedRelease]:
    """Each release beside what is admitted before it, in the order of vintages.

    Before it is what was out by then: a release that was amended since is compared as it was. What
    is found of one release may change what the next is compared with: `judge` gives verdicts
    on one that has none that hold.
    """
    rules = (verdicts.digest(publication), measures.digest())
    admitted: dict[str, list[AdmittedBefore]] = {}
    for held in releases:
        loads = loads_of(publication, held.release, held.recognised)[0]
        before = {
            file_id: last
            for file_id, of_file in admitted.items()
            if (last := _last_out_by(held.release.published, of_file)) is not None
        }
        wanted = _wanted_digest(rules, held, loads, before)
        judged = JudgedRelease(held, wanted, before, verdicts_in(held.kept, wanted))
        found = judged.verdicts
        if found is None and judge is not None:
            found = judge(judged)
        yield judged
        for load in loads:
            verdict = (found or {}).get((load.file.name, load.contract.file_id))
            of_use = is_admitted(verdict, standing(held.decisions, load))
            if verdict and verdict.understanding and of_use:
                read = as_decided(held.decisions, load)
                earlier = AdmittedBefore(read, verdict.understanding)
                admitted.setdefault(load.contract.file_id, []).append(earlier)


def _last_out_by(day: date, admitted: Sequence[AdmittedBefore]) -> AdmittedBefore | None:
    """The last of a file's admitted loads that was out by a day."""
    # From the newest on: with hundreds held, it is nearly always the first that is looked at.
    return next((one for one in reversed(admitted) if one.load.release.published <= day), None)


def is_admitted(verdict: LoadVerdict | None, decision: Decision | None) -> bool:
    """Whether a load's rows may become facts, by its checks and by what a person decided."""
    if verdict is None:
        return False
    if decision is None:
        return verdict.admitted
    return decision.decision == "accepted" and not decision.uncovered(verdict)


def check_publication(work: PublicationToCheck) -> list[CheckedRelease]:
    """Check each release of a publication that has no verdict that holds."""
    archive, store = work.archive, work.loads
    checked: list[CheckedRelease] = []
    # A suite's page is one for all of its loads.
    shown: set[str] = set()

    def judge(judged: JudgedRelease) -> Mapping[tuple[str, str], LoadVerdict]:
        one = _check_release(work.publication, judged, archive, store, shown)
        checked.append(one)
        return {(c.load.file.name, c.load.contract.file_id): c.verdict for c in one.loads}

    for _ in chain(work.publication, work.releases, judge):
        pass
    return checked


def check_releases(
    work: Sequence[PublicationToCheck], workers: int
) -> Iterator[tuple[str, list[CheckedRelease]]]:
    """Check what has no verdict that holds: a publication and its releases, as each is done.

    Publications are shared among `workers` processes; with one, this process checks them itself, in
    their order.

    Raises
    ------
    CoreMeasuresError
        A worker process was ended from without.
    """
    if workers < 2:
        for one in work:
            yield one.publication.publication, check_publication(one)
        return
    # The longest begins first, so that it is not left for one process alone at the end.
    by_weight = sorted(work, key=_weight, reverse=True)
    ahead = [(one, held) for one in by_weight for held in _worth_reading_ahead(one)]
    tasks = len(by_weight) + len(ahead)
    pool = ProcessPoolExecutor(
        min(workers, tasks), prepare_workers(), initializer=beside.begin_worker
    )
    try:
        begun = {
            pool.submit(check_publication, one): one.publication.publication for one in by_weight
        }
        # For a process that no publication is left for, while others are being checked.
        for one, held in ahead:
            pool.submit(_read_ahead, one.publication, held, one.archive, one.loads)
        for future in as_completed(begun):
            # Handed over and not kept: with its pages a publication's result takes megabytes.
            yield begun.pop(future), future.result()
    except BrokenProcessPool as error:
        raise CoreMeasuresError(
            "A process that checked loads was ended from without, perhaps for want of memory;"
            " nothing was swapped. Refresh again."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _worth_reading_ahead(work: PublicationToCheck) -> list[ReleaseToCheck]:
    """Releases of workbooks of several tables, which take longer to read than to check.

    The last to be checked comes first. The oldest is left out: whoever checks it begins with it.
    """
    formats = [contract.reading.format for contract in work.publication.files]
    if formats.count("workbook") < 2:
        return []
    return [held for held in work.releases if held.kept is None][:0:-1]


def _read_ahead(
    publication: Publication, held: ReleaseToCheck, archive: HomeArchive, store: LoadStore
) -> None:
    """Keep the rows of a release for who is going to check it, and to say what is wrong."""
    loads, _ = loads_of(publication, held.release, held.recognised)
    _read_workbooks([as_decided(held.decisions, one) for one in loads], archive, store)


def _weight(work: PublicationToCheck) -> int:
    """About how long a publication may take beside others: all that is held of it, in bytes."""
    files = [file for held in work.releases for file in held.release.files]
    return sum(
        file.bytes * (1 if file.name.lower().endswith(".csv") else _OF_A_WORKBOOK) for file in files
    )


def prepare_workers() -> ForkServerContext:
    """Have the library imported, which takes seconds, in the process that workers are forked from.

    It goes on by itself meanwhile: who knows that there is something to check asks early.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    return beside.begin_serving(["expectations.gx.preloaded"])


def _check_release(
    publication: Publication,
    judged: JudgedRelease,
    archive: HomeArchive,
    store: LoadStore,
    shown: set[str],
) -> CheckedRelease:
    from expectations.gx import data_docs
    from expectations.suites.loads import check_load, goes_beside, suite_for

    loads, unknown = loads_of(publication, judged.held.release, judged.held.recognised)
    checked: list[CheckedLoad] = []
    decided = [as_decided(judged.held.decisions, one) for one in loads]
    _read_workbooks(decided, archive, store)
    for load in decided:
        earlier = judged.before.get(load.contract.file_id)
        verdict = check_load(
            load,
            _rows_of(load, archive, store),
            all_councils(),
            before=_described(earlier, archive, store) if earlier else None,
            beside=[
                (one, _rows_of(one, archive, store)) for one in loads if goes_beside(one, load)
            ],
            # The build takes it up from there.
            describe=store.describe,
        )
        page = suite = None
        fault = ""
        if verdict.rows_were_read:
            try:
                page = data_docs.load_page(load, verdict)
                if (path := data_docs.suite_path(load)) not in shown:
                    suite = data_docs.suite_page(suite_for(load.contract))
                    shown.add(path)
            except Exception as error:  # its figures are none the worse for it
                fault = repr(error)
        checked.append(CheckedLoad(load, verdict, page, suite, fault))
    return CheckedRelease(
        judged.held.release,
        judged.digest,
        tuple(checked),
        tuple(unknown),
        judged.held.recognised,
    )


def _read_workbooks(loads: Sequence[Load], archive: HomeArchive, store: LoadStore) -> None:
    """Parse a workbook once for all of its tables: that takes longer than to check them."""
    by_file: dict[str, list[Load]] = {}
    for load in loads:
        by_file.setdefault(load.file.sha256, []).append(load)
    for tables in by_file.values():
        release, file = tables[0].release, tables[0].file
        # What is wrong with a file is reported where its tables are asked for, one by one.
        with contextlib.suppress(ArchiveError):
            store.read_together(
                file,
                [load.contract for load in tables],
                partial(archive.read, release, file),
            )


def _described(
    earlier: AdmittedBefore, archive: HomeArchive, store: LoadStore
) -> pa.Table | ReadError:
    """The rows of a load that was admitted, as it was understood."""
    load = earlier.load
    try:
        path, _ = store.described(
            load, earlier.understanding, lambda: archive.read(load.release, load.file)
        )
    except ReadError as error:
        return error
    except FetchError:
        # A store that is away for now says nothing of the file.
        raise
    except ArchiveError as error:
        return ReadError(str(error))
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path, memory_map=True)


def _rows_of(load: Load, archive: HomeArchive, store: LoadStore) -> pa.Table | ReadError:
    """A load's rows as published, or why there are none."""
    try:
        table = store.read(load.file, load.contract, lambda: archive.read(load.release, load.file))
    except ReadError as error:
        return error
    except FetchError:
        # A store that is away for now says nothing of the file.
        raise
    except ArchiveError as error:
        return ReadError(str(error))
    return with_release(load, table)

"""What one refresh does: bring home, check, build, guard, swap. Without Dagster, without a screen.

Every step reads what the step before left on disk, so that a step may run by itself. Great
Expectations and dbt are imported by the steps that need them, and only when there is work.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import pyarrow.parquet
from pydantic import Field, TypeAdapter, ValidationError

from expectations.results.decisions import Decision, standing
from expectations.results.releases import (
    CheckedRelease,
    PublicationToCheck,
    ReleaseToCheck,
    chain,
    check_releases,
)
from expectations.results.verdicts import Check, LoadVerdict
from ingest.archive import Archive, Problem, Release, write_whole
from ingest.carry import open_archive
from ingest.contracts import Publication, load_contracts
from ingest.corrections import corrections_of
from ingest.errors import ArchiveError, CoreMeasuresError, FetchError, HomeError
from ingest.loads import Load, column_mapping, loads_of, published_names
from orchestration.progress import Watched
from warehouse.home import Home, disk_fault

if TYPE_CHECKING:
    from orchestration.quality import DataDocs
    from warehouse.dbt import NodeResult, Project

ROOT = Path(__file__).resolve().parents[1]
# What the figures are a function of, beside the archive: a change in it asks for a new build.
_CODE = {
    "dbt_project": ("*.sql", "*.yml", "*.csv"),
    "expectations": ("*.py",),
    "ingest": ("*.py", "*.yml"),
    "warehouse": ("*.py", "*.jinja", "*.css", "*.js"),
}
SAMPLE = "sample"
LIVE = "live"
# A line or two: the whole warning is in the verdict, in Data Docs and in `status`.
WARNING_WIDTH = 300
# Rows of a failed test that are shown beside it.
_ROWS_TOLD = 3


_ReleasePath = Annotated[str, Field(pattern="^[^/]+/[^/]+/[^/]+$")]
# By publication, each release that was not brought home, and why.
_PROBLEMS: TypeAdapter[dict[str, list[tuple[_ReleasePath, str]]]] = TypeAdapter(
    dict[str, list[tuple[_ReleasePath, str]]]
)


class Reporter(Protocol):
    """Who is told how a refresh goes: a terminal, a log, or nobody."""

    def say(self, line: str) -> None:
        """A line worth keeping."""

    def warn(self, line: str) -> None:
        """A line that somebody must act on."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of so many steps begins."""

    def advance(self, what: str) -> None:
        """One step of the stage is done."""

    def end(self) -> None:
        """The stage is done."""


class Silent:
    """A reporter that tells nobody."""

    def say(self, line: str) -> None:
        """Drop the line."""

    warn = say

    def begin(self, stage: str, total: int) -> None:
        """Count nothing."""

    def advance(self, what: str) -> None:
        """Count nothing."""

    def end(self) -> None:
        """Count nothing."""


class NotPublishedError(CoreMeasuresError):
    """A candidate did not pass; what was served before still stands."""


@dataclass(frozen=True)
class HeldLoad:
    """A load at home with its verdict, and what a person decided over it.

    The verdict is None where it has not been checked by today's contract.
    """

    load: Load
    verdict: LoadVerdict | None
    decision: Decision | None = None

    @property
    def rejected(self) -> bool:
        """Whether a person took it out, whatever its checks say."""
        return self.decision is not None and self.decision.decision == "rejected"

    @property
    def reasons(self) -> tuple[Check, ...]:
        """What keeps it out: its failed checks that nobody accepted, or a person's rejection."""
        if self.decision is not None and self.rejected:
            return (self.decision.told(),)
        if self.verdict is None:
            return (_UNCHECKED,)
        return self.decision.uncovered(self.verdict) if self.decision else self.verdict.reasons

    @property
    def admitted(self) -> bool:
        """Whether its rows may become facts."""
        return not self.reasons

    @property
    def quarantined(self) -> bool:
        """Whether its checks keep it out, and nobody has rejected it."""
        return bool(self.reasons) and not self.rejected

    @property
    def accepted(self) -> bool:
        """Whether it is admitted only because a person accepted its failed checks."""
        return self.admitted and self.verdict is not None and not self.verdict.admitted

    @property
    def decided(self) -> Check | None:
        """The decision as a row of its checks, where it makes or made a difference."""
        if self.decision is None:
            return None
        if self.rejected:
            return self.decision.told()
        # Accepted once, and passed by today's contract: there is nothing left to tell.
        passed = self.verdict is None or self.verdict.admitted
        return None if passed else self.decision.told(self.reasons)


@dataclass(frozen=True)
class HeldRelease:
    """A release at home, its loads, and the files in it that its contract does not know."""

    publication: Publication
    release: Release
    loads: tuple[HeldLoad, ...]
    unknown_files: tuple[str, ...]


@dataclass(frozen=True)
class Stock:
    """Everything that determines a build: what is held, what was refused, and the code."""

    releases: tuple[HeldRelease, ...]
    problems: tuple[Problem, ...]
    digest: str

    @property
    def loads(self) -> list[HeldLoad]:
        """Every load of every release."""
        return [load for release in self.releases for load in release.loads]

    @property
    def quarantined(self) -> list[HeldLoad]:
        """The loads that their checks keep out."""
        return [load for load in self.loads if load.quarantined]

    @property
    def accepted(self) -> list[HeldLoad]:
        """The loads that a person let in over their failed checks."""
        return [load for load in self.loads if load.accepted]

    @property
    def rejected(self) -> list[HeldLoad]:
        """The loads that a person took out."""
        return [load for load in self.loads if load.rejected]

    @property
    def sound(self) -> bool:
        """Whether nothing waits for a person: no load quarantined, no release not brought home."""
        return not self.quarantined and not self.problems


@dataclass
class Refresh:
    """One refresh of one home. `only` narrows what is brought home, never what is built."""

    home: Home
    source: str
    only: tuple[str, ...] = ()
    reporter: Reporter = field(default_factory=Silent)
    # Whether pages are made too: a machine that only serves the warehouse may leave them out.
    with_site: bool = True
    # What the publication changed, once there is one: as in `published/index.json`.
    changes: dict[str, Any] | None = field(default=None, init=False)
    # Hands on to the reporter, and counts the seconds of each stage.
    watched: Watched = field(init=False, repr=False)
    _arrived: list[Release] = field(default_factory=list, init=False, repr=False)
    _is_home: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        self.reporter = self.watched = Watched(self.reporter)

    @property
    def arrived(self) -> list[Release]:
        """The releases that were brought home."""
        return self._arrived

    @cached_property
    def contracts(self) -> dict[str, Publication]:
        """Every publication that is read, by id."""
        return load_contracts()

    @cached_property
    def _asked(self) -> list[Publication]:
        unknown = sorted(set(self.only) - set(self.contracts))
        if unknown:
            raise CoreMeasuresError(
                f"No publication {', '.join(map(repr, unknown))}."
                f" Known: {', '.join(sorted(self.contracts))}."
            )
        return [p for name, p in self.contracts.items() if not self.only or name in self.only]

    def run(self) -> bool:
        """The whole refresh; True if a new build was swapped in.

        What is served already is not built again: then neither Great Expectations nor dbt nor
        Dagster is started. Otherwise the Dagster job does the rest.

        Raises
        ------
        CoreMeasuresError
            Nothing was published; what was served before still stands.
        """
        try:
            self.bring_home()
            if self.is_served(self.stock()):
                if (self.home.work / "data_docs").exists():
                    # A refresh that was killed just after its swap: the build has these pages.
                    self.data_docs.served()
                self._keep_dated()
                self.tell_metrics(succeeded=True)
                return False
            from orchestration.definitions import run_job

            run_job(self)
        except CoreMeasuresError:
            self.tell_metrics(succeeded=False)
            raise
        except Exception as error:
            if (said := disk_fault(error)) is None:
                self.tell_metrics(succeeded=False)
                raise
            raise HomeError(
                f"The home {self.home.root} takes nothing more, so nothing was swapped: {said}."
                " Make room, and refresh again."
            ) from error
        return True

    def tell_metrics(self, *, succeeded: bool) -> None:
        """Leave the metrics of this refresh; that they cannot be written fails nothing."""
        from orchestration.metrics import write_metrics

        try:
            write_metrics(self, self.stock() if succeeded else None, succeeded=succeeded)
        except OSError as error:
            self.reporter.warn(f"No metrics were written: {error}")

    # Bring home

    def check_source(self) -> None:
        """See that the source and the publications asked for are there, touching nothing.

        Raises
        ------
        CoreMeasuresError
            They are not.
        """
        _ = self._asked
        if self.source == LIVE:
            from ingest.publishers.settings import Settings

            Settings.from_environment()
        elif self.source != SAMPLE:
            open_archive(self.source).publications()

    @contextmanager
    def _open_source(self) -> Iterator[Archive]:
        if self.source == LIVE:
            from orchestration.live import fetched

            with fetched(self.home, self._asked, self.reporter) as found:
                yield found
            return
        if self.source != SAMPLE:
            source = open_archive(self.source)
            root = Path(self.source)
            if root.exists() and root.resolve() == self.home.archive.folder.resolve():
                raise ArchiveError(f"{self.source} is this home's own archive.")
            yield source
            return
        from ingest.sample import lay_out, lay_out_neighbours

        folder = self.home.work / "sample"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield Archive(lay_out_neighbours(lay_out(folder)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def bring_home(self) -> list[Release]:
        """Copy home every release that is not held, and return those.

        A release that is not what it says it is stays out, and is remembered as a problem until
        it comes right.

        Raises
        ------
        ArchiveError
            The source is not an archive.
        """
        if self._is_home:
            return self._arrived
        arrived: list[Release] = []
        problems: dict[str, list[Problem]] = {}
        asked = self._asked
        with self._open_source() as source:
            self._tell_left_alone(source)
            self.reporter.begin("Bringing home", len(asked))
            for publication in asked:
                name = publication.publication
                for release in source.releases(publication.publisher, name):
                    if isinstance(release, Problem):
                        problems.setdefault(name, []).append(release)
                        self.reporter.warn(f"Not brought home: {release}.")
                        continue
                    try:
                        kept = self.home.archive.add(source, release)
                    except FetchError:
                        raise
                    except ArchiveError as error:
                        path = release.path
                        problems.setdefault(name, []).append(Problem(path, str(error)))
                        self.reporter.warn(f"Not brought home: {error}")
                        continue
                    if kept is not None:
                        arrived.append(kept)
                self.reporter.advance(name)
            self.reporter.end()
        self._remember(problems)
        if self.source == LIVE and problems and not self._holds_anything():
            first = next(iter(problems.values()))[0]
            raise FetchError(
                f"Nothing could be fetched and nothing is held, so nothing was published: {first}."
                " Try again later, or name an archive with --from."
            )
        self._arrived, self._is_home = arrived, True
        return arrived

    def _holds_anything(self) -> bool:
        held = self.home.archive.held
        return any(held(p.publisher, p.publication) for p in self.contracts.values())

    def _tell_left_alone(self, source: Archive) -> None:
        alone = [
            f"{publisher}/{publication}"
            for publisher, publication in source.publications()
            if publication not in self.contracts
            or self.contracts[publication].publisher != publisher
        ]
        if alone and not self.only:
            self.reporter.say(
                f"Left alone, having no file in ingest/publications: {', '.join(alone)}"
            )

    @property
    def _problems_file(self) -> Path:
        return self.home.work / "problems.json"

    def _remember(self, problems: dict[str, list[Problem]]) -> None:
        kept = {name: found for name, found in self._remembered().items() if self.only}
        for publication in self._asked:
            kept.pop(publication.publication, None)
        kept |= {
            name: [(problem.path, problem.reason) for problem in found]
            for name, found in problems.items()
        }
        write_whole(self._problems_file, json.dumps(kept, indent=2).encode())

    def _remembered(self) -> dict[str, list[tuple[str, str]]]:
        """What was not brought home, by publication; a file of another shape remembers nothing.

        Nothing is lost by that: every publication that is asked for is looked at again.
        """
        try:
            return _PROBLEMS.validate_json(self._problems_file.read_bytes())
        except (OSError, ValidationError):
            return {}

    # Check

    def check_loads(self) -> None:
        """Check every load that has no verdict by today's contract, and keep the verdicts."""
        work: list[PublicationToCheck] = []
        to_check = 0
        for publication in self.contracts.values():
            held = self._to_check(publication)
            stale = sum(judged.verdicts is None for judged in chain(publication, held))
            to_check += stale
            if stale:
                folders = self.home.archive.folder, self.home.loads.folder
                work.append(PublicationToCheck(publication, held, *folders))
        if not to_check:
            return
        self.reporter.begin("Checking loads", to_check)
        for checked in check_releases(work, to_check):
            self._keep_verdicts(checked)
            self.reporter.advance(str(checked.release))
        self.reporter.end()

    def _to_check(self, publication: Publication) -> tuple[ReleaseToCheck, ...]:
        """A publication's releases, each with its verdict and decisions as they were kept."""
        archive = self.home.archive
        return tuple(
            ReleaseToCheck(release, archive.verdict(release), tuple(self._decisions(release)))
            for release in archive.held(publication.publisher, publication.publication)
        )

    def _held(self) -> Iterator[HeldRelease]:
        """Each release held, with what its checks and persons said of each load."""
        for publication in self.contracts.values():
            for judged in chain(publication, self._to_check(publication)):
                release, decisions = judged.held.release, judged.held.decisions
                verdicts = judged.verdicts or {}
                loads, unknown = loads_of(publication, release)
                yield HeldRelease(
                    publication,
                    release,
                    tuple(
                        HeldLoad(
                            load,
                            verdicts.get((load.file.name, load.contract.file_id)),
                            standing(decisions, load.file.name, load.file.sha256),
                        )
                        for load in loads
                    ),
                    tuple(file.name for file in unknown),
                )

    def _keep_verdicts(self, checked: CheckedRelease) -> None:
        """Keep a release's verdicts and pages, and tell what failed."""
        release = checked.release
        decisions = self._decisions(release)
        for one in checked.loads:
            load, verdict = one.load, one.verdict
            self.data_docs.add(load, one.page, one.suite_page)
            if one.page_fault:
                self.reporter.warn(f"No page of the Data Docs for {load}: {one.page_fault}")
            held = HeldLoad(load, verdict, standing(decisions, load.file.name, load.file.sha256))
            for check in held.reasons if held.quarantined else ():
                self.reporter.warn(f"Quarantined: {load}: {check}. {check.explanation}")
            if held.decided:
                self.reporter.say(f"Decided: {load}: {held.decided}. {held.decided.explanation}")
            for check in verdict.warnings:
                told = shorten(str(check), WARNING_WIDTH, placeholder=" …")
                self.reporter.say(f"Admitted with a warning: {load}: {told}")
        for file in checked.unknown:
            self.reporter.say(f"Not read, unknown to the contract: {release}: {file.name}")
        self.home.archive.record_verdict(
            release,
            {
                "digest": checked.digest,
                "checked": datetime.now(UTC).isoformat(timespec="seconds"),
                "admitted": all(one.verdict.admitted for one in checked.loads),
                "loads": [one.verdict.to_dict() for one in checked.loads],
                "unknown_files": [file.name for file in checked.unknown],
            },
        )

    @cached_property
    def data_docs(self) -> DataDocs:
        """The pages that say what the checks said."""
        from orchestration.quality import DataDocs

        return DataDocs(self.home)

    def _checked(self, held: HeldLoad) -> str:
        document = self.home.archive.verdict(held.load.release) or {}
        return str(document.get("checked", ""))

    # Take stock

    def stock(self) -> Stock:
        """What is held now, by release, with what determines the figures in one digest."""
        releases = list(self._held())
        problems = tuple(
            Problem(path, reason) for found in self._remembered().values() for path, reason in found
        )
        return Stock(tuple(releases), problems, self._digest(releases, problems))

    def _decisions(self, release: Release) -> list[Decision]:
        return [Decision.from_dict(kept) for kept in self.home.archive.decisions(release)]

    @staticmethod
    def _digest(releases: list[HeldRelease], problems: tuple[Problem, ...]) -> str:
        document = {
            "code": code_digest(),
            "releases": [
                {
                    "release": held.release.model_dump(mode="json"),
                    "verdicts": [
                        load.verdict.to_dict() if load.verdict else None for load in held.loads
                    ],
                    "decisions": [
                        load.decision.to_dict() if load.decision else None for load in held.loads
                    ],
                }
                for held in releases
            ],
            "problems": [[problem.path, problem.reason] for problem in problems],
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def is_served(self, stock: Stock) -> bool:
        """Whether the served build was made from exactly this."""
        record = self.home.build_record()
        return record is not None and record.get("digest") == stock.digest

    # Build

    @cached_property
    def dbt(self) -> Project:
        """The dbt project, as this home builds it."""
        from warehouse.dbt import Project

        return Project(self.home, _digest_of({"dbt_project": _CODE["dbt_project"]}))

    def build(self, stock: Stock, on_node: Callable[[NodeResult], None] | None = None) -> None:
        """Build and test a candidate warehouse from the admitted loads.

        Raises
        ------
        NotPublishedError
            A model could not be built or a test on it failed.
        """
        from warehouse import candidate

        self.dbt.prepare()
        self.home.drop_candidate()
        candidate.create(
            self.home.candidate,
            [file for publication in self.contracts.values() for file in publication.files],
            [self._admitted(held) for held in stock.loads if held.admitted],
            [held.release for held in stock.releases],
            [(held.load, held.admitted) for held in stock.loads],
            list(_check_rows(stock)),
        )

        def told(node: NodeResult) -> None:
            self.reporter.advance(node.name)
            if on_node is not None:
                on_node(node)

        self.reporter.begin("Building", self.dbt.size)
        results = self.dbt.build(told)
        self.reporter.end()
        for node in results:
            if node.status == "warn":
                self.reporter.warn(f"Noticed, and served: {self._told(node)}")
        failed = [node for node in results if node.failed]
        if failed:
            causes = [node for node in failed if node.status != "skipped"] or failed
            shown = "; ".join(map(self._told, causes))
            raise NotPublishedError(
                f"The candidate warehouse is not sound, nothing was swapped: {shown}"
                + _accepted_among(stock)
            )
        from warehouse.comments import comment

        files = [file for publication in self.contracts.values() for file in publication.files]
        comment(self.home.candidate, self.dbt.manifest(), files)
        candidate.settle(self.home.candidate)

    def _told(self, node: NodeResult) -> str:
        """A node that did not pass: its message, rows of a test, and the releases they are of."""
        from warehouse.dbt import rows_found_by

        rows = rows_found_by(node, self.home.candidate, _ROWS_TOLD)
        told = f"{node.name}: {' '.join(node.message.split())}"
        examples = [
            shorten(
                ", ".join(f"{name} {cell}" for name, cell in row.items() if cell is not None),
                WARNING_WIDTH,
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
        found = f"{told}: {'; '.join(examples)}" if examples else told
        return ".".join([found, *ways])

    def _admitted(self, held: HeldLoad) -> Any:
        from warehouse.candidate import AdmittedLoad

        # Only admitted loads come here.
        assert held.verdict is not None  # noqa: S101  # nosec B101
        load = held.load
        self.home.loads.ensure(
            load.file, load.contract, lambda: self.home.archive.read(load.release, load.file)
        )
        path = self.home.loads.path(load.file, load.contract)
        names = published_names(load.contract, pyarrow.parquet.read_schema(path).names)
        return AdmittedLoad(
            load=load,
            parquet=path,
            mapping=column_mapping(load.contract, names),
            dropped_rows=held.verdict.dropped_rows,
            corrections=corrections_of(load),
        )

    # Guard and serve

    def publish(self, stock: Stock) -> list[str]:
        """Guard the candidate's facts, write marts and pages, and swap all in. Returns the marts.

        Raises
        ------
        NotPublishedError
            A check on the facts failed.
        """
        from expectations.suites.facts import check_facts
        from warehouse.dated import changes
        from warehouse.publish import write_marts

        serving = self.home.warehouse if self.home.build_record() else None
        self.reporter.begin("Publishing", 4 if self.with_site else 3)
        checks = check_facts(
            self.home.candidate,
            serving,
            given_up=[(held.load.release, held.load.file) for held in stock.rejected],
        )
        self.reporter.advance("facts checked")
        faults = [check for check in checks if check.blocks]
        if faults:
            shown = "; ".join(f"{check}. {check.explanation}" for check in faults)
            raise NotPublishedError(
                f"The facts did not pass, nothing was swapped: {shown}" + _accepted_among(stock)
            )
        with self.home.new_build() as folder:
            marts = write_marts(self.home.candidate, folder / "marts", self.dbt.versions())
            before = self.home.published if serving else None
            self.changes = changes(before, folder / "marts")
            self.reporter.advance("marts written")
            if self.with_site:
                self._write_site(folder / "marts")
                self.reporter.advance("site written")
            self.data_docs.assemble(folder / "data_docs", stock, self._checked)
            self.home.candidate.rename(folder / self.home.candidate.name)
            record = {
                "digest": stock.digest,
                "checks": [check.to_dict() for check in checks],
                "changes": self.changes,
            }
            self.home.serve(folder, record)
            self._keep_dated()
            self.data_docs.served()
            self.reporter.advance("swapped in")
        self.reporter.end()
        self.tell_metrics(succeeded=True)
        return marts

    def _keep_dated(self) -> None:
        """See that what is served stands under its date, and in `published/index.json`."""
        from warehouse.dated import keep

        keep(self.home)

    def _write_site(self, marts: Path) -> None:
        """Make the pages among the marts; figures are none the worse where that fails."""
        from warehouse.site import SITE, write_site

        before = self.home.site
        try:
            write_site(self.home.candidate, marts / SITE, before if before.is_dir() else None)
        except Exception as error:
            if disk_fault(error):
                raise
            shutil.rmtree(marts / SITE, ignore_errors=True)
            self.reporter.warn(
                f"No site this time: {error!r}. The marts are served without;"
                " try it by itself: core-measures site"
            )


def _check_rows(stock: Stock) -> Iterator[dict[str, object]]:
    """A row a check of a load, and one for everything that was kept out before it could be one."""
    for held in stock.releases:
        for load in held.loads:
            checks = load.verdict.checks if load.verdict else (_UNCHECKED,)
            file, file_id = load.load.file, load.load.contract.file_id
            for check in checks:
                yield _check_row(held.release, file.name, file.sha256, check, file_id)
            if load.decided:
                yield _check_row(held.release, file.name, file.sha256, load.decided, file_id)
        for name in held.unknown_files:
            file = next(file for file in held.release.files if file.name == name)
            yield _check_row(held.release, name, file.sha256, _UNKNOWN_FILE)
    for problem in stock.problems:
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


def _accepted_among(stock: Stock) -> str:
    """The way out, where a load that a person let in may be what is not sound."""
    if not stock.accepted:
        return ""
    named = "; ".join(str(held.load) for held in stock.accepted)
    return f" Accepted by a person and among what was built: {named}. To take one out again: {_OUT}"


_OUT = 'core-measures reject PUBLICATION RELEASE --reason "…"'
_UNCHECKED = Check("checked", "", "error", False, "no verdict", "A load is checked before use.")
_UNKNOWN_FILE = Check(
    "file_known",
    "",
    "warn",
    False,
    "not named in the publication's contract, and not read",
    "Each file of a release is read, or known to be of no use here.",
)


def _check_row(
    release: Release, file: str, sha256: str, check: Check, file_id: str | None = None
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


def _digest_of(folders: dict[str, tuple[str, ...]]) -> str:
    seen = hashlib.sha256()
    for folder, patterns in folders.items():
        for path in sorted(p for pattern in patterns for p in (ROOT / folder).rglob(pattern)):
            seen.update(str(path.relative_to(ROOT)).encode())
            seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def code_digest() -> str:
    """Changes whenever a rule, a model or a contract does."""
    return _digest_of(_CODE)

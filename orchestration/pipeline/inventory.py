"""The inventory: what is held, what its checks and persons said of it, and a digest of it all.

Read once a refresh and handed on. A build is a function of it, so that its digest tells whether
what is held is what is served.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from expectations.results.decisions import Decision, as_decided, standing
from expectations.results.releases import JudgedRelease, PublicationToCheck, ReleaseToCheck, chain
from expectations.results.verdicts import Check, LoadVerdict
from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release
from ingest.contracts.contract import FileContract, Publication
from ingest.contracts.load import load_contracts
from ingest.errors import ArchiveError, FetchError
from ingest.reading.loads import Load, loads_of, recognise_files, recognised_by
from orchestration.pipeline.code import code_digest
from warehouse.serve.home import Home

Contracts = Mapping[str, Publication]

_ReleasePath = Annotated[str, Field(pattern="^[^/]+/[^/]+/[^/]+$")]
# By publication, each release that failed to download, and why.
PROBLEMS: TypeAdapter[dict[str, list[tuple[_ReleasePath, str]]]] = TypeAdapter(
    dict[str, list[tuple[_ReleasePath, str]]]
)
PROBLEMS_FILE = "problems.json"
# The file of a decision that is on no single file.
WHOLE_RELEASE = ""

# The check that a release lacks nothing, as decisions on it name it.
COMPLETE = "complete"
_COMPLETE = (
    "A release has every file that the one before it had, and something of it is read; what it"
    " lacks is asked for again."
)
UNCHECKED = Check("checked", "", "error", False, "no verdict", "A load is checked before use.")


@dataclass(frozen=True)
class HeldLoad:
    """A load at home with its verdict, and what a person decided over it.

    The verdict is None where it has not been checked by today's contract.
    """

    load: Load
    verdict: LoadVerdict | None
    decision: Decision | None = None

    def __str__(self) -> str:
        return str(self.load)

    @property
    def outcome(self) -> str:
        """What became of it, as everywhere said: five ways, with incomplete, a release's."""
        if self.rejected:
            return "rejected"
        if not self.admitted:
            return "refused"
        return "admitted, with flagged figures" if self.flagged else "admitted"

    @property
    def flagged(self) -> bool:
        """Whether it is admitted and some of its figures are served with a flag."""
        return self.admitted and self.verdict is not None and bool(self.verdict.flags)

    @property
    def rejected(self) -> bool:
        """Whether a person took it out, whatever its checks say."""
        return self.decision is not None and self.decision.decision == "rejected"

    @property
    def reasons(self) -> tuple[Check, ...]:
        """What keeps it out: its failed checks that nobody accepted, or a person's rejection."""
        if self.decision is not None and self.rejected:
            return (self.decision.as_check(),)
        if self.verdict is None:
            return (UNCHECKED,)
        return self.decision.uncovered(self.verdict) if self.decision else self.verdict.reasons

    @property
    def admitted(self) -> bool:
        """Whether its rows may become facts."""
        return not self.reasons

    @property
    def refused(self) -> bool:
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
            return self.decision.as_check()
        # Accepted once, and passed by today's contract: there is nothing left to tell.
        passed = self.verdict is None or self.verdict.admitted
        return None if passed else self.decision.as_check(self.reasons)


@dataclass(frozen=True)
class HeldRelease:
    """A release at home, its loads, and the files in it that its contract does not know.

    `checked` is when its loads were checked (UTC, ISO 8601), empty where they were not. `lacks`
    says in a sentence what the release before had of it and this one has not, or that nothing of it
    is read; `decision` is a person's word on that.
    """

    publication: Publication
    release: Release
    loads: tuple[HeldLoad, ...]
    unknown_files: tuple[str, ...]
    checked: str = ""
    lacks: str = ""
    decision: Decision | None = None

    def __str__(self) -> str:
        return str(self.release)

    @property
    def incomplete(self) -> bool:
        """Whether it lacks something that a reader expects, and nobody said that it may."""
        return bool(self.lacks) and self.decision is None

    @property
    def completeness(self) -> Check:
        """What it lacks, as a row among the checks of its loads."""
        return Check(
            COMPLETE,
            "",
            "warn" if self.decision else "error",
            not self.lacks,
            f"{self.lacks}{f' ({self.decision.as_check().observed})' if self.decision else ''}",
            self.decision.reason if self.decision else _COMPLETE,
        )


@dataclass(frozen=True)
class Inventory:
    """Everything that determines a build: contracts, what is held, what was refused, the code."""

    contracts: Contracts
    releases: tuple[HeldRelease, ...]
    problems: tuple[Problem, ...]
    digest: str

    @cached_property
    def loads(self) -> list[HeldLoad]:
        """Every load of every release."""
        return [load for release in self.releases for load in release.loads]

    @cached_property
    def _by_publication(self) -> dict[str, list[HeldRelease]]:
        found: dict[str, list[HeldRelease]] = {}
        for held in self.releases:
            found.setdefault(held.publication.publication, []).append(held)
        return found

    def of(self, publication: Publication) -> list[HeldRelease]:
        """The releases held of a publication, the oldest first."""
        return self._by_publication.get(publication.publication, [])

    def problems_of(self, publication: Publication) -> list[Problem]:
        """The releases of a publication that failed to download, and why."""
        prefix = f"{publication.publisher}/{publication.publication}/"
        return [problem for problem in self.problems if problem.path.startswith(prefix)]

    @property
    def refused(self) -> list[HeldLoad]:
        """The loads that their checks keep out."""
        return [load for load in self.loads if load.refused]

    @property
    def accepted(self) -> list[HeldLoad]:
        """The loads that a person let in over their failed checks."""
        return [load for load in self.loads if load.accepted]

    @property
    def rejected(self) -> list[HeldLoad]:
        """The loads that a person took out."""
        return [load for load in self.loads if load.rejected]

    @property
    def incomplete(self) -> list[HeldRelease]:
        """The releases that lack something."""
        return [held for held in self.releases if held.incomplete]

    @property
    def sound(self) -> bool:
        """Whether nothing waits for a person: all is admitted, nothing is missing or was left."""
        return not self.refused and not self.problems and not self.incomplete


def take_inventory(home: Home, contracts: Contracts | None = None) -> Inventory:
    """What is held now.

    Raises
    ------
    ArchiveError
        What persons decided cannot be read.
    """
    contracts = load_contracts() if contracts is None else contracts
    judged = [(work.publication, judge(work)) for work in read_held(home, contracts)]
    return inventory_of(home, contracts, judged)


def read_held(home: Home, contracts: Contracts) -> Iterator[PublicationToCheck]:
    """Each publication's releases with verdicts and decisions as they were kept."""
    archive = home.archive
    archive.look_again()
    for publication in contracts.values():
        releases = tuple(
            _to_check(archive, publication, release)
            for release in archive.held(publication.publisher, publication.publication)
        )
        yield PublicationToCheck(publication, releases, archive, home.loads)


def _to_check(archive: HomeArchive, publication: Publication, release: Release) -> ReleaseToCheck:
    kept = archive.verdict(release)
    if kept is not None and kept.get("recognised_by") == recognised_by(publication):
        recognised = kept["recognised"]
    else:
        try:
            recognised = recognise_files(
                publication,
                release.files,
                release.published,
                lambda file: archive.read(release, file),
            )
        except FetchError:
            raise
        except ArchiveError:
            recognised = {}  # a file that cannot be read is told of where its release is checked
    return ReleaseToCheck(
        release,
        kept,
        tuple(Decision.from_dict(one) for one in archive.decisions(release)),
        recognised,
    )


def judge(work: PublicationToCheck) -> list[JudgedRelease]:
    """Which of a publication's verdicts still hold."""
    return list(chain(work.publication, work.releases))


def inventory_of(
    home: Home,
    contracts: Contracts,
    judged: Sequence[tuple[Publication, Sequence[JudgedRelease]]],
) -> Inventory:
    """The inventory of releases that were read and judged."""
    releases = [
        held for publication, found in judged for held in _held_releases(publication, found)
    ]
    problems = tuple(
        Problem(path, reason)
        for found in remembered_problems(home).values()
        for path, reason in found
    )
    return Inventory(
        contracts, tuple(releases), problems, _digest(home.archive, releases, problems)
    )


def _held_releases(
    publication: Publication, judged: Sequence[JudgedRelease]
) -> Iterator[HeldRelease]:
    """Each release of a publication, held to the files of the one before it, the oldest first.

    A release is held to the last that was whole, a further version to the first. Once there is a
    later version, nobody waits for what an earlier one lacks.
    """
    contracts = {file.file_id: file for file in publication.files}
    last = {one.held.release.release: one for one in judged}
    whole: HeldRelease | None = None
    versions: dict[str, HeldRelease] = {}
    for one in judged:
        held = _held_release(publication, one)
        name = held.release.release
        had = versions.get(name, whole)
        if last[name] is one:
            held = replace(held, lacks=_lacking(held, had, contracts))
        if held.loads and not held.lacks:
            whole = held
        versions.setdefault(name, held)
        yield held


def _lacking(
    held: HeldRelease, had: HeldRelease | None, contracts: Mapping[str, FileContract]
) -> str:
    """What a release lacks, in a sentence; nothing where it is whole."""
    if not held.loads:
        names = ", ".join(file.name for file in held.release.files)
        return f"no file of it is one that its contract reads: {names}"
    if had is None:
        return ""
    there = {load.load.contract.file_id for load in held.loads}
    forms = {(one.table, one.reading.format) for one in (contracts[name] for name in there)}
    lacking = [
        contracts[name]
        for name in dict.fromkeys(load.load.contract.file_id for load in had.loads)
        if name not in there
        and contracts[name].succeeded_by not in there
        # The same table, once as CSV and once as a workbook.
        and not any(
            table == contracts[name].table and form != contracts[name].reading.format
            for table, form in forms
        )
        and contracts[name].published.covers(held.release.published)
    ]
    if not lacking:
        return ""
    titles = "; ".join(file.title for file in lacking)
    return f"it lacks what {had.release.folder} had: {titles}"


def _held_release(publication: Publication, judged: JudgedRelease) -> HeldRelease:
    verdicts = judged.verdicts or {}
    release, decisions = judged.held.release, judged.held.decisions
    loads, unknown = loads_of(publication, release, judged.held.recognised)
    return HeldRelease(
        publication,
        release,
        tuple(
            HeldLoad(
                load,
                verdicts.get((load.file.name, load.contract.file_id)),
                standing(decisions, load),
            )
            for load in (as_decided(decisions, one) for one in loads)
        ),
        tuple(file.name for file in unknown),
        str((judged.held.kept or {}).get("checked", "")),
        decision=_on_the_whole(decisions, release),
    )


def _on_the_whole(decisions: Sequence[Decision], release: Release) -> Decision | None:
    """The last decision on a release as a whole, with just these files."""
    meant = (WHOLE_RELEASE, release_digest(release))
    found = [one for one in decisions if (one.file, one.sha256) == meant]
    return found[-1] if found else None


def way_out(held: HeldRelease) -> str:
    """What becomes of an incomplete release, and the command that ends it."""
    release = held.release
    return (
        "It is asked for again, and what was admitted of it is served. If it is meant to be so:"
        f' core-measures accept {release.publication} {release.folder} --reason "…"'
    )


def release_digest(release: Release) -> str:
    """Tells a release by all of its files, for a decision on the whole of it."""
    return hashlib.sha256(json.dumps(release.hashes, sort_keys=True).encode()).hexdigest()


def remembered_problems(home: Home) -> dict[str, list[tuple[str, str]]]:
    """What failed to download, by publication in their order, whichever was asked first.

    A file of another shape remembers nothing. Nothing is lost by that: every publication that is
    asked for is looked at again.
    """
    try:
        found = PROBLEMS.validate_json((home.work / PROBLEMS_FILE).read_bytes())
        return dict(sorted(found.items()))
    except (OSError, ValidationError):
        return {}


def _digest(
    archive: HomeArchive, releases: Sequence[HeldRelease], problems: Sequence[Problem]
) -> str:
    document = {
        "code": code_digest(),
        "releases": [
            {
                "release": held.release.model_dump(mode="json"),
                "verdicts": (
                    archive.verdict_digest(held.release)
                    if any(load.verdict for load in held.loads)
                    else ""
                ),
                "decisions": [
                    decision.to_dict() if decision else None
                    for decision in (held.decision, *(load.decision for load in held.loads))
                ],
                "lacks": held.lacks,
            }
            for held in releases
        ],
        "problems": [[problem.path, problem.reason] for problem in problems],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def is_served(home: Home, inventory: Inventory) -> bool:
    """Whether the served build was made from exactly this."""
    record = home.build_record()
    return record is not None and record.get("digest") == inventory.digest

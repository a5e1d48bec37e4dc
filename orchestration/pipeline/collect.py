"""First step: bring home every release that is not held."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from filelock import FileLock

from expectations.results.decisions import Decision, one_line
from expectations.results.releases import prepare_workers
from ingest.archive.release import Problem, Release
from ingest.archive.store import Archive
from ingest.archive.writing import write_whole
from ingest.contracts.contract import Publication
from ingest.contracts.load import load_contracts
from ingest.errors import ArchiveError, FetchError
from orchestration.pipeline.inventory import (
    COMPLETE,
    PROBLEMS_FILE,
    WHOLE_RELEASE,
    Contracts,
    release_digest,
    remembered_problems,
)
from orchestration.pipeline.reporter import SILENT, Reporter
from orchestration.pipeline.source import LIVE, SAMPLE, asked_for, open_source
from orchestration.settings import Settings
from warehouse.serve.home import Home


def collect(
    home: Home,
    source: str,
    contracts: Contracts | None = None,
    *,
    only: Sequence[str] = (),
    reporter: Reporter = SILENT,
    beside_others: bool = False,
) -> list[Release]:
    """Copy home every release that is not held, of all publications or of `only`; return those.

    A release that is not what it says it is stays out, and is remembered as a problem until it
    comes right. `beside_others`: that nothing is held says nothing yet, as others are under way.

    Raises
    ------
    ArchiveError
        The source is not an archive.
    FetchError
        Nothing could be fetched, and nothing is held.
    """
    contracts = load_contracts() if contracts is None else contracts
    arrived: list[Release] = []
    problems: dict[str, list[Problem]] = {}
    asked = asked_for(contracts, only)
    home.archive.look_again()
    with open_source(home, source, asked, reporter) as found:
        if not only:
            _tell_ignored(found, contracts, reporter)
        reporter.begin("Bringing home", len(asked))
        for publication in asked:
            came, failed = _collect_publication(home, found, publication, reporter)
            if came and not arrived and Settings.read().processes > 1:
                # They will be checked: what that needs is got ready while more comes home.
                prepare_workers()
            arrived += came
            if failed:
                problems[publication.publication] = failed
            reporter.advance(publication.publication)
        reporter.end()
    if home.archive.unguarded:
        reporter.warn(
            f"{home.archive.address} puts an object whether there is one or not: let one home alone"
            " refresh it at a time."
        )
    if source == SAMPLE:
        _accept_what_the_sample_lacks(home, arrived)
    _remember(home, asked, problems, keep_others=bool(only))
    if source == LIVE and problems and not beside_others and not holds_anything(home, contracts):
        first = next(iter(problems.values()))[0]
        raise FetchError(
            f"Nothing could be fetched and nothing is held, so nothing was published: {first}."
            " Try again later, or name an archive with --from."
        )
    return arrived


def _collect_publication(
    home: Home, source: Archive, publication: Publication, reporter: Reporter
) -> tuple[list[Release], list[Problem]]:
    """The releases of a publication that came home, and those that did not."""
    came: list[Release] = []
    problems: list[Problem] = []
    for release in source.releases(publication.publisher, publication.publication):
        if isinstance(release, Problem):
            problems.append(release)
            reporter.warn(f"Failed to download: {release}.")
            continue
        try:
            kept = home.archive.add(source, release)
        except FetchError:
            raise
        except ArchiveError as error:
            problems.append(Problem(release.path, str(error)))
            reporter.warn(f"Failed to download: {error}")
            continue
        if kept is not None:
            came.append(kept)
    return came, problems


def _accept_what_the_sample_lacks(home: Home, arrived: Sequence[Release]) -> None:
    """Record why a release of the sample may lack a file: once, as it comes home.

    Whoever decides otherwise afterwards is heard, as after any decision.
    """
    from ingest.sample import accepted_as_lacking

    known = {one.release: one for one in accepted_as_lacking()}
    for release in arrived:
        if lacking := known.get(release.path):
            decision = Decision(
                decision="accepted",
                file=WHOLE_RELEASE,
                sha256=release_digest(release),
                by="those who made the sample",
                at=lacking.day.isoformat(),
                reason=one_line(lacking.reason),
                checks=(COMPLETE,),
            )
            home.archive.record_decisions(release, [decision.to_dict()])


def _tell_ignored(source: Archive, contracts: Contracts, reporter: Reporter) -> None:
    ignored = [
        f"{publisher}/{publication}"
        for publisher, publication in source.publications()
        if publication not in contracts or contracts[publication].publisher != publisher
    ]
    if ignored:
        reporter.say(f"Ignored, not configured in ingest/publications: {', '.join(ignored)}")


def holds_anything(home: Home, contracts: Contracts) -> bool:
    """Whether a release of any of these publications has come home."""
    held = home.archive.held
    return any(held(p.publisher, p.publication) for p in contracts.values())


def _remember(
    home: Home,
    asked: Sequence[Publication],
    problems: Mapping[str, list[Problem]],
    *,
    keep_others: bool,
) -> None:
    # Publications that several processes bring home are remembered one after another.
    with FileLock(home.work / f"{PROBLEMS_FILE}.lock"):
        kept = remembered_problems(home) if keep_others else {}
        for publication in asked:
            kept.pop(publication.publication, None)
        kept |= {
            name: [(problem.path, problem.reason) for problem in found]
            for name, found in problems.items()
        }
        write_whole(home.work / PROBLEMS_FILE, json.dumps(kept, indent=2).encode())

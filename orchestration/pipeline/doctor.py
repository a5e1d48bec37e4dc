"""Asking each publisher once, and saying what would come of it: `core-measures doctor`.

For whoever runs this on a network of their own for the first time, and for whoever maintains what
is asked. Nothing of a home is changed: what is fetched is looked at in a folder that is removed.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release
from ingest.contracts.contract import Publication
from ingest.errors import PublisherError
from ingest.http.answers import GoneError
from ingest.http.session import Session
from ingest.publishers.fetch import Fetched, fetch_edition, platform_of, wanted_editions
from ingest.publishers.memory import FetchState
from ingest.publishers.platform import Edition, Listing, SkippedError
from ingest.publishers.settings import Settings

if TYPE_CHECKING:
    from orchestration.pipeline.inventory import HeldLoad

_AT_ONCE = 8
_MOST_FIELDS = 200
_MOST_NAMES = 60


@dataclass
class Finding:
    """What asking for one publication found: `line` says it all, the rest is for a maintainer.

    `well` is None where its publisher is not asked. `documents` are the JSON documents that came,
    by address; `headers` the first rows of its CSV files, by name.
    """

    publication: Publication
    well: bool | None = None
    line: str = ""
    listing: Listing | None = None
    edition: Edition | None = None
    release: Release | None = None
    problems: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, list[str]] = field(default_factory=dict)

    def ends(self, line: str, *, well: bool | None = False) -> Finding:
        """The finding with its line."""
        self.line, self.well = " ".join(line.split()), well
        return self


@dataclass
class Examination:
    """Every finding, and each address that was asked with what came of it."""

    findings: list[Finding]
    asked: list[tuple[str, str]]

    @property
    def well(self) -> bool:
        """Whether nothing is amiss with any publication that was asked."""
        return all(finding.well is not False for finding in self.findings)


def examine(
    archive: HomeArchive | None,
    publications: Sequence[Publication],
    advance: Callable[[str], None] = lambda _: None,
) -> Examination:
    """Ask for each publication once, fetch its newest release, and check it as a refresh would.

    `archive` is what is held, to be compared with; it is read and never written to.

    Raises
    ------
    CoreMeasuresError
        The environment's settings make no sense.
    """
    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory(prefix="core-measures-doctor-") as folder:
        place = Path(folder)
        fetched = place / "fetched"
        fetched.mkdir()
        findings: dict[str, Finding] = {}
        with Session(settings.policy) as session, ThreadPoolExecutor(_AT_ONCE) as pool:
            looks = {
                pool.submit(
                    _look, publication, _held(archive, publication), fetched, session, settings
                ): publication.publication
                for publication in publications
            }
            for look in as_completed(looks):
                findings[looks[look]] = look.result()
                advance(looks[look])
            asked = list(session.asked)
        _check(archive, place, [f for f in findings.values() if f.release is not None])
        ordered = [findings[publication.publication] for publication in publications]
        return Examination(ordered, asked)


def _held(archive: HomeArchive | None, publication: Publication) -> list[Release]:
    return archive.held(publication.publisher, publication.publication) if archive else []


def _look(
    publication: Publication,
    held: Sequence[Release],
    folder: Path,
    session: Session,
    settings: Settings,
) -> Finding:
    """One publication asked for once: how far it got."""
    finding = Finding(publication)
    if publication.live is None:
        why = publication.not_asked or "its file in ingest/publications has no `live:` block."
        return finding.ends(f"not asked: {why}", well=None)
    try:
        platform = platform_of(publication, session, settings, FetchState(), held)
        platform.web.seen = finding.documents
        finding.listing = platform.releases()
    except SkippedError as skipped:
        return finding.ends(f"passed over: {skipped}", well=None)
    except GoneError as error:
        return finding.ends(f"its publisher has nothing there: {error}")
    except PublisherError as error:
        reached = bool(finding.documents)
        how = "reachable, listing not understood" if reached else "not reached, or not understood"
        return finding.ends(f"{how}: {error}")
    except Exception as error:  # whatever a document of theirs may do to our code
        return finding.ends(f"reachable, listing not understood: {error!r}")
    finding.problems += finding.listing.unread
    wanted = wanted_editions(publication, finding.listing)
    if not wanted:
        ended = publication.live.ended
        reason = f"the series has ended: {ended}" if ended else "no release of it is wanted"
        return finding.ends(f"reachable, listing understood; {reason}", well=ended is not None)
    finding.edition = wanted[-1]
    named = f"newest release {finding.edition.release or 'of today'}"
    result = Fetched(publication, platform.web.memory)
    try:
        fetch_edition(result, platform, finding.edition, folder, held)
    except PublisherError as error:
        return finding.ends(f"reachable, listing understood; {named}: {error}")
    except OSError as error:
        return finding.ends(f"{named}: this machine's disk: {error.strerror or error}")
    except Exception as error:  # whatever bytes of theirs may do to our code
        return finding.ends(f"reachable, listing understood; {named} not understood: {error!r}")
    finding.problems += [problem.reason for problem in result.problems]
    if not result.releases:
        return finding.ends(f"reachable, listing understood; {named} is held", well=True)
    finding.release = result.releases[-1]
    for file in finding.release.files:
        if file.name.lower().endswith(".csv"):
            path = folder / finding.release.path / file.name
            finding.headers[file.name] = _first_row(path)
    return finding


def _first_row(path: Path) -> list[str]:
    with path.open("rb") as file:
        text = file.readline(1 << 16).decode("utf-8-sig", "replace")
    try:
        return next(csv.reader(io.StringIO(text)), [])
    except csv.Error:
        return []


def _check(archive: HomeArchive | None, place: Path, findings: Sequence[Finding]) -> None:
    """Check what was fetched as a refresh would, in a home that is thrown away afterwards."""
    if not findings:
        return
    from orchestration.pipeline.check import check
    from orchestration.pipeline.collect import collect
    from warehouse.serve.home import Home

    home = Home(place / "home")
    home.prepare()
    for finding in findings:
        publication = finding.publication
        if archive is not None:
            archive.copy_to(home.archive.folder, publication.publisher, publication.publication)
    contracts = {finding.publication.publication: finding.publication for finding in findings}
    collect(home, str(place / "fetched"), contracts, only=tuple(contracts))
    inventory = check(home, contracts)
    for finding in findings:
        release = finding.release
        if release is None:
            continue
        same = [
            one
            for one in inventory.releases
            if one.publication.publication == release.publication
            and one.release.hashes == release.hashes
        ]
        if same and same[-1].incomplete:
            finding.problems.append(same[-1].lacks)
        _tell(finding, list(same[-1].loads) if same else [], list(inventory.problems))


def _tell(finding: Finding, loads: Sequence[HeldLoad], problems: Sequence[Problem]) -> None:
    release = finding.release
    if release is None:
        return
    mine = [p.reason for p in problems if p.path == release.path]
    read = sorted({load.load.file.name for load in loads})
    unread = sorted({file.name for file in release.files} - set(read))
    refused = [load for load in loads if load.reasons]
    for load in loads:
        outcome = "; ".join(f"{c}. {c.explanation}" for c in load.reasons) or "admitted"
        finding.loads.append(f"{load.load.file.name} ({load.load.contract.file_id}): {outcome}")
    found = f"reachable, listing understood; newest release {release.release} ({release.published})"
    files = f"recognised: {_few(read) or 'no file'}"
    if unread:
        files += f"; not recognised: {_few(unread)}"
    if mine or not loads:
        why = "; ".join(mine) or "nothing in it is read"
        finding.ends(f"{found}; {files}; would be incomplete: {why}")
    elif refused:
        first = refused[0]
        finding.ends(
            f"{found}; {files}; would be refused: {first.load.file.name}: {first.reasons[0]}"
            + (f", and {len(refused) - 1} more" if len(refused) > 1 else "")
        )
    elif finding.problems:
        finding.ends(f"{found}; {files}; would be admitted; but {finding.problems[0]}")
    else:
        finding.ends(f"{found}; {files}; would be admitted", well=True)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


# --- what a maintainer needs


def report_of(examination: Examination) -> str:
    """Everything that was found, as Markdown: addresses, names of fields, headers of tables.

    No cell of a table but its header is in it, and nothing of a document but the names and kinds
    of its fields; neither is anything of this machine or of who runs it.
    """
    try:
        number = version("core-measures")
    except PackageNotFoundError:
        number = "unknown"
    lines = ["# What the publishers answered", "", f"core-measures {number}", ""]
    lines += [f"- {finding.publication.title}: {finding.line}" for finding in examination.findings]
    lines += ["", "## Asked", "", "| address | answer |", "| --- | --- |"]
    lines += [f"| `{url}` | {answer} |" for url, answer in examination.asked]
    for finding in examination.findings:
        lines += _section(finding)
    return "\n".join(lines) + "\n"


def _section(finding: Finding) -> Iterable[str]:
    yield from ("", f"## {finding.publication.publication}", "", finding.line)
    if finding.listing is not None:
        editions = [edition.release or "undated" for edition in finding.listing.editions]
        yield from ("", f"Releases listed: {', '.join(editions[-_MOST_NAMES:])}")
    if finding.edition is not None:
        for offer in finding.edition.offers:
            yield f"- offered: {offer.title or 'untitled'}: `{offer.name or offer.url}`"
    if finding.release is not None:
        for file in finding.release.files:
            yield f"- file: `{file.name}`, {file.bytes:,} bytes, {file.sha256[:12]}"
        left = (finding.release.model_extra or {}).get("left_out") or []
        if left:
            yield f"- left out: {', '.join(f'`{name}`' for name in left[:_MOST_NAMES])}"
    yield from (f"- problem: {problem}" for problem in finding.problems)
    yield from (f"- load: {load}" for load in finding.loads)
    for name, header in finding.headers.items():
        yield f"- header of `{name}`: {', '.join(f'`{cell}`' for cell in header[:_MOST_FIELDS])}"
    for url, document in finding.documents.items():
        fields = list(dict.fromkeys(_fields(document, "")))[:_MOST_FIELDS]
        yield f"- fields of `{url}`: {', '.join(fields)}"


def _fields(document: object, path: str) -> Iterable[str]:
    """The names of a document's fields with their kinds, and no value."""
    if isinstance(document, dict):
        for name, value in document.items():
            # A document that is a table by id has a field an id, all of one shape.
            step = "<id>" if str(name).isdigit() else str(name)
            yield from _fields(value, f"{path}.{step}" if path else step)
    elif isinstance(document, list):
        if not document:
            yield f"{path}[]"
        for value in document:
            yield from _fields(value, f"{path}[]")
    else:
        kind = {bool: "truth", int: "number", float: "number", str: "text"}.get(type(document))
        yield f"{path}: {kind or 'null'}"

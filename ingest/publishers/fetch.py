"""What is new at the publishers, fetched into an archive of its own, one publication at a time.

Nothing here touches the home's archive: what was fetched whole is copied there as from any other
archive. A publisher that is down, slow or lying costs its own publication and no other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ingest.archive.held import HomeArchive
from ingest.archive.release import RELEASE_FILE, Problem, PublishedFile, Release, SafeName, in_order
from ingest.archive.store import Archive
from ingest.archive.writing import write_synced
from ingest.contracts.contract import Publication
from ingest.contracts.live import ArchiveAddress
from ingest.errors import PublisherError
from ingest.http.answers import GoneError, IncompleteError
from ingest.http.session import Session
from ingest.publishers import content
from ingest.publishers.archive import ArchivePlatform
from ingest.publishers.ees import EesPlatform, EesStatisticsPlatform
from ingest.publishers.fingertips import FingertipsPlatform
from ingest.publishers.govuk import GovUkPlatform
from ingest.publishers.memory import MEMORY, SELDOM, FetchState
from ingest.publishers.nomis import NomisPlatform
from ingest.publishers.ons import OnsDatasetPlatform, OnsIndicatorPlatform
from ingest.publishers.platform import (
    Edition,
    Listing,
    Offer,
    Platform,
    SkippedError,
    Web,
    as_file,
    day_of,
    upstream_of,
)
from ingest.publishers.settings import Settings
from ingest.publishers.stat_xplore import StatXplorePlatform
from ingest.publishers.unnamed import Tables, kept_of_zip, tables_in

PLATFORMS: dict[str, type[Platform]] = {
    "ees": EesPlatform,
    "ees_statistics": EesStatisticsPlatform,
    "govuk": GovUkPlatform,
    "fingertips": FingertipsPlatform,
    "ons_indicator": OnsIndicatorPlatform,
    "ons_dataset": OnsDatasetPlatform,
    "nomis": NomisPlatform,
    "stat_xplore": StatXplorePlatform,
    "archive": ArchivePlatform,
}
LISTING = "listing"
"""Stands for the release in the path of a problem that is none release's own."""

LICENCE = "Open Government Licence v3.0"
_AT_ONCE = 16
_MB = 1 << 20
_NAME: TypeAdapter[str] = TypeAdapter(SafeName)


class _NothingToReadError(PublisherError):
    """A release came whole, and its publication's contract names none of its files."""


@dataclass
class Fetched:
    """What asking for one publication gave.

    `releases` are laid out in the folder that they were fetched into. `notes` are lines that a
    person may want to read, `warnings` lines that one should.
    """

    publication: Publication
    memory: FetchState
    releases: list[Release] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()
    withdrawn: dict[str, str] = field(default_factory=dict)
    skipped: str | None = None

    def fail(self, release: str, reason: str) -> None:
        """Note what went wrong, in one line, under a release or the listing."""
        publication = self.publication
        path = f"{publication.publisher}/{publication.publication}/{release}"
        self.problems.append(Problem(path, " ".join(reason.split())))


def platform_of(
    publication: Publication,
    session: Session,
    settings: Settings,
    memory: FetchState,
    held: Sequence[Release] = (),
) -> Platform:
    """A publication on its platform, `held` being the releases of it that are at home.

    Raises
    ------
    PublisherError
        It has no `live:` block.
    """
    block = publication.live
    if block is None:
        raise PublisherError(
            f"{publication.publication} has no `live:` block in ingest/publications"
        )
    web = Web(
        session,
        settings.origins(block.platform, block.hosts),
        content.Limits(block.size_limit_mb * _MB, block.unpacked_limit_mb * _MB),
        memory,
    )
    address = settings.addresses.get(block.platform, "")
    if isinstance(block, ArchiveAddress):
        address = settings.addresses.get("archive", block.address).rstrip("/")
    platform = PLATFORMS[block.platform](publication, web, address, held)
    if isinstance(platform, StatXplorePlatform):
        platform.key = settings.stat_xplore_key
    return platform


def fetch(
    publication: Publication,
    held: Sequence[Release],
    folder: Path,
    session: Session,
    settings: Settings,
    memory: FetchState,
) -> Fetched:
    """What is new of one publication, laid out under `folder` as in an archive.

    Whatever a publisher does ends in a problem of its publication. Only what this machine's own
    disk says is raised.
    """
    result = Fetched(publication, memory)
    if reason := memory.not_to_ask(_asked_as(publication)):
        result.fail(LISTING, reason)
        return result
    memory.asked_now()
    try:
        platform = platform_of(publication, session, settings, memory, held)
        listing = platform.releases()
    except SkippedError as skipped:
        result.skipped = str(skipped)
        return result
    except PublisherError as error:
        reason = str(error)
        if isinstance(error, GoneError) and error.status != 403:
            reason = f"{reason}. {SELDOM}"
            memory.found_gone(_asked_as(publication), reason)
        if isinstance(error, GoneError) and error.status == 410:
            result.withdrawn = {r.release: "its page is gone for good (410)" for r in held}
        result.fail(LISTING, reason)
        return result
    except OSError:
        raise
    except Exception as error:  # whatever else a document of theirs may do to our code
        result.fail(
            LISTING, f"{publication.landing_page}: its listing is not understood: {error!r}"
        )
        return result
    memory.answered_now()
    memory.state.gone = None
    memory.state.next_expected = listing.next_expected
    result.notes += [f"{publication.title}: {note}" for note in listing.notes]
    _see_withdrawn(result, listing, held)
    _fetch_new(result, platform, listing, folder, held)
    if not result.problems:
        memory.forget_unused()
    for line in listing.unread:
        result.fail(LISTING, line)
    return result


def _asked_as(publication: Publication) -> str:
    """Changes with what a publication's file says of how it is asked for."""
    block = publication.live
    block_json = block.model_dump_json() if block else ""
    return hashlib.sha256(block_json.encode()).hexdigest()[:16]


def _fetch_new(
    result: Fetched, platform: Platform, listing: Listing, folder: Path, held: Sequence[Release]
) -> None:
    """Fetch what may be new of a listing, each release by itself."""
    publication, memory = result.publication, result.memory
    _tell_ended(result, listing)
    newest = max(listing.editions, key=_age, default=None)
    new, twice = new_editions(publication, listing, held, memory), _ambiguous(listing)
    for name in sorted({edition.release for edition in new if edition.release} & twice):
        result.fail(
            _plain_name(name),
            f"{publication.landing_page}: its listing has two releases called {name}",
        )
    for edition in new:
        if edition.release in twice:
            continue
        try:
            fetch_edition(result, platform, edition, folder, held)
        except _NothingToReadError as error:
            # The newest has something, or its publisher calls its files otherwise by now.
            if edition is newest or edition.release is None or edition.token is None:
                result.fail(_plain_name(edition.release), str(error))
            else:
                memory.state.passed[edition.release] = _passing(publication, edition)
                result.notes.append(f"Ignored: {edition.release}: {error}")
        except PublisherError as error:
            result.fail(_plain_name(edition.release), str(error))
        except OSError:
            raise
        except Exception as error:
            result.fail(
                _plain_name(edition.release),
                f"{edition.landing_page}: what it sends is not understood: {error!r}",
            )


def _tell_ended(result: Fetched, listing: Listing) -> None:
    """Say once that a release came out after the last that holds a figure of ours."""
    block, state = result.publication.live, result.memory.state
    if block is None or block.until is None:
        return
    later = [e.release for e in listing.editions if (d := _day_of(e)) and d > block.until]
    new = sorted(name for name in (*later, *listing.later) if name and name not in state.ended)
    if new:
        state.ended += new
        result.notes.append(
            f"Not downloaded: {result.publication.title}: {', '.join(new)}: {block.ended}"
        )


def new_editions(
    publication: Publication, listing: Listing, held: Sequence[Release], memory: FetchState
) -> list[Edition]:
    """The editions that may hold something new, oldest first."""
    known = {name for release in held for name in (release.release, release.folder)}
    found = []
    named: dict[str, Edition] = {}
    for edition in wanted_editions(publication, listing):
        before = named.setdefault(edition.release or "", edition)
        # A page of a listing may repeat what moved on from the page before.
        if before is not edition and before == edition:
            continue
        if edition.release and memory.state.passed.get(edition.release) == _passing(
            publication, edition
        ):
            continue
        seen = edition.release is not None and edition.release in known
        if seen and edition.token is not None:
            if memory.state.seen.get(edition.release or "") == edition.token:
                continue
            if any(upstream_of(r) == edition.token and not r.missing for r in held):
                continue
        found.append(edition)
    return sorted(found, key=_age)


def wanted_editions(publication: Publication, listing: Listing) -> list[Edition]:
    """The editions of the time that a publication's figures are wanted of, oldest first."""
    block = publication.live
    since, until = (block.since, block.until) if block else (None, None)
    found = []
    for edition in listing.editions:
        first = edition.first or edition.published
        if since and first and first < since:
            continue
        if until and (day := _day_of(edition)) and day > until:
            continue
        found.append(edition)
    return sorted(found, key=_age)


def _day_of(edition: Edition) -> date | None:
    """The day that a release is named after, or on which it came out."""
    named = re.match(r"\d{4}-\d{2}-\d{2}$", edition.release or "")
    return date.fromisoformat(named.group()) if named else edition.first or edition.published


def _ambiguous(listing: Listing) -> set[str]:
    """The releases of which a listing says two things: neither is to be believed."""
    first: dict[str, Edition] = {}
    named = [(edition.release, edition) for edition in listing.editions]
    return {name for name, edition in named if name and first.setdefault(name, edition) != edition}


def _age(edition: Edition) -> tuple[date, str]:
    return edition.first or edition.published or date.max, edition.release or ""


def _passing(publication: Publication, edition: Edition) -> str:
    """An edition and the contract that found nothing to read in it."""
    return f"{publication.digest[:16]} {edition.token}"


def _plain_name(release: str | None) -> str:
    """A release's name as far as it may stand in a path; otherwise the listing's."""
    try:
        return _NAME.validate_python(release) if release else LISTING
    except ValidationError:
        return LISTING


def _see_withdrawn(result: Fetched, listing: Listing, held: Sequence[Release]) -> None:
    offered = {edition.release for edition in listing.editions if edition.release}
    result.withdrawn = dict(listing.withdrawn)
    result.offered = frozenset(offered - set(listing.withdrawn))
    if listing.complete:
        for release in held:
            # What an archive brought under another name was never this platform's.
            if release.release not in offered and upstream_of(release) is not None:
                result.withdrawn[release.release] = "its publisher lists it no more"


@dataclass
class _Brought:
    """The files of an edition as they came, and the names that a zip had besides.

    `missing` are those that its publisher lists, and that could not be had.
    """

    files: list[PublishedFile] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    uploaded: date | None = None
    # Files under unknown names, by the tables that they hold.
    recognised: Tables = field(default_factory=dict)

    def day_of(self, edition: Edition) -> date:
        """The day on which the release came out, as far as it is told."""
        day = edition.first or edition.published or self.uploaded
        return day or datetime.now(UTC).date()


def fetch_edition(
    result: Fetched, platform: Platform, edition: Edition, folder: Path, held: Sequence[Release]
) -> None:
    """Fetch one release whole, and lay it out under `folder` as in an archive.

    Raises
    ------
    PublisherError
        It cannot be had, or is not what it should be.
    """
    publication = result.publication
    if edition.refused is not None:
        raise PublisherError(edition.refused)
    if edition.release is not None and edition.as_released is None:
        _see_name(edition.release)
    place = folder / publication.publisher / publication.publication
    partial = place / ".fetching"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if all(edition.release not in (release.release, release.folder) for release in held):
            edition = platform.dated(edition)
            since = publication.live.since if publication.live else None
            if since and edition.first and edition.first < since and edition.release:
                memory = platform.web.memory
                memory.state.passed[edition.release] = _passing(publication, edition)
                return
        before = _before(edition, [*held, *result.releases])
        brought = _bring(platform, edition, partial, before, conditional=bool(held))
        if brought is None:
            return
        _see_files(publication, edition, brought, partial)
        release = _release(publication, edition, brought, held)
        if edition.release is None and any(release.hashes == r.hashes for r in held):
            return
        _tell_change(result, release, brought, held)
        document = release.model_dump(mode="json", exclude_none=True)
        data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
        write_synced(partial / RELEASE_FILE, data)
        partial.rename(place / release.folder)
    except (IncompleteError, PublisherError) as error:
        if isinstance(error, PublisherError) and "://" in str(error):
            raise
        raise PublisherError(f"{edition.offers[0].url}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    result.releases.append(release)
    if brought.missing:
        result.fail(
            release.folder,
            f"{edition.landing_page}: incomplete: its publisher lists"
            f" {', '.join(brought.missing)}, and could not give"
            f" {'it' if len(brought.missing) == 1 else 'them'}. What came is used, and the rest"
            " is asked for again",
        )
    elif edition.token is not None and edition.release is not None:
        result.tokens[edition.release] = edition.token


def _before(edition: Edition, known: Sequence[Release]) -> Release | None:
    """The version before of a release, or else the release before it."""
    day = edition.first or edition.published or date.max
    same = [one for one in known if one.release == edition.release]
    older = [one for one in in_order(known) if one.published <= day]
    return next(reversed(same or older), None)


def _bring(
    platform: Platform, edition: Edition, folder: Path, before: Release | None, *, conditional: bool
) -> _Brought | None:
    """The files of an edition, in a folder; None where the publisher says they did not change.

    `before` is the release that is held before it.
    """
    memory = platform.web.memory
    limits = platform.web.limits
    brought = _Brought()
    for number, offer in enumerate(edition.offers):
        path = folder / f".{number}"
        # Without a token only the file itself tells whether it changed.
        asks = edition.token is None
        cached = memory.cached(offer.url) if asks and conditional else None
        answer, name = platform.fetch(offer, path, cached.conditions if cached else None)
        if answer.not_modified and cached is not None:
            return None
        brought.uploaded = brought.uploaded or day_of(answer.last_modified)
        if offer.unpack:
            files, left = content.unpack(path, folder, platform.reads, limits)
            day = brought.day_of(edition)
            files, left = kept_of_zip(
                platform.publication, path, folder, files, left, day, before, limits
            )
            path.unlink()
            came = {"url": answer.url, "etag": answer.etag, "last_modified": answer.last_modified}
            brought.files += [file.model_copy(update=came) for file in files]
            brought.left += left
            _bring_lacking(platform, offer, folder, brought)
            continue
        name = content.safe_name(name)
        if (folder / name).exists():
            raise PublisherError(f"{offer.url}: two files of the release are called {name}")
        path.rename(folder / name)
        brought.files.append(as_file(answer, offer, name))
        if asks:
            memory.keep(offer.url, answer.etag, answer.last_modified, None)
    return brought


def _bring_lacking(platform: Platform, packed: Offer, folder: Path, brought: _Brought) -> None:
    """Bring by itself each file that a zip should have had."""
    names = [*(file.name for file in brought.files), *brought.left]
    for offer in platform.lacking(packed, names):
        name = offer.name or ""
        try:
            answer, name = platform.fetch(offer, folder / name)
        except PublisherError:
            (folder / name).unlink(missing_ok=True)
            brought.missing.append(name)
            continue
        brought.files.append(as_file(answer, offer, name))


def _see_name(name: str) -> None:
    """A release's name as a folder's; a plus sign is ours, for versions."""
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise PublisherError(f"a release's name will not do: {error.errors()[0]['msg']}") from error
    if "+" in name:
        raise PublisherError(f"a release's name will not do: {name!r} has a plus sign")


def _see_files(publication: Publication, edition: Edition, brought: _Brought, folder: Path) -> None:
    """See that a release has something to read, by its files' names or by what they hold."""
    if any(not publication.file_for(file.name) for file in brought.files):
        day = brought.day_of(edition)
        brought.recognised = tables_in(publication, brought.files, folder, day)
    if brought.recognised or any(publication.file_for(file.name) for file in brought.files):
        return
    names = sorted({*(file.name for file in brought.files), *brought.left})
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    raise _NothingToReadError(
        f"{edition.offers[0].url}: it has no file that its contract reads; it has"
        f" {shown or 'none at all'}"
    )


def _release(
    publication: Publication, edition: Edition, brought: _Brought, held: Sequence[Release]
) -> Release:
    now = datetime.now(UTC).replace(microsecond=0)
    if edition.as_released is not None:
        return edition.as_released.model_copy(
            update={"files": tuple(brought.files), "retrieved": now, "upstream": edition.token}
        )
    day = edition.published or brought.uploaded or now.date()
    notes = [edition.note] if edition.note else []
    if edition.first and edition.first < day and edition.release not in {r.release for r in held}:
        # Its first version was never held. It is as new as that was: otherwise an old release
        # that was amended late would replace what newer ones say.
        notes.append(f"as amended on {day.isoformat()}; what was first published is not held")
        notes += [edition.first_note] if edition.first_note else []
        day = edition.first
    if edition.published is None and not notes:
        notes.append(
            "published: the day of the file's upload, as its host says"
            if brought.uploaded
            else "published: the day on which it was first seen; its publisher gives none"
        )
    extra = {
        **edition.extra,
        **({"left_out": brought.left} if brought.left else {}),
        **({"missing": brought.missing} if brought.missing else {}),
    }
    try:
        return Release.model_validate(
            {
                "publisher": publication.publisher,
                "publication": publication.publication,
                "title": edition.title or publication.title,
                "release": edition.release or day.isoformat(),
                "published": day,
                "published_precision": edition.precision,
                "landing_page": edition.landing_page,
                "licence": LICENCE,
                "retrieved": now,
                "note": "; ".join(notes) or None,
                "files": [file.model_dump() for file in brought.files],
                "upstream": edition.token,
                **extra,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise PublisherError(
            f"the release is not sound: {first['loc'][0]}: {first['msg']}"
        ) from error


def _tell_change(
    result: Fetched, release: Release, brought: _Brought, held: Sequence[Release]
) -> None:
    """What a release has that the one before had not, and the other way round."""
    before = next((r for r in reversed(held) if upstream_of(r) is not None), None)
    if before is None:
        return
    publication = result.publication
    known = {*(before.model_extra or {}).get("left_out", []), *(f.name for f in before.files)}
    new = sorted(name for name in brought.left if name not in known)
    if new and before.release == release.release:
        result.notes.append(
            f"{release}: new and not named in its contract, so left out: {', '.join(new)}"
        )
    read, now = (
        {c.file_id for f in of.files for c in publication.file_for(f.name)}
        for of in (before, release)
    )
    now |= {table for tables in brought.recognised.values() for table in tables}
    if read - now:
        result.warnings.append(
            f"{release}: without {', '.join(sorted(read - now))}, which {before} had"
        )


class LiveSource(Archive):
    """What was fetched, to be collected as from any archive."""

    def __init__(self, folder: Path, fetched: Sequence[Fetched]) -> None:
        super().__init__(folder)
        self._fetched = {f.publication.publication: f for f in fetched}

    def publications(self) -> list[tuple[str, str]]:
        """Those that were asked for."""
        return [
            (f.publication.publisher, f.publication.publication) for f in self._fetched.values()
        ]

    def releases(self, publisher: str, publication: str) -> Iterator[Release | Problem]:
        """What came whole, and what did not."""
        found = self._fetched.get(publication)
        if found is not None:
            yield from found.releases
            yield from found.problems


@contextlib.contextmanager
def fetched_from(
    publications: Sequence[Publication],
    home: HomeArchive,
    work: Path,
    settings: Settings,
    advance: Callable[[str], None],
) -> Iterator[tuple[LiveSource, list[Fetched]]]:
    """What is new of many publications, for as long as it takes to bring it home.

    What was collected by then is remembered, so that it is not asked for again.
    """
    # A name with a dot: what a kill leaves of it is swept with the rest of the work. And one of its
    # own, since publications may be collected by several processes.
    folder = work / f".incoming-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        fetched = _fetch_all(publications, home, work / MEMORY, folder, settings, advance)
        yield LiveSource(folder, fetched), fetched
        for found in fetched:
            _remember(found, home)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch_all(
    publications: Sequence[Publication],
    home: HomeArchive,
    memories: Path,
    folder: Path,
    settings: Settings,
    advance: Callable[[str], None],
) -> list[Fetched]:
    done: dict[str, Fetched] = {}
    with Session(settings.policy) as session, ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = {
            pool.submit(
                fetch,
                publication,
                home.held(publication.publisher, publication.publication),
                folder,
                session,
                settings,
                FetchState.at(memories, publication.publication),
            ): publication.publication
            for publication in publications
        }
        try:
            for future in as_completed(asked):
                done[asked[future]] = future.result()
                advance(asked[future])
        except BaseException:
            session.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [done[publication.publication] for publication in publications]


def _remember(found: Fetched, home: HomeArchive) -> None:
    publication = found.publication
    held = home.held(publication.publisher, publication.publication)
    kept = {(release.release, tuple(sorted(release.hashes.items()))) for release in held}
    for release in found.releases:
        name = release.folder if release.folder in found.tokens else release.release
        token = found.tokens.get(name)
        if token and (release.release, tuple(sorted(release.hashes.items()))) in kept:
            found.memory.state.seen[name] = token
    today = datetime.now(UTC).date()
    for release in held:
        if release.release in found.withdrawn:
            if home.mark_withdrawn(release, today, found.withdrawn[release.release]):
                found.warnings.append(
                    f"{release} was withdrawn by its publisher, and stays:"
                    f" {found.withdrawn[release.release]}"
                )
        elif release.release in found.offered:
            home.mark_offered(release)
    found.memory.state.skipped = found.skipped
    found.memory.note_night(len(found.releases), failed=bool(found.problems))
    found.memory.save()

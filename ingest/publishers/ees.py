"""Explore Education Statistics (DfE): by the content service, and by the public statistics API.

By the content service a publication's slug leads to its releases, a release to its version of
today, and that to one zip of all its files. No file's id is ever written down: an old id goes on
serving last year's file without a word. What the service does is taken from its own source
(dfe-analytical-services/explore-education-statistics, `Content.Api` and `Content.Services`).
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel, Field

from ingest.archive.release import Release
from ingest.contracts.live import Ees, EesStatistics
from ingest.errors import PublisherError
from ingest.http.answers import Answer, GoneError
from ingest.publishers import content
from ingest.publishers.platform import (
    ApiModel,
    Edition,
    Listing,
    Offer,
    Platform,
    Query,
    upstream_of,
)

# `facts/ees-and-ofsted.md` 1.2: a publication's data sets and versions come 20 a page at most;
# release entries 100 (the service's source, GetPublicationReleasesRequest).
_ENTRIES = 100
_PAGE = 20
_MOST_PAGES = 50
# Data set files and a release's updates come so many a page at most (DataSetFileListRequest,
# GetReleaseUpdatesRequest).
_FILES = 40
_UPDATES = 100
_MOST_RENAMES = 5


class _Paging(ApiModel):
    page: int
    totalPages: int  # noqa: N815  the service's own spelling, here and below


class _Slug(ApiModel):
    slug: str


class _Publication(ApiModel):
    title: str
    slug: str
    nextReleaseDate: dict[str, Any] | str | None = None  # noqa: N815
    supersededByPublication: _Slug | None = None  # noqa: N815


class _Entry(ApiModel):
    # An entry without a slug is a link to a page from before the service.
    slug: str | None = None
    title: str
    releaseId: str | None = None  # noqa: N815
    lastUpdated: datetime | None = None  # noqa: N815
    published: datetime | None = None


class _Entries(ApiModel):
    paging: _Paging
    results: tuple[_Entry, ...]


class _Version(ApiModel):
    id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")
    releaseId: str  # noqa: N815
    slug: str
    published: datetime
    lastUpdated: datetime  # noqa: N815


class _DataSetFile(ApiModel):
    fileId: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")  # noqa: N815
    filename: str


class _DataSetFiles(ApiModel):
    paging: _Paging
    results: tuple[_DataSetFile, ...]


class _Update(ApiModel):
    date: datetime
    summary: str = ""


class _Updates(ApiModel):
    paging: _Paging
    results: tuple[_Update, ...]


class _Redirect(ApiModel):
    fromSlug: str  # noqa: N815
    toSlug: str  # noqa: N815


class _Redirects(ApiModel):
    publicationRedirects: tuple[_Redirect, ...] = ()  # noqa: N815
    releaseRedirectsByPublicationSlug: dict[str, tuple[_Redirect, ...]] = Field({})  # noqa: N815


class EesPlatform(Platform):
    """A publication by the content service.

    Two requests tell what is new: the publication, for its next release's date, and its release
    entries, whose `lastUpdated` moves with every amendment. A release is its `releaseId`: its slug
    is a label, which its team may change. A publication that was renamed is nothing (404) under
    its old slug, and the service's list of redirects tells the new one.
    """

    def releases(self) -> Listing:
        """One edition a release entry; its version of today is looked up when it is fetched."""
        block = self.publication.live
        assert isinstance(block, Ees)  # noqa: S101  # nosec B101
        about, notes = self._about(block.slug)
        url = self.asked("publications", about.slug, "release-entries")
        entries: list[_Entry] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"page": page, "pageSize": _ENTRIES}
            found = self.understood(_Entries, self.web.json(url, query), url)
            entries += found.results
            if page >= found.paging.totalPages:
                break
        listed = [e for e in entries if e.slug is not None and e.lastUpdated is not None]
        if not listed:
            raise PublisherError(f"{url}: it lists no release")
        names = self._names(about.slug, listed)
        editions: list[Edition] = []
        # The list is in the publication's own order, newest first. Where a release's day was set
        # anew at an amendment, those above it tell before which day it came out.
        newer: date | None = None
        for entry in listed:
            edition = self._edition(about.slug, entry, names[_key(entry)], newer)
            editions.append(edition)
            newer = min(filter(None, (newer, edition.first)), default=None)
        successor = about.supersededByPublication
        if successor is not None and successor.slug != self.web.memory.state.superseded:
            notes.append(
                f"its publisher goes on with it as {successor.slug}: what is new comes there, and"
                " is asked for once ingest/publications names it"
            )
        self.web.memory.state.superseded = successor.slug if successor else None
        return Listing(
            tuple(editions), _next(about.nextReleaseDate), complete=True, notes=tuple(notes)
        )

    def _about(self, slug: str) -> tuple[_Publication, list[str]]:
        """The publication by its slug, or by what its slug was changed to."""
        moved = self.web.memory.state.moved
        asked = moved.get(slug, slug)
        for _ in range(_MOST_RENAMES):
            url = self.asked("publications", asked)
            try:
                about = self.understood(_Publication, self.web.json(url), url)
            except GoneError:
                renamed = {r.fromSlug: r.toSlug for r in self._redirects().publicationRedirects}
                if asked not in renamed and asked == slug:
                    raise
                # A redirect that led nowhere is forgotten: the slug of the contract is asked anew.
                asked = renamed.get(asked, slug)
                continue
            if about.slug == slug:
                moved.pop(slug, None)
                return about, []
            notes = [] if moved.get(slug) == about.slug else [_renamed(slug, about.slug)]
            moved[slug] = about.slug
            return about, notes
        raise PublisherError(f"{self.asked('publications', slug)}: its redirects lead nowhere")

    def _redirects(self) -> _Redirects:
        url = self.asked("redirects")
        return self.understood(_Redirects, self.web.json(url, remember=False), url)

    def _names(self, slug: str, entries: Sequence[_Entry]) -> dict[tuple[str, str], str]:
        """Under which name each entry is held, or will be: by (release id, slug).

        A release keeps the name that it was first held under. A slug that another release had
        before is no name for a new one.
        """
        held = {release.release for release in self.held}
        adopted = self.web.memory.state.adopted
        ours: dict[str | None, str] = {id_: name for id_, name in adopted.items() if name in held}
        ours |= {_release_id(release): release.release for release in self.held}
        ours.pop(None, None)
        twice = {s for s, n in Counter(e.slug for e in entries).items() if n > 1}
        names: dict[tuple[str, str], str] = {}
        for entry in entries:
            assert entry.slug is not None  # noqa: S101  # nosec B101
            name = ours.get(entry.releaseId, entry.slug)
            taken = {taken for id_, taken in ours.items() if id_ != entry.releaseId}
            if name in taken and name == entry.slug and name not in twice:
                name = f"{entry.slug}-{(entry.releaseId or '')[:8]}"
            names[_key(entry)] = name
        self._adopt(slug, entries, names)
        return names

    def _adopt(
        self, slug: str, entries: Sequence[_Entry], names: dict[tuple[str, str], str]
    ) -> None:
        """Find releases that an archive brought, and that were relabelled since, by redirects."""
        offered = set(names.values())
        lost = {r.release for r in self.held if upstream_of(r) is None} - offered
        held = {r.release for r in self.held}
        known = self.web.memory.state.seen.keys() | self.web.memory.state.passed.keys() | held
        since = self.publication.live.since if self.publication.live else None
        unknown = [
            entry
            for entry in entries
            if names[_key(entry)] not in known
            and not (since and entry.published and entry.published.date() < since)
        ]
        if not lost or not unknown:
            return
        try:
            redirects = self._redirects().releaseRedirectsByPublicationSlug.get(slug, ())
        except GoneError:
            return
        before = {r.toSlug: r.fromSlug for r in redirects if r.fromSlug in lost}
        for entry in unknown:
            if entry.slug in before:
                names[_key(entry)] = before[entry.slug]
                if entry.releaseId:
                    self.web.memory.state.adopted[entry.releaseId] = before[entry.slug]

    def _edition(self, slug: str, entry: _Entry, name: str, newer: date | None) -> Edition:
        assert entry.slug is not None  # noqa: S101  # nosec B101
        assert entry.lastUpdated is not None  # noqa: S101  # nosec B101
        changed = entry.lastUpdated.date()
        first = min(entry.published.date(), changed) if entry.published else changed
        note = None
        if first == changed and newer is not None and newer < first:
            first = newer - timedelta(days=1)
            note = "first published before the release that its publisher lists above it"
        seen = self.web.memory.state.first_seen
        known = _release_id_of(entry)
        if note is None:
            seen.setdefault(known, first.isoformat())
        if known in seen:
            first = min(first, date.fromisoformat(seen[known]))
        return Edition(
            release=name,
            token=f"{entry.releaseId} {entry.lastUpdated.isoformat()}",
            # An amendment is published on its own day, whatever day its team displays.
            published=changed,
            first=first,
            first_note=note,
            landing_page=f"{self.publication.landing_page.rstrip('/')}/{entry.slug}",
            offers=(
                Offer(
                    self.asked("publications", slug, "releases", entry.slug, "version-summary"),
                    f"{slug}_{entry.slug}.zip",
                    entry.title,
                    unpack=True,
                ),
            ),
            extra={"label": entry.slug} if name != entry.slug else {},
        )

    def dated(self, edition: Edition) -> Edition:
        """The day on which a release first came out, by its own list of updates.

        The day that a listing displays may have been set to that of an amendment.
        """
        url = edition.offers[0].url.replace("/version-summary", "/updates")
        query = {"page": 1, "pageSize": _UPDATES}
        try:
            found = self.understood(_Updates, self.web.json(url, query, remember=False), url)
        except GoneError:
            return edition
        days = [u.date.date() for u in found.results if u.summary.strip() == "First published"]
        if not days or edition.first is None:
            return edition
        # What was seen to be out on a day came out by then.
        seen = self.web.memory.state.first_seen.get((edition.token or "").split(" ")[0])
        first = min([*days, *([date.fromisoformat(seen)] if seen else [])])
        return dataclasses.replace(edition, first=first, first_note=None)

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """A release's zip: its version's id is looked up each time, since amendments move it."""
        if not offer.unpack:
            return super().fetch(offer, path, conditions)
        version = self._version(offer)
        name = content.safe_name(offer.name or "release.zip")
        return (
            self.web.file(
                self.asked("releases", version.id, "files"),
                path,
                conditions=conditions,
                check=lambda sink: content.check(name, sink, self.web.limits),
            ),
            name,
        )

    def _version(self, offer: Offer) -> _Version:
        return self.understood(_Version, self.web.json(offer.url, remember=False), offer.url)

    def lacking(self, offer: Offer, names: Iterable[str]) -> list[Offer]:
        """The files that the release lists and its zip has not, each as an offer of its own.

        Where the service cannot read a file it leaves it out, closes the zip properly, and serves
        that zip for an hour (`ReleaseFileService.DoZipFilesToStream`).
        """
        version = self._version(offer)
        url = self.asked("data-set-files")
        listed: list[_DataSetFile] = []
        for page in range(1, _MOST_PAGES + 1):
            query: dict[str, str | int] = {
                "releaseId": version.id,
                "latestOnly": "false",
                "page": page,
                "pageSize": _FILES,
            }
            try:
                found = self.understood(
                    _DataSetFiles, self.web.json(url, query, remember=False), url
                )
            except GoneError:
                break
            listed += found.results
            if page >= found.paging.totalPages:
                break
        here = set(names)
        return [
            Offer(
                self.asked("releases", version.id, "files", file.fileId),
                content.safe_name(file.filename),
            )
            for file in listed
            if file.filename not in here and self.reads(file.filename)
        ]


def _key(entry: _Entry) -> tuple[str, str]:
    return entry.releaseId or "", entry.slug or ""


def _release_id_of(entry: _Entry) -> str:
    return entry.releaseId or entry.slug or ""


def _release_id(release: Release) -> str | None:
    """A held release's id, as the token that it was fetched as begins with it."""
    token = upstream_of(release)
    return token.split(" ")[0] if token else None


def _renamed(before: str, now: str) -> str:
    return f"its publisher calls it {now} by now, not {before}: it was followed"


def _next(value: dict[str, Any] | str | None) -> str | None:
    """A date of which only the year may be known, as ISO as far as it goes."""
    if isinstance(value, str):
        return value[:10] or None
    parts = [str((value or {}).get(part) or "") for part in ("year", "month", "day")]
    known = []
    for part in parts:
        if not part.isdigit():
            break
        known.append(part.zfill(2))
    return "-".join(known) or None


# --- the public statistics API


_Listed_co = TypeVar("_Listed_co", covariant=True)


class _PageOf(Protocol[_Listed_co]):
    """One page of what the API lists."""

    @property
    def paging(self) -> _Paging: ...
    @property
    def results(self) -> tuple[_Listed_co, ...]: ...


class _ApiPublication(ApiModel):
    id: str
    slug: str
    title: str


class _ApiPublications(ApiModel):
    paging: _Paging
    results: tuple[_ApiPublication, ...]


class _ApiDataSet(ApiModel):
    id: str
    title: str
    status: str
    supersedingDataSetId: str | None = None  # noqa: N815


class _ApiDataSets(ApiModel):
    paging: _Paging
    results: tuple[_ApiDataSet, ...]


class _ApiRelease(ApiModel):
    title: str
    slug: str


class _ApiVersion(ApiModel):
    version: str = Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})*$")
    type: str
    status: str
    published: datetime | None = None
    withdrawn: datetime | None = None
    notes: str = ""
    release: _ApiRelease


class _ApiVersions(ApiModel):
    paging: _Paging
    results: tuple[_ApiVersion, ...]


class EesStatisticsPlatform(Platform):
    """A data set of the public statistics API (`facts/ees-and-ofsted.md` 1).

    The data set is found by its publication's slug and its title each time. A release's newest
    version within the pinned major one is collected as its whole CSV, with what it `changes`.
    400, 403 and 404 are final there; 429 and 5xx are tried again (1.5).
    """

    def releases(self) -> Listing:
        """One edition a release: its newest version; withdrawn ones are told."""
        block = self.publication.live
        assert isinstance(block, EesStatistics)  # noqa: S101  # nosec B101
        data_set = self._data_set(block)
        url = self.asked("data-sets", data_set.id, "versions")
        versions = self._pages(_ApiVersions, url)
        pinned = int(block.version.split(".")[0])
        newest = max((int(v.version.split(".")[0]) for v in versions), default=0)
        if newest > pinned:
            raise PublisherError(
                f"{url}: version {newest}.0 drops something that version {pinned} has: see its"
                f" changes, then pin {newest}.* in ingest/publications"
            )
        editions: dict[str, Edition] = {}
        withdrawn: dict[str, str] = {}
        for version in sorted(versions, key=lambda v: _numbers(v.version)):
            if int(version.version.split(".")[0]) != pinned:
                continue
            if version.withdrawn is not None or version.status == "Withdrawn":
                withdrawn[version.release.slug] = version.notes or "withdrawn by its publisher"
                editions.pop(version.release.slug, None)
            elif version.status == "Published":
                withdrawn.pop(version.release.slug, None)
                editions[version.release.slug] = self._edition(data_set, version)
        if not editions:
            raise PublisherError(f"{url}: it lists no version {block.version} that is published")
        return Listing(tuple(editions.values()), withdrawn=withdrawn)

    def _edition(self, data_set: _ApiDataSet, version: _ApiVersion) -> Edition:
        number, slug = version.version, version.release.slug
        return Edition(
            release=slug,
            token=f"{data_set.id} {number}",
            published=version.published.date() if version.published else None,
            landing_page=f"{self.publication.landing_page.rstrip('/')}/{slug}",
            offers=(
                Offer(
                    f"{self.asked('data-sets', data_set.id, 'csv')}?dataSetVersion={number}",
                    f"{data_set.id}_v{number}.csv",
                    data_set.title,
                ),
                Offer(
                    self.asked("data-sets", data_set.id, "versions", number, "changes"),
                    f"{data_set.id}_v{number}_changes.json",
                    f"What version {number} changed",
                ),
            ),
            extra={"data_set": data_set.id, "data_set_version": number},
        )

    def _data_set(self, block: EesStatistics) -> _ApiDataSet:
        url = self.asked("publications")
        words = block.publication.replace("-", " ")
        publications = self._pages(_ApiPublications, url, {"search": words}, size=40)
        ids = [p.id for p in publications if p.slug == block.publication]
        if len(ids) != 1:
            raise PublisherError(f"{url}: it lists no publication {block.publication}")
        url = self.asked("publications", ids[0], "data-sets")
        found = self._pages(_ApiDataSets, url)
        matching = [d for d in found if re.search(block.data_set, d.title)]
        if len(matching) != 1:
            raise PublisherError(
                f"{url}: {len(matching)} of its {len(found)} data sets are called"
                f" {block.data_set!r}; one should be"
            )
        data_set = matching[0]
        if data_set.status == "Withdrawn":
            raise GoneError(f"{url}: data set {data_set.title!r} is withdrawn", 403)
        return data_set

    def _pages(
        self,
        model: type[_PageOf[_Listed_co]],
        url: str,
        query: Query | None = None,
        size: int = _PAGE,
    ) -> list[_Listed_co]:
        results: list[_Listed_co] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {**(query or {}), "page": page, "pageSize": size}
            document = self.web.json(url, asked)
            found = cast(
                _PageOf[_Listed_co], self.understood(cast(type[BaseModel], model), document, url)
            )
            results += found.results
            if page >= found.paging.totalPages:
                break
        return results


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))

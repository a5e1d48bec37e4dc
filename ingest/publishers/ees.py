"""Explore Education Statistics (DfE): by the content service, and by the public statistics API.

By the content service a publication's slug leads to its releases, a release to its version of
today, and that to one zip of all its files. No file's id is ever written down: an old id goes on
serving last year's file without a word (`facts/ees-and-ofsted.md` 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from ingest.errors import PublisherError
from ingest.http import Answer, GoneError
from ingest.live import Ees, EesStatistics
from ingest.publishers import content
from ingest.publishers.platform import Edition, Listing, Offer, Platform, Said

# `facts/ees-and-ofsted.md` 1.2: a publication's data sets and versions come 20 a page at most;
# release entries 100 (the service's source, GetPublicationReleasesRequest).
_ENTRIES = 100
_PAGE = 20
_MOST_PAGES = 50


class _Paging(Said):
    page: int
    totalPages: int  # noqa: N815  the service's own spelling, here and below


class _Slug(Said):
    slug: str


class _Publication(Said):
    title: str
    slug: str
    nextReleaseDate: dict[str, Any] | str | None = None  # noqa: N815
    supersededByPublication: _Slug | None = None  # noqa: N815


class _Entry(Said):
    # An entry without a slug is a link to a page from before the service.
    slug: str | None = None
    title: str
    releaseId: str | None = None  # noqa: N815
    lastUpdated: datetime | None = None  # noqa: N815
    published: datetime | None = None


class _Entries(Said):
    paging: _Paging
    results: tuple[_Entry, ...]


class _Version(Said):
    id: str
    releaseId: str  # noqa: N815
    slug: str
    published: datetime
    lastUpdated: datetime  # noqa: N815


class EesPlatform(Platform):
    """A publication by the content service (`facts/ees-and-ofsted.md` 2).

    Two requests tell what is new: the publication, for its next release's date, and its release
    entries, whose `lastUpdated` moves with every amendment.
    """

    def releases(self) -> Listing:
        """One edition a release entry; its version of today is looked up when it is fetched."""
        block = self.publication.live
        assert isinstance(block, Ees)  # noqa: S101  # nosec B101
        url = self.asked("publications", block.slug)
        about: _Publication = self.understood(_Publication, self.web.json(url), url)
        url = self.asked("publications", about.slug, "release-entries")
        entries: list[_Entry] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"page": page, "pageSize": _ENTRIES}
            found: _Entries = self.understood(_Entries, self.web.json(url, query), url)
            entries += found.results
            if page >= found.paging.totalPages:
                break
        editions = tuple(
            self._edition(about.slug, entry)
            for entry in entries
            if entry.slug is not None and entry.lastUpdated is not None
        )
        if not editions:
            raise PublisherError(f"{url}: it lists no release")
        notes = []
        if about.slug != block.slug:
            notes.append(f"called {about.slug} by now: write that in ingest/publications")
        if about.supersededByPublication is not None:
            notes.append(f"superseded by {about.supersededByPublication.slug}")
        return Listing(editions, _next(about.nextReleaseDate), complete=True, notes=tuple(notes))

    def _edition(self, slug: str, entry: _Entry) -> Edition:
        assert entry.slug is not None  # noqa: S101  # nosec B101
        assert entry.lastUpdated is not None  # noqa: S101  # nosec B101
        first = entry.published or entry.lastUpdated
        return Edition(
            release=entry.slug,
            token=f"{entry.releaseId} {entry.lastUpdated.isoformat()}",
            # An amendment is published on its own day: earlier it was not to be had.
            published=max(first, entry.lastUpdated).date(),
            first=first.date(),
            landing_page=f"{self.publication.landing_page.rstrip('/')}/{entry.slug}",
            offers=(
                Offer(
                    self.asked("publications", slug, "releases", entry.slug, "version-summary"),
                    f"{slug}_{entry.slug}.zip",
                    entry.title,
                    unpack=True,
                ),
            ),
        )

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """A release's zip: its version's id is looked up each time, since amendments move it."""
        version: _Version = self.understood(
            _Version, self.web.json(offer.url, remember=False), offer.url
        )
        if not re.fullmatch(r"[0-9a-fA-F-]{36}", version.id):
            raise PublisherError(f"{offer.url}: {version.id!r} is no id of a release's version")
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


def _next(said: dict[str, Any] | str | None) -> str | None:
    """A date of which only the year may be known, as ISO as far as it goes."""
    if isinstance(said, str):
        return said[:10] or None
    parts = [str((said or {}).get(part) or "") for part in ("year", "month", "day")]
    known = []
    for part in parts:
        if not part.isdigit():
            break
        known.append(part.zfill(2))
    return "-".join(known) or None


# --- the public statistics API


class _ApiPublication(Said):
    id: str
    slug: str
    title: str


class _ApiPublications(Said):
    paging: _Paging
    results: tuple[_ApiPublication, ...]


class _ApiDataSet(Said):
    id: str
    title: str
    status: str
    supersedingDataSetId: str | None = None  # noqa: N815


class _ApiDataSets(Said):
    paging: _Paging
    results: tuple[_ApiDataSet, ...]


class _ApiRelease(Said):
    title: str
    slug: str


class _ApiVersion(Said):
    version: str = Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})*$")
    type: str
    status: str
    published: datetime | None = None
    withdrawn: datetime | None = None
    notes: str = ""
    release: _ApiRelease


class _ApiVersions(Said):
    paging: _Paging
    results: tuple[_ApiVersion, ...]


class EesStatisticsPlatform(Platform):
    """A data set of the public statistics API (`facts/ees-and-ofsted.md` 1).

    The data set is found by its publication's slug and its title each time. A release's newest
    version within the pinned major one is brought home as its whole CSV, with what it `changes`.
    400, 403 and 404 are final there; 429 and 5xx are tried again (1.5).
    """

    def releases(self) -> Listing:
        """One edition a release: its newest version; withdrawn ones are told."""
        block = self.publication.live
        assert isinstance(block, EesStatistics)  # noqa: S101  # nosec B101
        data_set = self._data_set(block)
        url = self.asked("data-sets", data_set.id, "versions")
        versions: list[_ApiVersion] = self._pages(_ApiVersions, url)
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
        publications: list[_ApiPublication] = self._pages(
            _ApiPublications, url, {"search": words}, size=40
        )
        ids = [p.id for p in publications if p.slug == block.publication]
        if len(ids) != 1:
            raise PublisherError(f"{url}: it lists no publication {block.publication}")
        url = self.asked("publications", ids[0], "data-sets")
        found: list[_ApiDataSet] = self._pages(_ApiDataSets, url)
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
        self, model: Any, url: str, query: dict[str, Any] | None = None, size: int = _PAGE
    ) -> Any:
        results: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {**(query or {}), "page": page, "pageSize": size}
            found = self.understood(model, self.web.json(url, asked), url)
            results += found.results
            if page >= found.paging.totalPages:
                break
        return results


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))

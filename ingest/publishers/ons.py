"""The Office for National Statistics: Explore Local Statistics, and the data sets of ons.gov.uk."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from ingest.errors import PublisherError
from ingest.live import OnsDataset, OnsIndicator
from ingest.publishers.platform import (
    MONTHS,
    Edition,
    Listing,
    Offer,
    Platform,
    Said,
    day_from,
    with_query,
)


class _Indicator(Said):
    slug: str | None = None
    dataModified: str | None = None  # noqa: N815  the service's own spelling
    updated: str | None = None


class OnsIndicatorPlatform(Platform):
    """One indicator of Explore Local Statistics: every area and year, as one CSV.

    `metadata/indicators/<slug>` says when it was last modified, `data.csv?indicator=<slug>` gives
    it. The service says of itself that its structure may change without notice, and sets no
    `Cache-Control`; where it gives no date, the file itself is asked for, on condition that it
    changed, and is named after its own date.
    """

    def releases(self) -> Listing:
        """The one edition that the service has: the file of today."""
        block = self.publication.live
        assert isinstance(block, OnsIndicator)  # noqa: S101  # nosec B101
        url = self.asked("metadata", "indicators", block.indicator)
        document: Any = self.web.json(url)
        if isinstance(document, list):
            document = document[0] if len(document) == 1 else {}
        about: _Indicator = self.understood(_Indicator, document, url)
        if about.slug not in {None, block.indicator}:
            raise PublisherError(f"{url}: it answers for indicator {about.slug}")
        modified = about.dataModified or about.updated
        day = day_from(modified)
        return Listing(
            (
                Edition(
                    release=day.isoformat() if day else None,
                    token=modified if day else None,
                    published=day,
                    landing_page=self.publication.landing_page,
                    offers=(
                        Offer(
                            with_query(
                                self.asked("data.csv"),
                                {"indicator": block.indicator, "time": "all"},
                            ),
                            block.file,
                            self.publication.title,
                        ),
                    ),
                ),
            )
        )


class _Download(Said):
    file: str


class _Link(Said):
    uri: str


class _Description(Said):
    title: str = ""
    edition: str = ""
    releaseDate: str | None = None  # noqa: N815
    nextRelease: str | None = None  # noqa: N815


class _Page(Said):
    type: str = ""
    uri: str
    description: _Description = _Description()
    downloads: tuple[_Download, ...] = ()
    # What the page had before each correction.
    versions: tuple[_Link, ...] = ()
    datasets: tuple[_Link, ...] = ()


class OnsDatasetPlatform(Platform):
    """A data set of ons.gov.uk: `<page>/data` is the page as JSON.

    A landing page lists its data sets (`datasets`), editions or `current`; each of these lists
    its files (`downloads`), which `file?uri=` gives. `description.releaseDate` is the day,
    `description.nextRelease` the next one, often in words.
    """

    def releases(self) -> Listing:
        """One edition a data set of the landing page that has a file of the kind wanted."""
        block = self.publication.live
        assert isinstance(block, OnsDataset)  # noqa: S101  # nosec B101
        landing = self._page(block.page)
        pages = [landing]
        if not landing.downloads:
            pages = [self._page(urlsplit(link.uri).path.strip("/")) for link in landing.datasets]
        editions = [edition for page in pages if (edition := self._edition(block, page))]
        if not editions:
            raise PublisherError(
                f"{self._data(block.page)}: it lists no file with a name like {block.file!r}"
            )
        said = landing.description.nextRelease or pages[0].description.nextRelease
        return Listing(tuple(editions), _in_words(said))

    def _data(self, path: str) -> str:
        return self.asked(path.strip("/"), "data")

    def _page(self, path: str) -> _Page:
        url = self._data(path)
        page: _Page = self.understood(_Page, self.web.json(url), url)
        return page

    def _edition(self, block: OnsDataset, page: _Page) -> Edition | None:
        offers = [
            Offer(
                with_query(self.asked("file"), {"uri": f"{page.uri.rstrip('/')}/{name}"}),
                name,
                page.description.title or self.publication.title,
            )
            for name in (urlsplit(d.file).path.rsplit("/", 1)[-1] for d in page.downloads)
            if re.search(block.file, name)
        ]
        day = day_from(page.description.releaseDate)
        if not offers:
            return None
        if day is None:
            raise PublisherError(f"{self._data(page.uri)}: it has no day of release")
        named = page.description.edition or page.uri.rstrip("/").rsplit("/", 1)[-1]
        year = re.search(r"\d{4}", named)
        return Edition(
            release=year.group() if year else day.isoformat(),
            token=" ".join(
                [
                    page.description.releaseDate or "",
                    f"corrected {len(page.versions)} times",
                    *sorted(offer.url for offer in offers),
                ]
            ),
            published=day,
            landing_page=f"https://www.ons.gov.uk/{page.uri.strip('/')}",
            offers=tuple(offers),
        )


def _in_words(said: str | None) -> str | None:
    """`12 August 2015`, or `January 2021`, as ISO as far as it goes; other words tell no date."""
    found = re.fullmatch(r"(?:(\d{1,2})\s+)?([A-Za-z]+)\s+(\d{4})", (said or "").strip())
    month = MONTHS.get(found.group(2).lower()) if found else None
    if found is None or month is None:
        return None
    year = int(found.group(3))
    try:
        return (
            date(year, month, int(found.group(1))).isoformat()
            if found.group(1)
            else f"{year}-{month:02d}"
        )
    except ValueError:
        return None

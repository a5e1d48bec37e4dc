"""The Office for National Statistics: Explore Local Statistics, and the data sets of ons.gov.uk."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from pydantic import RootModel

from ingest.contracts.live import OnsDataset, OnsIndicator
from ingest.errors import PublisherError
from ingest.http.answers import GoneError
from ingest.publishers.platform import (
    MONTHS,
    ApiModel,
    Edition,
    Listing,
    Offer,
    Platform,
    SkippedError,
    day_from,
    with_query,
)


class _Indicator(ApiModel):
    slug: str | None = None
    label: str = ""
    subtitle: str = ""
    description: str = ""
    caveats: object = None
    dataModified: str | None = None  # noqa: N815  the service's own spelling
    updated: str | None = None


class _Indicators(RootModel[tuple[_Indicator, ...]]):
    pass


class OnsIndicatorPlatform(Platform):
    """One indicator of Explore Local Statistics: every area and year, as one CSV.

    `metadata/indicators/<slug>` says when it was last modified, `data.csv?indicator=<slug>` gives
    it (ONSdigital/explore-local-statistics-app, `lib/api`). The service says of itself that its
    structure may change without notice, and sets no `Cache-Control`; where it gives no date, the
    file itself is asked for, on condition that it changed, and is named after its own date.
    """

    def releases(self) -> Listing:
        """The one edition that the service has: the file of today."""
        block = self.publication.live
        assert isinstance(block, OnsIndicator)  # noqa: S101  # nosec B101
        url = self.asked("metadata", "indicators", block.indicator)
        try:
            document = self.web.json(url)
        except GoneError as error:
            raise GoneError(f"{error}{self._proposed(block)}", error.status) from error
        if isinstance(document, list):
            document = document[0] if len(document) == 1 else {}
        about = self.understood(_Indicator, document, url)
        if about.slug not in {None, block.indicator}:
            raise PublisherError(f"{url}: it answers for indicator {about.slug}")
        description = f"{about.label} {about.subtitle} {about.description} {about.caveats or ''}"
        if block.another and re.search(block.another, description):
            raise SkippedError(
                f"what the service calls {about.label or block.indicator!r} is another definition:"
                f" {block.because}"
            )
        modified = about.dataModified or about.updated
        day = day_from(modified)
        # It says the day and no hour: what was changed today may be changed again.
        is_over = day is not None and day < datetime.now(UTC).date()
        return Listing(
            (
                Edition(
                    release=day.isoformat() if day else None,
                    token=modified if is_over else None,
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
                    extra={"indicator_label": about.label} if about.label else {},
                ),
            )
        )

    def _proposed(self, block: OnsIndicator) -> str:
        """What the service has instead of an indicator that is gone, by its label.

        Proposed and never followed: two definitions may go by one label.
        """
        url = self.asked("metadata", "indicators")
        try:
            listed = self.understood(_Indicators, self.web.json(url), url)
        except PublisherError:
            return ""
        wanted = _label_words(block.label or self.publication.title)
        near = sorted(
            (
                (len(wanted & words) / len(wanted | words), one.slug or "", one.label)
                for one in listed.root
                if (words := _label_words(one.label)) and one.slug
            ),
            reverse=True,
        )
        named = [f"{slug} ({label})" for likeness, slug, label in near[:3] if likeness >= _ALIKE]
        if not named:
            return f", and none of the service's {len(listed.root)} indicators is called alike"
        return (
            f"; of the service's {len(listed.root)} indicators these are called alike:"
            f" {', '.join(named)}. If one of them is the same, name it in ingest/publications"
        )


# Half of the words of two labels, theirs and ours, are in both.
_ALIKE = 0.5
_SMALL_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "or", "the", "to"})


def _label_words(label: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", label.lower())) - _SMALL_WORDS


class _Download(ApiModel):
    file: str


class _Link(ApiModel):
    uri: str


class _Description(ApiModel):
    title: str = ""
    edition: str = ""
    releaseDate: str | None = None  # noqa: N815
    nextRelease: str | None = None  # noqa: N815


class _Page(ApiModel):
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
        editions = _of_one_name(block, editions)
        if not editions:
            raise PublisherError(
                f"{self._data(block.page)}: it lists no file with a name like {block.file!r}"
            )
        next_release = landing.description.nextRelease or pages[0].description.nextRelease
        return Listing(tuple(editions), _in_words(next_release))

    def _data(self, path: str) -> str:
        return self.asked(path.strip("/"), "data")

    def _page(self, path: str) -> _Page:
        url = self._data(path)
        return self.understood(_Page, self.web.json(url), url)

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


def _of_one_name(block: OnsDataset, editions: list[Edition]) -> list[Edition]:
    """Editions of one year may stand side by side, as on the boundaries of two years.

    The one that the block prefers is the year's; without one they are told apart by their names.
    """
    by_name: dict[str | None, list[Edition]] = {}
    for edition in editions:
        by_name.setdefault(edition.release, []).append(edition)
    found: list[Edition] = []
    for name, alike in by_name.items():
        names = {edition.landing_page for edition in alike}
        preferred = [e for e in alike if block.prefer and re.search(block.prefer, e.landing_page)]
        if len(names) == 1 or len(preferred) == 1:
            found += preferred or alike
            continue
        found += [
            dataclasses.replace(e, release=f"{name}-{e.landing_page.rsplit('/', 1)[-1]}")
            for e in alike
        ]
    return found


def _in_words(text: str | None) -> str | None:
    """`12 August 2015`, or `January 2021`, as ISO as far as it goes; other words tell no date."""
    found = re.fullmatch(r"(?:(\d{1,2})\s+)?([A-Za-z]+)\s+(\d{4})", (text or "").strip())
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

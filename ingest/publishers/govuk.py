"""GOV.UK: attachments of pages, by the content API.

A page's path is configuration, an asset's address never: every upload gets a new one
(`facts/ees-and-ofsted.md` 5). So a new address tells that a file was published or replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from ingest.errors import PublisherError
from ingest.http import GoneError
from ingest.live import GovUk
from ingest.publishers.platform import (
    MONTHS,
    Edition,
    Listing,
    Offer,
    Platform,
    Said,
    joined,
)

_MOST_MOVES = 3


class _Attachment(Said):
    attachment_type: str = "file"
    title: str = ""
    url: str
    filename: str | None = None
    file_size: int | None = None


class _Details(Said):
    attachments: tuple[_Attachment, ...] = ()
    body: str | None = None
    documents: tuple[str | dict[str, Any], ...] = ()


class _Redirect(Said):
    destination: str


class _Document(Said):
    base_path: str | None = None
    public_updated_at: str | None = None


class _Links(Said):
    documents: tuple[_Document, ...] = ()


class _Notice(Said):
    explanation: str | None = None
    withdrawn_at: str | None = None


class _Item(Said):
    base_path: str | None = None
    schema_name: str = ""
    title: str = ""
    public_updated_at: str | None = None
    first_published_at: str | None = None
    withdrawn_notice: _Notice | None = None
    details: _Details = _Details()
    links: _Links = _Links()
    redirects: tuple[_Redirect, ...] = ()


@dataclass(frozen=True)
class _Found:
    """An attachment that the block chooses, and the page it is on."""

    release: str
    attachment: _Attachment
    name: str
    item: _Item


class GovUkPlatform(Platform):
    """Pages and their attachments (`facts/ees-and-ofsted.md` 5 and 6).

    One request a page tells what is new. A page that moved is followed, as an HTTP redirect and
    as an item with `schema_name: redirect`, since either may come.
    """

    def releases(self) -> Listing:
        """One edition for each date in the titles of the attachments that are chosen."""
        block = self.publication.live
        assert isinstance(block, GovUk)  # noqa: S101  # nosec B101
        found: dict[str, list[_Found]] = {}
        withdrawn: dict[str, str] = {}
        seen = 0
        for item in self._items(block):
            links = list(_links(item))
            seen += len(links)
            for choice in self._chosen(block, item, links):
                if item.withdrawn_notice is not None and item.withdrawn_notice.withdrawn_at:
                    why = " ".join(_words(item.withdrawn_notice.explanation or "").split())
                    withdrawn[choice.release] = why or "withdrawn by its publisher"
                found.setdefault(choice.release, []).append(choice)
        if not found:
            raise PublisherError(
                f"{self._page(block.pages[0])}: none of its {seen} attachments has a title like"
                f" {block.attachment!r}"
            )
        return Listing(
            tuple(self._edition(release, choices) for release, choices in sorted(found.items())),
            withdrawn=withdrawn,
        )

    def _page(self, path: str) -> str:
        return self.asked("api", "content", path)

    def _item(self, path: str) -> _Item:
        for _ in range(_MOST_MOVES):
            url = self._page(path)
            item: _Item = self.understood(_Item, self.web.json(url), url)
            if item.schema_name == "gone":
                raise GoneError(f"{url}: it is gone for good (410)", 410)
            if item.schema_name != "redirect" or not item.redirects:
                return item
            path = urlsplit(item.redirects[0].destination).path.strip("/")
        raise PublisherError(f"{self._page(path)}: the page moved again and again")

    def _items(self, block: GovUk) -> Iterator[_Item]:
        for page in block.pages:
            item = self._item(page)
            yield item
            if block.documents is None:
                continue
            found = [
                (document.public_updated_at or "", path)
                for document in item.links.documents
                if re.search(block.documents, path := (document.base_path or "").strip("/"))
            ]
            for _, path in sorted(found, reverse=True)[: block.newest_documents]:
                yield self._item(path)

    def _chosen(self, block: GovUk, item: _Item, links: list[_Attachment]) -> Iterator[_Found]:
        for attachment in links:
            name = unquote(attachment.filename or urlsplit(attachment.url).path.rsplit("/", 1)[-1])
            titled = re.search(block.attachment, attachment.title)
            called = re.search(block.file, name)
            if not titled or not called or attachment.attachment_type != "file":
                continue
            parts = {
                "first_published": (item.first_published_at or "")[:10] or None,
                **called.groupdict(),
                **{part: said for part, said in titled.groupdict().items() if said},
            }
            yield _Found(_named(block.release, parts), attachment, name, item)

    def _edition(self, release: str, choices: list[_Found]) -> Edition:
        by_name: dict[str, list[_Found]] = {}
        for choice in choices:
            same = by_name.setdefault(choice.name, [])
            if all(choice.attachment.url != other.attachment.url for other in same):
                same.append(choice)
        refused = None
        roles: dict[str, str] = {}
        for name, same in by_name.items():
            # A workbook may be of several contracts: together they are its part.
            contracts = self.publication.file_for(name)
            role = ", ".join(contract.file_id for contract in contracts) or name
            if len(same) > 1 or role in roles:
                refused = (
                    f"{self._page(str(choices[0].item.base_path or '').strip('/'))}: two"
                    f" attachments are release {release}: {roles.get(role, name)} and {name};"
                    " narrow the patterns in ingest/publications"
                )
            roles[role] = name
        files = [same[0] for same in by_name.values()]
        page = files[0].item
        base = self._page((page.base_path or "").strip("/"))
        return Edition(
            release=release,
            token=" ".join(sorted(joined(base, f.attachment.url) for f in files)),
            refused=refused,
            # An attachment's own day is the day of its upload, which its host tells.
            published=None,
            landing_page=f"https://www.gov.uk{page.base_path}"
            if page.base_path
            else self.publication.landing_page,
            offers=tuple(
                Offer(
                    joined(base, f.attachment.url),
                    f.name,
                    f.attachment.title,
                    bytes=f.attachment.file_size,
                )
                for f in files
            ),
            extra={"page_updated": page.public_updated_at} if page.public_updated_at else {},
        )


def _links(item: _Item) -> Iterator[_Attachment]:
    """A page's attachments; where it has none, the links in its text."""
    if item.details.attachments:
        yield from item.details.attachments
        return
    texts = [item.details.body or ""]
    texts += [text for text in item.details.documents if isinstance(text, str)]
    for text in texts:
        reader = _Anchors()
        _feed(reader, text)
        for url, words in reader.found:
            if re.search(r"/(media|uploads)/", url):
                yield _Attachment(title=words, url=url)


class _Anchors(HTMLParser):
    """The links of a text, with their words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._said = dict(attrs).get("href"), []

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.append((self._href, " ".join("".join(self._said).split())))
            self._href = None


def _words(html: str) -> str:
    reader = _Text()
    _feed(reader, html)
    return "".join(reader.said)


def _feed(reader: HTMLParser, html: str) -> None:
    try:
        reader.feed(html)
    except AssertionError as error:  # what the library says of a `<![` that it does not know
        raise PublisherError(f"a page's text is no HTML: {error}") from error


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def _named(template: str, parts: dict[str, str | None]) -> str:
    """A release's name from the parts of a date in a title.

    Raises
    ------
    PublisherError
        A part is missing, or no date.
    """
    known: dict[str, str] = {}
    for part, said in parts.items():
        if said is None:
            continue
        text = said.strip().lower()
        if part.endswith("month"):
            number = MONTHS.get(text) or (int(text) if text.isdigit() else 0)
            if not 1 <= number <= 12:
                raise PublisherError(f"{said!r} in a title is no month")
            known[part] = f"{number:02d}"
        else:
            known[part] = text.zfill(2) if text.isdigit() and part.endswith("day") else text
    if known.get("year", "").isdigit():
        known["next"] = f"{(int(known['year']) + 1) % 100:02d}"
    if known.get("month", "").isdigit():
        known["quarter_start"] = f"{(int(known['month']) - 3) % 12 + 1:02d}"
    if {"year", "month", "day"} <= set(known):
        try:
            date(int(known["year"]), int(known["month"]), int(known["day"]))
        except (ValueError, OverflowError) as error:
            raise PublisherError(f"a title's date is none: {error}") from error
    try:
        return template.format_map(known)
    except KeyError as error:
        raise PublisherError(f"the release is named after {error}, which no title has") from error

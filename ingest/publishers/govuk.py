"""GOV.UK: attachments of pages, by the content API.

A page's path is configuration, an asset's address never: every upload gets a new one. So a new
address tells that a file was published or replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ingest.contracts.live import GovUk
from ingest.errors import PublisherError
from ingest.http.answers import GoneError
from ingest.publishers.platform import (
    MONTHS,
    ApiModel,
    Edition,
    Listing,
    Offer,
    Platform,
    joined,
)
from ingest.publishers.titles import day_in, newest_in, quarter_in, tells_a_year

_MOST_MOVES = 5
# The plainest first: of one table in several, one is read.
_FORMATS = (".csv", ".xlsx", ".ods", ".xls")


class _Attachment(ApiModel):
    attachment_type: str = "file"
    title: str = ""
    url: str
    filename: str | None = None
    file_size: int | None = None


class _Details(ApiModel):
    attachments: tuple[_Attachment, ...] = ()
    body: str | None = None
    documents: tuple[str | dict[str, Any], ...] = ()
    # Of an item that is gone.
    alternative_path: str = ""


class _Redirect(ApiModel):
    destination: str
    path: str = ""
    type: str = "exact"


class _Document(ApiModel):
    """A link as GOV.UK expands it: what was withdrawn stands among the others, and says so."""

    base_path: str | None = None
    title: str = ""
    public_updated_at: str | None = None
    withdrawn: bool = False


class _Links(ApiModel):
    documents: tuple[_Document, ...] = ()


class _Notice(ApiModel):
    explanation: str | None = None
    withdrawn_at: str | None = None


class _Item(ApiModel):
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
    """Pages and their attachments (content schemas of alphagov/publishing-api).

    One request a page tells what is new. A page that moved is followed, as an HTTP redirect and
    as an item with `schema_name: redirect`, since either may come, and where it went is remembered.
    """

    def releases(self) -> Listing:
        """One edition for each period that the attachments which are chosen tell."""
        block = self.publication.live
        assert isinstance(block, GovUk)  # noqa: S101  # nosec B101
        found: dict[str, list[_Found]] = {}
        withdrawn: dict[str, str] = dict(self.web.memory.state.withdrawn)
        notes: list[str] = []
        unread: list[str] = []
        later: list[str] = []
        seen = 0
        for item in self._items(block, notes, unread, later):
            links = list(_links(item))
            seen += len(links)
            for choice in self._chosen(block, item, links, unread):
                if item.withdrawn_notice is not None and item.withdrawn_notice.withdrawn_at:
                    why = " ".join(_words(item.withdrawn_notice.explanation or "").split())
                    withdrawn[choice.release] = why or "withdrawn by its publisher"
                else:
                    withdrawn.pop(choice.release, None)
                found.setdefault(choice.release, []).append(choice)
        self.web.memory.state.withdrawn = withdrawn
        if not found:
            wanted = f"a title like {block.attachment!r} and a name like {block.file!r}"
            why = f": {unread[0]}" if unread else ""
            raise PublisherError(
                f"{self._page(block.pages[0])}: none of its {seen} attachments has {wanted}{why}"
            )
        return Listing(
            tuple(self._edition(release, choices) for release, choices in sorted(found.items())),
            withdrawn=withdrawn,
            notes=tuple(notes),
            unread=tuple(unread),
            later=tuple(later),
        )

    def _page(self, path: str) -> str:
        return self.asked("api", "content", path)

    def _item(self, path: str, notes: list[str]) -> _Item:
        moved = self.web.memory.state.moved
        asked = moved.get(path, path)
        for _ in range(_MOST_MOVES):
            url = self._page(asked)
            try:
                item = self.understood(_Item, self.web.json(url), url)
            except GoneError:
                if asked == path:
                    raise
                # Where it went is no more: the page of the contract is asked anew.
                del moved[path]
                asked = path
                continue
            if item.schema_name == "gone":
                other = item.details.alternative_path
                hint = f"; it names {other} instead" if other else ""
                raise GoneError(f"{url}: it is gone for good (410){hint}", 410)
            if item.schema_name != "redirect" or not item.redirects:
                # A redirect by HTTP led there without a word.
                asked = _path(item) or asked
                if asked != path and moved.get(path) != asked:
                    moved[path] = asked
                    notes.append(f"its page {path} moved to {asked}: it was followed")
                return item
            asked = self._destination(url, asked, item)
        raise PublisherError(f"{self._page(path)}: the page moved again and again")

    def _destination(self, url: str, asked: str, item: _Item) -> str:
        """Where a redirect leads: the exact one before one of all that begins alike."""
        exact = [r for r in item.redirects if r.type == "exact" and r.path == f"/{asked}"]
        destination = (exact or list(item.redirects))[0].destination
        there = urlsplit(joined(url, destination))
        if urlsplit(destination).netloc and there.hostname not in {
            urlsplit(self.address).hostname,
            "www.gov.uk",
        }:
            raise PublisherError(f"{url}: the page moved to {destination}, which is not GOV.UK")
        return there.path.strip("/")

    def _items(
        self, block: GovUk, notes: list[str], unread: list[str], later: list[str]
    ) -> Iterator[_Item]:
        for page in block.pages:
            item = self._item(page, notes)
            yield item
            if block.documents is None:
                continue
            listed = [
                document
                for document in item.links.documents
                if document.base_path and re.search(block.documents, document.base_path.strip("/"))
            ]
            # By the period that it is of: an old page that was corrected yesterday is an old page.
            ordered = sorted(listed, key=_newness, reverse=True)
            if block.until:
                ended = [d for d in ordered if _period(d) > block.until.isoformat()]
                later += [d.title or str(d.base_path) for d in ended]
                ordered = [d for d in ordered if d not in ended]
            standing = [document for document in ordered if not document.withdrawn]
            for document in standing[: block.newest_documents]:
                try:
                    yield self._item(_document_path(document), notes)
                except GoneError as error:
                    # The collection lists it still: it costs itself alone.
                    unread.append(str(error))
            yield from self._withdrawn(ordered[: block.newest_documents], listed, notes)

    def _withdrawn(
        self, newest: list[_Document], listed: list[_Document], notes: list[str]
    ) -> Iterator[_Item]:
        """The pages of the newest documents that were withdrawn, or no longer are: each once."""
        known = self.web.memory.state.withdrawn_pages
        gone = {_document_path(document) for document in listed if document.withdrawn}
        for path in [p for p in known if p not in gone]:
            known.remove(path)
            if any(_document_path(document) == path for document in listed):
                yield self._item(path, notes)
        for document in newest:
            path = _document_path(document)
            if document.withdrawn and path not in known:
                yield self._item(path, notes)
                known.append(path)

    def _chosen(
        self, block: GovUk, item: _Item, links: list[_Attachment], unread: list[str]
    ) -> Iterator[_Found]:
        for attachment in links:
            name = unquote(attachment.filename or urlsplit(attachment.url).path.rsplit("/", 1)[-1])
            titled = re.search(block.attachment, attachment.title)
            called = re.search(block.file, name)
            if not titled or not called or attachment.attachment_type != "file":
                continue
            parts = {
                "first_published": (item.first_published_at or "")[:10] or None,
                **called.groupdict(),
                **{part: text for part, text in titled.groupdict().items() if text},
            }
            try:
                release = _release_of(block, attachment.title, name, parts)
            except PublisherError as error:
                # It costs its own name, and not the others on the page.
                unread.append(f"{self._page(_path(item))}: {name}: {error}")
                continue
            if release is not None:
                yield _Found(release, attachment, name, item)

    def _edition(self, release: str, choices: list[_Found]) -> Edition:
        by_name: dict[str, list[_Found]] = {}
        for choice in choices:
            same = by_name.setdefault(choice.name, [])
            if all(choice.attachment.url != other.attachment.url for other in same):
                same.append(choice)
        by_name = self._one_format(release, by_name)
        refused = None
        roles: dict[str, str] = {}
        for name, same in by_name.items():
            role = self._role(name)
            if len(same) > 1 or role in roles:
                refused = (
                    f"{self._page(_path(choices[0].item))}: two attachments are release {release}:"
                    f" {roles.get(role, name)} and {name}; narrow the patterns in"
                    " ingest/publications"
                )
            roles[role] = name
        files = [same[0] for same in by_name.values()]
        page = files[0].item
        base = self._page(_path(page))
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

    def _role(self, name: str) -> str:
        """What a file is in its release: a workbook may be of several contracts at once."""
        contracts = self.publication.file_for(name)
        return ", ".join(sorted({c.table for c in contracts})) or PurePosixPath(name).stem

    def _one_format(
        self, release: str, by_name: dict[str, list[_Found]]
    ) -> dict[str, list[_Found]]:
        """The same table in several formats is one: the one that is held, or the plainest."""
        held = {n for r in self.held if r.release == release for n in r.hashes}
        alike: dict[str, list[str]] = {}
        for name in by_name:
            alike.setdefault(self._role(name), []).append(name)
        chosen = []
        for names in alike.values():
            formats = [_suffix(name) for name in names]
            if len(set(formats)) == len(names) and all(form in _FORMATS for form in formats):
                chosen.append(min(names, key=lambda n: (n not in held, _FORMATS.index(_suffix(n)))))
            else:
                chosen += names
        return {name: same for name, same in by_name.items() if name in chosen}


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _path(item: _Item) -> str:
    return (item.base_path or "").strip("/")


def _document_path(document: _Document) -> str:
    return (document.base_path or "").strip("/")


def _period(document: _Document) -> str:
    """The last day that a document's title tells, or its path; nothing where neither does."""
    day = newest_in(document.title, document.base_path or "")
    return day.isoformat() if day else ""


def _newness(document: _Document) -> tuple[str, str]:
    return _period(document), document.public_updated_at or ""


def _release_of(block: GovUk, title: str, name: str, parts: dict[str, str | None]) -> str | None:
    """The name of the release that an attachment is of; None where it is of no such period.

    Raises
    ------
    PublisherError
        Neither its title nor its name tells.
    """
    if block.period == "quarter":
        quarter = quarter_in(title, name)
        if quarter is not None:
            return f"{quarter.start:%Y-%m}-to-{quarter.end:%m}"
        if tells_a_year(title, name):
            return None
        raise PublisherError(f"neither it nor its title, {title!r}, tells a quarter")
    if block.period == "day":
        day = day_in(title, name)
        if day is None:
            raise PublisherError(f"neither it nor its title, {title!r}, tells a day")
        return day.isoformat()
    return _named(str(block.release), parts)


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
        self._texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._texts = dict(attrs).get("href"), []

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.append((self._href, " ".join("".join(self._texts).split())))
            self._href = None


def _words(html: str) -> str:
    reader = _Text()
    _feed(reader, html)
    return "".join(reader.texts)


def _feed(reader: HTMLParser, html: str) -> None:
    try:
        reader.feed(html)
    except AssertionError as error:  # what the library says of a `<![` that it does not know
        raise PublisherError(f"a page's text is no HTML: {error}") from error


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _named(template: str, parts: dict[str, str | None]) -> str:
    """A release's name from the parts of a date in a title.

    Raises
    ------
    PublisherError
        A part is missing, or no date.
    """
    known: dict[str, str] = {}
    for part, value in parts.items():
        if value is None:
            continue
        text = value.strip().lower()
        if part.endswith("month"):
            number = MONTHS.get(text) or (int(text) if text.isdigit() else 0)
            if not 1 <= number <= 12:
                raise PublisherError(f"{value!r} in a title is no month")
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

"""What every platform gives: the releases of a publication, and the bytes of a file."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import quote, urlencode, urljoin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ingest.archive.release import PublishedFile, Release
from ingest.errors import PublisherError
from ingest.http.answers import Answer, IncompleteError, Origin, new_file
from ingest.http.session import Session
from ingest.publishers import content

if TYPE_CHECKING:
    from typing import BinaryIO

    from ingest.contracts.contract import Publication
    from ingest.publishers.memory import FetchState

_MOST_JSON = 32 << 20
Query = Mapping[str, str | int]
"""What stands after the question mark of an address."""
_Model = TypeVar("_Model", bound=BaseModel)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}


class ApiModel(BaseModel):
    """What a platform says, as far as we read it: unknown fields are none of our business.

    A field that is null says no more than one that is not there.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, document: object) -> object:
        if isinstance(document, dict):
            return {name: value for name, value in document.items() if value is not None}
        return document


@dataclass(frozen=True)
class Offer:
    """A file that a publisher offers.

    `name` is None where the server names it when it is fetched; `bytes` and `sha256` are what the
    publisher says of it. A file to `unpack` is a zip whose entries are the release's files.
    """

    url: str
    name: str | None
    title: str = ""
    bytes: int | None = None
    sha256: str | None = None
    unpack: bool = False


@dataclass(frozen=True)
class Edition:
    """A release as a publisher offers it.

    `token` changes whenever the publisher changes the release; None where it does not say, and
    the file itself is asked for, on condition that it changed. `release` and `published` are None
    where only the file's own date tells.
    """

    release: str | None
    token: str | None
    published: date | None
    landing_page: str
    offers: tuple[Offer, ...]
    precision: Literal["day", "month"] = "day"
    title: str | None = None
    note: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    # The day on which its first version came out, where it is told; and why it is thought so,
    # where it is not.
    first: date | None = None
    first_note: str | None = None
    # Why it is not to be collected, though it is offered.
    refused: str | None = None
    # In another archive the release says everything of itself.
    as_released: Release | None = None


@dataclass(frozen=True)
class Listing:
    """The releases of a publication, as its publisher offers them now.

    `next_expected` is the publisher's own word: a day, a month (`2026-11`) or a year.
    `withdrawn` is which releases were withdrawn, and why. A `complete` listing has every release
    there is: one that it lacks was taken down. `notes` is what a person should know of it, each
    told once; `unread` is what may be a release and was not understood; `later` what came out
    after the last release that is wanted.
    """

    editions: tuple[Edition, ...]
    next_expected: str | None = None
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


class SkippedError(Exception):
    """The publication cannot be asked for here, and that is no fault: why, in a sentence."""


@dataclass
class Web:
    """The session as one publication may use it: its hosts, its limits, what it was told before."""

    session: Session
    origins: frozenset[Origin]
    limits: content.Limits
    memory: FetchState
    # Where it is wanted, each JSON document that came, by its address.
    seen: dict[str, object] | None = None

    def json(self, url: str, query: Query | None = None, *, remember: bool = True) -> object:
        """A JSON document, asked for on condition that it changed since it was last told.

        Raises
        ------
        PublisherError
            It cannot be had.
        """
        asked = with_query(url, query)
        cached = self.memory.cached(asked) if remember else None
        sink = io.BytesIO()
        answer = self.session.get(
            asked,
            sink,
            allowed=self.origins,
            limit=_MOST_JSON,
            headers={"Accept": "application/json", **(cached.conditions if cached else {})},
            check=_see_json,
        )
        if answer.not_modified and cached is not None:
            return cached.document
        document = content.read_json(sink)
        if self.seen is not None:
            self.seen[asked] = document
        if remember:
            self.memory.keep(asked, answer.etag, answer.last_modified, document)
        return document

    def file(
        self,
        url: str,
        path: Path,
        *,
        conditions: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        check: Callable[[BinaryIO], None] | None = None,
        encoded: bool = False,
    ) -> Answer:
        """A file's bytes, at `path`, no longer than the publication's limit.

        Raises
        ------
        PublisherError
            It cannot be had, or is not what it should be; nothing is left at `path` then.
        """

        def checked(sink: BinaryIO) -> None:
            try:
                if check is not None:
                    check(sink)
            except PublisherError as error:
                raise PublisherError(f"{url}: {error}") from error

        with new_file(path) as sink:
            answer = self.session.get(
                url,
                sink,
                allowed=self.origins,
                limit=self.limits.size,
                headers={**(headers or {}), **(conditions or {})},
                body=body,
                encoded=encoded,
                check=checked if check is not None else None,
            )
        if answer.not_modified:
            path.unlink(missing_ok=True)
        return answer


class Platform:
    """One publication on its platform. Subclasses say where to ask and what the answers mean."""

    def __init__(
        self, publication: Publication, web: Web, address: str, held: Sequence[Release] = ()
    ) -> None:
        self.publication = publication
        self.web = web
        self.address = address
        self.held = held

    def releases(self) -> Listing:
        """Every release that the publisher offers.

        Raises
        ------
        PublisherError
            It does not answer, or not with what it should.
        SkippedError
            It cannot be asked for here.
        """
        raise NotImplementedError

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """A file's bytes at `path`, checked, and the name that it is kept under.

        Raises
        ------
        PublisherError
            It cannot be had, or is not what it should be.
        """
        name = offer.name or "file"
        answer = self.web.file(
            offer.url,
            path,
            conditions=conditions,
            check=lambda sink: content.check(name, sink, self.web.limits),
            encoded=name.endswith(".gz"),
        )
        if not answer.not_modified:
            self.see_size(offer, answer)
        return answer, name

    def dated(self, edition: Edition) -> Edition:
        """An edition that is not held, with what its publisher says of its first day."""
        return edition

    def lacking(self, offer: Offer, names: Iterable[str]) -> list[Offer]:
        """The files of use that an offer to unpack should have and has not, to be asked for alone.

        `names` are those that it has.
        """
        return []

    @staticmethod
    def see_size(offer: Offer, answer: Answer) -> None:
        """See that a file is as long as its listing says, where it says so."""
        if offer.bytes is not None and offer.bytes != answer.bytes:
            raise PublisherError(
                f"{offer.url}: it has {answer.bytes:,} bytes, and is listed with {offer.bytes:,}"
            )
        if offer.sha256 is not None and offer.sha256 != answer.sha256:
            raise PublisherError(f"{offer.url}: its hash is not the one that it is listed with")

    def asked(self, *parts: str) -> str:
        """An address under the platform's own."""
        return "/".join([self.address, *(quote(part, safe="/-._~") for part in parts)])

    def understood(self, model: type[_Model], document: object, url: str) -> _Model:
        """A document as the platform documents it.

        Raises
        ------
        PublisherError
            It is not so: which field, and how.
        """
        try:
            return model.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise PublisherError(
                f"{url}: its answer is not as documented: {where}: {first['msg']}"
            ) from error

    def reads(self, name: str) -> bool:
        """Whether the publication's contract names a file, to be read or to be kept unread."""
        return bool(self.publication.file_for(name)) or self.publication.is_unread(name)


def _see_json(sink: BinaryIO) -> None:
    try:
        content.read_json(sink)
    except PublisherError as error:
        # Cut short, more often than not.
        raise IncompleteError(str(error)) from error


def upstream_of(release: Release) -> str | None:
    """The token that a release was fetched as; None of one that came by an archive."""
    return (release.model_extra or {}).get("upstream")


def with_query(url: str, query: Query | None) -> str:
    """An address with its question, in the order given."""
    return f"{url}?{urlencode(query, safe=',:/|*')}" if query else url


def joined(base: str, link: str) -> str:
    """A link as a page means it."""
    return urljoin(base, link)


def day_of(header: str | None) -> date | None:
    """The day of an HTTP date."""
    if not header:
        return None
    try:
        return parsedate_to_datetime(header).date()
    except (TypeError, ValueError, OverflowError):
        return None


def day_from(text: str | None) -> date | None:
    """The day of an ISO time or date."""
    began = re.match(r"\d{4}-\d{2}-\d{2}", text or "")
    for candidate in (text, began and began.group()):
        with contextlib.suppress(ValueError):
            if candidate:
                return datetime.fromisoformat(candidate).date()
    return None


def as_file(answer: Answer, offer: Offer, name: str) -> PublishedFile:
    """A fetched file as `release.json` has it."""
    return PublishedFile(
        name=name,
        title=offer.title,
        bytes=answer.bytes,
        sha256=answer.sha256,
        url=offer.url,
        etag=answer.etag,
        last_modified=answer.last_modified,
    )

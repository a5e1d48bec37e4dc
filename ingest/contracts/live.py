"""How a publication is found on its publisher's platform: the `live:` block of its file.

Says what may be said there, platform by platform. What is done with it is for
`ingest.publishers`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)


def _host(name: str) -> str:
    if not re.fullmatch(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", name):
        raise ValueError(f"{name!r} is no host name in small letters")
    return name


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


def _path(path: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*", path) or ".." in path:
        raise ValueError(f"{path!r} is no path without a leading slash")
    return path


def _template(template: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9\-]|\{[a-z_]+\})+", template):
        raise ValueError(f"{template!r} is not made of letters, digits, dashes and {{names}}")
    return template


Host = Annotated[str, AfterValidator(_host)]
Pattern = Annotated[str, BeforeValidator(_pattern)]
UrlPath = Annotated[str, AfterValidator(_path)]
Template = Annotated[str, AfterValidator(_template)]


class _Block(BaseModel):
    """What every platform's block has.

    `hosts` are the only ones that a request for this publication, or a redirect of one, may go
    to. No file may be longer than `size_limit_mb`, nor a zip unpack to more than
    `unpacked_limit_mb`. `since` is the oldest release to bring home, by its day of publication;
    `until` the newest that holds a figure of ours, by the day that it is named after or came out
    on, and `ended` the sentence that says why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    hosts: tuple[Host, ...] = Field(min_length=1)
    size_limit_mb: int = Field(default=50, ge=1, le=2000)
    unpacked_limit_mb: int = Field(default=500, ge=1, le=4000)
    since: date | None = None
    until: date | None = None
    ended: str | None = None

    @model_validator(mode="after")
    def _end_has_its_reason(self) -> Self:
        if (self.until is None) != (self.ended is None):
            raise ValueError("`until` needs the sentence `ended`, and the other way round")
        return self


class Ees(_Block):
    """Explore Education Statistics: every release of a publication, by the content service."""

    platform: Literal["ees"]
    slug: UrlPath


class EesStatistics(_Block):
    """The public statistics API: one data set of a publication, by its title.

    `version` is what is pinned (`1.*`): a new major version is refused until somebody has looked.
    """

    platform: Literal["ees_statistics"]
    publication: UrlPath
    data_set: Pattern
    version: str = Field(default="1.*", pattern=r"^\d+\.\*$")


class GovUk(_Block):
    """GOV.UK: attachments of pages, chosen by title and by file name.

    `pages` are base paths. `documents` matches base paths that a page which is a collection lists;
    the attachments are theirs then, of the `newest_documents`. `attachment` is matched against an
    attachment's title, `file` against its file name; what either names are the parts of a date.
    `period` says what a release is of: a quarter or a day, as the title or the file's name tells in
    whatever words; a table of a year beside tables of quarters is none of them. Without it
    `release` puts the release's name together from the parts: `{year}-{month}-{day}`, months as
    two digits whether they were printed as words or not. Beside them there are `{next}`, the two
    last digits of the year after `{year}`; `{quarter_start}`, the month two before `{month}`; and
    `{first_published}`, the day on which the page was.
    """

    platform: Literal["govuk"]
    pages: tuple[UrlPath, ...] = Field(min_length=1)
    documents: Pattern | None = None
    newest_documents: int = Field(default=1, ge=1, le=50)
    attachment: Pattern = r"."
    file: Pattern = r"."
    period: Literal["quarter", "day"] | None = None
    release: Template | None = None

    @model_validator(mode="after")
    def _named_in_one_way(self) -> Self:
        if (self.period is None) == (self.release is None):
            raise ValueError("a release is named by its `period` or by `release`, one of the two")
        return self


class Fingertips(_Block):
    """OHID's Fingertips: one indicator. Area types are looked up, never written down."""

    platform: Literal["fingertips"]
    indicator: int = Field(ge=1)
    areas: Pattern = r"(?i)count(y|ies)\s*(&|and)\s*UAs?\b|upper tier local authorit"


class OnsIndicator(_Block):
    """ONS's Explore Local Statistics: one indicator's file.

    `label` is what the service calls it, to look for it by once its slug is gone. Where what the
    service says of the indicator matches `another`, it is another definition by now, `because` of
    what the sentence says, and is not taken.
    """

    platform: Literal["ons_indicator"]
    indicator: UrlPath
    file: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")
    label: str = ""
    another: Pattern | None = None
    because: str = ""


class OnsDataset(_Block):
    """A page of ons.gov.uk with files: a data set, by its path; its current version or editions.

    `file` is matched against the names of its downloads. Of two editions of one year the one whose
    address matches `prefer` is taken.
    """

    platform: Literal["ons_dataset"]
    page: UrlPath
    file: Pattern = r"."
    prefer: Pattern | None = None


class Nomis(_Block):
    """Nomis: one query of one data set, asked for page by page.

    `query` is what stands after the question mark, but for the paging.
    """

    platform: Literal["nomis"]
    dataset: str = Field(pattern=r"^NM_\d+_\d+$")
    query: dict[str, str]
    file: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")


class StatXplore(_Block):
    """DWP's Stat-Xplore: one table, its query as the web tool saves it."""

    platform: Literal["stat_xplore"]
    query: dict[str, object]
    file: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.json$")


class ArchiveAddress(_Block):
    """Somebody's archive in the layout of this project: a folder, an object store, or the web.

    An `https` address has an `index.json`, as `archive export` writes it. `hosts` matter to it
    alone.
    """

    platform: Literal["archive"]
    address: str = Field(min_length=1)


Live = Annotated[
    Ees
    | EesStatistics
    | GovUk
    | Fingertips
    | OnsIndicator
    | OnsDataset
    | Nomis
    | StatXplore
    | ArchiveAddress,
    Field(discriminator="platform"),
]

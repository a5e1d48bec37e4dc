"""What `release.json` says: a release of a publication, its files, and the order of vintages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)

RELEASE_FILE = "release.json"

VERDICT_FILE = "verdict.json"

DECISIONS_FILE = "decisions.json"

UPSTREAM_FILE = "upstream.json"


def _safe_name(name: str) -> str:
    """A name that stays inside its folder, whatever a publisher calls its file.

    Disks take names of 255 bytes; ours put a few before them.
    """
    if not re.fullmatch(r"[^\x00-\x1f\x7f/\\:]+", name) or name.startswith("."):
        raise ValueError(f"{name!r} is not a plain file or folder name")
    if len(name.encode()) > 200:
        raise ValueError(f"{name[:40]!r}… is longer than the 200 bytes a name may have")
    return name


def _not_ours(name: str) -> str:
    """A file's name that does not stand where the archive keeps what it knows of a release."""
    if name.lower() in (RELEASE_FILE, VERDICT_FILE, DECISIONS_FILE, UPSTREAM_FILE):
        raise ValueError(f"{name!r} is a name that the archive keeps for itself")
    return name


SafeName = Annotated[str, AfterValidator(_safe_name)]

FileName = Annotated[SafeName, AfterValidator(_not_ours)]


class PublishedFile(BaseModel):
    """One file of a release, as its publisher named it. `bytes` is its size."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: FileName
    title: str = ""
    bytes: int = Field(ge=0, lt=2**63)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


class Release(BaseModel):
    """`release.json`: one edition of a publication, in one version."""

    model_config = ConfigDict(frozen=True, extra="allow")

    publisher: SafeName
    publication: SafeName
    title: str
    release: SafeName
    version: int = Field(default=1, ge=1, lt=2**31)
    published: date = Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))
    published_precision: Literal["day", "month"] = "day"
    landing_page: str
    licence: str
    retrieved: datetime | None = None
    layout: str = "as published"
    note: str | None = None
    files: tuple[PublishedFile, ...] = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _named_once(cls, files: tuple[PublishedFile, ...]) -> tuple[PublishedFile, ...]:
        if len({file.name for file in files}) < len(files):
            raise ValueError("two files have one name")
        return files

    @property
    def folder(self) -> str:
        """Its folder in its publication's: `2024`, or `2024+2` for a second version."""
        return self.release if self.version == 1 else f"{self.release}+{self.version}"

    @property
    def path(self) -> str:
        """Its folder in the archive."""
        return f"{self.publisher}/{self.publication}/{self.folder}"

    def __str__(self) -> str:
        return f"{self.publication} {self.folder}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that its publisher lists, and could not give when it was fetched."""
        named = (self.model_extra or {}).get("missing", ())
        return tuple(map(str, named)) if isinstance(named, list | tuple) else ()

    @property
    def hashes(self) -> dict[str, str]:
        """Each file's hash by its name: what tells one version from another."""
        return {file.name: file.sha256 for file in self.files}


@dataclass(frozen=True)
class Problem:
    """Something in an archive that is not what it should be: where, and one sentence."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def in_order(releases: Iterable[Release]) -> list[Release]:
    """A publication's releases in the one order of vintages, oldest first.

    By the day on which a release first came out, then, of one release, by the day and the number
    of its version: never by the order of arrival. A release is as new as the first of its versions
    that anybody saw, so that one amended late does not pass for the newest. The warehouse has the
    same order (`vintage_order` in `dbt_project/macros/vintages.sql`).
    """
    listed = list(releases)
    first: dict[str, date] = {}
    for release in listed:
        first[release.release] = min(first.get(release.release, date.max), release.published)
    return sorted(listed, key=lambda r: (first[r.release], r.release, r.published, r.version))


def sha256_of(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()

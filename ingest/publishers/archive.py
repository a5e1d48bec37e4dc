"""Somebody's archive in this project's own layout: a folder, an object store, or the web.

For what has no platform of its own, and for a council that gets everything from another. Every
hash is checked on the way in, as for any archive.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import RootModel, ValidationError

from ingest.archive.release import RELEASE_FILE, Problem, Release, sha256_of
from ingest.archive.store import Archive
from ingest.contracts.live import ArchiveAddress
from ingest.errors import ArchiveError, PublisherError
from ingest.http.answers import Answer
from ingest.publishers.platform import ApiModel, Edition, Listing, Offer, Platform

INDEX_FILE = "index.json"


class _Indexed(ApiModel):
    path: str
    sha256: str


class _Index(RootModel[tuple[_Indexed, ...]]):
    pass


class ArchivePlatform(Platform):
    """A publication in another archive.

    On the web, `index.json` at its root lists each release's folder with the hash of its
    `release.json`, so that one request tells what is new. Elsewhere folders are looked through.
    """

    def releases(self) -> Listing:
        """One edition a release and version."""
        block = self.publication.live
        assert isinstance(block, ArchiveAddress)  # noqa: S101  # nosec B101
        if self.address.startswith(("http://", "https://")):
            return Listing(tuple(self._on_the_web()))
        try:
            source = Archive(self.address)
            found = list(source.releases(self.publication.publisher, self.publication.publication))
        except ArchiveError as error:
            raise PublisherError(f"{self.address}: {error}") from error
        problems = [release for release in found if isinstance(release, Problem)]
        if problems:
            raise PublisherError(f"{self.address}: {problems[0]}")
        releases = [release for release in found if isinstance(release, Release)]
        if not releases:
            raise PublisherError(f"{self.address}: it holds no release of the publication")
        return Listing(tuple(self._edition(r, f"{self.address}/{r.path}") for r in releases))

    def _on_the_web(self) -> list[Edition]:
        url = f"{self.address}/{INDEX_FILE}"
        index = self.understood(_Index, self.web.json(url), url)
        prefix = f"{self.publication.publisher}/{self.publication.publication}/"
        mine = [entry for entry in index.root if entry.path.startswith(prefix)]
        if not mine:
            raise PublisherError(f"{url}: it lists no release of the publication")
        editions = []
        for entry in mine:
            where = f"{self.address}/{entry.path}"
            # The index has its hash: what was told before and has it need not be asked for.
            document = self.web.memory.document(f"{where}/{RELEASE_FILE}")
            if sha256_of(canonical(document)) != entry.sha256:
                document = self.web.json(f"{where}/{RELEASE_FILE}")
            if sha256_of(canonical(document)) != entry.sha256:
                raise PublisherError(
                    f"{where}/{RELEASE_FILE}: its hash is not the one in the index"
                )
            try:
                release = Release.model_validate(document)
            except ValidationError as error:
                raise PublisherError(
                    f"{where}/{RELEASE_FILE}: it is not valid: {error.errors()[0]['msg']}"
                ) from error
            if release.path != entry.path:
                raise PublisherError(f"{where}/{RELEASE_FILE}: it says it is {release.path}")
            editions.append(self._edition(release, where))
        return editions

    @staticmethod
    def _edition(release: Release, where: str) -> Edition:
        return Edition(
            release=release.folder,
            token=" ".join(f"{name} {digest}" for name, digest in sorted(release.hashes.items())),
            published=release.published,
            precision=release.published_precision,
            landing_page=release.landing_page,
            title=release.title,
            note=release.note,
            as_released=release,
            offers=tuple(
                Offer(f"{where}/{file.name}", file.name, file.title, file.bytes, file.sha256)
                for file in release.files
            ),
        )

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """A file's bytes, held to the length and hash that `release.json` says."""
        if self.address.startswith(("http://", "https://")):
            return super().fetch(offer, path, conditions)
        if (offer.bytes or 0) > self.web.limits.size:
            raise PublisherError(
                f"{offer.url}: it has more than the {self.web.limits.size:,} bytes it may"
            )
        source = Archive(self.address)
        where = f"{source.root}/{offer.url.removeprefix(self.address).lstrip('/')}"
        try:
            with source.fs.open(where, "rb") as there, path.open("wb") as here:
                shutil.copyfileobj(there, here)
        except OSError as error:
            raise PublisherError(
                f"{offer.url}: it cannot be read: {error.strerror or error}"
            ) from error
        data = path.read_bytes()
        answer = Answer(offer.url, 200, {}, len(data), sha256_of(data))
        self.see_size(offer, answer)
        return answer, offer.name or path.name


def canonical(document: object) -> bytes:
    """A JSON document in the one form that its hash in an index is taken of."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

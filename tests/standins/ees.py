"""Explore Education Statistics: the content service and the public statistics API."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from email.utils import format_datetime
from typing import Any

from standins.server import Reply, Request, etag_of, pages
from standins.shelf import Shelf, Volume

_SPACE = uuid.UUID("6f4b3f0a-0000-4000-8000-000000000000")


def id_of(*parts: object) -> str:
    return str(uuid.uuid5(_SPACE, " ".join(map(str, parts))))


def as_json(document: Any, kind: Any = "listing") -> Reply:
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "ETag": etag_of(body)}
    return Reply(body, 200, headers, kind)


NOT_FOUND = 404


def missing(status: int = NOT_FOUND) -> Reply:
    body = json.dumps({"title": "Not Found", "type": "Not Found", "status": status}).encode()
    return Reply(body, status, {"Content-Type": "application/problem+json"})


def zip_of(files: dict[str, bytes]) -> bytes:
    """A release's zip: data, and the guidance beside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, body in files.items():
            folder = "data-guidance" if name == "data-guidance.txt" else "data"
            whole.writestr(zipfile.ZipInfo(f"{folder}/{name}", (2024, 1, 1, 0, 0, 0)), body)
    return packed.getvalue()


class Ees:
    """The content service. `next_dates` is each publication's next release, as its parts."""

    prefix = "api"

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.next_dates: dict[str, dict[str, str]] = {}
        self.unlisted: set[str] = set()
        self._packed: dict[tuple[str, str, int, int], bytes] = {}

    def answer(self, request: Request, base: str) -> Reply:
        match request.path.split("/"):
            case ["api", "publications", slug]:
                return self._publication(slug)
            case ["api", "publications", slug, "release-entries"]:
                return self._entries(slug, request)
            case ["api", "publications", slug, "releases", release, "version-summary"]:
                return self._summary(slug, release)
            case ["api", "releases", version, "files"]:
                return self._files(version)
        return missing()

    def _volumes(self, slug: str) -> list[Volume]:
        return [v for v in self.shelf.publications[slug] if v.release not in self.unlisted]

    def _publication(self, slug: str) -> Reply:
        if slug not in self.shelf.publications:
            return missing()
        newest = self.shelf.newest(slug)
        return as_json(
            {
                "id": id_of(slug),
                "slug": slug,
                "title": newest.title,
                "summary": "",
                "latestRelease": {"id": id_of(slug, newest.release), "slug": newest.release},
                "nextReleaseDate": self.next_dates.get(slug),
                "supersededByPublication": None,
            }
        )

    def _entries(self, slug: str, request: Request) -> Reply:
        if slug not in self.shelf.publications:
            return missing()
        volumes = self._volumes(slug)[::-1]
        entries: list[dict[str, Any]] = [
            {
                "releaseId": id_of(slug, v.release),
                "isLatestRelease": v is volumes[0],
                "label": None,
                "lastUpdated": v.changed.isoformat().replace("+00:00", "Z"),
                "published": v.changed.replace(minute=30).isoformat().replace("+00:00", "Z"),
                "slug": v.release,
                "title": v.title,
                "coverageTitle": "Reporting year",
                "yearTitle": v.release,
            }
            for v in volumes
        ]
        # Releases from before the service are links.
        entries.append({"title": "Before the service", "url": "https://www.gov.uk/government"})
        found, paging = pages(entries, request, 10)
        return as_json({"paging": paging, "results": found})

    def _summary(self, slug: str, release: str) -> Reply:
        for volume in self._volumes(slug):
            if volume.release == release:
                return as_json(
                    {
                        "id": id_of(slug, release, "version", volume.amended),
                        "releaseId": id_of(slug, release),
                        "isLatestRelease": True,
                        "lastUpdated": volume.changed.isoformat(),
                        "published": volume.changed.isoformat(),
                        "slug": release,
                        "title": volume.title,
                        "updateCount": volume.amended,
                    }
                )
        return missing()

    def _files(self, version: str) -> Reply:
        for slug in self.shelf.publications:
            for volume in self._volumes(slug):
                if id_of(slug, volume.release, "version", volume.amended) == version:
                    key = (slug, volume.release, volume.amended, len(volume.files))
                    body = self._packed.setdefault(key, zip_of(volume.files))
                    headers = {
                        "Content-Type": "application/octet-stream",
                        "Last-Modified": format_datetime(volume.changed, usegmt=True),
                        "Content-Disposition": f'attachment; filename="{slug}.zip"',
                    }
                    return Reply(body, 200, headers, "file")
        return missing()


class EesStatistics:
    """The public statistics API: one data set a publication, a version an amendment."""

    prefix = "statistics/v1"

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.major = 1

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.path.split("/")
        if parts[:2] != ["statistics", "v1"]:
            return missing()
        match parts[2:]:
            case ["publications"]:
                return self._publications(request)
            case ["publications", found, "data-sets"]:
                return self._data_sets(found, request)
            case ["data-sets", data_set, "versions"]:
                return self._versions(data_set, request)
            case ["data-sets", data_set, "versions", version, "changes"]:
                return self._changes(data_set, version)
            case ["data-sets", data_set, "csv"]:
                return self._csv(data_set, request)
        return missing()

    def _publications(self, request: Request) -> Reply:
        if len(request.query.get("search", "abc")) < 3:
            return missing(400)
        listed = [
            {"id": id_of(slug), "title": slug, "slug": slug, "summary": "", "lastPublished": ""}
            for slug in self.shelf.publications
        ]
        found, paging = pages(listed, request, 20)
        return as_json({"paging": paging, "results": found})

    def _slug(self, data_set: str) -> str | None:
        return next((s for s in self.shelf.publications if id_of(s, "data set") == data_set), None)

    def _data_sets(self, publication: str, request: Request) -> Reply:
        listed = [
            {
                "id": id_of(slug, "data set"),
                "title": self.shelf.newest(slug).title,
                "summary": "",
                "status": "Published",
                "supersedingDataSetId": None,
            }
            for slug in self.shelf.publications
            if id_of(slug) == publication
        ]
        found, paging = pages(listed, request, 10)
        return as_json({"paging": paging, "results": found})

    def _all(self, slug: str) -> list[tuple[str, Volume]]:
        return [
            (f"{self.major}.{10 * n + volume.amended}", volume)
            for n, volume in enumerate(self.shelf.publications[slug])
        ]

    def _versions(self, data_set: str, request: Request) -> Reply:
        slug = self._slug(data_set)
        if slug is None:
            return missing()
        listed = [
            {
                "version": version,
                "type": "Minor",
                "status": "Withdrawn" if volume.withdrawn else "Published",
                "withdrawn": volume.changed.isoformat() if volume.withdrawn else None,
                "published": volume.changed.isoformat(),
                "notes": volume.withdrawn or "",
                "release": {"title": volume.title, "slug": volume.release},
                "totalResults": 3,
                "file": {"id": id_of(slug, version)},
            }
            for version, volume in reversed(self._all(slug))
        ]
        found, paging = pages(listed, request, 10)
        return as_json({"paging": paging, "results": found})

    def _changes(self, data_set: str, version: str) -> Reply:
        slug = self._slug(data_set)
        if slug is None or version not in dict(self._all(slug)):
            return missing()
        return as_json(
            {
                "versionNumber": version,
                "notes": "",
                "majorChanges": {},
                "minorChanges": {"timePeriods": [{"currentState": None, "previousState": None}]},
                "patchHistory": [],
            }
        )

    def _csv(self, data_set: str, request: Request) -> Reply:
        import gzip

        slug = self._slug(data_set)
        volume = dict(self._all(slug)).get(request.query["dataSetVersion"]) if slug else None
        if volume is None:
            return missing()
        headers = {
            "Content-Type": "text/csv",
            "Content-Encoding": "gzip",
            "X-Robots-Tag": "noindex",
            "Last-Modified": format_datetime(volume.changed, usegmt=True),
        }
        (body,) = volume.files.values()
        return Reply(gzip.compress(body, mtime=0), 200, headers, "file")

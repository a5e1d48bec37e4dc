"""Explore Education Statistics: the content service and the public statistics API."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from standins.server import Reply, Request, etag_of, pages
from standins.shelf import Shelf, Volume

_SPACE = uuid.UUID("6f4b3f0a-0000-4000-8000-000000000000")


def id_of(*parts: object) -> str:
    return str(uuid.uuid5(_SPACE, " ".join(map(str, parts))))


def as_json(document: Any, kind: Any = "listing", status: int = 200) -> Reply:
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "ETag": etag_of(body)}
    return Reply(body, status, headers, kind)


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
    """The content service, as its source has it (dfe-analytical-services, July 2026).

    `next_dates` is each publication's next release, as whole numbers as far as it is known.
    `renamed` is what a slug was changed to, `labels` by what slug a release goes by now, by its
    first. `unreadable` are files that the service lists and cannot read: it leaves them out of a
    zip that closes properly. `displayed` is the day that a team displays for a release,
    `superseded` which publication goes on with one.
    """

    prefix = "api"

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.next_dates: dict[str, dict[str, int]] = {}
        self.unlisted: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.unreadable: set[str] = set()
        self.displayed: dict[str, datetime] = {}
        self.superseded: dict[str, str] = {}
        self._packed: dict[tuple[object, ...], bytes] = {}

    def answer(self, request: Request, base: str) -> Reply:
        match request.path.split("/"):
            case ["api", "redirects"]:
                return self._redirects()
            case ["api", "data-set-files"]:
                return self._data_set_files(request)
            case ["api", "publications", slug]:
                return self._publication(slug)
            case ["api", "publications", slug, "release-entries"]:
                return self._entries(slug, request)
            case ["api", "publications", slug, "releases", release, "version-summary"]:
                return self._summary(slug, release)
            case ["api", "publications", slug, "releases", release, "updates"]:
                return self._updates(slug, release, request)
            case ["api", "releases", version, "files"]:
                return self._files(version)
            case ["api", "releases", version, "files", file]:
                return self._file(version, file)
        return missing()

    def _id(self, slug: str) -> str | None:
        """The publication by the slug that it has now: by an old one there is nothing (404)."""
        if slug in self.renamed or slug not in {*self.shelf.publications, *self.renamed.values()}:
            return None
        return next((before for before, now in self.renamed.items() if now == slug), slug)

    def _redirects(self) -> Reply:
        by_publication = {}
        for publication, volumes in self.shelf.publications.items():
            moved = [
                {"fromSlug": v.release, "toSlug": self.labels[v.release]}
                for v in volumes
                if v.release in self.labels
            ]
            if moved:
                by_publication[self.renamed.get(publication, publication)] = moved
        return as_json(
            {
                "publicationRedirects": [
                    {"fromSlug": before, "toSlug": now} for before, now in self.renamed.items()
                ],
                "methodologyRedirects": [],
                "releaseRedirectsByPublicationSlug": by_publication,
            }
        )

    def _volumes(self, publication: str) -> list[Volume]:
        return [v for v in self.shelf.publications[publication] if v.release not in self.unlisted]

    def _publication(self, slug: str) -> Reply:
        publication = self._id(slug)
        if publication is None:
            return missing()
        newest = self.shelf.newest(publication)
        about: dict[str, Any] = {
            "id": id_of(publication),
            "slug": slug,
            "title": newest.title,
            "summary": "",
            "contact": {"teamName": "", "teamEmail": "", "contactName": ""},
            "latestRelease": {
                "id": id_of(publication, newest.release),
                "slug": self.labels.get(newest.release, newest.release),
                "title": newest.title,
            },
            "theme": {"id": id_of("theme"), "title": ""},
        }
        # Nulls are left out.
        if publication in self.superseded:
            by = self.superseded[publication]
            about["supersededByPublication"] = {"id": id_of(by), "slug": by, "title": by}
        if publication in self.next_dates:
            about["nextReleaseDate"] = self.next_dates[publication]
        return as_json(about)

    def _entries(self, slug: str, request: Request) -> Reply:
        publication = self._id(slug)
        if publication is None:
            return missing()
        if ("page" in request.query) != ("pageSize" in request.query):
            return missing(400)
        if int(request.query.get("pageSize", 1)) > 100:
            return missing(400)
        volumes = self._volumes(publication)[::-1]
        entries: list[dict[str, Any]] = [
            {
                "releaseId": id_of(publication, v.release),
                "isLatestRelease": v is volumes[0],
                "lastUpdated": _time(v.changed),
                "published": _time(self.displayed.get(v.release, v.first)),
                "slug": self.labels.get(v.release, v.release),
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

    def _volume(self, slug: str, release: str) -> tuple[str, Volume] | None:
        publication = self._id(slug)
        for volume in self._volumes(publication) if publication else []:
            if self.labels.get(volume.release, volume.release) == release:
                return str(publication), volume
        return None

    def _summary(self, slug: str, release: str) -> Reply:
        found = self._volume(slug, release)
        if found is None:
            return missing()
        publication, volume = found
        return as_json(
            {
                "id": id_of(publication, volume.release, "version", volume.amended),
                "releaseId": id_of(publication, volume.release),
                "isLatestRelease": True,
                "lastUpdated": _time(volume.changed),
                "published": _time(self.displayed.get(volume.release, volume.first)),
                "publishingOrganisations": [],
                "slug": release,
                "title": volume.title,
                "coverageTitle": "Reporting year",
                "yearTitle": volume.release,
                "type": "AccreditedOfficialStatistics",
                # The first publication is one of them.
                "updateCount": volume.amended + 1,
                "publication": {"id": id_of(publication), "slug": slug, "title": volume.title},
            }
        )

    def _updates(self, slug: str, release: str, request: Request) -> Reply:
        found = self._volume(slug, release)
        if found is None:
            return missing()
        _, volume = found
        updates = [{"date": _time(volume.first), "summary": "First published"}]
        if volume.amended:
            updates.insert(0, {"date": _time(volume.changed), "summary": "Figures corrected"})
        results, paging = pages(updates, request, 10)
        return as_json({"paging": paging, "results": results})

    def _of_version(self, version: str) -> tuple[str, Volume] | None:
        for publication in self.shelf.publications:
            for volume in self._volumes(publication):
                if id_of(publication, volume.release, "version", volume.amended) == version:
                    return publication, volume
        return None

    def _data_set_files(self, request: Request) -> Reply:
        if int(request.query.get("pageSize", 10)) > 40:
            return missing(400)
        found = self._of_version(request.query.get("releaseId", ""))
        if found is None:
            return as_json({"paging": next(iter([*pages([], request, 10)][1:])), "results": []})
        publication, volume = found
        newest = self.shelf.newest(publication)
        listed = [
            {
                "id": id_of(publication, name),
                "fileId": id_of(publication, volume.release, volume.amended, name),
                "filename": name,
                "fileSize": f"{len(body)} B",
                "fileExtension": name.rpartition(".")[2],
                "title": volume.titles.get(name, name),
                "latestData": volume is newest,
                "isSuperseded": False,
                "published": _time(self.displayed.get(volume.release, volume.first)),
                "lastUpdated": _time(volume.changed),
            }
            for name, body in sorted(volume.files.items())
            if name.endswith(".csv")
            # The publication's newest release alone, unless more is asked for.
            and (volume is newest or request.query.get("latestOnly") == "false")
        ]
        results, paging = pages(listed, request, 10)
        return as_json({"paging": paging, "results": results})

    def _files(self, version: str) -> Reply:
        found = self._of_version(version)
        if found is None:
            return missing()
        publication, volume = found
        files = {n: b for n, b in volume.files.items() if n not in self.unreadable}
        key = (publication, volume.release, volume.amended, *sorted(files))
        body = self._packed.setdefault(key, zip_of(files))
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": "public, max-age=300",
            "Last-Modified": format_datetime(volume.changed, usegmt=True),
            "Content-Disposition": f'attachment; filename="{publication}_{volume.release}.zip"',
        }
        return Reply(body, 200, headers, "file")

    def _file(self, version: str, file: str) -> Reply:
        found = self._of_version(version)
        for name, body in found[1].files.items() if found else ():
            assert found is not None
            publication, volume = found
            if file == id_of(publication, volume.release, volume.amended, name):
                if name in self.unreadable:
                    return missing()
                headers = {"Content-Type": "text/csv", "ETag": etag_of(body)}
                return Reply(body, 200, headers, "file")
        return missing()


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


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

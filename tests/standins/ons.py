"""ONS: Explore Local Statistics and ons.gov.uk; Nomis; and DWP's Stat-Xplore."""

from __future__ import annotations

import csv
import io
import json
from email.utils import format_datetime

from standins.ees import as_json, missing
from standins.server import Reply, Request
from standins.shelf import Shelf


class OnsIndicators:
    """Explore Local Statistics, as its source has it (ONSdigital, June 2026).

    `dated` is whether it says when an indicator was modified; `about` is more of what it says of an
    indicator. It gives figures as its API does: `areacd,areanm,period,value`, with limits where the
    indicator has them, and no row without a figure. `others` are further indicators, by slug.
    """

    prefix = "explore-local-statistics/api/v1"

    def __init__(self, shelf: Shelf, *, dated: bool = True) -> None:
        self.shelf = shelf
        self.dated = dated
        self.about: dict[str, dict[str, object]] = {}
        self.others: dict[str, str] = {}

    def answer(self, request: Request, base: str) -> Reply:
        match request.path.removeprefix(self.prefix).strip("/").split("/"):
            case ["metadata", "indicators"]:
                listed = [self._metadata(slug) for slug in self.shelf.publications]
                listed += [{"slug": s, "label": label} for s, label in self.others.items()]
                return as_json(listed)
            case ["metadata", "indicators", slug] if slug in self.shelf.publications:
                return as_json(self._metadata(slug))
            case ["metadata", "indicators", slug]:
                return as_json({"message": f'Indicator "{slug}" not found.'}, status=404)
            case ["data.csv"]:
                if not set(request.query) <= {"indicator", "time", "again"}:
                    return missing(400)
                newest = self.shelf.newest(request.query["indicator"])
                (body,) = (b for n, b in newest.files.items() if n.endswith(".csv"))
                day = format_datetime(newest.changed, usegmt=True)
                headers = {"Last-Modified": day, "Content-Type": "text/csv"}
                return Reply(as_by_api(body), 200, headers, "file")
        return missing()

    def _metadata(self, slug: str) -> dict[str, object]:
        newest = self.shelf.newest(slug)
        about: dict[str, object] = {
            "label": newest.title,
            "topic": "economy",
            "slug": slug,
            "caveats": ["Figures may be revised."],
            "isMultivariate": False,
        }
        if self.dated:
            about |= {
                "dataModified": newest.changed.date().isoformat(),
                "metadataModified": newest.changed.date().isoformat(),
                "updated": newest.published.isoformat(),
            }
        return about | self.about.get(slug, {})


def as_by_api(body: bytes) -> bytes:
    """A file of the service's spreadsheets as its API gives it; anything else as it is.

    A spreadsheet may have several indicators, of which the API gives one: the first.
    """
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    indicator = next((name for name in rows[0] if name.lower() == "indicator"), "") if rows else ""
    rows = [row for row in rows if row.get(indicator) == rows[0].get(indicator)]
    named = {name.lower(): name for name in rows[0]} if rows else {}
    if not {"areacd", "areanm", "period"} <= set(named):
        return body
    value = next(named[n] for n in ("observation", "value") if n in named)
    limits = {
        "lci_95": named.get("lci_95") or named.get("lower confidence interval (95%)"),
        "uci_95": named.get("uci_95") or named.get("upper confidence interval (95%)"),
    }
    has_limits = {
        name: column
        for name, column in limits.items()
        if column and any((row[column] or "").strip() for row in rows)
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["areacd", "areanm", "period", "value", *has_limits])
    for row in rows:
        if (row[value] or "").strip():
            writer.writerow(
                [row[named[n]] for n in ("areacd", "areanm", "period")]
                + [row[value], *(row[column] for column in has_limits.values())]
            )
    # d3's: no line end after the last.
    return out.getvalue().rstrip("\n").encode()


class OnsDatasets:
    """ons.gov.uk: a landing page a publication, an edition a release."""

    prefix = ""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.next_release = "12 November 2026"

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.path.split("/")
        if request.path == "file":
            *_, publication, edition, name = request.query["uri"].split("/")
            for volume in self.shelf.publications.get(publication, []):
                if volume.release == edition and name in volume.files:
                    day = format_datetime(volume.changed, usegmt=True)
                    return Reply(volume.files[name], 200, {"Last-Modified": day}, "file")
            return missing()
        if parts[-1] != "data":
            return missing()
        *above, last = parts[:-1]
        if last in self.shelf.publications:
            return as_json(
                {
                    "type": "dataset_landing_page",
                    "uri": "/" + "/".join(parts[:-1]),
                    "description": {"title": last, "nextRelease": self.next_release},
                    "datasets": [
                        {"uri": "/" + "/".join([*above, last, volume.release])}
                        for volume in self.shelf.publications[last]
                    ],
                }
            )
        for volume in self.shelf.publications.get(above[-1] if above else "", []):
            if volume.release == last:
                return as_json(
                    {
                        "type": "dataset",
                        "uri": "/" + "/".join(parts[:-1]),
                        "description": {
                            "title": volume.title,
                            "edition": volume.release,
                            "releaseDate": f"{volume.published}T09:30:00.000Z",
                        },
                        # What it was before each correction.
                        "versions": [
                            {"uri": f"/previous/v{n + 1}", "updateDate": volume.changed.isoformat()}
                            for n in range(volume.amended)
                        ],
                        "downloads": [{"file": name} for name in volume.files],
                    }
                )
        return missing()


class Nomis:
    """Nomis: a query's rows page by page, `RECORD_COUNT` in each; guests get `most` a call."""

    prefix = "api/v01"

    def __init__(self, shelf: Shelf, most: int = 25_000) -> None:
        self.shelf = shelf
        self.most = most
        self.dataset = "NM_2002_1"

    def answer(self, request: Request, base: str) -> Reply:
        (publication,) = self.shelf.publications
        newest = self.shelf.newest(publication)
        match request.path.split("/")[2:]:
            case ["dataset", name] if name == f"{self.dataset}.overview.json":
                return as_json(
                    {
                        "overview": {
                            "name": newest.title,
                            "firstreleased": "2011-01-01T09:30:00Z",
                            "lastupdated": newest.changed.isoformat(),
                            "nextupdate": "2026-11-20T09:30:00Z",
                        }
                    }
                )
            case ["dataset", name] if name == f"{self.dataset}.data.csv":
                return Reply(self._page(request), 200, {"Content-Type": "text/csv"}, "file")
        return missing()

    def _page(self, request: Request) -> bytes:
        (publication,) = self.shelf.publications
        (body,) = (b for n, b in self.shelf.newest(publication).files.items() if n.endswith(".csv"))
        header, *rows = csv.reader(io.StringIO(body.decode()))
        start = int(request.query.get("recordoffset", 0))
        page = rows[start : start + min(self.most, int(request.query.get("recordlimit", 10**6)))]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([*header, "RECORD_OFFSET", "RECORD_COUNT"])
        writer.writerows([*row, start + n, len(rows)] for n, row in enumerate(page))
        return out.getvalue().encode()


class StatXplore:
    """Stat-Xplore: a table for a query, to those who have the key."""

    prefix = "webapi/rest/v1"

    def __init__(self, shelf: Shelf, key: str = "a-key") -> None:
        self.shelf = shelf
        self.key = key

    def answer(self, request: Request, base: str) -> Reply:
        if request.headers.get("apikey") != self.key:
            return Reply(b'{"status":"ERROR"}', 403, {"Content-Type": "application/json"}, "file")
        if request.path == f"{self.prefix}/table" and request.method == "POST":
            if "database" not in json.loads(request.body):
                return Reply(b"{}", 422, {}, "file")
            (publication,) = self.shelf.publications
            (body,) = (
                b for n, b in self.shelf.newest(publication).files.items() if n.endswith(".json")
            )
            return Reply(body, 200, {"Content-Type": "application/json"}, "file")
        return missing()

"""An archive on the web: its files, and the index that lists its releases."""

from __future__ import annotations

import hashlib
import json

from standins.ees import as_json, missing
from standins.server import Reply, Request
from standins.shelf import Shelf, Volume


class WebArchive:
    """One publisher's shelf in the archive's layout; an amendment is a second version."""

    prefix = ""

    def __init__(self, shelf: Shelf, publisher: str) -> None:
        self.shelf = shelf
        self.publisher = publisher
        self.same_version = False

    def _document(self, publication: str, volume: Volume) -> dict[str, object]:
        return {
            "publisher": self.publisher,
            "publication": publication,
            "title": volume.title,
            "release": volume.release,
            "version": 1,
            "published": volume.published.isoformat(),
            "published_precision": "day",
            "landing_page": "https://example.org",
            "licence": "Open Government Licence v3.0",
            "files": volume.listed(volume.files),
        }

    def answer(self, request: Request, base: str) -> Reply:
        if request.path == "index.json":
            return as_json(
                [
                    {
                        "path": f"{self.publisher}/{publication}/{volume.release}",
                        "sha256": hashlib.sha256(
                            json.dumps(
                                self._document(publication, volume),
                                sort_keys=True,
                                ensure_ascii=False,
                                separators=(",", ":"),
                            ).encode()
                        ).hexdigest(),
                    }
                    for publication, volumes in self.shelf.publications.items()
                    for volume in volumes
                ]
            )
        match request.path.split("/"):
            case [self.publisher, publication, release, name]:
                for volume in self.shelf.publications.get(publication, []):
                    if volume.release == release and name == "release.json":
                        return as_json(self._document(publication, volume))
                    if volume.release == release and name in volume.files:
                        return Reply(volume.files[name], 200, {}, "file")
        return missing()

"""GOV.UK: the content API and the host of its assets, as one server."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from typing import Any

from standins.ees import as_json, missing
from standins.server import Reply, Request
from standins.shelf import Shelf, Volume


class GovUk:
    """A page a publication, an attachment a file; `in_body` has the links in the page's text.

    `moved` is where a page went, `schema_redirect` whether that is told by an item or by HTTP.
    """

    prefix = ""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.in_body = False
        self.moved: dict[str, str] = {}
        self.schema_redirect = False
        self.gone: set[str] = set()
        self.beside: list[dict[str, Any]] = []
        # Which releases of which publication a page has, where its path does not say.
        self.pages: dict[str, tuple[str, list[str]]] = {}
        self.collections: dict[str, list[str]] = {}
        # When a page was last touched, where that is not when its release was.
        self.touched: dict[str, str] = {}

    @staticmethod
    def asset(volume: Volume, name: str) -> str:
        """Where a file stands: another place for each upload."""
        seed = f"{volume.release} {name} {volume.amended}".encode()
        return f"media/{hashlib.sha256(seed).hexdigest()[:24]}/{name}"

    def answer(self, request: Request, base: str) -> Reply:
        path = request.path
        if path.startswith("api/content/"):
            return self._page(path.removeprefix("api/content/"), base)
        for volumes in self.shelf.publications.values():
            for volume in volumes:
                for name, body in volume.files.items():
                    if path == self.asset(volume, name):
                        day = format_datetime(volume.changed, usegmt=True)
                        return Reply(body, 200, {"Last-Modified": day}, "file")
        return missing()

    def _linked(self, page: str) -> dict[str, Any]:
        """A link as it is expanded: what was withdrawn stands there too, and says so."""
        publication, (release,) = self.pages[page]
        volume = next(v for v in self.shelf.publications[publication] if v.release == release)
        touched = self.touched.get(page, volume.changed.isoformat())
        return {
            "base_path": f"/{page}",
            "title": volume.title,
            "public_updated_at": touched,
            "document_type": "official_statistics",
            "withdrawn": volume.withdrawn is not None,
            "locale": "en",
        }

    def _page(self, path: str, base: str) -> Reply:
        if path in self.gone:
            reply = as_json(
                {
                    "base_path": f"/{path}",
                    "schema_name": "gone",
                    "document_type": "gone",
                    "title": None,
                    "details": {"explanation": "", "alternative_path": ""},
                    "links": {},
                }
            )
            return Reply(reply.body, 410, {"Content-Type": "application/json"})
        if path in self.moved:
            to = self.moved[path]
            if not self.schema_redirect:
                return Reply(b"", 303, {"Location": f"/api/content/{to}"})
            return as_json(
                {
                    "base_path": f"/{path}",
                    "content_id": None,
                    "document_type": "redirect",
                    "first_published_at": "2017-10-20T09:21:02.000+00:00",
                    "locale": "en",
                    "phase": "live",
                    "public_updated_at": "2017-10-20T09:21:02.000+00:00",
                    "schema_name": "redirect",
                    "title": None,
                    "description": None,
                    "withdrawn_notice": {},
                    "details": {},
                    "links": {},
                    "redirects": [
                        {
                            "path": f"/{path}/prefix",
                            "type": "prefix",
                            "destination": "/somewhere-else",
                            "segments_mode": "preserve",
                        },
                        {"path": f"/{path}", "type": "exact", "destination": f"/{to}?a=b#c"},
                    ],
                }
            )
        if path in self.collections:
            return as_json(
                {
                    "base_path": f"/{path}",
                    "schema_name": "document_collection",
                    "title": "A collection",
                    "details": {"body": ""},
                    "links": {"documents": [self._linked(page) for page in self.collections[path]]},
                }
            )
        publication, only = self.pages.get(path, (path.rsplit("/", 1)[-1], []))
        volumes = [
            volume
            for volume in self.shelf.publications.get(publication, [])
            if not only or volume.release in only
        ]
        if not volumes:
            return missing()
        attachments = [
            {
                "attachment_type": "file",
                "content_type": "application/octet-stream",
                "file_size": len(body),
                "filename": name,
                "id": name,
                "title": volume.titles[name],
                "url": f"{base}/{self.asset(volume, name)}",
                "accessible": False,
            }
            for volume in volumes
            for name, body in volume.files.items()
        ] + self.beside
        withdrawn = next((v.withdrawn for v in volumes if v.withdrawn), None)
        details: dict[str, Any] = {"change_history": []}
        if self.in_body:
            links = "".join(f'<p><a href="{a["url"]}">{a["title"]}</a></p>' for a in attachments)
            details["body"] = f'<div class="govspeak">{links}<a href="/help">Help</a></div>'
        else:
            details |= {"body": "", "attachments": attachments}
        return as_json(
            {
                "base_path": f"/{path}",
                "content_id": "0",
                "document_type": "statistical_data_set",
                "schema_name": "statistical_data_set",
                "title": volumes[-1].title,
                "locale": "en",
                "first_published_at": f"{volumes[-1].published}T09:30:00Z",
                "public_updated_at": volumes[-1].changed.isoformat(),
                "withdrawn_notice": {
                    "explanation": f"<p>{withdrawn}</p>",
                    "withdrawn_at": "2026-01-05T09:30:00Z",
                }
                if withdrawn
                else {},
                "details": details,
                "links": {},
            }
        )

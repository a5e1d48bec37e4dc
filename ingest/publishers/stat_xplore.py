"""DWP's Stat-Xplore: one table, asked for by the query that its web tool saves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ingest.contracts.live import StatXplore
from ingest.errors import PublisherError
from ingest.http.answers import Answer
from ingest.publishers import content
from ingest.publishers.platform import Edition, Listing, Offer, Platform, SkippedError
from ingest.publishers.settings import STAT_XPLORE_KEY


class StatXplorePlatform(Platform):
    """A table (`facts/fingertips-ons-dwp-mhclg.md` 9).

    Needs a key, from a free account, in the environment; without one the publication is passed
    over with a sentence, and what ONS republishes of it serves. The service says nothing of
    publication days: a table is dated by the day on which it was first seen so.
    """

    key: str | None = None

    def releases(self) -> Listing:
        """The one edition that the service has, its content told by its bytes alone."""
        block = self.publication.live
        assert isinstance(block, StatXplore)  # noqa: S101  # nosec B101
        if not self.key:
            raise SkippedError(
                f"no key for Stat-Xplore in {STAT_XPLORE_KEY}; ONS's copy of the figures serves"
            )
        return Listing(
            (
                Edition(
                    release=None,
                    token=None,
                    published=None,
                    landing_page=self.publication.landing_page,
                    offers=(Offer(self.asked("table"), block.file, self.publication.title),),
                    note="dated by the day on which it was first seen: Stat-Xplore gives none",
                ),
            )
        )

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """The table as JSON: label arrays, and a cube joined to them by position."""
        block = self.publication.live
        assert isinstance(block, StatXplore)  # noqa: S101  # nosec B101
        body = json.dumps(block.query, sort_keys=True).encode()
        answer = self.web.file(
            offer.url,
            path,
            body=body,
            headers={"APIKey": self.key or "", "Content-Type": "application/json"},
            check=self._check,
        )
        return answer, content.safe_name(offer.name or "table.json")

    def _check(self, sink: BinaryIO) -> None:
        content.check("table.json", sink, self.web.limits)
        document = content.read_json(sink)
        if (
            not isinstance(document, dict)
            or not isinstance(cubes := document.get("cubes"), dict)
            or not isinstance(fields := document.get("fields"), list)
            or not (cubes and fields and all(isinstance(field, dict) for field in fields))
        ):
            raise PublisherError("its answer is not as documented: a table has fields and cubes")
        sizes = [len(_listed(field.get("items"))) for field in fields]
        for name, cube in cubes.items():
            found = _shape(cube.get("values") if isinstance(cube, dict) else None)
            if found != sizes:
                raise PublisherError(
                    f"its cube {re.sub('[^A-Za-z0-9_:]', '', name)} has the shape {found}, and its"
                    f" labels {sizes}"
                )


def _listed(items: object) -> list[object]:
    return items if isinstance(items, list) else []


def _shape(values: object) -> list[int]:
    """How long each level of a nest of lists is, by its first."""
    shape = []
    while isinstance(values, list):
        shape.append(len(values))
        values = values[0] if values else None
    return shape

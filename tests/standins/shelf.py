"""What a stand-in serves: releases of publications, each some named files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any


@dataclass
class Volume:
    """A release as its publisher has it now. `amended` counts its amendments, `amended_on` is the
    day of the last; without it they are a minute apart.
    """

    release: str
    published: date
    files: dict[str, bytes]
    title: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    amended: int = 0
    withdrawn: str | None = None
    amended_on: date | None = None

    def listed(self, files: Mapping[str, bytes]) -> list[dict[str, object]]:
        """What a release.json says of files of it."""
        return [
            {
                "name": name,
                "title": self.titles.get(name, ""),
                "bytes": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
            for name, body in files.items()
        ]

    @property
    def first(self) -> datetime:
        """When it came out."""
        return datetime.combine(self.published, time(9, 30), UTC)

    @property
    def changed(self) -> datetime:
        """When it was last changed."""
        day = self.amended_on or self.published
        return datetime.combine(day, time(9, 30 + self.amended), UTC)


@dataclass
class Shelf:
    """Publications by id, each with its releases, oldest first."""

    publications: dict[str, list[Volume]] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Path, publisher: str) -> Shelf:
        """An archive's releases of one publisher as published, each in its newest version."""
        shelf = cls()
        found: dict[tuple[str, str], dict[int, tuple[Path, dict[str, Any]]]] = {}
        for path in sorted((archive / publisher).glob("*/*/release.json")):
            document = json.loads(path.read_bytes())
            versions = found.setdefault((document["publication"], document["release"]), {})
            versions[document["version"]] = path, document
        for (publication, release), versions in found.items():
            first = versions[min(versions)][1]
            path, document = versions[max(versions)]
            files = document["files"]
            shelf.publications.setdefault(publication, []).append(
                Volume(
                    release,
                    date.fromisoformat(first["published"]),
                    {f["name"]: (path.parent / f["name"]).read_bytes() for f in files},
                    document["title"],
                    {f["name"]: f["title"] for f in files},
                    max(versions) - 1,
                    amended_on=date.fromisoformat(document["published"])
                    if len(versions) > 1
                    else None,
                )
            )
        for volumes in shelf.publications.values():
            volumes.sort(key=lambda volume: volume.published)
        return shelf

    def newest(self, publication: str) -> Volume:
        return self.publications[publication][-1]

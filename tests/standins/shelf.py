"""What a stand-in serves: releases of publications, each some named files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass
class Volume:
    """A release as its publisher has it now. `amended` counts its amendments."""

    release: str
    published: date
    files: dict[str, bytes]
    title: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    amended: int = 0
    withdrawn: str | None = None

    @property
    def changed(self) -> datetime:
        """When it was last changed: an amendment a day."""
        first = datetime.combine(self.published, datetime.min.time(), UTC)
        return first.replace(hour=9, minute=30 + self.amended)


@dataclass
class Shelf:
    """Publications by id, each with its releases, oldest first."""

    publications: dict[str, list[Volume]] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Path, publisher: str) -> Shelf:
        """An archive's releases of one publisher, as published."""
        shelf = cls()
        for path in sorted((archive / publisher).glob("*/*/release.json")):
            document = json.loads(path.read_bytes())
            files = document["files"]
            shelf.publications.setdefault(document["publication"], []).append(
                Volume(
                    document["release"],
                    date.fromisoformat(document["published"]),
                    {f["name"]: (path.parent / f["name"]).read_bytes() for f in files},
                    document["title"],
                    {f["name"]: f["title"] for f in files},
                )
            )
        for volumes in shelf.publications.values():
            volumes.sort(key=lambda volume: volume.published)
        return shelf

    def newest(self, publication: str) -> Volume:
        return self.publications[publication][-1]

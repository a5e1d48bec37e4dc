"""What publishers told us, so that nothing is asked for twice: one file a publication.

May be deleted: then everything is asked for again, and what is held already is found so by its
hashes. What was collected is the archive's to say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from ingest.archive.writing import write_whole

MEMORY = "live"
"""The folder of it, among a home's work."""

_MOST_BYTES = 8 << 20
# A page may be missing for a night. What was missing for three is asked for once a week.
_ENOUGH = 3
_PAUSE = timedelta(days=7)
SELDOM = (
    "Where there is nothing three nights in a row, it is asked for once a week, or once its file"
    " changes"
)
"""Told from the first night on, so that a problem that lasts says the same each night."""


class CachedResponse(BaseModel):
    """A document as it was told, and how to ask whether it changed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    etag: str | None = None
    last_modified: str | None = None
    document: object = None

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for it only if it changed."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in found.items() if value}


class _Gone(BaseModel):
    """A publication of which its publisher had nothing: how often it said so, and when last."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    contract: str
    times: int
    last: datetime
    reason: str


class _Remembered(BaseModel):
    model_config = ConfigDict(extra="ignore")

    asked: datetime | None = None
    answered: datetime | None = None
    next_expected: str | None = None
    seen: dict[str, str] = {}
    passed: dict[str, str] = {}
    # By address. Homes of before have them under another name.
    responses: dict[str, CachedResponse] = Field(
        default={}, validation_alias=AliasChoices("responses", "told")
    )
    # How many releases came when it was last asked; and for how many nights in a row it could not
    # be asked, or something of it could not be had, and since when.
    came: int = 0
    failing: int = 0
    failing_since: datetime | None = None
    # By release, why its publisher withdrew it; and the pages that tell of it.
    withdrawn: dict[str, str] = {}
    withdrawn_pages: list[str] = []
    skipped: str | None = None
    gone: _Gone | None = None
    # What a publication or a page is called by now, by what its contract calls it.
    moved: dict[str, str] = {}
    # Which publication goes on with it, as was told.
    superseded: str | None = None
    # By a release's id, the name that an archive brought it under.
    adopted: dict[str, str] = {}
    # By a release's id, the first day on which it was displayed as published.
    first_seen: dict[str, str] = {}
    # Releases after the last that holds a figure of ours, of which that was told.
    ended: list[str] = []
    # Fingertips' area types by id: their names and short names.
    area_types: dict[str, list[str]] = {}


@dataclass
class FetchState:
    """What is remembered of one publication.

    `seen` is each release's token when it was last collected, `passed` that of a release in
    which there was nothing to read, by which contract; `asked` when its publisher was
    last asked, `answered` when it was last asked and its listing was understood.
    """

    path: Path | None = None
    state: _Remembered = field(default_factory=_Remembered)
    _used: dict[str, CachedResponse] = field(default_factory=dict, init=False)

    @classmethod
    def at(cls, folder: Path, publication: str) -> FetchState:
        """The memory kept in a folder; empty where there is none or it is damaged."""
        path = folder / f"{publication}.json"
        try:
            if path.stat().st_size > _MOST_BYTES:
                return cls(path)
            return cls(path, _Remembered.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError, ValueError):
            return cls(path)

    def cached(self, url: str) -> CachedResponse | None:
        """What stands remembered of an address, if it can be asked for on condition."""
        cached = self.state.responses.get(url)
        if cached is None or not cached.conditions:
            return None
        self._used[url] = cached
        return cached

    def document(self, url: str) -> object:
        """What an address told last, whether it has changed since or not; None if nothing."""
        cached = self.state.responses.get(url)
        if cached is None:
            return None
        self._used[url] = cached
        return cached.document

    def keep(self, url: str, etag: str | None, last_modified: str | None, document: object) -> None:
        """Remember what an address told."""
        self._used[url] = CachedResponse(etag=etag, last_modified=last_modified, document=document)

    def asked_now(self) -> None:
        """Note that the publisher is asked."""
        self.state.asked = datetime.now(UTC)

    def note_night(self, came: int, *, failed: bool) -> None:
        """Note what a night gave: how many releases, and whether anything failed."""
        self.state.came = came
        self.state.failing = self.state.failing + 1 if failed else 0
        if not failed:
            self.state.failing_since = None
        elif self.state.failing_since is None:
            self.state.failing_since = datetime.now(UTC)

    def found_gone(self, contract: str, reason: str) -> None:
        """Note that its publisher has nothing of it, under the addresses of a contract."""
        before = self.state.gone
        times = before.times + 1 if before and before.contract == contract else 1
        self.state.gone = _Gone(
            contract=contract, times=times, last=datetime.now(UTC), reason=reason
        )

    def not_to_ask(self, contract: str) -> str | None:
        """Why it need not be asked for tonight: several nights in a row there was nothing."""
        gone = self.state.gone
        if gone is None or gone.contract != contract or gone.times < _ENOUGH:
            return None
        # By the day: a night begins at about the same hour, and not on the second.
        if datetime.now(UTC).date() >= (gone.last + _PAUSE).date():
            return None
        return gone.reason

    def answered_now(self) -> None:
        """Note that the publisher's listing came and was understood."""
        self.state.answered = self.state.asked

    def forget_unused(self) -> None:
        """Forget what the publisher no longer tells, once all that it lists was had."""
        self.state.responses = dict(self._used)

    def save(self) -> None:
        """Write it down, whole or not at all."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            data = _written(self.state)
            # What is nested too deep to be read back would cost all the rest that is remembered.
            _Remembered.model_validate_json(data)
        except (ValueError, RecursionError):
            data = b""
        if not data or len(data) > _MOST_BYTES:
            data = _written(self.state.model_copy(update={"responses": {}}))
        write_whole(self.path, data)


def _written(state: _Remembered) -> bytes:
    document = state.model_dump(mode="json", exclude_none=True)
    return json.dumps(document, ensure_ascii=False, indent=1).encode()

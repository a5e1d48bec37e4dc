"""How fresh a publication is: when it was asked for, what is due, and how late that is.

Late is a release that its publisher has not published, not one that we have not fetched: that is
a problem, and told as one.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from ingest.archive.release import Release, in_order
from ingest.contracts.contract import Publication
from ingest.publishers.memory import MEMORY, FetchState
from warehouse.serve.home import Home

PERIODS = {"yearly": 365, "quarterly": 91, "monthly": 30}
"""Days from one release to the next; what comes irregularly is never due."""

# Days after which a release is late, and very late. A publisher's own day is kept to, or put off
# in the open; where none is given, the day of last year moves by weeks.
_STATED = (1, 28)
_GUESSED = {"yearly": (60, 180), "quarterly": (30, 91), "monthly": (15, 45)}


class State(StrEnum):
    """Amber is late, red very late."""

    fresh = "fresh"
    late = "late"
    very_late = "very late"
    unknown = ""


@dataclass(frozen=True)
class Freshness:
    """A publication's freshness on a day. Times are UTC.

    `due` is the last day on which the next release is on time, `stated` whether its publisher
    named it; otherwise it is the newest release's day and the usual time between two.
    """

    newest: Release | None
    asked: datetime | None
    due: date | None
    stated: str | None
    state: State
    days_late: int
    skipped: str | None = None
    not_asked: str | None = None
    answered: bool = False
    came: int = 0
    nights_failing: int = 0
    failing_since: datetime | None = None

    @property
    def answer(self) -> str:
        """What its publisher said when it was last asked."""
        if self.skipped or self.asked is None:
            return ""
        if self.nights_failing:
            what = "part of it could not be had" if self.answered else "could not be asked"
            since = f" since {self.failing_since:%Y-%m-%d}" if self.failing_since else ""
            nights = f"{self.nights_failing} times" if self.nights_failing > 1 else "once"
            return f"{what}, {nights}{since}"
        return f"{self.came} new" if self.came else "nothing new"

    @property
    def expected(self) -> str:
        """When the next release is expected, as precisely as is known."""
        if self.due is None:
            return ""
        if self.stated is None:
            return f"about {self.due:%B %Y}"
        return {4: f"{self.due:%Y}", 7: f"{self.due:%B %Y}"}.get(
            len(self.stated), self.due.isoformat()
        )

    @property
    def lateness(self) -> str:
        """How late it is, in words; nothing if it is not."""
        late = self.state in {State.late, State.very_late}
        return f"{self.state}: {self.days_late:,} days" if late else ""

    @property
    def asked_text(self) -> str:
        """When its publisher was last asked."""
        if self.not_asked:
            return "not asked"
        if self.skipped:
            return "passed over"
        return f"{self.asked:%Y-%m-%d %H:%M}" if self.asked else "never"


def freshness_of(
    home: Home, publication: Publication, held: Iterable[Release], today: date | None = None
) -> Freshness:
    """How fresh a publication is, by what is held of it and what its publisher said."""
    today = today or datetime.now(UTC).date()
    memory = FetchState.at(home.work / MEMORY, publication.publication).state
    newest = next(reversed(in_order(held)), None)
    due, stated = _due(publication, newest, memory.next_expected)
    days = (today - due).days if due else 0
    bounds = _STATED if stated else _GUESSED.get(publication.frequency)
    state = State.unknown
    if due is not None and bounds is not None:
        amber, red = bounds
        state = State.very_late if days >= red else State.late if days >= amber else State.fresh
    return Freshness(
        newest,
        memory.asked.astimezone(UTC) if memory.asked else None,
        due,
        stated,
        state,
        max(0, days),
        memory.skipped,
        publication.not_asked,
        memory.answered is not None and memory.answered == memory.asked,
        memory.came,
        memory.failing,
        memory.failing_since.astimezone(UTC) if memory.failing_since else None,
    )


def _due(
    publication: Publication, newest: Release | None, next_expected: str | None
) -> tuple[date | None, str | None]:
    stated = _last_day(next_expected)
    # A day that has passed with a release is not the next one's.
    if stated and (newest is None or stated > newest.published):
        return stated, next_expected
    days = PERIODS.get(publication.frequency)
    if newest is None or days is None:
        return None, None
    return newest.published + timedelta(days=days), None


def _last_day(text: str | None) -> date | None:
    """The last day that a day, a month or a year has."""
    try:
        parts = [int(part) for part in (text or "").split("-")]
        if len(parts) == 1:
            return date(parts[0], 12, 31)
        if len(parts) == 2:
            return date(parts[0], parts[1], calendar.monthrange(*parts)[1])
        return date(*parts)
    except (TypeError, ValueError):
        return None

"""Decisions: what a person decided of a load, over its verdict, as kept in `decisions.json`.

A decision speaks of one file by its hash. An acceptance covers the failed checks that the person
saw, and no other: a check that fails for the first time under a later contract quarantines the
load again. The last decision of a file counts; those before it stay on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from expectations.results.verdicts import Check, LoadVerdict
from ingest.errors import ArchiveError

Kind = Literal["accepted", "rejected"]

_NO_ROWS = "it could not be read, so there are no rows to admit"
# What nobody can accept, by check, and why.
NOT_TO_BE_ACCEPTED = {
    "readable": _NO_ROWS,
    "columns": _NO_ROWS,
    "corrections_hold": (
        "a correction would overwrite a cell that is not the one it was written for;"
        " remove or renew it under ingest/corrections"
    ),
}


def one_line(text: str) -> str:
    """What a person typed as a line that any file and terminal can show.

    Control characters, and those that turn the direction of what follows, become blanks.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())


@dataclass(frozen=True)
class Decision:
    """Who let a load in or took it out, when (UTC, ISO 8601) and why.

    `checks` are the failed checks that an acceptance covers, as `Check.subject` names them.
    """

    decision: Kind
    file: str
    sha256: str
    by: str
    at: str
    reason: str
    checks: tuple[str, ...] = ()

    def uncovered(self, verdict: LoadVerdict) -> tuple[Check, ...]:
        """The failed checks that keep a load out in spite of the decision."""
        covered = self.checks if self.decision == "accepted" else ()
        return tuple(check for check in verdict.reasons if check.subject not in covered)

    def told(self, uncovered: Iterable[Check] = ()) -> Check:
        """The decision among the checks of its load: a rejection keeps it out, as an error does.

        An acceptance is a warning: the checks that it covers go on standing there as failed.
        """
        beyond = ", ".join(check.subject for check in uncovered)
        lapsed = f"; does not cover {beyond}" if beyond and self.decision == "accepted" else ""
        return Check(
            name=self.decision,
            column="",
            severity="error" if self.decision == "rejected" else "warn",
            success=False,
            observed=f"by {self.by} at {self.at}{lapsed}",
            explanation=self.reason,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `decisions.json`."""
        return asdict(self) | {"checks": list(self.checks)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` wrote.

        Raises
        ------
        ArchiveError
            A field is missing, or it is neither an acceptance nor a rejection.
        """
        try:
            found = {name: document[name] for name in cls.__dataclass_fields__}
        except KeyError as error:
            raise ArchiveError(f"A decision on {document.get('file')} lacks {error}.") from error
        if found["decision"] not in ("accepted", "rejected"):
            raise ArchiveError(f"{found['decision']!r} is no decision on {found['file']}.")
        # Written by an earlier version, or by hand, they may hold anything.
        words = {name: one_line(str(found[name])) for name in ("by", "at", "reason")}
        return cls(**found | words | {"checks": tuple(found["checks"])})


def standing(decisions: Iterable[Decision], file: str, sha256: str) -> Decision | None:
    """The last decision on a file of just these bytes."""
    last = None
    for decision in decisions:
        if (decision.file, decision.sha256) == (file, sha256):
            last = decision
    return last

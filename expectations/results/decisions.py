"""Decisions: what a person decided of a load, over its verdict, as kept in `decisions.json`.

A decision speaks of one file by its hash. An acceptance covers the failed checks that the person
saw, and no other: a check that fails for the first time under a later contract refuses the
load again. The last decision of a file counts; those before it stay on record.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from expectations.results.verdicts import Check, LoadVerdict
from ingest.errors import ArchiveError
from ingest.reading.loads import Load

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


def way_out(load: Load, check: Check) -> str:
    """The command that a person may answer a refusal with, as it works when it is typed."""
    release, named = load.release, shlex.quote(load.file.name)
    table = f" --table {load.contract.file_id}" if load.contract.reading.format != "csv" else ""
    version = f"{release.release}+{release.version}"
    which = f'{release.publication} {shlex.quote(version)} --file {named}{table} --reason "…"'
    if check.name in NOT_TO_BE_ACCEPTED:
        return f"To take it out: core-measures reject {which}"
    return f"To let it in all the same: core-measures accept {which}"


def one_line(text: str) -> str:
    """What a person typed as a line that any file and terminal can show.

    Control characters, and those that turn the direction of what follows, become blanks.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())


@dataclass(frozen=True)
class Decision:
    """Who let a load in or took it out, when (UTC, ISO 8601) and why.

    `table` is the table of a workbook that is meant, empty for all of the file. `checks` are the
    failed checks that an acceptance covers, as `Check.subject` names them; `reads` what is to be
    read from what: the contract's columns, or `column/label`, with the published names.
    """

    decision: Kind
    file: str
    sha256: str
    by: str
    at: str
    reason: str
    checks: tuple[str, ...] = ()
    table: str = ""
    reads: Mapping[str, str] = field(default_factory=dict)

    def uncovered(self, verdict: LoadVerdict) -> tuple[Check, ...]:
        """The failed checks that keep a load out, the decision notwithstanding."""
        covered = self.checks if self.decision == "accepted" else ()
        return tuple(check for check in verdict.reasons if check.subject not in covered)

    def as_check(self, uncovered: Iterable[Check] = ()) -> Check:
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
        return asdict(self) | {"checks": list(self.checks), "reads": dict(self.reads)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` wrote.

        Raises
        ------
        ArchiveError
            A field is missing, or it is neither an acceptance nor a rejection.
        """
        try:
            found = {
                name: document[name]
                for name in cls.__dataclass_fields__
                if name in document or name not in ("table", "reads")
            }
        except KeyError as error:
            raise ArchiveError(f"A decision on {document.get('file')} lacks {error}.") from error
        if found["decision"] not in ("accepted", "rejected"):
            raise ArchiveError(f"{found['decision']!r} is no decision on {found['file']}.")
        # Written by an earlier version, or by hand, they may hold anything.
        words = {name: one_line(str(found[name])) for name in ("by", "at", "reason")}
        return cls(**found | words | {"checks": tuple(found["checks"])})

    def is_on(self, load: Load) -> bool:
        """Whether it speaks of a load: of its file, by just these bytes, and its table."""
        of_file = (self.file, self.sha256) == (load.file.name, load.file.sha256)
        return of_file and self.table in ("", load.contract.file_id)


def standing(decisions: Iterable[Decision], load: Load) -> Decision | None:
    """The last decision on a load."""
    last = None
    for decision in decisions:
        if decision.is_on(load):
            last = decision
    return last


def as_decided(decisions: Iterable[Decision], load: Load) -> Load:
    """The load with its contract as persons said that it is to be read: every word of them stands.

    What is said of a column that its contract has not got any more says nothing.
    """
    decided: dict[str, str] = {}
    for decision in decisions:
        if decision.is_on(load):
            decided |= decision.reads
    columns = load.contract.column_names
    decided = {
        ours: theirs for ours, theirs in decided.items() if ours.partition("/")[0] in columns
    }
    return replace(load, contract=load.contract.as_decided(decided)) if decided else load

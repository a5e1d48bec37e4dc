"""The expectation of ours that Great Expectations validates a load with: that its checks hold.

One for all checks of a load: each further expectation costs the library's own bookkeeping, some
hundredth of a second. Importing this module imports the library.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from great_expectations.expectations.expectation import BatchExpectation

from expectations.checks.base import Findings
from expectations.results.verdicts import Check, Flag, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expectations.panel.load_table import LoadTable
    from expectations.suites.loads import Subject

EXAMPLES = 5
# The load that is validated, and what is asked of it: the library hands on plain settings alone.
ASKED: ContextVar[tuple[LoadTable, Sequence[Subject]]] = ContextVar("asked")


class ExpectChecksToHold(BatchExpectation):  # type: ignore[misc]  # the library is untyped
    """Every check of the load holds, or flags what it finds."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.row_count",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        """The library's own shape of a result, with each check's and flag's as plain data."""
        load, subjects = ASKED.get()
        checks: list[Check] = []
        flags: list[Flag] = []
        for subject in subjects:
            if (found := evaluate(subject, load)) is not None:
                checks.append(found[0])
                flags += found[1]
        failed = [check for check in checks if check.blocks]
        return {
            "success": not failed,
            "result": {
                "observed_value": len(failed),
                "details": {
                    "checks": [check.to_dict() for check in checks],
                    "flags": [flag.to_dict() for flag in flags],
                },
            },
        }


def evaluate(subject: Subject, load: LoadTable) -> tuple[Check, list[Flag]] | None:
    """What a check says of its subject in a load; None where it has nothing to say of any."""
    try:
        with np.errstate(invalid="ignore", divide="ignore"):
            return _evaluated(subject, load)
    except Exception as error:
        reason = str(error).split("\n", 1)[0][:200] or repr(error)
        return _result(subject, "error", f"could not be checked: {reason}", success=False), []


def _evaluated(subject: Subject, load: LoadTable) -> tuple[Check, list[Flag]] | None:
    check = subject.check
    all_found = list(check.findings(load, subject.about))
    if check.only_where_any and not all_found:
        return None
    looked_at = sum(found.looked_at for found in all_found)
    things = [thing for found in all_found for thing in found.found]
    if not things:
        observed = f"{looked_at:,} {check.noun}"
        return _result(subject, subject.severity, observed, success=True), []
    messages = [thing.message for thing in things[:EXAMPLES]]
    more = f"; and {len(things) - len(messages):,} more" if len(things) > len(messages) else ""
    count = "all" if len(things) == looked_at else f"{len(things):,} of"
    observed = f"{count} {looked_at:,} {check.noun}: {'; '.join(messages)}{more}"
    if check.outcome != "flag":
        return _result(subject, subject.severity, observed, success=False), []
    if (share := _share(all_found)) > float(check.refused_above or 1.0):
        observed = f"{share:.0%} at once, too many to be single figures: {observed}"
        return _result(subject, "error", observed, success=False), []
    flags = [
        Flag(
            check.name,
            row,
            thing.column,
            thing.message,
            thing.figure,
            thing.expected,
            year,
            load.series_with(row, thing.column),
        )
        for thing in things
        for row in thing.source_rows
        for year in ([int(thing.year)] if thing.year is not None else load.years_of(row))
    ]
    return _result(subject, "flag", observed, success=False), flags


def _share(all_found: Sequence[Findings]) -> float:
    return max((found.share for found in all_found), default=0.0)


def _result(subject: Subject, severity: Severity, observed: str, *, success: bool) -> Check:
    return Check(
        name=subject.check.name,
        column=subject.about,
        severity=severity,
        success=success,
        observed=observed,
        explanation=subject.explanation,
    )

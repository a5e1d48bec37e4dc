"""What a sound load looks like: the checks that apply to a file by its contract; its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from expectations.checks import CHECKS
from expectations.checks.base import LoadCheck
from expectations.panel.councils import Councils
from expectations.results.verdicts import Check, LoadVerdict, Severity
from ingest.contracts import FileContract
from ingest.corrections import Correction, corrections_of
from ingest.errors import ReadError
from ingest.loads import Load, canonical, column_mapping

SEVERITIES: dict[str, Severity] = {"refuse": "error", "flag": "flag", "warn": "warn"}


@dataclass(frozen=True)
class Subject:
    """A check, and what it speaks of in a file: a column, or the whole load (empty)."""

    check: LoadCheck
    about: str
    explanation: str

    @property
    def id(self) -> str:
        """One of its suite, the same from release to release: `numbers_or_marks/value`."""
        return f"{self.check.name}/{self.about}" if self.about else self.check.name

    @property
    def severity(self) -> Severity:
        """What becomes of a fault."""
        return SEVERITIES[self.check.outcome]


@dataclass(frozen=True)
class LoadSuite:
    """Every check of a file, in the order that they are told."""

    contract: FileContract
    subjects: tuple[Subject, ...]

    @property
    def name(self) -> str:
        """The same from release to release."""
        return f"{self.contract.publication}.{self.contract.file_id}"

    def __iter__(self) -> Iterator[Subject]:
        return iter(self.subjects)


def suite_for(contract: FileContract) -> LoadSuite:
    """What a sound load of a file looks like, check by check."""
    return LoadSuite(
        contract,
        tuple(
            Subject(check, about, check.explanation(contract, about))
            for check in CHECKS
            for about in check.subjects(contract)
        ),
    )


def check_load(
    load: Load,
    table: pa.Table | ReadError,
    councils: Councils,
    corrections: Sequence[Correction] | None = None,
    before: pa.Table | ReadError | None = None,
    beside: Sequence[tuple[Load, pa.Table | ReadError]] = (),
) -> LoadVerdict:
    """Check one load: its rows as published, or the error that reading them ended in.

    `corrections` are those that speak of this load, by default the ones kept with `ingest`;
    `before` are the rows of the same file in the admitted release before, if there is one;
    `beside` those of other tables of the same workbook, of which it needs the ones that
    `goes_beside` tells.
    A load that cannot be read is judged without Great Expectations.
    """
    if isinstance(table, ReadError):
        return _unread(load, "readable", table, "The file can be read into rows.")
    try:
        mapping = column_mapping(load.contract, table.column_names)
    except ReadError as error:
        explanation = "Each of the contract's columns is there under one of its known names."
        return _unread(load, "columns", error, explanation)

    from expectations.gx import engine
    from expectations.panel.load_table import describe_load

    described = describe_load(
        load,
        published=table.column_names,
        mapping=mapping,
        cells=canonical(table, mapping),
        councils=councils,
        corrections=corrections_of(load) if corrections is None else corrections,
        previous_release=_readable(load, before),
        sibling_table=next(
            (_readable(one, rows) for one, rows in beside if goes_beside(one, load)), None
        ),
    )
    checks, flags = engine.validate_load(suite_for(load.contract), described)
    return LoadVerdict(
        file=load.file.name,
        sha256=load.file.sha256,
        contract=load.contract.file_id,
        checks=checks,
        dropped_rows=described.dropped_rows,
        flags=flags,
    )


def goes_beside(other: Load, load: Load) -> bool:
    """Whether a load's rows are compared with those of this other table of its workbook."""
    spec = load.contract.checks.last_of
    return spec is not None and (other.file, other.contract.file_id) == (load.file, spec.table)


def _readable(load: Load, table: pa.Table | ReadError | None) -> pa.Table | None:
    """The rows of the release before, or of another table, where today's contract can read them."""
    if table is None or isinstance(table, ReadError):
        return None
    try:
        return canonical(table, column_mapping(load.contract, table.column_names))
    except ReadError:
        return None


def _unread(load: Load, name: str, error: ReadError, explanation: str) -> LoadVerdict:
    check = Check(
        name=name,
        column="",
        severity="error",
        success=False,
        observed=str(error),
        explanation=explanation,
    )
    return LoadVerdict(
        file=load.file.name,
        sha256=load.file.sha256,
        contract=load.contract.file_id,
        checks=(check,),
    )

"""What a sound load looks like: the checks that apply to a file by its contract; its verdict."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from expectations.checks import CHECKS
from expectations.checks.base import LoadCheck
from expectations.results.decisions import way_out
from expectations.results.verdicts import Check, LoadVerdict, Severity
from ingest.contracts.contract import FileContract
from ingest.corrections import Correction, corrections_of
from ingest.councils import Councils
from ingest.errors import ReadError
from ingest.reading.grids import SOURCE_SHEET
from ingest.reading.loads import Load
from ingest.reading.recognise import NotUnderstoodError, Understanding
from ingest.reading.rows import AS_PUBLISHED, described, without_letters
from ingest.reading.tables import SOURCE_ROW
from ingest.reading.understand import understand

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
    describe: Callable[[Load, Understanding, pa.Table], pa.Table] | None = None,
) -> LoadVerdict:
    """Check one load: its rows as published, or the error that reading them ended in.

    `corrections` are those that speak of this load, by default the ones kept with `ingest`;
    `before` are the rows of the same file in the admitted release before, if there is one, as they
    were understood;
    `beside` those of other tables of the same workbook, of which it needs the ones that
    `goes_beside` tells;
    `describe` says what the rows mean, where who asked keeps that.
    A load that cannot be read is judged without Great Expectations.
    """
    if isinstance(table, ReadError):
        return _unread(load, "readable", table, "The file can be read into rows.")
    previous = _readable(load, before, councils)
    try:
        understanding = understand(_asked_for(load.contract), table, previous)
    except NotUnderstoodError as error:
        return _unread(load, "columns", error, _COLUMNS_EXPECTED + _proposed(load, error.proposal))
    if describe is None:
        rows = described(table, load.contract, understanding, councils)
    else:
        rows = describe(load, understanding, table)

    from expectations.gx import engine
    from expectations.panel.load_table import describe_load

    load_table = describe_load(
        load,
        published=_published(load, table, understanding),
        mapping=understanding.columns,
        cells=rows,
        councils=councils,
        corrections=corrections_of(load) if corrections is None else corrections,
        previous_release=previous,
        sibling_table=next(
            (_readable(one, rows, councils) for one, rows in beside if goes_beside(one, load)), None
        ),
    )
    suite = suite_for(load.contract)
    checks, flags = engine.validate_load(suite, load_table)
    proposed = understanding.proposals
    ask_for_rows = {one.check.name for one in suite if one.check.asks_for_rows}
    return LoadVerdict(
        file=load.file.name,
        sha256=load.file.sha256,
        contract=load.contract.file_id,
        checks=(
            *(
                _answered(load, check, proposed if check.name in ask_for_rows else {})
                for check in checks
            ),
            *_reading_checks(load, understanding),
        ),
        dropped_rows=tuple(sorted({*load_table.dropped_rows, *understanding.left_out})),
        flags=flags,
        understanding=understanding,
    )


def _asked_for(contract: FileContract) -> FileContract:
    """The contract with the labels by which series ask for its rows."""
    from expectations.panel.measures import labels_of

    return contract.with_labels(labels_of(contract))


def _published(load: Load, table: pa.Table, understanding: Understanding) -> list[str]:
    """A file's columns; of one that is not plain, those that its contract asks for."""
    if load.contract.reading.is_plain:
        return list(table.column_names)
    read = {SOURCE_ROW, SOURCE_SHEET, *load.contract.kept, *understanding.columns.values()}
    return [name for name in table.column_names if name in read]


def goes_beside(other: Load, load: Load) -> bool:
    """Whether a load's rows are compared with those of this other table of its workbook."""
    spec = load.contract.checks.last_of
    return spec is not None and other.file == load.file and other.contract.file_id in spec.tables


def _readable(
    load: Load, table: pa.Table | ReadError | None, councils: Councils
) -> pa.Table | None:
    """The rows of the release before, or of another table, where today's contract can read them."""
    if table is None or isinstance(table, ReadError):
        return None
    if AS_PUBLISHED in table.column_names:
        return without_letters(table)
    try:
        how = understand(_asked_for(load.contract), table)
        return without_letters(described(table, load.contract, how, councils))
    except ReadError:
        return None


_COLUMNS_EXPECTED = "Each of the contract's columns is there under a name or by figures it had."


def _answered(load: Load, check: Check, proposals: Mapping[str, str]) -> Check:
    """A refusal says what can be done about it: first to read a label as what it may be."""
    if not check.blocks:
        return check
    read_as = _proposed(load, proposals) if proposals else ""
    return replace(check, explanation=f"{check.explanation}{read_as} {way_out(load, check)}")


def _proposed(load: Load, proposal: Mapping[str, str]) -> str:
    """The command that takes what might be meant, as it works when it is typed."""
    release = load.release
    which = (
        f"{release.publication} {shlex.quote(f'{release.release}+{release.version}')}"
        f" --file {shlex.quote(load.file.name)} --table {load.contract.file_id}"
    )
    if not proposal:
        return f' To take it out: core-measures reject {which} --reason "…"'
    reads = " ".join(
        f"--read {shlex.quote(f'{ours}={theirs}')}" for ours, theirs in proposal.items()
    )
    return f' If that is what is meant: core-measures accept {which} {reads} --reason "…"'


def _reading_checks(load: Load, understanding: Understanding) -> Iterator[Check]:
    """What was matched by figures, or was not quite, on record with its numbers."""
    for ours, theirs in understanding.proposals.items():
        yield Check(
            name="read_by_history",
            column=ours,
            severity="warn",
            success=False,
            observed=f"{ours} is not there; {theirs!r} may be meant, and is not proved by figures",
            explanation="A label that is gone has another name, or is gone for good."
            + _proposed(load, {ours: theirs}),
        )
    for sentence in understanding.evidence:
        yield Check(
            name="read_by_history",
            column=sentence.partition(" is ")[0],
            severity="warn",
            success=False,
            observed=sentence,
            explanation=(
                "What no name explains is read by what the file says itself, or by the figures that"
                " the release before had, cell for cell. To keep it as a name: core-measures learn"
                f" {load.release.publication} {load.release.release}"
            ),
        )


def _unread(load: Load, name: str, error: ReadError, explanation: str) -> LoadVerdict:
    if name == "readable":
        explanation = f"{explanation} {way_out(load, Check(name, '', 'error', False, '', ''))}"
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

"""How a load is read: which published column is which of its contract's, and what its labels say.

By name first (`names`), then by the figures that the release before had too (`evidence`): a file
whose years to 2024 agree with the release before, cell for cell, has been understood, whatever its
columns are called. What is found is kept in the load's verdict, and the rows that the checks and
the build read (`described`) follow from it alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingest.contracts.contract import Column, FileContract
from ingest.contracts.specs import NUMERIC_ROLES
from ingest.errors import ReadError
from ingest.reading.evidence import MIN_CELLS_AGAINST
from ingest.reading.grids import SOURCE_SHEET, titled_sheets
from ingest.reading.names import (
    READINGS,
    as_known,
    in_words,
    normal,
    spelt_as,
)
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.reading.evidence import Evidence

# Of a column with more labels than this none is a breakdown.
_MOST_LABELS = 400
_MOST_UNKNOWN_SHOWN = 6


class NotUnderstoodError(ReadError):
    """A column is not known. `proposal` is what might be meant, the contract's name first."""

    def __init__(self, message: str, proposal: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.proposal = dict(proposal or {})


@dataclass(frozen=True)
class Filled:
    """A column that is gone, and what it would say: `value`, or by the cells of other columns.

    `values` has, for the cells of the columns `by` joined by tabs, the cell of the one gone.
    """

    value: str = ""
    by: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Understanding:
    """How one load is read.

    `columns` are the contract's names with the published ones; `labels` have, for a column, each
    printed label that is another spelling or name of one that is known; `filled` are columns that
    are gone and follow from the rest. `evidence` are the sentences that say what was matched by
    figures, with numbers; `proposals` what may be meant for a label (`column/label`) that is gone.
    `only` are columns by whose cell the rows of this series are told from another's in one file,
    and `whole` has, for published columns that no contract speaks of, the cell of the rows read;
    `left_out` are source rows that are no data, as a header that is repeated.
    """

    columns: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filled: Mapping[str, Filled] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    proposals: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    whole: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a verdict."""
        filled = {name: dict(vars(one)) for name, one in self.filled.items()}
        lists = {"evidence": list(self.evidence), "left_out": list(self.left_out)}
        return vars(self) | {"filled": filled} | lists

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Understanding:
        """The understanding that `to_dict` wrote.

        Raises
        ------
        KeyError
            A field is missing.
        """
        return cls(
            columns=dict(document["columns"]),
            labels={name: dict(labels) for name, labels in document["labels"].items()},
            filled={
                name: Filled(one["value"], tuple(one["by"]), dict(one["values"]))
                for name, one in document["filled"].items()
            },
            evidence=tuple(document["evidence"]),
            proposals=dict(document["proposals"]),
            only=dict(document["only"]),
            # Verdicts of before had neither.
            whole=dict(document.get("whole", {})),
            left_out=tuple(document.get("left_out", ())),
        )


# By name


@dataclass(frozen=True)
class ByName:
    """What names alone tell: columns found, those not found, and those that two names claim."""

    columns: dict[str, str]
    missing: tuple[Column, ...]
    twice: dict[str, tuple[str, ...]]


def match_names(contract: FileContract, printed: Sequence[str]) -> ByName:
    """Which published column is which of the contract's, as far as names tell."""
    columns: dict[str, str] = {}
    twice: dict[str, tuple[str, ...]] = {}
    present = set(printed)
    for column in contract.columns:
        hits = tuple(name for name in column.published_as if name in present)
        if len(hits) == 1:
            columns[column.name] = hits[0]
        elif hits:
            twice[column.name] = hits
    for of_printed, of_known, roles in READINGS:
        free = [name for name in printed if name not in set(columns.values())]
        wanted = [c for c in contract.columns if c.name not in columns and c.name not in twice]
        columns_by_word: dict[str, set[str]] = {}
        for column in contract.columns:
            for name in column.published_as:
                columns_by_word.setdefault(of_known(name), set()).add(column.name)
        for column in wanted:
            if roles and column.role not in roles:
                continue
            words = {of_known(name) for name in column.published_as}
            # Words that stand for two columns of the contract tell neither.
            own = {word for word in words if columns_by_word[word] == {column.name}}
            found = tuple(name for name in free if of_printed(name) in own)
            if len(found) == 1:
                columns[column.name] = found[0]
            elif found:
                twice[column.name] = found
    missing = tuple(c for c in contract.columns if c.name not in columns and c.name not in twice)
    return ByName(columns, missing, twice)


def is_needed(contract: FileContract, column: Column) -> bool:
    """Whether a file without a column is not the file: all but names that stand beside codes."""
    if column.name in contract.optional:
        return False
    referenced_columns = {
        *contract.key,
        *contract.constants,
        *contract.more_councils,
        *contract.checks.referenced_columns(),
        contract.period.column,
        contract.row_count,
        contract.area.level,
        *contract.area.codes.values(),
    }
    return column.role != "identity" or column.name in referenced_columns


def column_mapping(contract: FileContract, published: Sequence[str]) -> dict[str, str]:
    """Each canonical column's name in this file, by names alone.

    Raises
    ------
    NotUnderstoodError
        A column has none of the names it has had, or two of them. The nearest names found are
        told, never taken.
    """
    printed = [name for name in published if name not in (SOURCE_ROW, SOURCE_SHEET)]
    found = match_names(contract, printed)
    refuse_twice(found.twice)
    refuse_missing(contract, found.missing, printed, found.columns.values(), [])
    return found.columns


def refuse_twice(twice: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that two published ones might be, naming both.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    for name, hits in twice.items():
        raise NotUnderstoodError(
            f"column {name} is there under two names: {', '.join(map(repr, hits))}",
            {name: hits[0]},
        )


def refuse_missing(
    contract: FileContract,
    missing: Iterable[Column],
    printed: Sequence[str],
    taken: Iterable[str],
    evidence: Sequence[Evidence],
) -> None:
    """Refuse a file without a column that is needed, with what might be meant.

    Proposed is what most of the figures speak for, or, where there are none to compare, the one
    name that is near. What figures speak against is shown, and not proposed.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    descriptions: list[str] = []
    proposal: dict[str, str] = {}
    # What is known to be of no use is no guess: the children beside their referrals.
    of_use = [name for name in printed if not contract.is_ignored(name)]
    free = [name for name in of_use if name not in set(taken)]
    near = {one.of: one for one in evidence}
    for column in missing:
        if not is_needed(contract, column):
            continue
        known = " or ".join(repr(name) for name in column.published_as)
        one = near.get(column.name)
        if one and one.may_be_meant:
            proposal[column.name] = one.best.candidate
            descriptions.append(f"{known} (by its figures {one})")
            continue
        if one and one.kind != "near" and one.best.cells >= MIN_CELLS_AGAINST:
            descriptions.append(f"{known} (no column has its figures; nearest {one.best})")
            continue
        close = difflib.get_close_matches(column.published_as[0], free, n=3, cutoff=0.5)
        # Figures that no column is clearly nearest to are not to be had by a name that is near.
        if len(close) == 1 and one is None:
            proposal[column.name] = close[0]
        hint = f" (nearest found: {', '.join(map(repr, close))})" if close else ""
        descriptions.append(f"{known}{hint}")
    if descriptions:
        listed = {name for column in contract.columns for name in column.published_as}
        unknown = [name for name in free if name not in listed and name not in proposal.values()]
        shown = ", ".join(map(repr, unknown[:_MOST_UNKNOWN_SHOWN]))
        more = ", …" if len(unknown) > _MOST_UNKNOWN_SHOWN else ""
        there = f"; there, and unknown: {shown}{more}" if shown else ""
        missing_text = "; ".join(descriptions)
        raise NotUnderstoodError(
            f"its columns are not known; missing: {missing_text}{there}", proposal
        )


def sheets_by_header(contract: FileContract, table: pa.Table) -> list[tuple[str, str]]:
    """Sheets that were known by their header alone: what each was to be named, and its name."""
    if SOURCE_SHEET not in table.column_names:
        return []
    patterns = contract.reading.sheets
    sheets = distinct_labels(table[SOURCE_SHEET])
    unnamed = [one for one in sheets if not any(spelt_as(pattern, one) for pattern in patterns)]
    wanted = [p for p in patterns if not any(spelt_as(p, sheet) for sheet in sheets)]
    # A sheet whose title says the name has it, whatever stands on its tab.
    if all(sheet in titled_sheets(table) for sheet in unnamed):
        return []
    return list(zip(map(in_words, wanted), unnamed, strict=False))


def refuse_unproved_sheets(contract: FileContract, table: pa.Table) -> None:
    """Refuse figures of a sheet with another name, where no figure of before speaks for it.

    A header is not enough: relative and absolute low income have the same. A list without figures
    is what its columns say.

    Raises
    ------
    NotUnderstoodError
        There is one.
    """
    if not contract.columns_of(*NUMERIC_ROLES):
        return
    for wanted, sheet in sheets_by_header(contract, table):
        raise NotUnderstoodError(
            f"no sheet is named {wanted!r}; {sheet!r} has its header, and no figures that were"
            " published before to prove that it is the one"
        )


def unlisted_columns(
    contract: FileContract, published: Sequence[str], read: Iterable[str] = ()
) -> list[str]:
    """Published columns that the contract neither reads nor knows to be of no use."""
    unread = unread_columns(contract, published, read)
    return [name for name in unread if not contract.is_ignored(name)]


def unread_columns(
    contract: FileContract, published: Sequence[str], read: Iterable[str] = ()
) -> list[str]:
    """Published columns that the contract does not read, of no use or unknown."""
    known = {name for column in contract.columns for name in column.published_as}
    known |= {SOURCE_ROW, SOURCE_SHEET, *read}
    return [name for name in published if name not in known]


def spelt_labels(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    history: Mapping[str, set[str]] | None = None,
) -> dict[str, dict[str, str]]:
    """Labels that are another spelling of one that the contract or the release before has."""
    labels: dict[str, dict[str, str]] = {}
    level = contract.area.level
    for name, of_contract in known_labels(contract).items():
        before = history.get(name, set()) if history is not None and name != level else set()
        known = of_contract | before
        if not known or name not in columns:
            continue
        distinct = distinct_labels(table[columns[name]])
        if name == level:
            distinct = [one for one in distinct if not contract.knows_level(one)]
        if len(distinct) > _MOST_LABELS:
            continue
        spelt: dict[str, str] = {}
        for label, spellings in contract.labels.get(name, {}).items():
            # A label that is there itself has no other name in the same file.
            if label not in distinct:
                spelt |= _one_spelling(label, spellings, distinct)
        spelt |= as_known(known, [label for label in distinct if label not in spelt])
        if spelt:
            labels[name] = spelt
    return labels


def _one_spelling(label: str, spellings: Iterable[str], printed: Sequence[str]) -> dict[str, str]:
    """The one printed label that is a spelling of this one; two at once are of two things."""
    to_the_letter = [one for one in spellings if one in printed]
    words = {normal(one) for one in spellings} - {normal(label)}
    found = to_the_letter or [one for one in printed if normal(one) in words]
    return {found[0]: label} if len(found) == 1 else {}


def known_labels(contract: FileContract) -> dict[str, set[str]]:
    """The columns whose cells are labels, with the labels that the contract names."""
    known: dict[str, set[str]] = {
        name: set() for name in contract.columns_of("filters") if name != contract.period.column
    }
    for name, values in contract.constants.items():
        known.setdefault(name, set()).update(values)
    for name, spellings in contract.labels.items():
        known.setdefault(name, set()).update(spellings)
    for where in contract.checks.filters():
        for name, cells in where.items():
            known.setdefault(name, set()).update(cells)
    if not contract.area.level_from_code:
        known[contract.area.level] = {*contract.area.levels, *contract.area.ignored_levels}
    else:
        known.pop(contract.area.level, None)
    known.pop(contract.period.column, None)
    return known


def distinct_labels(cells: pa.ChunkedArray) -> list[str]:
    """The labels of a column, trimmed."""
    import pyarrow.compute

    return sorted({str(cell).strip() for cell in pyarrow.compute.unique(cells).to_pylist()})

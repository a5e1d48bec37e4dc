"""Publication contracts: what the documents mean.

A contract names a publication's files, how each is recognised from release to release, every
name each column has had, and what a sound load of it looks like. Reading and checking are
elsewhere.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from ingest.contracts.figure_checks import FigureChecks
from ingest.contracts.live import Live
from ingest.contracts.specs import (
    NUMERIC_ROLES,
    OTHER_ENTITIES,
    STANDARD_MARKS,
    AreaLevel,
    AreaSpec,
    CouncilsSpec,
    DroppedRows,
    Notes,
    PeriodSpec,
    PublishedSpec,
    Role,
    YearsSpec,
)
from ingest.errors import ContractError
from ingest.reading.marks import Status
from ingest.reading.periods import Period, PeriodType, parse_period
from ingest.reading.spec import Reading


@dataclass(frozen=True)
class Column:
    """One canonical column: its role, and every name it has been published under."""

    name: str
    published_as: tuple[str, ...]
    role: Role


@dataclass(frozen=True)
class FileContract:
    """One table of a publication, with what its layout shares already joined in.

    `decided` is what a person said of one load. `labels` have, for a column, the label that SQL and
    checks speak of with every other spelling that it was published under. `row_count` is the column
    in which a file says how many rows it has: an answer that was cut short looks whole otherwise.
    `more_councils` are columns beside the area's that name a council too, in the same way.
    `succeeded_by` is the file that took its place: a release that has that one lacks nothing.
    """

    publisher: str
    publication: str
    file_id: str
    title: str
    table: str
    names: tuple[str, ...]
    reading: Reading
    columns: tuple[Column, ...]
    optional: tuple[str, ...]
    ignored: tuple[str, ...]
    key: tuple[str, ...]
    labels: Mapping[str, Mapping[str, list[str]]]
    constants: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]
    statuses: Mapping[str, Status]
    flags: Mapping[str, str]
    bounds: tuple[str, ...]
    period: PeriodSpec
    period_type: str | Mapping[str, str]
    area: AreaSpec
    published: PublishedSpec
    years: YearsSpec
    councils: CouncilsSpec
    dropped_rows: tuple[DroppedRows, ...]
    row_count: str | None
    succeeded_by: str | None
    more_councils: tuple[str, ...]
    checks: FigureChecks
    notes: Notes | None
    decided: Mapping[str, str] = field(default_factory=dict)

    def match(self, name: str) -> re.Match[str] | None:
        """Whether a published file's name is this file's; its named groups are year claims."""
        return next((m for pattern in self.names if (m := re.match(pattern, name))), None)

    def as_decided(self, decided: Mapping[str, str]) -> FileContract:
        """The contract for one load, of which a person said what is read from what.

        `decided` has the contract's columns, or `column/label`, with the names that are printed.

        Raises
        ------
        ContractError
            The contract has no such column.
        """
        if not decided:
            return self
        for ours in decided:
            if ours.partition("/")[0] not in self.column_names:
                raise ContractError(
                    f"{self.publication}/{self.file_id} has no column {ours.partition('/')[0]!r}."
                    f" It has: {', '.join(self.column_names)}."
                )
        columns = tuple(
            replace(c, published_as=(decided[c.name],)) if c.name in decided else c
            for c in self.columns
        )
        labels = {name: {k: list(v) for k, v in of.items()} for name, of in self.labels.items()}
        for ours, theirs in decided.items():
            column, _, label = ours.partition("/")
            if label:
                labels.setdefault(column, {}).setdefault(label, []).append(theirs)
        return replace(self, columns=columns, labels=labels, decided=dict(decided))

    def with_labels(self, labels: Mapping[str, Mapping[str, Sequence[str]]]) -> FileContract:
        """The contract with further labels of its columns, each with its other spellings.

        What it says itself comes first: a label that it knows already is left as it is.
        """
        joined = {name: {k: list(v) for k, v in of.items()} for name, of in self.labels.items()}
        for name, of in labels.items():
            own = joined.setdefault(name, {})
            known = {*own, *(spelling for spellings in own.values() for spelling in spellings)}
            own |= {
                label: [one for one in spellings if one not in known]
                for label, spellings in of.items()
                if label not in known
            }
        return replace(self, labels=joined)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The canonical names, in the contract's order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def kept(self) -> frozenset[str]:
        """Every name that a column was published under: all that is kept of a file not plain."""
        return frozenset(name for column in self.columns for name in column.published_as)

    @cached_property
    def figures(self) -> tuple[tuple[str, ...], ...]:
        """Of each column of figures the names that it was published under."""
        return tuple(c.published_as for c in self.columns if c.role in NUMERIC_ROLES)

    def columns_of(self, *roles: Role) -> list[str]:
        """Canonical names of the columns that play one of these roles."""
        return [column.name for column in self.columns if column.role in roles]

    @cached_property
    def figure_names(self) -> tuple[str, ...]:
        """Canonical names of the columns whose cells are numbers or marks."""
        return tuple(dict.fromkeys((*self.columns_of(*NUMERIC_ROLES), *self.bounds)))

    def is_ignored(self, published_name: str) -> bool:
        """Whether a published column is known, and known to be of no use here."""
        if any(fnmatch.fnmatchcase(published_name, pattern) for pattern in self.ignored):
            return True
        # In another house style: `ATT8 Scores` for `att8_*`.
        name = _as_words(published_name)
        return any(fnmatch.fnmatchcase(name, _as_words(pattern)) for pattern in self.ignored)

    def period_type_of(self, row: Mapping[str, str]) -> PeriodType | None:
        """The row's period type; None where the file decides by a column and the cell is new."""
        if isinstance(self.period_type, str):
            return self.period_type  # type: ignore[return-value]  # validated on load
        cell = row[self.period_type["column"]]
        return None if cell == "column" else self.period_type.get(cell)  # type: ignore[return-value]

    def period_of(self, row: Mapping[str, str]) -> Period | None:
        """The row's period, or None where its cell is not one."""
        period_type = self.period_type_of(row)
        if period_type is None:
            return None
        return parse_period(row[self.period.column], self.period.format, period_type)

    @property
    def known_marks(self) -> tuple[str, ...]:
        """The publisher's own marks, and those of the standard that every publisher may turn to."""
        return tuple(dict.fromkeys((*self.marks, *STANDARD_MARKS)))

    def level_of(self, cell: str) -> AreaLevel | None:
        """Our level for a level cell (or a GSS code, where the layout tells levels by it)."""
        text = cell.strip().lower()
        return self.area.levels.get(text[:3] if self.area.level_from_code else text)

    def knows_level(self, cell: str) -> bool:
        """Whether a level cell is one that the contract names, of use or not."""
        return self.level_of(cell) is not None or self.is_ignored_level(cell)

    def is_ignored_level(self, cell: str) -> bool:
        """Whether a level cell names a level that is known and of no use here."""
        text = cell.strip().lower()
        ignored = self.area.ignored_levels
        if not self.area.level_from_code:
            return text in ignored
        is_ours = text[:3] in self.area.levels
        return text in ignored or (not is_ours and text[:3] in {*ignored, *OTHER_ENTITIES})


def _as_words(name: str) -> str:
    """A name, or a pattern of names, without case, and with `_` wherever it is divided."""
    divided = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)", "_", name.strip())
    return re.sub(r"[^a-z0-9*?\[\]]+", "_", divided.lower()).strip("_")


@dataclass(frozen=True)
class Publication:
    """A publication's contract. `digest` changes whenever anything that it says does."""

    publisher: str
    publication: str
    title: str
    landing_page: str
    frequency: str
    files: tuple[FileContract, ...]
    unread: tuple[str, ...]
    digest: str
    live: Live | None = None
    not_asked: str | None = None

    def file_for(self, name: str, published: date | None = None) -> tuple[FileContract, ...]:
        """The contracts of a published file, one a table in it; none where no contract names it.

        `published` is the day of its release; without one, every contract that knows the name.
        """
        return tuple(
            file
            for file in self.files
            if file.match(name) and (published is None or file.published.covers(published))
        )

    def is_unread(self, name: str) -> bool:
        """Whether a published file is known, and known to hold nothing we read."""
        return any(re.match(pattern, name) for pattern in self.unread)

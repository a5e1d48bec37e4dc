"""Publication contracts: what `ingest/publications/<id>.yml` may say, and what it means.

A contract names a publication's files, how each is recognised from release to release, every
name each column has had, and what a sound load of it looks like. Here the YAML is validated and
joined with its shared layout; reading and checking are elsewhere.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ingest.documents import read_yaml
from ingest.errors import ContractError
from ingest.live import Live
from ingest.reading.periods import PERIOD_TYPES, Notation, Period, PeriodType, parse_period
from ingest.reading.spec import Reading, Regex

FOLDER = Path(__file__).parent / "publications"

Role = Literal["identity", "filters", "attributes", "counts", "numbers", "percentages"]
AreaLevel = Literal["country", "region", "council", "district"]
NUMERIC_ROLES: tuple[Role, ...] = ("counts", "numbers", "percentages")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


KnownBy = Literal["gss", "dfe", "laestab", "name"]
ColumnNames = dict[str, list[str]]
"""Canonical column name to every name it has been published under."""


RELEASE = "(release)"
"""The column that a release's own name stands in, where a contract takes its period from there."""


class PeriodSpec(_Strict):
    """Which column holds the period, and in whose notation.

    `taken_from: release` says that no cell does: every row is of the period that the release's
    name tells. A period that a sheet's name or title tells is a column of the reading's.
    `sortable` is a column beside it that begins with the year in which the period starts.
    """

    column: str
    format: Notation
    taken_from: Literal["column", "release"] = "column"
    sortable: str | None = None


ENGLAND = "E92000001"

STANDARD_MARKS = ("c", "x", "z", "u")
"""Marks in place of a figure that all official statistics may use.

Source: Government Analysis Function, "Symbols in tables: definitions and help": confidential, not
available, not applicable, of low reliability. Its `low` stands for a number, which is for each
publisher to say.
"""

OTHER_ENTITIES = frozenset(
    {
        *("e05", "e14", "e15", "e16", "e18", "e19", "e22", "e23", "e26", "e29", "e31", "e33"),
        *("e37", "e38", "e39", "e40", "e45", "e46", "e47", "e48", "e54", "e61", "e63"),
        *("k01", "k02", "k03", "k04", "k05", "l93", "m83", "n07", "n08", "n09", "n92"),
        *("s03", "s05", "s08", "s12", "s13", "s14", "s16", "s37", "s92"),
        *("w05", "w06", "w07", "w09", "w11", "w15", "w20", "w22", "w28", "w92"),
    }
)
"""Codes of areas that are no council, district, region or England: wards, constituencies, police
forces, combined authorities, bodies of the NHS, and what lies outside England.

Source: Office for National Statistics, Register of Geographic Codes.
"""


class AreaSpec(_Strict):
    """How a row says which area it describes.

    `levels` maps the level's text, lower-cased, or the start of an area code, to our level;
    `ignored_levels` are known and of no use here (parliamentary constituencies, whole cells such
    as *not recorded*). A council is `known_by` its GSS code, by the Department for Education's
    three digits, by a school's number that begins with them (`laestab`), or by a name that the
    seed `area_spelling` lists: `levels` then speaks of the GSS code that was found. `england` are
    the cells that stand for England's code, where its row has none. Districts are lower-tier
    authorities, those that are councils too among them; a file with districts and no councils is
    checked for every district.
    """

    level: str
    levels: dict[str, AreaLevel]
    ignored_levels: list[str] = []
    codes: dict[AreaLevel, str]
    england: list[str] = []
    known_by: KnownBy = "gss"

    @property
    def unit(self) -> Literal["council", "district"]:
        """The areas of which none may be missing."""
        return "council" if "council" in self.levels.values() else "district"

    @property
    def told_by_code(self) -> bool:
        """Whether a row's level follows from its area's code."""
        return self.level in self.codes.values()


class YearGap(_Strict):
    """Years in which a series has nothing, or little, and why."""

    years: list[int]
    reason: str


class YearsSpec(_Strict):
    """The years a file claims to hold, as calendar years in which periods end.

    `last` and `first` name where the claim stands: `file` (the named groups `last_year`,
    `first_year` or `academic_year` of the file's name) or `release` (the release's own name).
    `span` is how many years the file holds, `offset` what to add to the release's year, and
    `not_after: published` says only that nothing lies in the future of the publication.
    `only: release` says that every row is of the very period that the release's name tells.
    `gaps` are years for which nothing was published, `without_figures` those that have rows and
    no figure in them.
    `not_before` is the first year that a definition reaches back to.
    `lag` is how many months before publication the newest period may have ended: where neither
    file nor release is named for its year, a newest year that is missing shows in nothing else.
    """

    last: list[Literal["file", "release"]] = []
    first: list[Literal["file"]] = []
    span: int | None = None
    offset: int = 0
    not_after: Literal["published"] | None = None
    only: Literal["release"] | None = None
    gaps: list[YearGap] = []
    without_figures: list[YearGap] = []
    not_before: int | None = None
    lag: int | None = None

    @property
    def blank(self) -> frozenset[int]:
        """The years that have rows and no figure in them."""
        return frozenset(year for gap in self.without_figures for year in gap.years)


class PublishedSpec(_Strict):
    """Days of publication of the releases that a file is read from: `since` included, `before` not.

    For a publication that goes on under the same names when its definition changes: each
    definition is a file of its own, and its releases are told by their day.
    """

    since: date | None = None
    before: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a release of this day is one of them."""
        return (self.since is None or self.since <= day) and (
            self.before is None or day < self.before
        )


class Absence(_Strict):
    """Councils (or districts, where a file is of those) that a sound file may lack, and why."""

    codes: list[str]
    years: list[int] | None = None
    reason: str


class CouncilsSpec(_Strict):
    """Which councils must be present: those of each period, or of one day's boundaries.

    Districts, where a file is of those.
    """

    as_of: date | None = None
    absent: list[Absence] = []


class DroppedRows(_Strict):
    """Rows of the publisher's that are known to be none, dropped with a recorded warning."""

    where: dict[str, str]
    reason: str


RowFilter = dict[str, list[str]]
"""Columns of the key to the cells that a row may have in each; every row where it is empty."""


class Share(_Strict):
    """A figure that the publisher works out from two counts beside it.

    `denominator_row` says in which row the denominator stands, where it is not the row itself:
    the row of the same key but for one of these cells, each as it was ever labelled. `per` is what
    the figure is out of, and `as_printed` says that it was worked out from the counts as they are
    printed, rounded or not.
    """

    value: str
    numerator: str
    denominator: str
    denominator_row: RowFilter = {}
    where: RowFilter = {}
    per: int = 100
    as_printed: bool = False


class Implied(_Strict):
    """A figure worked out from a count beside it and a number of people that is not printed.

    `per` is what the figure is out of: the people are `per` × numerator / value.
    """

    value: str
    numerator: str
    per: int = 100


class Total(_Strict):
    """Columns of which a larger area's cell is the sum of its councils' cells.

    `exclude` names rows that are no counts, `allowed_residual` how many an area may have beyond its
    councils that are printed.
    """

    columns: list[str]
    exclude: RowFilter = {}
    allowed_residual: int = 0


class Bounds(_Strict):
    """Columns that stand in order in every row: an interval about its figure."""

    lower: str
    value: str
    upper: str


class Sum(_Strict):
    """A figure that is the sum of others in its row, each rounded on its own."""

    whole: str
    parts: list[str] = Field(min_length=2)


class AtMost(_Strict):
    """Two cells of a row of which one is never above the other."""

    less: str
    more: str


class Breakdown(_Strict):
    """Rows that are parts of another: `whole` and `parts` are cells of `column`.

    `numbers` are the columns that add up, in rows alike in the rest of the key.
    """

    column: str
    whole: str
    parts: list[str] = Field(min_length=2)
    numbers: list[str] = Field(min_length=1)


class Register(_Strict):
    """What a list of all there is of a kind always holds: one saved with a filter on lacks some.

    `values` are cells that a column has in every list, each with the least share of the rows that
    it stands in; `rows` the least and the most rows of a list.
    """

    values: dict[str, dict[str, float]] = {}
    rows: tuple[int, int]


class Days(_Strict):
    """Columns of days, each row's in order: the first named is the earliest.

    `by_then` are those that do not lie after the period that the list is of.
    """

    order: list[str] = Field(min_length=1)
    by_then: list[str] = []


class LeftOut(_Strict):
    """Years in which a total has more than its parts that are printed, by what share, and why."""

    years: list[int]
    share: float
    reason: str


class TotalRow(_Strict):
    """A row that no fact is made of, and that has the sum of all councils in these columns."""

    where: RowFilter
    columns: list[str]
    left_out: list[LeftOut] = []


class CountTotal(_Strict):
    """Counts that add up to a stock, such as the places of all schools: it hardly moves in a year.

    `between` is where that of England lies; `steady` how far it may move in a year, and
    `council_steady` that of a council, as logarithms.
    """

    name: str
    columns: list[str]
    between: tuple[float, float]
    steady: float
    council_steady: float


class LastOf(_Strict):
    """Rows that repeat the last of each area's rows in another table of the same workbook.

    `tables` are the ids of that table in the layouts it has had, whose rows are in order of `by`,
    a day; `cells` stand in both, and the row's own `day` comes before `by`, by so many days at most
    (`within`).
    """

    tables: list[str] = Field(min_length=1)
    by: str
    day: str
    within: int
    cells: list[str] = Field(min_length=1)


class Neighbours(_Strict):
    """A list of the councils that are most like each council: whose they are, and the one named."""

    of: str
    named: str


class Notes(_Strict):
    """The column that says why a figure is not there: a blank has a note.

    `absent` are the beginnings of notes beside which no number stands.
    """

    column: str
    value: str
    absent: tuple[str, ...]


class FigureChecks(_Strict):
    """What the figures of a file have to do with each other.

    `rounded` is what an area level's counts are rounded to, where they are not exact. `needs` are
    columns that have a cell only where another has one: a second judgement follows a first.
    """

    rounded: dict[AreaLevel, int] = {}
    shares: list[Share] = []
    implied: list[Implied] = []
    totals: list[Total] = []
    bounds: list[Bounds] = []
    sums: list[Sum] = []
    at_most: list[AtMost] = []
    breakdowns: list[Breakdown] = []
    whole_register: Register | None = None
    days: Days | None = None
    needs: dict[str, str] = {}
    total_row: TotalRow | None = None
    count_totals: list[CountTotal] = []
    neighbours: Neighbours | None = None
    last_of: LastOf | None = None

    def columns(self) -> list[str]:
        """Every column spoken of as a figure."""
        return [
            *(name for s in self.shares for name in (s.value, s.numerator, s.denominator)),
            *(name for i in self.implied for name in (i.value, i.numerator)),
            *(name for total in self.totals for name in total.columns),
            *(name for b in self.bounds for name in (b.lower, b.value, b.upper)),
            *(name for s in self.sums for name in (s.whole, *s.parts)),
            *(name for pair in self.at_most for name in (pair.less, pair.more)),
            *(name for b in self.breakdowns for name in b.numbers),
            *(self.total_row.columns if self.total_row else ()),
            *(name for stock in self.count_totals for name in stock.columns),
        ]

    def key_columns(self) -> list[str]:
        """Every column spoken of as part of a row's key."""
        return [
            *(name for s in self.shares for name in (*s.where, *s.denominator_row)),
            *(name for total in self.totals for name in total.exclude),
            *(b.column for b in self.breakdowns),
            *(self.total_row.where if self.total_row else ()),
        ]

    def filters(self) -> list[RowFilter]:
        """The labels that checks speak of, by column of the key."""
        return [
            *(share.where for share in self.shares),
            *(share.denominator_row for share in self.shares),
            *(total.exclude for total in self.totals),
            *({b.column: [b.whole, *b.parts]} for b in self.breakdowns),
            *([self.total_row.where] if self.total_row else []),
        ]

    def referenced_columns(self) -> list[str]:
        """Every column that a check needs, whatever for."""
        return [*self.columns(), *self.key_columns(), *self.cell_columns()]

    def cell_columns(self) -> list[str]:
        """Every column spoken of by its cells, figures or none."""
        return [
            *(self.whole_register.values if self.whole_register else ()),
            *((*self.days.order, *self.days.by_then) if self.days else ()),
            *self.needs,
            *self.needs.values(),
            *((self.neighbours.of, self.neighbours.named) if self.neighbours else ()),
            *((self.last_of.day, *self.last_of.cells) if self.last_of else ()),
        ]


class _ColumnsByRole(_Strict):
    identity: ColumnNames = {}
    filters: ColumnNames = {}
    attributes: ColumnNames = {}
    counts: ColumnNames = {}
    numbers: ColumnNames = {}
    percentages: ColumnNames = {}


class _Layout(_Strict):
    description: str
    source: str
    reading: Reading = Reading()
    columns: _ColumnsByRole
    ignored: list[str] = []
    period: PeriodSpec
    area: AreaSpec
    table: str | None = None
    key: list[str]
    marks: list[str]
    # Columns that an edition may lack.
    optional: list[str] = []
    notes: Notes | None = None


class _File(_Strict):
    title: str
    # Where it is laid out otherwise than its publication's other files.
    layout: str | None = None
    table: str | None = None
    names: list[Regex] = Field(min_length=1)
    period_type: str | dict[str, str]
    reading: Reading | None = None
    columns: _ColumnsByRole = _ColumnsByRole()
    optional: list[str] = []
    ignored: list[str] = []
    period: PeriodSpec | None = None
    area: AreaSpec | None = None
    key: list[str] | None = None
    marks: list[str] | None = None
    labels: dict[str, dict[str, list[str]]] = {}
    constants: dict[str, str | list[str]] = {}
    published: PublishedSpec = PublishedSpec()
    years: YearsSpec = YearsSpec()
    councils: CouncilsSpec = CouncilsSpec()
    dropped_rows: list[DroppedRows] = []
    row_count: str | None = None
    succeeded_by: str | None = None
    more_councils: list[str] = []
    checks: FigureChecks = FigureChecks()

    @field_validator("period_type")
    @classmethod
    def _known(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        by_column = {} if isinstance(value, str) else value
        named = [value] if isinstance(value, str) else list(by_column.values())
        for name in named:
            if name not in (*PERIOD_TYPES, by_column.get("column")):
                raise ValueError(f"no period type {name!r}; known: {', '.join(PERIOD_TYPES)}")
        if isinstance(value, dict) and "column" not in value:
            raise ValueError("period_type by a column needs that column's name under `column`")
        return value


class _Learned(_Strict):
    """What a release was read by, beside its names: written by `core-measures learn`."""

    file: str
    release: str
    columns: ColumnNames = {}
    labels: dict[str, dict[str, list[str]]] = {}


class _Publication(_Strict):
    publisher: str
    publication: str
    title: str
    landing_page: str
    frequency: Literal["yearly", "quarterly", "monthly", "irregular"]
    layout: str
    files: dict[str, _File] = Field(min_length=1)
    unread: list[Regex] = []
    live: Live | None = None
    learned: list[_Learned] = []
    # Why its publisher is not asked for it, where it has no `live:` block.
    not_asked: str | None = None

    @model_validator(mode="after")
    def _asked_or_not(self) -> Self:
        if self.live is not None and self.not_asked is not None:
            raise ValueError("it has a `live:` block and a reason for none: one of the two")
        return self


@dataclass(frozen=True)
class Column:
    """One canonical column: its role, and every name it has been published under."""

    name: str
    published_as: tuple[str, ...]
    role: Role


@dataclass(frozen=True)
class FileContract:
    """One table of a publication, with what its layout shares already joined in.

    `told` is what a person said of one load. `labels` have, for a column, the label that SQL and
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
    told: Mapping[str, str] = field(default_factory=dict)

    def match(self, name: str) -> re.Match[str] | None:
        """Whether a published file's name is this file's; its named groups are year claims."""
        return next((m for pattern in self.names if (m := re.match(pattern, name))), None)

    def as_told(self, told: Mapping[str, str]) -> FileContract:
        """The contract for one load, of which a person said what is read from what.

        `told` has the contract's columns, or `column/label`, with the names that are printed.

        Raises
        ------
        ContractError
            The contract has no such column.
        """
        if not told:
            return self
        for ours in told:
            if ours.partition("/")[0] not in self.column_names:
                raise ContractError(
                    f"{self.publication}/{self.file_id} has no column {ours.partition('/')[0]!r}."
                    f" It has: {', '.join(self.column_names)}."
                )
        columns = tuple(
            replace(c, published_as=(told[c.name],)) if c.name in told else c for c in self.columns
        )
        labels = {name: {k: list(v) for k, v in of.items()} for name, of in self.labels.items()}
        for ours, theirs in told.items():
            column, _, label = ours.partition("/")
            if label:
                labels.setdefault(column, {}).setdefault(label, []).append(theirs)
        return replace(self, columns=columns, labels=labels, told=dict(told))

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
        return self.area.levels.get(text[:3] if self.area.told_by_code else text)

    def knows_level(self, cell: str) -> bool:
        """Whether a level cell is one that the contract names, of use or not."""
        return self.level_of(cell) is not None or self.is_ignored_level(cell)

    def is_ignored_level(self, cell: str) -> bool:
        """Whether a level cell names a level that is known and of no use here."""
        text = cell.strip().lower()
        ignored = self.area.ignored_levels
        if not self.area.told_by_code:
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


def _merge_columns(layout: _ColumnsByRole, own: _ColumnsByRole) -> tuple[Column, ...]:
    """The layout's columns and the file's; a file may give a shared column another role."""
    merged: dict[str, Column] = {}
    for source in (layout, own):
        for role in _ColumnsByRole.model_fields:
            for name, published_as in getattr(source, role).items():
                merged[name] = Column(name, tuple(published_as), role)  # type: ignore[arg-type]
    return tuple(merged.values())


def _with_names(
    publication: _Publication, columns: tuple[Column, ...], learned: _Learned
) -> tuple[Column, ...]:
    """The columns with the names under which a release was seen to print them, too."""
    known = {column.name for column in columns}
    if unknown := sorted(set(learned.columns) - known):
        raise ContractError(
            f"{publication.publication}: file {learned.file} learned a name of {unknown[0]!r},"
            " which is no column of it"
        )
    return tuple(
        replace(c, published_as=tuple(dict.fromkeys((*c.published_as, *learned.columns[c.name]))))
        if c.name in learned.columns
        else c
        for c in columns
    )


def _add_labels(labels: dict[str, dict[str, list[str]]], learned: _Learned) -> None:
    for name, of in learned.labels.items():
        for label, spellings in of.items():
            labels.setdefault(name, {}).setdefault(label, []).extend(spellings)


def _file_contract(
    publication: _Publication, layout: _Layout, file_id: str, file: _File
) -> FileContract:
    period, area = file.period or layout.period, file.area or layout.area
    columns = _merge_columns(layout.columns, file.columns)
    labels = {name: {k: list(v) for k, v in of.items()} for name, of in file.labels.items()}
    for one in (learned for learned in publication.learned if learned.file == file_id):
        columns = _with_names(publication, columns, one)
        _add_labels(labels, one)
    if period.taken_from == "release":
        others = (column for column in columns if column.name != period.column)
        columns = (*others, Column(period.column, (RELEASE,), "identity"))
    reading = _beside_others(file.reading or layout.reading, publication, file_id)
    names = {column.name for column in columns}
    table = file.table or layout.table
    if table is None:
        raise ContractError(f"{publication.publication}: file {file_id} names no table")
    key = file.key or [*layout.key, *file.columns.filters]
    referenced_columns = [
        *key,
        *file.constants,
        *labels,
        *filter(None, [file.row_count]),
        *file.more_councils,
    ]
    referenced_columns += [period.column, area.level, *area.codes.values()]
    referenced_columns += [layout.notes.column, layout.notes.value] if layout.notes else []
    for wanted in (*referenced_columns, *file.checks.referenced_columns()):
        if wanted not in names:
            raise ContractError(
                f"{publication.publication}: file {file_id} speaks of a column {wanted!r}"
                " that it does not list"
            )
    numeric = {column.name for column in columns if column.role in NUMERIC_ROLES}
    for misplaced in {*file.checks.columns()} - numeric | {*file.checks.key_columns()} - {*key}:
        raise ContractError(
            f"{publication.publication}: file {file_id} has checks that take {misplaced!r} for"
            " what it is not: a figure where it is none, or part of the key"
        )
    attributes = {column.name for column in columns if column.role == "attributes"}
    made_of = {*referenced_columns, *file.checks.referenced_columns()} - (attributes - {*key})
    optional = tuple(dict.fromkeys((*layout.optional, *file.optional)))
    if unfit := [n for n in optional if n in made_of or n not in names]:
        raise ContractError(
            f"{publication.publication}: file {file_id} may only lack columns that are attributes,"
            f" or that no key and no check speaks of, and {unfit[0]!r} is none"
        )
    if file.checks.last_of and not {*file.checks.last_of.tables} <= {*publication.files}:
        raise ContractError(
            f"{publication.publication}: file {file_id} is the last of"
            f" {' or '.join(file.checks.last_of.tables)}, which is no file of the publication"
        )
    if len(key) < 2:
        raise ContractError(
            f"{publication.publication}: file {file_id} has a key of one column: name"
            " the period's too"
        )
    if file.dropped_rows and not reading.one_row_a_row:
        raise ContractError(
            f"{publication.publication}: file {file_id} drops rows by their number, which stands"
            " for several there: leave them out by its reading's `rows`"
        )
    return FileContract(
        publisher=publication.publisher,
        publication=publication.publication,
        file_id=file_id,
        title=file.title,
        table=table,
        names=tuple(file.names),
        reading=reading,
        columns=columns,
        optional=optional,
        ignored=(*layout.ignored, *file.ignored),
        key=tuple(dict.fromkeys(key)),
        labels=labels,
        constants={
            column: (value,) if isinstance(value, str) else tuple(value)
            for column, value in file.constants.items()
        },
        marks=tuple(layout.marks if file.marks is None else file.marks),
        period=period,
        period_type=file.period_type,
        area=area,
        published=file.published,
        years=file.years,
        councils=file.councils,
        dropped_rows=tuple(file.dropped_rows),
        row_count=file.row_count,
        succeeded_by=file.succeeded_by,
        more_councils=tuple(file.more_councils),
        checks=file.checks,
        notes=layout.notes,
    )


def _beside_others(reading: Reading, publication: _Publication, file_id: str) -> Reading:
    """A reading of a workbook that knows which sheets are of other tables."""
    if reading.format != "workbook":
        return reading
    others = (
        of.reading.sheets for n, of in publication.files.items() if n != file_id and of.reading
    )
    of_others = tuple(dict.fromkeys(sheet for sheets in others for sheet in sheets))
    return reading.model_copy(update={"other_sheets": list(of_others)})


def _parse(path: Path, model: type[BaseModel]) -> Any:
    try:
        return model.model_validate(read_yaml(path))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ContractError(f"{path.name} is not a valid contract: {faults}") from error


def _digest_of(publication: _Publication, *layouts: _Layout) -> str:
    """Changes with what the documents say of how a file is read, not with their titles."""
    said = publication.model_dump(
        mode="json", exclude={"title", "landing_page", "live", "not_asked"}
    )
    for file in said["files"].values():
        del file["title"]
    shared = [
        layout.model_dump(mode="json", exclude={"description", "source"}) for layout in layouts
    ]
    return hashlib.sha256(json.dumps([said, *shared]).encode()).hexdigest()


@lru_cache(maxsize=8)
def load_contracts(folder: Path = FOLDER) -> dict[str, Publication]:
    """Every publication contract of a folder, by publication id, in order of id.

    Raises
    ------
    ContractError
        A file is not valid YAML, not a contract, or speaks of a column that it does not list.
    """
    layout_files = {path.stem: path for path in sorted((folder / "layouts").glob("*.yml"))}
    layouts: dict[str, _Layout] = {name: _parse(p, _Layout) for name, p in layout_files.items()}
    contracts: dict[str, Publication] = {}
    for path in sorted(folder.glob("*.yml")):
        raw: _Publication = _parse(path, _Publication)
        if raw.publication != path.stem:
            raise ContractError(f"{path.name} describes {raw.publication!r}: name it after that")
        for file_id, file in raw.files.items():
            if file.succeeded_by is not None and file.succeeded_by not in raw.files:
                raise ContractError(
                    f"{path.name}: {file_id} is succeeded by {file.succeeded_by!r}, no file of it"
                )
        laid_out = {file_id: file.layout or raw.layout for file_id, file in raw.files.items()}
        used = sorted({raw.layout, *laid_out.values()})
        for layout in used:
            if layout not in layouts:
                raise ContractError(f"{path.name}: no layout {layout!r} in publications/layouts")
        contracts[raw.publication] = Publication(
            publisher=raw.publisher,
            publication=raw.publication,
            title=raw.title,
            landing_page=raw.landing_page,
            frequency=raw.frequency,
            files=tuple(
                _file_contract(raw, layouts[laid_out[file_id]], file_id, file)
                for file_id, file in raw.files.items()
            ),
            unread=tuple(raw.unread),
            digest=_digest_of(raw, *(layouts[name] for name in used)),
            live=raw.live,
            not_asked=raw.not_asked,
        )
    return contracts

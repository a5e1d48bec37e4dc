"""What `ingest/publications/<id>.yml` and its shared layouts may say."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from ingest.contracts.figure_checks import FigureChecks
from ingest.contracts.live import Live
from ingest.contracts.specs import (
    AreaSpec,
    ColumnNames,
    CouncilsSpec,
    DroppedRows,
    Notes,
    PeriodSpec,
    PublishedSpec,
    Strict,
    YearsSpec,
)
from ingest.reading.marks import Status
from ingest.reading.periods import PERIOD_TYPES
from ingest.reading.spec import Reading, Regex


class ColumnsByRole(Strict):
    """The names of columns, by the role that they play."""

    identity: ColumnNames = {}
    filters: ColumnNames = {}
    attributes: ColumnNames = {}
    counts: ColumnNames = {}
    numbers: ColumnNames = {}
    percentages: ColumnNames = {}


class LayoutDocument(Strict):
    """`layouts/<id>.yml`: what publications of one house have in common."""

    description: str
    source: str
    reading: Reading = Reading()
    columns: ColumnsByRole
    ignored: list[str] = []
    period: PeriodSpec
    area: AreaSpec
    table: str | None = None
    key: list[str]
    marks: list[str]
    # What a mark says here and nowhere else.
    statuses: dict[str, Status] = {}
    # Columns of figures, with the column beside each that holds its flag.
    flags: dict[str, str] = {}
    # Attributes that are bounds of an interval, in editions that have them.
    bounds: list[str] = []
    # Columns that an edition may lack.
    optional: list[str] = []
    notes: Notes | None = None


class FileDocument(Strict):
    """One table of a publication, as its document describes it."""

    title: str
    # Where it is laid out otherwise than its publication's other files.
    layout: str | None = None
    table: str | None = None
    names: list[Regex] = Field(min_length=1)
    period_type: str | dict[str, str]
    reading: Reading | None = None
    columns: ColumnsByRole = ColumnsByRole()
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


class LearnedDocument(Strict):
    """What a release was read by, beside its names: written by `core-measures learn`."""

    file: str
    release: str
    columns: ColumnNames = {}
    labels: dict[str, dict[str, list[str]]] = {}


class PublicationDocument(Strict):
    """`<id>.yml`: a publication, its files and where its publisher is asked for them."""

    publisher: str
    publication: str
    title: str
    landing_page: str
    frequency: Literal["yearly", "quarterly", "monthly", "irregular"]
    layout: str
    files: dict[str, FileDocument] = Field(min_length=1)
    unread: list[Regex] = []
    live: Live | None = None
    learned: list[LearnedDocument] = []
    # Why its publisher is not asked for it, where it has no `live:` block.
    not_asked: str | None = None

    @model_validator(mode="after")
    def _asked_or_not(self) -> Self:
        if self.live is not None and self.not_asked is not None:
            raise ValueError("it has a `live:` block and a reason for none: one of the two")
        return self

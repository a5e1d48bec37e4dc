"""What a contract says of its figures: the identities, bounds and lists that its checks hold."""

from __future__ import annotations

from pydantic import (
    Field,
)

from ingest.contracts.specs import AreaLevel, Strict

RowFilter = dict[str, list[str]]
"""Columns of the key to the cells that a row may have in each; every row where it is empty."""


class Share(Strict):
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


class Implied(Strict):
    """A figure worked out from a count beside it and a number of people that is not printed.

    `per` is what the figure is out of: the people are `per` × numerator / value.
    """

    value: str
    numerator: str
    per: int = 100


class Total(Strict):
    """Columns of which a larger area's cell is the sum of its councils' cells.

    `exclude` names rows that are no counts, `allowed_residual` how many an area may have beyond its
    councils that are printed.
    """

    columns: list[str]
    exclude: RowFilter = {}
    allowed_residual: int = 0


class Bounds(Strict):
    """Columns that stand in order in every row: an interval about its figure."""

    lower: str
    value: str
    upper: str


class Sum(Strict):
    """A figure that is the sum of others in its row, each rounded on its own."""

    whole: str
    parts: list[str] = Field(min_length=2)


class AtMost(Strict):
    """Two cells of a row of which one is never above the other."""

    less: str
    more: str


class Breakdown(Strict):
    """Rows that are parts of another: `whole` and `parts` are cells of `column`.

    `numbers` are the columns that add up, in rows alike in the rest of the key.
    """

    column: str
    whole: str
    parts: list[str] = Field(min_length=2)
    numbers: list[str] = Field(min_length=1)


class Register(Strict):
    """What a list of all there is of a kind always holds: one saved with a filter on lacks some.

    `values` are cells that a column has in every list, each with the least share of the rows that
    it stands in; `rows` the least and the most rows of a list.
    """

    values: dict[str, dict[str, float]] = {}
    rows: tuple[int, int]


class Days(Strict):
    """Columns of days, each row's in order: the first named is the earliest.

    `by_then` are those that do not lie after the period that the list is of.
    """

    order: list[str] = Field(min_length=1)
    by_then: list[str] = []


class LeftOut(Strict):
    """Years in which a total has more than its parts that are printed, by what share, and why."""

    years: list[int]
    share: float
    reason: str


class TotalRow(Strict):
    """A row that no fact is made of, and that has the sum of all councils in these columns."""

    where: RowFilter
    columns: list[str]
    left_out: list[LeftOut] = []


class CountTotal(Strict):
    """Counts that add up to a stock, such as the places of all schools: it hardly moves in a year.

    `between` is where that of England lies; `steady` how far it may move in a year, and
    `council_steady` that of a council, as logarithms.
    """

    name: str
    columns: list[str]
    between: tuple[float, float]
    steady: float
    council_steady: float


class LastOf(Strict):
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


class Neighbours(Strict):
    """A list of the councils that are most like each council: whose they are, and the one named."""

    of: str
    named: str


class FigureChecks(Strict):
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

"""What pages tell of: figures, series, measures, councils, and what figures are set beside.

Shapes and what follows from them alone. `marts` reads them; nothing here formats or draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

ENGLAND = "E92000001"
NEIGHBOURS = "neighbours"
# The ambitions in the Association's order; one that is not listed comes after them.
AMBITIONS = ("safe_and_secure", "healthy_and_happy", "good_education", "prepared_for_adulthood")
# The stages of a child's journey, in its order; a measure of `all` is of every stage.
STAGES = {
    "birth_to_five": "Birth to five",
    "five_to_eleven": "Five to eleven",
    "eleven_to_sixteen": "Eleven to sixteen",
    "sixteen_plus": "Sixteen and over",
    "all": "At every age",
}
# Months from one period of a series to the next; a longer way is a year that is not there.
_STEP = {"quarter": 3, "snapshot": 12}
_A_YEAR = 12

Period = tuple[str, date, date]
"""A kind of period, its first day and its last."""


class Figure(NamedTuple):
    """A row of a fact table: a figure, or why there is none, and where it stands."""

    area_code: str
    area_name: str
    year: int
    period_label: str
    period_type: str
    start: date
    end: date
    value: float | None
    as_published: str | None
    lower: float | None
    upper: float | None
    method: str | None
    corrected: bool
    status: str
    symbol: str | None
    publication: str
    release: str
    version: int
    published: date
    source_file: str
    source_sha256: str
    source_row: int
    numerator: float | None
    denominator: float | None
    # Of a file with sheets, the one it stands in.
    source_sheet: str | None = None
    # Whether it is as published, computed from published counts, or rebuilt from a later list.
    basis: str = "published"
    # Of a comparator: how many councils it is computed from.
    councils: int | None = None
    # What checks found odd about it, a sentence each.
    flags: tuple[str, ...] = ()

    @property
    def period(self) -> Period:
        """What two figures of one series share if they stand beside each other."""
        return (self.period_type, self.start, self.end)


@dataclass(frozen=True)
class Series:
    """One definition of a measure, inside which years compare."""

    measure_id: str
    series_id: str
    title: str
    description: str
    unit: str
    polarity: str
    decimals: int
    period_type: str
    is_headline: bool
    derivation: str
    breaks: str
    break_years: tuple[int, ...]
    # The year in which the definition ended, and why; why no release of it is held.
    last_year: int | None = None
    ended: str = ""
    not_held: str = ""
    # Whether it stands for its measure, and why where it is not the headline.
    stands: bool = False
    stands_because: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Measure and series."""
        return (self.measure_id, self.series_id)


@dataclass(eq=False)
class Measure:
    """A measure of the Association's list, with its series, the headline first."""

    measure_id: str
    number: int
    title: str
    description: str
    ambition: str
    ambition_title: str
    # The stages of childhood that it is of, as `STAGES` has them.
    stages: tuple[str, ...] = ()
    series: list[Series] = field(default_factory=list)

    @property
    def headline(self) -> Series | None:
        """The series that stands for the measure where it has figures."""
        return next((series for series in self.series if series.is_headline), None)


@dataclass(eq=False)
class Council:
    """A council under the last of its codes, with the codes before it."""

    code: str
    name: str
    dfe_code: str
    region_code: str
    region_name: str
    kind: str
    valid_to: date | None
    codes: list[str] = field(default_factory=list)
    slug: str = ""
    # Column and row on the map of tiles, from the north-west; none for a council that ended.
    tile: tuple[int, int] | None = None

    @property
    def is_current(self) -> bool:
        """Whether it stands today."""
        return self.valid_to is None


@dataclass(frozen=True)
class Region:
    """A region of England with its councils of today."""

    code: str
    name: str
    slug: str
    councils: tuple[Council, ...]


class Comparison(NamedTuple):
    """A council's figure beside England's and its neighbours', and among all of the period."""

    england_value: float | None
    # Whether England's figure lies within the council's own interval; none where it has none.
    holds_england: bool | None
    quintile: int | None
    councils: int
    # The median of the statistical neighbours that have a figure, whether it lies within the
    # council's own interval, and how many they are.
    neighbours_median: float | None = None
    holds_neighbours: bool | None = None
    neighbours: int = 0


class Change(NamedTuple):
    """A row of `fct_change`: from one period to the newest, or a trend."""

    from_label: str | None
    from_year: int | None
    from_value: float | None
    to_label: str | None
    change: float | None
    direction: str | None
    is_more_than_chance: bool | None
    not_tested: str | None


class Break(NamedTuple):
    """A row of the seed `series_break`: from which year a series does not compare with before."""

    first_year: int
    last_year: int | None
    what_changed: str


class Inspection(NamedTuple):
    """Ofsted's standing judgement of a council's services for children."""

    overall: str | None
    parts: tuple[tuple[str, str], ...]
    day: date | None
    is_day_of_report: bool
    note: str | None
    publication: str
    release: str
    version: int


class Revised(NamedTuple):
    """What a release changed in one series: a row of `revision_of_release`."""

    publication: str
    release: str
    version: int
    published: date
    measure_id: str
    series_id: str
    shared: int
    changed: int
    councils: int
    largest: float | None


class Revision(NamedTuple):
    """One figure that a later release printed otherwise: a row of `revision`."""

    publication: str
    release: str
    published: date
    measure_id: str
    series_id: str
    council_code: str
    council_name: str
    period_label: str
    old: float | None
    new: float | None
    old_status: str
    new_status: str


class Release(NamedTuple):
    """A row of `dim_release`."""

    publisher: str
    publication: str
    title: str
    release: str
    version: int
    published: date
    precision: str
    landing_page: str
    licence: str
    layout: str | None
    note: str | None
    is_newest: bool


class Table(NamedTuple):
    """A mart as the data dictionary tells it: name, what it is, rows, columns."""

    name: str
    comment: str
    rows: int
    columns: list[tuple[str, str, str]]


def strand(figures: list[Figure], period_type: str) -> list[Figure]:
    """The figures of one kind of period: only these make a line.

    A series that is published by quarter and by year has a line for one of the two.
    """
    kinds = {figure.period_type for figure in figures}
    if len(kinds) < 2:
        return figures
    chosen = period_type if period_type in kinds else max(sorted(kinds), key=_count_of(figures))
    return [figure for figure in figures if figure.period_type == chosen]


def _count_of(figures: list[Figure]) -> Any:
    return lambda kind: sum(figure.period_type == kind for figure in figures)


def segments(figures: list[Figure], break_years: tuple[int, ...] = ()) -> list[list[Figure]]:
    """The runs of figures that a line may join: no mark, no missing period, no break within."""
    runs: list[list[Figure]] = []
    previous: Figure | None = None
    for figure in figures:
        if figure.value is None:
            previous = None
            continue
        if previous is None or _apart(previous, figure, break_years):
            runs.append([])
        runs[-1].append(figure)
        previous = figure
    return runs


def _apart(one: Figure, two: Figure, break_years: tuple[int, ...]) -> bool:
    months = (two.end.year - one.end.year) * 12 + two.end.month - one.end.month
    if months > _STEP.get(two.period_type, _A_YEAR) * 1.5:
        return True
    # Most series have no break, and no generator is made for them.
    return bool(break_years) and any(one.year < broken <= two.year for broken in break_years)

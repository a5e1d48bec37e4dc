"""What a contract says of periods, areas, years and councils, in words that layouts share."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
)

from ingest.reading.periods import Notation

Role = Literal["identity", "filters", "attributes", "counts", "numbers", "percentages"]

AreaLevel = Literal["country", "region", "council", "district"]

NUMERIC_ROLES: tuple[Role, ...] = ("counts", "numbers", "percentages")


class Strict(BaseModel):
    """What a document says, and nothing that this model does not know of."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


KnownBy = Literal["gss", "dfe", "laestab", "name"]

ColumnNames = dict[str, list[str]]
"""Canonical column name to every name it has been published under."""


RELEASE = "(release)"
"""The column that a release's own name stands in, where a contract takes its period from there."""


class PeriodSpec(Strict):
    """Which column holds the period, and in whose notation.

    `taken_from: release` says that no cell does: every row is of the period that the release's
    name tells. A period that a sheet's name or title tells is a column of the reading's.
    `sortable` is a column beside it that begins with the year in which the period starts. `years`
    shows by both of its years what its publisher names by the last alone.
    """

    column: str
    format: Notation
    taken_from: Literal["column", "release"] = "column"
    sortable: str | None = None
    years: bool = False


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


class AreaSpec(Strict):
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
    def level_from_code(self) -> bool:
        """Whether a row's level follows from its area's code."""
        return self.level in self.codes.values()


class YearGap(Strict):
    """Years in which a series has nothing, or little, and why."""

    years: list[int]
    reason: str


class YearsSpec(Strict):
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


class PublishedSpec(Strict):
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


class Absence(Strict):
    """Councils (or districts, where a file is of those) that a sound file may lack, and why."""

    codes: list[str]
    years: list[int] | None = None
    reason: str


class CouncilsSpec(Strict):
    """Which councils must be present: those of each period, or of one day's boundaries.

    Districts, where a file is of those.
    """

    as_of: date | None = None
    absent: list[Absence] = []


class DroppedRows(Strict):
    """Rows of the publisher's that are known to be none, dropped with a recorded warning."""

    where: dict[str, str]
    reason: str


class Notes(Strict):
    """The column that says why a figure is not there: a blank has a note.

    `absent` are the beginnings of notes beside which no number stands, `suppressed` of those that
    say a figure is kept back.
    """

    column: str
    value: str
    absent: tuple[str, ...]
    suppressed: tuple[str, ...] = ()

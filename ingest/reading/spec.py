"""Readings: how a published file that is not a plain table becomes one.

A contract says it in words of the file: which sheets, what the header reads, which rows are data.
Nothing is found by its number. What the words do to rows is in `grids`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def as_regex(pattern: object) -> str:
    """A regular expression, or a `ValueError` that says why it is none."""
    try:
        # YAML may say anything here: what is no text is a TypeError.
        re.compile(cast(str, pattern))
    except (re.error, TypeError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return str(pattern)


Regex = Annotated[str, BeforeValidator(as_regex)]


class HeaderSpec(_Strict):
    """Where a table's header is: the first row in which each of `find` is a whole cell.

    Where no row has them, it is the rows that end right above the first area's code, unless rows
    further up have more of the contract's names.

    `rows` counts the rows of the header from there down; their cells make one name, from above
    to below, with ` | ` between. A blank of an upper row takes the cell to its left, as merged
    cells read. A column without a cell of its own in the header is called after the column to
    its left: `Rate [+1]`. Blanks and line ends in a name are single spaces.
    """

    find: list[Regex] = Field(min_length=1)
    rows: int = Field(default=1, ge=1, le=6)


class MeltSpec(_Strict):
    """Columns that become rows: those whose whole name `columns` matches.

    Its named groups are columns of the rows; the group `cell`, if there is one, names the column
    that the cell itself goes to, else that is `value`. Number and percentage of one year come so
    to stand in one row again. `times` is how many rows one becomes, where that is known: a column
    that is gone would not be missed otherwise.
    """

    columns: Regex
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _groups(self) -> Self:
        if not set(re.compile(self.columns).groupindex) - {"cell"}:
            raise ValueError("`melt.columns` names no group to tell the rows apart by")
        return self


class Reading(_Strict):
    """How a file becomes a table. By default: a CSV file, its first line the header, kept whole.

    `sheets` are patterns, each matching the whole name of just one sheet; the rows of several
    come one after the other, and named groups are columns of them. Where no sheet has the name,
    the one that has the header is read, if it is none of `other_sheets`: those of the
    publication's other tables, which a contract adds itself; where its title says the name
    (*Table TA1 - …*), that is enough. `unnamed` names columns that have no header, each by what
    its cells look like; if the only one such has a header now, it is that one. `title` is sought in
    the cells above the header, and its named groups are columns; a group that the sheet's name has
    too is the same in both. `rows` tells rows of data from notes: each column's whole cell matches;
    of rows alike to the letter the first is enough (`once`), where a table prints an area in two
    places. Of all but a plain CSV file only columns that the contract names are kept; where a
    column of figures has none of its names, the other columns of figures are, too: it may be one.
    """

    format: Literal["csv", "workbook"] = "csv"
    sheets: list[Regex] = []
    other_sheets: list[Regex] = []
    header: HeaderSpec | None = None
    unnamed: dict[str, Regex] = {}
    title: Regex | None = None
    rows: dict[str, Regex] = {}
    melt: MeltSpec | None = None
    once: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.format == "workbook" and not (self.sheets and self.header):
            raise ValueError("a workbook's reading names its sheets and its header")
        if self.format == "csv" and self.sheets:
            raise ValueError("a CSV file has no sheets")
        says_more = self.unnamed or self.title or self.rows or self.melt or self.once
        if self.format == "csv" and not self.header and says_more:
            raise ValueError("a CSV file that is not plain needs its header named")
        if self.title and not re.compile(self.title).groupindex:
            raise ValueError("`title` names no group")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether the file is a table as it stands, of which every column is kept."""
        return self.format == "csv" and self.header is None

    @property
    def one_row_a_row(self) -> bool:
        """Whether a source row's number tells one row of the load."""
        return self.melt is None and len(self.sheets) <= 1

    def digest(self, kept: Iterable[str]) -> str:
        """Tells one reading of a file from another, by all that its rows follow from."""
        text = "\n".join([self.model_dump_json(), *sorted(kept)])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

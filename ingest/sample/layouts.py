"""The layouts of `layouts.yml`: how a publisher prints its figures in a file of one release.

Here the YAML is validated and its releases resolved. Reading and printing by it are in
`figures.py` and `layout.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, overload

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

FOLDER = Path(__file__).parent

Level = Literal["country", "region", "council"]

CELLS = ("value", "numerator", "denominator", "lower_95", "upper_95", "value_note", "remainder")
"""The cells of a figure, each a column of the sample's table."""

LEVEL_WORDS: dict[str, dict[Level, str]] = {
    "ees": {"country": "National", "region": "Regional", "council": "Local authority"},
    "fingertips": {},
}
"""What a publisher calls an area's level, unless a layout says otherwise."""

IDENTITY: dict[str, tuple[str, ...]] = {
    "ees": (
        "time_period",
        "geographic_level",
        "country_code",
        "country_name",
        "region_code",
        "region_name",
        "old_la_code",
        "new_la_code",
        "la_name",
    ),
    "fingertips": (
        "Parent Code",
        "Parent Name",
        "Area Code",
        "Area Name",
        "Area Type",
        "Time period",
        "Time period Sortable",
    ),
}
"""The columns that say which area and period a row describes; laid out from those two."""

PERIOD_COLUMN = {"ees": "time_period", "fingertips": "Time period"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Strict):
    """Where a cell stands: a column, in the figure's own row or another of the same area."""

    column: str
    row: str


class FigureSpec(_Strict):
    """Where a series' figures stand in a file. `periods` limits them; None means all."""

    measure: str
    series: str
    part: str = ""
    row: str
    periods: tuple[str, ...] | None = None
    value: str | None = None
    numerator: str | None = None
    denominator: str | Cell | None = None
    lower_95: str | None = None
    upper_95: str | None = None
    value_note: str | None = None
    # What is printed beside a part and adds up with it to another series.
    remainder: str | None = None

    @property
    def cells(self) -> dict[str, Cell]:
        """Each of `CELLS` that is published, and where."""
        found: dict[str, Cell] = {}
        for name in CELLS:
            place = getattr(self, name)
            if place is not None:
                found[name] = place if isinstance(place, Cell) else Cell(column=place, row=self.row)
        return found


@overload
def _flat(parts: list[Any]) -> list[Any]: ...
@overload
def _flat(parts: object) -> object: ...
def _flat(parts: object) -> object:
    """A header may be written as lists in lists, so that its parts can be shared."""
    if not isinstance(parts, list):
        return parts
    return [name for part in parts for name in (_flat(part) if isinstance(part, list) else [part])]


class Layout(_Strict):
    """One file of one release, as its publisher prints it.

    `kind` is the publisher's way of naming areas and periods. `name` may hold `{first_year}`,
    `{last_year}` and `{academic_year}`. `header` is in the order published; `reduced` says that
    columns are left out of it. `rows` names the kinds of row, each by its cells; `figures` says
    in which row and column each series stands. `by_period` holds a column's cell by period cell,
    with a `default`. `filler` stands in every cell that the sample does not hold, `blank` in
    those of identity that do not apply. `regions` is how London is placed: in two regions
    (`dfe`) or one (`statistical`). `extra_rows` are rows of the publisher's that describe no
    area. `levels` is the publisher's word for each level of area.
    """

    kind: Literal["ees", "fingertips"]
    name: str
    title: str
    header: Annotated[tuple[str, ...], BeforeValidator(_flat)]
    reduced: bool = False
    rows: dict[str, dict[str, str]]
    figures: tuple[FigureSpec, ...]
    by_period: dict[str, dict[str, str]] = {}
    extra_rows: tuple[dict[str, str], ...] = ()
    levels: dict[Level, str] = {}
    regions: Literal["dfe", "statistical"] = "dfe"
    england_twice: bool = False
    filler: str = ""
    blank: str = ""
    bom: bool = False
    newline: Literal["lf", "crlf"] = "lf"
    quoted_header: bool = False
    quoted_columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _columns_are_in_the_header(self) -> Layout:
        used = {column for cells in self.rows.values() for column in cells}
        used |= set(self.by_period) | set(self.quoted_columns)
        used |= {column for row in self.extra_rows for column in row}
        for spec in self.figures:
            for cell in spec.cells.values():
                used.add(cell.column)
                if cell.row not in self.rows:
                    raise ValueError(f"no row {cell.row!r} in {self.name}")
        if unknown := used - set(self.header):
            raise ValueError(f"not in the header of {self.name}: {', '.join(sorted(unknown))}")
        return self

    @property
    def line_end(self) -> str:
        """What ends each line, the last one too."""
        return "\r\n" if self.newline == "crlf" else "\n"

    @property
    def level_words(self) -> dict[Level, str]:
        """The publisher's word for each level of area."""
        return LEVEL_WORDS[self.kind] | self.levels

    def file_name(self, first_year: int, last_year: int) -> str:
        """The file's name when its periods end in the years from `first_year` to `last_year`."""
        academic = f"{(last_year - 1) % 100:02d}{last_year % 100:02d}"
        return self.name.format(first_year=first_year, last_year=last_year, academic_year=academic)


def end_year(period: str) -> int:
    """The calendar year in which a period ends, from its cell.

    `2024`, `202324`, `2023/24` and `2022 - 24` all end in 2024.

    Raises
    ------
    ValueError
        The cell is in none of those notations.
    """
    if match := re.fullmatch(r"(\d{4})(?:(?:/| - )?(\d{2}))?", period):
        first, last = match[1], match[2]
        if last is None:
            return int(first)
        century = int(first[:2]) + (int(last) < int(first[2:]))
        return century * 100 + int(last)
    raise ValueError(f"{period!r} is not a period in a notation known here")


def shift_period(period: str, years: int) -> str:
    """The period cell `years` later, in the same notation.

    Raises
    ------
    ValueError
        The cell is in no notation known here.
    """
    end_year(period)
    first, rest = int(period[:4]) + years, period[4:]
    return f"{first}{rest[:-2]}{(int(rest[-2:]) + years) % 100:02d}" if rest else f"{first}"


def _renamed(layout: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A layout with its columns under the names that they have in one release."""

    def columns(cells: Mapping[str, Any]) -> dict[str, Any]:
        return {names.get(name, name): cell for name, cell in cells.items()}

    def place(spec: Mapping[str, Any]) -> dict[str, Any]:
        changed = dict(spec)
        for name in CELLS:
            at = spec.get(name)
            if isinstance(at, str):
                changed[name] = names.get(at, at)
            elif isinstance(at, dict):
                changed[name] = at | {"column": names.get(at["column"], at["column"])}
        return changed

    return layout | {
        "header": [names.get(name, name) for name in _flat(layout["header"])],
        "rows": {name: columns(cells) for name, cells in layout["rows"].items()},
        "figures": [place(spec) for spec in layout["figures"]],
        "by_period": columns(layout.get("by_period", {})),
    }


@lru_cache(maxsize=1)
def layouts() -> dict[tuple[str, str, str], Layout]:
    """Every layout, by publication, release and the contract's name of the file."""
    document = yaml.safe_load((FOLDER / "layouts.yml").read_text("utf-8"))
    found: dict[tuple[str, str, str], Layout] = {}
    for publication, files in document.items():
        if publication.startswith("."):
            continue
        for file, shared in files.items():
            releases = shared.pop("releases")
            for release, own in releases.items():
                merged = _renamed(shared | own, own.get("renamed", {}))
                merged.pop("renamed", None)
                found[publication, release, file] = Layout.model_validate(merged)
    return found


def layout_of(publication: str, release: str, file: str, like: str | None = None) -> Layout:
    """The layout of a file in a release, or in the release that it is laid out `like`.

    Raises
    ------
    KeyError
        No layout is known for the file in either release.
    """
    known = layouts()
    for name in (release, like):
        if name is not None and (publication, name, file) in known:
            return known[publication, name, file]
    raise KeyError(
        f"No layout for {file} of {publication} {release}; known releases: "
        + ", ".join(sorted(r for p, r, f in known if p == publication and f == file))
    )

"""The kinds of damage that are of many rows at once, and those that only a workbook can have."""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.councils import Councils
from reliability.anatomy import Figure, number
from reliability.kinds import kind
from reliability.specimen import NotApplicableError, Specimen, like


@lru_cache(maxsize=1)
def _councils() -> Councils:
    return Councils.load()


def _columns(s: Specimen) -> set[int]:
    """The columns of the series' values and counts."""
    return {column for column in s.columns if column is not None}


def _in_order(s: Specimen) -> list[Figure]:
    """The councils' figures of the newest year, as their rows stand in the file."""
    return sorted(s.figures("council", s.newest()), key=lambda figure: figure.row)


# Stretches of rows


@kind("stretches of rows")
def region_carried_on(s: Specimen) -> None:
    """The figures of a region's councils as they were the year before."""
    old = {f.code: f.row for f in s.figures("council", s.before_newest(), numbers=True)}
    regions: dict[str, list[Figure]] = {}
    for figure in s.figures("council", s.newest(), numbers=True):
        if figure.code in old:
            regions.setdefault(_councils().region_of(figure.code), []).append(figure)
    large = sorted(name for name, own in regions.items() if name and len(own) >= 8)
    if not large:
        raise NotApplicableError("no region of some councils")
    for figure in regions[s.chance.choice(large)]:
        for column in _columns(s):
            s.rows[figure.row][column] = s.rows[old[figure.code]][column]


@kind("stretches of rows")
def dragged_down(s: Specimen) -> None:
    """A council's figure dragged over the nine below it."""
    figures = _in_order(s)
    if len(figures) < 40:
        raise NotApplicableError("few councils")
    first = s.chance.randrange(len(figures) - 10)
    source = s.rows[figures[first].row]
    if number(source[s.value_at]) is None:
        raise NotApplicableError("the council drawn has a mark")
    for figure in figures[first + 1 : first + 10]:
        for column in _columns(s):
            s.rows[figure.row][column] = source[column]


@kind("stretches of rows")
def block_a_row_low(s: Specimen) -> None:
    """The numbers of twenty-five councils pasted a row too low, in the newest year."""
    figures = _in_order(s)
    if len(figures) < 40:
        raise NotApplicableError("few councils")
    first = s.chance.randrange(len(figures) - 25)
    block = [figure.row for figure in figures[first : first + 25]]
    for column in s.numeric():
        cells = [s.rows[row][column] for row in block]
        for row, cell in zip(block, [cells[0], *cells[:-1]], strict=True):
            s.rows[row][column] = cell


@kind("stretches of rows")
def labels_exchanged_in_a_year(s: Specimen) -> None:
    """Two labels exchanged, in the newest year only: girls for all."""
    at, label = s.filter_at, s.rows[s.one().row][s.filter_at]
    rows = s.of_year(s.newest())
    others = sorted({s.rows[row][at] for row in rows} - {label, ""})
    if not others:
        raise NotApplicableError("one label only")
    other = s.chance.choice(others)
    exchange = {label: other, other: label}
    for row in rows:
        s.rows[row][at] = exchange.get(s.rows[row][at], s.rows[row][at])


# Whole years


def _newest_times(s: Specimen, factor: float) -> None:
    """Every figure of the newest year so many times over, its interval with it, counts not."""
    counts = {column for column in s.columns[1:] if column is not None} - {s.value_at}
    rows = [f.row for f in s.figures(year=s.newest())]
    for column in {*s.numeric()} - counts:
        for row in rows:
            value = number(s.rows[row][column])
            if value is not None:
                s.rows[row][column] = like(value * factor, s.rows[row][column])


@kind("units")
def half_as_high_in_the_newest_year(s: Specimen) -> None:
    """Every figure of the newest year half as high again, with its interval."""
    s.before_newest()
    _newest_times(s, 1.5)


@kind("units")
def two_thirds_in_the_newest_year(s: Specimen) -> None:
    """Every figure of the newest year two thirds of what it is, with its interval."""
    s.before_newest()
    _newest_times(s, 2 / 3)


@kind("columns")
def column_rounded_with_noughts(s: Specimen) -> None:
    """Every value without its decimals, and noughts in their place: 26.4 as 26.0."""
    for row in s.rows:
        value = number(row[s.value_at])
        if value is not None:
            row[s.value_at] = like(round(value), row[s.value_at])


@kind("one cell")
def limit_slipped(s: Specimen) -> None:
    """A lower limit without its decimal point moved: a tenth."""
    names = [name for name in ("lower_ci_95", "lower_95") if name in s.anatomy.mapping]
    if not names:
        raise NotApplicableError("no interval")
    at, row = s.at(names[0]), s.rows[s.one().row]
    low = number(row[at])
    if not low:
        raise NotApplicableError("no interval")
    row[at] = like(low / 10, row[at])


# Workbooks


def _in_workbook(s: Specimen) -> None:
    if s.anatomy.book is None:
        raise NotApplicableError("no workbook")


@kind("workbooks")
def sheet_renamed(s: Specimen) -> None:
    """The sheet under another name."""
    _in_workbook(s)
    s.sheet = f"{s.sheet[:20]} (revised)"


@kind("workbooks")
def sheet_doubled(s: Specimen) -> None:
    """The sheet there twice, the copy with other numbers under the name that Excel gives one."""
    _in_workbook(s)
    copy = [list(row) for row in s.lines()]
    for row in copy:
        row[s.value_at] = "1"
    s.sheets[f"{s.sheet[:20]} (2)"] = copy


@kind("workbooks")
def sheets_exchanged(s: Specimen) -> None:
    """The names of two sheets exchanged."""
    _in_workbook(s)
    if not s.sheets:
        raise NotApplicableError("one sheet only")
    other = s.chance.choice(sorted(s.sheets))
    rows = s.sheets.pop(other)
    s.sheets = {s.sheet: rows} | s.sheets
    s.sheet = other


@kind("workbooks")
def sheet_of_another(s: Specimen) -> None:
    """The rows of another sheet under this one's name."""
    _in_workbook(s)
    if not s.sheets:
        raise NotApplicableError("one sheet only")
    *above, header = s.sheets[s.chance.choice(sorted(s.sheets))][: len(s.above) + 1]
    s.above, s.header = [list(row) for row in above], list(header)


@kind("workbooks")
def title_of_the_year_before(s: Specimen) -> None:
    """A year earlier in the title above the table."""
    _in_workbook(s)
    changed = False
    for row in s.above:
        for at, cell in enumerate(row):
            year = re.search(r"\b(20\d\d)$", cell.strip())
            if year and len(cell) > 10:
                row[at] = cell.replace(year[1], str(int(year[1]) - 1))
                changed = True
    if not changed:
        raise NotApplicableError("no year in a title")


@kind("workbooks")
def rows_above_inserted(s: Specimen) -> None:
    """Two empty rows at the top."""
    _in_workbook(s)
    s.above = [[""] * len(s.header) for _ in range(2)] + s.above


@kind("workbooks")
def row_inserted_under_the_header(s: Specimen) -> None:
    """An empty row between the header and its rows."""
    _in_workbook(s)
    s.rows.insert(0, [""] * len(s.header))


@kind("workbooks")
def column_inserted(s: Specimen) -> None:
    """An empty column at the left."""
    _in_workbook(s)
    for row in s.lines():
        row.insert(0, "")


@kind("workbooks")
def cells_moved_right(s: Specimen) -> None:
    """All cells below the header one to the right, from the values on."""
    _in_workbook(s)
    at = s.value_at
    for row in s.rows:
        row.insert(at, "")


@kind("workbooks")
def group_above_moved(s: Specimen) -> None:
    """The headings above the header one cell to the right."""
    _in_workbook(s)
    if s.contract.reading.header is None or s.contract.reading.header.rows < 2:
        raise NotApplicableError("a header of one row")
    for row in s.above[1 - s.contract.reading.header.rows :]:
        row.insert(0, "")
        row.pop()


def _of_two_years(s: Specimen) -> tuple[int, int]:
    """The columns of the series' values in two years, where each has one of its own."""
    _in_workbook(s)
    if s.contract.reading.melt is None:
        raise NotApplicableError("years are rows")
    column = s.series.rpartition(" ")[0]
    positions = [
        found.value
        for series, found in s.anatomy.columns.items()
        if series.rpartition(" ")[0] == column and found.value is not None
    ]
    others = [at for at in positions if at != s.value_at]
    if not others:
        raise NotApplicableError("one year only")
    return s.value_at, s.chance.choice(others)


@kind("workbooks")
def years_exchanged_in_the_header(s: Specimen) -> None:
    """The headings of two years exchanged."""
    left, right = _of_two_years(s)
    header = s.header
    if header[left] == header[right]:
        header = s.above[-1]
    header[left], header[right] = header[right], header[left]


@kind("workbooks")
def cells_of_two_years_exchanged(s: Specimen) -> None:
    """The values of two years exchanged, in every row."""
    left, right = _of_two_years(s)
    for row in s.rows:
        row[left], row[right] = row[right], row[left]

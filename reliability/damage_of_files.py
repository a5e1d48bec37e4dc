"""The kinds of damage of a file and its cells, on their way out and here.

Each kind is a function of a `Specimen`, registered under its group (`kinds`). It changes the
specimen's cells, or returns the file's bytes itself; where a file has nothing that it could damage
it raises `NotApplicableError`. Nothing here knows what a check would say.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Callable

from ingest.sample.faults import ERROR_PAGE
from reliability.anatomy import Figure, number
from reliability.kinds import KINDS, Kind, kind
from reliability.specimen import NotApplicableError, Specimen, like

# One cell


def _set(specimen: Specimen, new: Callable[[str], str], least: float = 1) -> None:
    figure, at = specimen.one(least=least), specimen.value_at
    specimen.rows[figure.row][at] = new(specimen.rows[figure.row][at])


def _in_value(name: str, what: str, new: Callable[[str], str], least: float = 1) -> None:
    def damage(specimen: Specimen) -> None:
        _set(specimen, new, least)

    KINDS[name] = Kind(name, "one cell", what, damage)


@kind("one cell")
def over_100(s: Specimen) -> None:
    """140.2 where a percentage was."""
    numbers = [number(s.rows[f.row][s.value_at]) or 0 for f in s.figures(numbers=True)]
    if max(numbers, default=101) > 100:
        raise NotApplicableError("no percentage")
    _set(s, lambda _: "140.2")


def _no_point(cell: str) -> str:
    if "." not in cell:
        raise NotApplicableError("no decimals")
    return cell.replace(".", "")


def _transposed(cell: str) -> str:
    digits = cell.strip()
    if len(digits) < 2 or not digits[:2].isdigit() or digits[0] == digits[1]:
        raise NotApplicableError("no two digits to exchange")
    return digits[1] + digits[0] + digits[2:]


def _nudged(cell: str) -> str:
    decimals = len(cell.strip().partition(".")[2])
    return like(float(cell) + 10.0**-decimals, cell)


_in_value("decimal_slip", "a value without its decimal point, 9.1 as 91", _no_point)
_in_value("times_ten", "a value ten times over", lambda c: like(10 * float(c), c))
_in_value("a_tenth", "a tenth of a value", lambda c: like(float(c) / 10, c), 10)
_in_value("doubled", "a value twice over", lambda c: like(2 * float(c), c))
_in_value(
    "digits_transposed", "a value's first two digits exchanged, 27.6 as 72.6", _transposed, 10
)
_in_value("zero_for_value", "0 where a value was", lambda _: "0")
_in_value("nudged", "a value one more in its last place", _nudged)
_in_value("blank", "an empty cell where a value was", lambda _: "")
_in_value("lone_space", "a lone space where a value was", lambda _: " ")
_in_value("decimal_comma", "a decimal comma, 9,1", lambda c: _no_point(c) and c.replace(".", ","))
_in_value("percent_sign", "a percent sign behind a value", lambda c: f"{c}%")
_in_value("no_break_space", "a no-break space behind a value", lambda c: f"{c}\u00a0")
_in_value("thin_space", "a thin space inside a value", lambda c: f"{c[:1]}\u2009{c[1:]}")
_in_value("spaces_around", "spaces around a value", lambda c: f"  {c} ")
_in_value(
    "trailing_zero", "a value with one more 0 behind", lambda c: f"{c}0" if "." in c else f"{c}.0"
)
_in_value("exponent", "a value as 9.1E+00", lambda c: f"{float(c):.3E}")
_in_value(
    "full_width_digits",
    "a value in full-width digits",
    lambda c: "".join(chr(ord(d) + 0xFEE0) if d.isdigit() else d for d in c),
)
_in_value("negative", "a minus before a value", lambda c: f"-{c.strip()}")
_in_value("typographic_minus", "a typographic minus before a value", lambda c: f"\u2212{c.strip()}")
_in_value("letter_o", "the letter O for a nought", lambda c: f"{c}O")
_in_value("footnote", "a footnote's mark behind a value", lambda c: f"{c} [r]")
_in_value("unknown_mark", "n/a where a value was", lambda _: "n/a")
_in_value("not_a_number", "NaN where a value was", lambda _: "NaN")
_in_value("infinity", "inf where a value was", lambda _: "inf")
_in_value("spreadsheet_date", "a value as a spreadsheet's date", lambda _: "09-Jan")
_in_value("spreadsheet_error", "#DIV/0! where a value was", lambda _: "#DIV/0!")
_in_value("formula_in_value", "a formula where a value was", lambda _: "=SUM(A1:A9)")
_in_value("markup_in_value", "an element of markup where a value was", lambda _: "<b>9.1</b>")
_in_value(
    "sql_in_value", "SQL where a value was", lambda _: "9'); drop table marts.dim_council; --"
)


@kind("one cell")
def zero_for_mark(s: Specimen) -> None:
    """0 where a mark was."""
    at = s.value_at
    marks = [f for f in s.figures("council") if number(s.rows[f.row][at]) is None]
    if not marks:
        raise NotApplicableError("no marks")
    s.rows[s.chance.choice(marks).row][at] = "0"


@kind("one cell")
def value_for_mark(s: Specimen) -> None:
    """A number where a mark was: the value of another council."""
    at = s.value_at
    marks = [f for f in s.figures("council") if number(s.rows[f.row][at]) is None]
    if not marks:
        raise NotApplicableError("no marks")
    s.rows[s.chance.choice(marks).row][at] = s.rows[s.one().row][at]


@kind("one cell")
def mark_for_value(s: Specimen) -> None:
    """The publisher's mark where a value was."""
    s.rows[s.one().row][s.value_at] = s.mark()


@kind("one cell")
def thousands_comma(s: Specimen) -> None:
    """A count with a thousands comma."""
    at = s.columns.denominator if s.columns.denominator is not None else s.columns.numerator
    if at is None:
        raise NotApplicableError("no counts")
    s.rows[s.one().row][at] = "1,234"


@kind("one cell")
def numerator_above_denominator(s: Specimen) -> None:
    """A numerator greater than its denominator."""
    row, (numerator, denominator) = s.one().row, s.counts_at
    whole = number(s.rows[row][denominator])
    if whole is None:
        raise NotApplicableError("no count")
    s.rows[row][numerator] = str(int(whole) + 3)


@kind("one cell")
def numerator_doubled(s: Specimen) -> None:
    """A numerator twice over, its percentage as it was."""
    if s.columns.numerator in (None, s.columns.value):
        raise NotApplicableError("no numerator beside the value")
    s.change([s.one().row], s.columns.numerator or 0, lambda n: 2 * n + 1)


@kind("one cell")
def denominator_halved(s: Specimen) -> None:
    """Half a denominator, its percentage as it was."""
    if s.columns.denominator is None:
        raise NotApplicableError("no denominator")
    s.change([s.one().row], s.columns.denominator, lambda n: n // 2)


@kind("one cell")
def denominator_zero(s: Specimen) -> None:
    """0 as a denominator."""
    if s.columns.denominator is None:
        raise NotApplicableError("no denominator")
    s.rows[s.one().row][s.columns.denominator] = "0"


@kind("one cell")
def counts_exchanged(s: Specimen) -> None:
    """Numerator and denominator of a council exchanged."""
    row, (numerator, denominator) = s.rows[s.one().row], s.counts_at
    if row[numerator] == row[denominator]:
        raise NotApplicableError("the counts are the same")
    row[numerator], row[denominator] = row[denominator], row[numerator]


@kind("one cell")
def bound_wrong(s: Specimen) -> None:
    """An upper bound below its lower."""
    at, low = s.at("upper_ci_95"), s.at("lower_ci_95")
    row = s.rows[s.one().row]
    if number(row[low]) is None:
        raise NotApplicableError("no interval")
    row[at] = like(float(row[low]) / 2, row[low])


# Columns


@kind("columns")
def newest_year_frozen(s: Specimen) -> None:
    """The year before printed again as the newest."""
    before, at = s.before_newest(), s.value_at
    old = {f.code: f.row for f in s.figures("council", before)}
    columns = {c for c in s.columns if c is not None} | {at}
    for figure in s.figures("council", s.newest()):
        if figure.code in old:
            for column in columns:
                s.rows[figure.row][column] = s.rows[old[figure.code]][column]


@kind("columns")
def one_council_frozen(s: Specimen) -> None:
    """A council's newest value printed in each of its years."""
    if len(s.years) < 4:
        raise NotApplicableError("few years")
    figure, at = s.one(), s.value_at
    for other in s.figures("council"):
        if other.code == figure.code:
            s.rows[other.row][at] = s.rows[figure.row][at]


@kind("columns")
def two_councils_swapped(s: Specimen) -> None:
    """The figures of two councils exchanged, in the newest year."""
    low, high = s.two()
    s.swap(low.row, high.row, s.numeric())


@kind("columns")
def two_councils_swapped_for_good(s: Specimen) -> None:
    """The codes of two councils exchanged, in every row."""
    low, high = s.two()
    left, right = s.of_council(low.code), s.of_council(high.code)
    for rows, code in ((left, high.code), (right, low.code)):
        for row in rows:
            s.rows[row][s.code_at] = code


@kind("columns")
def column_shifted(s: Specimen) -> None:
    """A column of values one row further down, in the newest year."""
    at = s.value_at
    rows = sorted(f.row for f in s.figures("council", s.newest()))
    cells = [s.rows[row][at] for row in rows]
    for row, cell in zip(rows, [cells[-1], *cells[:-1]], strict=True):
        s.rows[row][at] = cell


@kind("columns")
def block_shifted(s: Specimen) -> None:
    """All numbers one row further down, in the newest year."""
    rows = sorted(f.row for f in s.figures("council", s.newest()))
    for at in s.numeric():
        cells = [s.rows[row][at] for row in rows]
        for row, cell in zip(rows, [cells[-1], *cells[:-1]], strict=True):
            s.rows[row][at] = cell


@kind("columns")
def column_sorted(s: Specimen) -> None:
    """A column of values sorted by itself, in the newest year."""
    at = s.value_at
    rows = sorted(f.row for f in s.figures("council", s.newest(), numbers=True))
    cells = sorted((s.rows[row][at] for row in rows), key=float)
    for row, cell in zip(rows, cells, strict=True):
        s.rows[row][at] = cell


@kind("columns")
def column_emptied(s: Specimen) -> None:
    """Nothing in the column of values."""
    for row in s.rows:
        row[s.value_at] = ""


@kind("columns")
def column_of_zeros(s: Specimen) -> None:
    """0 for every value of the newest year."""
    for figure in s.figures(year=s.newest()):
        s.rows[figure.row][s.value_at] = "0"


@kind("columns")
def column_rounded(s: Specimen) -> None:
    """Every value without its decimals."""
    at = s.value_at
    for row in s.rows:
        value = number(row[at])
        if value is not None:
            row[at] = f"{value:.0f}"


@kind("columns")
def columns_reordered(s: Specimen) -> None:
    """Columns in another order."""
    order = list(range(len(s.header)))
    s.chance.shuffle(order)
    for row in s.lines():
        row[:] = [row[i] for i in order]


@kind("columns")
def column_dropped(s: Specimen) -> None:
    """The column of values left out."""
    at = s.value_at
    for row in s.lines():
        del row[at]


@kind("columns")
def column_doubled(s: Specimen) -> None:
    """The column of values there twice, under one name."""
    at = s.value_at
    for row in s.lines():
        row.append(row[at])


@kind("columns")
def column_added(s: Specimen) -> None:
    """A column that nobody knows, at the end."""
    s.header.append("revised_flag")
    for row in s.rows:
        row.append("n")


@kind("columns")
def column_beside_its_revision(s: Specimen) -> None:
    """A second column of values, named as revised, with other numbers; the first emptied."""
    at = s.value_at
    s.header.append(f"{s.header[at]}_revised")
    for row in s.rows:
        row.append(row[at])
        row[at] = ""


# The header


@kind("header")
def column_renamed(s: Specimen) -> None:
    """The column of values under another name."""
    s.header[s.value_at] = f"{s.header[s.value_at]}_pct"


@kind("header")
def header_case_changed(s: Specimen) -> None:
    """The column of values named in other capitals."""
    name = s.header[s.value_at]
    s.header[s.value_at] = name.upper() if name != name.upper() else name.lower()


@kind("header")
def header_space(s: Specimen) -> None:
    """A space behind the name of the column of values."""
    s.header[s.value_at] += " "


@kind("header")
def names_exchanged(s: Specimen) -> None:
    """The names of two columns of numbers exchanged."""
    others = [at for at in s.numeric() if at != s.value_at]
    if not others:
        raise NotApplicableError("one column of numbers")
    at, other = s.value_at, s.chance.choice(others)
    s.header[at], s.header[other] = s.header[other], s.header[at]


@kind("header")
def header_twice(s: Specimen) -> None:
    """The header printed again among the rows."""
    s.rows.insert(len(s.rows) // 2, list(s.header))


@kind("header")
def header_missing(s: Specimen) -> None:
    """No header."""
    s.header = s.rows.pop(0)


@kind("header")
def title_above(s: Specimen) -> bytes:
    """A title above the header."""
    return b"Table 1: figures by local authority\n" + s.as_csv()


@kind("header")
def title_row_above(s: Specimen) -> bytes:
    """A title above the header, padded with commas to its width."""
    return b"Table 1" + b"," * (len(s.header) - 1) + b"\n" + s.as_csv()


# Rows


@kind("rows")
def rows_shuffled(s: Specimen) -> None:
    """Rows in another order."""
    s.chance.shuffle(s.rows)


@kind("rows")
def row_doubled(s: Specimen) -> None:
    """A council's row printed twice."""
    row = s.one().row
    s.rows.insert(row, list(s.rows[row]))


@kind("rows")
def row_doubled_otherwise(s: Specimen) -> None:
    """A council's row printed twice, with another value the second time."""
    row, at = s.one().row, s.value_at
    again = list(s.rows[row])
    again[at] = like(float(again[at]) / 2, again[at])
    s.rows.append(again)


@kind("rows")
def row_dropped(s: Specimen) -> None:
    """A council's row of the newest year left out."""
    s.drop([s.one().row])


@kind("rows")
def row_of_an_old_year_dropped(s: Specimen) -> None:
    """A council's row of the first year left out."""
    if len(s.years) < 2:
        raise NotApplicableError("one year only")
    found = s.figures("council", s.years[0], numbers=True)
    s.drop([s.chance.choice(found).row])


@kind("rows")
def rows_blank_at_the_end(s: Specimen) -> bytes:
    """Empty lines at the end."""
    return s.as_csv() + b"\n" * 3


@kind("rows")
def rows_of_commas_at_the_end(s: Specimen) -> bytes:
    """Lines of commas at the end, as a spreadsheet leaves them."""
    return s.as_csv() + (b"," * (len(s.header) - 1) + b"\n") * 3


@kind("rows")
def total_at_the_end(s: Specimen) -> None:
    """A row of totals at the end, under the name Total."""
    row = [""] * len(s.header)
    row[s.name_at] = "Total"
    row[s.period_at] = s.rows[-1][s.period_at]
    row[s.value_at] = "9999"
    s.rows.append(row)


@kind("rows")
def footnote_at_the_end(s: Specimen) -> bytes:
    """A footnote at the end."""
    return s.as_csv() + b"1. Figures are rounded to the nearest five.\n"


@kind("rows")
def cell_missing(s: Specimen) -> None:
    """A row with a cell too few."""
    del s.rows[s.one().row][s.value_at]


@kind("rows")
def cell_too_many(s: Specimen) -> None:
    """A row with a cell too many."""
    s.rows[s.one().row].insert(s.value_at, "")


@kind("rows")
def row_shifted_by_a_cell(s: Specimen) -> None:
    """A row's cells one column further right, the last one gone."""
    row = s.rows[s.one().row]
    row.insert(s.value_at, "")
    row.pop()


@kind("rows")
def file_twice(s: Specimen) -> bytes:
    """All rows twice, as of a file appended to itself."""
    content = s.as_csv()
    return content + content.split(b"\n", 1)[1]


# Areas


@kind("areas")
def council_dropped(s: Specimen) -> None:
    """A council left out, in every year."""
    s.drop(s.of_council(s.one().code))


@kind("areas")
def councils_of_a_region_dropped(s: Specimen) -> None:
    """Ten councils left out, in the newest year."""
    figures = s.figures("council", s.newest())[:10]
    s.drop(f.row for f in figures)


def _recode(s: Specimen, new: Callable[[str], str]) -> None:
    code = s.one().code
    for row in s.of_council(code):
        s.rows[row][s.code_at] = new(code)


@kind("areas")
def code_unknown(s: Specimen) -> None:
    """A council under a code that no council has."""
    _recode(s, lambda _: "E06000999")


@kind("areas")
def code_with_spaces(s: Specimen) -> None:
    """Spaces around a council's code."""
    _recode(s, lambda code: f" {code} ")


@kind("areas")
def code_with_no_break_space(s: Specimen) -> None:
    """A no-break space behind a council's code."""
    _recode(s, lambda code: f"{code}\u00a0")


@kind("areas")
def code_in_lower_case(s: Specimen) -> None:
    """A council's code in lower case."""
    _recode(s, str.lower)


@kind("areas")
def code_blank(s: Specimen) -> None:
    """A council without a code."""
    _recode(s, lambda _: "")


@kind("areas")
def code_of_wales(s: Specimen) -> None:
    """A council under a Welsh council's code."""
    _recode(s, lambda _: "W06000015")


@kind("areas")
def code_of_a_region(s: Specimen) -> None:
    """A region's code on a council's row."""
    _recode(s, lambda _: "E12000003")


@kind("areas")
def code_of_another_council(s: Specimen) -> None:
    """A council's newest row under another council's code."""
    low, high = s.two()
    s.rows[low.row][s.code_at] = high.code


def _recoded(s: Specimen) -> list[Figure]:
    found = [f for f in s.figures("council", numbers=True) if f.code in s.anatomy.around.recoded]
    if not found:
        raise NotApplicableError("no council that was recoded")
    return found


@kind("areas")
def old_code_for_new(s: Specimen) -> None:
    """A recoded council under the code it had before."""
    code = s.chance.choice(_recoded(s)).code
    for row in s.of_council(code):
        s.rows[row][s.code_at] = s.anatomy.around.recoded[code]


@kind("areas")
def under_both_codes(s: Specimen) -> None:
    """A recoded council under its old code and its new one, with other values under the old."""
    code, at = s.chance.choice(_recoded(s)).code, s.value_at
    for row in s.of_council(code):
        again = list(s.rows[row])
        again[s.code_at] = s.anatomy.around.recoded[code]
        value = number(again[at])
        if value is not None:
            again[at] = like(value * 0.8 + 1, again[at])
        s.rows.append(again)


@kind("areas")
def under_both_codes_in_turn(s: Specimen) -> None:
    """The old code's rows in a new one's place where it has a mark, so that both have figures."""
    figure, at = s.chance.choice(_recoded(s)), s.value_at
    again = list(s.rows[figure.row])
    again[s.code_at] = s.anatomy.around.recoded[figure.code]
    s.rows[figure.row][at] = s.mark()
    again[at] = like(float(again[at]) * 0.8 + 1, again[at])
    s.rows.append(again)


@kind("areas")
def england_dropped(s: Specimen) -> None:
    """England left out, in the newest year."""
    s.drop(f.row for f in s.figures("country", s.newest()))


@kind("areas")
def england_doubled(s: Specimen) -> None:
    """England's row printed twice, with another value the second time."""
    figure, at = s.one("country"), s.value_at
    again = list(s.rows[figure.row])
    again[at] = like(float(again[at]) / 2, again[at])
    s.rows.append(again)


@kind("areas")
def england_changed(s: Specimen) -> None:
    """Another value for England: half as much again."""
    s.change([s.one("country").row], s.value_at, lambda value: value * 1.5)


@kind("areas")
def england_changed_a_little(s: Specimen) -> None:
    """Another value for England: a tenth more."""
    s.change([s.one("country").row], s.value_at, lambda value: value * 1.1)


@kind("areas")
def region_changed(s: Specimen) -> None:
    """Another value for a region: half as much again."""
    s.change([s.one("region").row], s.value_at, lambda value: value * 1.5)


@kind("areas")
def region_dropped(s: Specimen) -> None:
    """A region left out, in the newest year."""
    s.drop([s.one("region").row])


@kind("areas")
def regions_exchanged(s: Specimen) -> None:
    """The figures of two regions exchanged."""
    figures = s.figures("region", s.newest(), numbers=True)
    if len(figures) < 2:
        raise NotApplicableError("no regions")
    s.swap(figures[0].row, figures[-1].row, s.numeric())


@kind("areas")
def level_reworded(s: Specimen) -> None:
    """Another word for the level of every council."""
    at = s.level_at
    for row in s.rows:
        if row[at].strip().lower() == "local authority":
            row[at] = "Upper tier council"


@kind("areas")
def level_in_capitals(s: Specimen) -> None:
    """The level of every council in capitals."""
    at = s.level_at
    for row in s.rows:
        row[at] = row[at].upper()


@kind("areas")
def level_of_one_row_wrong(s: Specimen) -> None:
    """A council's row that says it is of a district."""
    s.rows[s.one().row][s.level_at] = "Local authority district"


@kind("areas")
def level_of_a_region(s: Specimen) -> None:
    """A council's row that says it is a region's."""
    s.rows[s.one().row][s.level_at] = "Regional"


# Years


def _year_up(cell: str, by: int) -> str:
    """A period some years on, in whatever notation: 202324, 2020 - 22, 2023/24, 2022."""
    if re.fullmatch(r"\d{6}", cell):
        return f"{int(cell[:4]) + by}{(int(cell[4:]) + by) % 100:02}"
    return re.sub(
        r"\d{4}|\d{2}",
        lambda m: str(int(m[0]) + by) if len(m[0]) == 4 else f"{(int(m[0]) + by) % 100:02}",
        cell,
    )


@kind("years")
def years_back(s: Specimen) -> None:
    """Every period a year earlier."""
    for row in s.rows:
        row[s.period_at] = _year_up(row[s.period_at], -1)


@kind("years")
def years_on(s: Specimen) -> None:
    """Every period a year later."""
    for row in s.rows:
        row[s.period_at] = _year_up(row[s.period_at], 1)


@kind("years")
def newest_year_missing(s: Specimen) -> None:
    """The newest year left out."""
    s.before_newest()
    s.drop(s.of_year(s.newest()))


@kind("years")
def first_year_missing(s: Specimen) -> None:
    """The first year left out."""
    s.before_newest()
    s.drop(s.of_year(s.years[0]))


@kind("years")
def middle_year_missing(s: Specimen) -> None:
    """A year in the middle left out."""
    if len(s.years) < 3:
        raise NotApplicableError("few years")
    s.drop(s.of_year(s.years[len(s.years) // 2]))


@kind("years")
def year_twice(s: Specimen) -> None:
    """The rows of the newest year twice."""
    s.rows += [list(s.rows[i]) for i in s.of_year(s.newest())]


@kind("years")
def year_under_the_next(s: Specimen) -> None:
    """The newest year's rows again, under the year after."""
    for i in s.of_year(s.newest()):
        again = list(s.rows[i])
        again[s.period_at] = _year_up(again[s.period_at], 1)
        s.rows.append(again)


@kind("years")
def two_years_exchanged(s: Specimen) -> None:
    """The labels of the two newest years exchanged."""
    new, old = s.of_year(s.newest()), s.of_year(s.before_newest())
    labels = s.rows[new[0]][s.period_at], s.rows[old[0]][s.period_at]
    for rows, label in ((new, labels[1]), (old, labels[0])):
        for row in rows:
            s.rows[row][s.period_at] = label


@kind("years")
def one_row_of_another_year(s: Specimen) -> None:
    """A council's newest row under a year that no other row has."""
    row = s.rows[s.one().row]
    row[s.period_at] = _year_up(row[s.period_at], 30)


@kind("years")
def period_in_words(s: Specimen) -> None:
    """Periods in another notation."""
    for row in s.rows:
        row[s.period_at] = f"Year {row[s.period_at]}"


# Labels


@kind("labels")
def label_reworded(s: Specimen) -> None:
    """The label that tells the series' rows, in other words."""
    at, row = s.filter_at, s.one().row
    label = s.rows[row][at]
    for cells in s.rows:
        if cells[at] == label:
            cells[at] = f"{label} (revised definition)"


@kind("labels")
def label_reworded_in_a_row(s: Specimen) -> None:
    """The label of one council's row in other words."""
    s.rows[s.one().row][s.filter_at] += " (provisional)"


@kind("labels")
def label_with_a_space(s: Specimen) -> None:
    """A space behind a label."""
    at = s.filter_at
    for row in s.rows:
        row[at] += " "


@kind("labels")
def label_in_capitals(s: Specimen) -> None:
    """Labels in capitals."""
    at = s.filter_at
    for row in s.rows:
        row[at] = row[at].upper()


@kind("labels")
def labels_exchanged(s: Specimen) -> None:
    """Two labels exchanged in every row."""
    at, label = s.filter_at, s.rows[s.one().row][s.filter_at]
    others = sorted({row[at] for row in s.rows} - {label, ""})
    if not others:
        raise NotApplicableError("one label only")
    exchange = {label: others[0], others[0]: label}
    for row in s.rows:
        row[at] = exchange.get(row[at], row[at])


@kind("labels")
def indicator_of_another(s: Specimen) -> None:
    """Another indicator's number in every row."""
    at = s.at("indicator_id")
    for row in s.rows:
        row[at] = "93014"


# Units and revisions


def _whole(s: Specimen, factor: float, years: list[int] | None = None) -> None:
    rows = [f.row for f in s.figures() if years is None or f.year in years]
    s.change(rows, s.value_at, lambda value: value * factor)


@kind("units")
def proportion_for_percentage(s: Specimen) -> None:
    """Proportions for percentages: every value a hundredth."""
    at = s.value_at
    for row in s.rows:
        value = number(row[at])
        if value is not None:
            row[at] = f"{value / 100:.4f}"


@kind("units")
def per_another_number(s: Specimen) -> None:
    """A rate of ten times as many: every value ten times over."""
    _whole(s, 10)


@kind("units")
def tenfold_in_the_newest_year(s: Specimen) -> None:
    """Every value of the newest year a tenth."""
    _whole(s, 0.1, [s.newest()])


@kind("units")
def counts_in_hundreds(s: Specimen) -> None:
    """Counts in hundreds in the newest year."""
    numerator, denominator = s.counts_at
    rows = [f.row for f in s.figures(year=s.newest())]
    s.change(rows, denominator, lambda n: n / 100)
    s.change(rows, numerator, lambda n: n / 100)


@kind("revisions")
def rebased(s: Specimen) -> None:
    """Every value 3 % higher, in every year."""
    _whole(s, 1.03)


@kind("revisions")
def rebased_with_intervals(s: Specimen) -> None:
    """Every number 3 % higher, in every year: values, counts and intervals together."""
    for at in s.numeric():
        for row in s.rows:
            value = number(row[at])
            if value is not None:
                row[at] = like(value * 1.03, row[at])


@kind("revisions")
def history_rebased(s: Specimen) -> None:
    """Every value 5 % lower, in all years but the newest."""
    s.before_newest()
    _whole(s, 0.95, s.years[:-1])


@kind("revisions")
def council_history_rewritten(s: Specimen) -> None:
    """One council's earlier years half as high again."""
    s.before_newest()
    code = s.one().code
    rows = [f.row for f in s.figures("council") if f.code == code and f.year != s.newest()]
    s.change(rows, s.value_at, lambda value: value * 1.5)


@kind("revisions")
def old_value_changed(s: Specimen) -> None:
    """One value of an earlier year a quarter higher."""
    s.before_newest()
    found = s.figures("council", s.before_newest(), numbers=True)
    s.change([s.chance.choice(found).row], s.value_at, lambda value: value * 1.25)


@kind("revisions")
def all_suppressed(s: Specimen) -> None:
    """The publisher's mark for every value."""
    for figure in s.figures():
        s.rows[figure.row][s.value_at] = s.mark()


@kind("revisions")
def newest_year_suppressed(s: Specimen) -> None:
    """The publisher's mark for every council's value of the newest year."""
    for figure in s.figures("council", s.newest()):
        s.rows[figure.row][s.value_at] = s.mark()


@kind("revisions")
def half_suppressed(s: Specimen) -> None:
    """The publisher's mark for every other council's value of the newest year."""
    for figure in s.figures("council", s.newest())[::2]:
        s.rows[figure.row][s.value_at] = s.mark()


@kind("revisions")
def release_before(s: Specimen) -> bytes:
    """The file of the release before, under this one's name."""
    if s.anatomy.around.before is None:
        raise NotApplicableError("no release before")
    return s.anatomy.around.before


@kind("revisions")
def another_file(s: Specimen) -> bytes:
    """Another publication's file, under this one's name."""
    if s.anatomy.around.stranger is None:
        raise NotApplicableError("no other file")
    return s.anatomy.around.stranger


# Names


def _rename(s: Specimen, new: Callable[[str], str]) -> None:
    for row in s.of_council(s.one().code):
        s.rows[row][s.name_at] = new(s.rows[row][s.name_at])


def _in_name(name: str, what: str, new: Callable[[str], str]) -> None:
    KINDS[name] = Kind(name, "names", what, lambda specimen: _rename(specimen, new))


_in_name("formula_in_name", "a formula as a name", lambda _: '=HYPERLINK("http://x","y")')
_in_name("script_in_name", "a script in a name", lambda n: f"{n}<script>alert(1)</script>")
_in_name("sql_in_name", "SQL in a name", lambda n: f"{n}'; drop schema marts cascade; --")
_in_name("template_in_name", "a template's expression in a name", lambda n: f"{n} {{{{ 7*7 }}}}")
_in_name("line_end_in_name", "a line end inside a name", lambda n: f"{n}\nE92000001")
_in_name("right_to_left_name", "an override of writing direction in a name", lambda n: f"\u202e{n}")
_in_name("long_name", "a name of a hundred thousand letters", lambda n: n * 10_000)
_in_name("another_name", "another council's name beside a code", lambda _: "Rutland")


@kind("names")
def formula_in_note(s: Specimen) -> None:
    """A formula as a note."""
    s.rows[s.one().row][s.at("value_note")] = '=HYPERLINK("http://x","y")'


@kind("names")
def formula_in_note_of_a_blank(s: Specimen) -> None:
    """A formula as the note of a cell that is empty."""
    row = s.rows[s.one().row]
    row[s.value_at], row[s.at("value_note")] = "", '=HYPERLINK("http://x","y")'


# Bytes


@kind("bytes")
def cp1252(s: Specimen) -> bytes:
    """Windows-1252, with an apostrophe of its own in a name."""
    _rename(s, lambda name: f"{name}\u2019s")
    return s.as_csv().decode("utf-8-sig").encode("cp1252", "replace")


@kind("bytes")
def utf_16(s: Specimen) -> bytes:
    """UTF-16 with its mark."""
    return s.as_csv().decode("utf-8-sig").encode("utf-16")


@kind("bytes")
def utf_16_unmarked(s: Specimen) -> bytes:
    """UTF-16 without its mark."""
    return s.as_csv().decode("utf-8-sig").encode("utf-16-le")


@kind("bytes")
def mojibake_in_name(s: Specimen) -> bytes:
    """UTF-8 read as Windows-1252 and written again, with an apostrophe in a name."""
    _rename(s, lambda name: f"{name}\u2019s")
    return s.as_csv().decode("cp1252", "replace").encode("utf-8")


@kind("bytes")
def mojibake_in_label(s: Specimen) -> None:
    """A dash in a label, read in the wrong encoding."""
    at = s.filter_at
    label = s.rows[s.one().row][at]
    for row in s.rows:
        if row[at] == label:
            row[at] = f"{label} \u00e2\u20ac\u201c all"


@kind("bytes")
def mark_twice(s: Specimen) -> bytes:
    """Two byte order marks."""
    return b"\xef\xbb\xbf" * 2 + s.as_csv().removeprefix(b"\xef\xbb\xbf")


@kind("bytes")
def mark_changed(s: Specimen) -> bytes:
    """A byte order mark where there was none, or none where there was one."""
    content = s.published
    mark = b"\xef\xbb\xbf"
    return content.removeprefix(mark) if content.startswith(mark) else mark + content


@kind("bytes")
def line_ends_changed(s: Specimen) -> bytes:
    """The other system's line ends."""
    content = s.published
    lf = content.replace(b"\r\n", b"\n")
    return lf if lf != content else content.replace(b"\n", b"\r\n")


@kind("bytes")
def line_ends_cr(s: Specimen) -> bytes:
    """Carriage returns for line ends."""
    return s.published.replace(b"\r\n", b"\n").replace(b"\n", b"\r")


@kind("bytes")
def everything_quoted(s: Specimen) -> bytes:
    """Every cell in quotes."""
    return s.as_csv(quoting=csv.QUOTE_ALL)


@kind("bytes")
def semicolons(s: Specimen) -> bytes:
    """Semicolons for commas."""
    return s.as_csv(delimiter=";")


@kind("bytes")
def tabs(s: Specimen) -> bytes:
    """Tabs for commas."""
    return s.as_csv(delimiter="\t")


@kind("bytes")
def nul_byte(s: Specimen) -> bytes:
    """A NUL in the middle."""
    content = s.published
    middle = len(content) // 2
    return content[:middle] + b"\x00" + content[middle:]


@kind("bytes")
def quote_left_open(s: Specimen) -> bytes:
    """A quotation mark that opens a cell and is never closed."""
    content = s.as_csv()
    middle = content.index(b",", len(content) // 2) + 1
    return content[:middle] + b'"' + content[middle:]


@kind("bytes")
def two_quotes_left_open(s: Specimen) -> bytes:
    """Two quotation marks that open cells, rows apart, so that their number is even."""
    lines = s.as_csv().split(b"\n")
    for at in (len(lines) // 2, len(lines) // 2 + 3):
        cells = lines[at].split(b",")
        cells[len(cells) // 2] = b'"' + cells[len(cells) // 2]
        lines[at] = b",".join(cells)
    return b"\n".join(lines)


@kind("bytes")
def digit_flipped(s: Specimen) -> None:
    """One bit of a value's first digit flipped."""
    at, row = s.value_at, s.one(least=10).row
    cell = s.rows[row][at].strip()
    s.rows[row][at] = chr(ord(cell[0]) ^ 4) + cell[1:]


@kind("truncation")
def cut_in_a_row(s: Specimen) -> bytes:
    """The download broke off in the middle of a row."""
    content = s.published
    kept = content[: int(len(content) * 0.6)]
    return kept[: kept.rindex(b",")]


@kind("truncation")
def cut_at_a_row(s: Specimen) -> bytes:
    """The download broke off at the end of a row."""
    content = s.published
    return content[: content.index(b"\n", int(len(content) * 0.6)) + 1]


@kind("truncation")
def cut_of_the_last_rows(s: Specimen) -> None:
    """The last three rows are missing."""
    del s.rows[-3:]


@kind("truncation")
def cut_in_the_last_cell(s: Specimen) -> bytes:
    """The last byte before the last line end is missing."""
    content = s.published.rstrip(b"\r\n")
    return content[:-1]


@kind("truncation")
def start_missing(s: Specimen) -> bytes:
    """The first rows are missing, the header with them."""
    content = s.published
    return content[content.index(b"\n", len(content) // 5) + 1 :]


@kind("truncation")
def empty(s: Specimen) -> bytes:
    """Nothing at all."""
    return b""


@kind("truncation")
def header_only(s: Specimen) -> None:
    """A header and no rows."""
    s.rows = []


@kind("another format")
def gzipped(s: Specimen) -> bytes:
    """The file compressed with gzip."""
    return gzip.compress(s.anatomy.content, 1, mtime=0)


@kind("another format")
def zipped(s: Specimen) -> bytes:
    """The file in a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("data.csv"), s.anatomy.content[:50_000])
    return packed.getvalue()


@kind("another format")
def web_page(s: Specimen) -> bytes:
    """An error page."""
    return ERROR_PAGE


@kind("another format")
def json_answer(s: Specimen) -> bytes:
    """An interface's error, in JSON."""
    return b'{"status": 503, "title": "Service Unavailable", "errors": []}\n'


@kind("another format")
def plain_sentence(s: Specimen) -> bytes:
    """A sentence, as of a gateway."""
    return b"upstream connect error or disconnect before headers\nreset reason: timeout\n"

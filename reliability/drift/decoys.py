"""Decoys: drifts that lead a careless reader to another column's, row's or year's figures."""

from __future__ import annotations

import re
from random import Random

from reliability.drift.columns import break_down
from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, is_number, kind, sought


def _scaled(cells: list[str], factor: float, rng: Random) -> list[str]:
    """Look-alikes of figures: close to them, and hardly ever the same."""
    made = []
    for cell in cells:
        if not is_number(cell):
            made.append(cell)
            continue
        decimals = len(cell.strip().partition(".")[2])
        value = float(cell) * factor * rng.uniform(0.93, 1.0)
        made.append(f"{value:.{decimals}f}")
    return made


def _value(document: Document) -> tuple[str, int, str]:
    name = sought(list(document.values or document.numeric()))[0]
    at = document.columns[name]
    return name, at, document.names()[at]


@kind("decoys", decoy=True)
def look_alike_beside(document: Document, rng: Random) -> Truth:
    """A figure renamed, and beside it a look-alike whose name is nearer to the old one."""
    name, at, printed = _value(document)
    cells = _scaled(document.column(name), 0.97, rng)
    document.rename(at, f"measure_{rng.randint(101, 999)}")
    renamed = document.names()[at]
    document.insert(at, f"{printed}_children", cells)
    return Truth(renamed={name: renamed})


@kind("decoys", decoy=True)
def look_alike_takes_the_name(document: Document, rng: Random) -> Truth:
    """A look-alike under the old name, and the figure under a new one."""
    name, at, printed = _value(document)
    cells = _scaled(document.column(name), 0.9, rng)
    document.rename(at, f"{printed}_all")
    document.insert(at, printed, cells)
    return Truth(renamed={name: f"{printed}_all"})


@kind("decoys", decoy=True)
def only_look_alikes(document: Document, rng: Random) -> Truth:
    """The figure is gone, and two look-alikes have names that are near to it."""
    name, _at, printed = _value(document)
    for suffix, factor in (("_children", 0.97), ("_episodes", 1.04)):
        cells = _scaled(document.column(name), factor, rng)
        document.insert(document.columns[name], f"{printed}{suffix}", cells)
    document.drop([document.columns[name]])
    return Truth()


@kind("decoys", decoy=True)
def last_year_beside(document: Document, rng: Random) -> Truth:
    """The figure renamed, with the year before's beside it under a name as near."""
    name, at, printed = _value(document)
    cells = _the_year_before(document, name)
    document.rename(at, f"{printed}_current")
    document.insert(at, f"{printed}_previous", cells)
    return Truth(renamed={name: f"{printed}_current"})


@kind("decoys", decoy=True)
def last_year_takes_the_name(document: Document, rng: Random) -> Truth:
    """The year before's figures under the old name, and this year's under a new one."""
    name, at, printed = _value(document)
    cells = _the_year_before(document, name)
    document.rename(at, f"{printed}_latest")
    document.insert(at, printed, cells)
    return Truth(renamed={name: f"{printed}_latest"})


def _the_year_before(document: Document, name: str) -> list[str]:
    period = document.contract.period.column
    if period not in document.columns or document.constant(period):
        raise NotApplicableError
    figures = {*(document.columns[n] for n in document.numeric())}
    when = document.columns[period]
    read = {document.columns[n] for n in document.contract.key if n in document.columns} - {when}
    years = sorted({row[when].strip() for row in document.rows})
    at = document.columns[name]

    def key(row: list[str], year: str) -> tuple[str, ...]:
        return (year, *(row[place] for place in sorted(read - figures)))

    printed = {key(row, row[when].strip()): row[at] for row in document.rows}
    return [
        printed.get(key(row, years[max(years.index(row[when].strip()) - 1, 0)]), row[at])
        for row in document.rows
    ]


@kind("decoys", decoy=True)
def names_exchanged(document: Document, rng: Random) -> Truth:
    """The names of a figure and of another column of figures exchanged."""
    name, at, printed = _value(document)
    cells = document.column(name)
    others = [n for n in document.numeric() if n != name and document.column(n) != cells]
    other = rng.choice(sought(others))
    place = document.columns[other]
    document.rename(at, document.names()[place])
    document.rename(place, printed)
    return Truth(renamed={name: document.names()[at], other: document.names()[place]})


@kind("decoys", decoy=True)
def rate_for_figure(document: Document, rng: Random) -> Truth:
    """A figure renamed, and beside it a rate that is ten times as much, under the old words."""
    name, at, printed = _value(document)
    cells = [f"{float(c) * 10:g}" if is_number(c) else c for c in document.column(name)]
    document.rename(at, f"measure_{rng.randint(101, 999)}")
    renamed = document.names()[at]
    document.insert(at, f"{printed}_rate", cells)
    return Truth(renamed={name: renamed})


def _sexes(document: Document) -> tuple[str, str, str]:
    """The column of sexes, the cell of all and one of a part."""
    for name in document.of("filters"):
        cells = {c.strip() for c in document.column(name)}
        for whole in ("Total", "Persons", "All"):
            for part in ("Girls", "Female", "Boys", "Male"):
                if {whole, part} <= cells:
                    return name, whole, part
    raise NotApplicableError


@kind("decoys", decoy=True)
def labels_exchanged(document: Document, rng: Random) -> Truth:
    """The labels of all and of girls exchanged."""
    name, whole, part = _sexes(document)
    swap = {whole: part, part: whole}
    document.change([name], lambda c: swap.get(c.strip(), c))
    return Truth(relabelled=swap)


@kind("decoys", decoy=True)
def part_takes_the_label(document: Document, rng: Random) -> Truth:
    """The label of all reworded, and the old one given to a part."""
    name, whole, part = _sexes(document)
    swap = {whole: "Everybody", part: whole}
    document.change([name], lambda c: swap.get(c.strip(), c))
    return Truth(relabelled=swap)


@kind("decoys", decoy=True)
def whole_gone(document: Document, rng: Random) -> Truth:
    """The rows of all left out, with rows of the parts beside."""
    name, whole, _ = _sexes(document)
    at = document.columns[name]
    document.rows = [row for row in document.rows if row[at].strip() != whole]
    return Truth()


@kind("decoys", decoy=True)
def another_file_beside(document: Document, rng: Random) -> Truth:
    """The file renamed, and beside it one of the same columns with other figures."""
    if document.is_workbook:
        raise NotApplicableError
    twin = document.changed()
    for name in twin.numeric():
        at = twin.columns[name]
        cells = _scaled(twin.column(name), 0.8, rng)
        for row, cell in zip(twin.rows, cells, strict=True):
            row[at] = cell
    document.beside = {f"part_b_{document.name}": twin.written()}
    document.name = f"part_a_{document.name}"
    return Truth(renamed={"(file)": document.name})


@kind("decoys", decoy=True)
def figures_a_year_on(document: Document, rng: Random) -> Truth:
    """Every figure is the one of the year before."""
    name, at, _ = _value(document)
    cells = _the_year_before(document, name)
    for row, cell in zip(document.rows, cells, strict=True):
        row[at] = cell
    return Truth()


@kind("decoys", decoy=True)
def unit_changed(document: Document, rng: Random) -> Truth:
    """A figure as a share of one where it was of a hundred, under the same name."""
    own = [n for n in document.values if n in document.of("percentages", "numbers")]
    name = sought(own)[0]
    if max((float(c) for c in document.column(name) if is_number(c)), default=0) <= 1.5:
        raise NotApplicableError
    document.change([name], lambda c: f"{float(c) / 100:.4f}" if is_number(c) else c)
    return Truth()


@kind("decoys", decoy=True)
def columns_shifted(document: Document, rng: Random) -> Truth:
    """Cells of the figures moved one row down against their areas."""
    name, at, _ = _value(document)
    cells = document.column(name)
    for row, cell in zip(document.rows, [cells[-1], *cells[:-1]], strict=True):
        row[at] = cell
    return Truth()


@kind("decoys", decoy=True)
def years_of_another_type(document: Document, rng: Random) -> Truth:
    """Years named as those of another type: AY2023/24 where they are financial ones."""
    name = document.contract.period.column
    of = document.contract.period_type
    if name not in document.columns or of not in ("financial_year", "academic_year"):
        raise NotApplicableError
    cells = {cell.strip() for cell in document.column(name)}
    if not all(re.fullmatch(r"20\d\d[/-]?\d\d", cell) for cell in cells):
        raise NotApplicableError
    other = "AY" if of == "financial_year" else "FY"
    document.change([name], lambda c: f"{other}{c.strip()}")
    return Truth()


@kind("decoys", decoy=True)
def breakdown_without_whole(document: Document, rng: Random) -> Truth:
    """A breakdown that is new, and no rows for all: of its two parts one is nearly all."""
    break_down(document, ["ethnicity_major"], [(["White"], 0.97), (["Other than white"], 0.03)])
    return Truth()


@kind("decoys", decoy=True)
def vintages_beside(document: Document, rng: Random) -> Truth:
    """Each row twice, provisional as the release before had it, and revised."""
    break_down(document, ["data_status"], [(["Provisional"], 0.9), (["Revised"], 1.0)])
    return Truth()

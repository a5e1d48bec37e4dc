"""Drifts of columns: gone, new, moved."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, is_number, kind, sought


def _unneeded(document: Document) -> list[str]:
    """Columns that the contract names and that no figure, check or key is read from."""
    contract = document.contract
    needed = {
        *contract.key,
        *contract.checks.referenced_columns(),
        *document.values,
        *document.numeric(),
        *contract.area.codes.values(),
        contract.area.level,
        contract.period.column,
        *(c for c in (contract.period.sortable, contract.row_count) if c),
        *contract.more_councils,
        *(contract.reading.rows),
    }
    if contract.notes:
        needed.add(contract.notes.column)
    return [name for name in document.columns if name not in needed]


@kind("columns")
def constant_column_gone(document: Document, rng: Random) -> None:
    """A column that says the same in every row is left out."""
    same = [n for n in document.of("identity", "filters", "attributes") if document.constant(n)]
    codes = (document.contract.area.level, *document.contract.area.codes.values())
    name = rng.choice(
        sought([n for n in same if n not in (*codes, document.contract.period.column)])
    )
    document.drop([document.columns[name]])


@kind("columns")
def constant_breakdown_gone(document: Document, rng: Random) -> None:
    """A breakdown that has but one cell, or of which only the whole is published, is left out."""
    own = [n for n in document.of("filters") if n != document.contract.period.column]
    name = rng.choice(sought([n for n in own if document.constant(n)]))
    document.drop([document.columns[name]])


@kind("columns")
def descriptive_columns_gone(document: Document, rng: Random) -> None:
    """Columns that no figure is read from (names of areas, remarks) are left out."""
    own = sought(_unneeded(document))
    document.drop([document.columns[name] for name in own])


@kind("columns")
def unread_columns_gone(document: Document, rng: Random) -> None:
    """Columns that the contract does not name are left out."""
    read = {*document.columns.values()}
    own = {text: at for at, text in enumerate(document.names()) if at not in read}
    tested = {*document.contract.reading.rows}
    gone = [at for text, at in own.items() if text not in tested]
    if not gone or document.is_workbook or document.contract.reading.melt:
        raise NotApplicableError
    document.drop(gone)


@kind("columns")
def columns_new(document: Document, rng: Random) -> None:
    """Three new columns: a count, a percentage and a remark."""
    width = len(document.names())
    size = len(document.rows)
    document.insert(
        width, "children_with_a_plan_number", [str(rng.randint(5, 4000)) for _ in range(size)]
    )
    document.insert(
        width // 2,
        "children_with_a_plan_percent",
        [f"{rng.uniform(1, 99):.1f}" for _ in range(size)],
    )
    document.insert(
        width, "data_quality_remark", [rng.choice(["", "estimated"]) for _ in range(size)]
    )


@kind("columns")
def columns_reversed(document: Document, rng: Random) -> None:
    """The columns in the opposite order."""
    _for_one_header(document)
    document.reorder(list(reversed(range(len(document.names())))))


@kind("columns")
def columns_shuffled(document: Document, rng: Random) -> None:
    """The columns in another order."""
    _for_one_header(document)
    order = list(range(len(document.names())))
    rng.shuffle(order)
    document.reorder(order)


@kind("columns")
def figures_first(document: Document, rng: Random) -> None:
    """The columns of figures before those of areas and breakdowns."""
    _for_one_header(document)
    ahead = [document.columns[n] for n in sought(document.numeric())]
    document.reorder([*ahead, *(at for at in range(len(document.names())) if at not in ahead)])


def _for_one_header(document: Document) -> None:
    """A header of several rows tells its columns by where they stand."""
    if len(document.header) > 1 or document.contract.reading.unnamed:
        raise NotApplicableError
    if any(not name.strip() for name in document.names()):
        raise NotApplicableError


@kind("columns")
def blank_column(document: Document, rng: Random) -> None:
    """A column without a name or a cell, in the middle."""
    _for_one_header(document)
    document.insert(len(document.names()) // 2, "", [""] * len(document.rows))


@kind("columns")
def blank_columns_behind(document: Document, rng: Random) -> None:
    """Two columns without a name or a cell behind the last, as a spreadsheet leaves them."""
    for _ in range(2):
        document.insert(len(document.names()), "", [""] * len(document.rows))


@kind("columns")
def row_number_before(document: Document, rng: Random) -> None:
    """A column of row numbers before the first, as a data frame writes its index."""
    _for_one_header(document)
    document.insert(0, "row_id", [str(n) for n in range(len(document.rows))])


@kind("columns")
def years_before_beside(document: Document, rng: Random) -> None:
    """The change since the year before, beside a figure."""
    name = sought(list(document.values or document.numeric()))[0]
    at = document.columns[name]
    cells = [f"{rng.uniform(-5, 5):.1f}" for _ in document.rows]
    document.insert(at + 1, f"{document.names()[at]}_change", cells)


def break_down(
    document: Document, names: Sequence[str], parts: Sequence[tuple[Sequence[str], float]]
) -> None:
    """New columns before the figures, and each row once for each part, with so much of them."""
    if document.is_workbook or document.contract.reading.melt:
        raise NotApplicableError
    if {*names} & {name.strip().lower() for name in document.names()}:
        raise NotApplicableError
    at = min(document.columns[name] for name in sought(document.numeric()))
    for place, name in enumerate(names):
        document.insert(at + place, name, [""] * len(document.rows))
    figures = [document.columns[name] for name in document.numeric()]
    made = []
    for labels, share in parts:
        for row in document.rows:
            new = [*row[:at], *labels, *row[at + len(labels) :]]
            for place in figures if share != 1 else []:
                if is_number(new[place]):
                    decimals = len(new[place].strip().partition(".")[2])
                    new[place] = f"{float(new[place]) * share:.{decimals}f}"
            made.append(new)
    document.rows = made


@kind("columns")
def unlisted_breakdown_new(document: Document, rng: Random) -> None:
    """A breakdown that is new: each row for all, and for two parts of them."""
    parts = [(["Total"], 1.0), (["White"], 0.7), (["Other than white"], 0.3)]
    break_down(document, ["ethnicity_major"], rng.sample(parts, 3))


@kind("columns")
def unlisted_topics_new(document: Document, rng: Random) -> None:
    """A topic and its breakdown that are new, each topic with a total of those asked."""
    parts = [(["All children", "Total"], 1.0), (["Free meals", "Total"], 0.9)]
    parts += [(["Free meals", "Yes"], 0.3), (["Language", "English"], 0.7)]
    break_down(document, ["pupil_topic", "pupil_group"], parts)


@kind("columns")
def identities_renamed(document: Document, rng: Random) -> Truth:
    """All columns of areas and periods under other names at once."""
    style = {"time_period": "year", "time_identifier": "period_type", "region_code": "rgn_cd"}
    style |= {"geographic_level": "area_level", "country_code": "ctry_cd", "la_name": "authority"}
    style |= {"country_name": "ctry_nm", "region_name": "rgn_nm", "new_la_code": "authority_cd"}
    style |= {"old_la_code": "dfe_number", "areacd": "authority_cd", "areanm": "authority"}
    style |= {"area code": "authority_cd", "area name": "authority", "time period": "when"}
    renamed = {}
    for name, at in document.columns.items():
        printed = document.names()[at]
        if (other := style.get(printed.strip().lower())) is not None:
            document.rename(at, other)
            renamed[name] = other
    sought(list(renamed))
    return Truth(renamed=renamed)

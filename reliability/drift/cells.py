"""Drifts of cells: how figures, marks, labels and periods are printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, is_number, kind, numbers_at, sought


def _beside_some(document: Document, rng: Random, mark: str, share: float = 0.02) -> None:
    name = sought(list(document.values or document.numeric()))[0]
    found = list(numbers_at(document, name))
    for row, at in rng.sample(found, max(1, int(len(found) * share))):
        row[at] = row[at].strip() + mark


@kind("figures")
def revised_marked(document: Document, rng: Random) -> None:
    """`[r]` behind some figures."""
    _beside_some(document, rng, " [r]")


@kind("figures")
def provisional_marked(document: Document, rng: Random) -> None:
    """`[p]` behind some figures, without a space."""
    _beside_some(document, rng, "[p]")


@kind("figures")
def noted(document: Document, rng: Random) -> None:
    """`[note 3]` behind some figures."""
    _beside_some(document, rng, " [note 3]")


@kind("figures")
def superscripts(document: Document, rng: Random) -> None:
    """A superscript behind some figures."""
    _beside_some(document, rng, "\u00b9")


@kind("figures")
def revised_everywhere(document: Document, rng: Random) -> None:
    """`[r]` behind every figure."""
    for name in sought(list(document.values or document.numeric())):
        for row, at in numbers_at(document, name):
            row[at] += " [r]"


@kind("figures")
def thousands_separated(document: Document, rng: Random) -> None:
    """Commas between the thousands of counts: 1,234."""

    def separated(cell: str) -> str:
        if not is_number(cell) or abs(float(cell)) < 1000:
            return cell
        whole, point, rest = cell.strip().partition(".")
        return f"{int(whole):,}{point}{rest}"

    document.change(document.numeric(), separated)


@kind("figures")
def percent_signs(document: Document, rng: Random) -> None:
    """A percent sign behind every percentage: 45.6%."""
    document.change(
        sought(document.of("percentages")), lambda c: f"{c.strip()}%" if is_number(c) else c
    )


@kind("figures")
def noughts_behind(document: Document, rng: Random) -> None:
    """Figures with a nought more behind the point: 45.60."""
    document.change(
        sought(document.numeric()),
        lambda c: c if not is_number(c) else c.strip() + ("0" if "." in c else ".0"),
    )


@kind("figures")
def digits_of_doubles(document: Document, rng: Random) -> None:
    """Figures with all digits of their doubles: 22.600000000000001."""
    document.change(
        sought(document.numeric()),
        lambda c: f"{float(c):.17g}" if is_number(c) and "." in c else c,
    )


@kind("figures")
def spaces_in_cells(document: Document, rng: Random) -> None:
    """Spaces behind every cell."""
    for row in document.rows:
        row[:] = [f"{cell} " if cell else cell for cell in row]


@kind("figures")
def no_break_spaces(document: Document, rng: Random) -> None:
    """A no-break space behind every figure, as copied from a web page."""
    document.change(sought(document.numeric()), lambda c: f"{c}\u00a0" if is_number(c) else c)


def _printed_codes(document: Document, change: Callable[[str], str]) -> None:
    area = document.contract.area
    if area.known_by != "gss":
        raise NotApplicableError
    names = [*dict.fromkeys(n for n in area.codes.values() if n in document.columns)]
    document.change(sought(names), lambda c: change(c) if re.match(r"E\d{8}", c) else c)


@kind("codes")
def codes_noted(document: Document, rng: Random) -> None:
    """`[note 1]` behind some codes."""
    _printed_codes(document, lambda c: f"{c.strip()} [note 1]" if rng.random() < 0.03 else c)


@kind("codes")
def codes_lower_case(document: Document, rng: Random) -> None:
    """Codes in small letters."""
    _printed_codes(document, str.lower)


@kind("codes")
def codes_as_formulas(document: Document, rng: Random) -> None:
    """Codes as a spreadsheet's formulas: `="E06000001"`."""
    _printed_codes(document, lambda c: f'="{c.strip()}"')


def _marks(document: Document) -> set[str]:
    names = document.numeric()
    cells = {cell.strip() for name in names for cell in document.column(name)}
    return {cell for cell in cells if cell and not is_number(cell) and len(cell) < 6}


@kind("marks")
def marks_in_brackets(document: Document, rng: Random) -> Truth:
    """Marks in square brackets: `[c]` for `c`."""
    own = _marks(document)
    bare = {mark for mark in own if re.fullmatch("[A-Za-z]+", mark)}
    document.change(document.numeric(), lambda c: f"[{c.strip()}]" if c.strip() in bare else c)
    return Truth(marks=True)


@kind("marks")
def marks_in_capitals(document: Document, rng: Random) -> Truth:
    """Marks in the other case: `C` for `c`."""
    own = _marks(document)
    document.change(document.numeric(), lambda c: c.swapcase() if c.strip() in own else c)
    return Truth(marks=True)


@kind("marks")
def marks_padded(document: Document, rng: Random) -> Truth:
    """A space behind every mark."""
    own = _marks(document)
    document.change(document.numeric(), lambda c: f"{c} " if c.strip() in own else c)
    return Truth(marks=True)


@kind("marks")
def mark_of_another_standard(document: Document, rng: Random) -> Truth:
    """`z` where another mark stood, as in the open data standard."""
    own = sorted(_marks(document) - {"z", "[z]"})
    gone = rng.choice(sought(own))
    document.change(document.numeric(), lambda c: "z" if c.strip() == gone else c)
    return Truth(marks=True, relabelled={gone: "z"})


@kind("marks")
def mark_never_seen(document: Document, rng: Random) -> Truth:
    """A mark that nobody has seen before (`[w]`) in a few cells that had a mark."""
    own = _marks(document)
    document.change(
        document.numeric(), lambda c: "[w]" if c.strip() in own and rng.random() < 0.1 else c
    )
    return Truth(marks=True)


@kind("marks")
def blanks_marked(document: Document, rng: Random) -> Truth:
    """`[x]` in the cells that were left blank."""
    document.change(sought(document.numeric()), lambda c: c if c.strip() else "[x]")
    return Truth(marks=True)


# Labels


def _breakdowns(document: Document) -> list[str]:
    period = document.contract.period.column
    return sought(
        [
            n
            for n in document.of("filters")
            if n != period and any(re.search("[A-Za-z]{2}", cell) for cell in document.column(n))
        ]
    )


def _relabelled(document: Document, names: list[str], labels: dict[str, str]) -> Truth:
    document.change(names, lambda c: labels.get(c.strip(), c))
    return Truth(relabelled=labels)


@kind("labels")
def labels_lower_case(document: Document, rng: Random) -> None:
    """Every label in lower case."""
    document.change(_breakdowns(document), str.lower)


@kind("labels")
def labels_upper_case(document: Document, rng: Random) -> None:
    """Every label in capitals."""
    document.change(_breakdowns(document), str.upper)


@kind("labels")
def labels_title_case(document: Document, rng: Random) -> None:
    """Every label in Title Case."""
    document.change(
        _breakdowns(document),
        lambda c: re.sub(r"[A-Za-z]+", lambda m: m[0][0].upper() + m[0][1:], c),
    )


@kind("labels")
def labels_padded(document: Document, rng: Random) -> None:
    """Spaces around and doubled inside every label."""
    document.change(_breakdowns(document), lambda c: f" {c} ".replace(" ", "  "))


@kind("labels")
def total_reworded(document: Document, rng: Random) -> Truth:
    """`Total` becomes `All`, `Persons` becomes `Total`, `All` becomes `Total`."""
    swaps = {
        "Total": "All",
        "Persons": "Total",
        "All": "Total",
        "All pupils": "Total",
        "Total pupils": "All",
    }
    names = _breakdowns(document)
    cells = {cell.strip() for n in names for cell in document.column(n)}
    labels = {c: swaps[c] for c in cells & swaps.keys() if swaps[c] not in cells}
    return _relabelled(document, names, labels)


@kind("labels")
def sexes_reworded(document: Document, rng: Random) -> Truth:
    """`Girls` and `Boys` become `Female` and `Male`, and back."""
    swaps = {"Girls": "Female", "Boys": "Male", "Female": "Girls", "Male": "Boys"}
    return _relabelled(document, _breakdowns(document), swaps)


@kind("labels")
def label_shortened(document: Document, rng: Random) -> Truth:
    """A label of several words loses its last."""
    names = _breakdowns(document)
    cells = sorted({c.strip() for n in names for c in document.column(n)})
    long = [c for c in cells if len(c.split()) > 2 and " ".join(c.split()[:-1]) not in cells]
    gone = rng.choice(sought(long))
    return _relabelled(document, names, {gone: " ".join(gone.split()[:-1])})


@kind("labels")
def labels_with_ampersands(document: Document, rng: Random) -> None:
    """`&` for `and`, and longer dashes, in labels."""
    document.change(
        _breakdowns(document), lambda c: c.replace(" and ", " & ").replace(" - ", " \u2013 ")
    )


@kind("labels")
def levels_reworded(document: Document, rng: Random) -> Truth:
    """Levels of areas in another case and with underscores."""
    area = document.contract.area
    if area.level_from_code or area.level not in document.columns:
        raise NotApplicableError
    document.change([area.level], lambda c: c.upper().replace(" ", "_"))
    return Truth()


@kind("labels")
def levels_shortened(document: Document, rng: Random) -> Truth:
    """`Local authority` becomes `LA`, `National` becomes `Country`."""
    area = document.contract.area
    if area.level_from_code or area.level not in document.columns:
        raise NotApplicableError
    labels = {"Local authority": "LA", "National": "Country", "Regional": "Region"}
    return _relabelled(document, [area.level], labels)


def _name_columns(document: Document) -> list[str]:
    by_name = document.contract.area.known_by == "name"
    return [
        n
        for n in document.of("identity")
        if "name" in n or (n == document.contract.area.level and by_name)
    ]


_TITLED = {
    "Leeds": "Leeds City Council",
    "Kent": "Kent County Council",
    "Greenwich": "Royal Borough of Greenwich",
    "Camden": "London Borough of Camden",
    "Bristol": "City of Bristol",
    "Herefordshire": "Herefordshire, County of",
    "Stoke-on-Trent": "Stoke-on-Trent UA",
    "Isle of Wight": "Isle of Wight Council",
}


@kind("labels")
def names_with_titles(document: Document, rng: Random) -> None:
    """Names of some councils with their titles: `Leeds City Council`."""
    document.change(sought(_name_columns(document)), lambda c: _TITLED.get(c.strip(), c))


@kind("labels")
def names_with_notes(document: Document, rng: Random) -> None:
    """A note behind some councils' names: `Leeds [note 2]`, `Devon1`."""
    noted = {"Leeds": "Leeds [note 2]", "Kent": "Kent¹", "Devon": "Devon1"}
    document.change(sought(_name_columns(document)), lambda c: noted.get(c.strip(), c))


@kind("labels")
def names_of_areas_respelt(document: Document, rng: Random) -> None:
    """Names of councils with `&` for `and`, in capitals."""
    own = [
        n
        for n in document.of("identity")
        if "name" in n
        or (n == document.contract.area.level and document.contract.area.known_by == "name")
    ]
    document.change(sought(own), lambda c: c.replace(" and ", " & ").upper())


# Periods


def _spans(document: Document) -> str:
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    cells = document.column(name)
    if all(re.fullmatch(r"\s*(20\d{4}|20\d\d[/-]\d\d)\s*", cell) for cell in cells):
        return name
    raise NotApplicableError


def _span(cell: str) -> tuple[int, int]:
    digits = re.sub(r"\D", "", cell)
    return int(digits[:4]), int(digits[4:6])


@kind("periods")
def periods_with_slash(document: Document, rng: Random) -> None:
    """Years as 2023/24."""
    document.change([_spans(document)], lambda c: "{}/{:02}".format(*_span(c)))


@kind("periods")
def periods_with_dash(document: Document, rng: Random) -> None:
    """Years as 2023-24."""
    document.change([_spans(document)], lambda c: "{}-{:02}".format(*_span(c)))


@kind("periods")
def periods_run_together(document: Document, rng: Random) -> None:
    """Years as 202324."""
    document.change([_spans(document)], lambda c: "{}{:02}".format(*_span(c)))


@kind("periods")
def periods_in_words(document: Document, rng: Random) -> None:
    """Years as 2023 to 2024."""
    document.change([_spans(document)], lambda c: f"{_span(c)[0]} to {_span(c)[0] + 1}")


@kind("periods")
def pooled_years_closed_up(document: Document, rng: Random) -> None:
    """Pooled years without spaces about the dash: 2019-21."""
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    document.change([name], lambda c: re.sub(r"(?<=\d{4}) - (?=\d)", "-", c))


@kind("periods")
def years_as_numbers(document: Document, rng: Random) -> None:
    """Calendar years as a data frame writes numbers: 2023.0."""
    name = document.contract.period.column
    if name not in document.columns or not all(
        re.fullmatch(r"20\d\d", cell.strip()) for cell in document.column(name)
    ):
        raise NotApplicableError
    document.change([name], lambda c: f"{c.strip()}.0")


@kind("periods")
def days_for_periods(document: Document, rng: Random) -> None:
    """A day with its length for a year: 2023-04-01/P1Y, or without where it had that."""
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    cells = {cell.strip() for cell in document.column(name)}
    if all(re.fullmatch(r"\d{4}-\d\d-\d\dT.*/P1Y", cell) for cell in cells):
        document.change([name], lambda c: re.sub(r"T[\d:]+", "", c))
    elif all(re.fullmatch(r"\d{4}-\d\d-\d\d/P1Y", cell) for cell in cells):
        document.change([name], lambda c: c.replace("/", "T00:00:00/"))
    else:
        raise NotApplicableError


def _years(document: Document, *types: str) -> str:
    """The column of periods, where it has years of one of these types by their last or by both."""
    name = document.contract.period.column
    if name not in document.columns or document.contract.period_type not in types:
        raise NotApplicableError
    if not all(re.fullmatch(r"\s*20\d\d([/-]?\d\d)?\s*", cell) for cell in document.column(name)):
        raise NotApplicableError
    return name


def _last_year(cell: str) -> int:
    digits = re.sub(r"\D", "", cell)
    return int(digits[:4]) + (len(digits) > 4)


@kind("periods")
def periods_noted(document: Document, rng: Random) -> None:
    """`(provisional)` behind the newest period, and `[note 3]` behind all others."""
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    cells = {cell.strip() for cell in document.column(name)}
    if not all(re.match(r"20\d\d", cell) for cell in cells):
        raise NotApplicableError
    document.change(
        [name],
        lambda c: f"{c.strip()} {'(provisional)' if c.strip() == max(cells) else '[note 3]'}",
    )


@kind("periods")
def periods_named_short(document: Document, rng: Random) -> None:
    """Years as FY23-24, AY23/24 or CY 2024."""
    kinds = ("financial_year", "academic_year", "calendar_year")
    name = _years(document, *kinds)
    of = document.contract.period_type

    def short(cell: str) -> str:
        last = _last_year(cell) % 100
        if of == "calendar_year":
            return f"CY {_last_year(cell)}"
        return f"{'FY' if of == 'financial_year' else 'AY'}{last - 1:02}-{last:02}"

    document.change([name], short)


# The first and the last month of a period, and how many years before the last it begins.
_FROM_TO = {
    "calendar_year": ("Jan", "Dec", 0),
    "financial_year": ("Apr", "Mar", 1),
    "academic_year": ("Sep", "Aug", 1),
    "three_months": ("Dec", "Feb", 1),
}


@kind("periods")
def periods_by_their_months(document: Document, rng: Random) -> None:
    """Years by their months: Apr 2023 - Mar 2024."""
    name = _years(document, *_FROM_TO)
    first, last, before = _FROM_TO[str(document.contract.period_type)]
    document.change([name], lambda c: f"{first} {_last_year(c) - before} - {last} {_last_year(c)}")


@kind("periods")
def periods_by_their_last_day(document: Document, rng: Random) -> None:
    """Years by their last day: 31 March 2024."""
    days = {"calendar_year": "31 December", "financial_year": "31 March"}
    days["academic_year"] = "31 August"
    name = _years(document, *days)
    day = days[str(document.contract.period_type)]
    document.change([name], lambda c: f"{day} {_last_year(c)}")


@kind("periods")
def days_in_numbers(document: Document, rng: Random) -> None:
    """Days as 01/04/2023 where they were 2023-04-01, whatever stood behind."""
    name = document.contract.period.column
    pattern = r"\s*(\d{4})-(\d\d)-(\d\d)(T[\d:]+)?(/P1Y)?\s*"
    if name not in document.columns or not all(
        re.fullmatch(pattern, cell) for cell in document.column(name)
    ):
        raise NotApplicableError
    document.change([name], lambda c: re.sub(pattern, r"\3/\2/\1", c))

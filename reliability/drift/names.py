"""Drifts of names: what a publisher's new house style does to a header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from reliability.drift.document import Document, NotApplicableError
from reliability.drift.kinds import Truth, kind, sought, words_of


def _is_name(text: str) -> bool:
    """Whether a cell of a header is a name: years and ages across stay what they are."""
    return re.search(r"[A-Za-z]{2}", text) is not None


def _restyled(document: Document, style: Mapping[str, str] | None = None, *, by: str) -> Truth:
    def renamed(text: str) -> str:
        if not _is_name(text):
            return text
        words = words_of(text)
        styled = {
            "title": " ".join(word.capitalize() for word in words),
            "upper": text.upper(),
            "lower": text.lower(),
            "snake": "_".join(word.lower() for word in words),
            "camel": words[0].lower() + "".join(word.capitalize() for word in words[1:]),
            "spaced": " ".join(word.lower() for word in words),
            "hyphen": "-".join(word.lower() for word in words),
            "padded": f" {text}  ",
        }
        return styled[by]

    before = document.names()
    document.restyle(renamed)
    after = document.names()
    return Truth(
        renamed={c: after[at] for c, at in document.columns.items() if after[at] != before[at]}
    )


@kind("names of columns")
def headers_title_case(document: Document, rng: Random) -> Truth:
    """Every name of the header in Title Case with spaces."""
    return _restyled(document, by="title")


@kind("names of columns")
def headers_upper_case(document: Document, rng: Random) -> Truth:
    """Every name of the header in capitals."""
    return _restyled(document, by="upper")


@kind("names of columns")
def headers_snake_case(document: Document, rng: Random) -> Truth:
    """Every name of the header in snake_case."""
    return _restyled(document, by="snake")


@kind("names of columns")
def headers_camel_case(document: Document, rng: Random) -> Truth:
    """Every name of the header in camelCase."""
    return _restyled(document, by="camel")


@kind("names of columns")
def headers_with_spaces(document: Document, rng: Random) -> Truth:
    """Every name of the header in lower case with spaces."""
    return _restyled(document, by="spaced")


@kind("names of columns")
def headers_hyphened(document: Document, rng: Random) -> Truth:
    """Every name of the header with hyphens."""
    return _restyled(document, by="hyphen")


@kind("names of columns")
def headers_padded(document: Document, rng: Random) -> Truth:
    """Spaces around every name of the header."""
    return _restyled(document, by="padded")


def _renamed(document: Document, names: Mapping[str, str]) -> Truth:
    if not names:
        raise NotApplicableError
    for name, text in names.items():
        document.rename(document.columns[name], text)
    return Truth(renamed=dict(names))


def _printed(document: Document, names: list[str]) -> dict[str, str]:
    printed = document.names()
    return {name: printed[document.columns[name]] for name in names}


def _named_figures(document: Document) -> dict[str, str]:
    """The figures' names; a column that stands without one beside another has none to restyle."""
    return {n: t for n, t in _printed(document, sought(document.numeric())).items() if t.strip()}


def _reworded(document: Document, swaps: Mapping[str, str]) -> Truth:
    """One word of a name for another that means the same."""
    found = {}
    for name, text in _printed(document, document.numeric()).items():
        for word, other in swaps.items():
            new = re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", other, text, count=1, flags=re.I)
            if new != text:
                found[name] = new
                break
    return _renamed(document, found)


@kind("names of columns")
def percent_reworded(document: Document, rng: Random) -> Truth:
    """`percent`, `percentage`, `pct`, `pc` or `pt` for one another in the names of figures."""
    return _reworded(
        document,
        {
            "percentage": "percent",
            "percent": "pct",
            "pct": "percentage",
            "pc": "percent",
            "pt": "pct",
        },
    )


@kind("names of columns")
def number_reworded(document: Document, rng: Random) -> Truth:
    """`number`, `count`, `num` or `t` for one another in the names of figures."""
    return _reworded(
        document, {"number": "count", "count": "number", "num": "number", "total": "number"}
    )


@kind("names of columns")
def percentage_suffixed(document: Document, rng: Random) -> Truth:
    """`_percent` or `_pct` behind the name of a percentage that had no such word."""
    own = [n for n in document.of("percentages") if not re.search("(?i)perc|pct|pc_|pt_", n)]
    return _renamed(document, {n: f"{t}_pct" for n, t in _printed(document, sought(own)).items()})


@kind("names of columns")
def figures_prefixed(document: Document, rng: Random) -> Truth:
    """`Percentage of …` and `Number of …` before the names of figures."""
    shares = {*document.of("percentages")}
    return _renamed(
        document,
        {
            name: " ".join(
                ["Percentage of" if name in shares else "Number of", *words_of(text)]
            ).capitalize()
            for name, text in _named_figures(document).items()
        },
    )


@kind("names of columns")
def units_in_names(document: Document, rng: Random) -> Truth:
    """The unit in brackets behind the name of each percentage."""
    shares = sought(document.of("percentages"))
    return _renamed(document, {n: f"{t} (%)" for n, t in _printed(document, shares).items()})


@kind("names of columns")
def notes_in_names(document: Document, rng: Random) -> Truth:
    """A reference to a note behind the names of figures."""
    return _renamed(
        document,
        {
            name: f"{text} [note {number}]"
            for number, (name, text) in enumerate(_named_figures(document).items(), 1)
        },
    )


@kind("names of columns")
def words_singular(document: Document, rng: Random) -> Truth:
    """Plurals in the names of figures become singular."""
    found = {
        name: new
        for name, text in _printed(document, document.numeric()).items()
        if (new := re.sub(r"(?<=[a-z]{3})(?<!s)s(?![A-Za-z])", "", text)) != text
    }
    return _renamed(document, found)


@kind("names of columns")
def words_joined(document: Document, rng: Random) -> Truth:
    """The words of each figure's name written as one."""
    return _renamed(
        document,
        {
            name: "".join(words_of(text)).lower()
            for name, text in _printed(document, sought(document.numeric())).items()
            if len(words_of(text)) > 1
        },
    )


@kind("names of columns")
def figure_renamed(document: Document, rng: Random) -> Truth:
    """A figure under a name that says something else in other words."""
    return _renamed(
        document, {name: f"measure_{rng.randint(101, 999)}" for name in _one_value(document)}
    )


@kind("names of columns")
def all_figures_renamed(document: Document, rng: Random) -> Truth:
    """Every figure under a name that says something else in other words."""
    names = sought(document.numeric())
    numbers = rng.sample(range(101, 999), len(names))
    return _renamed(document, {n: f"measure_{k}" for n, k in zip(names, numbers, strict=True)})


@kind("names of columns")
def count_renamed(document: Document, rng: Random) -> Truth:
    """The count beside a figure under a name that says something else in other words."""
    counts = [name for name in document.numeric() if name not in document.values]
    name = rng.choice(sought(counts))
    return _renamed(document, {name: f"people_{rng.randint(101, 999)}"})


def _one_value(document: Document) -> list[str]:
    return sought(list(document.values or document.numeric()))[:1]


@kind("names of columns")
def breakdown_renamed(document: Document, rng: Random) -> Truth:
    """A column of breakdowns under another name."""
    own = [n for n in document.of("filters") if n != document.contract.period.column]
    return _renamed(document, {rng.choice(sought(own)): "pupil_or_child_group"})


@kind("names of columns")
def breakdowns_reworded(document: Document, rng: Random) -> Truth:
    """`gender` becomes `sex`, `characteristic` becomes `breakdown`, and back."""
    swaps = {"gender": "sex", "sex": "gender", "characteristic_group": "breakdown_topic",
             "characteristic": "breakdown", "breakdown_topic": "characteristic_group",
             "breakdown": "characteristic"}  # fmt: skip
    found = {
        n: swaps[t.lower()]
        for n, t in _printed(document, document.of("filters")).items()
        if t.lower() in swaps
    }
    return _renamed(document, found)


@kind("names of columns")
def council_code_renamed(document: Document, rng: Random) -> Truth:
    """The column of the councils' codes, or names, under another name."""
    area = document.contract.area
    name = area.codes.get("council") or area.codes.get("district") or area.level
    if name not in document.columns:
        raise NotApplicableError
    return _renamed(document, {name: "authority_identifier"})


@kind("names of columns")
def period_renamed(document: Document, rng: Random) -> Truth:
    """The column of periods under another name."""
    name = document.contract.period.column
    if name not in document.columns:
        raise NotApplicableError
    return _renamed(document, {name: "reporting_year"})


@kind("names of columns")
def level_renamed(document: Document, rng: Random) -> Truth:
    """The column of the areas' levels under another name."""
    area = document.contract.area
    if area.level_from_code or area.level not in document.columns:
        raise NotApplicableError
    return _renamed(document, {area.level: "area_type_name"})


@kind("names of columns")
def names_of_areas_renamed(document: Document, rng: Random) -> Truth:
    """The columns of the areas' names under other names."""
    own = [
        n for n in document.of("identity") if n.endswith("_name") and n not in document.contract.key
    ]
    own = [
        n
        for n in own
        if n not in (document.contract.area.level, *document.contract.area.codes.values())
    ]
    return _renamed(document, {n: f"{t}_label" for n, t in _printed(document, sought(own)).items()})

"""Names of columns, labels of cells: what of their wording makes no difference.

Publishers write one name in many ways from year to year: in capitals, with underscores, with
`pct` for `percentage`, with a footnote's number behind it. Two names that say the same words are
one name here. Two that differ by a word are two: that is for the figures to settle (`evidence`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]  # how a pattern is put together
from typing import Any

# Notes beside a name or a figure: `[note 3]`, `[r]`, superscript digits, daggers.
NOTE = re.compile(
    r"\s*(?:\[\s*(?:note\s*)?[0-9a-z]{1,3}(?:\s*,\s*(?:note\s*)?[0-9a-z]{1,3})*\s*\]"
    r"|\(\s*note\s*\d+\s*\)|[¹²³⁰-⁹†‡§*]+)\s*$",
    re.IGNORECASE,
)


def bare_of_notes(text: str) -> str:
    """A name or a figure without the notes that stand behind it."""
    while (match := NOTE.search(text)) and match.start():
        text = text[: match.start()].rstrip()
    return text


# A column without a name of its own, so many to the right of the one that it is named after.
_BESIDE = re.compile(r"\s*\[\+(\d+)\]$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+|[0-9]+")
_FILLERS = {"of", "the", "a", "an", "in", "for", "by", "who", "were", "are", "is", "with"}
_UNITS = {
    "percent": "percent",
    "percents": "percent",
    "percentage": "percent",
    "percentages": "percent",
    "pct": "percent",
    "perc": "percent",
    "pc": "percent",
    # As the Department for Education has it before a name: `pt_l2basics_95`.
    "pt": "percent",
    "number": "count",
    "numbers": "count",
    "num": "count",
    "count": "count",
    "counts": "count",
}
# Signs that are words: `<15 yrs` is no `15 yrs`.
_SIGNS = {"%": "percent", "&": "and", "<": "under", ">": "above", "+": "plus"}
# Only where they stand last, or before `of`: `no` and `n` are other words elsewhere.
_SHORT_UNITS = {"no", "n", "nos"}
_IRREGULAR = {"children": "child", "people": "person", "persons": "person", "pupils": "pupil"}


@lru_cache(maxsize=16384)
def normal(name: str) -> str:
    """A name as its words alone: two names with the same result say the same.

    Case, camel case, blanks, punctuation, accents, plurals, notes, small words and the spellings
    of *percent* and *number* are no difference; nor is where the unit stands in the name.
    """
    text = " ".join(map(_without_notes, name.strip().strip("\ufeff").split(" | ")))
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"\bper\s+cent(age)?\b", " percent ", text, flags=re.IGNORECASE)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, f" {word} ")
    text = re.sub(r"['’]", "", text)
    words = words_of(_CAMEL.sub(" ", text))
    units: list[str] = []
    kept: list[str] = []
    for at, word in enumerate(words):
        last = at == len(words) - 1
        before_of = not last and words[at + 1] == "of"
        if word in _UNITS:
            units.append(_UNITS[word])
        elif word in _SHORT_UNITS and len(words) > 1 and (last or before_of):
            units.append("count")
        elif word not in _FILLERS:
            kept.append(_singular(word))
    return "|".join(["".join(kept), *dict.fromkeys(units)]) if kept or units else "".join(words)


def words_of(text: str) -> list[str]:
    """A text's words and numbers, in small letters."""
    return _WORD.findall(text.lower())


def _bare(text: str) -> str:
    """A text without the notes behind it; one that is a note and no more stays."""
    while (shorter := NOTE.sub("", text)) != text and shorter:
        text = shorter
    return text


def _without_notes(text: str) -> str:
    """A cell of a header without the notes behind it, also where it names a column beside it."""
    beside = _BESIDE.search(text)
    return f"{_bare(text[: beside.start()])} beside {beside[1]}" if beside else _bare(text)


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def without_count(name: str) -> str:
    """A name's words without that it counts: `re_referrals` for `rereferral_count`."""
    return normal(name).removesuffix("|count")


def in_one_word(name: str) -> str:
    """A name's letters and digits alone: `LaNumber` and `Lanumber` are divided differently."""
    return "".join(re.findall(r"[a-z0-9]+", name.lower()))


def _without_percent(name: str) -> str:
    """A name's words without that it is a percentage: `value_pct` for a percentage `value`."""
    return normal(name).removesuffix("|percent")


READINGS: tuple[tuple[Callable[[str], str], Callable[[str], str], tuple[str, ...]], ...] = (
    (normal, normal, ()),
    (without_count, without_count, ("counts", "numbers")),
    (_without_percent, normal, ("percentages",)),
    (in_one_word, in_one_word, ()),
)
"""How a printed and a known name are read to be compared, and for columns of which roles (of all
where none is named). One that does not say that it is a percentage may be of a count, and stands
for no name that says so."""


def same(known: Iterable[str], printed: Sequence[str]) -> dict[str, list[str]]:
    """For each printed name, which known names it says; a name to the letter says itself alone."""
    known = list(dict.fromkeys(known))
    exact = set(known)
    by_words: dict[str, list[str]] = {}
    for name in known:
        by_words.setdefault(normal(name), []).append(name)
    return {name: [name] if name in exact else by_words.get(normal(name), []) for name in printed}


def as_known(known: Iterable[str], printed: Iterable[str]) -> Mapping[str, str]:
    """Which printed names are another spelling of a known one, and of which.

    A known name that is printed to the letter is no other's, and two printed names that say the
    same known one are left as they are.
    """
    names = list(dict.fromkeys(printed))
    found = same(known, names)
    taken = {name for name in names if found[name] == [name]}
    claims: dict[str, list[str]] = {}
    for name, hits in found.items():
        if len(hits) == 1 and hits[0] != name and hits[0] not in taken:
            claims.setdefault(hits[0], []).append(name)
    return {names[0]: hit for hit, names in claims.items() if len(names) == 1}


def spellings(text: str) -> tuple[str, ...]:
    """A cell of a header as it might have been written another year, in small letters."""
    bare = _bare(text)
    spaced = " ".join(re.sub("[_-]", " ", _CAMEL.sub(" ", bare)).split())
    return tuple(dict.fromkeys(one.lower() for one in (text, bare, spaced)))


def spelt_as(pattern: str, name: str) -> bool:
    """Whether a sheet's name is what a pattern says, in whatever capitals, blanks, underscores.

    As `workbook_cells` finds it, which is run apart from the project and imports nothing of it.
    """
    spellings = (name, re.sub(r"[ -]+", "_", name), re.sub(r"[_-]+", " ", name))
    return any(re.fullmatch(pattern, spelt, re.IGNORECASE) for spelt in spellings)


def in_words(pattern: str) -> str:
    """What a pattern looks for, as a person would write it: `…` stands for what varies."""
    return " ".join(re.sub(r"…[…\s]*…", "…", _words_of(_parser.parse(pattern))).split())


def _words_of(parts: Iterable[tuple[object, Any]]) -> str:
    """The parts of a parsed pattern; what may be left out is left out."""
    text = ""
    for what, of in parts:
        match str(what):
            case "LITERAL":
                text += chr(of)
            case "SUBPATTERN":
                text += _words_of(of[-1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, repeated = of
                text += "" if (least, most) == (0, 1) else "…"
                text += _words_of(repeated) if (least, most) == (1, 1) else ""
            case "AT" | "ASSERT" | "ASSERT_NOT":
                pass
            case _:
                text += "…"
    return text

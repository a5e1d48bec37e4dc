"""Names of councils with their titles: `Bristol City Council`, `City of Bristol`, `Devon [note 2]`.

What of a name is its title, and which councils may have it. Which council a name is of is for
`ingest.councils`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.reading.names import bare_of_notes


class FormalName(NamedTuple):
    """A council's name in small letters without its title, and the title: `city`, `county`, …"""

    words: str
    title: str


# As councils call themselves and registers list them; the first that fits is taken off.
_TITLES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), title)
    for pattern, title in (
        (r"(?:the )?(?:london borough of|lb(?: of)?) (?P<name>.+?)(?: council)?", "london borough"),
        (r"(?:the )?royal borough of (?P<name>.+?)(?: council)?", "borough"),
        (r"(?P<name>.+) metropolitan (?:borough|district) council", "metropolitan"),
        (r"(?P<name>.+) borough council", "borough"),
        (r"(?:the )?city of (?P<name>.+?)(?: (?:metropolitan district )?council)?", "city"),
        (r"(?P<name>.+) city of", "city"),
        (r"(?P<name>.+) city council", "city"),
        (r"(?P<name>.+) county of", "county"),
        (r"county of (?P<name>.+)", "county"),
        (r"(?P<name>.+) county council", "county"),
        (r"county (?P<name>.+)", "county"),
        (r"(?P<name>.+) (?:ua|unitary authority)", "unitary"),
        (r"(?P<name>.+) council", ""),
    )
)
# The kinds of councils that have a title, by their codes.
_CODES_OF = {
    "london borough": ("E09",),
    "borough": ("E06", "E08", "E09"),
    "metropolitan": ("E08",),
    "city": ("E06", "E08", "E09"),
    "county": ("E10",),
    "unitary": ("E06",),
    "": ("E06", "E08", "E09", "E10"),
}
_OF_REGISTER = ("city", "county")
# A unitary authority that is a county; Nottingham has none, and Nottinghamshire's is another.
_COUNTY = re.compile(r".*(?:shire|land)")


def formal_name(text: str) -> FormalName:
    """A name and its title: `Bristol City Council`, `Bristol, City of`, `City of Bristol`."""
    words = re.sub(r"['’.]", "", text.lower().replace("&", " and "))
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", words).split())
    for pattern, title in _TITLES:
        if match := pattern.fullmatch(words):
            return FormalName(match["name"], title)
    return FormalName(words, "")


def may_have(name: FormalName, code: str, title: str) -> bool:
    """Whether the council of a code, with its title in the register, may be called by a name."""
    if title in _OF_REGISTER and name.title in _OF_REGISTER:
        return title == name.title
    if name.title == "county" and code.startswith("E06"):
        return _COUNTY.fullmatch(name.words) is not None
    return code.startswith(_CODES_OF[name.title])


def without_note(cell: str) -> str:
    """A name without the notes behind it, also those of a bare digit: `Devon1`, `Kent 3`."""
    return re.sub(r"(?<=[A-Za-z)]) ?\d{1,2}$", "", bare_of_notes(cell.strip()))

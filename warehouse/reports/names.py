"""What people call measures and councils, for who searches: `names.yml`, read.

An abbreviation or a short name leads to what it names; a name that is merely like one is for the
caller to ask about, never taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "names.yml"


@dataclass(frozen=True)
class SearchWords:
    """Words that people use, by measure and by a council's GSS code."""

    measures: dict[str, tuple[str, ...]]
    councils: dict[str, tuple[str, ...]]

    def measures_called(self, text: str) -> list[str]:
        """The measures that people call so."""
        return [
            name
            for name, synonyms in self.measures.items()
            if _plain(text) in map(_plain, synonyms)
        ]

    def councils_called(self, text: str) -> list[str]:
        """The codes of the councils that people call so."""
        return [
            code
            for code, synonyms in self.councils.items()
            if _plain(text) in map(_plain, synonyms)
        ]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.casefold()).split())


@cache
def search_words() -> SearchWords:
    """The words, read once."""
    document = yaml.safe_load(_FILE.read_text("utf-8"))
    return SearchWords(
        measures={
            name: tuple(map(str, synonyms)) for name, synonyms in document["measures"].items()
        },
        councils={
            code: tuple(map(str, synonyms)) for code, synonyms in document["councils"].items()
        },
    )

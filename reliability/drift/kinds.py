"""What a kind of drift is, and the register of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from reliability.drift.document import Document, NotApplicableError


@dataclass
class Truth:
    """What a drift did, to judge what is made of it.

    `renamed` leads from the contract's name of a column, and `relabelled` from a cell, to what is
    printed now: a proposal is right if it says so. `lost_years` are years left out, `more` says
    that there are figures that were not there before, `marks` that marks are others than before.
    """

    renamed: dict[str, str] = field(default_factory=dict)
    relabelled: dict[str, str] = field(default_factory=dict)
    lost_years: set[int] = field(default_factory=set)
    more: bool = False
    marks: bool = False


Some = TypeVar("Some")
Drift = Callable[[Document, Random], "Truth | None"]


@dataclass(frozen=True)
class Kind:
    """One thing that publishers do; `what` is one clause a reader understands.

    What is a decoy would make a careless reader take another column's or row's figures.
    """

    name: str
    group: str
    what: str
    drift: Drift
    is_decoy: bool = False

    def apply(self, document: Document, seed: str) -> tuple[Document, Truth]:
        """The file as it arrives, and the truth about it.

        Raises
        ------
        NotApplicableError
            The file has nothing that this is done to.
        """
        made = document.changed()
        truth = self.drift(made, Random(seed)) or Truth()
        if made.written() == document.written() and (made.name, made.beside) == (document.name, {}):
            raise NotApplicableError
        return made, truth


KINDS: dict[str, Kind] = {}
"""Every kind by its name; the package's `every` has imported all of them."""


def kind(group: str, *, decoy: bool = False) -> Callable[[Drift], Drift]:
    """Register a kind under its function's name; its docstring says what happens."""

    def register(drift: Drift) -> Drift:
        what = " ".join((drift.__doc__ or "").split()).rstrip(".")
        KINDS[drift.__name__] = Kind(drift.__name__, group, what, drift, decoy)
        return drift

    return register


def words_of(name: str) -> list[str]:
    """The words of a name, whatever the style it is written in."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\s_.\-]+", apart) if word]


NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    return NUMBER.fullmatch(cell) is not None


def numbers_at(document: Document, name: str) -> Iterator[tuple[list[str], int]]:
    """Each row with a number in a column, and where that stands."""
    at = document.columns[name]
    for row in document.rows:
        if is_number(row[at]):
            yield row, at


def sought(names: list[Some]) -> list[Some]:
    """The names, or rows, of which there is one at least.

    Raises
    ------
    NotApplicableError
        There is none.
    """
    if not names:
        raise NotApplicableError
    return names

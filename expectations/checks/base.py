"""What a check is: its rule, its bound with a reason, its words, and what becomes of a fault.

A check is one class in one file of this folder. It is listed in `checks/__init__.py`; suites,
documents and pages follow from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from ingest.contracts.contract import FileContract

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from expectations.panel.load_table import LoadTable

# What becomes of a load in which the check finds something: it is refused, the figures are
# flagged and served, or it is told and no more.
Outcome = Literal["refuse", "flag", "warn"]


@dataclass(frozen=True)
class Bound:
    """A number that a check goes by: its unit, since when it stands, and why it is no other."""

    value: float
    unit: str
    since: str
    why: str

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True)
class Finding:
    """One thing that is not as expected, in words.

    `source_rows` and `column` are the cells that it concerns, where it concerns single figures;
    `figure` is what was found there, `expected` what the check goes by, `year` the position of its
    period in time: rows that were made of one share its number.
    """

    message: str
    source_rows: tuple[int, ...] = ()
    column: str = ""
    figure: float | None = None
    expected: float | None = None
    year: float | None = None


@dataclass(frozen=True)
class Findings:
    """How many things were looked at, and what is wrong with some.

    `share` is the largest share of things found wrong in any group that stands or falls as one
    (a year of a series, a column): what a flagging check is held to.
    """

    looked_at: int
    found: tuple[Finding, ...] = ()
    share: float = 0.0


# Fewer faults than this are no pattern, whatever their share.
FEWEST_FOR_A_SHARE = 4

# For checks of single figures, whose faults by chance are rare in any one year.
MISREAD_SHARE = Bound(
    0.1,
    "share of a year's or a column's things",
    "2026-11",
    "A fault of reading (a wrong column, a shifted block, a changed unit) puts most of a year's"
    " figures wrong; publishers' own slips touch a few. One in ten is far from both: of 150"
    " councils, fifteen at once.",
)


STRONGER = Bound(
    1.5,
    "times the bound",
    "2026-11",
    "Where the history that two releases share proves how a file is read, only what is new is in"
    " doubt, and half as much again is asked of what speaks against it: publishers' years differ"
    " by a half from the usual one more often than they slip a row that they never slipped.",
)


def found_where(
    off: ArrayLike,
    *values: Sequence[object] | NDArray[np.generic],
    wording: str,
    rows: ArrayLike | None = None,
    column: str = "",
    figure: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    years: ArrayLike | None = None,
) -> Findings:
    """The findings of a check that looks at many things at once: where `off`, in `wording`.

    `values` are arrays whose elements fill the wording; `rows` the source row of each thing,
    `years` the year of each, whose things stand or fall as one (all of them, where none is given).
    """
    hit = np.asarray(off, dtype=bool)
    at = [int(i) for i in np.flatnonzero(hit)]
    if not at:
        return Findings(len(hit))
    source = None if rows is None else np.asarray(rows)
    figures = None if figure is None else np.asarray(figure, dtype="float64")
    positions = None if years is None else np.asarray(years, dtype="float64")
    wanted = None if expected is None else np.asarray(expected, dtype="float64")
    found = tuple(
        Finding(
            wording.format(*(cells[i] for cells in values)),
            () if source is None or np.isnan(source[i]) else (int(source[i]),),
            column,
            None if figures is None else float(figures[i]),
            None if wanted is None else float(wanted[i]),
            # A row of no period that anybody knows is of no year.
            None if positions is None or np.isnan(positions[i]) else float(positions[i]),
        )
        for i in at
    )
    return Findings(len(hit), found, _largest_share(hit, years))


def _largest_share(hit: NDArray[np.bool_], years: ArrayLike | None) -> float:
    groups = np.zeros(len(hit), dtype=int)
    if years is not None:
        groups = np.unique(np.asarray(years), return_inverse=True)[1]
    faults, size = np.bincount(groups, weights=hit), np.bincount(groups)
    shares = np.where(faults >= FEWEST_FOR_A_SHARE, faults / np.maximum(size, 1), 0.0)
    return float(shares.max(initial=0.0))


def one(looked_at: int, message: str | None, *, share: float = 0.0) -> Findings:
    """Findings of a check that says at most one thing of what it looked at."""
    return Findings(looked_at, (Finding(message),) if message else (), share)


class LoadCheck(ABC):
    """A rule on a load. `name` is what verdicts, decisions and documents know it by.

    `expects` is what a sound load is like, and why; `noun` says what is counted. A check that
    flags refuses the whole load above the share `refused_above`.
    """

    name: ClassVar[str]
    expects: ClassVar[str] = ""
    noun: ClassVar[str] = "cells"
    outcome: ClassVar[Outcome] = "refuse"
    refused_above: ClassVar[Bound | None] = None
    # Whether a load in which there is nothing to look at has no result of it at all.
    only_where_any: ClassVar[bool] = False
    # Whether what it misses may stand there under another label, which a refusal then proposes.
    asks_for_rows: ClassVar[bool] = False

    def subjects(self, contract: FileContract) -> Sequence[str]:
        """What the check speaks of in a file, a result each: columns, or the whole load (``""``).

        Nothing where it does not apply.
        """
        return ("",)

    def explanation(self, contract: FileContract, about: str) -> str:
        """What is expected of a file's subject, in a sentence."""
        return self.expects

    def library(self, contract: FileContract) -> tuple[str, dict[str, object]] | None:
        """The library's own expectation that decides, with what it takes; None where there is none.

        It is asked of the rows' key; `findings` then words what it found.
        """
        return None

    @abstractmethod
    def findings(self, load: LoadTable, about: str) -> Iterable[Findings]:
        """What is found of a subject."""

    @classmethod
    def bounds(cls) -> dict[str, Bound]:
        """The check's bounds, by the name of the attribute."""
        return {
            name: value
            for kind in reversed(cls.__mro__)
            for name, value in vars(kind).items()
            if isinstance(value, Bound)
        }

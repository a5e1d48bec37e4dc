"""What figures say of how a file is read: which column holds those that were admitted before.

A release repeats the years before it. Where a column of it agrees, cell for cell, with a column
that was admitted before, it is that column, whatever it is called; where it does not, no name
makes it so. `agreement` counts the cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Publishers revise a few cells in a hundred of years long past: as published up to 2 of 100 in
# releases that leave their series as they are.
MIN_AGREEMENT = 0.98
# 98 of 100 by chance in so many cells is out of the question for any column that is not another
# name of the same: two columns of shares in whole per cents agree in some 3 of 100.
MIN_CELLS = 300
# A code, a period and a word for a level say by themselves what they are, and three figures of
# which one is the sum or the share of the others are no chance: a third of the councils will do.
MIN_CELLS_OF_CODES = 50
# The next best: a column that is nearly the same (children for referrals, girls for all) agrees
# in small councils, where both are few, and in no more than half of all as published.
MAX_NEXT_BEST = 0.8
# To doubt a name takes fewer cells than to give one: what is doubted is refused and shown.
MIN_CELLS_AGAINST = 50
# Where no period is in both releases: in four councils of five the figure is nearer to what it was
# than to the middle of all, if councils differ lastingly; of a column of something else it is in
# half. And in four of five it is nearer than any other column's, or nothing is proposed.
NEAR = 0.8
NEARER = 0.8
# Of small counts chance alone moves much: among several columns the one that is nearest may have
# moved by so much in half of the areas since, as some twenty households a quarter do by a fifth.
MAX_MOVED = 0.5
# A column under its own name that agrees in less than this share speaks against its name, where
# another column has its history. A series revised throughout agrees by chance and no more, and
# then no other column agrees either.
CONTRADICTED = 0.5


@dataclass(frozen=True)
class Agreement:
    """On how many shared cells a candidate agrees with what was admitted before.

    `by_chance` is the share that would agree if the candidate's cells were dealt out anew: of two
    columns that are mostly noughts most cells agree, and that says nothing. Nought where too few
    agree for it to matter.
    """

    candidate: str
    agree: int
    cells: int
    by_chance: float = 0.0

    @property
    def share(self) -> float:
        """Of the shared cells, 0 where there are none."""
        return self.agree / self.cells if self.cells else 0.0

    @property
    def beyond_chance(self) -> float:
        """Of what chance leaves, the share that agrees (Cohen's kappa, 1960)."""
        return (self.share - self.by_chance) / (1 - self.by_chance) if self.by_chance < 1 else 0.0

    def __str__(self) -> str:
        return f"{self.candidate}: {self.agree:,} of {self.cells:,} cells agree"


@dataclass(frozen=True)
class Evidence:
    """What history says of one column or label of a contract.

    `kind` is what was sought: a column, one of codes by these alone, a label of a column, a column
    by the sum or share that it is part of in every row, the value of a column that is gone, the
    share that a count stood beside that is gone, an empty column that is gone, a sheet that has the
    header and not the name, the whole of a breakdown that is new, or a column whose figures are
    near to those of the councils' last period, which is never proof.
    `of` is the contract's name for it, `best` and `next_best` what was found for it, `fewest` the
    cells that it takes.
    """

    kind: Literal[
        "column",
        "code",
        "label",
        "identity",
        "constant",
        "count",
        "empty",
        "sheet",
        "whole",
        "near",
    ]
    of: str
    best: Agreement
    next_best: Agreement | None = None
    fewest: int = MIN_CELLS

    @property
    def settles(self) -> bool:
        """Whether it is proof: enough cells agree, and no other candidate comes near."""
        if self.kind == "near":
            return False
        enough = self.best.cells >= self.fewest and self.best.share >= MIN_AGREEMENT
        enough = enough and self.best.beyond_chance >= CONTRADICTED
        return enough and (self.next_best is None or self.next_best.share <= MAX_NEXT_BEST)

    @property
    def may_be_meant(self) -> bool:
        """Whether it is worth proposing to a person: more than a look-alike would have.

        A sum or a share holds everywhere or is not that one: nearly the same figure holds in many.
        """
        if self.kind == "near":
            return self.best.agree > 0
        fewest = MIN_AGREEMENT if self.kind == "identity" else CONTRADICTED
        return self.best.share >= fewest and self.best.beyond_chance >= CONTRADICTED

    @property
    def speaks_against(self) -> bool:
        """Whether it is reason to doubt that another column is what its name says."""
        return self.best.cells >= MIN_CELLS_AGAINST and self.best.share >= MIN_AGREEMENT

    def __str__(self) -> str:
        if self.kind == "code":
            held = f"{self.best.cells:,} codes of that kind and nothing else"
            return f"{self.of} is read from {self.best.candidate!r}, which holds {held}"
        if self.kind == "count":
            return f"{self.of} is no longer printed, the share of it goes on: {self.best}"
        if self.kind == "empty":
            return f"{self.of} is no longer printed, and had no figure in {self.best.cells:,} rows"
        if self.kind == "sheet":
            message = f"sheet {self.of} is read from {self.best.candidate!r}, which has its header"
            return message + (f", and its figures: {self.best}" if self.best.cells else "")
        next_best = f"; next best {self.next_best}" if self.next_best else ""
        if self.kind == "near":
            return (
                f"{self.of} is nearest to {self.best.candidate!r}: nearer to what areas had before"
                f" than to the middle of all in {self.best.agree:,} of {self.best.cells:,}"
            )
        if self.kind == "identity":
            return f"{self.of} is read from {self.best} with the columns that make it{next_best}"
        if self.kind == "whole":
            return f"{self.of} is new, and read are its rows with {self.best}{next_best}"
        return f"{self.of} is read from {self.best}{next_best}"


def ranked(
    kind: Literal["column", "label", "identity", "constant", "whole"],
    of: str,
    found: Sequence[Agreement],
    fewest: int = MIN_CELLS,
) -> Evidence | None:
    """The best of some candidates and the next; None where there is none at all."""
    order = sorted(found, key=lambda one: (-one.share, -one.cells, one.candidate))
    if not order:
        return None
    return Evidence(kind, of, order[0], order[1] if len(order) > 1 else None, fewest)

"""Sums and shares that hold in every row: three columns of which two say what the third is.

A publisher works its shares out from the counts beside them, and prints wholes beside their parts.
A contract says which (`checks.sums`, `checks.shares`), and where one of the columns has a new name,
the others tell which one is meant, without a year that was published before.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ingest.contracts.contract import FileContract
from ingest.contracts.figure_checks import Share, Sum
from ingest.reading.agreement import Numbers
from ingest.reading.evidence import Agreement

Identity = Sum | Share


def members(identity: Identity) -> tuple[str, ...]:
    """The columns that an identity is made of, by the contract's names."""
    if isinstance(identity, Sum):
        return (identity.whole, *identity.parts)
    return (identity.value, identity.numerator, identity.denominator)


def identities_of(contract: FileContract, name: str) -> list[Identity]:
    """The sums and shares of a row that a column is part of."""
    checks = contract.checks
    whole_rows = [one for one in checks.shares if not one.denominator_row and not one.where]
    every: list[Identity] = [*checks.sums, *whole_rows]
    return [one for one in every if name in members(one)]


def holds(identity: Identity, cells: Mapping[str, Numbers], candidate: str) -> Agreement:
    """In how many rows an identity holds, one of its columns being read from a candidate.

    Each figure may be out by half its last place; rows without one of them say nothing, and
    neither does a candidate printed so coarsely that half of the rows would fit any one number.
    """
    values = {name: one.values for name, one in cells.items()}
    tolerance = {name: 0.5 * 10.0**-one.decimals * (1 + 1e-9) for name, one in cells.items()}
    if isinstance(identity, Sum):
        expected = np.sum([values[part] for part in identity.parts], axis=0)
        off = values[identity.whole] - expected
        rounding = sum(tolerance.values())
    else:
        below = np.where(values[identity.denominator] > 0, values[identity.denominator], np.nan)
        expected = identity.per * values[identity.numerator] / below
        off = values[identity.value] - expected
        rounding = tolerance[identity.value]
    known = off[~np.isnan(off)]
    if len(known) and 2 * rounding >= np.subtract(
        *np.quantile(expected[~np.isnan(off)], (0.75, 0.25))
    ):
        return Agreement(candidate, 0, len(known))
    return Agreement(candidate, int((np.abs(known) <= rounding).sum()), len(known))

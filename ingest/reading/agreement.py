"""How many cells of two columns agree, in the rows that two tables share: functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingest.arrays import Floats
from ingest.reading.evidence import CONTRADICTED, Agreement

SharedRows = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where the rows that two tables share stand in each."""


@dataclass(frozen=True)
class Numbers:
    """A column's cells as numbers (nan where there is none) and the decimals it is printed with."""

    values: Floats
    decimals: int


def numbers_of(cells: pd.Series[str]) -> Numbers:
    """Plain digits as numbers; whatever else is nan."""
    codes, distinct = pd.factorize(cells)
    texts = [str(cell).strip() for cell in distinct]
    values = pd.to_numeric(pd.Series([*texts, ""], dtype="object"), errors="coerce")
    found = values.to_numpy(dtype="float64", copy=True)
    found[~np.isfinite(found)] = np.nan
    places = [len(text.partition(".")[2]) for text in texts]
    # A last nought is often left off: what most of the longer cells are printed with.
    printed = np.array([*places, 0])[codes][~np.isnan(found[codes])]
    decimals = int(np.quantile(printed, 0.9, method="nearest")) if len(printed) else 0
    return Numbers(found[codes], decimals)


def agreement(candidate: str, new: Numbers, old: Numbers) -> Agreement:
    """How many of the cells that held a number before hold the same now, cell beside cell.

    Two printings of one number differ by the rounding of the coarser, and by nothing where both
    have the same decimals. A number that is a mark now does not agree.
    """
    before = ~np.isnan(old.values)
    if new.decimals == old.decimals or min(new.decimals, old.decimals) > 8:
        near = 1e-9 * np.maximum(1.0, np.abs(old.values))
    else:
        near = np.full(len(old.values), 0.5 * 10.0 ** -min(new.decimals, old.decimals) * (1 + 1e-9))
    with np.errstate(invalid="ignore"):
        alike = np.abs(new.values - old.values) <= near
    agree, cells = int((alike & before).sum()), int(before.sum())
    if agree < CONTRADICTED * cells:
        return Agreement(candidate, agree, cells)  # worth nothing, by chance or not
    coarser = min(new.decimals, old.decimals)
    chance = _by_chance(new.values[before].round(coarser), old.values[before].round(coarser))
    return Agreement(candidate, agree, cells, chance)


def _by_chance(new: Floats, old: Floats) -> float:
    """The share of cells that would hold one number in both, were one of them shuffled."""
    if not len(old):
        return 0.0
    here, of_new = np.unique(new[~np.isnan(new)], return_counts=True)
    there, of_old = np.unique(old, return_counts=True)
    _, at, was_at = np.intersect1d(here, there, assume_unique=True, return_indices=True)
    return float((of_new[at] / len(new)) @ (of_old[was_at] / len(old)))


def shared_rows(new: pd.DataFrame, old: pd.DataFrame, key: Sequence[str]) -> SharedRows:
    """Where the rows of both with one key stand; a key that stands twice is no row's."""
    code = np.zeros(len(new) + len(old), dtype="int64")
    for name in key:
        cells = pd.concat([new[name], old[name]], ignore_index=True)
        found, distinct = pd.factorize(cells)
        code = pd.factorize(code * (len(distinct) + 1) + found)[0]
    here, there = code[: len(new)], code[len(new) :]
    keys = int(code.max(initial=-1)) + 1
    once = (np.bincount(here, minlength=keys) == 1) & (np.bincount(there, minlength=keys) == 1)
    place = np.full(keys, -1, dtype="int64")
    place[there] = np.arange(len(old))
    at = np.flatnonzero(once[here])
    return at, place[here[at]]

"""A breakdown that a contract does not speak of: columns by which rows of one key are told apart.

Which columns these are is found here, and said; which of their labels is the one to read is proved
by figures (`history`) or by nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ingest.contracts.contract import FileContract
from ingest.reading.recognise import distinct_labels, unread_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

# Fewer rows of a key that stands there already are a slip, and flagged one by one: what the check
# of keys refuses a load for.
_A_SLIP = 0.02
# A breakdown of children has tens of labels; areas and schools have hundreds.
_MOST_PARTS = 60
# A topic, its breakdown and a sex beside: more at once was never published.
_MOST_COLUMNS = 3
_MOST_CANDIDATES = 12
_MOST_LABELS_SHOWN = 6
# Labels that say when a figure was printed, not of whom it is. The release before had the figures
# of its own day, so that these agree with it is no proof that they are the ones to read now.
_OF_VINTAGES = frozenset(
    {"corrected", "current", "estimate", "estimated", "estimates", "final", "finalised", "forecast"}
    | {"latest", "original", "preliminary", "previous", "previously", "projected", "provisional"}
    | {"revised", "superseded", "unrevised", "updated"}
)


@dataclass(frozen=True)
class Breakdown:
    """Unlisted columns that together tell the rows of each key apart.

    `labels` are the cells of these columns that stand together, and `rows` has for each row of the
    file which of them it has; `keys` a number for its key, -1 where the contract drops the row.
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]

    @property
    def name(self) -> str:
        """The columns, to be read."""
        return " and ".join(self.columns)

    def words(self, at: int) -> str:
        """One label, to be read."""
        return " and ".join(dict.fromkeys(self.labels[at]))

    def has_every_key(self, at: int) -> bool:
        """Whether no figure is gone where only the rows with one label are read."""
        kept = self.keys >= 0
        return len(np.unique(self.keys[kept & (self.rows == at)])) == len(
            np.unique(self.keys[kept])
        )

    @cached_property
    def is_of_vintages(self) -> bool:
        """Whether labels say when figures were printed."""
        words = {
            w for row in self.labels for cell in row for w in re.findall("[a-z]+", cell.lower())
        }
        return bool(words & _OF_VINTAGES)

    def __str__(self) -> str:
        names = " and ".join(map(repr, self.columns))
        labels = [self.words(at) for at in range(len(self.labels))]
        shown = ", ".join(map(repr, labels[:_MOST_LABELS_SHOWN]))
        more = (
            f" and {len(labels) - _MOST_LABELS_SHOWN} more" if labels[_MOST_LABELS_SHOWN:] else ""
        )
        tell = "columns tell" if len(self.columns) > 1 else "column tells"
        return f"the unknown {tell} rows of one key apart: {names}, by {shown}{more}"


def breakdowns(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
) -> list[Breakdown]:
    """The fewest unlisted columns that tell a key's rows apart; several where any of them would.

    None where keys do not repeat, or as seldom as by a slip. A row that says the same in all that
    is read is no second one. `columns` and `labels` are what is known of the file.
    """
    key = [columns[name] for name in dict.fromkeys(contract.key) if name in columns]
    if not key or table.select(key).group_by(key).aggregate([]).num_rows == table.num_rows:
        return []
    kept = _kept(contract, table, columns, labels)
    of_key = _together([_codes(table[name]) for name in key])
    read = [_codes(table[name]) for name in dict.fromkeys(columns.values())]
    alike = _together([of_key, *read])
    _, once = np.unique(alike[kept], return_index=True)
    if len(once) - len(np.unique(of_key[kept][once])) <= _A_SLIP * int(kept.sum()):
        return []
    keys = len(np.unique(of_key))
    candidates: dict[str, NDArray[np.int64]] = {}
    for name in _of_labels(contract, table, columns):
        codes = _codes(table[name])
        # A region's name is the same in all rows of a key, and tells none apart.
        if len(np.unique(_together([of_key, codes]))) > keys:
            candidates[name] = codes
    candidates = dict(list(candidates.items())[:_MOST_CANDIDATES])
    for size in range(1, _MOST_COLUMNS + 1):
        found = []
        for chosen in combinations(candidates, size):
            label = _together([candidates[name] for name in chosen])
            _, apart = np.unique(_together([alike, label])[kept], return_index=True)
            if len(np.unique(_together([of_key, label])[kept][apart])) == len(apart):
                found.append(_breakdown(table, chosen, label, np.where(kept, of_key, -1)))
        if found:
            return [one for one in found if len(one.labels) <= _MOST_PARTS * size]
    return []


def _breakdown(
    table: pa.Table, chosen: Sequence[str], label: NDArray[np.int64], keys: NDArray[np.int64]
) -> Breakdown:
    _, first = np.unique(label, return_index=True)
    cells = table.select(list(chosen)).take(first)
    labels = zip(*(map(_text, cells[name].to_pylist()) for name in chosen), strict=True)
    return Breakdown(tuple(chosen), tuple(labels), label, keys)


def _of_labels(contract: FileContract, table: pa.Table, columns: Mapping[str, str]) -> list[str]:
    """Columns that nothing is read from and that hold a few words."""
    found = []
    for name in unread_columns(contract, table.column_names, columns.values()):
        labels = distinct_labels(table[name])
        words = [one for one in labels if one not in contract.known_marks]
        if 2 <= len(labels) <= _MOST_PARTS and any(re.search("[^\\W\\d]", one) for one in words):
            found.append(name)
    return found


def _kept(
    contract: FileContract,
    table: pa.Table,
    columns: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
) -> NDArray[np.bool_]:
    """The rows that the contract does not drop."""
    kept = np.ones(table.num_rows, dtype=bool)
    for drop in contract.dropped_rows:
        if not all(name in columns for name in drop.where):
            continue
        hit = np.ones(table.num_rows, dtype=bool)
        for name, cell in drop.where.items():
            cells = table[columns[name]].to_pandas().astype(str).str.strip()
            hit &= (cells.replace(dict(labels.get(name, {}))) == cell).to_numpy()
        kept &= ~hit
    return kept


def _codes(cells: pa.ChunkedArray) -> NDArray[np.int64]:
    codes, _ = pd.factorize(cells.to_pandas().astype(str).str.strip())
    return np.asarray(codes, dtype=np.int64)


def _together(codes: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """A number for each row, the same where all of these are."""
    found = codes[0]
    for one in codes[1:]:
        found = pd.factorize(found * (int(one.max(initial=0)) + 1) + one)[0].astype(np.int64)
    return found


def _text(cell: object) -> str:
    return str(cell).strip()

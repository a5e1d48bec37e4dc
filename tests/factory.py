"""Archives for tests: small, large, revised or damaged, in the publishers' own layouts.

Everything is laid out by `ingest.sample.lay_out` from the sample's table; here are only the
shorthands that tests share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.sample import SampleRelease, faults, lay_out, read_figures, read_releases, synthetic
from ingest.sample.faults import Fault, Where

__all__ = [
    "Fault",
    "SampleRelease",
    "Where",
    "faults",
    "figure",
    "figures_of",
    "lay_out",
    "republished",
    "synthetic",
]

Figure = dict[str, Any]


def figures_of(publication: str, releases: Iterable[str] | None = None) -> pa.Table:
    """The sample's figures of a publication, of all its releases or some."""
    table = read_figures()
    wanted = pc.equal(table["publication"], publication)
    if releases is not None:
        wanted = pc.and_(wanted, pc.is_in(table["release"], pa.array(list(releases))))
    return table.filter(wanted)


def figure(table: pa.Table, **key: str) -> Figure:
    """The one figure that has these cells (`measure_id=…, area_code=…, period=…`).

    Raises
    ------
    ValueError
        None has, or several have.
    """
    for column, cell in key.items():
        table = table.filter(pc.equal(table[column], cell))
    if table.num_rows != 1:
        raise ValueError(f"{table.num_rows} figures have {key}")
    found: Figure = table.to_pylist()[0]
    return found


def republished(
    publication: str,
    release: str,
    change: Callable[[Figure], Mapping[str, Any]],
    *,
    days_later: int = 14,
) -> tuple[pa.Table, list[SampleRelease]]:
    """A release as it is and as its publisher changed it after publishing: versions 1 and 2.

    `change` is given each figure and returns the cells that differ in version 2, often none.
    """
    first = figures_of(publication, [release])
    second = [row | {"version": 2} | dict(change(row)) for row in first.to_pylist()]
    (described,) = [
        r for r in read_releases() if (r.publication, r.release) == (publication, release)
    ]
    later = {"version": 2, "published": described.published + timedelta(days=days_later)}
    return (
        pa.concat_tables([first, pa.Table.from_pylist(second, schema=first.schema)]),
        [described, described.model_copy(update=later)],
    )

"""The intervals that we compute, against those that publishers and statisticians compute."""

from __future__ import annotations

import csv

import duckdb
import pytest
from conftest import PROJECT, PUBLISHED, needs_published
from jinja2 import Environment

MACROS = (PROJECT / "dbt_project/macros/intervals.sql").read_text("utf-8")


def bounds(call: str, counts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Lower and upper bound of each count, as the macro's own SQL has them.

    `call` is the macro's call with BOUND for the bound: `wilson('above', 'below', BOUND)`.
    """
    lower, upper = (
        Environment().from_string(MACROS + "{{ " + call.replace("BOUND", repr(bound)) + " }}")
        for bound in ("lower", "upper")
    )
    with duckdb.connect() as con:
        con.execute("create table counts (position integer, above double, below double)")
        con.executemany(
            "insert into counts values (?, ?, ?)", [(i, *c) for i, c in enumerate(counts)]
        )
        return con.execute(
            f"select {lower.render()}, {upper.render()} from counts order by position"
        ).fetchall()


@needs_published
def test_byars_interval_is_another_than_ohids() -> None:
    """90284's counts are exact in 2010/11 and 2011/12, and its intervals are made from them."""
    (path,) = (PUBLISHED / "fingertips" / "90284").glob("*/*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        printed = [
            row
            for row in csv.DictReader(file)
            if row["Time period"] in ("2010/11", "2011/12") and row["Lower CI 95.0 limit"]
        ]
    councils = {
        row["Area Code"] for row in printed if row["Area Code"][:3] in ("E06", "E08", "E10")
    }
    assert len(printed) > 290 and len(councils) > 100
    made = bounds(
        "byar('above', 'below', BOUND, 10000)",
        [(float(row["Count"]), float(row["Denominator"])) for row in printed],
    )
    for row, (lower, upper) in zip(printed, made, strict=True):
        assert lower == pytest.approx(float(row["Lower CI 95.0 limit"]), abs=1e-5), row
        assert upper == pytest.approx(float(row["Upper CI 95.0 limit"]), abs=1e-5), row


def test_wilsons_interval_is_another_than_statisticians() -> None:
    from scipy.stats import binomtest

    counts = [(715, 736), (329, 358), (137, 153), (22, 25), (2, 2), (0, 10), (39685, 40916)]
    made = bounds("wilson('above', 'below', BOUND)", [(float(a), float(b)) for a, b in counts])
    for (above, below), (lower, upper) in zip(counts, made, strict=True):
        known = binomtest(above, below).proportion_ci(method="wilson")
        assert lower == pytest.approx(100 * known.low, abs=1e-6)
        assert upper == pytest.approx(100 * known.high, abs=1e-6)

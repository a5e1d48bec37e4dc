"""The intervals that we compute, against those that publishers and statisticians compute."""

from __future__ import annotations

import csv
import math
import re

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
    (path,) = (PUBLISHED / "fingertips" / "90284" / "2025-06").glob("*.csv")
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


def test_a_few_events_have_byars_interval_where_ohid_gives_the_exact_one() -> None:
    from scipy.stats import chi2

    few = [(float(k), 41614.0) for k in range(10)]
    made = bounds("interval_bound('poisson', 'above', 'below', BOUND, 1000)", few)
    for (count, people), (lower, upper) in zip(few, made, strict=True):
        known = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
        assert lower == pytest.approx(1000 * known / people, abs=1e-6)
        assert upper == pytest.approx(1000 * chi2.ppf(0.975, 2 * count + 2) / 2 / people, abs=1e-6)
    # Hartlepool in 2020 and 2018: by Byar's formula 0.000314, and 0.088144.
    assert made[1][0] == pytest.approx(0.000608, abs=1e-6)
    assert made[0][1] == pytest.approx(0.088645, abs=1e-6)
    ten = bounds("interval_bound('poisson', 'above', 'below', BOUND, 1000)", [(10.0, 500.0)])
    assert ten == bounds("byar('above', 'below', BOUND, 1000)", [(10.0, 500.0)])


@pytest.mark.parametrize("people", [1.0, 3.0, 7.0, 41.0, 40916.0])
def test_a_limit_of_nought_is_printed_with_a_minus_sign(people: float) -> None:
    ((lower, _), (_, upper)) = bounds(
        "wilson('above', 'below', BOUND)", [(0.0, people), (people, people)]
    )
    assert (lower, math.copysign(1, lower)) == (0.0, 1.0)
    assert upper == 100.0


STATISTICS = (PROJECT / "dbt_project/macros/statistics.sql").read_text("utf-8")
METHODS = " ".join((PROJECT / "docs/methods.md").read_text("utf-8").split())


def test_the_page_of_methods_names_other_methods_or_bounds_than_the_sql() -> None:
    table = re.findall(r"\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", METHODS)
    told = {name: (of, where) for name, of, where, _ in table if name in {*named_in_sql()}}
    assert {*told} == {*named_in_sql()}
    (exact_below,) = re.findall(r"macro exact_below\(\) -%\} (\d+)", MACROS)
    assert f"fewer than {exact_below} events" in told["exact_poisson"][1]
    assert f"{exact_below} events and more" in told["byar"][1]
    assert told["wilson"][0] == "proportions" and told["byar"][0] == "rates"


def named_in_sql() -> set[str]:
    """Every name that a computed interval can have, and that of one that is not."""
    names = MACROS[MACROS.index("macro interval_name") : MACROS.index("macro is_exact")]
    return {*re.findall(r"(?:then|else|-%\}) '(\w+)'", names), "published"}


@pytest.mark.parametrize(
    "source",
    re.findall(r"Source: ([A-Z][^()]+? \(\d{4}\))", " ".join((MACROS + STATISTICS).split())),
)
def test_a_formula_rests_on_a_source_that_the_page_of_methods_does_not_tell(source: str) -> None:
    assert source in METHODS or source.replace("(", "").replace(")", "") in METHODS

"""Write `dbt_project/seeds/kendall_null.csv`: how often chance alone gives a Kendall's S as large.

`python scripts/write_kendall_null.py` rewrites the seed; with `--check` it changes nothing and
exits 1 if the seed is another. For five to ten points, and every way in which some of them can be
equal, each order of the points in time is as likely as any other (Mann 1945, Nonparametric tests
against trend, Econometrica 13, 245-259; Kendall 1975, Rank Correlation Methods, 4th edition). The
orders of a multiset by their inversions are counted by the Gaussian multinomial coefficient
(MacMahon 1916, Combinatory Analysis), and S is the number of unequal pairs less twice the
inversions: so every p-value is exact, with ties too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from fractions import Fraction
from math import factorial, prod
from pathlib import Path

SEED = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "kendall_null.csv"
POINTS = range(5, 11)
HEADER = "points,ties,s,p_value"


def partitions(total: int, largest: int | None = None) -> Iterator[tuple[int, ...]]:
    """Every way to write a number as a sum, its parts from small to large."""
    largest = total if largest is None else largest
    if total == 0:
        yield ()
        return
    for part in range(min(total, largest), 0, -1):
        for rest in partitions(total - part, part):
            yield (*rest, part)


def _times(polynomial: list[int], power: int) -> list[int]:
    """A polynomial times 1 - q^power."""
    longer = [*polynomial, *[0] * power]
    return [c - (longer[i - power] if i >= power else 0) for i, c in enumerate(longer)]


def _over(polynomial: list[int], power: int) -> list[int]:
    """A polynomial divided by 1 - q^power, of which it is a multiple."""
    quotient = list(polynomial[: len(polynomial) - power])
    for i in range(power, len(quotient)):
        quotient[i] += quotient[i - power]
    return quotient


def inversions(ties: tuple[int, ...]) -> list[int]:
    """How many orders of a multiset have 0, 1, 2 … inversions."""
    counts = [1]
    for power in range(1, sum(ties) + 1):
        counts = _times(counts, power)
    for size in ties:
        for power in range(1, size + 1):
            counts = _over(counts, power)
    return counts


def null_distribution(ties: tuple[int, ...]) -> dict[int, Fraction]:
    """Chance of an |S| of at least s, by s from 0; groups of equal points are `ties`, 1 for one."""
    counts = inversions(ties)
    unequal = len(counts) - 1
    orders = factorial(sum(ties)) // prod(factorial(size) for size in ties)
    by_s = {abs(unequal - 2 * inverted): 0 for inverted in range(unequal + 1)}
    for inverted, count in enumerate(counts):
        by_s[abs(unequal - 2 * inverted)] += count
    chance: dict[int, Fraction] = {}
    at_least = 0
    for s in sorted(by_s, reverse=True):
        at_least += by_s[s]
        chance[s] = Fraction(at_least, orders)
    return dict(sorted(chance.items()))


def table() -> str:
    """The seed as CSV: points, sizes of the groups of equal points, |S|, two-sided p."""
    lines = [HEADER]
    for points in POINTS:
        for ties in sorted(partitions(points)):
            sizes = " ".join(map(str, ties))
            lines += [
                f"{points},{sizes},{s},{float(p):.9f}" for s, p in null_distribution(ties).items()
            ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Rewrite or check the seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    text = table()
    if parser.parse_args().check:
        fresh = SEED.exists() and SEED.read_text("utf-8") == text
        print("fresh" if fresh else "stale: run python scripts/write_kendall_null.py")
        return int(not fresh)
    SEED.write_text(text, "utf-8")
    print(f"{text.count(chr(10)) - 1} rows written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Write `docs/checks.md` from the checks themselves: what each expects, its bounds and why.

.venv/bin/python scripts/write_checks.py
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from expectations.checks import CHECKS
from expectations.checks.base import STRONGER, LoadCheck
from expectations.suites.loads import suite_for
from ingest.contracts.load import load_contracts

DOCUMENT = Path(__file__).parents[1] / "docs" / "checks.md"
_OUTCOMES = {
    "refuse": "refused: the whole load is kept out until a person accepts it",
    "flag": "flagged: the figures are served, each with what was found odd about it",
    "warn": "told: the load is admitted, and the finding recorded",
}
_INTRODUCTION = f"""# How figures are checked

Written by `scripts/write_checks.py` from `expectations/checks/`; not by hand.

**The publisher's figure is the truth to be told, oddities included; what must never happen is that
we read it wrongly.** So a check that finds single figures odd *flags* them: they are served, with
`is_flagged` and `flags` beside them in the facts. A load is *refused* only where something speaks
against the reading as a whole: a column that is not there, a year that is not the year claimed,
units that changed, rows that slipped, a history that disagrees, or more figures at once found odd
by one check than publishers' slips explain. What is merely worth knowing is *told*.

A check is one class with its rule, its bounds, their reasons and its words
(`expectations/checks/`, a file a family). Which of them apply to a file follows from its contract
and from the YAML of the measures that are printed in it; `core-measures contract PUBLICATION`
lists them. A load is one batch and one validation of Great Expectations, of whose own expectations
those serve that fit.

**The history that a release repeats proves how it is read.** Where nineteen of twenty figures of
earlier years, of three hundred and more, are what the release before had, the file has been
understood: years that stand as they were are not asked again whether they were misread, and
{STRONGER.value:g} times as much is asked of what speaks against the newest. A series that was
revised everywhere by a little, as when populations are re-estimated, is served as a revision of the
series, with its size; one re-based by much waits for a person.

**How far a figure is from what is expected of it.** A figure *x* of a council and year is compared
with *e*, the median of the council's three nearest other years; a file of one year borrows those of
the release before. The move *d* = *x* − *e* − (the median of that over the year's councils) is
divided by *s*, where *s*² = max(1.4826 · MAD of the year's moves, 1.4826 · MAD of the council's own
moves from four years on)² + *n*² + *u*². *n* is what chance gives: √(p(1−p)/N) of a share, √count
of a count, 1/√count of a logarithm; where a file does not print *N* it is that of the council's
nearest years, and *n* is nothing where no year has one; *u* is the last place printed. Rates, and
shares near nought, are compared by their logarithms (`scale: log`). This is the modified z-score of
Iglewicz and Hoaglin (*How to Detect and Handle Outliers*, ASQC, 1993); their cut-off of 3.5 is for
samples that are normal, which councils' figures are not, so each measure's YAML has its own
(`leap`).

**What is printed stands for a range**: a figure for itself ± half its last place, a count that is
rounded to *r* for itself ± *r*/2. What counts are rounded to is what the contract says or what the
counts themselves show: where all but one in a hundred are multiples of 5, 10, 100 or 1,000, and so
many that chance cannot have made them so.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_families()]).rstrip() + "\n"


def _families() -> Iterator[str]:
    applied = _applied()
    family = ""
    for check in CHECKS:
        module = type(check).__module__
        if module != family:
            family = module
            doc = inspect.getdoc(sys.modules[module]) or ""
            heading = " ".join(doc.partition("\n\n")[0].split()).rstrip(".")
            yield f"## {heading}\n"
            yield f"`{module.replace('.', '/')}.py`\n"
        yield from _check(check, applied.get(check.name, 0))


def _applied() -> dict[str, int]:
    """How many tables of how many contracts each check applies to."""
    count: dict[str, int] = {}
    for publication in load_contracts().values():
        for contract in publication.files:
            for name in {subject.check.name for subject in suite_for(contract)}:
                count[name] = count.get(name, 0) + 1
    return count


def _check(check: LoadCheck, applied: int) -> Iterator[str]:
    why = " ".join((inspect.getdoc(type(check)) or "").split())
    yield f"**`{check.name}`**: {why}\n"
    if check.expects:
        yield f"- Expects: {check.expects}"
    yield f"- At fault: {_OUTCOMES[check.outcome]}."
    if check.outcome == "flag" and (most := check.refused_above) is not None:
        yield (
            f"- Refused where more than {most.value:.0%} ({most.unit}) are found so at once:"
            f" {most.why}"
        )
    for name, bound in check.bounds().items():
        if name != "refused_above":
            limit = f"{bound.value:.4g} {bound.unit}, since {bound.since}"
            yield f"- Bound `{name}`: {limit}. {bound.why}"
    tables = "table" if applied == 1 else "tables"
    yield f"- Applies to {applied} {tables}.\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")

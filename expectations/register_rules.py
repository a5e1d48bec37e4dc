"""The rules on lists: registers of schools and providers, and whatever else is a row a thing.

A list that was saved with a filter on, or shuffled, has nothing wrong in any one row. Declared
under `checks:` in a publication's YAML; the distances are worked out in `registers`, and
`docs/checks.md` says how, and why so far.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.suites import Rule
from expectations.verdicts import Severity
from expectations.vocabulary import (
    COUNCIL_STOCK_MOVED,
    DISORDERED,
    FEW_DISORDERED,
    NAMED_TWICE,
    NEIGHBOUR_GONE,
    NO_DAYS,
    NOT_MUTUAL,
    NOT_THE_LAST,
    OFF_TOTAL_ROW,
    OWN_NEIGHBOUR,
    REGISTERS,
    ROW_COUNT,
    ROWS_CHANGED,
    STOCK_MOVED,
    STOCK_UNLIKELY,
    VALUE_CHANGED,
    VALUE_FEW,
    WITHOUT,
)
from ingest.contracts import FileContract


def register_rules(contract: FileContract) -> Iterator[Rule]:
    """The rules of one file, in the order they are told."""
    if contract.checks.full_list:
        yield from _of_registers()
    if contract.checks.days:
        yield from _of_days()
    if contract.checks.needs:
        yield _rule(
            "needed_cells_there",
            WITHOUT,
            "Not one in a thousand cells lacks that beside it which it follows from.",
            "columns",
        )
    if contract.checks.total_row:
        yield _rule(
            "councils_make_total_row",
            OFF_TOTAL_ROW,
            "Councils add up to the row of England, which is printed and makes no fact.",
            "totals",
        )
    if contract.checks.stocks:
        yield from _of_stocks()
    if contract.checks.neighbours:
        yield from _of_neighbours()
    if spec := contract.checks.last_of:
        yield _rule(
            "newest_is_last_of_history",
            NOT_THE_LAST,
            f"What stands is what {spec.table} has last, followed by its {spec.by} within"
            f" {spec.within} days.",
            "areas",
        )


def has_register_rules(contract: FileContract) -> bool:
    """Whether the file has any of these rules: the library's cost is by the frame."""
    return next(register_rules(contract), None) is not None


def _of_registers() -> Iterator[Rule]:
    yield _rule(
        "values_present",
        VALUE_FEW,
        "Each kind of thing that the register always has is there, in about the share of rows that"
        " it has: a register saved with a filter on lacks some.",
        "values",
    )
    yield _rule(
        "register_whole",
        ROW_COUNT,
        "The register has as many rows as there can be of its kind.",
        "registers",
    )
    yield _rule(
        "register_rows_steady",
        ROWS_CHANGED,
        "The register has not a tenth more or fewer rows than in the release before, and a"
        " twentieth for each year between.",
        "registers",
    )
    yield _rule(
        "register_values_steady",
        VALUE_CHANGED,
        "No kind of thing is half or twice as many as in the release before.",
        "values",
        severity="warn",
    )


def _of_days() -> Iterator[Rule]:
    yield _rule(
        "days_are_days",
        NO_DAYS,
        "Not one in a thousand cells of a column of days is no day of the calendar, or one after"
        " the list's own.",
        "columns",
    )
    yield _rule(
        "days_in_order",
        DISORDERED,
        "Not one row in a thousand has a later day before an earlier one.",
        "pairs of columns",
    )
    yield _rule(
        "every_day_in_order",
        FEW_DISORDERED,
        "No row has a later day before an earlier one.",
        "pairs of columns",
        severity="warn",
    )


def _of_stocks() -> Iterator[Rule]:
    yield _rule(
        "stocks_in_range",
        STOCK_UNLIKELY,
        "Each stock of all councils is about as large as it has been.",
        "stocks",
    )
    yield _rule(
        "stocks_steady",
        STOCK_MOVED,
        "Each stock of all councils is about that of the release before.",
        "stocks",
    )
    yield _rule(
        "council_stocks_steady",
        COUNCIL_STOCK_MOVED,
        "Each council's stock is about its own in the release before.",
        "stocks of councils",
        severity="warn",
    )


def _of_neighbours() -> Iterator[Rule]:
    yield _rule("no_own_neighbour", OWN_NEIGHBOUR, "No council is its own neighbour.", "lists")
    yield _rule(
        "neighbours_named_once",
        NAMED_TWICE,
        "No council has a neighbour twice.",
        "councils",
    )
    yield _rule(
        "neighbours_exist",
        NEIGHBOUR_GONE,
        "A council of the list's day names none that was gone by then, or not there yet.",
        "councils",
    )
    yield _rule(
        "neighbours_name_each_other",
        NOT_MUTUAL,
        "At least a third of all neighbours name each other: who is like another is liked back.",
        "lists",
    )


def _rule(
    check: str, column: str, explanation: str, noun: str, severity: Severity = "error"
) -> Rule:
    return Rule(
        check=check,
        frame=REGISTERS,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "max_value": 0},
        explanation=explanation,
        severity=severity,
        example="{found}",
        noun=noun,
    )

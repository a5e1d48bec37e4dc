"""The rules on what figures have to do with each other, and with the release before.

They follow from a file's contract and from the YAML of the measures that are printed in it; the
distances that they bound are worked out in `figures`. `docs/checks.md` says how, and why so far.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.measures import MOST_CARRIED_ON, MOST_REVISED, UNLIKE_ANY, UNUSUAL_FROM, series_of
from expectations.suites import Rule
from expectations.verdicts import Severity
from expectations.vocabulary import (
    ALIKE_RUN,
    ALONE,
    ANOTHERS_NAME,
    AREAS_MISSING,
    BLANKS,
    BLOCK_SHIFTED,
    CARRIED_ON,
    CODES_WITH_NUMBERS,
    DENIED,
    FIGURES,
    FROZEN,
    LEAP,
    LOPSIDED,
    MAYBE_SWAPPED,
    MUCH_REVISED,
    NOT_LESSER,
    NOT_LOOKED_AT,
    NUMBERS_SHORT,
    OFF_BREAKDOWN,
    OFF_COUNTS,
    OFF_IMPLIED,
    OFF_ITS_PARTS,
    OFF_MEAN,
    OFF_PARTS,
    OFF_SUM,
    OUT_OF_BOUNDS,
    OVER_DENOMINATOR,
    REVISED,
    REWRITTEN,
    ROUNDED_AWAY,
    SAME_YEAR,
    SERIES_ROWS,
    SHIFTED,
    SORTED,
    START,
    STRANGE,
    SWAPPED,
    TYPICAL,
    UNEXPLAINED,
    UNITS,
    UNLIKE,
    UNUSUAL,
    WHOLE_LEAP,
    WHOLE_STRANGE,
    YEAR_LEAP,
    YEAR_STRANGE,
    YEARS_MISSING,
)
from ingest.contracts import FileContract

# Adding a few thousand numbers up in another order moves the last of their 16 digits.
HAIR = 1e-6
# Half a power of ten would be 0.5; medians of real years differ by 0.22 at most.
UNITS_APART = 0.7


def domain_rules(contract: FileContract) -> Iterator[Rule]:
    """The rules of one file, in the order they are told."""
    if contract.period.sortable:
        yield _rule(
            "periods_start_as_sorted",
            START,
            0,
            "Each period's label begins with the year of the sort key beside it.",
            "labels",
        )
    if notes := contract.notes:
        yield _rule(
            "no_blank_without_note",
            UNEXPLAINED,
            0,
            f"No {notes.value} is blank without a {notes.column} that says why.",
            "columns",
            severity="warn",
        )
        yield _rule(
            "no_number_denied",
            DENIED,
            0,
            f"No {notes.value} stands beside a {notes.column} that says there is none.",
            "columns",
        )
    yield from _of_counts(contract)
    yield _rule(
        "council_listed_once",
        CODES_WITH_NUMBERS,
        0,
        "No council has numbers under two of its codes in one period.",
        "councils and periods",
    )
    if {"la_name", "area_name"} & {*contract.column_names}:
        yield _rule(
            "names_and_codes_agree",
            ANOTHERS_NAME,
            0,
            "No council's code stands beside the name of another.",
            "names",
        )
    if series_of(contract):
        yield from _of_presence()
        yield from _of_series()


def _of_counts(contract: FileContract) -> Iterator[Rule]:
    declared = contract.checks
    if declared.shares or declared.breakdowns or any(t.but_for for t in declared.totals):
        yield _rule(
            "rules_find_their_rows",
            NOT_LOOKED_AT,
            0,
            "Each rule finds the rows that the contract names for it, and each share the row of its"
            " whole: one that looks at nothing passes whatever is there.",
            "rules and periods",
        )
    if declared.shares:
        if any(share.per == 100 for share in declared.shares):
            yield _rule(
                "numerator_within_denominator",
                OVER_DENOMINATOR,
                0,
                "No count is larger than the count that it is a part of.",
                "pairs of counts",
            )
        yield _rule(
            "shares_match_counts",
            OFF_COUNTS,
            0,
            "Each share is that of the counts beside it, as closely as both are printed.",
            "shares",
        )
    if declared.implied:
        yield _rule(
            "implied_people_steady",
            OFF_IMPLIED,
            0,
            "The number of people that a figure and its count imply is about that of the area's"
            " other years.",
            "figures",
        )
    if declared.bounds:
        yield _rule(
            "intervals_hold_figures",
            OUT_OF_BOUNDS,
            0,
            "Each figure lies within its interval.",
            "figures",
        )
        yield _rule(
            "intervals_balanced",
            LOPSIDED,
            0,
            "No side of an interval is five times the other.",
            "figures",
        )
    if declared.at_most:
        yield _rule(
            "lesser_not_greater",
            NOT_LESSER,
            0,
            "No count is above the one that it leaves some out of.",
            "pairs of counts",
        )
    if declared.breakdowns:
        yield _rule(
            "breakdowns_add_up",
            OFF_BREAKDOWN,
            0,
            "A whole is the sum of the rows that it is broken down into, within rounding.",
            "wholes",
        )
    if declared.sums:
        yield _rule(
            "sums_hold",
            OFF_SUM,
            0,
            "A figure that is the sum of others in its row is it, as closely as they are printed.",
            "sums",
        )
    if declared.totals:
        yield _rule(
            "parts_make_wholes",
            OFF_PARTS,
            HAIR,
            "Councils add up to their region and to England, within rounding; where some are"
            " suppressed, to no more.",
            "totals",
        )


def _of_presence() -> Iterator[Rule]:
    yield _rule(
        "series_complete",
        AREAS_MISSING,
        0,
        "Every period of a series has a row for each council that existed, and for England and each"
        " region where the file has them.",
        "periods",
    )
    yield _rule(
        "series_unbroken",
        YEARS_MISSING,
        0,
        "No series begins later than its measure's YAML says, lacks a year in between, but for gaps"
        " that the contract explains, or ends earlier than it did in the release before.",
        "series",
    )
    yield _rule(
        "numbers_not_few",
        NUMBERS_SHORT,
        0,
        "In every year as many councils have a number as the measure's YAML asks for.",
        "years",
    )
    yield _rule(
        "no_blank_without_mark",
        BLANKS,
        0,
        "No cell of a series is blank where its publisher has marks that say why.",
        "series",
        severity="warn",
    )
    yield _rule(
        "numbers_not_alone",
        ALONE,
        0,
        "No number lacks the count or the interval that the year's other numbers have beside them.",
        "years",
    )
    yield _rule(
        "wholes_among_parts",
        OFF_ITS_PARTS,
        0,
        "England's figure lies among its regions', and a region's among its councils', where each"
        " part has one: a mean does, whatever its weights.",
        "wholes",
    )
    yield _rule(
        "wholes_near_their_parts",
        OFF_MEAN,
        0,
        "England's figure is within 12 % of its regions' mean, and a region's within a quarter, or"
        " what the measure's YAML says, of its councils' mean.",
        "wholes",
    )
    yield _rule(
        "decimals_kept",
        ROUNDED_AWAY,
        0,
        "No year's figures are all whole numbers in a series that is printed with decimals.",
        "years",
    )
    yield _rule(
        "rows_not_sorted_by_figure",
        SORTED,
        0,
        "No year's figures stand in the order of their size: a column sorted by itself would.",
        "years",
    )


def _of_series() -> Iterator[Rule]:
    yield _rule(
        "series_printed",
        SERIES_ROWS,
        None,
        "Each series that is printed in this file has rows in it, under labels that are known.",
        "series",
        least=1,
    )
    yield _rule(
        "no_figure_leaps",
        LEAP,
        0,
        "No figure is further from its council's other years than its measure's YAML allows,"
        " in robust standard deviations: a slipped decimal point is, a real collapse is not.",
        "figures",
    )
    yield _rule(
        "no_figure_strange",
        STRANGE,
        0,
        "No figure is so far from its council's other years that somebody should look.",
        "figures",
        severity="warn",
    )
    yield _rule(
        "no_whole_leaps",
        WHOLE_LEAP,
        0,
        "No region's figure, nor England's, is more than 8 robust standard deviations from its own"
        " other years.",
        "figures",
    )
    yield _rule(
        "no_whole_strange",
        WHOLE_STRANGE,
        0,
        "No region's figure, nor England's, is so far from its own other years that somebody should"
        " look.",
        "figures",
        severity="warn",
    )
    yield _rule(
        "no_figure_unlike_all",
        UNLIKE,
        UNLIKE_ANY,
        "No figure of a council with one other year at most is 15 robust standard deviations from"
        " the middle of the year's councils.",
        "figures",
    )
    yield _rule(
        "no_figure_unusual",
        UNUSUAL,
        UNUSUAL_FROM,
        "No figure of a council with one other year at most is so many times, or so small a part"
        " of, the middle of the year's councils that somebody should look.",
        "figures",
        severity="warn",
    )
    yield _rule(
        "medians_in_range",
        TYPICAL,
        0,
        "The median of the councils lies, in every year, in the range of the measure's YAML.",
        "years",
    )
    yield _rule(
        "units_kept",
        UNITS,
        UNITS_APART,
        "No year's median is five times the year before's or a fifth of it: the unit changed.",
        "pairs of years",
    )
    yield _rule(
        "years_differ",
        SAME_YEAR,
        0.5,
        "No year repeats, to the letter, the figures of most councils of an earlier year.",
        "pairs of years",
    )
    yield _rule(
        "figures_not_frozen",
        FROZEN,
        0,
        "No council's figure and counts stay to the letter what they were for years.",
        "councils",
        severity="warn",
    )
    yield _rule(
        "councils_not_swapped",
        SWAPPED,
        0,
        "No two councils stand in each other's place.",
        "years",
    )
    yield _rule(
        "councils_perhaps_swapped",
        MAYBE_SWAPPED,
        0,
        "No two councils look, in the newest year, so much more like each other than like"
        " themselves that somebody should look.",
        "series",
        severity="warn",
    )
    yield _rule(
        "columns_not_shifted",
        SHIFTED,
        1,
        "A year's figures fit their councils' other years better than the neighbouring rows'.",
        "years",
    )
    yield _rule(
        "blocks_not_shifted",
        BLOCK_SHIFTED,
        0,
        "No eight, sixteen or twenty-four rows of a year fit the councils of the neighbouring rows"
        " much better than their own.",
        "years",
    )
    yield _rule(
        "rows_not_alike",
        ALIKE_RUN,
        0,
        "No figure was dragged down: few rows, one after the other, have the same to the letter.",
        "years",
    )
    yield _rule(
        "regions_not_carried_on",
        CARRIED_ON,
        MOST_CARRIED_ON,
        "No region's councils repeat, to the letter, what they had in an earlier year.",
        "regions and years",
    )
    yield _rule(
        "no_year_leaps",
        YEAR_LEAP,
        0,
        "The newest year's councils are not, all together, far from what the years before say.",
        "series",
    )
    yield _rule(
        "no_year_strange",
        YEAR_STRANGE,
        0,
        "The newest year's councils are not, all together, so far from what the years before say"
        " that somebody should look.",
        "series",
        severity="warn",
    )
    yield _rule(
        "earlier_years_stand",
        REVISED,
        0.5,
        "At least half of the figures that the release before had for the same years stand.",
        "series",
    )
    yield _rule(
        "no_figure_much_revised",
        MUCH_REVISED,
        MOST_REVISED,
        "No figure that the release before had, and that has no count beside it, was revised by so"
        " much that somebody should look.",
        "figures",
        severity="warn",
    )
    yield _rule(
        "no_council_rewritten",
        REWRITTEN,
        0,
        "No council has most figures of its earlier years changed by a tenth and more since the"
        " release before.",
        "series",
        severity="warn",
    )


def _rule(
    check: str,
    column: str,
    most: float | None,
    explanation: str,
    noun: str,
    severity: Severity = "error",
    least: float | None = None,
) -> Rule:
    bounds = {"min_value": least, "max_value": most}
    return Rule(
        check=check,
        frame=FIGURES,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column} | {k: v for k, v in bounds.items() if v is not None},
        explanation=explanation,
        severity=severity,
        example="{found}",
        noun=noun,
    )

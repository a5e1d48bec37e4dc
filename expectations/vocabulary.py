"""The words that frames and rules share: the frames' names, and the columns derived for them.

Apart from `frames`, so that a suite can be read without importing pandas. Derived columns have a
space in their names: no contract's column has.
"""

from __future__ import annotations

# Frames.
CORRECTIONS = "corrections"
ROWS = "rows"
EXPECTED = "expected"
YEARS_CLAIMED = "years claimed"
PUBLICATION = "publication"

# Derived columns of the rows.
AREA_LEVEL = "area level"
COUNCIL_CODE = "council code"
COUNCIL_UNKNOWN = "council code not known"
REGION_CODE = "region code"
COUNTRY_CODE = "country code"
PERIOD = "period label"
PERIOD_UNREAD = "period not read"
YEAR = "period year"
EMPTIED = "emptied by a correction"

# Derived columns of what is expected: how many rows each area has in a period.
COUNCIL_ROWS = "council rows"
REGION_ROWS = "region rows"

AREA_LEVELS = ("country", "region", "council", "district")
IGNORED_LEVEL = "ignored"

# DfE prints Inner and Outer London (E13) in its place, or beside it.
LONDON = "E12000007"

# What publishers print: no thousands separators, no exponents (217,628 rows of 35 files read).
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"


def numeric(column: str) -> str:
    """The derived column that holds a column's numbers, null where the cell is a mark."""
    return f"{column} as a number"


def no_council(column: str) -> str:
    """The derived column that holds a column's cells where they name no council."""
    return f"{column} of no council"


def dropped_rows(index: int) -> str:
    """The frame of the rows that the contract's drop of this position takes out."""
    return f"dropped rows {index}"


# The frame of what figures have to do with each other, and its columns: one a rule, each cell
# the distance of one thing from where it should be, null where the row is another rule's.
FIGURES = "figures"
NOT_LOOKED_AT = "rows that a rule looks for and that are not there"
OVER_DENOMINATOR = "numerator above denominator"
OFF_COUNTS = "off its counts"
OUT_OF_BOUNDS = "outside its interval"
OFF_PARTS = "off the sum of parts"
CODES_WITH_NUMBERS = "codes with numbers"
ANOTHERS_NAME = "names of another"
LEAP = "robust z-score over bound"
STRANGE = "robust z-score over lower bound"
WHOLE_LEAP = "robust z-score of a whole over bound"
WHOLE_STRANGE = "robust z-score of a whole over lower bound"
TYPICAL = "median out of range"
UNITS = "median against the year before"
SAME_YEAR = "share as the year before"
FROZEN = "years without a change"
SWAPPED = "looks like another council"
CARRIED_ON = "share of a region as the year before"
ALIKE_RUN = "rows alike beyond what may be"
BLOCK_SHIFTED = "own councils against the neighbour's, of some rows"
YEAR_LEAP = "a whole year against its own history"
YEAR_STRANGE = "a whole year against its own history, to be looked at"
UNUSUAL = "robust z-score of the logarithm among councils"
SHIFTED = "own years against the neighbour's"
REVISED = "share revised"
SERIES_ROWS = "rows of the series"
AREAS_MISSING = "areas missing"
YEARS_MISSING = "years missing"
NUMBERS_SHORT = "numbers too few"
BLANKS = "blank cells"
ALONE = "numbers alone"
OFF_ITS_PARTS = "not among its parts"
ROUNDED_AWAY = "decimals lost"
SORTED = "in order of size"
UNLIKE = "robust z-score among councils"
START = "start of the period"
LAG = "months before publication"
LOPSIDED = "one side of an interval against the other"
NOT_LESSER = "above what it is part of"
OFF_BREAKDOWN = "off the sum of its breakdown"
OFF_IMPLIED = "implied people, against other years"
OFF_SUM = "off the sum of its row"
UNEXPLAINED = "blanks without a note"
DENIED = "numbers that a note denies"
MUCH_REVISED = "share by which a figure was revised"
REWRITTEN = "councils rewritten"
MAYBE_SWAPPED = "resembles another council"
OFF_MEAN = "far from the mean of its parts"
CODE_IN_TEXT = "cells that are code"

# The frame of what lists hold, of the same kind: registers of schools and providers, and others.
REGISTERS = "registers"
VALUE_FEW = "share of rows too small"
ROW_COUNT = "rows beyond what there can be"
ROWS_CHANGED = "rows against the release before"
VALUE_CHANGED = "rows of a value against the release before"
OWN_NEIGHBOUR = "its own neighbour"
NAMED_TWICE = "neighbours named twice"
NEIGHBOUR_GONE = "neighbours that are no council"
NOT_MUTUAL = "share of neighbours that name each other"
NOT_THE_LAST = "not the last of its area"
OFF_TOTAL_ROW = "off the row of totals"
STOCK_UNLIKELY = "stock out of range"
STOCK_MOVED = "stock against the release before"
COUNCIL_STOCK_MOVED = "council's stock against the release before"
NO_DAYS = "share of cells that are no days"
DISORDERED = "share of days out of order"
FEW_DISORDERED = "days out of order"
WITHOUT = "share of cells without what they need"

"""The columns of a described load, by name, and the rows that have certain cells in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.contracts import RowFilter

AREA_LEVEL = "area level"
COUNCIL_CODE = "council code"
COUNCIL_UNKNOWN = "council code not known"
REGION_CODE = "region code"
COUNTRY_CODE = "country code"
PERIOD = "period label"
PERIOD_UNREAD = "period not read"
YEAR = "period year"
EMPTIED = "emptied by a correction"

# Stands where a file has two numbers for one cell; the facts have it as a status.
CONFLICTING = "[conflicting]"

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


def rows_where(rows: Any, allowed: RowFilter) -> Any:
    """Which rows have one of the cells allowed in each column, as an array of truths."""
    hit = np.ones(len(rows), dtype=bool)
    for column, cells in allowed.items():
        hit &= rows[column].isin(cells).to_numpy()
    return hit

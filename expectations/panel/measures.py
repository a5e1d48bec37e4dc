"""What each measure's YAML says of its figures: where they are printed, and how far they may leap.

Read from `config.meta.series[].checks` of the models, so that a bound stands beside the measure
that it is for. Which figures become facts is for the SQL; a test holds the two to the same rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.contracts.contract import FileContract
from ingest.contracts.figure_checks import RowFilter, Share
from ingest.contracts.specs import YearGap
from ingest.contracts.yaml_documents import read_our_own
from ingest.errors import ContractError

# In robust standard deviations; no figure as published is so far from its year's middle.
UNLIKE_ANY = 15.0

# And in deviations of logarithms: a tenth or tenfold of what most have.
UNUSUAL_FROM = 8.0

# As published no figure without counts was revised by as much as this share of it.
MOST_REVISED = 0.15

# A half of a region's councils are to the letter as they were, at most, in real figures.
MOST_CARRIED_ON = 0.6

# What somebody should look at: a few figures in a thousand as published.
STRANGE = 4.0

FOLDER = Path(__file__).parents[2] / "dbt_project" / "models" / "measures"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Leap(_Strict):
    """How many robust standard deviations a figure may be from what its council's years expect.

    From four on it is noted, but where a measure says otherwise. `scale` is `points` where moves
    are differences, `log` where they are ratios.
    """

    warn: float = STRANGE
    error: float
    scale: Literal["points", "log"] = "points"


class SeriesCheck(_Strict):
    """Where a series is printed, and what is known of its figures.

    `file` is a publication's id and its file's, with a slash between. `typical` is where the
    median of the councils lies in any year, by a wide margin; `size` a count of the same row
    that tells councils apart, where the contract's shares name none, in `size_unit`s.
    `may_be_absent` is said of a series that a sound file may lack. `begins` is the latest year that
    the file may begin with, `numbers` the least share of councils with a number in a year, but for
    `thin_years`, each with its reason. `decimals` are those that the series is printed with;
    `few` are councils of so few children that their leaps are noted and no more. `region_apart`
    is how far, as a share, a region may be from the mean of its councils. `without` are the
    larger areas that this file may have no figure for, though its columns speak of them.
    `denominator_row` says in which row the whole of a part stands, as the contract's shares do.
    `mean_of_row` is that of the count that a mean is over: of nobody there is none.
    `part` tells apart the rows of one file that a figure is worked out from.
    `name` is the series, with the column behind it where the file prints several of one series.
    """

    file: str
    column: str
    where: RowFilter = {}
    denominator_row: RowFilter = {}
    mean_of_row: RowFilter = {}
    part: str = ""
    size: str | None = None
    size_unit: int = 1
    leap: Leap
    typical: tuple[float, float]
    may_be_absent: bool = False
    begins: int | None = None
    numbers: float = 0.85
    thin_years: list[YearGap] = []
    decimals: int = 0
    few: tuple[str, ...] = ()
    region_apart: float = 0.25
    without: tuple[Literal["country", "region"], ...] = ()
    name: str = ""


@lru_cache(maxsize=4)
def _all(folder: Path = FOLDER) -> dict[str, tuple[SeriesCheck, ...]]:
    found: dict[str, list[SeriesCheck]] = {}
    # With the aliases that dbt's tests of a measure may have.
    documents = read_our_own("measures", folder.glob("*/*.yml"), aliases=True)
    for path, document in documents.items():
        for name, raw in _declared(document):
            try:
                check = SeriesCheck.model_validate(raw | {"name": name})
            except (ValidationError, TypeError) as error:
                raise ContractError(f"{path.name}: {name} has checks that are none: {error}") from (
                    error
                )
            found.setdefault(check.file, []).append(check)
    return {file: tuple(_distinguished(checks)) for file, checks in found.items()}


def _distinguished(checks: list[SeriesCheck]) -> Iterator[SeriesCheck]:
    for check in checks:
        columns = {other.column for other in checks if other.name == check.name}
        name = f"{check.name} ({check.column})" if len(columns) > 1 else check.name
        yield check.model_copy(update={"name": name})


def _declared(document: Any) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{model['name']}.{series['series_id']}", {"decimals": series["decimals"]} | check)
        for model in (document or {}).get("models", [])
        for series in model.get("config", {}).get("meta", {}).get("series", [])
        for check in series.get("checks", [])
    ]


def series_of(contract: FileContract) -> tuple[SeriesCheck, ...]:
    """The series that are printed in a file.

    Raises
    ------
    ContractError
        A measure's checks are malformed, or speak of a column that the file does not have.
    """
    series = _all().get(f"{contract.publication}/{contract.file_id}", ())
    for check in series:
        known = {*contract.column_names}
        referenced_columns = {
            check.column,
            *check.where,
            *check.mean_of_row,
            *filter(None, [check.size]),
        }
        if unknown := referenced_columns - known:
            raise ContractError(
                f"{check.name} speaks of {', '.join(sorted(unknown))}, which {check.file} lacks"
            )
        share = share_of(contract, check)
        if check.denominator_row != (share.denominator_row if share else {}):
            raise ContractError(
                f"{check.name} and the shares of {check.file} name another row for the whole"
            )
    return series


def labels_of(contract: FileContract) -> dict[str, dict[str, tuple[str, ...]]]:
    """The labels that series ask a file for: by column, one with how else it was ever written.

    A label that two series write in different ways is left out: they ask for different rows.
    """
    written: dict[str, dict[str, set[tuple[str, ...]]]] = {}
    for check in series_of(contract):
        for column, cells in check.where.items():
            # A blank is no label that could be written otherwise.
            for cell in filter(None, cells):
                written.setdefault(column, {}).setdefault(cell, set()).add(tuple(cells))
    return {
        column: {
            spellings[0]: spellings[1:]
            for (spellings, *others) in of.values()
            if not others and all(len(of[cell]) == 1 for cell in spellings)
        }
        for column, of in written.items()
    }


def share_of(contract: FileContract, check: SeriesCheck) -> Share | None:
    """The share of the contract's that a series is, if its counts are printed."""
    return next(
        (
            share
            for share in contract.checks.shares
            if share.value == check.column
            and all(
                {*check.where.get(column, cells)} <= {*cells}
                for column, cells in share.where.items()
            )
        ),
        None,
    )


@lru_cache(maxsize=1)
def digest() -> str:
    """Changes with what the measures' YAML says of their figures, not with its descriptions."""
    documents = [check.model_dump(mode="json") for checks in _all().values() for check in checks]
    return hashlib.sha256(json.dumps(documents).encode()).hexdigest()

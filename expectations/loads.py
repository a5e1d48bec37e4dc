"""What a sound load looks like: the suite that follows from a file's contract, and its verdict.

One rule a line of the contract, so that a new publication is checked by its YAML alone. A rule
of `error` quarantines the load; one of `warn` admits and records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from expectations import engine
from expectations.councils import Councils
from expectations.domain import domain_rules
from expectations.measures import series_of
from expectations.register_rules import register_rules
from expectations.suites import Rule, Suite
from expectations.verdicts import Check, LoadVerdict
from expectations.vocabulary import (
    AREA_LEVEL,
    AREA_LEVELS,
    CODE_IN_TEXT,
    CORRECTIONS,
    COUNCIL_ROWS,
    COUNCIL_UNKNOWN,
    COUNTRY_CODE,
    EXPECTED,
    IGNORED_LEVEL,
    LAG,
    NUMBER,
    PERIOD_UNREAD,
    PUBLICATION,
    REGION_CODE,
    REGION_ROWS,
    ROWS,
    YEARS_CLAIMED,
    dropped_rows,
    no_council,
    numeric,
)
from ingest.contracts import NUMERIC_ROLES, FileContract
from ingest.corrections import Correction, corrections_of
from ingest.errors import ReadError
from ingest.loads import Load, canonical, column_mapping

ENGLAND = "E92000001"
# Nine regions, and Inner and Outer London (E13), which DfE prints as regions too.
REGION = r"^E1[23]0000[0-9][0-9]$"


def check_load(
    load: Load,
    table: pa.Table | ReadError,
    councils: Councils,
    corrections: Sequence[Correction] | None = None,
    before: pa.Table | ReadError | None = None,
    beside: Sequence[tuple[Load, pa.Table | ReadError]] = (),
) -> LoadVerdict:
    """Check one load: its rows as published, or the error that reading them ended in.

    `corrections` are those that speak of this load, by default the ones kept with `ingest`;
    `before` are the rows of the same file in the admitted release before, if there is one;
    `beside` those of other tables of the same workbook, of which it needs the ones that
    `goes_beside` tells.
    A load that cannot be read is judged without Great Expectations.
    """
    if isinstance(table, ReadError):
        return _unread(load, "readable", table, "The file can be read into rows.")
    try:
        mapping = column_mapping(load.contract, table.column_names)
    except ReadError as error:
        explanation = "Each of the contract's columns is there under one of its known names."
        return _unread(load, "columns", error, explanation)

    from expectations.frames import frames_of  # imports pandas

    made = frames_of(
        load,
        published=table.column_names,
        mapping=mapping,
        cells=canonical(table, mapping),
        councils=councils,
        corrections=corrections_of(load) if corrections is None else corrections,
        before=_before(load, before),
        beside=next((_before(one, rows) for one, rows in beside if goes_beside(one, load)), None),
    )
    return LoadVerdict(
        file=load.file.name,
        sha256=load.file.sha256,
        contract=load.contract.file_id,
        checks=tuple(engine.run(suite_for(load.contract), made.frames)),
        dropped_rows=made.dropped_rows,
    )


def goes_beside(other: Load, load: Load) -> bool:
    """Whether a load's rows are compared with those of this other table of its workbook."""
    spec = load.contract.checks.last_of
    return spec is not None and (other.file, other.contract.file_id) == (load.file, spec.table)


def _before(load: Load, table: pa.Table | ReadError | None) -> pa.Table | None:
    """The rows of the release before, or of another table, where today's contract can read them."""
    if table is None or isinstance(table, ReadError):
        return None
    try:
        return canonical(table, column_mapping(load.contract, table.column_names))
    except ReadError:
        return None


def _unread(load: Load, name: str, error: ReadError, explanation: str) -> LoadVerdict:
    check = Check(
        name=name,
        column="",
        severity="error",
        success=False,
        observed=str(error),
        explanation=explanation,
    )
    return LoadVerdict(
        file=load.file.name,
        sha256=load.file.sha256,
        contract=load.contract.file_id,
        checks=(check,),
    )


def suite_for(contract: FileContract) -> Suite:
    """What a sound load of a file looks like, rule by rule, in the order they are told."""
    return Suite(
        name=f"{contract.publication}.{contract.file_id}",
        rules=(
            *_columns(contract),
            *_rows_taken_out(contract),
            *_identity(contract),
            *_areas(contract),
            *_years(contract),
            *_figures(contract),
            *domain_rules(contract),
            *register_rules(contract),
        ),
    )


def _columns(contract: FileContract) -> Iterator[Rule]:
    yield Rule(
        check="columns",
        frame=EXPECTED,
        expectation="ExpectColumnDistinctValuesToContainSet",
        arguments={
            "column": "read as",
            "value_set": [n for n in contract.column_names if n not in contract.optional],
        },
        explanation="Each of the contract's columns is there under one of its known names.",
        noun="columns",
    )
    yield Rule(
        check="unlisted_columns",
        frame=EXPECTED,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": "use", "value_set": ["known"]},
        explanation="Each published column is one that the contract reads, or lists as of no use.",
        severity="warn",
        example="'{published}'",
        noun="published columns",
    )

    yield Rule(
        check="no_code_in_text",
        frame=EXPECTED,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": CODE_IN_TEXT, "max_value": 0},
        explanation=(
            "No cell of text begins like a formula, holds a script or hides letters: names and"
            " notes are words."
        ),
        severity="warn",
        example="{text} in row {first}",
        noun="columns of text",
    )


def _rows_taken_out(contract: FileContract) -> Iterator[Rule]:
    """Drops and corrections; where a file has none of them there is nothing to record.

    A drop is no fault: the publisher prints such rows, and the contract expects them.
    """
    for index, drop in enumerate(contract.dropped_rows):
        telling = next((c for c, text in drop.where.items() if text), next(iter(drop.where)))
        named = " and ".join(f"{column} {text!r}" for column, text in drop.where.items())
        yield Rule(
            check="dropped_rows",
            frame=dropped_rows(index),
            # It holds by design: what it is for is its record of how many rows there were.
            expectation="ExpectTableRowCountToBeBetween",
            arguments={"min_value": 1},
            explanation=f"Rows with {named} are left out, as the contract says. {drop.reason}",
            about=telling,
            severity="warn",
            noun="of its rows left out, as the contract says",
        )
    yield Rule(
        check="corrections_hold",
        frame=CORRECTIONS,
        expectation="ExpectColumnPairValuesToBeEqual",
        arguments={
            "column_A": "expected",
            "column_B": "printed",
            "ignore_row_if": "neither",
        },
        explanation=(
            "Each correction finds the cell that it expects; where it does not, the publisher has"
            " changed the file, and the correction is to be removed or renewed."
        ),
        example="{column} in row {source_row} is printed '{printed}', not '{expected}'",
        noun="corrections",
    )


def _identity(contract: FileContract) -> Iterator[Rule]:
    yield Rule(
        check="not_empty",
        frame=ROWS,
        expectation="ExpectTableRowCountToBeBetween",
        arguments={"min_value": 1},
        explanation="The file has rows.",
        noun="rows",
    )
    yield Rule(
        check="key_unique",
        frame=ROWS,
        # The library asks of one column by another name than of several.
        expectation=(
            "ExpectCompoundColumnsToBeUnique"
            if len(contract.key) > 1
            else "ExpectColumnValuesToBeUnique"
        ),
        arguments=(
            {"column_list": list(contract.key)}
            if len(contract.key) > 1
            else {"column": contract.key[0]}
        ),
        explanation=(
            f"No two rows share {', '.join(contract.key)}: one figure would stand there twice."
        ),
        noun="rows",
    )
    for column, values in contract.constants.items():
        yield Rule(
            check="constants",
            frame=ROWS,
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": column, "value_set": list(values)},
            explanation=f"{column} is {' or '.join(map(repr, values))} in every row.",
            about=column,
        )


def _areas(contract: FileContract) -> Iterator[Rule]:
    area = contract.area
    yield Rule(
        check="levels_known",
        frame=ROWS,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": AREA_LEVEL, "value_set": [*AREA_LEVELS, IGNORED_LEVEL]},
        explanation="Each row's area is of a level that the contract knows.",
        about=area.level,
        noun="rows",
    )
    unit = area.unit
    known = "a council" if unit == "council" else "a district"
    yield Rule(
        check=f"{unit}_codes",
        frame=ROWS,
        # Not a set of 165 codes: the library copies its arguments some 60 times a rule.
        expectation="ExpectColumnValuesToBeNull",
        arguments={"column": COUNCIL_UNKNOWN},
        explanation=f"Each {unit}'s row has the code of {known} of England, of now or before.",
        about=area.codes[unit],
        noun="rows",
    )
    for column in contract.more_councils:
        yield Rule(
            check="named_councils",
            frame=ROWS,
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": no_council(column)},
            explanation=f"Each cell of {column} names {known} of England, of now or before.",
            about=column,
            noun="rows",
        )
    if "region" in area.codes:
        yield Rule(
            check="region_codes",
            frame=ROWS,
            expectation="ExpectColumnValuesToMatchRegex",
            arguments={"column": REGION_CODE, "regex": REGION},
            explanation=(
                "Each region's code is that of a region of England, or of a part of London."
            ),
            about=area.codes["region"],
            noun="region rows",
        )
    if "country" in area.codes:
        yield Rule(
            check="country_codes",
            frame=ROWS,
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": COUNTRY_CODE, "value_set": [ENGLAND]},
            explanation=f"Each national row has England's code, {ENGLAND}.",
            about=area.codes["country"],
            noun="national rows",
        )
    as_of = contract.councils.as_of
    boundaries = f"on {as_of.day} {as_of:%B %Y}" if as_of else "at its end"
    excused = (
        ", but for the absences that the contract explains" if contract.councils.absent else ""
    )
    yield Rule(
        check=f"{unit}s_present",
        frame=EXPECTED,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": COUNCIL_ROWS, "min_value": 1},
        explanation=f"Every period has a row for each {unit} that existed {boundaries}{excused}.",
        about=area.codes[unit],
        example="{area} in {period}",
        noun=f"{unit}s and periods",
    )
    if "region" in area.codes:
        yield Rule(
            check="regions_present",
            frame=EXPECTED,
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": REGION_ROWS, "min_value": 1},
            explanation="Every period has all nine regions, in a file that has regions.",
            about=area.codes["region"],
            severity="warn",
            example="{area} in {period}",
            noun="regions and periods",
        )


def _years(contract: FileContract) -> Iterator[Rule]:
    column = contract.period.column
    yield Rule(
        check="periods_known",
        frame=ROWS,
        expectation="ExpectColumnValuesToBeNull",
        arguments={"column": PERIOD_UNREAD},
        explanation=f"Each cell of {column} names a period of the file's type.",
        about=column,
    )
    spec = contract.years
    if spec.last or spec.first or spec.span is not None or spec.only or contract.row_count:
        yield Rule(
            check="years_claimed",
            frame=YEARS_CLAIMED,
            expectation="ExpectColumnPairValuesToBeEqual",
            arguments={
                "column_A": "claimed",
                "column_B": "found",
                # A name without a year and a file without one do not agree: they say nothing.
                "ignore_row_if": "neither",
            },
            explanation=(
                "The years that the file holds are those that its name and its release's name"
                " claim: a file named for one year that holds another is refused. So is one that"
                " says of itself that it has more rows."
            ),
            about=column,
            example="{claim} should be {claimed} and is {found}",
            noun="claims",
        )
    if spec.not_after == "published":
        yield Rule(
            check="years_not_after_publication",
            frame=PUBLICATION,
            expectation="ExpectColumnPairValuesAToBeGreaterThanB",
            arguments={"column_A": "published", "column_B": "found", "or_equal": True},
            explanation="No period ends in a year after the release was published.",
            about=column,
            example="published in {published}, with figures for {found}",
            noun="releases",
        )
    if spec.lag is not None:
        yield Rule(
            check="newest_year_there",
            frame=PUBLICATION,
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": LAG, "max_value": spec.lag},
            explanation=(
                f"The newest period ended at most {spec.lag} months before publication, as it did"
                " in every release so far: a file without its newest year ends earlier."
            ),
            about=column,
            severity="warn",
            example="it ended on {newest}",
            noun="releases",
        )
    if spec.not_before is not None:
        yield Rule(
            check="years_of_the_definition",
            frame=PUBLICATION,
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": "first", "min_value": spec.not_before},
            explanation=(
                f"No period ends before {spec.not_before}, where this definition begins: figures"
                " of another definition are no part of its series."
            ),
            about=column,
            example="figures for {first}",
            noun="releases",
        )


def _figures(contract: FileContract) -> Iterator[Rule]:
    # An empty mark is the pattern's last branch; the cells are trimmed.
    marks = [re.escape(mark) for mark in sorted(contract.marks, key=len, reverse=True)]
    for column in contract.columns_of(*NUMERIC_ROLES):
        yield Rule(
            check="numbers_or_marks",
            frame=ROWS,
            expectation="ExpectColumnValuesToMatchRegex",
            # `$` would let a line end pass behind a number.
            arguments={"column": column, "regex": rf"^(?:{'|'.join([NUMBER, *marks])})\Z"},
            explanation=f"Each cell of {column} is a number or a mark that the contract knows.",
            about=column,
        )
    for column in contract.columns_of("percentages"):
        yield Rule(
            check="percentages_in_range",
            frame=ROWS,
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": numeric(column), "min_value": 0, "max_value": 100},
            explanation=f"Each number of {column} lies between 0 and 100 %.",
            about=column,
            noun="numbers",
        )
    for column in contract.columns_of("counts"):
        yield Rule(
            check="counts_not_negative",
            frame=ROWS,
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": numeric(column), "min_value": 0},
            explanation=f"No count of {column} is below 0.",
            about=column,
            noun="numbers",
        )
    for column in dict.fromkeys(check.column for check in series_of(contract)):
        if column in contract.columns_of("numbers"):
            yield Rule(
                check="figures_not_negative",
                frame=ROWS,
                expectation="ExpectColumnValuesToBeBetween",
                arguments={"column": numeric(column), "min_value": 0},
                explanation=f"No figure of {column} is below 0.",
                about=column,
                noun="numbers",
            )
    yield Rule(
        check="newest_year_has_figures",
        frame=EXPECTED,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "figures", "min_value": 1},
        explanation=(
            "The newest year has a number for some council in each column that had one the year"
            " before: a year wholly suppressed is refused."
        ),
        example="{column} in {year}",
        noun="columns",
    )

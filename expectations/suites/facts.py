"""What a sound warehouse looks like, before it takes the place of the one now serving.

Looks at the facts only, through two read-only connections that are closed again. If a check of
`error` fails nothing is swapped; what was served before still stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.gx import engine
from expectations.results.verdicts import Check
from expectations.suites.rules import Frame, Rule, Suite
from ingest.archive.release import PublishedFile, Release

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

FACTS = "facts"
LOST_SERIES = "series served before"
LOST_YEARS = "years served before"

KEY = ("series_id", "measure_id", "council_code", "period_type", "period_start", "period_end")
_PROVENANCE = ("release", "source_file", "source_row")

# What is asked of the warehouse: the suite's columns, and those that tell a reader which fact.
_COLUMNS = (*KEY, "year", "value", "unit", "status", "is_flagged", *_PROVENANCE)
_NEEDED: dict[str, tuple[str, ...]] = {
    "fct_core_measure": _COLUMNS,
    "dim_council": ("council_code",),
    "dim_series": ("measure_id", "series_id"),
}

_FACTS_SQL = f"""
select
    {", ".join(f"fact.{name}" for name in _COLUMNS if name not in ("release", "source_file"))},
    nullif(trim(fact.release), '') as release,
    nullif(trim(fact.source_file), '') as source_file,
    case when council.council_code is null then coalesce(fact.council_code, '(none)') end
        as "council code not known",
    fact.measure_id || '.' || fact.series_id as series
from marts.fct_core_measure as fact
left join (select distinct council_code from marts.dim_council) as council
    on fact.council_code = council.council_code
"""

_SERIES_SQL = """
select measure_id, series_id, count(*) as facts
from marts.fct_core_measure
{where}
group by all
order by all
"""

_YEARS_SQL = """
select measure_id, series_id, year, count(*) as facts
from marts.fct_core_measure
{where}
group by all
order by all
"""

# What a person rejected is not missed: only what other loads served must still be there.
_NOT_GIVEN_UP = """
where (publication, release, version, source_file)
    not in (select unnest(?), unnest(?), unnest(?), unnest(?))
"""


def check_facts(
    candidate: Path,
    serving: Path | None,
    given_up: Sequence[tuple[Release, PublishedFile]] = (),
) -> list[Check]:
    """Check a warehouse that was built, against the one now serving if there is one.

    `given_up` are the files that a person rejected: years and series that stand on nothing else
    may go, and no others.

    Never raises on what it finds: a warehouse that cannot be opened, or lacks a table or a
    column, is a failed check. A serving one that cannot be read is a failed `warn`: it is to be
    replaced, and nothing can be compared with it.
    """
    import duckdb  # only when there is a warehouse to check

    try:
        with duckdb.connect(str(candidate), read_only=True) as connection:
            if missing := _missing(connection, _NEEDED):
                return [_structure(missing)]
            facts = connection.execute(_FACTS_SQL).df()
            held = _counted(connection)
    except duckdb.Error as error:
        return [_structure([f"it cannot be read: {_first_line(error)}"])]

    frames = {FACTS: Frame(facts, labels=("series", "council_code", "period_end"))}
    checks = [_structure([])]
    if serving is not None:
        try:
            with duckdb.connect(str(serving), read_only=True) as connection:
                served = _counted(connection, given_up)
        except duckdb.Error as error:
            checks.append(_not_comparable(error))
        else:
            frames |= _compared(held, served)
    return checks + engine.run(suite(), frames)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _missing(
    connection: duckdb.DuckDBPyConnection, needed: Mapping[str, tuple[str, ...]]
) -> list[str]:
    rows = connection.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'marts' and table_catalog = current_database()"
    ).fetchall()
    present: dict[str, set[str]] = {}
    for table, column in rows:
        present.setdefault(table, set()).add(column)
    missing: list[str] = []
    for table, columns in needed.items():
        if table not in present:
            missing.append(f"marts.{table} is missing")
        elif absent := [name for name in columns if name not in present[table]]:
            missing.append(f"marts.{table} lacks {', '.join(absent)}")
    return missing


def _structure(missing: list[str]) -> Check:
    return Check(
        name="marts_present",
        column="",
        severity="error",
        success=not missing,
        observed="; ".join(missing) or f"{len(_NEEDED)} tables",
        explanation="The warehouse has the tables and columns that its facts stand in.",
    )


def _not_comparable(error: Exception) -> Check:
    return Check(
        name="serving_comparable",
        column="",
        severity="warn",
        success=False,
        observed=f"the warehouse now serving cannot be read: {_first_line(error)}",
        explanation="The warehouse now serving can be read, to see that nothing of it is lost.",
    )


def _counted(
    connection: duckdb.DuckDBPyConnection, but: Sequence[tuple[Release, PublishedFile]] = ()
) -> dict[str, pd.DataFrame]:
    """How many facts each series, and each year of it, has from files other than these."""
    where, keys = "", []
    if but:
        where = _NOT_GIVEN_UP
        rows = [(r.publication, r.release, r.version, file.name) for r, file in but]
        keys = [list(column) for column in zip(*rows, strict=True)]
    return {
        LOST_SERIES: connection.execute(_SERIES_SQL.format(where=where), keys).df(),
        LOST_YEARS: connection.execute(_YEARS_SQL.format(where=where), keys).df(),
    }


def _compared(
    held: Mapping[str, pd.DataFrame], served: Mapping[str, pd.DataFrame]
) -> dict[str, Frame]:
    """What was served, and how many facts of it the candidate has."""
    frames: dict[str, Frame] = {}
    for name, before in served.items():
        by = [column for column in before.columns if column != "facts"]
        both = before[by].merge(held[name], on=by, how="left")
        frames[name] = Frame(both.fillna({"facts": 0}).astype({"facts": "float64"}), tuple(by))
    return frames


def suite() -> Suite:
    """What a sound fact table looks like, rule by rule."""
    return Suite(name="facts", rules=(*_facts(), *_nothing_lost()))


def _facts() -> Iterator[Rule]:
    which = "{series}, {council_code}, {period_end}"
    yield Rule(
        check="facts_present",
        frame=FACTS,
        expectation="ExpectTableRowCountToBeBetween",
        arguments={"min_value": 1},
        explanation="The warehouse has facts.",
        noun="facts",
    )
    yield Rule(
        check="fact_key_unique",
        frame=FACTS,
        expectation="ExpectCompoundColumnsToBeUnique",
        arguments={"column_list": list(KEY)},
        explanation=f"No two facts share {', '.join(KEY)}.",
        example=which,
        noun="facts",
    )
    yield Rule(
        check="status_known",
        frame=FACTS,
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": "status"},
        explanation="Each fact has a status.",
        about="status",
        example=which,
        noun="facts",
    )
    yield Rule(
        check="value_where_published",
        frame=FACTS,
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={
            "column": "value",
            "row_condition": 'status == "published"',
            "condition_parser": "pandas",
        },
        explanation="A fact whose status is published has a value.",
        about="value",
        example=which,
        noun="facts",
    )
    yield Rule(
        check="no_value_unless_published",
        frame=FACTS,
        expectation="ExpectColumnValuesToBeNull",
        arguments={
            "column": "value",
            "row_condition": 'status != "published"',
            "condition_parser": "pandas",
        },
        explanation="A fact has no value unless its status is published.",
        about="value",
        example=f"{{value}} for {which}",
        noun="facts",
    )
    yield Rule(
        check="councils_known",
        frame=FACTS,
        expectation="ExpectColumnValuesToBeNull",
        arguments={"column": "council code not known"},
        explanation="Each fact's council_code is in marts.dim_council.",
        about="council_code",
        example="{value} in {series}",
        noun="facts",
    )
    yield Rule(
        check="percentages_in_range",
        frame=FACTS,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={
            "column": "value",
            "min_value": 0,
            "max_value": 100,
            "row_condition": 'unit == "%" and is_flagged == False',
            "condition_parser": "pandas",
        },
        explanation="Each value in % that is not flagged lies between 0 and 100.",
        about="value",
        example=f"{{value}} for {which}",
        noun="facts",
    )
    for column in _PROVENANCE:
        yield Rule(
            check="traceable",
            frame=FACTS,
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": column},
            explanation=f"Each fact says its {column}, so that its cell can be found again.",
            about=column,
            example=which,
            noun="facts",
        )
    yield Rule(
        check="source_row_counts_from_1",
        frame=FACTS,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "source_row", "min_value": 1},
        explanation="Source rows count from 1, the first row of data.",
        about="source_row",
        example=f"{{value}} for {which}",
        noun="facts",
    )


def _nothing_lost() -> Iterator[Rule]:
    yield Rule(
        check="no_series_lost",
        frame=LOST_SERIES,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "facts", "min_value": 1},
        explanation="Each series that is served now, from loads not rejected, still has a fact.",
        about="series_id",
        example="{measure_id}.{series_id}",
        noun="series",
    )
    yield Rule(
        check="no_year_lost",
        frame=LOST_YEARS,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "facts", "min_value": 1},
        explanation=(
            "Each year of each series that is served now, from loads not rejected, still has a"
            " fact."
        ),
        about="year",
        example="{measure_id}.{series_id} in {year}",
        noun="years of series",
    )

"""What is held and served, for a person at a terminal: reads, changes nothing."""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import suppress
from datetime import date
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from ingest.errors import CoreMeasuresError
from orchestration.cli.common import (
    DEFAULT_HOME,
    HomeOption,
    PublicationArgument,
    app,
    held_at,
    home_at,
)
from orchestration.cli.decide import print_decisions
from orchestration.cli.output import err, out, plain, print_rows, print_table, shown, text_of

if TYPE_CHECKING:
    from warehouse.query import Asked
    from warehouse.reports.profile import Council, CouncilNotFoundError

# Of a table that `sql` prints; more would be neither read nor held in memory.
_MOST_ROWS, _MOST_WIDE = 1000, 1000


class Format(StrEnum):
    """How `sql` prints rows."""

    table = "table"
    csv = "csv"
    json = "json"


class PageFormat(StrEnum):
    """How `contract` prints its page."""

    text = "text"
    markdown = "markdown"


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Each publication: newest release held, admitted or not, age, when asked, what is due."""
    from orchestration.pipeline.inventory import is_served, take_inventory, way_out
    from orchestration.reporting.freshness import freshness_of
    from warehouse.reports.not_held import series_not_held

    place = held_at(home)
    inventory = take_inventory(place)
    table = Table(
        "Publication",
        "Title",
        "Newest release",
        "Published",
        "Loads",
        "Age",
        "Last asked",
        "Answer",
        "Next expected",
        "Late",
    )
    today = date.today()
    for publication in inventory.contracts.values():
        held = inventory.of(publication)
        fresh = freshness_of(place, publication, [one.release for one in held], today)
        row = ["none held", "", "", ""]
        if held:
            newest = held[-1]
            admitted = sum(load.admitted for load in newest.loads)
            row = [
                newest.release.folder,
                newest.release.published.isoformat(),
                f"{admitted} of {len(newest.loads)} admitted",
                f"{(today - newest.release.published).days} days",
            ]
        table.add_row(
            publication.publication,
            publication.title,
            *row,
            fresh.asked_text,
            fresh.answer,
            fresh.expected,
            fresh.lateness,
        )
    print_table(table)
    for problem in inventory.problems:
        out.print(f"Failed to download: {problem}", style="yellow", markup=False)
    for one in inventory.releases:
        if mark := place.archive.withdrawn(one.release):
            label = f"Withdrawn by its publisher, found on {mark['withdrawn']}, and kept:"
            out.print(f"{label} {one.release}: {mark['reason']}", style="yellow", markup=False)
    for load in inventory.refused:
        why = "; ".join(str(check) for check in load.reasons)
        out.print(f"Refused: {load.load}: {why}", style="yellow", markup=False)
        if load.decided:
            out.print(f"  once {load.decided}", style="yellow", markup=False)
    for one in inventory.incomplete:
        message = f"Incomplete: {one}: {one.lacks}. {way_out(one)}"
        out.print(message, style="yellow", markup=False)
    print_decisions(inventory, style="yellow")
    for title, why in series_not_held(place):
        out.print(f"No release held: {title}: {why}", style="yellow", markup=False)
    served = (
        "served" if is_served(place, inventory) else "not served yet: run core-measures refresh"
    )
    docs = place.quality / "index.html"
    if docs.exists():
        out.print(f"Data Docs: {shown(docs)}", markup=False)
    out.print(f"What is held is {served}.")


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One read-only statement.")],
    home: HomeOption = DEFAULT_HOME,
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Most rows to print: by default {_MOST_ROWS:,} of a table, else all."
        ),
    ] = None,
) -> None:
    """Query the warehouse, read-only.

    Ctrl-C ends it with exit code 130.
    """
    from warehouse.query import ask, limit_memory

    try:
        limit_memory()
        with ask(home_at(home).warehouse, query) as asked:
            if output is Format.table:
                _print_answer(asked, limit or _MOST_ROWS)
            else:
                _write_answer(asked, output, limit)
    except KeyboardInterrupt:
        err.print("Interrupted: the statement was ended.", style="red")
        # Nothing is to be put in order, and DuckDB may not have stopped yet.
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(130)


def _print_answer(asked: Asked, limit: int) -> None:
    """A table of the first rows, with long cells cut: it is held in memory whole."""
    rows: list[tuple[str, ...]] = []
    for batch in asked.batches:
        rows += [tuple(map(_cut, row)) for row in batch[: limit + 1 - len(rows)]]
        if len(rows) > limit:
            break
    more = len(rows) > limit
    print_rows(asked.columns, rows[:limit], "" if more else f"{len(rows):,} rows")
    if more:
        out.print(
            f"The first {limit:,} rows, and there are more: --limit prints so many,"
            " --format csv all of them."
        )


def _cut(cell: object) -> str:
    """A cell's text, so far as one would read it in a table."""
    text = text_of(cell)
    return text if len(text) <= _MOST_WIDE else f"{text[:_MOST_WIDE]}…"


def _write_answer(asked: Asked, output: Format, limit: int | None) -> None:
    """Rows as CSV or JSON, each written when it comes."""
    rows = islice(chain.from_iterable(asked.batches), limit)
    if output is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(asked.columns)
        writer.writerows(rows)
        return
    between = "["
    for row in rows:
        record = dict(zip(asked.columns, row, strict=True))
        sys.stdout.write(between + json.dumps(record, default=str, ensure_ascii=False))
        between = ", "
    sys.stdout.write("]\n" if between == ", " else "[]\n")


@app.command()
def show(
    measure: Annotated[str, typer.Argument(help="A measure, as in marts.dim_measure.")],
    councils: Annotated[
        list[str] | None, typer.Argument(help="Councils by name or code; none: England alone.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """A measure's series in the terminal, with their comparators."""
    from warehouse.reports.show import series_tables

    for title, columns, rows, note in series_tables(
        home_at(home).warehouse, measure, tuple(councils or ())
    ):
        out.print(title, style="bold", markup=False)
        table = Table(*columns)
        for row in rows:
            table.add_row(*[plain(cell) for cell in row])
        print_table(table)
        if note:
            out.print(note, markup=False)


@app.command()
def revisions(
    publication: Annotated[str, typer.Argument(help="A publication's id.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """What each release changed in years already published, largest change first."""
    from warehouse.reports.show import revisions_of

    releases, revised = revisions_of(home_at(home).warehouse, publication)
    if not releases.rows:
        out.print("No figure is in two releases held of it, so there is nothing to compare.")
        return
    for answer in (releases, revised):
        print_rows(answer.columns, answer.rows, f"{len(answer.rows):,} rows")


@app.command()
def profile(
    council: Annotated[str, typer.Argument(help="A council by name, GSS code or DfE code.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """One council: every headline measure with its comparators, change and years."""
    from warehouse.reports.profile import (
        COLUMNS,
        STACKED_COLUMNS,
        WIDE_ENOUGH,
        CouncilNotFoundError,
        find_council,
        profile_of,
        stacked,
    )

    warehouse = home_at(home).warehouse
    try:
        found = find_council(warehouse, council)
    except CouncilNotFoundError as unsure:
        if not (unsure.candidates and sys.stdin.isatty() and out.is_terminal):
            raise
        found = _asked_back(unsure)
    shown = profile_of(warehouse, found, plain="utf" not in out.encoding.lower())
    out.print(shown.heading, style="bold", markup=False)
    for title, rows in shown.ambitions:
        out.print(f"\n{title}", style="bold", markup=False)
        narrow = out.is_terminal and out.width < WIDE_ENOUGH
        columns = STACKED_COLUMNS if narrow else COLUMNS
        table = Table(*columns, box=SIMPLE, pad_edge=False, leading=int(narrow))
        for row in rows:
            table.add_row(*map(plain, stacked(row) if narrow else row))
        print_table(table, may_wrap=True)
    for line in (*(f"- {reason}" for reason in shown.reasons), "", *shown.legend):
        out.print(line, markup=False)
    out.print(f"Sources: {'; '.join(shown.sources)}.", markup=False)


def _asked_back(unsure: CouncilNotFoundError) -> Council:
    """The council that the user chooses of those that a text may mean."""
    from rich.prompt import IntPrompt

    out.print(str(unsure), markup=False)
    for number, one in enumerate(unsure.candidates, 1):
        out.print(f"  {number}  {one.name} ({one.code})", markup=False)
    numbers = [str(number) for number in range(1, len(unsure.candidates) + 1)]
    return unsure.candidates[IntPrompt.ask("Which", console=out, choices=numbers) - 1]


@app.command()
def contract(
    publication: PublicationArgument,
    output: Annotated[PageFormat, typer.Option("--format", help="How to print.")] = PageFormat.text,
) -> None:
    """A publication's whole contract: its files, what is read of them, and every check."""
    from ingest.contracts.load import load_contracts
    from orchestration.reporting.contract_page import Heading, Points, contract_page, markdown
    from warehouse.reports.nearest import unknown_publication

    contracts = load_contracts()
    if publication not in contracts:
        raise CoreMeasuresError(unknown_publication(publication, list(contracts)))
    page = contract_page(contracts[publication])
    if output is PageFormat.markdown:
        sys.stdout.writelines(f"{line}\n" for line in markdown(page))
        return
    for block in page:
        if isinstance(block, Heading):
            # A title that a pipe reads is told by its line, a terminal's by its weight.
            out.print(block.text, style="bold", markup=False)
            if block.level < 3 and not out.is_terminal:
                out.print(("=" if block.level == 1 else "-") * len(block.text), markup=False)
        elif isinstance(block, Points):
            for point in block.points:
                out.print(f"- {point}", markup=False)
            out.print()
        else:
            table = Table(*block.columns, box=SIMPLE, pad_edge=False)
            for row in block.rows:
                table.add_row(*map(plain, row))
            print_table(table)


@app.command()
def settings() -> None:
    """Every setting from the environment: its variable, what it is now, and what it means."""
    from orchestration.settings import Settings

    table = Table("Variable", "Now", "Means", box=SIMPLE, pad_edge=False)
    for row in Settings.read().as_rows():
        table.add_row(*map(plain, row))
    print_table(table)

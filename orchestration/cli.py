"""The `core-measures` command. Says what happened; what happens stands elsewhere.

Heavy libraries are imported by the calls that need them, so that a listing answers at once.
"""

from __future__ import annotations

import atexit
import csv
import gc
import json
import os
import shutil
import sys
from contextlib import suppress
from datetime import date, datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ingest.errors import CoreMeasuresError
from orchestration.progress import reporter_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expectations.results.decisions import Kind
    from ingest.archive import Archive, Problem, Release
    from orchestration.profile import Council, CouncilNotFoundError
    from orchestration.refresh import Refresh, Stock
    from warehouse.home import Home
    from warehouse.query import Asked

app = typer.Typer(
    name="core-measures",
    help="The open warehouse of how children and young people are doing, council by council.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
archive_app = typer.Typer(help="Check an archive's hashes, or move one.", no_args_is_help=True)
app.add_typer(archive_app, name="archive")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="CORE_MEASURES_HOME", help="Where everything is kept."),
]
DEFAULT_HOME = Path("data")
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


def main() -> None:
    """Run the command; a user's error is one sentence and exit code 1."""
    for name in ("DAGSTER_TELEMETRY_ENABLED", "GX_ANALYTICS_ENABLED"):
        os.environ.setdefault(name, "false")
    try:
        app()
    except CoreMeasuresError as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _home(path: Path) -> Home:
    from warehouse.home import Home

    place = Home(path.absolute())
    place.check_format()
    return place


def _held(path: Path) -> Home:
    """A home that holds something."""
    place = _home(path)
    if not (place.root / "archive").is_dir():
        raise CoreMeasuresError(f"There is no home at {place.root}. Run: core-measures refresh")
    return place


@app.command()
def refresh(
    source: Annotated[
        str, typer.Option("--from", help="sample, live, or the path or address of an archive.")
    ] = "live",
    home: HomeOption = DEFAULT_HOME,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Bring home this publication alone.")
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait for another refresh of this home.")
    ] = False,
    site: Annotated[
        bool,
        typer.Option("--site/--no-site", envvar="CORE_MEASURES_SITE", help="Make the pages too."),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One object on standard output, JSON lines as it goes.")
    ] = False,
) -> None:
    """Bring home what is new, check it, build, swap, publish.

    Exit code 0: all admitted, or decided by a person. 2: published, with loads quarantined or
    releases refused.
    1: nothing was published, and what was there before still stands.
    """
    from orchestration.refresh import Refresh

    _spare_the_collector()
    place = _home(home)
    reporter = reporter_for(err, as_json=as_json)
    work = Refresh(place, source, tuple(only or ()), reporter, site)
    try:
        changed, stock = _refresh(work, place, reporter, wait=not no_wait)
    except CoreMeasuresError as error:
        if as_json:
            told = {"outcome": "nothing_published", "exit_code": 1, "error": str(error)}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        raise
    if as_json:
        from orchestration.outcome import as_document

        document = as_document(work, stock, changed)
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        _tell_outcome(work, stock, changed)
    raise typer.Exit(0 if stock.sound else 2)


def _refresh(work: Refresh, place: Home, reporter: Any, *, wait: bool) -> tuple[bool, Stock]:
    """The refresh itself, with the home's lock held; whether a new build is served, and of what."""
    from orchestration.alerts import alert

    try:
        work.check_source()
    except CoreMeasuresError as error:
        alert(work, failed=str(error))
        raise
    place.prepare()
    with (
        place.locked(
            wait=wait,
            waiting=lambda: reporter.say(
                "Another refresh of this home is running; waiting for it to end."
            ),
        ),
        reporter,
    ):
        place.sweep()
        try:
            changed, stock = work.run(), work.stock()
        except CoreMeasuresError as error:
            alert(work, failed=str(error))
            raise
        alert(work)
    return changed, stock


def _spare_the_collector() -> None:
    """Look for garbage seldom: what a refresh makes lives to its end, and looking costs seconds."""
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)


def _tell_outcome(work: Refresh, stock: Stock, changed: bool) -> None:
    from orchestration.outcome import arrivals, figures

    home, loads = work.home, stock.loads
    for rows, columns in (
        (arrivals(work, stock), ("Publication", "Came", "Admitted", "Refused, and why")),
        (figures(work) if changed else [], ("Measure", "Figures new", "Changed", "Gone")),
    ):
        if rows:
            table = Table(*columns, box=SIMPLE, pad_edge=False)
            for row in rows:
                table.add_row(*map(_plain, row))
            _print_table(table)
    admitted = sum(load.admitted for load in loads)
    verb = "Published" if changed else "Nothing new; still serving"
    out.print(
        f"{verb}: {admitted} of {len(loads)} loads of {len(stock.releases)} releases admitted,"
        f" {len(stock.quarantined)} quarantined, {len(stock.problems)} releases not brought home."
    )
    for load in stock.quarantined:
        out.print(f"  quarantined: {load.load}", markup=False)
    _tell_decisions(stock, "  ")
    for problem in stock.problems:
        out.print(f"  not brought home: {problem}", markup=False)
    shown = _shown(home.root)
    option = "" if shown == Path("data") else f" --home {shown}"
    out.print(f"Warehouse: {shown / 'warehouse' / home.warehouse.name}", markup=False)
    out.print(f"Marts:     {shown / 'published' / 'latest'}", markup=False)
    out.print(f"Data Docs: {shown / 'quality' / 'latest' / 'index.html'}", markup=False)
    if (home.site / "index.html").exists():
        out.print(
            f"Site:      {shown / 'published' / 'latest' / 'site' / 'index.html'}", markup=False
        )
    out.print("Next:", style="bold")
    for line in (
        f"status{option}",
        f"show repeat_referrals Leeds{option}",
        f'sql "select * from marts.council_year where year = 2023 limit 5"{option}',
    ):
        out.print(f"  {_command()} {line}", markup=False)


def _tell_decisions(stock: Stock, indent: str = "", style: str | None = None) -> None:
    """The loads that a person let in or took out, and why: no refresh passes over them."""
    for load in (*stock.accepted, *stock.rejected):
        decided = load.decided
        if decided is not None:
            out.print(
                f"{indent}{decided.name} {decided.observed}: {load.load}: {decided.explanation}",
                style=style,
                markup=False,
            )


def _command() -> str:
    """This command as the user's shell finds it: by name, or where it stands."""
    here = Path(sys.executable).with_name(app.info.name or "")
    found = shutil.which(here.name)
    return here.name if found and Path(found) == here else str(_shown(here))


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Each publication: newest release held, admitted or not, age, when asked, what is due."""
    from orchestration.freshness import freshness_of
    from orchestration.refresh import Refresh
    from orchestration.show import series_not_held

    place = _held(home)
    work = Refresh(place, "")
    stock = work.stock()
    table = Table(
        "Publication",
        "Title",
        "Newest release",
        "Published",
        "Loads",
        "Age",
        "Last asked",
        "Next expected",
        "Late",
    )
    today = date.today()
    for publication in work.contracts.values():
        held = [release for release in stock.releases if release.publication is publication]
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
            fresh.expected,
            fresh.lateness,
        )
    _print_table(table)
    for problem in stock.problems:
        out.print(f"Not brought home: {problem}", style="yellow", markup=False)
    for one in stock.releases:
        if mark := place.archive.withdrawn(one.release):
            told = f"Withdrawn by its publisher, found on {mark['withdrawn']}, and kept:"
            out.print(f"{told} {one.release}: {mark['reason']}", style="yellow", markup=False)
    for load in stock.quarantined:
        why = "; ".join(str(check) for check in load.reasons)
        out.print(f"Quarantined: {load.load}: {why}", style="yellow", markup=False)
        if load.decided:
            out.print(f"  once {load.decided}", style="yellow", markup=False)
    _tell_decisions(stock, style="yellow")
    for title, why in series_not_held(place.warehouse):
        out.print(f"No release held: {title}: {why}", style="yellow", markup=False)
    served = "served" if work.is_served(stock) else "not served yet: run core-measures refresh"
    docs = place.quality / "index.html"
    if docs.exists():
        out.print(f"Data Docs: {_shown(docs)}", markup=False)
    out.print(f"What is held is {served}.")


PublicationArgument = Annotated[str, typer.Argument(help="A publication's id, as in status.")]
ReleaseArgument = Annotated[str, typer.Argument(help="One of its releases, as in status.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for good.")]
FileOption = Annotated[
    str | None, typer.Option("--file", help="One file of the release; by default all of them.")
]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="Of the release; by default the newest held.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who decides; by default the user of this machine.")
]


@app.command()
def accept(
    publication: PublicationArgument,
    release: ReleaseArgument,
    reason: ReasonOption,
    file: FileOption = None,
    version: VersionOption = None,
    by: ByOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Admit what is quarantined of a release, from the next refresh on.

    It covers the checks that fail now, and no other. Lifts a rejection too.
    """
    _decide("accepted", publication, release, reason, file, version, by, home)


@app.command()
def reject(
    publication: PublicationArgument,
    release: ReleaseArgument,
    reason: ReasonOption,
    file: FileOption = None,
    version: VersionOption = None,
    by: ByOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a release out, from the next refresh on, with the years that only it has."""
    _decide("rejected", publication, release, reason, file, version, by, home)


def _decide(
    kind: Kind,
    publication: str,
    release: str,
    reason: str,
    file: str | None,
    version: int | None,
    by: str | None,
    home: Path,
) -> None:
    from orchestration.decisions import decide

    place = _held(home)
    place.prepare()
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        decided = decide(
            place, kind, publication, release, reason=reason, by=by, file=file, version=version
        )
    for load, decision in decided:
        out.print(
            f"{kind.capitalize()} by {decision.by} at {decision.at}: {load.load}", markup=False
        )
        for check in decision.checks:
            out.print(f"  in spite of {check}", markup=False)
    out.print("It takes effect at the next refresh.")


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
        with ask(_home(home).warehouse, query) as asked:
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
    _print_rows(asked.columns, rows[:limit], "" if more else f"{len(rows):,} rows")
    if more:
        out.print(
            f"The first {limit:,} rows, and there are more: --limit prints so many,"
            " --format csv all of them."
        )


def _cut(cell: object) -> str:
    """A cell's text, so far as one would read it in a table."""
    text = _text(cell)
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


def _print_rows(columns: list[str], rows: Sequence[tuple[Any, ...]], count: str) -> None:
    table = Table(*[_plain(column) for column in columns])
    for row in rows:
        table.add_row(*[_plain(cell) for cell in row])
    _print_table(table)
    if count:
        out.print(count)


def _print_table(table: Table) -> None:
    """A table as wide as the terminal; elsewhere as wide as it is, since a cut loses figures."""
    console = out if out.is_terminal else Console(highlight=False, width=10_000)
    console.print(table)


def _plain(cell: object) -> str:
    from rich.markup import escape

    return escape(_text(cell))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


@app.command()
def show(
    measure: Annotated[str, typer.Argument(help="A measure, as in marts.dim_measure.")],
    councils: Annotated[
        list[str] | None, typer.Argument(help="Councils by name or code; none: England alone.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """A measure's series in the terminal, with their comparators."""
    from orchestration.show import series_tables

    for title, columns, rows, note in series_tables(
        _home(home).warehouse, measure, tuple(councils or ())
    ):
        out.print(title, style="bold", markup=False)
        table = Table(*columns)
        for row in rows:
            table.add_row(*[_plain(cell) for cell in row])
        _print_table(table)
        if note:
            out.print(note, markup=False)


@app.command()
def revisions(
    publication: Annotated[str, typer.Argument(help="A publication's id.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """What each release changed in years already published, largest change first."""
    from orchestration.show import revisions_of

    releases, revised = revisions_of(_home(home).warehouse, publication)
    if not releases.rows:
        out.print("No figure is in two releases held of it, so there is nothing to compare.")
        return
    for answer in (releases, revised):
        _print_rows(answer.columns, answer.rows, f"{len(answer.rows):,} rows")


@app.command()
def profile(
    council: Annotated[str, typer.Argument(help="A council by name, GSS code or DfE code.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """One council: every headline measure with its comparators, change and years."""
    from orchestration.profile import (
        COLUMNS,
        STACKED_COLUMNS,
        WIDE_ENOUGH,
        CouncilNotFoundError,
        find_council,
        profile_of,
        stacked,
    )

    warehouse = _home(home).warehouse
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
            table.add_row(*map(_plain, stacked(row) if narrow else row))
        _print_table(table)
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
def site(
    home: HomeOption = DEFAULT_HOME,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Make the pages of the served build anew: a site that opens from the disk.

    A refresh makes them by itself. Files that did not change are left as they are.
    """
    from warehouse.site import renew_site

    place = _held(home)
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        report = renew_site(place)
    index = place.site / "index.html"
    out.print(f"Site: {report}. {_shown(index)}", markup=False)
    if open_it:
        typer.launch(index.as_uri())


@app.command()
def docs(home: HomeOption = DEFAULT_HOME) -> None:
    """Have dbt document every model of the served build in one page, and link it from the site.

    It belongs to the build that is served now, and goes with it.
    """
    from orchestration.refresh import Refresh
    from warehouse.site import DBT_DOCS, renew_site

    place = _held(home)
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        if place.build_record() is None:
            raise CoreMeasuresError(f"Nothing is served in {place.root}: core-measures refresh")
        try:
            shutil.copyfile(place.warehouse.resolve(), place.candidate)
            page = Refresh(place, "").dbt.docs()
        finally:
            place.drop_candidate()
        target = place.published.resolve() / DBT_DOCS
        target.unlink(missing_ok=True)
        target.write_bytes(page)
        renew_site(place)
    out.print(f"dbt's documentation: {_shown(place.published / DBT_DOCS)}", markup=False)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A new file; gzipped where it ends in gz.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a home to one file: its archive, decisions, what is served, dated publications."""
    from warehouse.backup import write_backup

    place = _held(home)
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        count = write_backup(place, target.absolute())
    size = target.stat().st_size / 1e6
    out.print(f"{count} files of {_shown(place.root)} in {target}, {size:.0f} MB", markup=False)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that backup wrote.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a new home of a backup, every file checked against its hash."""
    from warehouse.backup import restore_backup

    place = _home(home)
    count = restore_backup(source, place)
    out.print(f"{count} files in {_shown(place.root)}, each what it was", markup=False)


@app.command()
def contract(
    publication: PublicationArgument,
    output: Annotated[PageFormat, typer.Option("--format", help="How to print.")] = PageFormat.text,
) -> None:
    """A publication's whole contract: its files, what is read of them, and every check."""
    from ingest.contracts import load_contracts
    from orchestration.contract_page import Heading, Points, contract_page, markdown
    from orchestration.show import unknown_publication

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
                table.add_row(*map(_plain, row))
            _print_table(table)


@archive_app.command("verify")
def archive_verify(
    archive: Annotated[
        str | None, typer.Argument(help="An archive; by default the home's own.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check every file of every release against its hash. Exit code 1 if one differs."""
    from ingest.archive import Problem
    from ingest.carry import open_archive

    place = open_archive(archive or _home(home).root / "archive")
    sound = 0
    problems = 0
    for found in place.verify():
        if isinstance(found, Problem):
            problems += 1
            err.print(str(found), style="red", markup=False)
        else:
            sound += 1
    out.print(f"{sound} releases sound, {problems} not, in {place.address}")
    raise typer.Exit(1 if problems else 0)


@archive_app.command("export")
def archive_export(
    destination: Annotated[Path, typer.Argument(help="A folder, or a file that ends in .tar.")],
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Only what was published or came home on that day or after."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Copy the home's releases to an archive or into one file, to carry to another machine."""
    from ingest.archive import Archive, Problem
    from ingest.carry import chosen, write_carried, write_index

    source = Archive(_home(home).root / "archive")
    found = list(chosen(source, since.date() if since else None))
    if destination.suffix == ".tar":
        problems = [one for one in found if isinstance(one, Problem)]
        releases = [one for one in found if not isinstance(one, Problem)]
        problems += write_carried(source, releases, destination)
        for problem in problems:
            err.print(str(problem), style="red", markup=False)
        out.print(
            f"{len(found) - len(problems)} releases in {_shown(destination.absolute())},"
            f" {len(problems)} refused",
            markup=False,
        )
        raise typer.Exit(1 if problems else 0)
    try:
        _copy(source, destination, found)
    finally:
        if destination.is_dir():
            write_index(Archive(destination), destination)


@archive_app.command("import")
def archive_import(
    archive: Annotated[str, typer.Argument(help="An archive, or a file of export, to bring in.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Bring every release of an archive home, whether a contract reads it or not.

    What is held already is passed over, so that it may be repeated, and goes on where it ended.
    """
    from ingest.carry import chosen, open_archive

    source = open_archive(archive)
    place = _home(home)
    place.prepare()
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        _copy(source, place.root / "archive", chosen(source, None))


def _copy(source: Archive, destination: Path, found: Iterable[Release | Problem]) -> None:
    from ingest.archive import HomeArchive, Problem

    target = HomeArchive(destination)
    copied = held = problems = 0
    for release in found:
        try:
            if isinstance(release, Problem):
                raise CoreMeasuresError(str(release))
            if target.add(source, release) is None:
                held += 1
            else:
                copied += 1
        except CoreMeasuresError as error:
            problems += 1
            err.print(str(error), style="red", markup=False)
    out.print(f"{copied} releases copied, {held} were there already, {problems} refused")
    if problems:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()

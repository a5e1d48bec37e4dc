"""`core-measures refresh`: the one way through, and how it ended."""

from __future__ import annotations

import atexit
import gc
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from ingest.errors import CoreMeasuresError
from orchestration.cli import ending
from orchestration.cli.common import DEFAULT_HOME, HomeOption, app, command_name, home_at
from orchestration.cli.decide import print_decisions
from orchestration.cli.output import err, out, plain, print_table, shown
from orchestration.ending import NOTHING_HALF_DONE

if TYPE_CHECKING:
    from orchestration.reporting.outcome import Outcome
    from warehouse.build.dbt import NodeResult


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

    Exit code 0: all admitted, or decided by a person. 2: published, with loads refused, or
    releases that are incomplete or did not come.
    1: nothing was published, and what was there before still stands.
    """
    ending.at_once(NOTHING_HALF_DONE)
    from orchestration.refresh import refresh as run
    from orchestration.reporting.progress import reporter_for
    from orchestration.settings import Settings

    _spare_the_collector()
    place = home_at(home)
    reporter = reporter_for(err, as_json=as_json)
    nodes: list[NodeResult] = []
    try:
        with reporter:
            ended = run(
                place,
                source,
                only=tuple(only or ()),
                reporter=reporter,
                with_site=site,
                wait=not no_wait,
                on_node=nodes.append,
            )
            # Dagster takes seconds to import, and is for those who look at its pages.
            if Settings.read().dagster_home is not None:
                from orchestration.defs.history import tell_dagster

                tell_dagster(ended, nodes, reporter, only=tuple(only or ()))
    except CoreMeasuresError as error:
        if as_json:
            document = {"outcome": "nothing_published", "exit_code": 1, "error": str(error)}
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        raise
    if as_json:
        from orchestration.reporting.outcome import as_document

        sys.stdout.write(json.dumps(as_document(ended), ensure_ascii=False) + "\n")
    else:
        _tell_outcome(ended)
    raise typer.Exit(ended.exit_code)


def _spare_the_collector() -> None:
    """Look for garbage seldom: what a refresh makes lives to its end, and looking costs seconds."""
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)


def _tell_outcome(ended: Outcome) -> None:
    from orchestration.pipeline.inventory import way_out
    from orchestration.reporting.outcome import arrivals, figures

    home, inventory = ended.home, ended.inventory
    loads = inventory.loads
    for rows, columns in (
        (arrivals(ended), ("Publication", "New releases", "Admitted", "Refused: reason")),
        (figures(ended.changes or {}), ("Measure", "Figures new", "Changed", "Gone")),
    ):
        if rows:
            table = Table(*columns, box=SIMPLE, pad_edge=False)
            for row in rows:
                table.add_row(*map(plain, row))
            print_table(table, may_wrap=True)
    admitted = sum(load.admitted for load in loads)
    flagged = sum(load.flagged for load in loads)
    odd = f" ({flagged} with flagged figures)" if flagged else ""
    verb = "Published" if ended.changed else "Nothing new; still serving"
    out.print(
        f"{verb}: {admitted} of {len(loads)} loads of {len(inventory.releases)} releases"
        f" admitted{odd},"
        f" {len(inventory.refused)} refused, {len(inventory.incomplete)} incomplete,"
        f" {len(inventory.problems)} releases failed to download."
    )
    for load in inventory.refused:
        out.print(f"  refused: {load.load}", markup=False)
    for held in inventory.incomplete:
        out.print(f"  incomplete: {held}: {held.lacks}. {way_out(held)}", markup=False)
    print_decisions(inventory, "  ")
    for problem in inventory.problems:
        out.print(f"  failed to download: {problem}", markup=False)
    root = shown(home.root)
    option = "" if root == Path("data") else f" --home {shlex.quote(str(root))}"
    out.print(f"Warehouse: {shown(home.warehouse)}", markup=False)
    out.print(f"Marts:     {shown(home.published)}", markup=False)
    out.print(f"Data Docs: {shown(home.quality / 'index.html')}", markup=False)
    if (home.site / "index.html").exists():
        out.print(f"Site:      {shown(home.site / 'index.html')}", markup=False)
    out.print("Next:", style="bold")
    for line in (
        f"status{option}",
        f"show repeat_referrals Leeds{option}",
        f'sql "select * from marts.council_year where year = 2023 limit 5"{option}',
    ):
        out.print(f"  {command_name()} {line}", markup=False)

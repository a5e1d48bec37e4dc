"""Asking the publishers once, for whoever has a network and wants to know what would come."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.errors import CoreMeasuresError
from orchestration.cli.common import DEFAULT_HOME, HomeOption, app, home_at
from orchestration.cli.output import err, out, shown


@app.command()
def doctor(
    publications: Annotated[
        list[str] | None, typer.Argument(help="Publications to ask for; by default all.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write what a maintainer needs to this file, as Markdown."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask each publisher once and say what would come of it. Changes nothing.

    Exit code 0: every release that was found would be admitted. 2: something would not be.
    """
    from ingest.contracts.load import load_contracts
    from orchestration.pipeline.doctor import examine, report_of
    from orchestration.reporting.progress import reporter_for

    contracts = load_contracts()
    if unknown := sorted(set(publications or ()) - set(contracts)):
        raise CoreMeasuresError(f"No publication {', '.join(map(repr, unknown))}.")
    wanted = [p for name, p in contracts.items() if not publications or name in publications]
    place = home_at(home)
    archive = place.archive if place.holds_archive else None
    reporter = reporter_for(err)
    with reporter:
        reporter.begin("Asking publishers", len(wanted))
        found = examine(archive, wanted, reporter.advance)
        reporter.end()
    marks = {True: "well", False: "amiss", None: "-"}
    for finding in found.findings:
        line = f"{marks[finding.well]}: {finding.publication.title}: {finding.line}"
        out.print(line, style="yellow" if finding.well is False else None, markup=False)
    if report is not None:
        report.write_text(report_of(found), "utf-8")
        out.print(f"Written: {shown(report)}", markup=False)
    raise typer.Exit(0 if found.well else 2)

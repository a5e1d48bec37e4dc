"""`accept` and `reject`: a person's decision on a load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.common import (
    DEFAULT_HOME,
    HomeOption,
    PublicationArgument,
    app,
    held_at,
)
from orchestration.cli.output import err, out

if TYPE_CHECKING:
    from expectations.results.decisions import Kind
    from orchestration.pipeline.inventory import Inventory

ReleaseArgument = Annotated[str, typer.Argument(help="One of its releases, as in status.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for good.")]
FileOption = Annotated[
    str | None, typer.Option("--file", help="One file of the release; by default all of them.")
]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="Of the release; by default the newest held.")
]
TableOption = Annotated[
    str | None,
    typer.Option("--table", help="One table of a workbook, as refusals name it; all by default."),
]
ReadOption = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        help="What a column is read from: its name here, =, the published one. May be repeated."
        " A label: column/label=published label.",
    ),
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
    table: TableOption = None,
    read: ReadOption = None,
    version: VersionOption = None,
    by: ByOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Admit what is refused of a release, from the next refresh on.

    It covers the checks that fail now, and no other. Lifts a rejection too. With --read the load is
    checked again, by what you say of its columns.
    """
    _decide("accepted", publication, release, reason, file, table, version, by, home, read or ())


@app.command()
def reject(
    publication: PublicationArgument,
    release: ReleaseArgument,
    reason: ReasonOption,
    file: FileOption = None,
    table: TableOption = None,
    version: VersionOption = None,
    by: ByOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a release out, from the next refresh on, with the years that only it has."""
    _decide("rejected", publication, release, reason, file, table, version, by, home)


@app.command()
def learn(
    publication: PublicationArgument,
    release: ReleaseArgument,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write what a release was read by into its publication's contract: next year it is a name."""
    from orchestration.pipeline.learn import learn as learn_from

    path, learned = learn_from(held_at(home), publication, release)
    for sentence in learned:
        out.print(sentence, markup=False)
    out.print(f"Written to {path}. It takes effect at the next refresh.", markup=False)


def _decide(
    kind: Kind,
    publication: str,
    release: str,
    reason: str,
    file: str | None,
    table: str | None,
    version: int | None,
    by: str | None,
    home: Path,
    reads: Sequence[str] = (),
) -> None:
    from orchestration.pipeline.decide import decide

    place = held_at(home)
    place.prepare()
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        decided = decide(
            place,
            kind,
            publication,
            release,
            reason=reason,
            by=by,
            file=file,
            version=version,
            table=table,
            reads=reads,
        )
    for load, decision in decided:
        out.print(f"{kind.capitalize()} by {decision.by} at {decision.at}: {load}", markup=False)
        for ours, theirs in decision.reads.items():
            out.print(f"  {ours} is read from {theirs}", markup=False)
        for check in decision.checks:
            out.print(f"  overriding {check}", markup=False)
    out.print("It takes effect at the next refresh.")


def print_decisions(inventory: Inventory, indent: str = "", style: str | None = None) -> None:
    """The loads that a person let in or took out, and why: no refresh passes over them."""
    for load in (*inventory.accepted, *inventory.rejected):
        decided = load.decided
        if decided is not None:
            out.print(
                f"{indent}{decided.name} {decided.observed}: {load.load}: {decided.explanation}",
                style=style,
                markup=False,
            )

"""`core-measures lake …`: what a worker of a build on a lake runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from orchestration.cli import ending
from orchestration.cli.common import app
from orchestration.ending import NOTHING_HALF_DONE

lake_app = typer.Typer(help="Builds on a lake.", no_args_is_help=True)
app.add_typer(lake_app, name="lake")


@lake_app.command()
def work(
    build: Annotated[
        str, typer.Argument(help="The build that is under way, as a refresh names it.")
    ],
    part: Annotated[int, typer.Option("--part", min=1, help="Which part of its measures.")],
) -> None:
    """Build one part of the measures of a build on the lake; a refresh starts its workers so.

    Needs no home: CORE_MEASURES_LAKE and CORE_MEASURES_LAKE_DATA say where the build is.
    """
    ending.at_once(NOTHING_HALF_DONE)
    from orchestration.pipeline.lake import work_on

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    if not work_on(build, part, say):
        raise typer.Exit(1)

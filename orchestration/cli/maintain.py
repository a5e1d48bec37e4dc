"""Keeping a home for years: its pages, its documentation, backups."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ingest.archive.writing import write_whole
from ingest.errors import CoreMeasuresError
from orchestration.cli import ending
from orchestration.cli.common import DEFAULT_HOME, HomeOption, app, held_at, home_at
from orchestration.cli.output import err, out, shown


@app.command()
def site(
    home: HomeOption = DEFAULT_HOME,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Make the pages of the served build anew: a site that opens from the disk.

    A refresh makes them by itself. Files that did not change are left as they are.
    """
    from warehouse.site import renew_site

    place = held_at(home)
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        report = renew_site(place)
    index = place.site / "index.html"
    out.print(f"Site: {report}. {shown(index)}", markup=False)
    if open_it:
        typer.launch(index.as_uri())


@app.command()
def docs(home: HomeOption = DEFAULT_HOME) -> None:
    """Have dbt document every model of the served build in one page, and link it from the site.

    It belongs to the build that is served now, and goes with it.
    """
    # dbt takes an interruption for a fault of its own.
    ending.at_once("To go on: core-measures docs again.")
    from orchestration.pipeline.code import dbt_project
    from warehouse.site import DBT_DOCS, renew_site

    place = held_at(home)
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        if place.build_record() is None:
            raise CoreMeasuresError(f"Nothing is served in {place.root}: core-measures refresh")
        place.drop_candidate()
        try:
            shutil.copyfile(place.warehouse.resolve(), place.candidate)
            page = dbt_project(place).docs()
        finally:
            place.drop_candidate()
        write_whole(place.published.resolve() / DBT_DOCS, page)
        renew_site(place)
    out.print(f"dbt's documentation: {shown(place.published / DBT_DOCS)}", markup=False)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A new file; gzipped where it ends in gz.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a home to one file: its archive, decisions, what is served, dated publications.

    And the catalogue of the lake, if there is one. Exit code 2: all but that.
    """
    from warehouse.publish.lake import Lake, LakeError
    from warehouse.publish.lake_catalogue import copy_catalogue
    from warehouse.serve.backup import archive_elsewhere, write_backup

    place = held_at(home)
    missing = ""
    with (
        place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")),
        TemporaryDirectory(prefix="core-measures-") as folder,
    ):
        beside = archive_elsewhere(place, Path(folder) / "archive")
        try:
            if (lake := Lake.from_environment()) is not None:
                catalogue = copy_catalogue(lake, Path(folder))
                beside[f"lake/{catalogue.name}"] = catalogue
        except LakeError as error:
            missing = str(error)
        count = write_backup(place, target.absolute(), beside)
    size = target.stat().st_size / 1e6
    out.print(f"{count} files of {shown(place.root)} in {target}, {size:.0f} MB", markup=False)
    if missing:
        err.print(f"Without the lake's catalogue: {missing}", style="red", markup=False)
        raise typer.Exit(2)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(readable=False, help="A file that backup wrote.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a new home of a backup, every file checked against its hash."""
    from warehouse.serve.backup import restore_backup

    place = home_at(home)
    count = restore_backup(source, place)
    out.print(f"{count} files in {shown(place.root)}, each what it was", markup=False)

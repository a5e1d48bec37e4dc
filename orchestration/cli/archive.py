"""`core-measures archive`: check an archive's hashes, or move one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import CoreMeasuresError
from orchestration.cli.common import DEFAULT_HOME, HomeOption, archive_app, home_at
from orchestration.cli.output import err, out, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.archive.held import HomeArchive
    from ingest.archive.release import Problem, Release
    from ingest.archive.store import Archive


@archive_app.command("verify")
def archive_verify(
    archive: Annotated[
        str | None, typer.Argument(help="An archive; by default the home's own.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check every file of every release against its hash. Exit code 1 if one differs."""
    from ingest.archive.carried import open_archive
    from ingest.archive.release import Problem

    place = open_archive(archive) if archive else home_at(home).archive_to_read()
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
    from ingest.archive.carried import chosen, write_carried, write_index
    from ingest.archive.held import HomeArchive
    from ingest.archive.release import Problem
    from ingest.archive.store import Archive

    source = home_at(home).archive_to_read()
    found = list(chosen(source, since.date() if since else None))
    if destination.suffix == ".tar":
        problems = [one for one in found if isinstance(one, Problem)]
        releases = [one for one in found if not isinstance(one, Problem)]
        problems += write_carried(source, releases, destination)
        for problem in problems:
            err.print(str(problem), style="red", markup=False)
        out.print(
            f"{len(found) - len(problems)} releases in {shown(destination.absolute())},"
            f" {len(problems)} refused",
            markup=False,
        )
        raise typer.Exit(1 if problems else 0)
    try:
        _copy(source, HomeArchive(destination), found)
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
    from ingest.archive.carried import chosen, open_archive

    source = open_archive(archive)
    place = home_at(home)
    place.prepare()
    with place.locked(wait=True, waiting=lambda: err.print("Waiting for a refresh to end.")):
        _copy(source, place.archive, chosen(source, None))


def _copy(source: Archive, target: HomeArchive, found: Iterable[Release | Problem]) -> None:
    from ingest.archive.release import Problem

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

"""What the commands share: the application, its options, and the home they work on."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import CoreMeasuresError
from orchestration.cli.output import shown

if TYPE_CHECKING:
    from warehouse.serve.home import Home

app = typer.Typer(
    name="core-measures",
    help="The open warehouse of how children and young people are doing, council by council.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
archive_app = typer.Typer(help="Check an archive's hashes, or move one.", no_args_is_help=True)
app.add_typer(archive_app, name="archive")

HomeOption = Annotated[
    Path,
    # Whether it may be read is told in our words, and with our exit code.
    typer.Option(
        "--home", envvar="CORE_MEASURES_HOME", readable=False, help="Where everything is kept."
    ),
]
DEFAULT_HOME = Path("data")
PublicationArgument = Annotated[str, typer.Argument(help="A publication's id, as in status.")]


def home_at(path: Path) -> Home:
    """The home at a path, whether there is one yet or not.

    Raises
    ------
    HomeError
        A newer version wrote it, or this user may not read it.
    """
    from orchestration.settings import Settings

    place = Settings.read().home_at(path.absolute())
    place.check_readable()
    place.check_format()
    return place


def held_at(path: Path) -> Home:
    """A home that holds something.

    Raises
    ------
    CoreMeasuresError
        There is none at the path.
    """
    place = home_at(path)
    if not place.holds_archive:
        raise CoreMeasuresError(f"There is no home at {place.root}. Run: core-measures refresh")
    return place


def command_name() -> str:
    """This command as the user's shell finds it: by name, or where it stands."""
    here = Path(sys.executable).with_name(app.info.name or "")
    found = shutil.which(here.name)
    return here.name if found and Path(found) == here else shlex.quote(str(shown(here)))

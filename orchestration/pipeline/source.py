"""Where releases come from: the sample, the publishers, or another archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.archive.carried import open_archive
from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.beside import Apart, EndedFromWithoutError
from ingest.contracts.contract import Publication
from ingest.errors import ArchiveError, CoreMeasuresError
from orchestration.pipeline.inventory import Contracts
from orchestration.pipeline.reporter import Reporter
from orchestration.settings import Settings
from warehouse.serve.home import Home

SAMPLE = "sample"
LIVE = "live"


def asked_for(contracts: Contracts, only: Sequence[str]) -> list[Publication]:
    """The publications that are asked for: all of them, or those of `only`.

    Raises
    ------
    CoreMeasuresError
        One of them is not known.
    """
    unknown = sorted(set(only) - set(contracts))
    if unknown:
        raise CoreMeasuresError(
            f"No publication {', '.join(map(repr, unknown))}."
            f" Known: {', '.join(sorted(contracts))}."
        )
    return [publication for name, publication in contracts.items() if not only or name in only]


def check_source(source: str, contracts: Contracts, only: Sequence[str] = ()) -> None:
    """See that the source and the publications asked for are there, touching nothing.

    Raises
    ------
    CoreMeasuresError
        They are not.
    """
    asked_for(contracts, only)
    if source == LIVE:
        from ingest.publishers.settings import Settings

        Settings.from_environment()
    elif source != SAMPLE:
        open_archive(source).publications()


@contextmanager
def open_source(
    home: Home, source: str, asked: Sequence[Publication], reporter: Reporter
) -> Iterator[Archive]:
    """The source as an archive, for as long as this lasts.

    Raises
    ------
    ArchiveError
        It is not an archive, or it is this home's own.
    """
    if source == LIVE:
        from orchestration.pipeline.live import fetched

        with fetched(home, asked, reporter) as found:
            yield found
        return
    if source != SAMPLE:
        opened = open_archive(source)
        if home.archive.is_at(source):
            raise ArchiveError(f"{source} is this home's own archive.")
        yield opened
        return
    # Of this process alone, and with a dot: what a kill leaves of it is swept.
    folder = home.work / f".sample-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _lay_out_sample_apart(folder)
        yield Archive(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out_sample_apart(folder: Path) -> None:
    """In a process of its own: its libraries take more memory than all else that this one does."""
    if Settings.read().processes < 2:
        _lay_out_sample(folder)
        return
    try:
        Apart().carry_out(_lay_out_sample, folder)
    except EndedFromWithoutError as error:
        raise CoreMeasuresError(
            "The process that lays the sample out was ended from without, perhaps for want of"
            " memory; nothing was brought. Refresh again."
        ) from error


def _lay_out_sample(folder: Path) -> None:
    from ingest.sample import lay_out_sample

    lay_out_sample(folder)


def new_in_source(
    home: Home, source: str, contracts: Contracts
) -> tuple[dict[str, list[str]], list[str]]:
    """What a source offers that a home does not hold, and what could not be asked."""
    publications = list(contracts.values())
    if source == LIVE:
        from orchestration.pipeline.live import offered

        return offered(home, publications)
    if source == SAMPLE:
        return {}, []
    archive = Archive(source)
    home.archive.look_again()
    found: dict[str, list[str]] = {}
    for publication in publications:
        name, publisher = publication.publication, publication.publisher
        new = [
            f"{release.folder} {sorted(release.hashes.values())}"
            for release in archive.releases(publisher, name)
            if isinstance(release, Release) and not home.archive.holds(release)
        ]
        if new:
            found[name] = new
    return found, []

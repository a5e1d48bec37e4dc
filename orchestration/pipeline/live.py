"""Asking the publishers, as a refresh does it: who is asked, and what is said about it.

How they are asked is for `ingest.publishers`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ingest.archive.store import Archive
from ingest.contracts.contract import Publication
from ingest.http.session import Session
from ingest.publishers.fetch import fetched_from, new_editions, platform_of
from ingest.publishers.memory import MEMORY, FetchState
from ingest.publishers.platform import SkippedError
from ingest.publishers.settings import Settings
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from orchestration.pipeline.reporter import Reporter


@contextlib.contextmanager
def fetched(
    home: Home, publications: Sequence[Publication], reporter: Reporter
) -> Iterator[Archive]:
    """What is new at the publishers, to be collected while this lasts."""
    asked = [publication for publication in publications if publication.live is not None]
    silent = [p.title for p in publications if p.live is None]
    if silent:
        reporter.say(f"Not downloaded, but kept from an archive: {', '.join(silent)}")
    reporter.begin("Asking publishers", len(asked))
    with fetched_from(
        asked, home.archive, home.work, Settings.from_environment(), reporter.advance
    ) as (source, found):
        reporter.end()
        for one in found:
            if one.skipped:
                reporter.say(f"Passed over: {one.publication.title}: {one.skipped}")
            for line in one.notes:
                reporter.say(line)
        yield source
    for one in found:
        for line in one.warnings:
            reporter.warn(line)


def offered(
    home: Home, publications: Sequence[Publication]
) -> tuple[dict[str, list[str]], list[str]]:
    """What publishers offer that is not held, by publication, and whose listing failed.

    Listings are asked for, on condition that they changed; no file is fetched, nothing is kept.
    """
    asked = [publication for publication in publications if publication.live is not None]
    settings = Settings.from_environment()
    home.archive.look_again()
    found: dict[str, list[str]] = {}
    failed: list[str] = []

    def look(publication: Publication, session: Session) -> list[str]:
        memory = FetchState.at(home.work / MEMORY, publication.publication)
        held = home.archive.held(publication.publisher, publication.publication)
        listing = platform_of(publication, session, settings, memory, held).releases()
        # Where only the file tells whether it changed, the nightly run asks for it.
        return [
            f"{edition.release} {edition.token}"
            for edition in new_editions(publication, listing, held, memory)
            if edition.token is not None
        ]

    # A look must be over within the minute that Dagster gives a sensor; the night has patience.
    hasty = dataclasses.replace(settings.policy, connect=5.0, read=10.0, tries=1)
    with Session(hasty) as session, ThreadPoolExecutor(16) as pool:
        looks = {p.publication: pool.submit(look, p, session) for p in asked}
        for name, future in looks.items():
            try:
                if new := future.result():
                    found[name] = new
            except SkippedError:
                continue
            except Exception as error:  # one publisher's fault is not the sensor's
                failed.append(f"{name}: {' '.join(str(error).split())}")
    return found, failed

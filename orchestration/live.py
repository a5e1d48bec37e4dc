"""Asking the publishers, as a refresh does it: who is asked, and what is said about it.

How they are asked is for `ingest.publishers`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.archive import Archive
from ingest.contracts import Publication
from ingest.publishers.fetch import fetched_from
from ingest.publishers.settings import Settings
from warehouse.home import Home

if TYPE_CHECKING:
    from orchestration.refresh import Reporter


@contextlib.contextmanager
def fetched(
    home: Home, publications: Sequence[Publication], reporter: Reporter
) -> Iterator[Archive]:
    """What is new at the publishers, to be brought home while this lasts."""
    asked = [publication for publication in publications if publication.live is not None]
    silent = [p.publication for p in publications if p.live is None]
    if silent:
        reporter.say(f"Not asked for, having no `live:` block: {', '.join(silent)}")
    reporter.begin("Asking publishers", len(asked))
    with fetched_from(
        asked, home.archive, home.work, Settings.from_environment(), reporter.advance
    ) as (source, found):
        reporter.end()
        for one in found:
            if one.skipped:
                reporter.say(f"Passed over: {one.publication.publication}: {one.skipped}")
            for line in one.notes:
                reporter.say(line)
        yield source
    for one in found:
        for line in one.warnings:
            reporter.warn(line)

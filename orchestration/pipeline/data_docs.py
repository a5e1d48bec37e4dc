"""Data Docs of a build: pages made as loads are checked, put together with those made before.

A page is made once, when its load is checked, and goes with every build after that until the load
is checked again. Nothing but the index is written where nothing was checked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ingest.reading.loads import Load
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from orchestration.pipeline.inventory import HeldLoad, Inventory


class DataDocs:
    """The Data Docs of a home: those waiting for the next build, and those of the one served."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._suites: set[str] = set()

    @property
    def waiting(self) -> Path:
        """Pages of loads checked since the last build; kept when a build fails."""
        return self._home.work / "data_docs"

    def add(self, load: Load, page: str | None, suite: str | None) -> None:
        """Keep the pages of a load that was just checked; one that could not be read has none."""
        from expectations.gx import data_docs  # the library's: imported where there is work

        # An empty page stands for none: what was said before no longer holds.
        _write(self.waiting / data_docs.page_path(load), page or "")
        if suite is not None and (path := data_docs.suite_path(load)) not in self._suites:
            _write(self.waiting / path, suite)
            self._suites.add(path)

    def assemble(self, folder: Path, inventory: Inventory) -> None:
        """Put together in `folder` the pages of every load of a build, and their index."""
        from expectations.gx import data_docs

        served = self._home.current / "data_docs"
        entries: list[data_docs.Entry] = []
        for release, held in ((one, load) for one in inventory.releases for load in one.loads):
            fresh = (self.waiting / data_docs.page_path(held.load)).exists()
            pages = [
                page if _take(page, (self.waiting, served), folder) else None
                for page in (data_docs.page_path(held.load), data_docs.suite_path(held.load))
            ]
            verdict = held.verdict
            entries.append(
                data_docs.Entry(
                    publication=held.load.release.publication,
                    release=held.load.release.folder,
                    file=held.load.file.name,
                    outcome=_outcome(held),
                    checked=release.checked,
                    fresh=fresh,
                    failed=verdict.failed if verdict else held.reasons,
                    page=pages[0],
                    suite=pages[1],
                )
            )
        _write(folder / data_docs.INDEX, data_docs.index_page(entries))

    def served(self) -> None:
        """The waiting pages are in the build that is served now."""
        shutil.rmtree(self.waiting, ignore_errors=True)


def _outcome(held: HeldLoad) -> str:
    if held.rejected or held.accepted:
        return str(held.decided)
    return "admitted" if held.admitted else "refused"


def _take(page: str, sources: Sequence[Path], folder: Path) -> bool:
    """Have a page from the first of the sources that has it, without a second copy on the disk."""
    target = folder / PurePosixPath(page)
    if target.exists():
        return True
    found = next((path for source in sources if (path := source / page).is_file()), None)
    if found is None or not found.stat().st_size:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(found, target)
    except OSError:
        shutil.copyfile(found, target)  # a file system without links of this kind
    return True


def _write(path: Path, page: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Replaced, never written into: a page may be shared with the build that is served.
    path.unlink(missing_ok=True)
    path.write_text(page, "utf-8", errors="replace")

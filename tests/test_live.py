"""Live publishers, end to end: the command over real HTTP, as a nightly run meets them."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from conftest import PUBLISHED, needs_published
from standins import Server, Shelf
from standins.ees import Ees
from standins.platforms import QUICK

from ingest.archive import Archive, HomeArchive, Problem
from ingest.publishers.fetch import fetched_from
from ingest.publishers.settings import Settings

IN_NEED = "characteristics-of-children-in-need"
EHC = "education-health-and-care-plans"


def ask(
    publication: Any, environment: dict[str, str], folder: Path, home: HomeArchive | None = None
) -> Any:
    """One publication asked for once, and what came brought home where there is one."""
    settings = Settings.from_environment(QUICK | environment)
    place = home or HomeArchive(folder / "nothing")
    with fetched_from([publication], place, folder / "work", settings, lambda _: None) as (
        source,
        (found,),
    ):
        for release in list(found.releases):
            place.add(source, release)
    return found


# --- each platform, with files as they were really published


@needs_published
def test_a_real_release_of_dfe_arrives_other_than_published(tmp_path: Path) -> None:
    from ingest.contracts import load_contracts

    shelf = Shelf.of(PUBLISHED, "ees")
    stand_in = Ees(shelf)
    stand_in.next_dates[EHC] = {"year": "2027", "month": "6", "day": ""}
    with Server(stand_in) as server:
        environment = {"CORE_MEASURES_EES_URL": f"{server.base}/api"}
        home = HomeArchive(tmp_path / "home")
        found = ask(load_contracts()[EHC], environment, tmp_path, home)
        assert found.problems == []
        assert found.memory.state.next_expected == "2027-06"
        published = {r.release: r.hashes for r in Archive(PUBLISHED).releases("ees", EHC)}  # type: ignore[union-attr]
        assert {r.release: r.hashes for r in home.held("ees", EHC)} == published
        assert not [f for f in home.verify() if isinstance(f, Problem)]
        (newest,) = [r for r in home.held("ees", EHC) if r.release == "2025"]
        assert newest.retrieved is not None
        assert newest.files[0].url
        assert parsedate_to_datetime(newest.files[0].last_modified or "")

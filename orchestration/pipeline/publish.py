"""Last step: guard the candidate's facts, write marts and pages, and swap all in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.pipeline.build import Candidate, NotPublishedError, accepted_among
from orchestration.pipeline.data_docs import DataDocs
from orchestration.pipeline.reporter import SILENT, Reporter
from warehouse.serve.home import Home, disk_fault


@dataclass(frozen=True)
class Published:
    """The marts that are served now, and what changed in them: as in `published/index.json`."""

    marts: list[str]
    changes: dict[str, Any]


def publish(
    home: Home, candidate: Candidate, *, reporter: Reporter = SILENT, with_site: bool = True
) -> Published:
    """Guard the candidate's facts, write marts and pages, and swap all in.

    Raises
    ------
    NotPublishedError
        A check on the facts failed.
    """
    from expectations.suites.facts import check_facts
    from warehouse.publish.dated import changes
    from warehouse.publish.marts import write_marts

    inventory = candidate.inventory
    serving = home.warehouse if home.build_record() else None
    reporter.begin("Publishing", 4 if with_site else 3)
    checks = check_facts(
        home.candidate,
        serving,
        given_up=[(held.load.release, held.load.file) for held in inventory.rejected],
    )
    reporter.advance("facts checked")
    faults = [check for check in checks if check.blocks]
    if faults:
        shown = "; ".join(f"{check}. {check.explanation}" for check in faults)
        raise NotPublishedError(
            f"The facts did not pass, nothing was swapped: {shown}" + accepted_among(inventory)
        )
    with home.new_build() as folder:
        marts = write_marts(home.candidate, folder / "marts", candidate.dbt.versions())
        changed = changes(home.published if serving else None, folder / "marts")
        reporter.advance("marts written")
        if with_site:
            _write_site(home, folder / "marts", reporter)
            reporter.advance("site written")
        docs = DataDocs(home)
        docs.assemble(folder / "data_docs", inventory)
        home.candidate.rename(folder / home.candidate.name)
        record = {
            "digest": inventory.digest,
            "checks": [check.to_dict() for check in checks],
            "changes": changed,
        }
        home.serve(folder, record)
        home.drop_candidate()
        keep_dated(home)
        docs.served()
        fill_lake(home, reporter)
        reporter.advance("swapped in")
    reporter.end()
    return Published(marts, changed)


def keep_dated(home: Home) -> None:
    """See that what is served stands under its date, and in `published/index.json`."""
    from warehouse.publish.dated import keep

    keep(home)


def fill_lake(home: Home, reporter: Reporter) -> None:
    """Publish what is served to the lake too, if there is one; the home is none the worse."""
    from warehouse.publish.lake import Lake, LakeError, publish, remember

    try:
        lake = Lake.from_environment()
        record = home.build_record()
        version = None
        if lake is not None and record is not None:
            version = publish(lake, home.warehouse.resolve(), str(record["digest"]))
    except LakeError as error:
        remember(home, str(error))
        reporter.warn(
            f"The lake has not got this build, and keeps the one before: {error}"
            " The next refresh tries again."
        )
    else:
        remember(home, None)
        if version is not None:
            reporter.say(f"Published to {lake}, version {version}")


def still_served(home: Home, reporter: Reporter = SILENT) -> None:
    """What there is to do where what is held is served: finish what a killed refresh left."""
    DataDocs(home).served()
    keep_dated(home)
    fill_lake(home, reporter)


def _write_site(home: Home, marts: Path, reporter: Reporter) -> None:
    """Make the pages among the marts; figures are none the worse where that fails."""
    from warehouse.site import SITE, write_site

    before = home.site
    try:
        write_site(home.candidate, marts / SITE, before if before.is_dir() else None)
    except Exception as error:
        if disk_fault(error):
            raise
        shutil.rmtree(marts / SITE, ignore_errors=True)
        reporter.warn(
            f"No site this time: {error!r}. The marts are served without;"
            " try it by itself: core-measures site"
        )

"""Last step: guard the candidate's facts, write marts and pages, and swap all in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from expectations.results.verdicts import Check
from ingest.beside import Beside, EndedFromWithoutError, Here
from orchestration.pipeline.build import (
    Candidate,
    NotPublishedError,
    accepted_among,
    digest_of,
)
from orchestration.pipeline.code import code_digest
from orchestration.pipeline.data_docs import DataDocs
from orchestration.pipeline.inventory import Inventory
from orchestration.pipeline.reporter import SILENT, Reporter
from orchestration.settings import Settings
from warehouse.serve.home import Home, disk_fault

if TYPE_CHECKING:
    from warehouse.publish.lake import Lake
    from warehouse.site import SiteReport

_Result = TypeVar("_Result")


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
    import duckdb

    from expectations.suites.facts import check_facts
    from warehouse.publish.dated import changes
    from warehouse.publish.marts import write_marts

    inventory = candidate.inventory
    serving = home.warehouse if home.build_record() else None
    reporter.begin("Publishing", 4 if with_site else 3)
    given_up = [(held.load.release, held.load.file) for held in inventory.rejected]
    with home.new_build() as folder, ExitStack() as at_work:
        # Each needs nothing but the candidate: side by side, and none is served before all is well.
        site = _begin_site(home, folder, at_work) if with_site else None
        guard = _begin(at_work, check_facts, home.candidate, serving, given_up)
        try:
            marts = write_marts(home.candidate, folder / "marts", candidate.dbt.versions())
            changed = changes(home.published if serving else None, folder / "marts")
        except duckdb.Error:
            # What is wrong with the facts says more than what could not be written of them.
            _refuse(guard.result(), inventory)
            raise
        reporter.advance("marts written")
        checks = guard.result()
        _refuse(checks, inventory)
        reporter.advance("facts checked")
        if site is not None:
            _take_site(site, folder, reporter)
            reporter.advance("site written")
        docs = DataDocs(home)
        docs.assemble(folder / "data_docs", inventory)
        home.candidate.rename(folder / home.candidate.name)
        record = {
            "digest": inventory.digest,
            "code": code_digest(),
            "built_by": list(candidate.built_by),
            # The next build takes over what it finds in a warehouse that is still this one.
            "sha256": digest_of(folder / home.candidate.name),
            "filled": dict(candidate.filled),
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


def _refuse(checks: Sequence[Check], inventory: Inventory) -> None:
    faults = [check for check in checks if check.blocks]
    if faults:
        shown = "; ".join(f"{check}. {check.explanation}" for check in faults)
        raise NotPublishedError(
            f"The facts did not pass, nothing was swapped: {shown}" + accepted_among(inventory)
        )


def keep_dated(home: Home) -> None:
    """See that what is served stands under its date, and in `published/index.json`."""
    from warehouse.publish.dated import keep

    keep(home)


def fill_lake(home: Home, reporter: Reporter) -> None:
    """Publish what is served to the lake too, if there is one; the home is none the worse."""
    from warehouse.publish.lake import Lake, LakeError, remember

    try:
        lake = Lake.from_environment()
        record = home.build_record()
        version = None
        if lake is not None and record is not None:
            version = _publish_beside(lake, home.warehouse.resolve(), str(record["digest"]))
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


def _publish_beside(lake: Lake, warehouse: Path, digest: str) -> int | None:
    """Publish to the lake in a process of its own.

    DuckDB ends a process whose connection to PostgreSQL is lost while it rolls back.

    Raises
    ------
    LakeError
        It has not come into the lake.
    """
    from warehouse.publish.lake import LakeError, publish

    begun = Beside(publish, lake, warehouse, digest)
    try:
        return begun.result()
    except EndedFromWithoutError as error:
        raise LakeError(f"What wrote to {lake} was ended: {error}.") from error
    finally:
        begun.stop()


def still_served(home: Home, reporter: Reporter = SILENT) -> None:
    """What there is to do where what is held is served: finish what a killed refresh left."""
    DataDocs(home).served()
    keep_dated(home)
    fill_lake(home, reporter)


def _begin(at_work: ExitStack, call: Callable[..., _Result], *arguments: object) -> Here[_Result]:
    """A call in a process of its own, where there may be several; it ends with what asked."""
    if Settings.read().processes < 2:
        return Here(call, *arguments)
    begun = Beside(call, *arguments, preload=["expectations.gx.preloaded"])
    at_work.callback(begun.stop)
    return begun


def _begin_site(home: Home, folder: Path, at_work: ExitStack) -> Here[SiteReport]:
    """Its pages take longer than all that is beside them."""
    from warehouse.site import SITE, write_site

    before = home.site if home.site.is_dir() else None
    processes = min(2, Settings.read().processes)
    return _begin(at_work, write_site, home.candidate, folder / SITE, before, processes)


def _take_site(site: Here[SiteReport], folder: Path, reporter: Reporter) -> None:
    """Put the pages among the marts; figures are none the worse where there are none."""
    from warehouse.site import SITE

    try:
        site.result()
    except Exception as error:
        if disk_fault(error):
            raise
        site.stop()
        shutil.rmtree(folder / SITE, ignore_errors=True)
        reporter.warn(
            f"No site this time: {error!r}. The marts are served without;"
            " try it by itself: core-measures site"
        )
    else:
        (folder / SITE).rename(folder / "marts" / SITE)

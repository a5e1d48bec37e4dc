"""Second step: check every load that has no verdict by today's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from expectations.results.decisions import Decision, standing
from expectations.results.releases import CheckedRelease, check_releases
from ingest.contracts.contract import Publication
from ingest.contracts.load import load_contracts
from ingest.reading.loads import recognised_by
from orchestration.pipeline.build import get_ready_to_build
from orchestration.pipeline.data_docs import DataDocs
from orchestration.pipeline.inventory import (
    Contracts,
    HeldLoad,
    Inventory,
    inventory_of,
    judge,
    read_held,
    way_out,
)
from orchestration.pipeline.reporter import SILENT, Later, Reporter
from orchestration.settings import Settings
from warehouse.serve.home import Home

# A line or two: the whole warning is in the verdict, in Data Docs and in `status`.
_WARNING_WIDTH = 300


def check(
    home: Home,
    contracts: Contracts | None = None,
    *,
    reporter: Reporter = SILENT,
    build_next: bool = False,
) -> Inventory:
    """Check what has no verdict that holds, keep the verdicts, and say what is held.

    Whoever is going to build next says so: what that needs is made ready meanwhile.

    Raises
    ------
    CoreMeasuresError
        A process that checked was ended from without, or what persons decided cannot be read.
    """
    contracts = load_contracts() if contracts is None else contracts
    held = {work.publication.publication: work for work in read_held(home, contracts)}
    judged = {name: judge(work) for name, work in held.items()}
    stale = {
        name: sum(release.verdicts is None for release in releases)
        for name, releases in judged.items()
    }
    if to_check := sum(stale.values()):
        docs = DataDocs(home)
        kept: dict[str, dict[str, Any]] = {}
        reporter.begin("Checking loads", to_check)
        decisions = {
            release.release.path: release.decisions
            for work in held.values()
            for release in work.releases
        }
        work = [held[name] for name in stale if stale[name]]
        processes = Settings.read().processes
        if build_next and processes > 1:
            get_ready_to_build()
        # Verdicts are kept as they come, and messages have the order of the publications.
        messages = {one.publication.publication: Later() for one in work}
        waiting = list(messages)
        done: set[str] = set()
        try:
            for name, found in check_releases(work, processes):
                for checked in found:
                    path = checked.release.path
                    kept[path] = _keep(
                        home, docs, contracts[name], checked, decisions[path], messages[name]
                    )
                    reporter.advance(str(checked.release))
                done.add(name)
                while waiting and waiting[0] in done:
                    messages[waiting.pop(0)].pass_on(reporter)
        finally:
            for name in waiting:
                messages[name].pass_on(reporter)
        reporter.end()
        for name in (name for name in stale if stale[name]):
            releases = (
                replace(one, kept=kept.get(one.release.path, one.kept))
                for one in held[name].releases
            )
            judged[name] = judge(replace(held[name], releases=tuple(releases)))
    inventory = inventory_of(
        home, contracts, [(contracts[name], releases) for name, releases in judged.items()]
    )
    for release in inventory.incomplete:
        reporter.warn(f"Incomplete: {release.release}: {release.lacks}. {way_out(release)}")
    return inventory


def _keep(
    home: Home,
    docs: DataDocs,
    publication: Publication,
    checked: CheckedRelease,
    decisions: tuple[Decision, ...],
    reporter: Reporter,
) -> dict[str, Any]:
    """Keep a release's verdicts and pages, and tell what failed; what was kept of the verdicts."""
    release = checked.release
    outcomes: list[str] = []
    for one in checked.loads:
        load, verdict = one.load, one.verdict
        docs.add(load, one.page, one.suite_page)
        if one.page_fault:
            reporter.warn(f"No page of the Data Docs for {load}: {one.page_fault}")
        held = HeldLoad(load, verdict, standing(decisions, load))
        # A verdict is the checks' alone: what a person decides comes and goes beside it.
        outcomes.append(HeldLoad(load, verdict).outcome)
        for found in held.reasons if held.refused else ():
            reporter.warn(f"Refused: {load}: {found}. {found.explanation}")
        if held.decided:
            reporter.say(f"Decided: {load}: {held.decided}. {held.decided.explanation}")
        for found in verdict.flagging:
            message = shorten(str(found), _WARNING_WIDTH, placeholder=" …")
            reporter.say(f"Served with flagged figures: {load}: {message}")
        for found in verdict.warnings:
            message = shorten(str(found), _WARNING_WIDTH, placeholder=" …")
            reporter.say(f"Admitted with a warning: {load}: {message}")
    for name, tables in checked.recognised.items():
        reporter.say(f"Read by its columns: {release}: {name} is {', '.join(tables)}")
    for file in checked.unknown:
        reporter.say(f"Not read, unknown to the contract: {release}: {file.name}")
    document = {
        "digest": checked.digest,
        "checked": datetime.now(UTC).isoformat(timespec="seconds"),
        "admitted": all(one.verdict.admitted for one in checked.loads),
        "loads": [
            one.verdict.to_dict() | {"outcome": outcome}
            for one, outcome in zip(checked.loads, outcomes, strict=True)
        ],
        "unknown_files": [file.name for file in checked.unknown],
        "recognised": {name: list(tables) for name, tables in checked.recognised.items()},
        "recognised_by": recognised_by(publication),
    }
    home.archive.record_verdict(release, document)
    return document

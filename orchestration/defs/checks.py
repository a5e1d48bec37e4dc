"""What Dagster shows of each publication's quality. Nothing here blocks: verdicts are recorded."""

from __future__ import annotations

import dagster as dg

from ingest.contracts.contract import Publication
from orchestration.pipeline.inventory import Inventory
from orchestration.reporting.freshness import State, freshness_of
from warehouse.serve.home import Home

ADMITTED = "loads_admitted"
ON_TIME = "released_on_time"


def specs_for(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a publication."""
    return [
        dg.AssetCheckSpec(
            ADMITTED,
            asset=key,
            description=(
                "Every load of every release held passed its checks, or a person accepted or"
                " rejected it."
            ),
        ),
        dg.AssetCheckSpec(
            ON_TIME,
            asset=key,
            description=(
                "Its publisher published the next release when it was due: a warning when it is"
                " late, an error when it is very late."
            ),
        ),
    ]


def loads_admitted(
    key: dg.AssetKey, publication: Publication, inventory: Inventory
) -> dg.AssetCheckResult:
    """Whether every load held of a publication is admitted, or decided by a person."""
    loads = [load for release in inventory.of(publication) for load in release.loads]
    reasons = {
        str(load.load): [f"{check}. {check.explanation}" for check in load.reasons]
        for load in loads
        if load.refused
    }
    decided = {
        str(load.load): f"{load.decided}. {load.decided.explanation}"
        for load in loads
        if load.decided
    }
    warnings = {
        str(load.load): [str(check) for check in (*load.verdict.flagging, *load.verdict.warnings)]
        for load in loads
        if load.verdict and (load.verdict.flagging or load.verdict.warnings)
    }
    lacking = {
        str(release): [release.lacks] for release in inventory.of(publication) if release.incomplete
    }
    problems = {p.path: [p.reason] for p in inventory.problems_of(publication)}
    return dg.AssetCheckResult(
        passed=not reasons and not problems and not lacking,
        asset_key=key,
        check_name=ADMITTED,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "refused": dg.MetadataValue.json(reasons | problems),
            "incomplete": dg.MetadataValue.json(lacking),
            "warnings": dg.MetadataValue.json(warnings),
            "decided by a person": dg.MetadataValue.json(decided),
            "loads checked": len(loads),
        },
    )


def released_on_time(
    key: dg.AssetKey, publication: Publication, inventory: Inventory, home: Home
) -> dg.AssetCheckResult:
    """Whether a publication's next release is late."""
    fresh = freshness_of(home, publication, [one.release for one in inventory.of(publication)])
    return dg.AssetCheckResult(
        passed=fresh.state not in {State.late, State.very_late},
        asset_key=key,
        check_name=ON_TIME,
        severity=(
            dg.AssetCheckSeverity.ERROR
            if fresh.state is State.very_late
            else dg.AssetCheckSeverity.WARN
        ),
        metadata={
            "next expected": fresh.expected,
            "days late": fresh.days_late,
            "last asked": fresh.asked_text,
        },
    )

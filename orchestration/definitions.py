"""Everything Dagster sees: `dagster dev -m orchestration.definitions`.

Assembled by a function, so that a test or a tool brings its own home, contracts and settings.
"""

from __future__ import annotations

import os
from typing import Any

import dagster as dg

from ingest.contracts.load import load_contracts
from orchestration.defs.assets import (
    Translator,
    model_assets,
    publication_assets,
    published_assets,
)
from orchestration.defs.jobs import executor_of, refresh_job, schedules
from orchestration.defs.resources import RefreshRun
from orchestration.defs.sensors import new_releases, refresh_failed
from orchestration.ending import leave_locks_to_the_tracker
from orchestration.pipeline.code import dbt_project
from orchestration.pipeline.inventory import Contracts
from orchestration.settings import Settings


def build_definitions(
    manifest: dict[str, Any],
    contracts: Contracts | None = None,
    settings: Settings | None = None,
) -> dg.Definitions:
    """Everything Dagster sees, from a dbt manifest."""
    leave_locks_to_the_tracker()
    contracts = load_contracts() if contracts is None else contracts
    settings = settings or Settings.read()
    translator = Translator(contracts)
    job = refresh_job(settings)
    apart = settings.steps_apart
    return dg.Definitions(
        assets=[
            *publication_assets(contracts, apart=apart),
            model_assets(manifest, translator),
            published_assets(manifest, translator),
        ],
        jobs=[job],
        executor=executor_of(settings),
        resources={"refresh": RefreshRun()},
        # A run in one process tells of its own failure.
        sensors=[new_releases(job, settings), *([refresh_failed(settings)] if apart else [])],
        schedules=schedules(job, settings),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """For `dagster dev`: the manifest is parsed in the home, when the project has changed."""
    os.environ.setdefault("DAGSTER_TELEMETRY_ENABLED", "false")
    settings = Settings.read()
    home = settings.home_at(settings.home_folder)
    home.prepare()
    return build_definitions(dbt_project(home).manifest(), settings=settings)

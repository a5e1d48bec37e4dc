"""The sensor that asks for new releases."""

from __future__ import annotations

import hashlib
import json

import dagster as dg

from ingest.contracts.load import load_contracts
from orchestration.settings import Settings
from warehouse.serve.home import Home


def new_releases(job: dg.UnresolvedAssetJobDefinition, settings: Settings) -> dg.SensorDefinition:
    """Asks what publishers offer, hourly; switched on by the same setting as the schedules."""

    @dg.sensor(
        name="new_releases",
        job=job,
        minimum_interval_seconds=3600,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if settings.schedules else dg.DefaultSensorStatus.STOPPED
        ),
        description="Asks what publishers offer, hourly, and brings home what is not held.",
    )
    def asks(_: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from orchestration.pipeline.source import new_in_source

        now = Settings.read()
        home = Home(now.home_folder)
        home.prepare()
        found, failed = new_in_source(home, now.source, load_contracts())
        told = "; ".join(failed)
        if not found:
            return dg.SkipReason("Nothing new." + (f" Not asked: {told}" if told else ""))
        # What was found once is not asked for again by this: the nightly run sees to it.
        run_key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
        config = {"source": now.source, "only": sorted(found)}
        return dg.SensorResult(
            [dg.RunRequest(run_key, {"resources": {"refresh": {"config": config}}})]
        )

    return asks

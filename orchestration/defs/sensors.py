"""The sensor that asks for new releases, and the one that tells of a run that failed."""

from __future__ import annotations

import hashlib
import json

import dagster as dg

from ingest.contracts.load import load_contracts
from orchestration.settings import Settings


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
        home = now.home_at(now.home_folder)
        home.prepare()
        found, failed = new_in_source(home, now.source, load_contracts())
        failures = "; ".join(failed)
        if not found:
            return dg.SkipReason("Nothing new." + (f" Not asked: {failures}" if failures else ""))
        # What was found once is not asked for again by this: the nightly run sees to it.
        run_key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
        config = {"source": now.source, "only": sorted(found)}
        return dg.SensorResult(
            [dg.RunRequest(run_key, {"resources": {"refresh": {"config": config}}})]
        )

    return asks


def refresh_failed(settings: Settings) -> dg.SensorDefinition:
    """Alerts once of a run that failed, whichever of its steps did, wherever that ran."""

    @dg.run_failure_sensor(
        name="refresh_failed",
        default_status=(
            dg.DefaultSensorStatus.RUNNING if settings.schedules else dg.DefaultSensorStatus.STOPPED
        ),
        description="Alerts of a refresh that failed in one of its steps.",
    )
    def tells(context: dg.RunFailureSensorContext) -> None:
        from orchestration.defs.resources import LogReporter
        from orchestration.refresh import leave_metrics
        from orchestration.reporting.alerts import alert
        from orchestration.reporting.progress import Watched

        settings = Settings.read()
        home = settings.home_at(settings.home_folder)
        reporter = Watched(LogReporter(context.log))
        leave_metrics(home, reporter, None)
        alert(home, load_contracts(), reporter, failed=_fault_of(context))

    return tells


def _fault_of(context: dg.RunFailureSensorContext) -> str:
    """What the first step that failed said, as far down as it goes; else what the run said."""
    for event in context.get_step_failure_events():
        error = getattr(event.event_specific_data, "error", None)
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return " ".join(f"{event.step_key}: {error.message}".split())
    return context.failure_event.message or "a step failed"

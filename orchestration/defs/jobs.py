"""The job, and its hours."""

from __future__ import annotations

import dagster as dg

from orchestration.settings import Settings

JOB = "refresh"


def refresh_job() -> dg.UnresolvedAssetJobDefinition:
    """The one way through, in one process."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Bring home what is new, check it, build, guard the facts, swap, publish.",
    )


def schedules(
    job: dg.UnresolvedAssetJobDefinition, settings: Settings
) -> list[dg.ScheduleDefinition]:
    """Every night, and at the hour when official statistics come out."""
    # On a laptop a schedule is switched on by hand; a deployment has no hand.
    status = (
        dg.DefaultScheduleStatus.RUNNING if settings.schedules else dg.DefaultScheduleStatus.STOPPED
    )
    return [
        dg.ScheduleDefinition(
            name="nightly",
            job=job,
            cron_schedule=settings.nightly,
            default_status=status,
            execution_timezone="Europe/London",
            description="Every night, for what came late.",
        ),
        dg.ScheduleDefinition(
            name="publication_hour",
            job=job,
            default_status=status,
            cron_schedule="35 9 * * 1-5",
            execution_timezone="Europe/London",
            description="Official statistics come out at 09:30 on weekdays.",
        ),
    ]

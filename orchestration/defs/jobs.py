"""The job, and its hours."""

from __future__ import annotations

import importlib

import dagster as dg

from ingest.errors import CoreMeasuresError
from orchestration.settings import Settings

JOB = "refresh"
# By the name in the settings: the package that has it, and what it is called there.
_EXECUTORS = {
    "celery": ("dagster_celery", "celery_executor"),
    "celery_k8s": ("dagster_celery_k8s", "celery_k8s_job_executor"),
    "k8s": ("dagster_k8s", "k8s_job_executor"),
}


def executor_of(settings: Settings) -> dg.ExecutorDefinition:
    """What runs the steps: this process, or what the settings name.

    Raises
    ------
    CoreMeasuresError
        Its package is not installed.
    """
    if settings.executor == "in_process":
        return dg.in_process_executor
    if settings.executor == "multiprocess":
        return dg.multiprocess_executor
    package, name = _EXECUTORS[settings.executor]
    try:
        found: dg.ExecutorDefinition = getattr(importlib.import_module(package), name)
    except ImportError as error:
        raise CoreMeasuresError(
            f"CORE_MEASURES_EXECUTOR is {settings.executor}, and its package cannot be imported"
            f" ({error}): pip install {package.replace('_', '-')}"
        ) from error
    if settings.broker is None or "celery" not in settings.executor:
        return found
    # A queue such as RabbitMQ gives answers back itself; a store keeps them.
    is_queue = settings.broker.startswith(("amqp", "pyamqp"))
    backend = "rpc://" if is_queue else settings.broker
    return found.configured({"broker": settings.broker, "backend": backend}, name=found.name)


def refresh_job(settings: Settings) -> dg.UnresolvedAssetJobDefinition:
    """The one way through: in one process, or with a step a publication."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=executor_of(settings),
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

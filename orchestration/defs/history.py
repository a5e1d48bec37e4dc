"""What a refresh by the command did, told to Dagster: the events of a run, without a run."""

from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.defs.assets import (
    Event,
    Translator,
    node_events,
    publication_events,
    publication_key,
    published_events,
    version_of_build,
)
from orchestration.pipeline.code import dbt_project
from orchestration.pipeline.reporter import Reporter
from orchestration.reporting.outcome import Outcome
from warehouse.build.dbt import NodeResult
from warehouse.build.shape import shapes_of


def tell_dagster(
    ended: Outcome, nodes: Sequence[NodeResult], reporter: Reporter, *, only: Sequence[str] = ()
) -> None:
    """Leave in the history of `DAGSTER_HOME` what a refresh made; `nodes` are what dbt built.

    `only` are the publications that were asked for, by default all. That it cannot be left fails
    nothing: what is served is served.
    """
    try:
        with dg.DagsterInstance.get() as instance:
            for event in _events(ended, nodes, only):
                instance.report_runless_asset_event(_without_run(event))
    except Exception as error:
        message = " ".join(str(error).split()) or repr(error)
        reporter.warn(f"Dagster's history has nothing of this refresh, or not all: {message[:300]}")


def _events(ended: Outcome, nodes: Sequence[NodeResult], only: Sequence[str]) -> Iterator[Event]:
    home, inventory = ended.home, ended.inventory
    for publication in inventory.contracts.values():
        if only and publication.publication not in only:
            continue
        yield from publication_events(
            publication_key(publication), publication, inventory, ended.arrived, home
        )
    if not ended.changed:
        return
    translator = Translator(inventory.contracts)
    yield from node_events(
        nodes,
        dbt_project(home).manifest(),
        translator,
        shapes_of(home.warehouse),
        version_of_build(inventory),
    )
    marts = sorted(path.stem for path in home.published.glob("*.parquet"))
    yield from published_events(home, inventory, marts)


def _without_run(event: Event) -> dg.AssetMaterialization | dg.AssetCheckEvaluation:
    assert event.asset_key is not None  # noqa: S101  # nosec B101  # each of ours names its asset
    if isinstance(event, dg.MaterializeResult):
        # As Dagster itself notes the version of what a run made.
        tags = {"dagster/data_version": event.data_version.value} if event.data_version else {}
        return dg.AssetMaterialization(event.asset_key, metadata=event.metadata, tags=tags)
    return dg.AssetCheckEvaluation(
        asset_key=event.asset_key,
        check_name=str(event.check_name),
        passed=event.passed,
        severity=event.severity,
        metadata=event.metadata,
    )

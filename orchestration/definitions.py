"""Dagster: one asset a publication, the dbt models with their tests, the published marts.

Wiring only. The job `refresh` is the one way through; the command runs the same job. Verdicts
are shown as asset checks and do not block: publishing reads them itself.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DAGSTER_TELEMETRY_ENABLED", "false")

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from ingest.contracts import Publication, load_contracts
from ingest.errors import CoreMeasuresError, FetchError
from orchestration.alerts import alert
from orchestration.freshness import State, freshness_of
from orchestration.refresh import LIVE, HeldRelease, Refresh, Stock
from warehouse.dbt import NodeResult
from warehouse.home import Home

JOB = "refresh"
PUBLISHED = dg.AssetKey("published_marts")
SITE = dg.AssetKey("site")
ADMITTED = "loads_admitted"
ON_TIME = "released_on_time"
SECONDS_BEFORE_RETRY = 20.0
# A night that was missed, and three in a row.
ASKED_EVERY_NIGHT = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=36), fail_window=timedelta(hours=84)
)


def home_folder() -> Path:
    """The home that Dagster works in: `CORE_MEASURES_HOME`, by default `./data`."""
    return Path(os.environ.get("CORE_MEASURES_HOME", "data")).absolute()


def publication_key(publication: Publication) -> dg.AssetKey:
    """`publications/<publisher>/<id>`; Dagster allows no dashes in a key."""
    return dg.AssetKey(
        ["publications", publication.publisher, publication.publication.replace("-", "_")]
    )


class Translator(DagsterDbtTranslator):
    """Models by schema and name; a load's table hangs on every publication that feeds it."""

    def __init__(self, contracts: Mapping[str, Publication]) -> None:
        super().__init__()
        self._feeds: dict[str, list[dg.AssetKey]] = {}
        for publication in contracts.values():
            for table in {file.table for file in publication.files}:
                self._feeds.setdefault(table, []).append(publication_key(publication))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """A model's schema and name; a source's table."""
        props = dbt_resource_props
        if props["resource_type"] == "source":
            return dg.AssetKey(["sources", props["source_name"], props["name"]])
        return dg.AssetKey([props["schema"].removeprefix("main_"), props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer: staging, measures, intermediate, marts, seeds."""
        return str(dbt_resource_props["schema"])

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetSpec:
        """The library's, its sources replaced by the publications that feed them."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        deps: dict[dg.AssetKey, dg.AssetDep] = {}
        for dep in spec.deps:
            if dep.asset_key.path[0] != "sources":
                deps[dep.asset_key] = dep
                continue
            table = dep.asset_key.path[-1]
            every = [key for keys in self._feeds.values() for key in keys]
            for key in self._feeds.get(table, every):
                deps[key] = dg.AssetDep(key)
        return spec.replace_attributes(deps=list(deps.values()))

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: Any,
    ) -> dg.AssetCheckSpec | None:
        """The library's, blocking nothing: a failed test keeps the candidate from being served."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return None if spec is None else spec._replace(blocking=False)


@dg.resource(
    config_schema={
        "source": dg.Field(
            str,
            default_value=os.environ.get("CORE_MEASURES_SOURCE", LIVE),
            description="sample, live, or the path or address of an archive",
        ),
        "only": dg.Field([str], default_value=[], description="publications to bring home"),
        "site": dg.Field(
            bool,
            default_value=os.environ.get("CORE_MEASURES_SITE", "true").lower()
            not in ("0", "false", "no", "off"),
            description="whether the pages are made too",
        ),
    }
)
def refresh_resource(context: dg.InitResourceContext) -> Iterator[Refresh]:
    """One refresh of `CORE_MEASURES_HOME`, holding its lock for the run."""
    home = Home(home_folder())
    home.prepare()
    log = context.log
    config = context.resource_config
    reporter = LogReporter(log)
    with home.locked(wait=True, waiting=lambda: reporter.say("Waiting for another refresh.")):
        refresh = Refresh(home, config["source"], tuple(config["only"]), reporter, config["site"])
        try:
            yield refresh
        finally:
            # Whatever became of the run: what is held, and is it served?
            alert(refresh)


class LogReporter:
    """Tells a refresh to Dagster's log."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._stage = ""

    def say(self, line: str) -> None:
        """Log the line."""
        self._log.info(line)

    def warn(self, line: str) -> None:
        """Log the line as a warning."""
        self._log.warning(line)

    def begin(self, stage: str, total: int) -> None:
        """Log the stage."""
        self._stage = stage
        self._log.info(f"{stage}: {total}")

    def advance(self, what: str) -> None:
        """Log the step, for who looks closely."""
        self._log.debug(f"{self._stage}: {what}")

    def end(self) -> None:
        """Say nothing more."""


def _publications(contracts: Mapping[str, Publication]) -> dg.AssetsDefinition:
    by_key = {publication_key(publication): publication for publication in contracts.values()}

    @dg.multi_asset(
        name="publications",
        specs=[
            dg.AssetSpec(
                key,
                group_name="publications",
                description=f"[{publication.title}]({publication.landing_page})",
                kinds={publication.publisher},
                tags={"frequency": publication.frequency},
                freshness_policy=ASKED_EVERY_NIGHT,
                skippable=True,
            )
            for key, publication in by_key.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                ADMITTED,
                asset=key,
                description=(
                    "Every load of every release held passed its checks, or a person accepted or"
                    " rejected it."
                ),
            )
            for key in by_key
        ]
        + [
            dg.AssetCheckSpec(
                ON_TIME,
                asset=key,
                description=(
                    "Its publisher published the next release when it was due: a warning when it"
                    " is late, an error when it is very late."
                ),
            )
            for key in by_key
        ],
        required_resource_keys={"refresh"},
        can_subset=True,
    )
    def publications(context: dg.AssetExecutionContext) -> Iterator[Any]:
        refresh: Refresh = context.resources.refresh
        if context.is_subset and not refresh.only:
            refresh.only = tuple(by_key[key].publication for key in context.selected_asset_keys)
        try:
            arrived = refresh.bring_home()
        except FetchError as error:
            # The network, and nothing else, is tried again: twice, further and further apart.
            raise dg.RetryRequested(
                max_retries=2, seconds_to_wait=SECONDS_BEFORE_RETRY * 3**context.retry_number
            ) from error
        refresh.check_loads()
        stock = refresh.stock()
        for key in context.selected_asset_keys:
            publication = by_key[key]
            held = [r for r in stock.releases if r.publication is publication]
            fresh = [str(r) for r in arrived if r.publication == publication.publication]
            yield dg.MaterializeResult(key, metadata=_publication_metadata(held, fresh))
            yield _admitted(key, publication, held, stock)
            yield _on_time(key, publication, held, refresh.home)

    return publications


def _publication_metadata(held: list[HeldRelease], fresh: list[str]) -> dict[str, Any]:
    newest = held[-1].release if held else None
    return {
        "releases held": len(held),
        "newest release": str(newest.folder) if newest else "none",
        "newest published": newest.published.isoformat() if newest else "",
        "came in this run": dg.MetadataValue.json(fresh),
        "loads": sum(len(release.loads) for release in held),
        "loads quarantined": sum(load.quarantined for release in held for load in release.loads),
    }


def _admitted(
    key: dg.AssetKey, publication: Publication, held: list[HeldRelease], stock: Stock
) -> dg.AssetCheckResult:
    reasons = {
        str(load.load): [f"{check}. {check.explanation}" for check in load.reasons]
        for release in held
        for load in release.loads
        if load.quarantined
    }
    decided = {
        str(load.load): f"{load.decided}. {load.decided.explanation}"
        for release in held
        for load in release.loads
        if load.decided
    }
    warnings = {
        str(load.load): [str(check) for check in load.verdict.warnings]
        for release in held
        for load in release.loads
        if load.verdict and load.verdict.warnings
    }
    prefix = f"{publication.publisher}/{publication.publication}/"
    problems = {p.path: [p.reason] for p in stock.problems if p.path.startswith(prefix)}
    return dg.AssetCheckResult(
        passed=not reasons and not problems,
        asset_key=key,
        check_name=ADMITTED,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "quarantined": dg.MetadataValue.json(reasons | problems),
            "warnings": dg.MetadataValue.json(warnings),
            "decided by a person": dg.MetadataValue.json(decided),
            "loads checked": sum(len(release.loads) for release in held),
        },
    )


def _on_time(
    key: dg.AssetKey, publication: Publication, held: list[HeldRelease], home: Home
) -> dg.AssetCheckResult:
    fresh = freshness_of(home, publication, [one.release for one in held])
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


def _new_releases(job: Any) -> dg.SensorDefinition:
    @dg.sensor(
        name="new_releases",
        job=job,
        minimum_interval_seconds=3600,
        description="Asks what publishers offer, hourly, and brings home what is not held.",
    )
    def new_releases(_: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from orchestration.live import new_in_source

        home = Home(home_folder())
        home.prepare()
        source = os.environ.get("CORE_MEASURES_SOURCE", LIVE)
        found, failed = new_in_source(Refresh(home, source))
        told = "; ".join(failed)
        if not found:
            return dg.SkipReason("Nothing new." + (f" Not asked: {told}" if told else ""))
        # What was found once is not asked for again by this: the nightly run sees to it.
        run_key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
        config = {"source": source, "only": sorted(found)}
        return dg.SensorResult(
            [dg.RunRequest(run_key, {"resources": {"refresh": {"config": config}}})]
        )

    return new_releases


def _models(manifest: dict[str, Any], translator: Translator) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=translator,
        name="models",
        exclude="resource_type:unit_test",
        required_resource_keys={"refresh"},
    )
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        refresh: Refresh = context.resources.refresh
        stock = refresh.stock()
        if refresh.is_served(stock):
            context.log.info("Nothing is new: the warehouse stands as it is.")
            return
        nodes: list[NodeResult] = []
        try:
            refresh.build(stock, nodes.append)
        finally:
            yield from _node_events(nodes, manifest, translator, context)

    return models


def _node_events(
    nodes: list[NodeResult],
    manifest: dict[str, Any],
    translator: Translator,
    context: dg.AssetExecutionContext,
) -> Iterator[Any]:
    for node in nodes:
        if node.unique_id.startswith("test."):
            key = get_asset_check_key_for_test(manifest, translator, node.unique_id, None)
            if key is not None and key in context.selected_asset_check_keys:
                yield dg.AssetCheckResult(
                    passed=node.status == "pass",
                    asset_key=key.asset_key,
                    check_name=key.name,
                    severity=(
                        dg.AssetCheckSeverity.WARN
                        if node.status == "warn"
                        else dg.AssetCheckSeverity.ERROR
                    ),
                    metadata={"seconds": node.seconds},
                )
        elif not node.failed:
            spec = translator.get_asset_spec(manifest, node.unique_id, None)
            if spec.key in context.selected_asset_keys:
                yield dg.MaterializeResult(spec.key, metadata={"seconds": node.seconds})


def _published(manifest: dict[str, Any], translator: Translator) -> dg.AssetsDefinition:
    marts = [
        translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]

    # One step: the pages are swapped in together with the marts that they are made from.
    @dg.multi_asset(
        name="published",
        specs=[
            dg.AssetSpec(
                PUBLISHED,
                deps=marts,
                group_name="published",
                description="Each mart as Parquet and CSV, with a data package, swapped in whole.",
                skippable=True,
            ),
            dg.AssetSpec(
                SITE,
                deps=[PUBLISHED],
                group_name="published",
                description="A page for each council and each measure, for people.",
                skippable=True,
            ),
        ],
        required_resource_keys={"refresh"},
    )
    def published_marts(context: dg.AssetExecutionContext) -> Iterator[Any]:
        refresh: Refresh = context.resources.refresh
        stock = refresh.stock()
        if refresh.is_served(stock):
            context.log.info("Nothing is new: the published marts stand as they are.")
            refresh.tell_metrics(succeeded=True)
            return
        names = refresh.publish(stock)
        yield dg.MaterializeResult(
            PUBLISHED,
            metadata={
                "marts": dg.MetadataValue.json(names),
                "folder": dg.MetadataValue.path(str(refresh.home.published)),
                "warehouse": dg.MetadataValue.path(str(refresh.home.warehouse)),
                "data docs": dg.MetadataValue.path(str(refresh.home.quality / "index.html")),
                "loads quarantined": len(stock.quarantined),
            },
        )
        index = refresh.home.site / "index.html"
        if refresh.with_site and index.exists():
            yield dg.MaterializeResult(SITE, metadata={"open": dg.MetadataValue.path(str(index))})

    return published_marts


def build_definitions(
    manifest: dict[str, Any],
    contracts: Mapping[str, Publication] | None = None,
    refresh: Callable[..., Any] | dg.ResourceDefinition = refresh_resource,
) -> dg.Definitions:
    """Everything Dagster sees, from a dbt manifest. A test or the command brings its refresh."""
    translator = Translator(contracts or load_contracts())
    # On a laptop a schedule is switched on by hand; a deployment has no hand.
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if os.environ.get("CORE_MEASURES_SCHEDULES", "").lower() == "on"
        else dg.DefaultScheduleStatus.STOPPED
    )
    assets = [
        _publications(contracts or load_contracts()),
        _models(manifest, translator),
        _published(manifest, translator),
    ]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Bring home what is new, check it, build, guard the facts, swap, publish.",
    )
    return dg.Definitions(
        assets=assets,
        jobs=[job],
        executor=dg.in_process_executor,
        resources={"refresh": refresh},
        sensors=[_new_releases(job)],
        schedules=[
            dg.ScheduleDefinition(
                name="nightly",
                job=job,
                cron_schedule=os.environ.get("CORE_MEASURES_NIGHTLY", "0 2 * * *"),
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
        ],
    )


def run_job(refresh: Refresh) -> None:
    """Run the job `refresh` in this process.

    Raises
    ------
    CoreMeasuresError
        What the step that failed said.
    """
    definitions = build_definitions(
        refresh.dbt.manifest(),
        refresh.contracts,
        dg.ResourceDefinition.hardcoded_resource(refresh),
    )
    instance = dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else None
    try:
        definitions.resolve_job_def(JOB).execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            instance=instance,
        )
    except dg.DagsterExecutionStepExecutionError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, CoreMeasuresError):
            cause = cause.__cause__
        raise cause or error from error


def served_definitions() -> dg.Definitions:
    """For `dagster dev`: the manifest is parsed in the home, when the project has changed."""
    home = Home(home_folder())
    home.prepare()
    return build_definitions(Refresh(home, LIVE).dbt.manifest())

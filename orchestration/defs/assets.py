"""The assets: one a publication, the dbt models with their tests, what is published.

Each step calls a function of the pipeline, and shows what it said. Dagster reads the annotations of
a step as they stand, so that none of them is put off.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from ingest.archive.release import Release
from ingest.contracts.contract import Publication
from ingest.errors import FetchError
from orchestration.defs.checks import loads_admitted, released_on_time, specs_for
from orchestration.defs.resources import RefreshRun, Work
from orchestration.pipeline.build import NotPublishedError, build, standing_candidate
from orchestration.pipeline.inventory import Contracts, HeldRelease, Inventory
from orchestration.pipeline.publish import publish, still_served
from warehouse.build.dbt import NodeResult
from warehouse.build.shape import TableShape, shapes_of
from warehouse.serve.home import Home

Made = dg.MaterializeResult[Any]
Event = Made | dg.AssetCheckResult
"""What a step tells of an asset: that it was made, or what a check of it said."""

PUBLISHED = dg.AssetKey("published_marts")
SITE = dg.AssetKey("site")
SECONDS_BEFORE_RETRY = 20.0
# So many tell one title from another, and fit into Dagster's graph.
_WORDS_IN_A_NAME = 6
# Beside an asset that no build has made anew.
_AS_IT_STOOD: Mapping[str, float | str] = {"nothing new": "it stands as it was built"}
# A night that was missed, and three in a row.
ASKED_EVERY_NIGHT = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=36), fail_window=timedelta(hours=84)
)


def publication_key(publication: Publication) -> dg.AssetKey:
    """`publications/<publisher>/<id>`; Dagster allows no dashes in a key.

    An id that is a number alone, as an indicator's of Fingertips, has its title behind it.
    """
    name = publication.publication.replace("-", "_")
    if name.isdecimal():
        words = re.findall(r"[a-z0-9]+", publication.title.lower())
        name = "_".join([*words[:_WORDS_IN_A_NAME], name])
    return dg.AssetKey(["publications", publication.publisher, name])


class Translator(DagsterDbtTranslator):
    """Models by schema and name; a load's table hangs on every publication that feeds it."""

    def __init__(self, contracts: Contracts) -> None:
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
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
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
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """The library's, blocking nothing: a failed test keeps the candidate from being served."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return None if spec is None else spec._replace(blocking=False)


def publication_assets(contracts: Contracts, *, apart: bool = False) -> list[dg.AssetsDefinition]:
    """An asset a publication: bring home what is new, and check it.

    All are made by one step, or `apart` each by its own, which an executor may run anywhere.
    """
    if apart:
        return [
            _publications(name.replace("-", "_"), {name: publication})
            for name, publication in contracts.items()
        ]
    return [_publications("publications", contracts)]


def _publications(name: str, contracts: Contracts) -> dg.AssetsDefinition:
    by_key = {publication_key(publication): publication for publication in contracts.values()}

    @dg.multi_asset(
        name=name,
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
        check_specs=[spec for key in by_key for spec in specs_for(key)],
        can_subset=True,
    )
    def publications(context: dg.AssetExecutionContext, refresh: RefreshRun) -> Iterator[Event]:
        work = refresh.work
        selected = tuple(by_key[key].publication for key in context.selected_asset_keys)
        only = work.only
        if context.is_subset and not only:
            only = selected
        if work.apart:
            only = tuple(one for one in selected if not work.only or one in work.only)
        with work.unless_stopped():
            try:
                with work.holding(*(selected if work.apart else ())):
                    if only or not work.apart:
                        work.collect_and_check(only)
            except FetchError as error:
                # The network, and nothing else, is tried again: twice, further and further apart.
                raise dg.RetryRequested(
                    max_retries=2, seconds_to_wait=SECONDS_BEFORE_RETRY * 3**context.retry_number
                ) from error
            inventory, arrived = work.inventory, work.arrived
            for key in context.selected_asset_keys:
                yield from publication_events(key, by_key[key], inventory, arrived, work.home)

    return publications


def publication_events(
    key: dg.AssetKey,
    publication: Publication,
    inventory: Inventory,
    arrived: Sequence[Release],
    home: Home,
) -> Iterator[Event]:
    """What became of a publication in a refresh, and its checks."""
    fresh = [str(release) for release in arrived if release.publication == publication.publication]
    held = inventory.of(publication)
    yield dg.MaterializeResult(
        key, metadata=_publication_metadata(held, fresh), data_version=_version_of_releases(held)
    )
    yield loads_admitted(key, publication, inventory)
    yield released_on_time(key, publication, inventory, home)


def _version_of_releases(held: Sequence[HeldRelease]) -> dg.DataVersion:
    """Another one as soon as a file, or what becomes of it, is another."""
    content = [
        [one.release.path, one.release.hashes, [o.outcome for o in one.loads]] for one in held
    ]
    return dg.DataVersion(hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest())


def version_of_build(inventory: Inventory) -> dg.DataVersion:
    """Of whatever a build made: it is a function of what was held and of the code."""
    return dg.DataVersion(inventory.digest)


def _publication_metadata(
    held: list[HeldRelease], fresh: list[str]
) -> dict[str, str | int | dg.JsonMetadataValue]:
    newest = held[-1].release if held else None
    return {
        "releases held": len(held),
        "newest release": str(newest.folder) if newest else "none",
        "newest published": newest.published.isoformat() if newest else "",
        "came in this run": dg.MetadataValue.json(fresh),
        "loads": sum(len(release.loads) for release in held),
        "loads refused": sum(load.refused for release in held for load in release.loads),
    }


def model_assets(manifest: dict[str, Any], translator: Translator) -> dg.AssetsDefinition:
    """An asset a dbt model and seed, with a check a test, all made by one build."""

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=translator,
        name="models",
        exclude="resource_type:unit_test",
    )
    def models(context: dg.AssetExecutionContext, refresh: RefreshRun) -> Iterator[Event]:
        work = refresh.work
        with work.unless_stopped(), work.holding():
            yield from made(context, work)

    def made(context: dg.AssetExecutionContext, work: Work) -> Iterator[Event]:
        if work.is_served:
            context.log.info("Nothing is new: the warehouse stands as it is.")
            yield from _as_it_stood(context, work.inventory)
            return
        if work.apart and not work.inventory.releases:
            why = next((f": {problem}" for problem in work.inventory.problems), "")
            raise NotPublishedError(f"Nothing is held, so nothing was published{why}.")
        nodes: list[NodeResult] = []
        try:
            with work.unless_stopped():
                build(work.home, work.inventory, reporter=work.reporter, on_node=nodes.append)
        finally:
            built = shapes_of(work.home.candidate)
            version = version_of_build(work.inventory)
            for event in node_events(nodes, manifest, translator, built, version):
                if _is_selected(event, context):
                    yield event

    return models


def _is_selected(event: Event, context: dg.AssetExecutionContext) -> bool:
    if event.asset_key is None:
        return False
    if isinstance(event, dg.AssetCheckResult):
        key = dg.AssetCheckKey(event.asset_key, str(event.check_name))
        return key in context.selected_asset_check_keys
    return event.asset_key in context.selected_asset_keys


def _as_it_stood(context: dg.AssetExecutionContext, inventory: Inventory) -> Iterator[Made]:
    """What a night with nothing new did of each asset: it was seen to be as it is to be."""
    # Dagster takes an asset after those that it is made of.
    order = TopologicalSorter(context.assets_def.asset_deps).static_order()
    for key in (one for one in order if one in context.selected_asset_keys):
        yield dg.MaterializeResult(
            key,
            metadata=_AS_IT_STOOD,
            data_version=version_of_build(inventory),
        )


def node_events(
    nodes: Sequence[NodeResult],
    manifest: dict[str, Any],
    translator: Translator,
    built: Mapping[tuple[str, str], TableShape],
    version: dg.DataVersion,
) -> Iterator[Event]:
    """What dbt made or kept, each with its rows, columns and types, and how its tests ended."""
    # Dagster takes an asset after those that it is made of; a build lists first what it kept.
    before = {one: node["depends_on"].get("nodes", ()) for one, node in manifest["nodes"].items()}
    place = {one: number for number, one in enumerate(TopologicalSorter(before).static_order())}
    for node in sorted(nodes, key=lambda one: place.get(one.unique_id, len(place))):
        if node.unique_id.startswith("test."):
            key = get_asset_check_key_for_test(manifest, translator, node.unique_id, None)
            if key is not None:
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
        elif not node.failed and (props := manifest["nodes"].get(node.unique_id)):
            if props["resource_type"] not in ("model", "seed"):
                continue
            shape = built.get((props["schema"], props["alias"]))
            how = _AS_IT_STOOD if node.status == "kept" else {"seconds": node.seconds}
            yield dg.MaterializeResult(
                translator.get_asset_key(props),
                metadata={**how, **(_shape_metadata(shape) if shape else {})},
                data_version=version,
            )


def _shape_metadata(shape: TableShape) -> dict[str, int | dg.TableSchema]:
    """Under the names by which Dagster shows them."""
    columns = [
        dg.TableColumn(name, type=kind, description=description or None)
        for name, kind, description in shape.columns
    ]
    rows = {} if shape.rows is None else {"dagster/row_count": shape.rows}
    return rows | {"dagster/column_schema": dg.TableSchema(columns)}


def published_assets(manifest: dict[str, Any], translator: Translator) -> dg.AssetsDefinition:
    """The published marts and the site: one step, since they are swapped in together."""
    marts = [
        translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]

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
    )
    def published_marts(context: dg.AssetExecutionContext, refresh: RefreshRun) -> Iterator[Event]:
        work = refresh.work
        with work.unless_stopped(), work.holding():
            yield from made(context, work)
            if work.apart:
                work.tell()

    def made(context: dg.AssetExecutionContext, work: Work) -> Iterator[Event]:
        home = work.home
        if work.is_served:
            context.log.info("Nothing is new: the published marts stand as they are.")
            still_served(home, work.reporter)
            yield from _as_it_stood(context, work.inventory)
            return
        candidate = standing_candidate(home, work.inventory)
        published = publish(home, candidate, reporter=work.reporter, with_site=work.with_site)
        yield from published_events(home, work.inventory, published.marts, work.with_site)

    return published_marts


def published_events(
    home: Home, inventory: Inventory, marts: Sequence[str], with_site: bool = True
) -> Iterator[Made]:
    """What is served since a build was swapped in."""
    yield dg.MaterializeResult(
        PUBLISHED,
        metadata={
            "marts": dg.MetadataValue.json(list(marts)),
            "folder": dg.MetadataValue.path(str(home.published)),
            "warehouse": dg.MetadataValue.path(str(home.warehouse)),
            "data docs": dg.MetadataValue.path(str(home.quality / "index.html")),
            "loads refused": len(inventory.refused),
        },
        data_version=version_of_build(inventory),
    )
    index = home.site / "index.html"
    if with_site and index.exists():
        yield dg.MaterializeResult(
            SITE,
            metadata={"open": dg.MetadataValue.path(str(index))},
            data_version=version_of_build(inventory),
        )

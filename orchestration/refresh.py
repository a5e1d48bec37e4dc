"""A whole refresh: the four steps of the pipeline, the home's lock around them, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expectations.results.releases import prepare_workers
from ingest.contracts.load import load_contracts
from ingest.errors import CoreMeasuresError, HomeError
from orchestration.pipeline.build import build, get_ready_to_build
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect, holds_anything
from orchestration.pipeline.inventory import Contracts, Inventory, is_served, take_inventory
from orchestration.pipeline.publish import publish, still_served
from orchestration.pipeline.reporter import SILENT, Reporter
from orchestration.pipeline.source import check_source
from orchestration.reporting.alerts import alert
from orchestration.reporting.metrics import write_metrics
from orchestration.reporting.outcome import Outcome
from orchestration.reporting.progress import Watched
from orchestration.settings import Settings
from warehouse.serve.home import Home, disk_fault

if TYPE_CHECKING:
    from warehouse.build.dbt import NodeResult


def refresh(
    home: Home,
    source: str,
    *,
    only: Sequence[str] = (),
    reporter: Reporter = SILENT,
    with_site: bool = True,
    wait: bool = True,
    on_node: Callable[[NodeResult], None] | None = None,
) -> Outcome:
    """Bring home what is new, check it, build, guard, swap, publish; tell metrics and alerts.

    `only` narrows what is collected, never what is built. What is served already is not built
    again: then neither Great Expectations nor dbt is started.

    Raises
    ------
    CoreMeasuresError
        Nothing was published; what was served before still stands.
    """
    contracts = load_contracts()
    watched = Watched(reporter)
    try:
        check_source(source, contracts, only)
    except CoreMeasuresError as error:
        alert(home, contracts, reporter, failed=str(error))
        raise
    with at_work(home, reporter, wait=wait), outcome_reported(home, contracts, watched) as tell:
        if Settings.read().processes > 1 and not holds_anything(home, contracts):
            # All that comes is to be checked and built: what takes seconds to begin begins now.
            prepare_workers()
            get_ready_to_build()
        arrived = collect(home, source, contracts, only=only, reporter=watched)
        inventory = check(home, contracts, reporter=watched, build_next=True)
        changes = None
        if is_served(home, inventory):
            still_served(home, watched)
        else:
            candidate = build(home, inventory, reporter=watched, on_node=on_node)
            changes = publish(home, candidate, reporter=watched, with_site=with_site).changes
        tell(inventory)
    return Outcome(home, inventory, tuple(arrived), changes, watched.seconds)


@contextmanager
def at_work(
    home: Home, reporter: Reporter, *, wait: bool, keep_candidate: bool = False
) -> Iterator[None]:
    """The home made ready, held by its lock and swept, for one refresh.

    A candidate that is whole may be kept, for who publishes in a run of its own.

    Raises
    ------
    HomeError
        The home cannot be written, or another refresh holds it and `wait` is false.
    """
    home.prepare()
    waiting = "Another refresh of this home is running; waiting for it to end."
    with home.locked(wait=wait, waiting=lambda: reporter.say(waiting)):
        home.sweep(keep_candidate=keep_candidate)
        yield


@contextmanager
def outcome_reported(
    home: Home, contracts: Contracts, watched: Watched
) -> Iterator[Callable[[Inventory], None]]:
    """Leave metrics and send alerts when a refresh ends; give it what it ended with, if well.

    Raises
    ------
    CoreMeasuresError
        What the refresh raised; a disk that takes nothing more is told in one sentence.
    """
    ended: list[Inventory] = []
    try:
        yield ended.append
    except Exception as error:
        fault = None if isinstance(error, CoreMeasuresError) else disk_fault(error)
        if fault is not None:
            # A disk that is full takes no metrics either.
            full = _full(home, fault)
            alert(home, contracts, watched, failed=str(full))
            raise full from error
        leave_metrics(home, watched, None)
        reason = str(error) if isinstance(error, CoreMeasuresError) else repr(error)
        alert(home, contracts, watched, failed=reason)
        raise
    inventory = ended[0] if ended else take_inventory(home, contracts)
    leave_metrics(home, watched, inventory)
    alert(home, contracts, watched, inventory=inventory)


def _full(home: Home, fault: str) -> HomeError:
    return HomeError(
        f"The home {home.root} takes nothing more, so nothing was swapped: {fault}."
        " Make room, and refresh again."
    )


def leave_metrics(home: Home, watched: Watched, inventory: Inventory | None) -> None:
    """Leave the metrics of a refresh; that they cannot be written fails nothing."""
    try:
        write_metrics(home, watched.seconds, inventory)
    except OSError as error:
        watched.warn(f"No metrics were written: {error}")

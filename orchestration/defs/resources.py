"""The one resource: a refresh of a home, with the home's lock held for the run.

Where steps run apart, each in a process of its own and maybe elsewhere, each holds what it needs: a
publication, or the whole home; and the last step tells what became of the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import dagster as dg
from pydantic import Field, PrivateAttr

from ingest.archive.release import Release
from ingest.contracts.load import load_contracts
from orchestration.defs.stopping import ends_when_asked
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import Contracts, Inventory, is_served, take_inventory
from orchestration.refresh import at_work, leave_metrics
from orchestration.reporting.alerts import alert
from orchestration.reporting.progress import Watched
from orchestration.settings import Settings
from warehouse.serve.home import Home


@dataclass
class Work:
    """What the steps of one run share: the home, and what the steps before found."""

    home: Home
    source: str
    only: tuple[str, ...]
    with_site: bool
    contracts: Contracts
    reporter: Watched
    # Does not return where the run was asked to end.
    settle: Callable[[], None]
    # Whether each step is a process of its own.
    apart: bool = False
    arrived: list[Release] = field(default_factory=list)
    _inventory: Inventory | None = None

    @property
    def inventory(self) -> Inventory:
        """What is held, read once a run; a run that does not check reads it here."""
        if self._inventory is None:
            self._inventory = take_inventory(self.home, self.contracts)
        return self._inventory

    @property
    def is_served(self) -> bool:
        """Whether what is held is what is served."""
        return is_served(self.home, self.inventory)

    @contextmanager
    def unless_stopped(self) -> Iterator[None]:
        """What a request to end made of the work inside is told as that, and as no fault."""
        try:
            yield
        except BaseException:
            self.settle()
            raise

    @contextmanager
    def holding(self, publication: str | None = None) -> Iterator[None]:
        """Hold a publication, or the whole home, for a step; a run in one process holds it all."""
        if not self.apart:
            yield
        elif publication is not None:
            with self.home.shared(publication):
                yield
        else:
            with at_work(self.home, self.reporter, wait=True, keep_candidate=True):
                # What was held before others were let in is no longer what is held.
                self._inventory = None
                yield

    def collect_and_check(self, only: tuple[str, ...]) -> None:
        """Bring home what is new of all publications, or of `only`, and check it.

        All that is held is checked, but for a step of its own: that is for what it brings home.
        """
        self.arrived = collect(
            self.home,
            self.source,
            self.contracts,
            only=only,
            reporter=self.reporter,
            beside_others=self.apart,
        )
        checked = {name: self.contracts[name] for name in only} if self.apart else self.contracts
        self._inventory = check(
            self.home, checked, reporter=self.reporter, build_next=not self.apart
        )

    def tell(self) -> None:
        """Leave metrics and send alerts of what is held, and whether it is served."""
        inventory = take_inventory(self.home, self.contracts)
        served = is_served(self.home, inventory)
        leave_metrics(self.home, self.reporter, inventory if served else None)
        alert(self.home, self.contracts, self.reporter, inventory=inventory)


class RefreshRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One refresh of `CORE_MEASURES_HOME`. What is left out is as the environment has it."""

    source: str | None = Field(
        default=None, description="sample, live, or the path or address of an archive"
    )
    only: list[str] = Field(default=[], description="publications to bring home; by default all")
    site: bool | None = Field(default=None, description="whether the pages are made too")

    _work: Work | None = PrivateAttr(None)

    @property
    def work(self) -> Work:
        """The run's work, while it lasts."""
        if self._work is None:
            raise RuntimeError("a refresh is at work only while its run lasts")
        return self._work

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[RefreshRun]:
        """Hold the home's lock for the run; leave metrics and send alerts when it ends.

        A run that is asked to end does so at once, as `orchestration.defs.stopping` says.
        """
        if _is_over(context):
            # Who looks at its result has the resources made once more.
            yield self
            return
        settings = Settings.read()
        log = cast(logging.Logger, context.log)
        if settings.steps_apart:
            # Who asks such a step to end is heard by its executor, which ends the run.
            self._work = self._work_of(settings, log, lambda: None)
            self._work.home.prepare()
            yield self
            self._work = None
            return
        instance, run = cast(dg.DagsterInstance, context.instance), cast(dg.DagsterRun, context.run)
        with ends_when_asked(instance, run) as settle:
            work = self._work_of(settings, log, settle)
            # Marts may have been materialised by a run of their own: what is whole stays.
            with at_work(work.home, work.reporter, wait=True, keep_candidate=True):
                self._work = work
                try:
                    yield self
                finally:
                    settle()
                    # Whatever became of the run: what is held, and is it served?
                    work.tell()
                    self._work = None

    def _work_of(self, settings: Settings, log: logging.Logger, settle: Callable[[], None]) -> Work:
        return Work(
            settings.home_at(settings.home_folder),
            self.source or settings.source,
            tuple(self.only),
            settings.site if self.site is None else self.site,
            load_contracts(),
            Watched(LogReporter(log)),
            settle,
            settings.steps_apart,
        )


def _is_over(context: dg.InitResourceContext) -> bool:
    if context.instance is None or context.run is None:
        return False
    run = context.instance.get_run_by_id(context.run.run_id)
    return run is not None and run.is_finished


class LogReporter:
    """Tells a refresh to Dagster's log."""

    def __init__(self, log: logging.Logger) -> None:
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

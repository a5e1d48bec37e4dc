"""Where drifted releases arrive: a home that holds a publication's releases before.

A drifted release goes the way of every release, by the calls of a refresh: it is read, checked,
and laid into a candidate, on which the SQL that dbt wrote for the whole archive makes its figures.
Only what follows the figures is left out; `report` sends a share of the drifts through the command
to see that nothing hangs on it.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from ingest.archive.release import PublishedFile, Release
from ingest.contracts.contract import FileContract, Publication
from ingest.councils import Councils
from orchestration.pipeline.build import build
from orchestration.pipeline.check import check
from reliability.drift.document import Document, take_apart
from reliability.site import Compiled, CompiledProject, Recorder, beneath_figures, lay_release
from warehouse.build.dbt import NodeResult
from warehouse.connection import SETTINGS
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from warehouse.build.dbt import Project

# Releases held before the newest: enough for history to speak.
_OLDER = 4
_KEY = "measure_id, series_id, area_level, area_code, period_type, period_end"
_COMBINED_AUTHORITY = "E47"
_TOLD = "value, numerator, denominator, lower_95, upper_95"


@dataclass(frozen=True)
class Fact:
    """What a figure says: its numbers, its status where it has none, and the year it is of."""

    numbers: tuple[float | None, ...]
    status: str
    year: int


Facts = dict[tuple[Any, ...], Fact]


@dataclass(frozen=True)
class Judgement:
    """What became of a release: what was said in refusing it, or its facts.

    `refusals` are sentences, `ways_out` what is said beside them of what to do, `exit_code` what
    the command ends with.
    """

    refusals: tuple[str, ...]
    ways_out: tuple[str, ...]
    facts: Facts
    exit_code: int
    messages: tuple[str, ...]


def figures_alone(compiled: Compiled) -> Compiled:
    """Of what dbt did, the seeds and models that the figures are made of."""
    wanted = beneath_figures(compiled.manifest["nodes"])
    kept = tuple(n for n in compiled.nodes if n.kind == "seed" or n.unique_id in wanted)
    return replace(compiled, nodes=kept)


class NoHistoryError(Exception):
    """No release of the file is held before another, or none of them was admitted."""


class DriftSite:
    """A home with up to four admitted releases of a file, and the newest to be drifted."""

    def __init__(
        self,
        folder: Path,
        base: Home,
        publication: Publication,
        contract: FileContract,
        compiled: Compiled,
    ) -> None:
        self.base, self.publication, self.contract = base, publication, contract
        self.compiled = compiled
        self.home = Home(folder)
        self.home.prepare()
        self.home.loads.folder.mkdir(exist_ok=True)
        self.project = _FiguresProject(
            self.home, compiled, frozenset(file.table for file in publication.files)
        )
        self._sound_rows: Counter[tuple[str | None, ...]] | None = None
        held = base.archive.held(publication.publisher, publication.publication)
        of_the_file = [one for one in held if _narrowed(one, publication, contract)]
        for release in of_the_file[-_OLDER - 1 :]:
            files = _narrowed(release, publication, contract)
            narrowed = release.model_copy(update={"files": files})
            content = {file.name: self._bytes(release, file) for file in files}
            lay_release(self.home.archive.folder, narrowed, content)
            for kept in (path for file in files for path in base.loads.kept(file)):
                shutil.copy(kept, self.home.loads.folder)
        admitted = [
            (one.load.release, one.load.file, one.verdict.understanding)
            for one in check(self.home).loads
            if one.load.contract.file_id == contract.file_id
            and one.admitted
            and one.verdict
            and one.verdict.understanding
        ]
        if len(admitted) < 2:
            raise NoHistoryError(f"{len(admitted)} releases of it were admitted")
        self.release, self.file, understanding = admitted[-1]
        self._mapping = understanding.columns
        # The contract's labels, as they stand in the file as published.
        self.printed_labels = {
            ours: printed
            for labels in understanding.labels.values()
            for printed, ours in labels.items()
        }
        self.newest = of_the_file[-1].path
        # A later release that is refused would stand in the drifted one's way.
        kept_releases = {release.path for release, *_ in admitted[:-1]}
        for release in of_the_file:
            if release.path not in kept_releases:
                shutil.rmtree(self.home.archive.folder / release.path, ignore_errors=True)
        self._known = {path.name for path in self.home.loads.folder.iterdir()}

    def _bytes(self, release: Release, file: PublishedFile) -> bytes:
        return (self.base.archive.folder / release.path / file.name).read_bytes()

    @cached_property
    def document(self) -> Document:
        """The newest release's file, taken apart."""
        content = self._bytes(self.release, self.file)
        patterns = [p for file in self.publication.files for p in file.reading.sheets]
        return take_apart(self.file.name, content, self.contract, self._mapping, patterns)

    @cached_property
    def sound(self) -> Judgement:
        """What becomes of the newest release as it was published."""
        return self.judge(self.document)

    def judge(self, document: Document) -> Judgement:
        """Let a file arrive in the newest release's place, and see what becomes of it."""
        files = {document.name: document.written(), **document.beside}
        named = tuple(self.file.model_copy(update={"name": name, "title": ""}) for name in files)
        release = self.release.model_copy(update={"files": named})
        lay_release(self.home.archive.folder, release, files)
        recorder = Recorder()
        try:
            inventory = check(self.home, reporter=recorder)
            loads = [one for one in inventory.loads if one.load.release.path == release.path]
            refusals = tuple(
                f"{one.load.contract.file_id}: {reason}"
                for one in loads
                for reason in one.reasons
                if not one.admitted
            )
            ways_out = tuple(
                check.explanation
                for one in loads
                if one.verdict and not one.admitted
                for check in one.verdict.checks
                if check.blocks
            )
            code = 0 if inventory.sound else 2
            facts: Facts = {}
            if any(one.admitted for one in loads):
                with suppress(_EnoughError):
                    build(self.home, inventory, dbt=cast("Project", self.project))
                facts = self._figures(release)
            return Judgement(refusals, ways_out, facts, code, tuple(recorder.lines))
        finally:
            shutil.rmtree(self.home.archive.folder / release.path)
            for path in self.home.loads.folder.iterdir():
                if path.name not in self._known:
                    path.unlink()

    def _figures(self, release: Release) -> Facts:
        """The figures of the candidate; those of the sound file, where its rows are the same."""
        which = [release.publication, release.release, release.version]
        with duckdb.connect(str(self.home.candidate), config=SETTINGS) as con:
            # In a process of a pool it takes itself for a notebook's, and draws.
            con.execute("set enable_progress_bar = false")
            rows = self._printed(con, which)
            if self._sound_rows is not None and rows == self._sound_rows:
                return self.sound.facts
            self.project.figures(con)
            facts = self._facts(con, which)
        if self._sound_rows is None:
            self._sound_rows = rows
        return facts

    def _printed(self, con: Any, which: list[Any]) -> Counter[tuple[str | None, ...]]:
        """The rows of the load under the contract's names, whatever their order."""
        listed = ", ".join(f'"{name}"' for name in sorted(self.contract.column_names))
        return Counter(
            con.execute(
                f'select {listed} from loads."{self.contract.table}"'
                " where publication = ? and release = ? and version = ?",
                which,
            ).fetchall()
        )

    def _facts(self, con: Any, which: list[Any]) -> Facts:
        rows = con.execute(
            f"select ({_KEY}), ({_TOLD}), status, year from intermediate.int_core_measure"
            " where publication = ? and release = ? and version = ?",
            which,
        ).fetchall()
        if rows or self._makes_figures:
            return {key: Fact(numbers, status, year) for key, numbers, status, year in rows}
        return self._rows(con, which)

    @cached_property
    def _makes_figures(self) -> bool:
        from expectations.panel.measures import series_of

        return bool(series_of(self.contract))

    def _rows(self, con: Any, which: list[Any]) -> Facts:
        """The cells of a list that no figure is printed in, under the contract's names."""
        contract = self.contract
        named = [c.name for c in contract.columns if c.role not in ("identity",)]
        names = list(dict.fromkeys((*contract.key, *named)))
        listed = ", ".join(f'"{name}"' for name in names)
        rows = con.execute(
            f'select {listed} from loads."{contract.table}"'
            " where publication = ? and release = ? and version = ?",
            which,
        ).fetchall()
        keys = len(dict.fromkeys(contract.key))
        known_by = contract.area.known_by
        codes = {*contract.area.codes.values()} if known_by in ("gss", "name") else set()
        at = [i for i, name in enumerate(names[:keys]) if name in codes]
        councils = Councils.load()
        districts = councils.districts()

        def entity(cell: str) -> str:
            # A council known by its name is the same one under whatever name it is printed.
            if known_by == "name":
                return councils.entity(councils.code_of(cell, known_by) or cell)
            return districts.entity(cell)

        found = {}
        for row in rows:
            key = [entity(cell.strip()) if i in at else cell for i, cell in enumerate(row[:keys])]
            # An area of a kind that has no figures here.
            if any(str(key[i]).startswith(_COMBINED_AUTHORITY) for i in at):
                continue
            others = "|".join(_plain(cell) for cell in row[keys:])
            found[tuple(map(_plain, key))] = Fact((), others, 0)
        return found


def _plain(cell: str | None) -> str:
    return re.sub(r"\s+", " ", (cell or "").strip()).lower()


class _EnoughError(Exception):
    """The candidate has its loads: what a refresh does next is not wanted here."""


class _FiguresProject(CompiledProject):
    """Stands where a refresh has its dbt project, and makes figures when it is asked for them."""

    def build(
        self, on_node: Callable[[NodeResult], None], only: Sequence[str] = ()
    ) -> list[NodeResult]:
        """Go no further than the loads.

        Raises
        ------
        _EnoughError
            Always.
        """
        raise _EnoughError

    def figures(self, con: Any) -> None:
        """Run the seeds and models that figures are made of.

        Raises
        ------
        RuntimeError
            One of them fails.
        """
        con.execute(f"attach '{self.compiled.seeds}' as served (read_only)")
        for node in self.compiled.nodes:
            result = self._run(con, node)
            if result.failed:
                raise RuntimeError(f"{result.name}: {result.message}")


def _narrowed(
    release: Release, publication: Publication, contract: FileContract
) -> tuple[PublishedFile, ...]:
    """A release's file of a contract; where none has its name, those that have no other's."""
    if own := tuple(file for file in release.files if contract.match(file.name)):
        return own
    return tuple(
        file
        for file in release.files
        if not publication.file_for(file.name) and not publication.is_unread(file.name)
    )

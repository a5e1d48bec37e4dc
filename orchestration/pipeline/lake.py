"""Building on a lake: workers build groups of measures each, one joins and builds the rest."""

from __future__ import annotations

import json
import os
import shlex
import subprocess  # nosec B404
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.pipeline.reporter import Reporter
from warehouse.build.on_lake import (
    dbt_variables,
    fetch_candidate,
    hand_over,
    new_build,
    part_of,
    plan_of,
    write_plan,
)
from warehouse.publish.lake import Lake, LakeError, attached

if TYPE_CHECKING:
    from warehouse.build.dbt import NodeResult, Project

_NODE, _RESULT = "node", "result"
_LAST_WORDS = 300


def build_on_lake(
    lake: Lake,
    dbt: Project,
    workers: int,
    launch: str,
    on_node: Callable[[NodeResult], None],
    reporter: Reporter,
) -> list[NodeResult]:
    """Build what a new candidate holds on a lake, and make a candidate of the result.

    `workers` processes build a part of the measures each; `launch` is the command that starts one,
    by default this program's own. How each node ended is returned; where one failed, what comes
    after it was not built.

    Raises
    ------
    LakeError
        The lake cannot be reached or written, or a worker did not end as it should.
    """
    home = dbt.home
    with new_build(lake, home.work / "lake.build") as (name, place):
        rows = hand_over(place, home.candidate, dbt.digest)
        manifest = dbt.manifest()
        # A catalogue in a file is one process's at a time.
        plan = plan_of(manifest, rows, workers if lake.is_postgres else 1)
        write_plan(place, plan, sorted({node["schema"] for node in manifest["nodes"].values()}))
        count = len(plan.parts)
        reporter.say(f"Building on {lake} with {count} worker{'s' if count > 1 else ''}")
        with _project_on(place, dbt) as on:
            results = on.build(on_node, plan.first) if plan.first else []
            if not _failed(results, place):
                results += _parts(name, len(plan.parts), launch, on_node)
            if not _failed(results, place):
                results += on.build(on_node, plan.rest)
                _failed(results, place)
                fetch_candidate(place, home.candidate)
    return results


def work_on(name: str, part: int, say: Callable[[str], None]) -> bool:
    """Build one part of a build that is under way; `say` gets a line of JSON a node as it ends.

    Raises
    ------
    LakeError
        The environment names no lake, it cannot be reached, or the build is not of this code.
    """
    from orchestration.pipeline.code import dbt_project
    from warehouse.serve.home import Home

    lake = Lake.from_environment()
    if lake is None:
        raise LakeError("No lake is named: set CORE_MEASURES_LAKE and CORE_MEASURES_LAKE_DATA.")
    place = lake.beside(name)

    def on_node(node: NodeResult) -> None:
        say(json.dumps({_NODE: asdict(node)}))

    with tempfile.TemporaryDirectory(prefix="core-measures-") as folder:
        dbt = dbt_project(Home(Path(folder)))
        nodes = part_of(place, part, dbt.digest)
        with _project_on(place, dbt) as on:
            results = on.build(on_node, nodes) if nodes else []
    for result in results:
        say(json.dumps({_RESULT: asdict(result)}))
    return not any(result.failed for result in results)


@contextmanager
def _project_on(place: Lake, dbt: Project) -> Iterator[Project]:
    from warehouse.build.dbt import Project

    dbt.prepare()
    with tempfile.TemporaryDirectory(prefix=".lake-", dir=dbt.home.work) as folder:
        variables = dbt_variables(place, Path(folder), os.environ)
        yield Project(dbt.home, dbt.digest, dbt.project, variables)


def _failed(results: Sequence[NodeResult], place: Lake) -> bool:
    """Whether a node failed; a lake that is away is no fault of the node's."""
    if not any(node.failed for node in results):
        return False
    with attached(place, read_only=True):
        return True


def _parts(
    name: str, parts: int, launch: str, on_node: Callable[[NodeResult], None]
) -> list[NodeResult]:
    """Run a worker a part, side by side; none outlives this."""
    start = shlex.split(launch) if launch else [sys.executable, "-m", "orchestration.cli"]
    workers = [
        subprocess.Popen(  # noqa: S603  # nosec B603
            [*start, "lake", "work", name, "--part", str(part)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for part in range(1, parts + 1)
    ]
    try:
        with ThreadPoolExecutor(len(workers)) as threads:
            heard = list(threads.map(lambda worker: _hear(worker, on_node), workers))
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
    return [result for results in heard for result in results]


def _hear(worker: subprocess.Popen[str], on_node: Callable[[NodeResult], None]) -> list[NodeResult]:
    """What a worker says as it goes, and how its nodes ended.

    Raises
    ------
    LakeError
        It ended without having said so, or not at all well.
    """
    from warehouse.build.dbt import NodeResult

    results = []
    assert worker.stdout and worker.stderr  # noqa: S101  # nosec B101
    with ThreadPoolExecutor(1) as aside:
        complaint = aside.submit(worker.stderr.read)
        for line in worker.stdout:
            try:
                document = json.loads(line)
            except ValueError:
                continue  # a library's own words
            if not isinstance(document, dict):
                continue
            if _NODE in document:
                on_node(NodeResult(**document[_NODE]))
            elif _RESULT in document:
                results.append(NodeResult(**document[_RESULT]))
        last = " ".join(complaint.result().split())[-_LAST_WORDS:]
    if worker.wait() and not any(result.failed for result in results):
        raise LakeError(f"A worker ended with {worker.returncode}: {last or 'it said nothing'}")
    return results

"""The parts know no more of each other than the design allows; digests see all of them."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from conftest import PROJECT

PARTS = ("ingest", "expectations", "warehouse", "orchestration")
MAY_IMPORT = {
    "ingest": {"ingest"},
    "expectations": {"expectations", "ingest"},
    "warehouse": {"warehouse", "ingest"},
    "orchestration": set(PARTS),
}
# Within `orchestration` each imports only what stands before it.
FLOW = ("ending", "settings", "pipeline", "reporting", "refresh", "defs", "definitions", "cli")


def modules() -> dict[str, Path]:
    """Every module of ours by its name."""
    found = {}
    for part in PARTS:
        for path in (PROJECT / part).rglob("*.py"):
            names = path.relative_to(PROJECT).with_suffix("").parts
            found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


@lru_cache(maxsize=1)
def imports() -> dict[str, set[str]]:
    """The modules of ours that each imports, anywhere in it, but for the types' sake alone."""
    known = modules()
    drawn: dict[str, set[str]] = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text("utf-8"))
        types_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        meant: set[str] = set()
        for node in ast.walk(tree):
            if id(node) in types_only:
                continue
            if isinstance(node, ast.Import):
                meant |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                # A name of a package is a module of its own, or stands in the package itself.
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                meant |= {one if one in known else str(node.module) for one in whole}
        drawn[name] = {one for one in meant if one in known and one != name}
    return drawn


def test_the_imports_are_drawn_of_nothing() -> None:
    drawn = imports()
    assert "orchestration.pipeline.collect" in drawn["orchestration.refresh"]
    assert "warehouse.build.candidate" in drawn["orchestration.pipeline.build"], "a late import"
    assert len(drawn) > 100


def test_two_modules_need_each_other() -> None:
    try:
        tuple(TopologicalSorter(imports()).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_a_part_knows_more_than_the_design_allows() -> None:
    for name, meant in imports().items():
        part = name.partition(".")[0]
        known = {one.partition(".")[0] for one in meant}
        assert known <= MAY_IMPORT[part], (name, known - MAY_IMPORT[part])


def test_a_step_imports_against_the_flow() -> None:
    def place(name: str) -> int:
        return FLOW.index(name.split(".")[1])

    seen = set()
    for name, meant in imports().items():
        if not name.startswith("orchestration."):
            continue
        seen.add(name.split(".")[1])
        for one in meant:
            if one.startswith("orchestration."):
                assert place(one) <= place(name), f"{name} imports {one}"
    assert seen == set(FLOW)


def test_a_folder_of_code_changes_and_what_it_made_is_served_as_current(tmp_path: Path) -> None:
    """Every folder that a figure depends on is part of the digest of a build."""
    folders = ("dbt_project", *PARTS)
    for folder in folders:
        shutil.copytree(
            PROJECT / folder,
            tmp_path / folder,
            ignore=shutil.ignore_patterns("__pycache__", "target", "logs", "*.csv", "*.parquet"),
        )
    script = """
import sys
from pathlib import Path
from orchestration.pipeline.code import code_digest

def now():
    code_digest.cache_clear()
    return code_digest()

before = now()
for folder in ("dbt_project", "expectations", "ingest", "warehouse"):
    suffix = ".sql" if folder == "dbt_project" else ".py"
    for place in {path.parent for path in Path(folder).rglob(f"*{suffix}")}:
        added = place / f"zz_added{suffix}"
        added.write_text("")
        if now() == before:
            print(place)
        added.unlink()
print("before" if now() == before else "changed")
"""
    outcome = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.split() == ["before"], "folders that the digest does not see"

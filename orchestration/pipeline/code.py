"""The code that figures are a function of, and dbt's project as a home builds it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.build.dbt import Project
    from warehouse.serve.home import Home

ROOT = Path(__file__).resolve().parents[2]
# Beside the archive: a change in any of these asks for a new build.
_CODE = {
    "dbt_project": ("*.sql", "*.yml", "*.md", "*.csv"),
    "expectations": ("*.py",),
    "ingest": ("*.py", "*.yml"),
    "warehouse": ("*.py", "*.jinja", "*.css", "*.js"),
}
# What dbt writes there where somebody runs it by hand.
_WRITTEN = {("dbt_project", "target"), ("dbt_project", "logs")}


def _digest_of(folders: Mapping[str, tuple[str, ...]]) -> str:
    seen = hashlib.sha256()
    for folder, patterns in folders.items():
        for path in sorted(p for pattern in patterns for p in (ROOT / folder).rglob(pattern)):
            if path.relative_to(ROOT).parts[:2] in _WRITTEN:
                continue
            seen.update(str(path.relative_to(ROOT)).encode())
            seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Changes whenever a rule, a model or a contract does."""
    return _digest_of(_CODE)


def code_stands() -> bool:
    """Whether the code on the disk is still what this process took it for."""
    return _digest_of(_CODE) == code_digest()


def dbt_project(home: Home) -> Project:
    """The dbt project, as a home builds it."""
    from warehouse.build.dbt import Project

    return Project(home, _digest_of({"dbt_project": _CODE["dbt_project"]}))

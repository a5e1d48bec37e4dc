"""Corrections: the publisher's errors, mended in the open.

`ingest/corrections/<publication>.yml` names the release, row and column, what is expected to be
there, what it should be, why, and on whose word. A correction whose expectation no longer holds
fails the load's check, so that a source that was mended is noticed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ingest.errors import ContractError
from ingest.loads import Load

FOLDER = Path(__file__).parent / "corrections"


class Correction(BaseModel):
    """One cell of one release: `row` counts data rows from 1, `column` is the contract's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    version: int = 1
    file: str
    row: int = Field(ge=1)
    column: str
    expected: str
    corrected: str
    reason: str = Field(min_length=10)
    authority: str = Field(min_length=3)


_CORRECTIONS: TypeAdapter[list[Correction]] = TypeAdapter(list[Correction])


@lru_cache(maxsize=64)
def load_corrections(publication: str, folder: Path = FOLDER) -> tuple[Correction, ...]:
    """A publication's corrections, none where it has no file.

    Raises
    ------
    ContractError
        The file is not valid YAML or not a list of corrections.
    """
    path = folder / f"{publication}.yml"
    if not path.exists():
        return ()
    try:
        raw: Any = yaml.safe_load(path.read_text("utf-8"))
        return tuple(_CORRECTIONS.validate_python(raw or []))
    except (yaml.YAMLError, ValidationError) as error:
        raise ContractError(f"corrections/{path.name} is not valid: {error}") from error


def corrections_of(load: Load, folder: Path = FOLDER) -> tuple[Correction, ...]:
    """The corrections that speak of this load."""
    return tuple(
        correction
        for correction in load_corrections(load.release.publication, folder)
        if (correction.release, correction.version, correction.file)
        == (load.release.release, load.release.version, load.file.name)
    )


def digest(publication: str, folder: Path = FOLDER) -> str:
    """Changes whenever a publication's corrections do."""
    path = folder / f"{publication}.yml"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

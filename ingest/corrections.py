"""Corrections: the publisher's errors, mended in the open.

`ingest/corrections/<publication>.yml` names the release, row and column, what is expected to be
there, what it should be, why, and on whose word. A correction whose expectation no longer holds
fails the load's check, so that a source that was mended is noticed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ingest.contracts.yaml_documents import read_yaml
from ingest.errors import ContractError
from ingest.reading.loads import Load

FOLDER = Path(__file__).parent / "corrections"


class Correction(BaseModel):
    """One cell of one release; `column` is the contract's name.

    The row is told by `row`, counting data rows from 1, or by `where`, the cells of the one row
    that has them all: a file laid out anew keeps its cells, not its row numbers. `table` is the
    contract's id of the table, where a file holds several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    version: int = 1
    file: str
    table: str | None = None
    row: int | None = Field(default=None, ge=1)
    where: dict[str, str] = {}
    column: str
    expected: str
    corrected: str
    reason: str = Field(min_length=10)
    authority: str = Field(min_length=3)

    @model_validator(mode="after")
    def _one_way_to_the_row(self) -> Self:
        if (self.row is None) == (not self.where):
            raise ValueError("a correction names its row by `row` or by `where`, one of them")
        return self


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
        return tuple(_CORRECTIONS.validate_python(read_yaml(path) or []))
    except ValidationError as error:
        raise ContractError(f"corrections/{path.name} is not valid: {error}") from error


def corrections_of(load: Load, folder: Path = FOLDER) -> tuple[Correction, ...]:
    """The corrections that speak of this load."""
    return tuple(
        correction
        for correction in load_corrections(load.release.publication, folder)
        if (correction.release, correction.version, correction.file)
        == (load.release.release, load.release.version, load.file.name)
        and correction.table in (None, load.contract.file_id)
    )


def digest(publication: str, folder: Path = FOLDER) -> str:
    """Changes whenever a publication's corrections do."""
    path = folder / f"{publication}.yml"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

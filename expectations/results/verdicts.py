"""Verdicts: what the checks said of a load, as kept beside its release in `verdict.json`.

Plain data, read and written without Great Expectations, so that a verdict that still holds costs
nothing. `digest` tells whether it still holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

import ingest
import ingest.corrections
from ingest.contracts.contract import Publication
from ingest.councils import DISTRICT_SEED, SEED, SPELLING_SEED
from ingest.reading.recognise import Understanding

Severity = Literal["error", "flag", "warn"]

# What decides what a check sees: the code of the checks, and of `ingest` but for how files are
# fetched and for the sample. A change in any file of them may change a verdict.
_CODE_OF_CHECKS = Path(__file__).parents[1]
_CODE_OF_READING = Path(ingest.__file__).parent
_NOT_SEEN_BY_CHECKS = ("publishers", "sample", "http", "archive/carried.py", "contracts/live.py")


@dataclass(frozen=True)
class Check:
    """One check's result. A failed `error` refuses a load, a failed `flag` or `warn` does not.

    `column` is the contract's name for the column looked at, empty where it is the whole load.
    `observed` is what was found, with figures; `explanation` is what is expected, and why.
    """

    name: str
    column: str
    severity: Severity
    success: bool
    observed: str
    explanation: str

    @property
    def blocks(self) -> bool:
        """Whether it keeps back what was checked."""
        return not self.success and self.severity == "error"

    @property
    def subject(self) -> str:
        """Which check, of which column: the same from one verdict to the next."""
        return f"{self.name} ({self.column})" if self.column else self.name

    def __str__(self) -> str:
        return f"{self.subject}: {self.observed}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        # Of tens of thousands: `asdict` would copy each word.
        return dict(vars(self))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Check:
        """The check that `to_dict` wrote.

        Raises
        ------
        KeyError
            A field is missing.
        """
        return cls(**{field: document[field] for field in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Flag:
    """What a check found odd about one figure, which is served all the same.

    `source_row` and `column` are its cell, `year` that in which its period ends (rows that were
    made of one row of a file share its number), `message` says it in words; `figure` is what
    stands there and `expected` what the check goes by, where there are such. `series` are those,
    as `measure.series`, whose facts the cell is part of.
    """

    check: str
    source_row: int
    column: str
    message: str
    figure: float | None = None
    expected: float | None = None
    year: int | None = None
    series: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return vars(self) | {"series": list(self.series)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Flag:
        """The flag that `to_dict` wrote.

        Raises
        ------
        KeyError
            A field is missing.
        """
        fields = {field: document[field] for field in cls.__dataclass_fields__}
        return cls(**fields | {"series": tuple(document["series"])})


@dataclass(frozen=True)
class LoadVerdict:
    """What the checks said of one table of one published file.

    `contract` is the file's id in its publication's contract, `dropped_rows` are source rows,
    from 1; `flags` are what was found odd about single figures. `understanding` is how its columns
    and labels were read, of a load that was.
    """

    file: str
    sha256: str
    checks: tuple[Check, ...]
    dropped_rows: tuple[int, ...] = ()
    contract: str = ""
    flags: tuple[Flag, ...] = ()
    understanding: Understanding | None = None

    @property
    def admitted(self) -> bool:
        """Whether the load's rows may become facts."""
        return not self.reasons

    @property
    def rows_were_read(self) -> bool:
        """Whether there were rows to look at: all that is said otherwise is why there are none."""
        return len(self.checks) > 1

    @cached_property
    def reasons(self) -> tuple[Check, ...]:
        """The failed checks that refuse the load; asked for over and over of each that is held."""
        return tuple(check for check in self.checks if check.blocks)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The failed checks that are recorded and no more."""
        return tuple(c for c in self.checks if not c.success and c.severity == "warn")

    @property
    def failed(self) -> tuple[Check, ...]:
        """Every failed check, what refuses first."""
        return (*self.reasons, *self.flagging, *self.warnings)

    @property
    def conflicting(self) -> tuple[tuple[int, str], ...]:
        """The cells, by row and column, that the file has twice with two texts: none is served."""
        return tuple((f.source_row, f.column) for f in self.flags if f.check == "key_unique")

    @property
    def flagging(self) -> tuple[Check, ...]:
        """The failed checks whose figures are flagged and served."""
        return tuple(c for c in self.checks if not c.success and c.severity == "flag")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `verdict.json`."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "contract": self.contract,
            "admitted": self.admitted,
            "checks": [check.to_dict() for check in self.checks],
            "dropped_rows": list(self.dropped_rows),
            "flags": [flag.to_dict() for flag in self.flags],
            "understanding": self.understanding.to_dict() if self.understanding else None,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> LoadVerdict:
        """The verdict that `to_dict` wrote; `admitted` follows from its checks.

        Raises
        ------
        KeyError
            A field is missing.
        """
        return cls(
            file=document["file"],
            sha256=document["sha256"],
            checks=tuple(Check.from_dict(check) for check in document["checks"]),
            dropped_rows=tuple(document["dropped_rows"]),
            contract=document["contract"],
            flags=tuple(Flag.from_dict(flag) for flag in document["flags"]),
            understanding=(
                Understanding.from_dict(document["understanding"])
                if document["understanding"]
                else None
            ),
        )


_VERDICT = TypeAdapter(LoadVerdict)


def verdicts_in(document: object, wanted: str) -> dict[tuple[str, str], LoadVerdict] | None:
    """A release's verdicts by file and contract id, from `verdict.json`, if they hold by `wanted`.

    None asks for the checks to be run again: there is no verdict, it was given by other rules,
    or the file is not what was written.
    """
    if not isinstance(document, Mapping) or document.get("digest") != wanted:
        return None
    try:
        found = [_verdict_in(verdict) for verdict in document["loads"]]
    except (KeyError, TypeError, ValueError):
        return None
    return {(verdict.file, verdict.contract): verdict for verdict in found}


def _verdict_in(document: Mapping[str, Any]) -> LoadVerdict:
    verdict = _VERDICT.validate_python(document)
    if document["admitted"] is not verdict.admitted or not verdict.checks:
        raise ValueError("a verdict that does not follow from its checks")
    return verdict


def digest(publication: Publication) -> str:
    """Changes whenever a verdict on the publication's loads might.

    It stands for the contract, its corrections, the lists of areas and the code of the checks.
    """
    parts = (
        publication.digest,
        ingest.corrections.digest(publication.publication),
        *(_hash_of(seed) for seed in (SEED, DISTRICT_SEED, SPELLING_SEED)),
        _code_digest(),
    )
    return hashlib.sha256("\n".join(parts).encode("ascii")).hexdigest()


@lru_cache(maxsize=1)
def _code_digest() -> str:
    parts = []
    for folder in (_CODE_OF_CHECKS, _CODE_OF_READING):
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder)
            if folder is _CODE_OF_CHECKS or not {place.parts[0], place.as_posix()} & {
                *_NOT_SEEN_BY_CHECKS
            }:
                parts += [str(place), _hash_of(path)]
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

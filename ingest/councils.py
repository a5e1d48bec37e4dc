"""The councils and districts of England through time, as the seeds of the dbt project have them.

One row a code. Recoding is not abolition: a council under a new code is the same entity.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from ingest.contracts.specs import KnownBy
from ingest.errors import ContractError
from ingest.reading.titles import formal_name, may_have, without_note

_SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"
SEED = _SEEDS / "council.csv"
DISTRICT_SEED = _SEEDS / "district.csv"
SPELLING_SEED = _SEEDS / "area_spelling.csv"

# The seed's first day stands for "on or before": what was before it is of no use here.
_BEGINNING = date(2009, 4, 1)


@dataclass(frozen=True)
class Council:
    """One code of one council. Both ends of its validity are included; None is open."""

    code: str
    name: str
    region_code: str
    region_name: str
    valid_from: date | None
    valid_to: date | None
    recoded_to: str | None
    dfe_code: str = ""

    def existed(self, day: date) -> bool:
        """Whether the code was in force on a day."""
        began = self.valid_from is None or self.valid_from <= day
        return began and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Councils:
    """Every council of a seed, by code; or every district, which is told in the same words.

    `digest` changes with the seeds.
    """

    by_code: Mapping[str, Council]
    spellings: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    @classmethod
    def load(cls, path: Path = SEED) -> Councils:
        """Read the seed.

        Raises
        ------
        ContractError
            The seed is missing or malformed, names a code twice, or recodes a council to a code
            that it does not list.
        """
        by_code: dict[str, Council] = {}
        try:
            for row in _rows(path):
                council = _council(row)
                if council.code in by_code:
                    raise ContractError(f"{path.name} names {council.code} twice")
                by_code[council.code] = council
        except (OSError, KeyError, ValueError) as error:
            raise ContractError(f"{path.name} is not a list of councils: {error}") from error
        for council in by_code.values():
            _refuse_bad_recoding(council, by_code, path)
        if path != SEED:
            return cls(by_code)
        seeds = b"".join(one.read_bytes() for one in (SEED, DISTRICT_SEED, SPELLING_SEED))
        return cls(by_code, _spellings(by_code), hashlib.sha256(seeds).hexdigest())

    def of_unit(self, unit: Literal["council", "district"]) -> Councils:
        """These, or the districts: the areas of which a file with such rows lacks none."""
        return self._districts if unit == "district" else self

    @cached_property
    def _districts(self) -> Councils:
        return self.districts()

    def districts(self, path: Path = DISTRICT_SEED) -> Councils:
        """The districts (lower-tier authorities), each in the region of its council.

        Raises
        ------
        ContractError
            The seed is missing or malformed, or puts a district in a council that is not known.
        """
        by_code: dict[str, Council] = {}
        try:
            for row in _rows(path):
                council = self.by_code[row["council_code"]]
                by_code[row["district_code"]] = _council(
                    row
                    | {"council_code": row["district_code"], "council_name": row["district_name"]}
                    | {"region_code": council.region_code, "region_name": council.region_name}
                    | {"dfe_code": ""}
                )
        except (OSError, KeyError, ValueError) as error:
            raise ContractError(f"{path.name} is not a list of districts: {error}") from error
        for district in by_code.values():
            _refuse_bad_recoding(district, by_code, path)
        return Councils(by_code)

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every code that is, or ever was, a council's."""
        return frozenset(self.by_code)

    @cached_property
    def days_of_change(self) -> tuple[date, ...]:
        """The days from which the list of councils was another, and its beginning; newest first."""
        began = {c.valid_from for c in self.by_code.values() if c.valid_from}
        return tuple(sorted({_BEGINNING, *began}, reverse=True))

    @cached_property
    def regions(self) -> dict[str, str]:
        """Names of the nine regions, by code."""
        return {c.region_code: c.region_name for c in self.by_code.values()}

    @cached_property
    def _by_dfe_code(self) -> dict[str, str]:
        """The last code of the council that each of DfE's three digits stands for."""
        return {c.dfe_code: self.entity(c.code) for c in self.by_code.values() if c.dfe_code}

    def code_of(self, cell: str, known_by: KnownBy) -> str | None:
        """The GSS code that a cell stands for, or None where nobody has said which.

        The seed `area_spelling` lists spellings of names. One that it has not is a council's only
        where it differs by a note or by how a council is titled (`formal_name`).
        """
        text = cell.strip()
        if known_by == "gss":
            # Two codes in one cell are listed as well, with the one that carries the other.
            return self.spellings.get(text, text)
        if known_by == "laestab":
            # 2013614, also printed as 201/3614: the council's three digits, and the school's.
            text = text[:3]
        if known_by == "name":
            return self.spellings.get(text) or self._by_title(text)
        return self._by_dfe_code.get(text)

    def _by_title(self, cell: str) -> str | None:
        """The one council whose name a cell has with a title or a note, by the code of today."""
        bare = without_note(cell)
        if bare in self.spellings:
            return self.spellings[bare]
        name = formal_name(bare)
        known = self._by_formal_name.get(name.words, {})
        # Where another area has these words, as the region of London, nobody can tell.
        if len(known) != 1:
            return None
        ((code, title),) = known.items()
        return code if may_have(name, code, title) else None

    @cached_property
    def _by_formal_name(self) -> dict[str, dict[str, str]]:
        """By a name's words the areas that have it, each with the title in its own name."""
        found: dict[str, dict[str, str]] = {}
        spelt = [(name, code) for name, code in self.spellings.items()]
        printed = [(council.name, council.code) for council in self.by_code.values()]
        regions = [(name, code) for code, name in self.regions.items()]
        for text, code in (*spelt, *printed, *regions):
            name = formal_name(text)
            titles = found.setdefault(name.words, {})
            titles[self.entity(code)] = titles.get(self.entity(code)) or name.title
        return found

    def known(self, code: str) -> bool:
        """Whether a code is, or ever was, a council's."""
        return code in self.by_code

    def entity(self, code: str) -> str:
        """The code under which a council is known today; an unknown code stands for itself."""
        while (council := self.by_code.get(code)) is not None and council.recoded_to:
            code = council.recoded_to
        return code

    def existing(self, day: date) -> frozenset[str]:
        """The entities that existed on a day."""
        return frozenset(self.entity(c.code) for c in self.by_code.values() if c.existed(day))

    def region_of(self, code: str) -> str:
        """The name of a council's region; empty where the code is no council's."""
        council = self.by_code.get(code)
        return council.region_name if council else ""

    def name(self, code: str) -> str:
        """A council's name under a code; an unknown code stands for itself."""
        council = self.by_code.get(code)
        return council.name if council else code


@lru_cache(maxsize=1)
def all_councils() -> Councils:
    """Every council that the project knows of."""
    return Councils.load()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, restval="")


def _spellings(by_code: Mapping[str, Council], path: Path = SPELLING_SEED) -> dict[str, str]:
    """The code that each spelling of an area's name stands for: any code of a recoded council.

    Raises
    ------
    ContractError
        The seed is missing or malformed, says two things of one spelling, or names no council.
    """
    found: dict[str, str] = {}
    try:
        for row in _rows(path):
            code = row["area_code"]
            if found.setdefault(row["spelling"], code) != code:
                raise ContractError(f"{path.name} has two codes for {row['spelling']!r}")
            if code[:3] not in ("E92", "E12", "E13") and code not in by_code:
                raise ContractError(f"{path.name} has {code}, which is no council's code")
    except (OSError, KeyError) as error:
        raise ContractError(f"{path.name} is not a list of spellings: {error}") from error
    return found


def _council(row: Mapping[str, str]) -> Council:
    valid_from = date.fromisoformat(row["valid_from"])
    return Council(
        code=row["council_code"],
        name=row["council_name"],
        region_code=row["region_code"],
        region_name=row["region_name"],
        valid_from=None if valid_from <= _BEGINNING else valid_from,
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        recoded_to=row["recoded_to"] or None,
        dfe_code=row.get("dfe_code", ""),
    )


def _refuse_bad_recoding(council: Council, by_code: Mapping[str, Council], path: Path) -> None:
    seen = {council.code}
    code = council.recoded_to
    while code:
        if code not in by_code or code in seen:
            raise ContractError(
                f"{path.name} recodes {council.code} to {code}, which leads to no council"
            )
        seen.add(code)
        code = by_code[code].recoded_to

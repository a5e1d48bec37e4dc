"""The councils of England through time, as the seed `council.csv` of the dbt project has them.

One row a code. Recoding is not abolition: a council under a new code is the same entity.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from ingest.errors import ContractError

SEED = Path(__file__).parents[1] / "dbt_project" / "seeds" / "council.csv"

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

    def existed(self, day: date) -> bool:
        """Whether the code was in force on a day."""
        began = self.valid_from is None or self.valid_from <= day
        return began and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Councils:
    """Every council of the seed, by code."""

    by_code: Mapping[str, Council]

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
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, restval=""):
                    council = _council(row)
                    if council.code in by_code:
                        raise ContractError(f"{path.name} names {council.code} twice")
                    by_code[council.code] = council
        except (OSError, KeyError, ValueError) as error:
            raise ContractError(f"{path.name} is not a list of councils: {error}") from error
        for council in by_code.values():
            _refuse_bad_recoding(council, by_code, path)
        return cls(by_code)

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every code that is, or ever was, a council's."""
        return frozenset(self.by_code)

    @cached_property
    def regions(self) -> dict[str, str]:
        """Names of the nine regions, by code."""
        return {c.region_code: c.region_name for c in self.by_code.values()}

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

    def name(self, code: str) -> str:
        """A council's name under a code; an unknown code stands for itself."""
        council = self.by_code.get(code)
        return council.name if council else code


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

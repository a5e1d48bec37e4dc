"""Areas: their levels, codes and names, and that none is missing or stands there twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.checks.base import Finding, Findings, LoadCheck, found_where
from expectations.panel.cells import labels_of
from expectations.panel.columns import (
    AREA_LEVEL,
    AREA_LEVELS,
    COUNCIL_CODE,
    COUNCIL_UNKNOWN,
    COUNTRY_CODE,
    IGNORED_LEVEL,
    LONDON,
    PERIOD,
    REGION_CODE,
    no_council,
    numeric,
)
from expectations.panel.load_table import areas_by_period, by_distinct
from ingest.contracts import NUMERIC_ROLES, FileContract
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable

ENGLAND = "E92000001"
# Nine regions, and Inner and Outer London (E13), which DfE prints as regions too.
REGION = re.compile(r"E1[23]0000[0-9][0-9]")


def _cells_off(load: LoadTable, column: str, off: object) -> Findings:
    cells = load.rows[column]
    there = cells.notna().to_numpy()
    hit = np.asarray(off, dtype=bool)[there]
    shown = cells.to_numpy(dtype=object)[there]
    return found_where(hit, shown, load.source_rows[there], wording="{0!r} in row {1}")


class LevelsKnown(LoadCheck):
    """An area of a level that nobody knows: its figures would be nobody's."""

    name = "levels_known"
    expects = "Each row's area is of a level that the contract knows."
    noun = "rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.area.level,)

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        known = load.rows[AREA_LEVEL].isin([*AREA_LEVELS, IGNORED_LEVEL]).to_numpy()
        yield _cells_off(load, AREA_LEVEL, ~known)


class _UnitCodes(LoadCheck):
    unit: str

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.area.codes[contract.area.unit],) if contract.area.unit == self.unit else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        off = load.rows[COUNCIL_UNKNOWN].notna().to_numpy()
        cells = load.rows[COUNCIL_UNKNOWN].to_numpy(dtype=object)
        yield found_where(off, cells, load.source_rows, wording="{0!r} in row {1}")


class CouncilCodes(_UnitCodes):
    """A code that is no council's."""

    name = "council_codes"
    expects = "Each council's row has the code of a council of England, of now or before."
    noun = "rows"
    unit = "council"


class DistrictCodes(_UnitCodes):
    """A code that is no district's."""

    name = "district_codes"
    expects = "Each district's row has the code of a district of England, of now or before."
    noun = "rows"
    unit = "district"


class NamedCouncils(LoadCheck):
    """A column that names a council names none."""

    name = "named_councils"
    noun = "rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return contract.more_councils

    def explanation(self, contract: FileContract, about: str) -> str:
        known = "a council" if contract.area.unit == "council" else "a district"
        return f"Each cell of {about} names {known} of England, of now or before."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        cells = load.rows[no_council(about)]
        shown = cells.to_numpy(dtype=object)
        yield found_where(cells.notna(), shown, load.source_rows, wording="{0!r} in row {1}")


class RegionCodes(LoadCheck):
    """A code that is no region's."""

    name = "region_codes"
    expects = "Each region's code is that of a region of England, or of a part of London."
    noun = "region rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        codes = contract.area.codes
        return (codes["region"],) if "region" in codes else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        known = load.rows[REGION_CODE].str.fullmatch(REGION).fillna(True).to_numpy(dtype=bool)
        yield _cells_off(load, REGION_CODE, ~known)


class CountryCodes(LoadCheck):
    """A national row that is not England's."""

    name = "country_codes"
    expects = f"Each national row has England's code, {ENGLAND}."
    noun = "national rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        codes = contract.area.codes
        return (codes["country"],) if "country" in codes else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield _cells_off(load, COUNTRY_CODE, (load.rows[COUNTRY_CODE] != ENGLAND).to_numpy())


class _UnitsPresent(LoadCheck):
    unit: str

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.area.codes[contract.area.unit],) if contract.area.unit == self.unit else ()

    def explanation(self, contract: FileContract, about: str) -> str:
        as_of = contract.councils.as_of
        boundaries = f"on {as_of.day} {as_of:%B %Y}" if as_of else "at its end"
        absent = contract.councils.absent
        excused = ", but for the absences that the contract explains" if absent else ""
        return f"Every period has a row for each {self.unit} that existed {boundaries}{excused}."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        found = load.councils_in
        for label in load.periods:
            missing = sorted(load.expected[label] - found.get(label, frozenset()))
            yield Findings(
                len(load.expected[label]),
                tuple(Finding(f"{load.councils.name(c)} in {labels_of(label)}") for c in missing),
            )


class CouncilsPresent(_UnitsPresent):
    """A council that existed is not there."""

    name = "councils_present"
    noun = "councils and periods"
    unit = "council"


class DistrictsPresent(_UnitsPresent):
    """A district that existed is not there."""

    name = "districts_present"
    noun = "districts and periods"
    unit = "district"


class RegionsPresent(LoadCheck):
    """A region is not there, in a file that has regions."""

    name = "regions_present"
    expects = "Every period has all nine regions, in a file that has regions."
    noun = "regions and periods"
    outcome = "warn"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        codes = contract.area.codes
        return (codes["region"],) if "region" in codes else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if not (load.rows[AREA_LEVEL] == "region").any():
            return
        # DfE prints Inner and Outer London (E13) in London's place in some files.
        codes = by_distinct(
            load.rows[REGION_CODE], lambda code: LONDON if code.startswith("E13") else code, "str"
        )
        found = areas_by_period(codes, load.rows[PERIOD])
        regions = load.councils.regions
        for label in load.periods:
            missing = sorted(set(regions) - found.get(label, frozenset()))
            yield Findings(
                len(regions), tuple(Finding(f"{regions[c]} in {labels_of(label)}") for c in missing)
            )


class CouncilListedOnce(LoadCheck):
    """A council has other figures under another of its codes: which counts, nobody can tell."""

    name = "council_listed_once"
    expects = (
        "No council has numbers under two of its codes in one period, but for the same ones under"
        " both."
    )
    noun = "councils and periods"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows, contract = load.rows, load.contract
        columns = [numeric(name) for name in contract.columns_of(*NUMERIC_ROLES)]
        has = rows[columns].notna().any(axis=1).to_numpy() & load.entities.notna().to_numpy()
        pairs = pd.DataFrame(
            {"period": rows[PERIOD], "council": load.entities, "code": rows[COUNCIL_CODE]}
        )[has].drop_duplicates()
        codes: dict[tuple[str, str], list[str]] = {}
        for period, council, code in pairs.itertuples(index=False):
            codes.setdefault((period, council), []).append(code)
        twice = {key: found for key, found in codes.items() if len(found) > 1}
        differing = {key for key in twice if not self._alike(load, key, columns)}
        yield found_where(
            [key in differing for key in codes],
            [load.councils.name(council) for _, council in codes],
            [labels_of(period) for period, _ in codes],
            [" and ".join(sorted(found)) for found in codes.values()],
            wording="{0} in {1} under {2}",
        )

    @staticmethod
    def _alike(load: LoadTable, key: tuple[str, str], columns: list[str]) -> bool:
        """Whether a council has the same numbers under each of its codes in a period."""
        rows, area = load.rows, load.contract.area
        at = (rows[PERIOD] == key[0]).to_numpy() & (load.entities == key[1]).fillna(
            False
        ).to_numpy()
        of_area = {*area.codes.values(), "la_name", "area_name", "parent_code"}
        rest = [name for name in load.contract.key if name not in of_area]
        seen: dict[tuple[str, ...], tuple[float, ...]] = {}
        for row in rows[at][[*rest, *columns]].itertuples(index=False):
            label, numbers = tuple(row[: len(rest)]), tuple(row[len(rest) :])
            before = seen.setdefault(label, numbers)
            if not np.array_equal(before, numbers, equal_nan=True):
                return False
        return True


def plain_name(name: str) -> str:
    """A council's name without what publishers leave out, add or turn round."""
    text = re.sub(r"[^a-z ]", "", name.lower().replace("&", "and").replace("-", " "))
    words = [w for w in text.split() if w not in {"city", "county", "of", "the", "ua", "borough"}]
    return " ".join(words)


class NamesAndCodesAgree(LoadCheck):
    """A code stands beside the name of another council: one of them is wrong."""

    name = "names_and_codes_agree"
    expects = "No council's code stands beside the name of another."
    noun = "names"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if {"la_name", "area_name"} & {*contract.column_names} else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows, councils = load.rows, load.councils
        column = next((n for n in ("la_name", "area_name") if n in rows), None)
        if column is None:
            return
        pairs = rows[[COUNCIL_CODE, column, SOURCE_ROW]]
        pairs = pairs[pairs[COUNCIL_CODE].notna() & (pairs[column] != "")]
        pairs = pairs.drop_duplicates([COUNCIL_CODE, column])
        known = {plain_name(c.name) for c in councils.by_code.values()}
        wrong = [
            councils.known(code)
            and plain_name(name) in known
            and plain_name(name) != plain_name(councils.name(code))
            for code, name in zip(pairs[COUNCIL_CODE], pairs[column], strict=True)
        ]
        yield found_where(
            wrong,
            pairs[column].to_numpy(),
            pairs[COUNCIL_CODE].to_numpy(),
            [councils.name(code) for code in pairs[COUNCIL_CODE]],
            pairs[SOURCE_ROW].to_numpy(),
            wording="'{0}' beside {1}, the code of {2}, in row {3}",
        )

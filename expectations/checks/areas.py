"""Areas: their levels, codes and names, and that none is missing or stands there twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.checks.base import Finding, Findings, LoadCheck, found_where
from expectations.panel.cells import labels_of, row_groups
from expectations.panel.columns import (
    AREA_LEVEL,
    AREA_LEVELS,
    COUNCIL_CODE,
    COUNCIL_UNKNOWN,
    COUNTRY_CODE,
    LONDON,
    PERIOD,
    REGION_CODE,
    no_council,
    numeric,
)
from expectations.panel.load_table import areas_by_period
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import ENGLAND, NUMERIC_ROLES
from ingest.reading.rows import IGNORED_LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expectations.panel.load_table import LoadTable

# Nine regions, and Inner and Outer London (E13), which DfE prints as regions too.
REGION = re.compile(r"E1[23]0000[0-9][0-9]")


def _cells_off(load: LoadTable, column: str, off: object) -> Findings:
    there = load.columns.there(column)
    hit = np.asarray(off, dtype=bool)[there]
    shown = load.columns.texts(column)[there]
    return found_where(hit, shown, load.source_rows[there], wording="{0!r} in row {1}")


class LevelsKnown(LoadCheck):
    """An area of a level that nobody knows: its figures would be nobody's."""

    name = "levels_known"
    expects = "Each row's area is of a level that the contract knows."
    noun = "rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.area.level,)

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        known = load.columns.among(AREA_LEVEL, (*AREA_LEVELS, IGNORED_LEVEL))
        yield _cells_off(load, AREA_LEVEL, ~known)


class _UnitCodes(LoadCheck):
    unit: str

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return (contract.area.codes[contract.area.unit],) if contract.area.unit == self.unit else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        off = load.columns.there(COUNCIL_UNKNOWN)
        cells = load.columns.texts(COUNCIL_UNKNOWN)
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
        off = load.columns.there(no_council(about))
        shown = load.columns.texts(no_council(about))
        yield found_where(off, shown, load.source_rows, wording="{0!r} in row {1}")


class RegionCodes(LoadCheck):
    """A code that is no region's."""

    name = "region_codes"
    expects = "Each region's code is that of a region of England, or of a part of London."
    noun = "region rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        codes = contract.area.codes
        return (codes["region"],) if "region" in codes else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        codes = load.columns.codes(REGION_CODE)
        unknown = {code for code in codes.distinct if not REGION.fullmatch(code)}
        yield _cells_off(load, REGION_CODE, codes.among(unknown))


class CountryCodes(LoadCheck):
    """A national row that is not England's."""

    name = "country_codes"
    expects = f"Each national row has England's code, {ENGLAND}."
    noun = "national rows"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        codes = contract.area.codes
        return (codes["country"],) if "country" in codes else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield _cells_off(load, COUNTRY_CODE, ~load.columns.equal(COUNTRY_CODE, ENGLAND))


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
    asks_for_rows = True
    noun = "councils and periods"
    unit = "council"


class DistrictsPresent(_UnitsPresent):
    """A district that existed is not there."""

    name = "districts_present"
    asks_for_rows = True
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
        if not load.columns.equal(AREA_LEVEL, "region").any():
            return
        # DfE prints Inner and Outer London (E13) in London's place in some files.
        codes = load.columns.codes(REGION_CODE).each(
            lambda code: LONDON if code.startswith("E13") else code
        )
        found = areas_by_period(codes, load.columns.codes(PERIOD))
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
        columns, councils = load.columns, load.entities
        names = load.contract.columns_of(*NUMERIC_ROLES)
        has = np.zeros(len(columns), dtype=bool)
        for name in names:
            has |= ~np.isnan(columns.numbers(name))
        at = np.flatnonzero(has & councils.there)
        periods, codes = columns.codes(PERIOD), columns.codes(COUNCIL_CODE)
        pairs = (periods.found[at] + 1) * len(councils.distinct) + councils.found[at]
        listed = pd.unique(pairs * len(codes.distinct) + codes.found[at])
        of_pair, distinct = pd.factorize(listed // max(len(codes.distinct), 1))
        found: list[Finding] = []
        for twice in np.flatnonzero(np.bincount(of_pair, minlength=len(distinct)) > 1):
            period, council = divmod(int(distinct[twice]), len(councils.distinct))
            same = (periods.found == period - 1) & (councils.found == council)
            if period == 0 or self._alike(load, np.flatnonzero(same), names):
                continue
            label = periods.distinct[period - 1]
            under = sorted(
                codes.distinct[code] for code in listed[of_pair == twice] % len(codes.distinct)
            )
            found.append(
                Finding(
                    f"{load.councils.name(councils.distinct[council])} in {labels_of(label)} under"
                    f" {' and '.join(under)}"
                )
            )
        yield Findings(len(distinct), tuple(found))

    @staticmethod
    def _alike(load: LoadTable, at: NDArray[np.intp], columns: Sequence[str]) -> bool:
        """Whether a council has the same numbers under each of its codes in a period."""
        area = load.contract.area
        of_area = {*area.codes.values(), "la_name", "area_name", "parent_code"}
        rest = [name for name in load.contract.key if name not in of_area]
        rows = load.rows.iloc[at][[*rest, *map(numeric, columns)]]
        seen: dict[tuple[str, ...], tuple[float, ...]] = {}
        for row in rows.itertuples(index=False):
            label, numbers = tuple(row[: len(rest)]), tuple(row[len(rest) :])
            before = seen.setdefault(label, numbers)
            if not np.array_equal(before, numbers, equal_nan=True):
                return False
        return True


@lru_cache(maxsize=4096)
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
        columns, councils = load.columns, load.councils
        column = next((n for n in ("la_name", "area_name") if n in load.rows), None)
        if column is None:
            return
        at = np.flatnonzero(columns.there(COUNCIL_CODE) & ~columns.equal(column, ""))
        both = row_groups(columns, [COUNCIL_CODE, column])[at]
        at = at[~pd.Series(both).duplicated().to_numpy()]
        codes, names = columns.texts(COUNCIL_CODE)[at], columns.texts(column)[at]
        known = {plain_name(c.name) for c in councils.by_code.values()}
        wrong = [
            councils.known(code)
            and plain_name(name) in known
            and plain_name(name) != plain_name(councils.name(code))
            for code, name in zip(codes, names, strict=True)
        ]
        yield found_where(
            wrong,
            names,
            codes,
            [councils.name(code) for code in codes],
            load.source_rows[at],
            wording="'{0}' beside {1}, the code of {2}, in row {3}",
        )

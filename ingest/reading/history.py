"""A load held to the release before: what its shared figures say of its columns and labels.

The release before is in the contract's words already. Rows of councils are joined by what both
have of the key, and every column that might be meant is compared cell by cell (`evidence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from ingest.arrays import Floats
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES, AreaLevel
from ingest.councils import all_councils
from ingest.reading.agreement import Numbers, SharedRows, agreement, numbers_of, shared_rows
from ingest.reading.breakdowns import Breakdown, breakdowns
from ingest.reading.cells import read_cell
from ingest.reading.codes import columns_of_codes
from ingest.reading.evidence import (
    CONTRADICTED,
    MAX_MOVED,
    MIN_AGREEMENT,
    MIN_CELLS,
    MIN_CELLS_AGAINST,
    MIN_CELLS_OF_CODES,
    NEAR,
    NEARER,
    Agreement,
    Evidence,
    ranked,
)
from ingest.reading.grids import SOURCE_SHEET, found_by
from ingest.reading.identities import holds, identities_of, members
from ingest.reading.names import as_known, normal
from ingest.reading.periods import PeriodType, are_day_first, parse_period, read_period
from ingest.reading.recognise import (
    ByName,
    Filled,
    NotUnderstoodError,
    Understanding,
    distinct_labels,
    known_labels,
    refuse_missing,
    refuse_unproved_sheets,
    sheets_by_header,
    spelt_labels,
    unlisted_columns,
)
from ingest.reading.rows import column_of_codes, plain_codes
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Labels that went and labels that came, compared each with each: a breakdown has tens.
_MOST_PAIRS = 2_000
# Quarters of some hundred years.
_MOST_PERIODS = 400
# A column that is continued has figures for the newest period as for those before it; one that a
# publisher left beside its successor has none. Half: a year may be suppressed in part.
_CONTINUED = 0.5
# Fewer rows than this are no series of councils.
_A_SERIES = 100
_A_YEAR = timedelta(days=366)
_PERIOD = "\0period"
_AREA = "\0area"


@dataclass(frozen=True)
class _Distances:
    """How far each area's figure is from its own of before, and from the middle of all before.

    `moved` is the median of the first as a share of what was before, of areas that had some.
    """

    own: Floats
    middle: Floats
    moved: float

    @property
    def cells(self) -> int:
        return int((~np.isnan(self.own)).sum())

    @property
    def near(self) -> int:
        """In how many areas it is nearer to its own than to the middle."""
        with np.errstate(invalid="ignore"):
            return int((self.own < self.middle).sum())

    @property
    def is_near(self) -> bool:
        return self.near >= NEAR * self.cells

    def nearer_than(self, other: _Distances) -> float:
        """Of the areas in which two differ, the share in which it is nearer; 0 where none do."""
        with np.errstate(invalid="ignore"):
            nearer, farther = (self.own < other.own).sum(), (self.own > other.own).sum()
        return float(nearer / max(nearer + farther, 1))


class History:
    """What the release before says of one load. Use it once: `understanding`."""

    def __init__(
        self,
        contract: FileContract,
        table: pa.Table,
        history: pa.Table,
        by_name: ByName,
    ) -> None:
        self.contract = contract
        self.table = _with_plain_codes(table, contract, by_name.columns)
        self.by_name = by_name
        self.decided = contract.decided
        self.printed = [n for n in table.column_names if n not in (SOURCE_ROW, SOURCE_SHEET)]
        self.columns = dict(by_name.columns)
        self.filled: dict[str, Filled] = {}
        self.evidence: list[Evidence] = []
        self.unsettled: list[Evidence] = []
        self.labels: dict[str, dict[str, str]] = {}
        self.whole: dict[str, str] = {}
        self.repeated = ""
        of_contract = {SOURCE_ROW, SOURCE_SHEET, *contract.column_names}
        before = history.select([n for n in history.column_names if n in of_contract]).to_pandas()
        for name in known_labels(contract):
            if name in before:
                before[name] = before[name].astype(str).str.strip()
        self.old = _councils_only(before, contract)
        self._never = [
            name
            for name in contract.columns_of(*NUMERIC_ROLES)
            if name in self.old and np.isnan(numbers_of(self.old[name].astype(str)).values).all()
        ]
        self._numbers: dict[str, Numbers] = {}
        self._old_numbers: dict[str, Numbers] = {}

    def understanding(self) -> Understanding:
        """How the load is read.

        Raises
        ------
        NotUnderstoodError
            A column that is needed is not to be told, or figures speak against a name.
        """
        self._match_levels()
        self._match_periods()
        self._match_texts()
        self._spell_labels()
        self._match_codes()
        self._spell_levels()
        self._read_whole()
        self._fill_constants()
        self._leave_empty_out()
        if self._has_key:
            self._match_figures()
            self._match_identities()
            self._propose_near()
            self._match_labels()
            self._fill_by_figures()
            self._leave_counts_out()
            self._refuse_contradicted()
            self._refuse_far()
        only = self._only()
        self._refuse_repeated(only)
        self._refuse_unsettled()
        self._prove_sheets()
        return Understanding(
            columns=self.columns,
            labels=self.labels,
            filled=self.filled,
            evidence=(*found_by(self.table), *map(str, self.evidence)),
            only=only,
            whole=self.whole,
            proposals={one.of: one.best.candidate for one in self.unsettled if one.kind == "label"},
        )

    # Levels of areas

    def _match_levels(self) -> None:
        """The column that tells levels, by the words in it, where it has another name."""
        area = self.contract.area
        if area.level_from_code or area.level in self.columns or area.level in self.by_name.twice:
            return
        words = {normal(word) for word in area.levels}
        found = []
        for candidate in self._free:
            cells = self.table[candidate].to_pandas().astype(str)
            is_level = {cell: normal(cell.strip()) in words for cell in cells.unique()}
            found.append(Agreement(candidate, int(cells.map(is_level).sum()), len(cells)))
        found = [one for one in found if one.agree]
        self._take(ranked("column", area.level, found, MIN_CELLS_OF_CODES))

    def _match_periods(self) -> None:
        """The column of periods, by cells that are periods and go on with those of before."""
        name = self.contract.period.column
        if name in self.columns or name not in self.old or name in self.by_name.twice:
            return
        found = []
        for candidate in self._free:
            distinct = distinct_labels(self.table[candidate])
            keys = {cell: self._period_of(cell) for cell in distinct}
            periods = [key for cell, key in keys.items() if key != cell]
            if len(distinct) > _MOST_PERIODS or not self._go_on(periods):
                continue
            cells = self.table[candidate].to_pandas().astype(str).str.strip()
            agree = int(cells.map({cell: key != cell for cell, key in keys.items()}).sum())
            found.append(Agreement(candidate, agree, len(cells)))
        found = [one for one in found if one.agree]
        self._take(ranked("column", name, found, MIN_CELLS_OF_CODES))

    def _go_on(self, periods: Sequence[str]) -> bool:
        """Whether periods have one of before among them, or begin within a year of the last."""
        known = {key for key in self.old[_PERIOD].unique() if "/" in key}
        if not periods or not known:
            return False
        if known & set(periods):
            return True
        last = date.fromisoformat(max(key.split("/")[1] for key in known))
        first = date.fromisoformat(min(key.split("/")[0] for key in periods))
        return last < first <= last + _A_YEAR

    def _take(self, best: Evidence | None) -> None:
        """Take the best candidate for a column where it is proved, else keep it as a proposal."""
        if best is None:
            return
        if best.settles:
            self.columns[best.of] = best.best.candidate
            self.evidence.append(best)
        else:
            self.unsettled.append(best)

    def _match_codes(self) -> None:
        """Columns of regions' and the country's codes, which councils' rows may lack."""
        for one in columns_of_codes(self.contract, self.table, self.columns, self.labels):
            if one.of not in self.by_name.twice and one.of not in self.decided:
                self.columns[one.of] = one.best.candidate
                self.evidence.append(one)

    def _spell_levels(self) -> None:
        """New words for levels, each by the codes that all of its rows have.

        A row with a council's code is the council's, one with a region's and no council's the
        region's, one with the country's alone the country's. A level that is there under its own
        word has no other in the same file.
        """
        area = self.contract.area
        if area.level_from_code or area.level not in self.columns:
            return
        spelt = self.labels.get(area.level, {})
        cells = self.table[self.columns[area.level]].to_pandas().astype(str).str.strip()
        levels = {
            cell: self.contract.level_of(spelt.get(cell, cell))
            for cell in cells.unique()
            if self.contract.knows_level(spelt.get(cell, cell))
        }
        unknown = [cell for cell in cells.unique() if cell and cell not in levels]
        order: tuple[AreaLevel, ...] = ("council", "district", "region", "country")
        by_level = [(of, area.codes[of]) for of in order if of in area.codes]
        if not unknown or not all(name in self.columns for _, name in by_level):
            return
        blank = {"", *self.contract.known_marks}
        has_code = {
            of: ~self.table[self.columns[name]].to_pandas().astype(str).str.strip().isin(blank)
            for of, name in by_level
        }
        code_of_unit = self.table[self.columns[area.codes[area.unit]]].to_pandas().astype(str)
        known_codes = {str(code).strip() for code in self.old[_AREA].unique()}
        found: dict[str, AreaLevel] = {}
        for cell in unknown:
            rows = (cells == cell).to_numpy()
            of = next((of for of, _ in by_level if has_code[of][rows].all()), None)
            if of is None or of in {*levels.values()} or of in found.values():
                continue
            finer = by_level[: [level for level, _ in by_level].index(of)]
            if any(has_code[level][rows].any() for level, _ in finer):
                continue
            agree = count = int(rows.sum())
            if of == area.unit:
                agree = int(code_of_unit[rows].str.strip().isin(known_codes).sum())
            found_by = Agreement(cell, agree, count)
            evidence = Evidence("label", f"{area.level}/{of}", found_by, None, MIN_CELLS_OF_CODES)
            # Regions are few: their codes alone have to do.
            if of == area.unit and not evidence.settles:
                continue
            found[cell] = of
            self.evidence.append(evidence)
        words = {level: word for word, level in reversed(area.levels.items())}
        for cell, level in found.items():
            self.labels.setdefault(area.level, {})[cell] = words[level]
        if found:
            self.__dict__.pop("new", None)

    # Columns of text

    @property
    def _missing(self) -> list[str]:
        found = {*self.columns, *self.filled}
        return [column.name for column in self.contract.columns if column.name not in found]

    @property
    def _free(self) -> list[str]:
        taken = set(self.columns.values())
        return [name for name in self.printed if name not in taken]

    def _match_texts(self) -> None:
        """Columns of codes, periods and labels by the cells that they hold.

        Labels say themselves which column they are of: one whose name is another's by now is read
        by them, where each finds its own.
        """
        numeric = set(self.contract.columns_of(*NUMERIC_ROLES))
        breakdowns = [n for n in known_labels(self.contract) if n != self.contract.area.level]
        named = dict(self.columns)
        for name in breakdowns:
            if name not in named or name not in self.old or name in self.decided:
                continue
            known = self._known_texts(name)
            if len(known) > 1 and self._texts_agree(name, named[name], known).share < CONTRADICTED:
                del self.columns[name]
        for name in self._missing:
            if name in numeric or name not in self.old:
                continue
            known = self._known_texts(name)
            if len(known) < 2:
                continue  # a column that says one thing is told by nothing that it says
            candidates = self.by_name.twice.get(name, self._free)
            found = [self._texts_agree(name, one, known) for one in candidates]
            is_code = name in self.contract.area.codes.values()
            fewest = MIN_CELLS_OF_CODES if is_code else MIN_CELLS
            best = ranked("column", name, [f for f in found if f.agree], fewest)
            if best is not None and best.settles:
                self.columns[name] = best.best.candidate
                self.evidence.append(best)
        for name, published in named.items():
            # Its labels may all be new ones: its name is all that there is.
            if name not in self.columns and published not in self.columns.values():
                self.columns[name] = published

    def _known_texts(self, name: str) -> set[str]:
        column = _PERIOD if name == self.contract.period.column else name
        return {normal(str(cell)) for cell in self.old[column].unique()} - {""}

    def _texts_agree(self, name: str, candidate: str, known: set[str]) -> Agreement:
        """In how many rows of before a label stood that the candidate has too."""
        distinct = [str(cell) for cell in distinct_labels(self.table[candidate])]
        if name == self.contract.period.column:
            distinct = list(period_keys(self.contract, distinct).values())
            was = self.old[_PERIOD].map(normal)
        else:
            texts = {cell: normal(str(cell)) for cell in self.old[name].unique()}
            was = self.old[name].astype(str).map(texts)
        seen = {normal(cell) for cell in distinct} & known
        return Agreement(candidate, int(was.isin(seen).sum()), len(was))

    def _period_of(self, cell: str) -> str:
        """What a period's cell says, in one notation for all: its days, or itself if none."""
        return period_keys(self.contract, [cell])[cell]

    def _spell_labels(self) -> None:
        history = {
            name: {str(cell).strip() for cell in self.old[name].unique()}
            for name in known_labels(self.contract)
            if name in self.old
        }
        self.labels = spelt_labels(self.contract, self.table, self.columns, history)
        self._spell_names()
        self._spell_periods()

    def _spell_names(self) -> None:
        """Councils that a file knows by name alone, as the release before spelt them."""
        area = self.contract.area
        name = area.codes[area.unit]
        if area.known_by == "name" and name in self.columns and name in self.old:
            before = {str(cell).strip() for cell in self.old[name].unique()}
            spelt = as_known(before, distinct_labels(self.table[self.columns[name]]))
            if spelt:
                self.labels.setdefault(name, {}).update(spelt)

    def _spell_periods(self) -> None:
        """Periods as the release before wrote them, so that one year has one label."""
        name = self.contract.period.column
        if name not in self.columns or name not in self.old:
            return
        written = {self._period_of(str(c)): str(c).strip() for c in self.old[name].unique()}
        # Where years were written by their last one alone, so is a year that has come.
        by_end = all(len(cell) == 4 for cell in written.values())
        spelt: dict[str, str] = {}
        for cell in distinct_labels(self.table[self.columns[name]]):
            key = self._period_of(cell)
            is_period = key != cell
            label = written.get(key, key.split("/")[-1][:4] if by_end and is_period else cell)
            if label != cell and is_period:
                spelt[cell] = label
        if spelt:
            self.labels[name] = spelt

    def _fill_constants(self) -> None:
        """Columns that are gone and said one thing in every row, where rows are unique without.

        Never the period: the year of before is not this one.
        """
        numeric = set(self.contract.columns_of(*NUMERIC_ROLES))
        gone = [n for n in self._missing if n not in numeric and n in self.old]
        for name in gone:
            cells = {str(cell).strip() for cell in self.old[name].unique()}
            area = self.contract.area
            apart = (self.contract.period.column, area.level, *area.codes.values())
            if len(cells) == 1 and name not in self.by_name.twice and name not in apart:
                self.filled[name] = Filled(cells.pop())
        if self.filled and not self._unique():
            self.filled = {}

    def _unique(self) -> bool:
        """Whether no two rows of the load have one key; a row printed twice is one."""
        key = [n for n in self.contract.key if n in self.columns]
        if not key:
            return False
        rows = pd.DataFrame({n: self.table[self.columns[n]].to_pandas() for n in key})
        alike = rows.duplicated(keep=False).to_numpy()
        if not alike.any():
            return True
        whole = self.table.select(self.printed).filter(pa.array(alike)).to_pandas()
        again = whole.duplicated().to_numpy()
        return not bool(rows[alike][~again].duplicated().any())

    # A breakdown that is new

    def _read_whole(self) -> None:
        """Where rows of a key are told apart by a new breakdown: those of the whole alone.

        They are known by having the figures that were published before there was a breakdown.
        Several columns may tell the rows apart, a sex and its code: they have to mean the same.
        """
        found = breakdowns(self.contract, self.table, self.columns, self.labels)
        if not found:
            return
        read: list[NDArray[np.bool_]] = []
        proofs: list[tuple[dict[str, str], Evidence]] = []
        for one in found:
            at, evidence, reason = self._whole_of(one)
            if evidence is None or reason:
                self.repeated = f"{one}; {reason}"
                return
            read.append(one.rows == at)
            proofs.append((dict(zip(one.columns, one.labels[at], strict=True)), evidence))
        if not all(np.array_equal(rows, read[0]) for rows in read):
            names = " or ".join(one.name for one in found)
            self.repeated = f"{found[0]}; {names} would have other rows read"
            return
        self.whole, proof = proofs[0]
        self.evidence.append(proof)
        self.table = self.table.filter(pa.array(read[0]))
        self.__dict__.pop("new", None)
        self._numbers = {}

    def _whole_of(self, breakdown: Breakdown) -> tuple[int, Evidence | None, str]:
        """Which of a breakdown's labels is the whole and how that is proved, or why it is not."""
        if breakdown.is_of_vintages:
            return 0, None, "they say when figures were printed, not of whom they are"
        if not self._has_key:
            return 0, None, "no column of areas and periods says which of them is the whole"
        rest = self._joined_by()
        of_row = breakdown.rows[self.new.index.to_numpy()]
        by_words: dict[str, int] = {}
        agreements = []
        for at in range(len(breakdown.labels)):
            rows = np.flatnonzero(of_row == at)
            here, there = shared_rows(self.new.iloc[rows], self.old, [_AREA, _PERIOD, *rest])
            words = breakdown.words(at)
            by_words[words] = at
            agreements.append(self._pooled(words, rows[here], there))
        # A part of few children has figures in a few rows alone: they say nothing.
        evidence = ranked(
            "whole", breakdown.name, [o for o in agreements if o.cells >= MIN_CELLS_AGAINST]
        )
        if evidence is None or len(by_words) < len(breakdown.labels):
            return 0, None, "no figures published before say which of them is the whole"
        best, next_best = evidence.best, evidence.next_best
        at = by_words[best.candidate]
        if best.cells < MIN_CELLS:
            return at, evidence, f"too few figures published before say which is the whole: {best}"
        if best.share >= MIN_AGREEMENT and not evidence.settles:
            return (
                at,
                evidence,
                f"more than one may have the figures published before: {best}"
                + (f", {next_best}" if next_best else ""),
            )
        if not evidence.settles:
            return at, evidence, f"none has the figures published before; nearest {best}"
        if not breakdown.has_every_key(at):
            return at, evidence, f"{best.candidate} is not there for every area and period"
        return at, evidence, ""

    def _refuse_repeated(self, only: Mapping[str, str]) -> None:
        """Refuse rows of one key that nothing proved which of to read.

        Raises
        ------
        NotUnderstoodError
            There are some.
        """
        if self.repeated and not only:
            raise NotUnderstoodError(self.repeated)

    # Rows beside rows

    @property
    def _has_key(self) -> bool:
        area = self.contract.area
        needed = (self.contract.period.column, area.codes[area.unit])
        return all(name in self.columns and name in self.old for name in needed)

    def _joined_by(self) -> list[str]:
        """What both have of the key, but for areas and periods: those are joined as read."""
        area = self.contract.area
        apart = {self.contract.period.column, area.level, *area.codes.values()}
        names = [n for n in self.contract.key if n not in apart and n in self.columns]
        return [n for n in names if n in self.old]

    @cached_property
    def new(self) -> pd.DataFrame:
        """The councils' rows of the load, with what they are joined by; its rows by number."""
        area = self.contract.area
        names = [*self._joined_by(), area.codes[area.unit], self.contract.period.column]
        names += [n for n in (area.level, *known_labels(self.contract)) if n in self.columns]
        frame = pd.DataFrame(
            {
                n: self.table[self.columns[n]].to_pandas().astype(str).str.strip()
                for n in dict.fromkeys(names)
            }
        )
        for name, spelt in self.labels.items():
            if name in frame:
                frame[name] = frame[name].replace(spelt)
        return _councils_only(frame, self.contract)

    def _shared(self, key: Sequence[str]) -> SharedRows:
        return shared_rows(self.new, self.old, [_AREA, _PERIOD, *key])

    def _new_numbers(self, published: str) -> Numbers:
        """A published column's cells, of the councils' rows."""
        if published not in self._numbers:
            cells = self.table[published].to_pandas().astype(str)
            codes, distinct = pd.factorize(cells)
            read = [
                read_cell(str(cell), self.contract.known_marks, is_percentage=True)
                for cell in distinct
            ]
            plain = np.array([one[0] if one else "" for one in read] or [""], dtype=object)
            rows = self.new.index.to_numpy()
            self._numbers[published] = numbers_of(pd.Series(plain[codes[rows]]))
        return self._numbers[published]

    def _numbers_before(self, name: str) -> Numbers:
        if name not in self._old_numbers:
            self._old_numbers[name] = numbers_of(self.old[name].astype(str))
        return self._old_numbers[name]

    def _is_continued(self, published: str, name: str) -> bool:
        """Whether a column has figures for periods that the release before had not."""
        fresh = ~self.new[_PERIOD].isin(self.old[_PERIOD].unique()).to_numpy()
        # Of some years it is known that there are none.
        empty = tuple(map(str, self.contract.years.blank))
        fresh &= ~self.new[_PERIOD].map(lambda key: _ends_in(key, empty)).to_numpy(dtype=bool)
        if not fresh.any():
            return True
        now = ~np.isnan(self._new_numbers(published).values[fresh])
        before = ~np.isnan(self._numbers_before(name).values)
        return bool(now.mean() >= _CONTINUED * before.mean())

    # Columns of figures

    def _compare(
        self,
        name: str,
        candidates: Iterable[str],
        rows: SharedRows,
    ) -> list[Agreement]:
        here, there = rows
        before = self._numbers_before(name)
        old = Numbers(before.values[there], before.decimals)
        found = []
        for candidate in candidates:
            cells = self._new_numbers(candidate)
            found.append(agreement(candidate, Numbers(cells.values[here], cells.decimals), old))
        return found

    def _match_figures(self) -> None:
        numeric = set(self.contract.columns_of(*NUMERIC_ROLES))
        wanted = [n for n in self._missing if n in numeric and n in self.old]
        if not wanted:
            return
        rows = self._shared(self._joined_by())
        free = [n for n in self._free if not np.isnan(self._new_numbers(n).values).all()]
        matched: dict[str, Evidence] = {}
        for name in wanted:
            candidates = [
                one for one in self.by_name.twice.get(name, free) if self._is_continued(one, name)
            ]
            best = ranked("column", name, self._compare(name, candidates, rows))
            if best is None:
                continue
            if best.settles:
                matched[name] = best
            else:
                self.unsettled.append(best)
        claims = [one.best.candidate for one in matched.values()]
        for name, best in matched.items():
            if claims.count(best.best.candidate) > 1:
                self.unsettled.append(best)  # two columns of the contract were alike throughout
                continue
            self.columns[name] = best.best.candidate
            self.evidence.append(best)

    def _match_identities(self) -> None:
        """Columns that history does not tell, by the sum or the share that they are part of.

        All other columns of it are known: the one that makes it hold in row after row is meant.
        """
        wanted = set(self._missing) & set(self.contract.columns_of(*NUMERIC_ROLES))
        for name in sorted(wanted):
            found = []
            for identity in identities_of(self.contract, name):
                others = [one for one in members(identity) if one != name]
                if not all(one in self.columns for one in others):
                    continue
                known = {one: self._new_numbers(self.columns[one]) for one in others}
                agreements = [
                    holds(identity, known | {name: self._new_numbers(one)}, one)
                    for one in self.by_name.twice.get(name, self._free)
                ]
                agreements = [one for one in agreements if one.agree]
                found.append(ranked("identity", name, agreements, MIN_CELLS_OF_CODES))
            # Enough figures of before say another column, or none of these.
            by_history = {
                one.best.candidate if one.best.share >= CONTRADICTED else ""
                for one in self.unsettled
                if one.of == name and one.best.cells >= MIN_CELLS_AGAINST
            }
            proved = {one.best.candidate for one in found if one is not None and one.settles}
            best = next((one for one in found if one is not None), None)
            if best is not None and all(one is not None and one.settles for one in found):
                if len(proved | by_history) == 1:
                    self.unsettled = [one for one in self.unsettled if one.of != name]
                    self._take(best)
            elif best is not None and not by_history:
                self.unsettled = [one for one in self.unsettled if one.of != name]
                self.unsettled.append(best)

    def _of_group(self, name: str) -> list[str]:
        """The unknown columns under the words of an upper row of the header that one stood under.

        All of them where it stood under none, or none stands there.
        """
        column = next(one for one in self.contract.columns if one.name == name)
        groups = {normal(of) for known in column.published_as for of in known.split(" | ")[:-1]}
        unknown = self._unlisted()
        under = [n for n in unknown if groups & {normal(of) for of in n.split(" | ")[:-1]}]
        return under or unknown

    def _prove_sheets(self) -> None:
        """Take a sheet that was known by its header where its figures are those of before."""
        sheets = sheets_by_header(self.contract, self.table)
        if not sheets:
            return
        nothing = np.empty(0, dtype=np.int64)
        rows = self._shared(self._joined_by()) if self._has_key else (nothing, nothing)
        for wanted, sheet in sheets:
            found = self._pooled(sheet, *rows)
            evidence = Evidence("sheet", wanted, found, fewest=MIN_CELLS_AGAINST)
            if not evidence.settles:
                if found.cells >= MIN_CELLS_AGAINST:
                    raise NotUnderstoodError(
                        f"no sheet is named {wanted!r}; {sheet!r} has its header, and other figures"
                        f" than were published before: {found.agree:,} of {found.cells:,} agree"
                    )
                refuse_unproved_sheets(self.contract, self.table)
            self.evidence.append(evidence)

    def _refuse_contradicted(self) -> None:
        """Refuse a column that has another's history: names say less than figures."""
        rows = self._shared(self._joined_by())
        numeric = [
            n
            for n in self.contract.columns_of(*NUMERIC_ROLES)
            if n in self.columns and n in self.old and n not in self.decided
        ]
        for name in numeric:
            (own,) = self._compare(name, [self.columns[name]], rows)
            if own.cells < MIN_CELLS_AGAINST or own.share >= CONTRADICTED:
                continue
            others = [n for n in self.printed if n != self.columns[name]]
            others = [n for n in others if not np.isnan(self._new_numbers(n).values).all()]
            found = ranked("column", name, self._compare(name, others, rows))
            if found and (found.settles or found.speaks_against):
                raise NotUnderstoodError(
                    f"column {self.columns[name]!r} does not hold what it held before: it agrees"
                    f" with the release before in {own.agree:,} of {own.cells:,} cells, and"
                    f" {found.best.candidate!r} in {found.best.agree:,} of"
                    f" {found.best.cells:,}",
                    {name: found.best.candidate},
                )

    # Figures of the period before, where no period is in both

    def _in_turn(self) -> SharedRows:
        """Where each area's first rows of this release and its last of the one before stand.

        None where enough rows are of one period in both: those say more.
        """
        nothing = np.empty(0, dtype=np.int64)
        if min(len(self.new), len(self.old)) < MIN_CELLS_AGAINST:
            return nothing, nothing
        if len(self._shared(self._joined_by())[0]) >= MIN_CELLS_AGAINST:
            return nothing, nothing
        by = [_AREA, *self._joined_by()]
        ends = [frame[_PERIOD].str.rpartition("/")[2] for frame in (self.new, self.old)]
        first, last = (
            np.flatnonzero(end == end.groupby([frame[n] for n in by]).transform(which))
            for end, frame, which in zip(ends, (self.new, self.old), ("min", "max"), strict=True)
        )
        here, there = shared_rows(self.new.iloc[first], self.old.iloc[last], by)
        return first[here], last[there]

    def _distances(
        self, name: str, candidates: Iterable[str], rows: SharedRows
    ) -> dict[str, _Distances]:
        """How far each candidate's figures are from the areas' own before, and from their middle.

        Left out are those that repeat what was: the year before, printed beside the new one.
        """
        here, there = rows
        before = self._numbers_before(name).values[there]
        known = ~np.isnan(before)
        if known.sum() < MIN_CELLS_AGAINST:
            return {}
        found = {}
        for candidate in candidates:
            now = self._new_numbers(candidate).values[here]
            with np.errstate(invalid="ignore"):
                own = np.where(known, np.abs(now - before), np.nan)
                middle = np.abs(now - np.median(before[known]))
            is_number = ~np.isnan(own)
            many = is_number.sum() >= MIN_CELLS_AGAINST
            if many and (own[is_number] == 0).mean() < CONTRADICTED:
                moved = own[before != 0] / np.abs(before[before != 0])
                some = moved[~np.isnan(moved)]
                found[candidate] = _Distances(
                    own, middle, float(np.median(some)) if len(some) else np.inf
                )
        return found

    def _unlisted(self) -> list[str]:
        return [
            name
            for name in unlisted_columns(self.contract, self.printed, self.columns.values())
            if not np.isnan(self._new_numbers(name).values).all()
        ]

    def _propose_near(self) -> None:
        """The unknown column that is nearest to what a missing one held for the period before."""
        wanted = set(self._missing) & set(self.contract.columns_of(*NUMERIC_ROLES))
        if not wanted or not len((rows := self._in_turn())[0]):
            return
        for name in wanted:
            judged = any(one.of == name and one.best.cells for one in self.unsettled)
            if name not in self.old or judged or name in self.by_name.twice:
                continue
            distances = self._distances(name, self._of_group(name), rows)
            is_share = name in self.contract.columns_of("percentages")
            clear = [
                candidate
                for candidate, own in distances.items()
                if (own.is_near or (not is_share and len(distances) > 1 and own.moved <= MAX_MOVED))
                and all(
                    own.nearer_than(other) >= NEARER
                    for one, other in distances.items()
                    if one != candidate
                )
            ]
            for candidate in clear or list(distances)[:1]:
                own = distances[candidate]
                # Where none is clearly the nearest, a name that is near is no better.
                found = Agreement(candidate, own.near if clear else 0, own.cells)
                self.unsettled.append(Evidence("near", name, found))

    def _refuse_far(self) -> None:
        """Refuse a column whose name is known where another is far nearer to what it held.

        Raises
        ------
        NotUnderstoodError
            There is one.
        """
        rows = self._in_turn()
        if not len(rows[0]) or not (unlisted := self._unlisted()):
            return
        for name in self.contract.columns_of(*NUMERIC_ROLES):
            if name not in self.columns or name not in self.old or name in self.decided:
                continue
            published = self.columns[name]
            distances = self._distances(name, [published, *unlisted], rows)
            named = distances.pop(published, None)
            if named is None:
                continue
            for candidate, other in distances.items():
                if other.is_near and other.nearer_than(named) >= NEARER:
                    raise NotUnderstoodError(
                        f"column {published!r} may not be what it was: in"
                        f" {other.nearer_than(named):.0%} of councils {candidate!r} is nearer to"
                        " what they had before",
                        {name: candidate},
                    )

    # Labels

    def _match_labels(self) -> None:
        """Labels that went, among those that came, by the figures of their rows."""
        for name in known_labels(self.contract):
            gone, come = self._gone_and_come(name)
            if gone and come and len(gone) * len(come) <= _MOST_PAIRS:
                self._match_labels_of(name, gone, come)
        self._match_labels_together()

    def _gone_and_come(self, name: str) -> tuple[list[str], list[str]]:
        """The labels of a column that only the release before has, and those that only this has."""
        if name not in self.columns or name not in self.old or name not in self.new:
            return [], []
        spelt = self.labels.get(name, {})
        now = {spelt.get(one, one) for one in distinct_labels(self.table[self.columns[name]])}
        was = {str(cell).strip() for cell in self.old[name].unique()}
        if now & set(self.contract.constants.get(name, ())):
            return [], []  # it says what the contract names: nothing is gone
        return sorted(was - now), sorted(now - was)

    def _match_labels_together(self) -> None:
        """Labels of several columns that went in the same rows: a topic and its breakdown."""
        both = {name: self._gone_and_come(name) for name in known_labels(self.contract)}
        both = {name: of for name, of in both.items() if of[0] and of[1]}
        if len(both) < 2:
            return
        rest = [n for n in self._joined_by() if n not in both]
        sides = [
            pd.MultiIndex.from_arrays([frame[n].astype(str).str.strip() for n in both])
            for frame in (self.old, self.new)
        ]
        changed = [
            [
                row
                for row in side.unique()
                if any(c in of[i] for c, of in zip(row, both.values(), strict=True))
            ]
            for i, side in enumerate(sides)
        ]
        if len(changed[0]) * len(changed[1]) > _MOST_PAIRS:
            return
        found: dict[tuple[str, ...], tuple[tuple[str, ...], Evidence]] = {}
        for was in changed[0]:
            there = np.flatnonzero(sides[0] == was)
            by_words: dict[str, tuple[str, ...]] = {}
            agreements = []
            for now in changed[1]:
                if not all(
                    a == b or (a in of[0] and b in of[1])
                    for a, b, of in zip(was, now, both.values(), strict=True)
                ):
                    continue
                here = np.flatnonzero(sides[1] == now)
                a, b = shared_rows(
                    self.new.iloc[here], self.old.iloc[there], [_AREA, _PERIOD, *rest]
                )
                words = " and ".join(dict.fromkeys(now))
                by_words[words] = now
                agreements.append(self._pooled(words, here[a], there[b]))
            of = " and ".join(f"{n}/{label}" for n, label in zip(both, was, strict=True))
            best = ranked("label", of, [one for one in agreements if one.cells])
            if best is not None and best.settles:
                found[was] = by_words[best.best.candidate], best
        self._take_together(list(both), found)

    def _take_together(
        self,
        names: Sequence[str],
        found: Mapping[tuple[str, ...], tuple[tuple[str, ...], Evidence]],
    ) -> None:
        """Take what was matched, where no label would be two of before."""
        labels_before: dict[tuple[str, str], set[str]] = {}
        for was, (now, _) in found.items():
            for name, old, new in zip(names, was, now, strict=True):
                if old != new:
                    labels_before.setdefault((name, new), set()).add(old)
        for was, (now, best) in found.items():
            pairs = [one for one in zip(names, was, now, strict=True) if one[1] != one[2]]
            if all(len(labels_before[name, new]) == 1 for name, _, new in pairs):
                for name, old, new in pairs:
                    self.labels.setdefault(name, {})[new] = old
                self.evidence.append(best)
        if found:
            self.__dict__.pop("new", None)
            self._numbers = {}

    def _match_labels_of(self, name: str, gone: Sequence[str], come: Sequence[str]) -> None:
        rest = [n for n in self._joined_by() if n != name]
        old_label, new_label = (f[name].str.strip().to_numpy() for f in (self.old, self.new))
        matched: dict[str, Evidence] = {}
        for label in gone:
            old = self.old[old_label == label]
            found = []
            for candidate in come:
                new = self.new[new_label == candidate]
                here, there = shared_rows(new, old, [_AREA, _PERIOD, *rest])
                at = np.flatnonzero(new_label == candidate)[here]
                was_at = np.flatnonzero(old_label == label)[there]
                found.append(self._pooled(candidate, at, was_at))
            best = ranked("label", f"{name}/{label}", [one for one in found if one.cells])
            if best is None:
                continue
            if best.settles:
                matched[label] = best
            elif best.best.share >= CONTRADICTED:
                self.unsettled.append(best)
        claims = [one.best.candidate for one in matched.values()]
        for label, best in matched.items():
            if claims.count(best.best.candidate) == 1:
                self.labels.setdefault(name, {})[best.best.candidate] = label
                self.evidence.append(best)
        if matched:
            self.__dict__.pop("new", None)
            self._numbers = {}

    def _only(self) -> dict[str, str]:
        """Columns that said one thing, and by history say it in some rows; others are of others.

        A row or two with another cell is no series of its own, and stays for the checks to see.
        """
        only: dict[str, str] = {}
        matched = {one.of for one in self.evidence if one.kind == "label"}
        for name, values in self.contract.constants.items():
            if len(values) != 1 or f"{name}/{values[0]}" not in matched:
                continue
            spelt = self.labels.get(name, {})
            cells = self.table[self.columns[name]].to_pandas().astype(str).str.strip()
            rows = cells.map({one: spelt.get(one, one) for one in cells.unique()}).value_counts()
            others = rows.drop(values[0], errors="ignore")
            if len(others) and others.min() >= _A_SERIES:
                only[name] = values[0]
        return only

    def _pooled(self, label: str, here: NDArray[np.int64], there: NDArray[np.int64]) -> Agreement:
        """How a label's figures agree, over all columns that are known."""
        agree = cells = 0
        for name in self.contract.columns_of(*NUMERIC_ROLES):
            if name in self.columns and name in self.old:
                (one,) = self._compare(name, [self.columns[name]], (here, there))
                agree, cells = agree + one.agree, cells + one.cells
        return Agreement(label, agree, cells)

    # Columns that are gone

    def _fill_by_figures(self) -> None:
        """A breakdown that is gone: the one of its labels that the figures are of, row by row."""
        numeric = set(self.contract.columns_of(*NUMERIC_ROLES))
        gone = [
            n
            for n in self._missing
            if n not in numeric and n in self.old and n not in self.by_name.twice
        ]
        for name in gone:
            if name in self.contract.area.codes.values() or name == self.contract.area.level:
                continue
            if not self._unique():
                continue
            rest = [n for n in self._joined_by() if n != name]
            self._fill_one(name, rest)

    def _fill_one(self, name: str, rest: list[str]) -> None:
        old_by, new_by = (_joined(rows, rest) for rows in (self.old, self.new))
        old_label = self.old[name].str.strip().to_numpy()
        pairs = pd.DataFrame({"by": old_by, "label": old_label}).drop_duplicates()
        if len(pairs) > _MOST_PAIRS:
            return
        values: dict[str, str] = {}
        total = Agreement(name, 0, 0)
        for joined_by, labels_of in pairs.groupby("by")["label"]:
            here = np.flatnonzero(new_by == joined_by)
            if not len(here):
                continue
            found = []
            for label in labels_of:
                there = np.flatnonzero((old_by == joined_by) & (old_label == label))
                a, b = shared_rows(self.new.iloc[here], self.old.iloc[there], [_AREA, _PERIOD])
                found.append(self._pooled(str(label), here[a], there[b]))
            best = ranked("constant", f"{name}/{joined_by}", [one for one in found if one.cells])
            if best is None or best.best.share < 0.98:
                continue
            if best.next_best and best.next_best.share > 0.8:
                continue
            values[str(joined_by)] = best.best.candidate
            total = Agreement(name, total.agree + best.best.agree, total.cells + best.best.cells)
        evidence = Evidence("constant", name, total)
        if not values or not evidence.settles:
            return
        constant = set(values.values())
        if not rest or len(constant) == 1:
            self.filled[name] = Filled(constant.pop())
        else:
            self.filled[name] = Filled("", tuple(rest), values)
        self.evidence.append(evidence)
        # The rows of before that this load goes on with.
        meant = pd.Series(old_by).map(values if rest else {"": self.filled[name].value})
        self.old = self.old[(meant == old_label).to_numpy()]
        self._old_numbers = {}

    def _leave_empty_out(self) -> None:
        """Columns that are gone and held no council's figure: nothing of councils is lost."""
        for name in self._missing:
            if name in self._never and name not in self.by_name.twice:
                self.filled[name] = Filled("")
                empty = Agreement(name, len(self.old), len(self.old))
                self.evidence.append(Evidence("empty", name, empty))

    def _leave_counts_out(self) -> None:
        """Counts that are no longer printed beside shares that are, where the shares go on.

        A share is served without its counts, and without the interval that they would make. That
        it is of the same children is what its history says: no count is there to say it. Where one
        of them is there, or a column that has the figures of one, the others may be there under
        another name.
        """
        shares = self.contract.checks.shares
        counts = {name for one in shares for name in (one.numerator, one.denominator)}
        rows = self._shared(self._joined_by())
        gone = [name for name in counts if name in self.old and name not in self.columns]
        unknown = [
            name
            for name in self._free
            if not self.contract.is_ignored(name)
            and not np.isnan(self._new_numbers(name).values).all()
        ]
        may_be_one = any(
            one.cells < MIN_CELLS_AGAINST or one.share >= CONTRADICTED
            for name in gone
            for one in self._compare(name, unknown, rows)
        )
        if counts & {*self.columns} or may_be_one:
            return
        going_on = {
            one.value: self._compare(one.value, [self.columns[one.value]], rows)[0]
            for one in shares
            if one.value in self.columns and one.value in self.old
        }
        # One council's row is read alike in all of its shares.
        together = Evidence(
            "count",
            "",
            Agreement(
                " and ".join(going_on),
                sum(one.agree for one in going_on.values()),
                sum(one.cells for one in going_on.values()),
            ),
        )
        if not together.settles:
            return
        for name in self._missing:
            of = [one.value for one in shares if name in (one.numerator, one.denominator)]
            if name not in self.contract.columns_of("counts") or name in self.by_name.twice:
                continue
            if of and all(one in going_on and going_on[one].share >= MIN_AGREEMENT for one in of):
                self.filled[name] = Filled("")
                self.evidence.append(replace(together, of=name))

    def _refuse_unsettled(self) -> None:
        twice = {n: hits for n, hits in self.by_name.twice.items() if n not in self.columns}
        for name, hits in twice.items():
            evidence = next((one for one in self.unsettled if one.of == name), None)
            by_figures = f"; by its figures {evidence}" if evidence else ""
            raise NotUnderstoodError(
                f"column {name} is there under two names: {', '.join(map(repr, hits))}{by_figures}",
                {name: evidence.best.candidate if evidence else hits[0]},
            )
        missing = [c for c in self.contract.columns if c.name in set(self._missing)]
        refuse_missing(self.contract, missing, self.printed, self.columns.values(), self.unsettled)


def period_keys(contract: FileContract, cells: Sequence[str]) -> dict[str, str]:
    """What the cells of a column of periods say, whatever notation they are in: their days.

    One that says none is itself.
    """
    day_first = are_day_first(cells)
    return {cell: _period_key(contract, cell, day_first=day_first) for cell in cells}


def _period_key(contract: FileContract, cell: str, *, day_first: bool) -> str:
    of = contract.period_type
    types = [of] if isinstance(of, str) else [t for name, t in of.items() if name != "column"]
    found = set()
    for kind in cast("list[PeriodType]", types):
        written = read_period(cell, contract.period.format, kind, day_first=day_first)
        if written and (period := parse_period(written, contract.period.format, kind)):
            found.add(f"{period.start}/{period.end}")
    # Where another column tells the type, a cell may be of two.
    return found.pop() if len(found) == 1 else cell.strip()


def _ends_in(key: str, years: tuple[str, ...]) -> bool:
    """Whether a period's days, as `period_keys` has them, end in one of some years."""
    return key.rpartition("/")[2].startswith(years)


def _joined(rows: pd.DataFrame, names: Sequence[str]) -> NDArray[np.object_]:
    """Each row's cells of these columns as one text."""
    cells = [rows[name].str.strip().to_numpy(dtype=object) for name in names]
    texts = ["\t".join(row) for row in zip(*cells, strict=True)] if cells else [""] * len(rows)
    return np.array(texts, dtype=object)


def _with_plain_codes(
    table: pa.Table, contract: FileContract, columns: Mapping[str, str]
) -> pa.Table:
    """A load with its areas' codes as they are read, by which its rows are joined."""
    printed = {name: table[columns[name]] for name in columns}
    for name, (at, read) in plain_codes(contract, printed, all_councils()).items():
        position = table.column_names.index(columns[name])
        table = table.set_column(position, columns[name], column_of_codes(at, read))
    return table


def _councils_only(rows: pd.DataFrame, contract: FileContract) -> pd.DataFrame:
    """The rows that a code tells to be of a council or district, with what they are joined by."""
    area = contract.area
    code = (
        rows[area.codes[area.unit]].astype(str).str.strip()
        if (area.codes[area.unit] in rows)
        else pd.Series("", index=rows.index)
    )
    is_one = (code != "").to_numpy()
    if not area.level_from_code and area.level in rows:
        levels = rows[area.level].astype(str)
        of = {cell: contract.level_of(cell) == area.unit for cell in levels.unique()}
        is_one = is_one & levels.map(of).to_numpy(dtype=bool)
    period = contract.period.column
    label: pd.Series[str] | str = ""
    if period in rows:
        cells = rows[period].astype(str)
        label = cells.map(period_keys(contract, list(cells.unique())))
    kept = rows.assign(**{_AREA: code, _PERIOD: label})[is_one]
    return kept

"""Lists: registers of schools and providers, and whatever else is a row a thing.

A list that was saved with a filter on, or shuffled, has nothing wrong in any one row. What is held
to is declared under `checks:` in a publication's YAML.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from expectations.checks.base import Bound, Findings, LoadCheck, found_where, one
from expectations.panel.baseline import ENOUGH_AREAS
from expectations.panel.columns import AREA_LEVEL, COUNCIL_CODE, PERIOD, YEAR, numeric
from ingest.contracts.contract import FileContract
from ingest.contracts.figure_checks import CountTotal
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable
    from ingest.arrays import Flags, Texts
    from ingest.councils import Councils

# How Ofsted prints that there is nothing, in one edition or another.
NOTHING = ("", "NULL", "-")


class _Declared(LoadCheck):
    """A check that applies where the contract's `checks:` have an entry of this name."""

    entry: ClassVar[str]

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if getattr(contract.checks, self.entry) else ()


# --- registers


class ValuesPresent(_Declared):
    """A register that was saved with a filter on."""

    name = "values_present"
    asks_for_rows = True
    entry = "whole_register"
    expects = (
        "Each kind of thing that the register always has is there, in about the share of rows that"
        " it has: a register saved with a filter on lacks some."
    )
    noun = "values"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if (register := load.contract.checks.whole_register) is None:
            return
        for column, wanted in register.values.items():
            if column not in load.rows:
                continue
            shares = load.rows[column].value_counts(normalize=True)
            least = np.array([*wanted.values()])
            found = np.array([shares.get(value, 0.0) for value in wanted])
            yield found_where(
                found < least,
                [*wanted],
                100 * found,
                100 * least,
                wording=column + " is '{0}' in {1:.2g} % of the rows, in no list under {2:.2g} %",
            )


class RegisterWhole(_Declared):
    """A register with fewer rows, or more, than there can be."""

    name = "register_whole"
    asks_for_rows = True
    entry = "whole_register"
    expects = "The register has as many rows as there can be of its kind."
    noun = "registers"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if (register := load.contract.checks.whole_register) is None:
            return
        (least, most), rows = register.rows, len(load.rows)
        message = f"{rows:,} rows, not {least:,} to {most:,}"
        yield one(1, None if least <= rows <= most else message)


def _years_between(load: LoadTable) -> float:
    assert load.previous_release is not None  # noqa: S101  # nosec B101  # the caller asked
    return abs(float(load.rows[YEAR].max() - load.previous_release[YEAR].max()))


class RegisterRowsSteady(_Declared):
    """A register lost, or won, many rows since the release before."""

    name = "register_rows_steady"
    entry = "whole_register"
    at_once = Bound(
        0.1, "logarithm of a ratio", "2026-10", "An edition counts a few kinds more, or fewer."
    )
    a_year = Bound(
        0.05, "logarithm of a ratio, a year", "2026-10", "Providers fall by under 5 % a year."
    )
    expects = (
        "The register has not a tenth more or fewer rows than in the release before, and a"
        " twentieth for each year between."
    )
    noun = "registers"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if load.previous_release is None:
            return
        now, was = len(load.rows), len(load.previous_release)
        moved = abs(np.log((now + 1) / (was + 1)))
        most = float(self.at_once) + float(self.a_year) * _years_between(load)
        yield one(1, f"{now:,} rows, and {was:,} in the one before" if moved > most else None)


class RegisterValuesSteady(_Declared):
    """A kind of thing is half, or twice, as many as it was."""

    name = "register_values_steady"
    entry = "whole_register"
    expects = "No kind of thing is half or twice as many as in the release before."
    noun = "values"
    outcome = "warn"
    at_once = Bound(0.7, "logarithm of a ratio", "2026-10", "Half or twice as many.")
    a_year = Bound(0.2, "logarithm of a ratio, a year", "2026-10", "Grades change by a fifth.")
    fewest = Bound(100.0, "rows", "2026-10", "A kind of fewer things comes and goes.")

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        register, before = load.contract.checks.whole_register, load.previous_release
        if register is None or before is None:
            return
        most = float(self.at_once) + float(self.a_year) * _years_between(load)
        for column in register.values:
            if column not in load.rows or column not in before:
                continue
            was = before[column].value_counts()
            was = was[was >= float(self.fewest)]
            now = load.rows[column].value_counts().reindex(was.index, fill_value=0)
            moved = np.abs(np.log((now + 1) / (was + 1))).to_numpy()
            yield found_where(
                moved > most,
                was.index,
                now.to_numpy(),
                was.to_numpy(),
                wording=column + " is '{0}' in {1:,} rows, and in {2:,} of the release before",
            )


# --- days, and cells that follow from others

SLIPS = Bound(
    0.001,
    "share of cells",
    "2026-10",
    "A slip of a few hands; a column turned round is off in a fifth of the rows.",
)


def _slips(off: Flags, of: Flags, rows: pd.DataFrame, name: str, wording: str) -> Findings:
    """What is off beyond the share of slips, in one sentence with the first."""
    count, asked = int(off.sum()), int(of.sum())
    if count <= float(SLIPS) * max(asked, 1):
        return Findings(1)
    first = rows[off].iloc[0]
    message = wording.format(first[name], first[SOURCE_ROW])
    return one(1, f"{message}, and {count - 1:,} more of {asked:,}")


class _OfDays(_Declared):
    entry = "days"

    def days(self, load: LoadTable) -> dict[str, pd.Series[pd.Timestamp]]:
        """Each declared column that is there, as days."""
        spec = load.contract.checks.days
        names = [name for name in spec.order if name in load.rows] if spec else []
        return {name: _as_days(load.rows[name]) for name in names}


def _as_days(cells: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Each cell's day, as editions print it; nothing where it is none."""
    text = cells.str[:10]
    british = pd.to_datetime(text, format="%d/%m/%Y", errors="coerce")
    return british.fillna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))


def _end(label: str, contract: FileContract) -> date | None:
    """The last day of the period that a label names."""
    period = contract.period_of({contract.period.column: label})
    return None if period is None else period.end


class DaysAreDays(_OfDays):
    """A column of days in another notation."""

    name = "days_are_days"
    expects = (
        "Not one in a thousand cells of a column of days is no day of the calendar, or one after"
        " the list's own."
    )
    noun = "columns"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if (spec := load.contract.checks.days) is None:
            return
        rows = load.rows
        ends = {label: _end(label, load.contract) for label in rows[PERIOD].dropna().unique()}
        day_of_list = pd.to_datetime(rows[PERIOD].map(ends))
        for name, days in self.days(load).items():
            there = ~rows[name].isin(NOTHING)
            off = there & days.isna()
            if name in spec.by_then:
                off |= days > day_of_list
            yield _slips(off, there, rows, name, name + " '{0}' in row {1}")


class DaysInOrder(_OfDays):
    """Two columns of days were exchanged, or one turned round."""

    name = "days_in_order"
    expects = "Not one row in a thousand has a later day before an earlier one."
    noun = "pairs of columns"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        days = self.days(load)
        for earlier, later in itertools.pairwise(days):
            both = days[earlier].notna() & days[later].notna()
            off = both & (days[later] < days[earlier])
            wording = later + " '{0}' before " + earlier + " in row {1}"
            yield _slips(off, both, load.rows, later, wording)


class EveryDayInOrder(_OfDays):
    """A slip of a hand in a day."""

    name = "every_day_in_order"
    expects = "No row has a later day before an earlier one."
    noun = "pairs of columns"
    outcome = "warn"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        days = self.days(load)
        for earlier, later in itertools.pairwise(days):
            off = days[earlier].notna() & days[later].notna() & (days[later] < days[earlier])
            at = load.rows.loc[off, SOURCE_ROW].tolist()
            message = f"{later} before {earlier} in row {', '.join(map(str, at[:5]))}"
            yield one(1, message if at else None)


class NeededCellsThere(_Declared):
    """A cell without that which it follows from: two columns were exchanged."""

    name = "needed_cells_there"
    entry = "needs"
    expects = "Not one in a thousand cells lacks that beside it which it follows from."
    noun = "columns"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.rows
        for name, needed in load.contract.checks.needs.items():
            if name in rows and needed in rows:
                there = ~rows[name].isin(NOTHING)
                off = there & rows[needed].isin(NOTHING)
                yield _slips(
                    off, there, rows, name, name + " '{0}' without " + needed + " in row {1}"
                )


# --- count totals


class _OfStocks(_Declared):
    entry = "count_totals"
    noun = "count totals"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for stock in load.contract.checks.count_totals:
            yield from self.of_stock(load, stock)

    def of_stock(self, load: LoadTable, stock: CountTotal) -> Iterator[Findings]:
        """What is found of one stock."""
        raise NotImplementedError


def _newest(
    load: LoadTable, rows: pd.DataFrame, stock: CountTotal
) -> tuple[pd.Series[float], float]:
    """A stock by council in the newest period with figures, and the year of that."""
    unit = load.contract.area.unit
    rows = rows[~rows[YEAR].isin(load.contract.years.blank)]
    newest = rows[(rows[YEAR] == rows[YEAR].max()) & (rows[AREA_LEVEL] == unit)]
    summed = newest[[numeric(name) for name in stock.columns]].sum(axis=1)
    by_council = summed.groupby(newest[COUNCIL_CODE].map(load.councils.entity)).sum()
    return by_council, float(rows[YEAR].max())


def _with_before(load: LoadTable, stock: CountTotal) -> tuple[pd.DataFrame, float] | None:
    """A stock of the councils of both releases, and the years between; None without a release."""
    if load.previous_release is None:
        return None
    now, year = _newest(load, load.rows, stock)
    was, year_before = _newest(load, load.previous_release, stock)
    both = pd.DataFrame({"now": now, "was": was}).dropna()
    both = both[(both > 0).all(axis=1)]
    return None if both.empty else (both, max(abs(year - year_before), 1.0))


class StocksInRange(_OfStocks):
    """There are not so many places."""

    name = "stocks_in_range"
    expects = "Each stock of all councils is about as large as it has been."

    def of_stock(self, load: LoadTable, stock: CountTotal) -> Iterator[Findings]:
        (least, most), whole = stock.between, _newest(load, load.rows, stock)[0].sum()
        message = f"{stock.name} {whole:,.0f}, not {least:,.0f} to {most:,.0f}"
        yield one(1, None if least <= whole <= most else message)


class StocksSteady(_OfStocks):
    """All places together moved: two columns were exchanged."""

    name = "stocks_steady"
    expects = "Each stock of all councils is about that of the release before."

    def of_stock(self, load: LoadTable, stock: CountTotal) -> Iterator[Findings]:
        if (found := _with_before(load, stock)) is None:
            return
        both, years = found
        now, was = both["now"].sum(), both["was"].sum()
        message = f"{stock.name} {now:,.0f}, and {was:,.0f} of the same councils in the one before"
        yield one(1, message if abs(np.log(now / was)) > stock.steady * years else None)


class CouncilStocksSteady(_OfStocks):
    """A council's places moved."""

    name = "council_stocks_steady"
    expects = "Each council's stock is about its own in the release before."
    noun = "count totals of councils"
    outcome = "warn"

    def of_stock(self, load: LoadTable, stock: CountTotal) -> Iterator[Findings]:
        if (found := _with_before(load, stock)) is None:
            return
        both, years = found
        own = np.abs(np.log(both["now"] / both["was"])).to_numpy()
        yield found_where(
            own > stock.council_steady * years,
            [load.councils.name(c) for c in both.index],
            both["now"].to_numpy(),
            both["was"].to_numpy(),
            wording="{0} has " + stock.name + " {1:,.0f}, and {2:,.0f} in the release before",
        )


class StockYearsDiffer(_OfStocks):
    """A year's counts are a copy of another year's."""

    name = "stock_years_differ"
    expects = "No year repeats, to the letter, most councils' counts of the year before it."
    noun = "columns and years"
    most = Bound(
        0.5,
        "share of councils that have any",
        "2026-11",
        "A school that opens, closes or is judged anew changes its council's count: a year leaves"
        " few as they were, a copy all of them.",
    )

    def of_stock(self, load: LoadTable, stock: CountTotal) -> Iterator[Findings]:
        rows = load.rows[load.rows[AREA_LEVEL] == load.contract.area.unit]
        for column in stock.columns:
            by_year = rows.pivot_table(
                index=COUNCIL_CODE, columns=YEAR, values=numeric(column), aggfunc="sum"
            )
            for was, now in itertools.pairwise(sorted(by_year.columns)):
                any_at_all = (by_year[was] > 0) & (by_year[now] > 0)
                if any_at_all.sum() < ENOUGH_AREAS:
                    continue
                alike = float((by_year[was] == by_year[now])[any_at_all].mean())
                message = (
                    f"{column}: {alike:.0%} of councils have in {now:g} what they had in {was:g}"
                )
                yield one(1, message if alike > float(self.most) else None)


# --- neighbours


class _OfNeighbours(_Declared):
    entry = "neighbours"
    noun = "councils"

    def pairs(self, load: LoadTable) -> pd.DataFrame:
        """Who names whom, as councils of today."""
        spec = load.contract.checks.neighbours
        assert spec is not None  # noqa: S101  # nosec B101  # it has a subject
        of, named = (_council(load.rows[c], load) for c in (spec.of, spec.named))
        return pd.DataFrame(
            {"of": of, "named": named, PERIOD: load.rows[PERIOD], SOURCE_ROW: load.source_rows}
        )


def _council(cells: pd.Series[str], load: LoadTable) -> Texts:
    """The council of today that each cell stands for; a cell that stands for none is itself."""
    councils, known_by = load.councils, load.contract.area.known_by
    known = {c: councils.code_of(c, known_by) or c for c in cells.unique()}
    of_today = {cell: councils.entity(code) for cell, code in known.items()}
    found: Texts = cells.map(of_today).to_numpy()
    return found


def _named(pairs: pd.DataFrame, off: pd.DataFrame, councils: Councils, how: str) -> Findings:
    """The councils that name others which they should not."""
    named = {of: [*dict.fromkeys(others)] for of, others in off.groupby("of")["named"]}
    asked = pairs["of"].unique()
    return found_where(
        [of in named for of in asked],
        [councils.name(of) for of in asked],
        [", ".join(map(councils.name, named.get(of, [])[:5])) for of in asked],
        wording=f"{{0}} names {{1}} {how}",
    )


class NoOwnNeighbour(_OfNeighbours):
    """A council that names itself."""

    name = "no_own_neighbour"
    expects = "No council is its own neighbour."
    noun = "lists"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        pairs = self.pairs(load)
        at = pairs.loc[pairs["of"] == pairs["named"], SOURCE_ROW].tolist()
        message = f"a council that names itself in row {', '.join(map(str, at[:5]))}"
        yield one(1, message if at else None)


class NeighboursNamedOnce(_OfNeighbours):
    """A neighbour that stands there twice, so that another is missing."""

    name = "neighbours_named_once"
    expects = "No council has a neighbour twice."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        pairs = self.pairs(load)
        again = pairs[pairs.duplicated(["of", "named", PERIOD])]
        yield _named(pairs, again, load.councils, "more than once")


class NeighboursExist(_OfNeighbours):
    """A neighbour that was no council then."""

    name = "neighbours_exist"
    expects = "A council of the list's day names none that was gone by then, or not there yet."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        pairs = self.pairs(load)
        existing = [load.expected.get(label, frozenset()) for label in pairs[PERIOD]]
        stands = [c in e for c, e in zip(pairs["of"], existing, strict=True)]
        gone = [c not in e for c, e in zip(pairs["named"], existing, strict=True)]
        off = pairs[np.array(stands, dtype=bool) & np.array(gone, dtype=bool)]
        yield _named(pairs, off, load.councils, "which was none then")


class NeighboursNameEachOther(_OfNeighbours):
    """The names slipped by a row: nobody is liked back."""

    name = "neighbours_name_each_other"
    expects = (
        "At least a third of all neighbours name each other: who is like another is liked back."
    )
    noun = "lists"
    least = Bound(
        1 / 3,
        "share of pairs",
        "2026-10",
        "Some 60 % name each other in the Department's two models; a list that slipped by a row"
        " has chance alone, about a tenth.",
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        pairs = self.pairs(load)
        distinct = {*zip(pairs["of"], pairs["named"], strict=True)}
        mutual = sum((other, this) in distinct for this, other in distinct)
        share = mutual / max(len(distinct), 1)
        message = f"{share:.0%} of neighbours name each other"
        yield one(1, message if share < float(self.least) else None)


# --- what stands, and what was before


class NewestIsLastOfHistory(_Declared):
    """What a table says stands is not what its workbook's history has last."""

    name = "newest_is_last_of_history"
    entry = "last_of"
    noun = "areas"

    def explanation(self, contract: FileContract, about: str) -> str:
        spec = contract.checks.last_of
        assert spec is not None  # noqa: S101  # nosec B101  # it has a subject
        return (
            f"What stands is what {' or '.join(spec.tables)} has last, followed by its {spec.by}"
            f" within {spec.within} days."
        )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        spec, sibling = load.contract.checks.last_of, load.sibling_table
        if spec is None or sibling is None:
            return
        code = load.contract.area.codes[load.contract.area.unit]
        days = pd.to_datetime(sibling[spec.by].str.strip(), format="%Y-%m-%d", errors="coerce")
        history = sibling.assign(**{code: _council(sibling[code], load), spec.by: days})
        last = history.dropna(subset=[spec.by]).sort_values(spec.by).groupby(code).tail(1)
        judged = load.rows[load.rows[spec.cells[0]] != ""]
        entity = load.councils.entity
        own = judged.assign(
            **{
                spec.day: pd.to_datetime(judged[spec.day], format="%Y-%m-%d", errors="coerce"),
                code: [entity(c) if isinstance(c, str) else c for c in judged[COUNCIL_CODE]],
            }
        )
        both = own.merge(last, on=code, how="left", suffixes=("", " last"))
        later = (both[spec.by] - both[spec.day]).dt.days
        off = ~later.between(0, spec.within).to_numpy()
        for name in spec.cells:
            off |= (both[name] != both[f"{name} last"].str.strip()).to_numpy()
        yield found_where(
            off,
            [load.councils.name(c) for c in both[code]],
            both[spec.cells[0]].to_numpy(),
            both[spec.day].dt.date.to_numpy(),
            both[f"{spec.cells[0]} last"].fillna("nothing").to_numpy(),
            both[spec.by].dt.date.to_numpy(),
            wording="{0} has '{1}' of {2}, and last '{3}' of {4}",
        )
